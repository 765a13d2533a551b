"""The exchange of an async client: messages that wait, and its end in the loop where it runs or in another one."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.from_thread import start_blocking_portal

from cardan.testing import RequestBuilder
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


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # on trio it ends the whole event loop, as it should
async def test_what_ends_the_task_of_an_exchange(anyio_backend: str) -> None:
    """What a body raises that is no Exception ends the exchange, and is raised where the client leaves."""

    class Stop(BaseException):
        """Raised by a body."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def body() -> Any:
        raise Stop
        yield b""

    task = InTask(ASGIExchange(app, RequestBuilder("/", method="POST").scope(), body()))
    await anyio.wait_all_tasks_blocked()
    with pytest.raises(BaseExceptionGroup) as raised:
        await task.leave(5)
    assert raised.group_contains(Stop)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_ends_the_task_of_an_exchange_of_a_blocking_client(backend: str) -> None:
    """It is raised where the client leaves."""

    class Failing:
        async def run(self) -> None:
            raise LookupError("of the exchange")

        async def leave(self, grace: float) -> bool:
            return True

    exchange: Any = Failing()
    with start_blocking_portal(backend) as portal, pytest.raises(LookupError, match="of the exchange"):
        OverPortal(exchange, portal).leave(5)


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
