"""The application of tests/contract/test_misread_errors.py: it raises ``error`` at ``place``; both are in the query."""

from __future__ import annotations

import asyncio
import concurrent.futures
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio

from cardan import Application, Request, Response, abort, middleware

ERRORS: dict[str, BaseException] = {
    "timeout": TimeoutError("database"),
    "missing": FileNotFoundError(2, "no such file"),
    "refused": ConnectionRefusedError(111, "refused"),
    "reset": ConnectionResetError(104, "reset"),
    "pipe": BrokenPipeError(32, "broken pipe"),
    "ssl": ssl.SSLError(1, "bad certificate"),
    "eof": ssl.SSLEOFError(8, "end of file"),
    "stop": StopIteration("value"),
    "cancelled": asyncio.CancelledError(),
    "future": concurrent.futures.CancelledError(),
    "exit": GeneratorExit(),
    "defect": RuntimeError("a defect"),
}
BEFORE = ("handler", "middleware", "around", "on_error", "resolve", "load", "first chunk", "first async chunk")
AFTER = ("second chunk", "second async chunk", "counted chunk")


def fail(request: Request, place: str) -> None:
    """Raise the error in the query if its place is ``place``."""
    if request.args.get("place") == place:
        raise type(error := ERRORS[request.args["error"]])(*error.args)


def respond(request: Request) -> Response:
    """A response whose body fails if the query says so."""
    place = request.args.get("place", "")

    def body() -> Iterator[bytes]:
        fail(request, "first chunk")
        yield b"some"
        fail(request, "second chunk")
        fail(request, "counted chunk")

    async def abody() -> AsyncIterator[bytes]:
        fail(request, "first async chunk")
        yield b"some"
        await anyio.sleep(0)
        fail(request, "second async chunk")

    if place == "on_error":
        abort(404)
    response = Response(
        abody() if "async" in place else body() if "chunk" in place else "whole",
        headers={"Content-Length": "10"} if place == "counted chunk" else {},
    )
    if place == "hook":
        response.call_on_close(lambda: fail(request, "hook"))
    return response


class Sinks(Request):
    """Uploads are written to a sink that fails."""

    def make_file_sink(self, part: Any) -> Any:
        fail(self, "load")
        return super().make_file_sink(part)


@middleware
def around(request: Request) -> Any:
    """A middleware that fails before or after the handler."""
    fail(request, "middleware")
    response = yield
    fail(request, "around")
    return response


class Failing(Application[Request]):
    """An application that fails in the methods that a subclass may override."""

    def resolve(self, request: Request) -> Any:
        """The handler."""
        fail(request, "resolve")
        return super().resolve(request)

    def on_error(self, request: Request, error: Any) -> Response:
        """The response to an error."""
        fail(request, "on_error")
        return super().on_error(request, error)  # type: ignore[return-value]


def handler(request: Request) -> Response:
    """A ``def`` handler."""
    fail(request, "handler")
    if request.method == "POST":
        assert request.files
    return respond(request)


async def ahandler(request: Request) -> Response:
    """An ``async def`` handler. It may also await a task that other code cancels."""
    fail(request, "handler")
    if request.args.get("place") == "elsewhere":
        await cancelled_elsewhere()
    if request.method == "POST":
        await request.load()
        assert request.files
    return respond(request)


async def cancelled_elsewhere() -> None:
    """Await a task that other code cancels, on asyncio or on trio."""
    if anyio.get_cancelled_exc_class() is asyncio.CancelledError:
        task = asyncio.ensure_future(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(task.cancel)
        await task
    kept: list[BaseException] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        try:
            await anyio.sleep(60)
        except BaseException as error:
            kept.append(error)
    raise kept[0]


sync_app = Failing(handler, request_class=Sinks, middleware=[around])
async_app = Failing(ahandler, request_class=Sinks, middleware=[around])
bare = Application(handler)
abare = Application(ahandler)
