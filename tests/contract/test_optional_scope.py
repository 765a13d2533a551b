"""Keys that the ASGI specification allows a server to leave out of a scope."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from cardan import Application, Request, Response, send_file
from cardan.datastructures import Headers
from cardan.http import check_preconditions

OPTIONAL = ("headers", "query_string", "http_version", "root_path", "scheme", "raw_path", "client", "server", "asgi")


def stream(request: Request) -> Response:
    return Response(iter([b"a", b"b"]))


def read(request: Request) -> Response:
    text = [request.url, request.args, request.headers, request.cookies, request.get_data(), request.form]
    return Response(f"{len(text)}")


def file(request: Request) -> Response:
    return send_file(Path(__file__), request)


def conditional(request: Request) -> Response:
    check_preconditions(request, etag="a")
    response = Response("text")
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[no-any-return]


async def awaiting(request: Request) -> Response:
    await request.load()
    return Response(request.text + request.host)


async def call(app: Any, method: str, without: tuple[str, ...], value: Any) -> list[dict[str, Any]]:
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "method": method, "path": "/", "headers": [], "query_string": b"",
        "http_version": "1.1", "root_path": "", "scheme": "http", "raw_path": b"/", "client": None, "server": None,
    }  # fmt: skip
    for name in without:
        if value is None:
            scope[name] = None
        else:
            del scope[name]
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if receive.asked:  # type: ignore[attr-defined]
            await anyio.sleep_forever()
        receive.asked = True  # type: ignore[attr-defined]
        return {"type": "http.request"}

    receive.asked = False  # type: ignore[attr-defined]

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("handler", [stream, read, file, conditional, awaiting], ids=lambda handler: handler.__name__)
@pytest.mark.parametrize("value", ["absent", None])
def test_nothing_but_the_path_is_needed(backend: str, method: str, handler: Any, value: Any) -> None:
    """A scope without any optional key, or with None as their values, is a request without header fields."""
    without = OPTIONAL if value else ("headers", "http_version", "root_path", "scheme", "raw_path", "client", "server")
    messages = anyio.run(call, Application(handler), method, without, value, backend=backend)
    assert messages[0]["status"] == 200


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_bare_response_without_headers_in_the_scope(backend: str) -> None:
    """A response that is itself the application accepts such a scope, too."""
    messages = anyio.run(call, Response(iter([b"a"])), "GET", ("headers", "http_version"), "absent", backend=backend)
    assert (messages[0]["status"], b"".join(m.get("body", b"") for m in messages[1:])) == (200, b"a")


def test_the_members_that_take_a_scope() -> None:
    """``make_conditional`` and ``get_asgi_headers`` accept such a scope."""
    scope = {"type": "http", "method": "GET", "path": "/"}
    response = Response("text")
    response.set_etag("a")
    assert response.make_conditional(scope).status_code == 200
    assert Headers([(n.decode(), v.decode()) for n, v in response.get_asgi_headers(scope)])["Content-Length"] == "4"
