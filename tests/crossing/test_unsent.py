"""Responses that are not sent, because their request was cancelled: they are closed as others are, to the end.

The cancellation comes while a worker thread runs, between two steps of a flow, in a middleware, or while an async body
is closed. It is that of a scope on both loops, or ``Task.cancel()`` on asyncio.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import nullcontext
from typing import Any, Literal, TypeAlias

import anyio
import anyio.lowlevel
import pytest

from cardan import Application, AsyncFlow, Flow, Request, Response, middleware
from tests.crossing.exchange import GONE, Exchange, chunk, until

pytestmark = pytest.mark.anyio

Way: TypeAlias = Literal["scope", "native"]

WAYS = [
    pytest.param("asyncio", "scope", id="asyncio-scope"),
    pytest.param("asyncio", "native", id="asyncio-native"),
    pytest.param("trio", "scope", id="trio-scope"),
]
ways = pytest.mark.parametrize(("anyio_backend", "way"), WAYS)


class Cancelled:
    """Serves one request, whose task code of the application cancels by :meth:`cancel`, also from a thread."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.token: Any = None
        self._cancel: Callable[[], object]
        self.exchange: Exchange

    def cancel(self) -> None:
        """In the loop: cancel the task of the request."""
        self._cancel()

    def cancel_from_thread(self) -> None:
        """In a worker thread: cancel the task of the request, which has seen it when this returns."""
        anyio.from_thread.run_sync(self.cancel, token=self.token)
        anyio.from_thread.run(self._turns, token=self.token)

    async def _turns(self) -> None:
        with anyio.CancelScope(shield=True):
            for _ in range(5):
                await anyio.lowlevel.checkpoint()

    async def run(self, app: Any) -> None:
        """Serve the request, which has to end by its cancellation."""
        self.token = anyio.lowlevel.current_token()
        self.exchange = Exchange(app, chunk(b"", False), method="GET")
        if self.way == "native":
            task = asyncio.create_task(self.exchange.run())
            self._cancel = task.cancel
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            with anyio.CancelScope() as scope:
                self._cancel = scope.cancel
                await self.exchange.run()
            assert scope.cancelled_caught
        assert self.exchange.status is None


class Body:
    """An async body that takes a moment to close."""

    def __init__(self, log: list[str]) -> None:
        self._log = log

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"x"

    async def aclose(self) -> None:
        """Note the end after a wait."""
        await anyio.sleep(0.001)
        self._log.append("body")


def made(log: list[str]) -> Response:
    """A response with an async body, an async hook and a plain one."""
    response = Response(Body(log))

    @response.call_on_close
    async def hook() -> None:
        await anyio.sleep(0.001)
        log.append("async hook")

    response.call_on_close(lambda: log.append("hook"))
    return response


CLOSED = ["body", "async hook", "hook"]


@ways
async def test_a_handler_in_a_thread_inside_async_middleware(way: Way) -> None:
    """The response of a ``def`` handler that returns after the cancellation is closed, and the async middleware around
    it is ended with the request.
    """
    log: list[str] = []
    cancelled = Cancelled(way)

    @middleware
    async def around(request: Request) -> AsyncFlow:
        try:
            yield
        finally:
            log.append("middleware")

    def handler(request: Request) -> Response:
        cancelled.cancel_from_thread()
        return made(log)

    await cancelled.run(Application(handler, middleware=[around]))
    await until(lambda: "hook" in log)
    assert log == ["middleware", *CLOSED]


@ways
async def test_an_error_in_a_thread_that_was_left(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    """If a plain middleware raises an error after the cancellation, the response that it was sent is closed. The error
    is raised by a scope, which waits for the thread, and logged otherwise.
    """
    log: list[str] = []
    cancelled = Cancelled(way)

    @middleware
    def around(request: Request) -> Flow:
        yield
        raise LookupError("of the middleware")

    def handler(request: Request) -> Response:
        cancelled.cancel_from_thread()
        return made(log)

    # a scope waits for the thread, and its error is raised
    with pytest.raises(LookupError, match="of the middleware") if way == "scope" else nullcontext():
        await cancelled.run(Application(handler, middleware=[around]))
    await until(lambda: "hook" in log)
    assert log == CLOSED
    if way == "native":
        await until(lambda: "of the middleware" in caplog.text)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_error_of_a_middleware_that_was_left(caplog: pytest.LogCaptureFixture) -> None:
    """An async middleware around a thread that was left fails at its end: its error is logged, the response closed."""
    log: list[str] = []
    cancelled = Cancelled("native")

    @middleware
    async def around(request: Request) -> AsyncFlow:
        try:
            yield
        finally:
            log.append("middleware")
            raise LookupError("of the middleware")

    def handler(request: Request) -> Response:
        cancelled.cancel_from_thread()
        return made(log)

    await cancelled.run(Application(handler, middleware=[around]))
    await until(lambda: "of the middleware" in caplog.text)
    assert log == ["middleware", *CLOSED]


@ways
async def test_between_the_steps_of_a_flow(way: Way) -> None:
    """A coroutine that a ``def`` handler gave has returned its response when the cancellation is noticed."""
    log: list[str] = []
    cancelled = Cancelled(way)

    async def later() -> Response:
        cancelled.cancel()
        return made(log)

    @middleware
    def around(request: Request) -> Flow:
        try:
            yield
        finally:
            log.append("middleware")

    await cancelled.run(Application(lambda request: later(), middleware=[around]))
    await until(lambda: len(log) > len(CLOSED))
    # a thread may have begun to give the response to the middleware when the cancellation is noticed
    assert log in ([*CLOSED, "middleware"], ["middleware", *CLOSED])


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_second_cancellation_while_a_response_is_closed() -> None:
    """The middleware around a flow that was cancelled twice is ended with the request."""
    log: list[str] = []
    cancelled = Cancelled("native")

    async def later() -> Response:
        response = Response("x")
        response.call_on_close(hook)
        cancelled.cancel()
        return response

    async def hook() -> None:
        cancelled.cancel()
        await anyio.sleep(0.001)
        log.append("hook")

    @middleware
    def around(request: Request) -> Flow:
        try:
            yield
        finally:
            log.append("middleware")

    await cancelled.run(Application(lambda request: later(), middleware=[around]))
    await until(lambda: len(log) == 2)
    assert sorted(log) == ["hook", "middleware"]  # in which order: see the test before


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_second_cancellation_while_all_threads_are_busy() -> None:
    """A flow that waits for a thread when it is cancelled has its response closed first, also if a hook of this
    response cancels the request again.
    """
    log: list[str] = []
    cancelled = Cancelled("native")
    entered, release = threading.Event(), threading.Event()
    others: list[asyncio.Task[Any]] = []

    def handler(request: Request) -> Any:
        if request.method == "GET":
            return later()
        entered.set()
        assert release.wait(100)
        return Response("x")

    async def later() -> Response:
        response = Response("x")
        response.call_on_close(hook)
        others.append(asyncio.create_task(Exchange(app, chunk(b"", False), method="POST").run()))
        await until(entered.is_set)
        cancelled.cancel()
        return response

    async def hook() -> None:
        release.set()
        cancelled.cancel()
        await anyio.sleep(0.001)
        log.append("hook")

    @middleware
    def around(request: Request) -> Flow:
        try:
            yield
        finally:
            if request.method == "GET":
                log.append("middleware")

    app = Application(handler, middleware=[around], threads=1)
    await cancelled.run(app)
    assert log == ["hook", "middleware"]
    await asyncio.gather(*others)


@ways
async def test_before_the_handler_is_called(way: Way) -> None:
    """An async middleware that has begun is ended with the request, and the ``def`` handler inside is not called."""
    log: list[str] = []
    cancelled = Cancelled(way)

    @middleware
    async def around(request: Request) -> AsyncFlow:
        cancelled.cancel()
        try:
            yield
        finally:
            log.append("middleware")

    def handler(request: Request) -> Response:
        raise AssertionError

    await cancelled.run(Application(handler, middleware=[around]))
    assert log == ["middleware"]


@ways
async def test_an_answer_of_a_middleware_before_the_handler(way: Way) -> None:
    """An async middleware answers in place of a ``def`` handler, and its request is cancelled meanwhile."""
    log: list[str] = []
    cancelled = Cancelled(way)

    @middleware
    async def around(request: Request) -> AsyncGenerator[Response | None, Response]:
        response = made(log)
        cancelled.cancel()
        yield response

    await cancelled.run(Application(lambda request: Response("x"), middleware=[around]))
    await until(lambda: len(log) >= len(CLOSED))
    assert log == CLOSED


@pytest.mark.parametrize("kind", ["def", "async"])
@ways
async def test_in_a_middleware(way: Way, kind: str) -> None:
    """The middleware is cancelled after its ``yield``: no close hook of the response that it was sent is cut short."""
    log: list[str] = []
    cancelled = Cancelled(way)

    @middleware
    async def around(request: Request) -> AsyncFlow:
        yield
        cancelled.cancel()
        await anyio.sleep(3600)

    async def ahandler(request: Request) -> Response:
        return made(log)

    handler: Any = ahandler if kind == "async" else lambda request: made(log)
    await cancelled.run(Application(handler, middleware=[around]))
    assert log == CLOSED


@pytest.mark.parametrize("kind", ["def", "async"])
@ways
async def test_while_a_middleware_ends(way: Way, kind: str) -> None:
    """An async middleware has given another response, and is cancelled in its ``finally``: both responses are closed,
    the one that it gave first.
    """
    log: list[str] = []
    cancelled = Cancelled(way)

    @middleware
    async def around(request: Request) -> AsyncGenerator[Response | None, Response]:
        try:
            yield None
            other = Response("other")
            other.call_on_close(lambda: log.append("other"))
            yield other
        finally:
            cancelled.cancel()
            await anyio.sleep(3600)

    async def ahandler(request: Request) -> Response:
        return made(log)

    handler: Any = ahandler if kind == "async" else lambda request: made(log)
    await cancelled.run(Application(handler, middleware=[around]))
    assert log == ["other", *CLOSED]


@pytest.mark.parametrize("kind", ["def", "async"])
@ways
async def test_an_error_of_closing(way: Way, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """An error of a close hook is logged. The cancellation is raised, not the error."""
    log: list[str] = []
    cancelled = Cancelled(way)

    @middleware
    async def around(request: Request) -> AsyncFlow:
        yield
        cancelled.cancel()
        await anyio.sleep(3600)

    def broken() -> None:
        raise OSError("of a hook")

    def handler(request: Request) -> Response:
        response = Response("x")
        response.call_on_close(broken)
        response.call_on_close(lambda: log.append("last"))
        return response

    async def ahandler(request: Request) -> Response:
        return handler(request)

    await cancelled.run(Application(ahandler if kind == "async" else handler, middleware=[around]))
    assert log == ["last"]
    assert [record.name for record in caplog.records] == ["cardan"]
    assert "of a hook" in caplog.text


def test_an_exit_on_wsgi(caplog: pytest.LogCaptureFixture) -> None:
    """On WSGI an error of a close hook is logged as well if an exit is raised in its place."""

    @middleware
    def around(request: Request) -> Flow:
        yield
        raise SystemExit("of the middleware")

    def broken() -> None:
        raise OSError("of a hook")

    def handler(request: Request) -> Response:
        response = Response("x")
        response.call_on_close(broken)
        return response

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.url_scheme": "http"}
    with pytest.raises(SystemExit, match="of the middleware"):
        Application(handler, middleware=[around])(environ, lambda *args: None)
    assert "of a hook" in caplog.text


@pytest.mark.parametrize(
    ("anyio_backend", "way"), [*WAYS, pytest.param("asyncio", "leaves"), pytest.param("trio", "leaves")]
)
async def test_while_an_async_body_is_closed(way: str) -> None:
    """The body has come to its end, and its ``aclose()`` runs when the request is cancelled, or the client leaves:
    ``aclose()`` is not cut short. The end of the response is not sent then.
    """
    log: list[str] = []
    closing, go_on = anyio.Event(), anyio.Event()

    class Slow(Body):
        async def aclose(self) -> None:
            closing.set()
            await go_on.wait()
            await super().aclose()

    async def handler(request: Request) -> Response:
        return Response(Slow(log))

    exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
    scope = anyio.CancelScope()

    async def run() -> None:
        with scope:
            await exchange.run()

    async def end(cancel: Callable[[], object]) -> None:
        await closing.wait()
        cancel()
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        assert log == []
        go_on.set()

    with anyio.fail_after(100):
        if way == "native":
            task = asyncio.create_task(exchange.run())
            await end(task.cancel)
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            async with anyio.create_task_group() as group:
                group.start_soon(run)
                await end(scope.cancel if way == "scope" else lambda: exchange.put.send_nowait(GONE))
    assert scope.cancelled_caught is (way == "scope")
    assert log == ["body"]
    assert [message.get("more_body") for message in exchange.sent] == [None, True]
