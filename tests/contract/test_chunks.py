"""One function checks the chunks of a response, and pieces of a request may be any bytes-like object.

Text and bytes-like objects are valid chunks. Every other chunk raises TypeError, in sync and async bodies, on both
protocols: before the head is sent the client gets a 500, afterwards an incomplete response. A number is never sent as
NUL bytes, and None does not end the body.
"""

from __future__ import annotations

import array
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from cardan import Application, Request, Response, core
from cardan.testing import AsyncClient, Client
from tests.contract import chunk_app
from tests.contract.chunk_app import CLOSED, HOWS, WRONG, app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.servers import ServerPool

ROOT = Path(__file__).parents[2]
IN_PROCESS = ["wsgi", "asgi-asyncio", "asgi-trio"]
HANDLERS = ["def", "async", "def-async", "async-def"]
transports = pytest.mark.parametrize("transport", IN_PROCESS)
handlers = pytest.mark.parametrize("handler", HANDLERS)
RANGE = {"Range": "bytes=1-8"}


def client_of(app: Any, transport: str, **options: Any) -> Client:
    """A client of ``app`` over a transport."""
    protocol, _, backend = transport.partition("-")
    return Client(app, protocol=protocol, backend=backend or "asyncio", **options)  # type: ignore[arg-type]


@transports
@handlers
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("when", ["first", "later"])
def test_a_wrong_chunk(transport: str, handler: str, how: str, when: str) -> None:
    """An invalid chunk raises TypeError, and the body is closed once."""
    if how == "raw" and handler.endswith("async"):
        how = "stream"  # only a sync body goes through iter_encoded
    # on ASGI, a body that may send comments is started after the head was sent
    head_first = when == "later" or (how in ("kept", "events") and transport != "wsgi")
    with client_of(app, transport) as strict, client_of(app, transport, raise_app_exceptions=False) as client:
        for what in WRONG if how == "stream" else ["none"]:
            path = f"/{handler}/{how}/{when}/{what}"
            CLOSED.clear()
            with pytest.raises(TypeError, match=r"got a chunk of type|in a JSON value"):
                strict.get(path, headers=RANGE)
            assert [path] == CLOSED
            if head_first:
                with pytest.raises(httpx.RemoteProtocolError):
                    client.get(path, headers=RANGE)
            else:
                assert client.get(path, headers=RANGE).status_code == 500


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["uvicorn", "hypercorn", "granian-asgi", "gunicorn-gthread"])
def test_a_wrong_chunk_behind_real_servers(server_pool: ServerPool, kind: str) -> None:
    """The client of a real server can see that the answer is not complete."""
    server = server_pool.get(kind, "tests.contract.chunk_app:app", app_dir=ROOT)
    with httpx.Client(base_url=server.url, timeout=100) as client:
        for handler in HANDLERS:
            for what in ("number", "large", "none"):
                assert client.get(f"/{handler}/stream/first/{what}").status_code == 500
                with pytest.raises(httpx.RemoteProtocolError):
                    client.get(f"/{handler}/stream/later/{what}")


@pytest.mark.anyio
@pytest.mark.parametrize("what", WRONG)
async def test_a_wrong_chunk_in_the_events_of_core(what: str) -> None:
    """``iter_events`` and ``aiter_events`` raise the same TypeError, with sync bodies in threads and without."""

    def body() -> Iterator[Any]:
        yield b"1"
        yield WRONG[what]

    async def abody() -> AsyncIterator[Any]:
        for chunk in body():
            yield chunk

    async def collect(response: core.Response, **options: Any) -> list[Any]:
        return [event async for event in response.aiter_events("GET", **options)]

    for cls in (core.Response, chunk_app.Raw):
        with pytest.raises(TypeError, match="got a chunk of type"):
            list(cls(body()).iter_events("GET"))
        with pytest.raises(TypeError, match="got a chunk of type"):
            await collect(cls(body()))
        with pytest.raises(TypeError, match="got a chunk of type"):
            await collect(cls(body()), run_sync=anyio.to_thread.run_sync)
        with pytest.raises(TypeError, match="got a chunk of type"):
            await collect(cls(abody()))


@transports
@handlers
def test_chunks_that_pass(transport: str, handler: str) -> None:
    """Text and bytes-like objects are valid, also an object that is reused for the next chunk.

    Empty chunks are ignored.
    """
    buffer = bytearray(b"....")

    def chunks() -> Iterator[Any]:
        yield ""
        yield "ü"
        yield b""
        for word in (b"one ", b"two "):
            buffer[:] = word
            yield buffer if word == b"one " else memoryview(buffer)
        yield array.array("B", b"array ")
        yield memoryview(b"end")[::1]

    async def achunks() -> AsyncIterator[Any]:
        for chunk in chunks():
            yield chunk

    def respond() -> Response:
        return Response(chunks() if handler in ("def", "async-def") else achunks())

    async def arespond() -> Response:
        return respond()

    application: Any = Application(
        (lambda request: respond()) if handler.startswith("def") else lambda request: arespond()
    )
    with client_of(application, transport) as client:
        assert client.get("/").content == "üone two array end".encode()


# --- pieces of a request ---

CT = "multipart/form-data; boundary=B"
FORM = (
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n' + b"0123456789" * 9 + b"\r\n--B--\r\n"
)
KINDS: dict[str, Callable[[bytes], Any]] = {
    "bytearray": bytearray,
    "memoryview": memoryview,
    "array": lambda data: array.array("B", data),
}
kinds = pytest.mark.parametrize("kind", KINDS)


class Input:
    """A ``wsgi.input`` that reads into one buffer, and returns this buffer or a view of it."""

    def __init__(self, kind: str) -> None:
        self.file, self.kind, self.buffer = io.BytesIO(FORM), kind, bytearray()

    def read(self, size: int = -1) -> Any:
        """At most seven bytes."""
        self.buffer = bytearray(self.file.read(min(size, 7) if size >= 0 else 7))
        return KINDS[self.kind](self.buffer)


def environ_of(stream: Any) -> dict[str, Any]:
    """The environ of a POST request with ``stream``."""
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": CT,
        "CONTENT_LENGTH": str(len(FORM)),
        "wsgi.input": stream,
    }


def receive_of(kind: str | None, wrong: Any = None) -> Any:
    """A ``receive`` that returns views of one buffer, or one invalid piece."""
    source, buffer = io.BytesIO(FORM), bytearray(7)

    async def receive() -> dict[str, Any]:
        await anyio.lowlevel.checkpoint()
        if kind is None:
            return {"type": "http.request", "body": wrong, "more_body": True}
        size = source.readinto(buffer)
        piece = memoryview(buffer)[:size]
        body = piece if kind == "memoryview" else KINDS[kind](piece)
        return {"type": "http.request", "body": body, "more_body": size == 7}

    return receive


def scope_of() -> dict[str, Any]:
    """The scope of a POST request."""
    headers = [(b"content-type", CT.encode()), (b"content-length", str(len(FORM)).encode())]
    return {"type": "http", "method": "POST", "path": "/", "headers": headers}


@kinds
def test_pieces_of_wsgi_input(kind: str) -> None:
    """``wsgi.input.read`` may return any bytes-like object; ``get_data()`` gives bytes."""
    request = Request(environ_of(Input(kind)))
    assert (request.get_data(), type(request.get_data())) == (FORM, bytes)
    assert request.form["a"] == "value"
    request = Request(environ_of(Input(kind)))
    assert (request.form["a"], request.files["f"].read()) == ("value", b"0123456789" * 9)
    assert b"".join(Request(environ_of(Input(kind))).iter_data()) == FORM
    assert [part.read() for part in Request(environ_of(Input(kind))).iter_parts()] == [b"value", b"0123456789" * 9]
    environ = environ_of(Input(kind))
    Request(environ).get_data()
    assert environ["wsgi.input"].read() == FORM


@pytest.mark.anyio
@kinds
async def test_pieces_of_receive(kind: str) -> None:
    """The body of a message may be any bytes-like object, which the sender may use again."""
    request = await Request(scope_of(), receive_of(kind)).load(form=False)
    assert (request.get_data(), type(request.get_data())) == (FORM, bytes)
    request = await Request(scope_of(), receive_of(kind)).load()
    assert (request.form["a"], await request.files["f"].aread()) == ("value", b"0123456789" * 9)
    assert b"".join([piece async for piece in Request(scope_of(), receive_of(kind)).aiter_data()]) == FORM
    parts = [await part.aread() async for part in Request(scope_of(), receive_of(kind)).aiter_parts()]
    assert parts == [b"value", b"0123456789" * 9]

    class Filtering(Request):
        def make_body_filter(self) -> Any:
            class Same:
                def feed(self, data: bytes) -> Any:
                    return KINDS[kind](data)

                def close(self) -> bytes:
                    return b""

            return Same()

    assert (await Filtering(scope_of(), receive_of(kind)).load(form=False)).get_data() == FORM


@pytest.mark.anyio
async def test_pieces_that_are_text() -> None:
    """Text raises TypeError on both protocols, because neither PEP 3333 nor ASGI allows it."""
    with pytest.raises(TypeError, match="got str, expected bytes"):
        Request(environ_of(io.StringIO("text"))).get_data()
    with pytest.raises(TypeError, match="got str, expected bytes"):
        await Request(scope_of(), receive_of(None, "text")).load()


def echo(request: Request) -> Response:
    """Answer with the body of the request."""
    return Response(request.get_data())


@transports
@kinds
def test_content_of_the_client(transport: str, kind: str) -> None:
    """The test client accepts any bytes-like content, whole and in pieces."""
    with client_of(Application(echo), transport) as client:
        assert client.post("/", content=KINDS[kind](b"abc")).content == b"abc"
        assert client.post("/", content=(KINDS[kind](piece) for piece in (b"abc", b"", b"def"))).content == b"abcdef"


@pytest.mark.anyio
@kinds
@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
async def test_content_of_the_async_client(protocol: Any, kind: str) -> None:
    """The async test client does the same."""

    async def pieces() -> AsyncIterator[Any]:
        for piece in (b"abc", b"", b"def"):
            yield KINDS[kind](piece)

    async with AsyncClient(Application(echo), protocol=protocol) as client:
        assert (await client.post("/", content=KINDS[kind](b"abc"))).content == b"abc"
        assert (await client.post("/", content=pieces())).content == b"abcdef"


def test_a_client_never_hides_a_number() -> None:
    """The test client raises if any application sends a number in place of bytes."""

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": 3})

    with Client(asgi, protocol="asgi") as client, pytest.raises(TypeError, match="got int, expected bytes"):
        client.get("/")
