"""An error in one thing that is closed keeps nothing else from being closed: body, hooks, files of forms, and the rest
of an upload.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, FileStorage, Request, Response
from cardan import _crossing as crossing
from cardan.testing import Client, RequestBuilder
from cardan.wsgi._thread import RequestThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

PLACES = [("wsgi", "asyncio"), ("asgi", "asyncio"), ("asgi", "trio")]
everywhere = pytest.mark.parametrize(("protocol", "backend"), PLACES)


class OnDisk(Request):
    """Files go to the disk at once."""

    max_file_memory = 1


class Body:
    """A body whose ``close()`` fails."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.chunks = iter([b"a", b"b"])

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks

    def close(self) -> None:
        self.log.append("body")
        raise LookupError("of the body")


class AsyncBody:
    """The same in async code."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async def aclose(self) -> None:
        self.log.append("body")
        raise LookupError("of the body")


def call(app: Any, protocol: Any, backend: Any, **sent: Any) -> Exception | None:
    """Send a request. Gives the error that the application has raised to its server."""
    try:
        with Client(app, protocol, backend=backend) as client:
            client.post("/", **sent)
    except Exception as error:
        return error
    return None


@everywhere
@pytest.mark.parametrize("kind", ["def", "async"])
@pytest.mark.parametrize("body", ["stream", "async stream", "whole"])
def test_everything_is_closed_once(protocol: str, backend: str, kind: str, body: str) -> None:
    """The body, then each hook in the order of their registration, then the files of the form. The first error is
    raised, or it is the context of the one that is raised.
    """
    log: list[str] = []
    files: list[Any] = []

    def answer(request: Request) -> Response:
        files.extend(request.files.values())
        made: Any = {"stream": Body, "async stream": AsyncBody}.get(body, lambda log: b"whole")(log)
        response = Response(made)

        def note(name: str) -> None:
            assert not any(file.closed for file in files)
            log.append(name)

        def first() -> None:
            note("first")
            raise KeyError("of the first hook")

        async def second() -> None:
            note("second")
            raise ValueError("of the second hook")

        response.call_on_close(first)
        response.call_on_close(second)
        response.call_on_close(lambda: note("third"))
        return response

    async def aanswer(request: Request) -> Response:
        await request.load()
        return answer(request)

    app = Application(answer if kind == "def" else aanswer, request_class=OnDisk)
    error = call(app, protocol, backend, files={"f": ("a", b"file"), "g": ("b", b"file")})
    assert log == ["body"] * (body != "whole") + ["first", "second", "third"]
    first: type[Exception] = KeyError if body == "whole" else LookupError
    assert error is not None
    assert first in ([type(error), type(error.__context__)] if body == "async stream" else [type(error)])
    assert [file.closed for file in files] == [True, True]


class AsyncSink:
    """A sink of the program's own, which can be read, and so stays open until the request has ended."""

    def __init__(self, close: Callable[[], Awaitable[None]]) -> None:
        self._close = close

    async def write(self, data: bytes) -> None:
        pass

    async def read(self, size: int = -1) -> bytes:
        return b""

    async def aclose(self) -> None:
        await self._close()


def mixed(close: Callable[[], Awaitable[None]], files: list[Any], *, fails: bool = False) -> Application[Any]:
    """An application whose form has a file in such a sink, and ``files``, which are on disk. Its handler may fail."""

    class Mixed(OnDisk):
        def make_file_sink(self, part: Any) -> Any:
            return AsyncSink(close) if part.name == "own" else super().make_file_sink(part)

    async def view(request: Request) -> Response:
        await request.load()
        files.append(request.files["other"])
        if fails:
            raise LookupError("of the handler")
        return Response("x")

    return Application(view, request_class=Mixed)


TWO: Any = {"own": ("a", b"file"), "other": ("b", b"file")}


@everywhere
def test_files_of_two_kinds(protocol: str, backend: str) -> None:
    """A sink of the program's own that cannot be closed leaves no other file open."""
    log: list[str] = []
    files: list[Any] = []

    async def close() -> None:
        log.append("sink")
        raise LookupError("of the sink")

    assert type(call(mixed(close, files), protocol, backend, files=TWO)) is LookupError
    assert log == ["sink"]
    assert [file.closed for file in files] == [True]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize(
    ("backend", "how"), [("asyncio", "Task.cancel()"), ("asyncio", "a scope"), ("trio", "a scope")]
)
def test_a_cancellation_while_a_file_is_closed(
    backend: str, how: str, fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The file is closed to its end, and then those on disk. If the handler has failed, its error is raised; it is
    logged if ``Task.cancel()`` is raised in its place. An error that the caller handles is neither raised nor logged.
    """
    log: list[str] = []
    files: list[Any] = []

    async def main() -> None:
        closing, go_on = anyio.Event(), anyio.Event()
        scope = anyio.CancelScope()
        tasks: list[Any] = []

        async def close() -> None:
            closing.set()
            await go_on.wait()
            log.append("closed")

        built = RequestBuilder("/", method="POST", files=TWO)
        messages = [{"type": "http.request", "body": built.body, "more_body": False}]

        async def receive() -> Any:
            if not messages:
                await anyio.sleep_forever()
            return messages.pop()

        async def send(message: Any) -> None:
            pass

        async def serve() -> None:
            with scope:
                tasks.append(asyncio.current_task() if backend == "asyncio" else None)
                try:
                    raise OSError("handled by the caller")
                except OSError:
                    await mixed(close, files, fails=fails)(built.scope(), receive, send)

        async with anyio.create_task_group() as group:
            group.start_soon(serve)
            with anyio.fail_after(100):
                await closing.wait()
            if how == "a scope":
                scope.cancel()
            else:
                tasks[0].cancel()
            await anyio.wait_all_tasks_blocked()
            assert not files[0].closed
            go_on.set()

    raises = fails and how == "a scope"
    with pytest.RaisesGroup(LookupError) if raises else contextlib.suppress(asyncio.CancelledError):
        anyio.run(main, backend=backend)
    assert log == ["closed"]
    logged = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert logged == (["of the handler"] if fails and not raises else [])
    assert [file.closed for file in files] == [True]


def test_the_thread_of_a_request_whose_files_cannot_be_closed() -> None:
    """On WSGI, a task that outlives the request gets no blocking work done in a thread that serves others by then."""

    async def close() -> None:
        raise LookupError("of the sink")

    exchange: Any = SimpleNamespace(holders=1, files=[FileStorage(AsyncSink(close))])
    portal = crossing.portal("asyncio")
    thread = RequestThread(lambda: portal, exchange, crossing.CallersContext())
    conversation = thread._talk()
    with pytest.raises(LookupError, match="of the sink"):
        thread.leave()
    assert conversation._left  # else the next call would wait for ever
    with pytest.raises(RuntimeError, match="on a request that is over"):
        crossing.Conversation(portal).call(conversation.run_sync, len, "")


@pytest.mark.parametrize("fails", [False, True])
def test_an_unread_upload_is_discarded_although_a_hook_fails(fails: bool) -> None:
    """On WSGI, the rest of an upload is read when the response is closed, so that the client sees the answer."""

    def view(request: Request) -> Response:
        response = Response(iter([b"too", b" early"]))
        response.call_on_close(lambda: [][0] if fails else None)
        return response

    environ = RequestBuilder("/", method="POST", data=b"x" * 10_000).environ()
    source = environ["wsgi.input"]
    chunks: Any = Application(view)(environ, lambda *args: lambda data: None)
    assert b"".join(chunks) == b"too early"
    if fails:
        with pytest.raises(IndexError):
            chunks.close()
    else:
        chunks.close()
    assert source.read() == b""


def test_closing_twice() -> None:
    """A server that closes twice runs nothing twice, and the environ keeps no request."""
    log: list[str] = []

    def view(request: Request) -> Response:
        response = Response(iter([b"a"]))
        response.call_on_close(lambda: log.append("hook"))
        return response

    environ = RequestBuilder("/").environ()
    before = set(environ)
    chunks: Any = Application(view)(environ, lambda *args: lambda data: None)
    list(chunks)
    chunks.close()
    chunks.close()
    assert log == ["hook"]
    assert not any(isinstance(value, Request) for key, value in environ.items() if key not in before)


@pytest.mark.parametrize("raises", [False, True])
def test_a_rescued_error_that_is_raised_in_place_of_its_answer(raises: bool) -> None:
    """A debugger gets the error; the response of ``on_exception``, which nobody sends, is closed."""
    log: list[str] = []

    class Answering(Application[Request]):
        def on_exception(self, request: Request, error: Exception) -> Response:
            response = Response("sorry")
            response.call_on_close(lambda: log.append("hook"))
            return response

    def view(request: Request) -> Response:
        raise LookupError("of the handler")

    environ = RequestBuilder("/").environ()
    if raises:
        environ["x-wsgiorg.throw_errors"] = True
        with pytest.raises(LookupError):
            Answering(view)(environ, lambda *args: lambda data: None)
    else:
        chunks: Any = Answering(view)(environ, lambda *args: lambda data: None)
        assert (b"".join(chunks), log) == (b"sorry", [])
        chunks.close()
    assert log == ["hook"]
