"""A small site behind nginx: hosts, limits, addresses, a secret, a health check.

    export WEBAPP_HOSTS=www.example.com WEBAPP_SECRET_FILE=secret
    gunicorn --threads 8 webapp:app
    uvicorn --no-proxy-headers webapp:app

It needs nothing else in the environment. nginx.conf, Dockerfile and webapp.service are
beside it.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio

from cardan import Application, Handler, Mount, ProxyFix, Request, Response, abort

logging.basicConfig(
    level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
)

SECRET = Path(os.environ["WEBAPP_SECRET_FILE"]).read_bytes().strip()


class SiteRequest(Request):
    """The hosts that the site answers for, and the largest upload."""

    trusted_hosts = os.environ["WEBAPP_HOSTS"].split(",")
    max_content_length = 20_000_000


def who(request: SiteRequest) -> Response:
    """What the site knows about its client."""
    return Response(f"{request.remote_addr} asked for {request.url}\n")


def upload(request: SiteRequest) -> Response:
    """Receive a file, and sign its name, so that a later request can show that it
    was received.
    """
    photo = request.files["photo"]
    name = (photo.filename or "").encode()
    signature = hmac.new(SECRET, name, hashlib.sha256).hexdigest()
    return Response.from_json({"size": photo.size, "signature": signature})


async def events(request: SiteRequest) -> Response:
    """Three events, one in each half second."""

    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            yield number
            await anyio.sleep(0.5)

    return Response.from_events(numbers())


VIEWS: dict[str, Handler[SiteRequest]] = {
    "/": who,
    "/upload": upload,
    "/events": events,
}


class Site(Application[SiteRequest]):
    """Finds the handler by the path."""

    def resolve(self, request: SiteRequest) -> Handler[SiteRequest]:
        """The handler of a path; a 404 for every other one."""
        if (view := VIEWS.get(request.path)) is None:
            abort(404)
        return view


@Request.application
async def health(request: Request) -> Response:
    """Say that this process answers.

    It needs no thread on ASGI, and no certain host.
    """
    return Response("ok\n", headers={"Cache-Control": "no-store"})


app = ProxyFix(Mount({"/healthz": health, "/": Site()}), x_for=1, x_proto=1, x_host=1)
