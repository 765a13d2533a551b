"""Both clients serve applications that nobody here wrote: Flask's over WSGI and Starlette's over ASGI, unnamed."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import flask
import pytest
import starlette.applications
import starlette.requests
import starlette.responses
import starlette.routing

from cardan.testing import AsyncClient, Client
from tests.testing.apps import threads

GUARD = 20
KINDS = [("sync", "asyncio"), ("sync", "trio"), ("async", "asyncio"), ("async", "trio")]


class FlaskSite:
    """Echoes bodies, streams without end, and records in ``log`` what it has seen."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.app = flask.Flask(__name__)
        self.app.add_url_rule("/echo", view_func=self.echo, methods=["POST"])
        self.app.add_url_rule("/ticks", view_func=self.ticks)

    def echo(self) -> Any:
        body = flask.request.stream.read()
        self.log.append(body)
        return body

    def ticks(self) -> Any:
        def body() -> Iterator[bytes]:
            try:
                while True:
                    yield b"tick"
            finally:
                self.log.append("left")

        return flask.Response(body())


class StarletteSite:
    """The same, and its lifespan."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        routes = [
            starlette.routing.Route("/echo", self.echo, methods=["POST"]),
            starlette.routing.Route("/ticks", self.ticks),
        ]
        self.app = starlette.applications.Starlette(routes=routes, lifespan=self.lifespan)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[dict[str, str]]:
        self.log.append("up")
        yield {"name": "Ada"}
        self.log.append("down")

    async def echo(self, request: starlette.requests.Request) -> Any:
        try:
            body = await request.body()
        except starlette.requests.ClientDisconnect:
            self.log.append("cut")
            raise
        assert request.state.name == "Ada"
        self.log.append(body)
        return starlette.responses.Response(body)

    async def ticks(self, request: Any) -> Any:
        log = self.log

        class Ticks(starlette.responses.StreamingResponse):
            async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
                try:
                    await super().__call__(scope, receive, send)
                finally:
                    log.append("left")

        return Ticks(Endless())


class Endless:
    """An iterator, which has nothing to be closed when the client leaves."""

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> bytes:
        await anyio.sleep(0.001)
        return b"tick"


def visit(site: Any, kind: str, backend: Any) -> None:
    """Send a body in pieces and one that is cut short, and leave a stream after its first chunk."""
    cut = {"Content-Length": "10"}
    if kind == "sync":
        with Client(site.app, backend=backend, raise_app_exceptions=False) as client:
            assert client.post("/echo", content=iter([b"a", b"b"])).text == "ab"
            client.post("/echo", content=iter([b"short"]), headers=cut)
            with client.stream("GET", "/ticks") as response:
                assert next(response.iter_raw()) == b"tick"
            assert site.log[-1] == "left"
        return

    async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def main() -> None:
        async with AsyncClient(site.app, raise_app_exceptions=False) as client:
            assert (await client.post("/echo", content=pieces(b"a", b"b"))).text == "ab"
            await client.post("/echo", content=pieces(b"short"), headers=cut)
            request = client.build_request("GET", "/ticks")
            response = await client.send(request, stream=True)
            body: Any = response.stream
            assert await anext(body._stream) == b"tick"  # trio warns about the client's own generators
            await response.aclose()
            assert site.log[-1] == "left"

    async def guarded() -> None:
        with anyio.fail_after(GUARD):
            await main()

    anyio.run(guarded, backend=backend)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(FlaskSite, [b"ab", b"short", "left"], id="flask", marks=pytest.mark.untraced),
        pytest.param(StarletteSite, ["up", b"ab", "cut", "left", "down"], id="starlette"),
    ],
)
@pytest.mark.parametrize(("kind", "backend"), KINDS)
def test_a_foreign_application(make: Callable[[], Any], expected: list[Any], kind: str, backend: str) -> None:
    """No protocol is named. Bodies and answers are streamed, a body that is cut short and a client that leaves arrive,
    the lifespan runs from the first to the last line of the client's block, and no thread is left.
    """
    before = threads()
    site = make()
    visit(site, kind, backend)
    assert site.log == expected
    assert not [thread for thread in threads() - before if thread.name.startswith("cardan")]
