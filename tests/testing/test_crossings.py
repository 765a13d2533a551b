"""The exchange of a client: messages that wait, what its upload raises, and its end in its own loop or in another."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.from_thread import start_blocking_portal

from cardan.testing import PROTOCOLS, AsyncClient, Client, RequestBuilder
from cardan.testing._asgi_exchange import ASGIExchange
from cardan.testing._crossings import InTask, OverPortal


def exchange_of(app: Any) -> ASGIExchange:
    """An exchange with this application, whose request has no body yet."""

    async def body() -> Any:
        await anyio.sleep_forever()
        yield b""

    return ASGIExchange(app, RequestBuilder("/", method="POST").scope(), body())


@pytest.mark.anyio
async def test_a_message_that_has_come_is_received_at_once() -> None:
    """Messages that came while nobody received them are given in their order."""
    exchange = exchange_of(None)
    messages = [{"type": "http.request", "body": body, "more_body": True} for body in (b"a", b"b")]
    exchange._inbox.extend(messages)
    assert [await exchange.receive(), await exchange.receive()] == messages


class Exit(BaseException):
    """What a program raises to end, such as SystemExit; ``pytest.fail()`` raises one, too."""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_upload_that_raises_what_is_no_exception(kind: str, protocol: Any, backend: Any) -> None:
    """The client raises what its upload raises, also if that is no Exception. The application learns that the client
    has left, and the event loop goes on: the client can be used for the next request.
    """
    seen: list[str] = []

    def wsgi_app(environ: Any, start_response: Any) -> Any:
        try:
            body = environ["wsgi.input"].read()
        except OSError:
            seen.append("left")
            raise
        start_response("200 OK", [])
        return [body]

    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                seen.append("left")
                raise OSError
            body, more = body + message["body"], message["more_body"]
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body})

    def pieces() -> Any:
        yield b"a"
        raise Exit

    async def apieces() -> Any:
        for piece in pieces():
            yield piece

    app = wsgi_app if protocol == "wsgi" else asgi_app
    if kind == "sync":
        with Client(app, protocol, backend=backend) as client:
            with pytest.raises(Exit):
                client.post("/", content=pieces())
            assert client.post("/", content=b"next").text == "next"
    else:

        async def main() -> None:
            async with AsyncClient(app, protocol) as client:
                with pytest.raises(Exit):
                    await client.post("/", content=apieces())
                assert (await client.post("/", content=b"next")).text == "next"

        anyio.run(main, backend=backend)
    assert seen == ["left"]


class Broken:
    """An exchange with a defect: its task raises."""

    async def run(self) -> None:
        raise LookupError("a defect")

    async def leave(self, grace: float) -> bool:
        return True


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_defect_of_an_exchange_is_raised(backend: Any) -> None:
    """No error of the client itself is lost: what ends the task of an exchange is raised where the client leaves."""
    broken: Any = Broken()

    async def main() -> None:
        task = InTask(broken)
        with pytest.raises(LookupError, match="a defect"):
            await task.leave(5)

    anyio.run(main, backend=backend)
    with start_blocking_portal(backend) as portal:
        line = OverPortal(broken, portal)
        with pytest.raises(LookupError, match="a defect"):
            line.leave(5)


def test_leaving_when_the_loop_of_the_exchange_is_over() -> None:
    """A response may be closed in another event loop than its own. If that has ended, there is nothing to end."""
    made: list[InTask] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def begin() -> None:
        made.append(InTask(exchange_of(app)))
        await asyncio.sleep(0)

    asyncio.run(begin())
    assert asyncio.run(made[0].leave(5))


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_application_that_was_cancelled_elsewhere(kind: str) -> None:
    """An application that awaits a task which other code has cancelled ends without an answer: on asyncio, this looks
    like a cancellation of the application.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        other = asyncio.ensure_future(asyncio.sleep(100))
        other.cancel()
        await other

    async def main() -> None:
        async with AsyncClient(app, "asgi") as client:
            with pytest.raises(RuntimeError, match="the application ended without an answer"):
                await client.get("/")
        async with AsyncClient(app, "asgi", raise_app_exceptions=False) as client:
            assert (await client.get("/")).status_code == 500

    if kind == "async":
        anyio.run(main)
        return
    with Client(app, "asgi") as sync_client:
        with pytest.raises(RuntimeError, match="the application ended without an answer"):
            sync_client.get("/")
    with Client(app, "asgi", raise_app_exceptions=False) as sync_client:
        assert sync_client.get("/").status_code == 500
