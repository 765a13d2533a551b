"""Servers that lose a message if ``receive()`` is cancelled: no byte of a body is lost, and no end of one.

granian takes a message out of its queue before it wakes the task that awaits it. A watch for a
disconnect and a read with a time-out are cancelled while they await ``receive()``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from cardan import Application, Request, Response
from cardan.asgi._receiving import OngoingReceive
from tests.crossing.exchange import chunk, http_scope

if TYPE_CHECKING:
    from tests.servers import ServerPool

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both loops."""
    return str(request.param)


class Server:
    """A server that has the messages of the body at hand, and loses the one that a cancelled ``receive()`` has taken.

    ``calls`` is the number of calls of ``receive()`` that wait.
    """

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = list(messages)
        self.sent: list[dict[str, Any]] = []
        self.calls = 0

    async def receive(self) -> dict[str, Any]:
        """The next message. The client stays: after the last one, nothing comes."""
        self.calls += 1
        try:
            if not self._messages:
                await anyio.sleep_forever()
            message = self._messages.pop(0)
            await anyio.lowlevel.checkpoint()  # the task is woken in a later turn of the loop
            await anyio.lowlevel.checkpoint()
            return message
        finally:
            self.calls -= 1

    async def send(self, message: dict[str, Any]) -> None:
        """Keep what is sent."""
        self.sent.append(message)

    async def serve(self, app: Any) -> bytes:
        """Serve one request, and give the body of its response. No call of ``receive()`` is left."""
        extensions: dict[str, Any] = {"http.response.pathsend": {}}
        scope = http_scope(headers=[(b"transfer-encoding", b"chunked")], extensions=extensions)
        with anyio.fail_after(100):
            await app(scope, self.receive, self.send)
            while self.calls:
                await anyio.lowlevel.checkpoint()
        return b"".join(message.get("body", b"") for message in self.sent)


def upload() -> Server:
    """A server with a body of three messages."""
    return Server(chunk(b"abc"), chunk(b"def"), chunk(b"ghi", False))


@pytest.mark.parametrize("turns", range(5))
async def test_a_watch_that_has_ended(turns: int) -> None:
    """What a block of ``cancel_on_disconnect()`` has begun to receive is read afterwards."""

    async def handler(request: Request) -> Response:
        async with request.cancel_on_disconnect():
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
        await request.load(form=False)
        return Response(request.data)

    assert await upload().serve(Application(handler)) == b"abcdefghi"


@pytest.mark.parametrize("turns", range(5))
async def test_a_read_that_is_cancelled(turns: int) -> None:
    """A task in ``load()`` that a scope has cancelled loses nothing of what another one loads."""

    async def loading(request: Request) -> Response:
        async def load(scope: anyio.CancelScope) -> None:
            with scope:
                await request.load(form=False)

        async with anyio.create_task_group() as group:
            scope = anyio.CancelScope()
            group.start_soon(load, scope)
            group.start_soon(request.load)
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            scope.cancel()
        return Response(request.data)

    assert await upload().serve(Application(loading)) == b"abcdefghi"


@pytest.mark.parametrize("kind", ["def", "async"])
async def test_the_end_of_a_body_that_a_stream_leaves(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream has read a part of the body. Its end waits for the rest, and not for the time of a drain."""
    monkeypatch.setattr("cardan.asgi._draining._SILENCE", 1000.0)

    class Patient(Request):
        drain_timeout = 1000.0

    async def astream(request: Request) -> AsyncIterator[bytes]:
        async for piece in request.aiter_data():
            yield piece
            return

    def stream(request: Request) -> Any:
        for piece in request.iter_data():
            yield piece
            return

    async def handler(request: Request) -> Response:
        return Response(astream(request))

    chosen: Any = handler if kind == "async" else lambda request: Response(stream(request))
    server = upload()
    assert (await server.serve(Application(chosen, request_class=Patient))).startswith(b"abc")
    assert server.sent[-1]["more_body"] is False


@pytest.mark.parametrize("leave", ["returns", "raises", "sends", "bare"])
async def test_a_call_that_waits_is_ended_with_the_request(leave: str) -> None:
    """No task of a request that is over waits for a message, however the request has ended."""

    async def handler(request: Request) -> Response:
        await request.load(form=False)
        async with request.cancel_on_disconnect():
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
        if leave == "raises":
            raise LookupError("of the handler")
        return Response("x" if leave == "returns" else iter(["x"]))

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        await Response(iter(["x"]))(scope, receive, send)

    server = Server(chunk(b"abc", False))
    app: Callable[..., Any] = bare if leave == "bare" else Application(handler)
    if leave == "raises":
        with pytest.raises(LookupError):
            await server.serve(app)
        with anyio.fail_after(100):
            while server.calls:
                await anyio.lowlevel.checkpoint()
    else:
        assert await server.serve(app) == b"x"


async def watched_before_it_is_read(request: Request) -> Response:
    """Gives the size of the body, after a watch for a disconnect that has begun to receive it."""
    await anyio.sleep(0.05)  # the server has received a part of the body
    async with request.cancel_on_disconnect():
        await anyio.lowlevel.checkpoint()
    await request.load(form=False)
    return Response(str(len(request.data)))


app = Application(watched_before_it_is_read)


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["granian-asgi", "uvicorn", "hypercorn", "daphne"])
def test_on_real_servers(server_pool: ServerPool, kind: str) -> None:
    """A real server gives the whole body to a handler that has watched for a disconnect before it reads."""
    server = server_pool.get(kind, "tests.contract.test_lost_messages:app", app_dir=ROOT)
    for _ in range(3):
        assert httpx.post(server.url, content=bytes(100_000), timeout=100).text == "100000"


async def test_a_call_that_waits_when_its_request_ends() -> None:
    """A task that still awaits ``receive()`` at the end of the request gets a disconnect."""
    server = Server()
    ongoing = OngoingReceive(server.receive)
    received: list[Any] = []

    async def wait() -> None:
        received.append(await ongoing())

    with anyio.fail_after(100):
        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            ongoing.end()
    assert received == [{"type": "http.disconnect"}]
