"""The clients run the lifespan of an application (ASGI lifespan spec 2.0), on asyncio and trio, sync and async."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from cardan.testing import AsyncClient, Client
from cardan.testing._lifespan import Lifespan
from tests.testing.apps import chunk, echo_asgi, start

pytestmark = [
    pytest.mark.parametrize("backend", ["asyncio", "trio"]),
    pytest.mark.parametrize("kind", ["sync", "async"]),
]


def visit(app: Any, kind: str, backend: Any, inside: Callable[[], Any] = lambda: None) -> str:
    """Enter a client of this kind, GET /, and leave it. Returns the text of the answer."""
    if kind == "sync":
        with Client(app, protocol="asgi", backend=backend) as client:
            inside()
            return client.get("/").text

    async def main() -> str:
        async with AsyncClient(app, protocol="asgi") as client:
            inside()
            return (await client.get("/")).text

    return anyio.run(main, backend=backend)


class App:
    """An application that answers with its state, records its calls in ``log``, and fails where it is told to."""

    def __init__(self, fail: str = "") -> None:
        self.log: list[str] = []
        self.fail = fail

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.lifespan(scope, receive, send)
        else:
            text = repr(scope["state"])
            scope["state"]["mine"] = 1
            await start(send)
            await chunk(send, text.encode(), more=False)

    async def lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        for name in ("startup", "shutdown"):
            message = await receive()
            self.log.append(message["type"])
            if self.fail == f"{name} raises":
                await send({"type": f"lifespan.{name}.failed", "message": "no database"})
                raise LookupError(name)
            if self.fail == name:
                await send({"type": f"lifespan.{name}.failed", "message": "no database"})
                return
            scope["state"]["up"] = True
            await send({"type": f"lifespan.{name}.complete"})


def test_state(kind: str, backend: Any) -> None:
    """Each scope gets a copy of the state. Start-up comes before the requests, shutdown after them."""
    app = App()

    def inside() -> None:
        assert app.log == ["lifespan.startup"]

    assert visit(app, kind, backend, inside) == "{'up': True}"
    assert app.log == ["lifespan.startup", "lifespan.shutdown"]


def test_startup_fails(kind: str, backend: Any) -> None:
    """A failed start-up is raised on entering: the exception of the application, or RuntimeError."""
    with pytest.raises(RuntimeError, match="the lifespan failed at startup: no database"):
        visit(App("startup"), kind, backend)
    with pytest.raises(LookupError, match="startup"):
        visit(App("startup raises"), kind, backend)


def test_an_application_that_waits_after_it_has_failed(
    kind: str, backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application that receives in a loop, as the example of the specification does, waits for the next message
    after it has failed to start. The client does not wait for it then.
    """
    log: list[str] = []
    in_vain: list[float] = []
    wait = Lifespan._wait

    async def noted(self: Lifespan, condition: Callable[[], bool], timeout: float) -> bool:
        if not (in_time := await wait(self, condition, timeout)):
            in_vain.append(timeout)
        return in_time

    monkeypatch.setattr(Lifespan, "_wait", noted)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            while True:
                await receive()
                await send({"type": "lifespan.startup.failed", "message": "no database"})
        finally:
            log.append("ended")

    with pytest.raises(RuntimeError, match="the lifespan failed at startup: no database"):
        visit(app, kind, backend)
    assert log == ["ended"]
    assert in_vain == [0]


def test_a_receive_that_is_cancelled(kind: str, backend: Any) -> None:
    """A lifespan that gives up waiting for the shutdown, and waits again, is told of it, as on a server."""
    log: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await start(send)
            await chunk(send, b"hello", more=False)
            return
        await receive()
        with anyio.move_on_after(0):
            await receive()
        await send({"type": "lifespan.startup.complete"})
        log.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})

    assert visit(app, kind, backend) == "hello"
    assert log == ["lifespan.shutdown"]


def test_shutdown_fails(kind: str, backend: Any) -> None:
    """A failed shutdown is raised on leaving."""
    with pytest.raises(RuntimeError, match="the lifespan failed at shutdown: no database"):
        visit(App("shutdown"), kind, backend)
    with pytest.raises(LookupError, match="shutdown"):
        visit(App("shutdown raises"), kind, backend)


def test_closing_after_a_failed_startup(kind: str, backend: Any) -> None:
    """A client whose application has failed to start can be closed. Its transport has nothing to shut down."""
    app = App("startup")
    if kind == "sync":
        client = Client(app, protocol="asgi", backend=backend)
        with pytest.raises(RuntimeError, match="no database"):
            client.__enter__()
        client._transport.__exit__()
        client.close()
    else:

        async def main() -> None:
            client = AsyncClient(app, protocol="asgi")
            with pytest.raises(RuntimeError, match="no database"):
                await client.__aenter__()
            await client._transport.__aexit__()
            await client.aclose()

        anyio.run(main, backend=backend)
    assert app.log == ["lifespan.startup"]


def test_no_lifespan(kind: str, backend: Any) -> None:
    """An application that does not support lifespan is called without it, and without state."""
    assert visit(echo_asgi, kind, backend) == ""


def test_wrong_answers(kind: str, backend: Any) -> None:
    """An application that answers a lifespan scope with HTTP messages gets a RuntimeError. So it has no lifespan."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await start(send)
        await chunk(send, b"hello", more=False)

    assert visit(app, kind, backend) == "hello"


STARTUP, SHUTDOWN = "lifespan.startup.complete", "lifespan.shutdown.complete"
STARTED = f"{STARTUP!r} or 'lifespan.startup.failed'"
STOPPED = f"{SHUTDOWN!r} or 'lifespan.shutdown.failed'"

#: The messages that an application sends in its lifespan, and the error that the last one gets.
OUT_OF_ORDER: list[tuple[list[str], str]] = [
    (["http.response.start"], f"got 'http.response.start', expected {STARTED}"),
    ([SHUTDOWN], f"got {SHUTDOWN!r}, expected {STARTED}"),
    ([STARTUP, STARTUP], f"got {STARTUP!r}, expected {STOPPED}"),
    ([STARTUP, SHUTDOWN, SHUTDOWN], f"got {SHUTDOWN!r}, expected nothing"),
    (["lifespan.startup.failed", STARTUP], f"got {STARTUP!r}, expected nothing"),
]


@pytest.mark.parametrize(("messages", "text"), OUT_OF_ORDER)
def test_messages_out_of_order(kind: str, backend: Any, messages: list[str], text: str) -> None:
    """A message that the specification does not allow here is refused. The error names it and those that are allowed:
    one of two for each event, and none after a failure or after the shutdown.
    """
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            *first, last = messages
            for message in first:
                await send({"type": message})
            with pytest.raises(RuntimeError) as refused:
                await send({"type": last})
            seen.append(str(refused.value))
        else:
            await start(send)
            await chunk(send, b"hello", more=False)

    if "lifespan.startup.failed" in messages:
        with pytest.raises(RuntimeError, match="the lifespan failed at startup"):
            visit(app, kind, backend)
    else:
        assert visit(app, kind, backend) == "hello"
    assert seen == [text]


def test_a_receive_after_the_shutdown(kind: str, backend: Any) -> None:
    """There is one shutdown: an application that asks for what comes after it waits, as on a server."""
    got: list[str] = []
    late: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await start(send)
            await chunk(send, b"hello", more=False)
            return

        async def listen() -> None:
            late.append(await receive())

        for name in ("startup", "shutdown"):
            got.append((await receive())["type"])
            await send({"type": f"lifespan.{name}.complete"})
        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()

    assert visit(app, kind, backend) == "hello"
    assert got == ["lifespan.startup", "lifespan.shutdown"]
    assert late == []


def test_early_end(kind: str, backend: Any) -> None:
    """A lifespan may return after its start-up. If it raises, this is raised on leaving."""

    def make(error: Exception | None) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await receive()
                await send({"type": "lifespan.startup.complete"})
                if error is not None:
                    raise error
            else:
                await start(send)
                await chunk(send, b"hello", more=False)

        return app

    assert visit(make(None), kind, backend) == "hello"
    with pytest.raises(LookupError, match="broken"):
        visit(make(LookupError("broken")), kind, backend)


def test_one_task(kind: str, backend: Any) -> None:
    """Start-up and shutdown run in one task: a cancel scope may include both, and context variables stay."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep_forever)
                variable.set("set")
                await send({"type": "lifespan.startup.complete"})
                await receive()
                seen.append(variable.get())
                group.cancel_scope.cancel()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await start(send)
            await chunk(send, b"hello", more=False)

    assert visit(app, kind, backend) == "hello"
    assert seen == ["set"]


@pytest.mark.parametrize("silent_at", ["startup", "shutdown"])
def test_hanging(kind: str, backend: Any, silent_at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lifespan that never answers is cancelled after some time, and this is reported."""
    for module in ("_sync_transports", "_async_transports"):
        monkeypatch.setattr(f"cardan.testing.{module}.STARTUP_TIMEOUT", 0.05)
    log: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            try:
                if silent_at == "shutdown":
                    await receive()
                    await send({"type": "lifespan.startup.complete"})
                await anyio.sleep_forever()
            finally:
                log.append("cancelled")
        await start(send)
        await chunk(send, b"", more=False)

    texts = {"startup": "did not start", "shutdown": "did not shut down"}
    with pytest.raises(TimeoutError, match=f"the lifespan {texts[silent_at]} within 0.05 seconds"):
        visit(app, kind, backend)
    assert log == ["cancelled"]
