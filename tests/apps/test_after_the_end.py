"""An application that goes on after its last message, on every way by which its answer becomes a response."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Compression, Mount, Request, Response, core, middleware
from cardan.core import End
from cardan.testing import RequestBuilder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cardan import Flow

GUARD = 20
START: dict[str, Any] = {"type": "http.response.start", "status": 500, "headers": []}
BODIES: dict[str, list[dict[str, Any]]] = {
    "one message": [{"type": "http.response.body", "body": b"ab"}],
    "a stream": [
        {"type": "http.response.body", "body": b"a", "more_body": True},
        {"type": "http.response.body", "body": b"b", "more_body": True},
        {"type": "http.response.body"},
    ],
}


@middleware
def untouched(request: Request) -> Flow:
    yield


class Outer(Application[Request]):
    """Gives every request to ``app``."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(**options)
        self.app = app

    def resolve(self, request: Request) -> Any:
        return self.app


def bridged(app: Any) -> Any:
    return Outer(Application.from_asgi(app))


def mounted(app: Any) -> Any:
    return Outer(Mount({"/": app}), middleware=[untouched])


def compressed(app: Any) -> Any:
    return Outer(Compression(app))


def twice(app: Any) -> Any:
    return Outer(Mount({"/": Outer(Mount({"/": app}))}))


async def over_asgi(app: Any, ended: Callable[[], None]) -> bytes:
    body = b""
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        for message in asked:
            return message
        await anyio.sleep_forever()
        return None

    async def send(message: Any) -> None:
        nonlocal body
        if message["type"] == "http.response.body":
            body += message.get("body", b"")
            if not message.get("more_body", False):
                ended()

    try:
        await app(RequestBuilder("/").scope(), receive, send)
    except ValueError as error:
        return body + str(error).encode()
    return body


async def without_a_server(app: Any, ended: Callable[[], None]) -> bytes:
    body = b""
    response = await app.arespond(core.Request(core.RequestHead()))
    try:
        async with aclosing(response.aiter_events("GET")) as events:
            async for event in events:
                body += getattr(event, "data", b"")
                if isinstance(event, End):
                    ended()
    except ValueError as error:
        return body + str(error).encode()
    return body


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("serve", [over_asgi, without_a_server])
@pytest.mark.parametrize("wrap", [bridged, mounted, compressed, twice])
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("fails", [False, True])
def test_the_last_message_ends_the_response(
    backend: str, serve: Callable[..., Awaitable[bytes]], wrap: Callable[[Any], Any], kind: str, fails: bool
) -> None:
    """The response is complete with its last message (ASGI HTTP specification 2.5, "Response Body", ``more_body``).

    What the application does then, such as a background task, does not hold the end of the response back. An error then
    does not break the response off; it is raised after it. So the 500 of Starlette, which sends it and raises the
    error, reaches the client, as it does if the server calls that application itself.
    """

    async def main() -> tuple[bytes, list[str]]:
        seen: list[str] = []
        is_over = anyio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            assert scope["type"] == "http"
            await send(START)
            for message in BODIES[kind]:
                await send(message)
            if fails:
                raise ValueError(" and an error")
            await is_over.wait()
            seen.append("worked")

        def ended() -> None:
            seen.append("ended")
            is_over.set()

        with anyio.fail_after(GUARD):
            return await serve(wrap(app), ended), seen

    given = anyio.run(main, backend=backend)
    assert given == ((b"ab and an error", ["ended"]) if fails else (b"ab", ["ended", "worked"]))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("wrap", [mounted, compressed, twice])
@pytest.mark.parametrize("kind", BODIES)
def test_a_cancellation_after_the_response(backend: str, wrap: Callable[[Any], Any], kind: str) -> None:
    """What an application does after its last message counts as a close hook: no cancellation interrupts it."""

    async def main() -> list[str]:
        seen: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            for message in BODIES[kind]:
                await send(message)
            for _ in range(10):
                await anyio.sleep(0)
            seen.append("worked")

        with anyio.CancelScope() as scope:
            await over_asgi(wrap(app), scope.cancel)
            await anyio.sleep(0)
            seen.append("went on")
        return seen

    assert anyio.run(main, backend=backend) == ["worked"]


async def from_app(app: Any, ended: Callable[[], None]) -> bytes:
    """With the ``receive`` of the server, which knows nothing of this response."""

    async def handler(request: Request) -> Response:
        return await Response.afrom_app(app, request.scope, request.receive)

    return await over_asgi(Application(handler), ended)


async def from_app_alone(app: Any, ended: Callable[[], None]) -> bytes:
    response = await Response.afrom_app(app, RequestBuilder("/").scope())
    ended()
    return b"".join([chunk async for chunk in response.aiter_encoded()])


async def resolved(app: Any, ended: Callable[[], None]) -> bytes:
    return await over_asgi(mounted(app), ended)


async def by_arespond(app: Any, ended: Callable[[], None]) -> bytes:
    return await without_a_server(mounted(app), ended)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("serve", [from_app, from_app_alone, resolved, by_arespond])
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("reads", [False, True])
def test_a_disconnect_is_received_after_the_response(
    backend: str, serve: Callable[..., Awaitable[bytes]], kind: str, reads: bool
) -> None:
    """``receive()`` gives a disconnect after the response is complete (ASGI HTTP specification 2.5, "Disconnect").

    Litestar, for example, sends a stream in one task, and waits for a disconnect in another one. Both have to end.
    """

    async def main() -> tuple[bytes, list[str]]:
        received: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            assert scope["type"] == "http"
            if reads:
                received.append((await receive())["type"])

            async def watch() -> None:
                while (kind := (await receive())["type"]) != "http.disconnect":
                    received.append(kind)
                received.append(kind)

            async with anyio.create_task_group() as group:
                group.start_soon(watch)
                await anyio.wait_all_tasks_blocked()
                await send(START)
                for message in BODIES[kind]:
                    await send(message)

        with anyio.fail_after(GUARD):
            return await serve(app, lambda: None), received

    assert anyio.run(main, backend=backend) == (b"ab", ["http.request", "http.disconnect"])
