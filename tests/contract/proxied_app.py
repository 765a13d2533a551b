"""Applications of several kinds side by side behind two proxies, for real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from cardan import Application, Mount, ProxyFix, Request, Response


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[dict[str, str]]:
    """Yields a state of its own."""
    yield {"word": "started"}


@Request.application(load=True, lifespan=lifespan)
async def api(request: Request) -> Response:
    """An ``async def`` that reads a form."""
    return Response.from_json({
        "word": request.state.get("word"),
        "form": request.form.to_dict(),
        "url": request.url,
        "root": request.root_path,
        "route": request.access_route,
        "address": request.remote_addr,
    })  # fmt: skip


def old(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A plain WSGI application."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr([environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "HTTP_HOST", "REMOTE_ADDR")]).encode()]


app = ProxyFix(Mount({"/api": api, "/old": Application.from_wsgi(old)}), x_for=2, x_proto=1, x_host=1, x_prefix=1)
