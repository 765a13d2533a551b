"""Close hooks that are the first code to read the body of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Request, Response
from cardan.core._response.kept_trailers import KEPT, KeptTrailers
from cardan.testing import RequestBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardan import FileStorage

SIZES = {"in memory": 10, "on disk": 3_000_000}


def serve_wsgi(app: Any, builder: RequestBuilder, *, terminated: bool) -> None:
    environ = builder.environ()
    environ.pop("wsgi.input_terminated", None)
    if terminated:
        environ["wsgi.input_terminated"] = True
    body = app(environ, lambda *_: None)
    assert b"".join(body) == b"answer"
    body.close()


def serve_asgi(app: Any, builder: RequestBuilder, backend: str) -> None:
    sent: list[Any] = []
    messages = builder.receive()
    ended = False

    async def receive() -> Any:
        nonlocal ended
        if ended:  # the client stays
            await anyio.sleep_forever()
        message = await messages()
        ended = not message.get("more_body", False)
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(app, builder.scope(), receive, send, backend=backend)
    assert b"".join(message.get("body", b"") for message in sent) == b"answer"


@pytest.mark.parametrize("server", ["wsgi", "wsgi, input terminated", "asyncio", "trio"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["def", "async"])
def test_a_hook_reads_a_form(kind: str, streamed: bool, size: str, server: str) -> None:
    """A close hook may read the form of its request. The files of the form are closed when the request ends."""
    files: list[tuple[bytes, FileStorage]] = []

    def text() -> Iterator[str]:
        yield "answer"

    def handler(request: Request) -> Response:
        response = Response(text() if streamed else "answer")

        def hook() -> None:
            file = request.files["f"]
            files.append((file.read(), file))

        response.call_on_close(hook)
        return response

    async def async_handler(request: Request) -> Response:
        async def hook() -> None:
            await request.load()
            file = request.files["f"]
            files.append((await file.aread(), file))

        response = Response(text() if streamed else "answer")
        response.call_on_close(hook)
        return response

    app = Application(handler if kind == "def" else async_handler)
    data = b"x" * SIZES[size]
    builder = RequestBuilder("/", method="POST", files={"f": ("a.txt", data)})
    if server.startswith("wsgi"):
        serve_wsgi(app, builder, terminated=server != "wsgi")
    else:
        serve_asgi(app, builder, server)
    [(read, file)] = files
    assert read == data
    assert file.closed


@pytest.mark.parametrize("server", ["wsgi", "wsgi, input terminated", "asyncio", "trio"])
def test_a_body_without_a_close_reads_a_form(server: str) -> None:
    """The body of a response may be the first to read that of the request, also one that nobody has to close."""
    files: list[FileStorage] = []

    def piece(text: str) -> str:
        if text == "wer":  # not the first chunk, which is made before the response starts
            files.append(request_of[0].files["f"])
            assert files[0].read() == b"x"
        return text

    def handler(request: Request) -> Response:
        request_of.append(request)
        return Response(map(piece, ["ans", "wer"]))

    request_of: list[Request] = []
    builder = RequestBuilder("/", method="POST", files={"f": ("a.txt", b"x")})
    if server.startswith("wsgi"):
        serve_wsgi(Application(handler), builder, terminated=server != "wsgi")
    else:
        serve_asgi(Application(handler), builder, server)
    assert [file.closed for file in files] == [True]


def test_a_trailer_field_reads_a_file() -> None:
    """A function that gives a trailer field may read a file of the form, also after a body that is text, over WSGI."""

    def handler(request: Request) -> Response:
        file = request.files["f"]
        files.append(file)
        response = Response("answer")
        response.trailers["X-Size"] = lambda: str(len(file.read()))
        return response

    files: list[FileStorage] = []
    environ = RequestBuilder("/", method="POST", files={"f": ("a.txt", b"x" * 10)}).environ()
    kept = environ[KEPT] = KeptTrailers("2")
    body: Any = Application(handler)(environ, lambda *_: None)
    assert (b"".join(body), kept.fields) == (b"answer", [("X-Size", "10")])
    body.close()
    assert [file.closed for file in files] == [True]
