"""Streams on ASGI whose first message the server takes slowly: what ends a stream later ends it there as well."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Compression, Mount, ProxyFix, Request, Response
from cardan.testing import AsyncClient, RequestBuilder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

GUARD = 20

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Streams:
    """Applications that stream, and a record of what they have closed."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    def sync_body(self) -> Iterator[bytes]:
        try:
            yield b"x" * 2000
            yield b"y" * 2000
        finally:
            self.closed.append("body")

    async def async_body(self) -> AsyncIterator[bytes]:
        try:
            yield b"x" * 2000
            yield b"y" * 2000
        finally:
            self.closed.append("body")

    def events(self, body: Any) -> Response:
        response = Response(body, mimetype="text/event-stream")
        response.keep_alive = 1000
        return response

    def site(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self.sync_body()

    async def asgi_site(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await send({"type": "http.response.body", "body": b"y"})
        finally:
            self.closed.append("body")

    def trailing(self) -> Response:
        response = Response(self.sync_body())
        response.trailers["Server-Timing"] = lambda: "total;dur=1"
        return response

    async def relayed(self, request: Request) -> Response:
        inner: Application[Request] = Application(lambda request: Response(self.async_body()))
        return await inner.arespond(request)


KINDS: dict[str, Callable[[Streams, Any], Any]] = {
    "sync": lambda streams, options: Application(lambda request: Response(streams.sync_body()), **options),
    "async": lambda streams, options: Application(lambda request: Response(streams.async_body()), **options),
    "sync events": lambda streams, options: Application(lambda request: streams.events(streams.sync_body()), **options),
    "async events": lambda streams, options: Application(
        lambda request: streams.events(streams.async_body()), **options
    ),
    "trailers": lambda streams, options: Application(lambda request: streams.trailing(), **options),
    "relayed": lambda streams, options: Application(streams.relayed, **options),
    "bridge": lambda streams, options: _Resolving(Application.from_wsgi(streams.site), **options),
}
"""Applications that take the options of an application: by the name of what they stream."""

AROUND: dict[str, Callable[[Streams], Any]] = {
    "response": lambda streams: Response(streams.sync_body()),
    "async response": lambda streams: Response(streams.async_body()),
    "mount": lambda streams: Mount({"/": Application.from_wsgi(streams.site)}),
    "compression": lambda streams: Compression(Application.from_wsgi(streams.site)),
    "proxy fix": lambda streams: ProxyFix(Application.from_wsgi(streams.site)),
    "resolved": lambda streams: _Resolving(ProxyFix(Application.from_wsgi(streams.site))),
    "bridges in each other": lambda streams: Application.from_wsgi(_over_wsgi(streams)),
}
"""What else streams."""


class _Resolving(Application[Request]):
    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(**options)
        self.app = app

    def resolve(self, request: Request) -> Any:
        return self.app


def _over_wsgi(streams: Streams) -> Any:
    from cardan.wsgi import from_asgi

    return from_asgi(streams.asgi_site)


class Waiting:
    """A server that never finishes taking the first message for which ``holds(message)`` is true."""

    def __init__(self, holds: Callable[[Any], object], *, trailers: bool = False) -> None:
        self.scope = RequestBuilder("/", headers={"Accept-Encoding": "gzip"}).scope()
        if trailers:
            self.scope["extensions"] = {"http.response.trailers": {}}
        self.holds = holds
        self.sent: list[dict[str, Any]] = []
        self.held = anyio.Event()
        self.left = anyio.Event()
        self._has_body = True

    async def receive(self) -> dict[str, Any]:
        if self._has_body:
            self._has_body = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if not self.held.is_set() and self.holds(message):
            self.held.set()
            await anyio.sleep_forever()
        self.sent.append(dict(message))

    async def serve(self, app: Callable[..., Awaitable[None]], then: Callable[[], object]) -> None:
        """Serve the request, and call ``then`` when a message is held."""
        with anyio.fail_after(GUARD):
            async with anyio.create_task_group() as group:
                group.start_soon(app, self.scope, self.receive, self.send)
                await self.held.wait()
                then()


@BACKENDS
@pytest.mark.parametrize("kind", [*KINDS, *AROUND])
def test_a_client_that_leaves_while_the_first_chunk_is_sent(kind: str, backend: str) -> None:
    """The body is closed, and nothing more is sent, although ``send()`` has not returned."""
    streams = Streams()
    app = KINDS[kind](streams, {}) if kind in KINDS else AROUND[kind](streams)

    async def main() -> None:
        server = Waiting(lambda message: message.get("body"), trailers=kind == "trailers")
        await server.serve(app, server.left.set)
        assert [message["type"] for message in server.sent] == ["http.response.start"]
        assert server.sent[0]["status"] == 200

    anyio.run(main, backend=backend)
    assert streams.closed == ["body"]


@BACKENDS
@pytest.mark.parametrize("kind", ["sync events", "async events"])
def test_a_client_that_leaves_while_the_head_is_sent(kind: str, backend: str) -> None:
    """The head of an event stream with ``keep_alive`` is sent before its body begins, and the body then never does.

    The generator of an async body is closed all the same.
    """
    streams = Streams()
    app = KINDS[kind](streams, {})

    async def main() -> None:
        server = Waiting(lambda message: message["type"] == "http.response.start")
        await server.serve(app, server.left.set)
        assert server.sent == []

    anyio.run(main, backend=backend)
    assert streams.closed == []


@BACKENDS
def test_a_client_that_leaves_while_the_last_filler_is_sent(backend: str) -> None:
    """The end of a body waits for the filler that is on its way. This wait is interrupted, the end itself is not."""

    async def main() -> None:
        server = Waiting(lambda message: message.get("body"))

        async def body() -> AsyncIterator[str]:
            await server.held.wait()
            server.left.set()
            for event in ():
                yield event

        def handler(request: Request) -> Response:
            response = Response.from_events(body())
            response.keep_alive = 0.001
            return response

        await server.serve(Application(handler), lambda: None)
        assert [message["type"] for message in server.sent] == ["http.response.start"]

    anyio.run(main, backend=backend)


@BACKENDS
@pytest.mark.parametrize("kind", ["sync", "async", "bridge"])
def test_a_request_that_is_cancelled_while_its_last_chunk_is_sent(kind: str, backend: str) -> None:
    """The body is closed, and its end is not sent: a client would take the part that it has for the whole."""
    streams = Streams()
    app = KINDS[kind](streams, {})

    async def main() -> None:
        server = Waiting(lambda message: bytes(message.get("body", b"")).startswith(b"y"))
        with anyio.CancelScope() as scope:
            await server.serve(app, scope.cancel)
        assert scope.cancelled_caught
        assert [message.get("more_body") for message in server.sent] == [None, True]

    anyio.run(main, backend=backend)
    assert streams.closed == ["body"]


@pytest.fixture
def handled() -> Iterator[None]:
    """A server's handler of SIGTERM, so that the signal does not end the process."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    yield
    signal.signal(signal.SIGTERM, before)


@BACKENDS
@pytest.mark.parametrize("kind", KINDS)
def test_a_process_that_is_told_to_stop_while_the_first_chunk_is_sent(kind: str, backend: str, handled: None) -> None:
    """With ``end_streams_on_stop`` the body is closed, and the response is complete for a client that takes the end."""
    streams = Streams()
    app = KINDS[kind](streams, {"end_streams_on_stop": True})

    async def main() -> None:
        async with AsyncClient(app, protocol="asgi"):
            server = Waiting(lambda message: message.get("body"), trailers=kind == "trailers")
            await server.serve(app, lambda: os.kill(os.getpid(), signal.SIGTERM))
            assert [message.get("more_body") for message in server.sent][:2] == [None, False]

    anyio.run(main, backend=backend)
    assert streams.closed == ["body"]


@BACKENDS
def test_a_whole_answer_is_the_last_message(backend: str) -> None:
    """A body that is sent whole comes with the last message, which is not interrupted: a server may tell of a
    disconnect while it takes that message. What has to be closed is closed afterwards.
    """
    closed: list[str] = []

    def handler(request: Request) -> Response:
        response = Response(b"x" * 2000)
        response.call_on_close(lambda: closed.append("hook"))
        return response

    async def main() -> None:
        sent: list[Any] = []
        left = anyio.Event()

        async def receive() -> Any:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message.get("body"):
                left.set()
                for _ in range(10):
                    await anyio.lowlevel.checkpoint()
            sent.append(message)

        with anyio.fail_after(GUARD):
            await Application(handler)(RequestBuilder("/").scope(), receive, send)
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]

    anyio.run(main, backend=backend)
    assert closed == ["hook"]
