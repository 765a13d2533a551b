"""A client that leaves while its response is sent is no error of the application, whichever message the server refuses.

``send()`` raises an OSError then (ASGI HTTP specification 2.4, "Disconnected Client"; ASGI websocket specification
2.4).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import CORS, Application, Compression, Mount, Request, Response, middleware
from cardan.exceptions import NotFound
from cardan.files import send_file

if TYPE_CHECKING:
    from pathlib import Path

    from cardan import Flow

TEXT = "a text that is long enough to be compressed " * 20


def stream() -> Iterator[str]:
    yield from ("a", "b")


async def astream() -> AsyncIterator[str]:
    for each in ("a", "b"):
        yield each


def trailing() -> Response:
    response = Response(stream())
    response.trailers["Server-Timing"] = "app;dur=1"
    return response


ANSWERS: dict[str, Callable[[Request, Path], Response]] = {
    "whole": lambda request, path: Response(TEXT),
    "empty": lambda request, path: Response(status=204),
    "stream": lambda request, path: Response(stream()),
    "async stream": lambda request, path: Response(astream()),
    "file": lambda request, path: send_file(path, request),
    "path of a file": lambda request, path: send_file(path, request),
    "trailers": lambda request, path: trailing(),
}


@middleware
def around(request: Request) -> Flow:
    """A middleware that changes nothing."""
    yield


#: the ways in which a handler is served
DOORS: dict[str, Callable[[Any, Any], Any]] = {
    "async": lambda handler, ahandler: Application(ahandler),
    "def": lambda handler, ahandler: Application(handler),
    "middleware": lambda handler, ahandler: Application(ahandler, middleware=[around]),
    "mounted": lambda handler, ahandler: Mount({"/": Application(ahandler)}),
    "cors": lambda handler, ahandler: CORS(Application(ahandler), "*"),
    "compressed": lambda handler, ahandler: Compression(Application(ahandler)),
}


async def call(app: Any, scope: dict[str, Any], *, last: int, upload: Iterable[dict[str, Any]] = ()) -> int:
    """Call an application whose server takes ``last`` messages, and no more: how many were sent."""
    count = 0
    left = anyio.Event()
    given = [*upload] or [{"type": "http.request", "body": b"", "more_body": False}]
    if scope["type"] == "websocket":
        given = [{"type": "websocket.connect"}]

    async def receive() -> Any:
        if given:
            return given.pop(0)
        await left.wait()
        return {"type": f"{scope['type']}.disconnect"}

    async def send(message: Any) -> None:
        nonlocal count
        if count == last:
            left.set()
            raise OSError("the client has left")
        count += 1

    await app(scope, receive, send)
    return count


def scope_of(kind: str = "http", **more: Any) -> dict[str, Any]:
    return {
        "type": kind, "method": "GET", "path": "/", "http_version": "2", "query_string": b"",
        "headers": [(b"accept-encoding", b"gzip"), (b"te", b"trailers")],
        "extensions": {"http.response.trailers": {}}, **more,
    }  # fmt: skip


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("has_hook", [False, True])
def test_the_server_refuses_any_message(backend: str, door: str, answer: str, has_hook: bool, tmp_path: Path) -> None:
    """The application raises nothing. Its close hook runs once, and finds that the client has left."""
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    told: list[bool] = []

    def handler(request: Request) -> Response:
        response = ANSWERS[answer](request, path)
        if has_hook:
            response.call_on_close(lambda: told.append(request.disconnected))
        return response

    async def ahandler(request: Request) -> Response:
        return handler(request)

    app = DOORS[door](handler, ahandler)
    extensions: dict[str, Any] = {"http.response.trailers": {}}
    if answer == "path of a file":
        extensions["http.response.pathsend"] = {}

    async def main() -> None:
        total = await call(app, scope_of(extensions=extensions), last=-1)
        assert total > 1
        assert told == [False] * has_hook
        for last in range(total):
            told.clear()
            assert await call(app, scope_of(extensions=extensions), last=last) == last
            assert told == [True] * has_hook

    anyio.run(main, backend=backend)


def bare(has_hook: bool) -> Any:
    """A response that is itself the application."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        response = Response("x")
        if has_hook:
            response.call_on_close(lambda: None)
        await response(scope, receive, send)

    return app


def refusing(request: Request) -> Response:
    raise NotFound


async def chat(scope: Any, receive: Any, send: Any) -> None:
    raise NotFound


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    ("app", "scope"),
    [
        (bare(False), scope_of()),
        (bare(True), scope_of()),
        (Application(refusing), scope_of()),
        (Mount({"/at": Application(refusing)}), scope_of()),
        (
            CORS(Application(refusing), ["https://a.example"]),
            scope_of(
                method="OPTIONS",
                headers=[(b"origin", b"https://a.example"), (b"access-control-request-method", b"POST")],
            ),
        ),
        (Application(refusing), scope_of("websocket")),
        (Application(refusing), scope_of("websocket", extensions={"websocket.http.response": {}})),
        (Mount({"/at": Application(refusing)}), scope_of("websocket")),
        (Application(refusing, websocket=chat), scope_of("websocket")),
        (Application(refusing, websocket=chat), scope_of("websocket", extensions={"websocket.http.response": {}})),
    ],
    ids=[
        "bare", "bare with a hook", "an error", "nothing is mounted", "a preflight request", "no websockets",
        "no websockets, by a response", "no websocket is mounted", "a handshake is refused",
        "a handshake is refused, by a response",
    ],
)  # fmt: skip
def test_answers_without_a_handler(backend: str, app: Any, scope: dict[str, Any]) -> None:
    """If the client leaves while an answer of cardan itself is sent, or a response that is itself the application,
    nothing is raised, whichever message the server refuses.
    """

    async def main() -> None:
        total = await call(app, {**scope}, last=-1)
        assert total > 0
        for last in range(total):
            assert await call(app, {**scope}, last=last) == last

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("door", ["application", "bare"])
@pytest.mark.parametrize("answer", ["whole", "stream", "trailers"])
def test_answers_to_an_upload_that_is_not_read(backend: str, door: str, answer: str, tmp_path: Path) -> None:
    """If the client leaves while the rest of its upload is discarded before the end of the answer, nothing is raised,
    whichever message the server refuses.
    """

    async def ahandler(request: Request) -> Response:
        return ANSWERS[answer](request, tmp_path)

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        await (await ahandler(Request(scope, receive, send)))(scope, receive, send)

    app: Any = Application(ahandler) if door == "application" else bare
    piece = {"type": "http.request", "body": b"x" * 100_000, "more_body": True}

    async def main(last: int) -> int:
        scope = scope_of(method="POST")
        scope["headers"] = [*scope["headers"], (b"content-length", b"300000")]
        return await call(app, scope, last=last, upload=[piece, piece, {**piece, "more_body": False}])

    total = anyio.run(main, -1, backend=backend)
    assert total > 1
    for last in range(total):
        assert anyio.run(main, last, backend=backend) == last
