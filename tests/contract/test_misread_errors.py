"""Exceptions that mean something else to a server: about its socket (OSError), iteration (StopIteration) or task."""

from __future__ import annotations

import asyncio
import io
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from cardan import Application, Compression, Mount, Request, Response
from cardan.files._file_body import FileBody
from cardan.testing import Client, RequestBuilder
from cardan.wsgi._errors import BrokenResponse

from . import error_apps
from .error_apps import AFTER, BEFORE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.servers import ServerPool

ROOT = Path(__file__).parents[2]
SERVERS = ("gunicorn", "gunicorn-gthread", "waitress", "cheroot", "wsgiref", "granian-wsgi", "uvicorn", "hypercorn")

MISREAD = ("timeout", "missing", "refused", "reset", "pipe", "ssl", "eof", "stop", "cancelled", "exit")
APPS = ("sync_app", "async_app")
FORM = {"f": ("name", b"x" * 100)}

apps = pytest.mark.parametrize("name", APPS)
misread = pytest.mark.parametrize("error", MISREAD)


class Served:
    """One call of a WSGI application, and the arguments of ``start_response``."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: dict[str, str] = {}
        self.exc_info: Any = None

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status, self.headers, self.exc_info = status, dict(headers), exc_info is not None


def environ_for(place: str, error: str, method: str = "GET") -> dict[str, Any]:
    """The environ of a request that fails at ``place``. For the place "load" it has a form."""
    query = {"place": place, "error": error}
    if place == "load":
        return RequestBuilder("/", query_string=query, method="POST", files=FORM).environ()
    return RequestBuilder("/", query_string=query, method=method).environ()


def errors_logged(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """The types of the exceptions that the logger ``cardan`` has logged since the last call."""
    found = [record.exc_info[0] for record in caplog.records if record.name == "cardan" and record.exc_info]
    caplog.clear()
    return found


@apps
@misread
@pytest.mark.parametrize("place", BEFORE)
def test_before_the_head(name: str, error: str, place: str, caplog: pytest.LogCaptureFixture) -> None:
    """An exception that a server would misread does not leave a WSGI application before the head: it is logged once
    with its traceback, and the answer is a plain 500.
    """
    answer = Served()
    body = getattr(error_apps, name)(environ_for(place, error), answer)
    assert answer.status == "500 Internal Server Error"
    assert b"".join(body) == b"Internal Server Error\n"
    assert answer.headers == {"Content-Type": "text/plain; charset=utf-8", "Content-Length": "22"}
    assert answer.exc_info
    assert len(errors_logged(caplog)) == 1


@pytest.mark.parametrize("place", BEFORE)
def test_other_errors_are_the_servers_to_report(place: str, caplog: pytest.LogCaptureFixture) -> None:
    """An ordinary exception is raised to the server, which logs it and answers 500."""
    with pytest.raises(RuntimeError, match="a defect"):
        error_apps.sync_app(environ_for(place, "defect"), Served())
    assert errors_logged(caplog) == []


@pytest.mark.parametrize("leaving", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("grouped", [False, True])
def test_what_ends_the_process_goes_out(leaving: type[BaseException], grouped: bool) -> None:
    """KeyboardInterrupt and SystemExit end more than one request, so they are raised to the server, also in a group."""

    def handler(request: Request) -> Response:
        raise BaseExceptionGroup("both", [leaving(), TimeoutError()]) if grouped else leaving()

    with pytest.raises(BaseExceptionGroup if grouped else leaving):
        Application(handler)(environ_for("", ""), Served())


def test_the_end_of_a_green_thread_goes_out() -> None:
    """A server with green threads ends a thread, and its time-outs, by exceptions. These are raised to the server, and
    so are those of classes that a program derives from theirs.
    """
    kinds = [type(name, (BaseException,), {"__module__": module}) for name, module in GREEN]
    for kind in [*kinds, *(type("Own", (kind,), {}) for kind in kinds)]:

        def handler(request: Request, kind: type[BaseException] = kind) -> Response:
            raise kind

        with pytest.raises(kind):
            Application(handler)(environ_for("", ""), Served())


class _OfTheProgram(RuntimeError):
    """An error of a program, whose class derives from RuntimeError."""


@pytest.mark.parametrize(
    ("error", "cause"), [(_OfTheProgram, StopIteration), (RuntimeError, OSError), (RuntimeError, KeyError)]
)
def test_an_error_of_the_program_with_a_cause_goes_out(
    error: type[RuntimeError], cause: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """A server takes an error for what it is, not for its cause: the server logs it, and cardan does not. Only what
    Python makes of a StopIteration in a generator stands for that one.
    """

    def handler(request: Request) -> Response:
        raise error from cause()

    with pytest.raises(error):
        Application(handler)(environ_for("", ""), Served())
    assert errors_logged(caplog) == []


GREEN = [("GreenletExit", "greenlet"), ("Timeout", "gevent.timeout")]


def test_head_has_no_body() -> None:
    """The plain 500 to a HEAD request has the header fields of GET, and no body."""
    answer = Served()
    body = error_apps.bare(environ_for("handler", "timeout", "HEAD"), answer)
    assert (answer.status[:3], answer.headers["Content-Length"], b"".join(body)) == ("500", "22", b"")


@pytest.mark.parametrize("name", ["bare", "abare", *APPS])
@misread
@pytest.mark.parametrize("place", [*AFTER, "hook"])
def test_after_the_head(name: str, error: str, place: str, caplog: pytest.LogCaptureFixture) -> None:
    """An exception after the head was sent becomes a RuntimeError, whatever it means to the server, so that every
    server logs it and ends the connection: the body never looks complete.
    """
    answer = Served()
    body: Any = getattr(error_apps, name)(environ_for(place, error), answer)
    seen = next(body)
    with pytest.raises(RuntimeError) as caught:
        body.close() if place == "hook" else next(body)
    body.close()
    assert (answer.status, seen) == ("200 OK", b"whole" if place == "hook" else b"some")
    assert isinstance(caught.value.__cause__, BaseException)
    assert errors_logged(caplog) == []


@pytest.mark.parametrize("key", ["x-wsgiorg.throw_errors", "paste.throw_errors"])
def test_debuggers_and_tests_get_the_error(key: str) -> None:
    """WSGI specification "throw_errors": with this key in the environ, exceptions are raised unchanged."""
    with pytest.raises(TimeoutError, match="database"):
        error_apps.bare({**environ_for("handler", "timeout"), key: True}, Served())
    body: Any = error_apps.bare({**environ_for("second chunk", "timeout"), key: True}, Served())
    with pytest.raises(TimeoutError, match="database"):
        b"".join(body)
    with pytest.raises(TimeoutError, match="database"), Client(error_apps.bare, protocol="wsgi") as client:
        client.get("/?place=handler&error=timeout")
    served = Served()
    error_apps.bare({**environ_for("handler", "timeout"), key: False}, served)  # the key has to be true
    assert served.status == "500 Internal Server Error"


@pytest.mark.parametrize(
    "around", [lambda app: app, lambda app: Mount({"/": app}), lambda app: Compression(Mount({"/a": app, "/": app}))]
)
def test_a_lifespan_that_cannot_start(around: Any, caplog: pytest.LogCaptureFixture) -> None:
    """On WSGI, the lifespan starts with the first request, also that of a mounted application.

    If it fails, the request is answered, and the next one retries.
    """
    tries: list[int] = []

    class Lifespan:
        def __enter__(self) -> None:
            tries.append(1)
            if len(tries) == 1:
                raise ConnectionRefusedError("no database")

        def __exit__(self, *exc_info: object) -> None:
            pass

    app = around(Application(lambda request: Response("up"), lifespan=lambda app: Lifespan()))  # type: ignore[arg-type,return-value]
    answer = Served()
    assert b"".join(app(environ_for("", ""), answer)) == b"Internal Server Error\n"
    assert (answer.status[:3], errors_logged(caplog)) == ("500", [ConnectionRefusedError])
    assert b"".join(app(environ_for("", ""), answer)) == b"up"
    app.close()


def test_a_response_alone(caplog: pytest.LogCaptureFixture) -> None:
    """If a response is itself the application, an OSError of its body is a 500 before the first chunk, and raised as
    BrokenResponse after it, also with ``direct_passthrough``.
    """

    def body(*before: bytes) -> Iterator[bytes]:
        yield from before
        raise TimeoutError

    answer = Served()
    assert b"".join(Response(body())(environ_for("", ""), answer)) == b"Internal Server Error\n"
    assert (answer.status[:3], errors_logged(caplog)) == ("500", [TimeoutError])
    with pytest.raises(BrokenResponse):
        b"".join(Response(body(b"some"))(environ_for("", ""), answer))
    with pytest.raises(BrokenResponse):
        b"".join(Response(body(b"some"), direct_passthrough=True)(environ_for("", ""), answer))


def test_a_disk_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If ``wsgi.file_wrapper`` cannot read the file, its OSError is handled in the same way."""

    def fail(self: FileBody, at: int, size: int) -> bytes:
        raise OSError(5, "Input/output error")

    path = tmp_path / "file"
    path.write_bytes(b"content")
    wrapped: list[Any] = []
    response = Response(FileBody(path.open("rb"), 7, path=str(path)))
    monkeypatch.setattr(FileBody, "_read", fail)
    environ = {**environ_for("", ""), "wsgi.file_wrapper": lambda file, size: wrapped.append(file) or []}
    response(environ, Served())
    with pytest.raises(BrokenResponse) as caught:
        wrapped[0].read(3)
    assert isinstance(caught.value.__cause__, OSError)  # a log shows the error of the disk
    wrapped[0].close()


class BrokenInput(io.RawIOBase):
    """A ``wsgi.input`` whose client has disconnected."""

    def read(self, size: int = -1, /) -> bytes:
        raise ConnectionResetError(104, "reset by peer")


@apps
def test_the_servers_own_error_is_told_apart(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """An OSError of ``wsgi.input`` is a disconnect: a 400 that is not logged, and not an error of the application."""
    answer = Served()
    environ = {**environ_for("load", "timeout"), "wsgi.input": BrokenInput()}
    b"".join(getattr(error_apps, name)(environ, answer))
    assert (answer.status[:3], errors_logged(caplog)) == ("400", [])


# --- cancellations


PAIRS = [("wsgi", "asyncio"), ("wsgi", "trio"), ("asgi", "asyncio"), ("asgi", "trio")]
pairs = pytest.mark.parametrize(("protocol", "backend"), PAIRS)


def client_of(handler: Any, protocol: Any, backend: Any, **options: Any) -> Client:
    """A client of ``handler`` for this protocol and loop. It raises the exceptions of the application."""
    return Client(Application(handler, backend=backend, **options), protocol=protocol, backend=backend)


@pairs
@pytest.mark.parametrize("place", ["handler", "body", "late body", "hook"])
def test_cancelled_elsewhere(protocol: Any, backend: Any, place: str) -> None:
    """Awaiting a task that other code has cancelled is an ordinary error, wherever it is awaited."""

    async def body(*before: bytes) -> AsyncIterator[bytes]:
        for chunk in before:
            yield chunk
        await error_apps.cancelled_elsewhere()

    async def handler(request: Request) -> Response:
        if place == "handler":
            await error_apps.cancelled_elsewhere()
        response = Response(body(b"some")) if place == "late body" else Response(body() if place == "body" else "x")
        if place == "hook":
            response.call_on_close(error_apps.cancelled_elsewhere)
        return response

    with client_of(handler, protocol, backend) as client, pytest.raises(RuntimeError, match="cancelled elsewhere"):
        client.get("/")


@pairs
def test_middleware_sees_it(protocol: Any, backend: Any) -> None:
    """If the handler awaits a task that other code has cancelled, its middleware gets an error, and may answer."""

    def answers(request: Request) -> Any:
        try:
            return (yield)
        except RuntimeError as error:
            return Response(type(error.__cause__).__name__)

    async def handler(request: Request) -> Response:
        await error_apps.cancelled_elsewhere()
        return Response("not reached")

    with client_of(handler, protocol, backend, middleware=[answers]) as client:
        assert client.get("/").text in ("CancelledError", "Cancelled")

    def returns(request: Request) -> Any:
        return handler(request)

    with client_of(returns, protocol, backend, middleware=[answers]) as client:
        assert client.get("/").text in ("CancelledError", "Cancelled")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", ["def", "async", "error", "alone"])
def test_while_the_rest_of_an_upload_is_discarded(backend: Any, kind: str) -> None:
    """A ``receive`` that awaits what was cancelled elsewhere fails: the answer is sent whole, an error stays it."""
    sent: list[Any] = []

    def handler(request: Request) -> Response:
        if kind == "error":
            raise LookupError("a defect")
        return Response(b"early")

    async def ahandler(request: Request) -> Response:
        return handler(request)

    async def receive() -> Any:
        await error_apps.cancelled_elsewhere()

    async def send(message: Any) -> None:
        sent.append(message)

    app: Any = Response(b"early") if kind == "alone" else Application(ahandler if kind == "async" else handler)

    async def main() -> None:
        scope = {**RequestBuilder("/", method="POST").scope(), "headers": [(b"transfer-encoding", b"chunked")]}
        if kind == "error":
            with pytest.raises(LookupError, match="a defect"):
                await app(scope, receive, send)
        else:
            await app(scope, receive, send)

    anyio.run(main, backend=backend)
    if kind != "error":
        assert b"".join(message.get("body", b"") for message in sent) == b"early"
        assert not sent[-1].get("more_body")


@pytest.mark.parametrize("how", ["task", "scope"])
@pytest.mark.parametrize("place", ["handler", "body"])
def test_our_own_cancellation_passes(how: str, place: str) -> None:
    """If the task of the request itself is cancelled, by a scope or by ``Task.cancel()``, it is raised unchanged."""
    started: list[Callable[[], Any]] = []

    async def endless() -> AsyncIterator[bytes]:
        yield b"some"
        started[0]()
        await anyio.sleep(60)

    async def handler(request: Request) -> Response:
        if place == "body":
            return Response(endless())
        started[0]()
        await anyio.sleep(60)
        return Response("not reached")

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    async def main() -> None:
        scope = RequestBuilder("/").scope()
        if how == "scope":
            with anyio.CancelScope() as cancelling:
                started.append(cancelling.cancel)
                await Application(handler)(scope, receive, send)
            assert cancelling.cancelled_caught
        else:
            task = asyncio.ensure_future(Application(handler)(scope, receive, send))
            started.append(task.cancel)
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()

    asyncio.run(main())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("phase", ["startup", "shutdown"])
def test_in_a_lifespan(backend: Any, phase: str) -> None:
    """The server gets the message that the lifespan failed. After a mere cancellation it would continue without one."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        if phase == "startup":
            await error_apps.cancelled_elsewhere()
        yield
        await error_apps.cancelled_elsewhere()

    sent: list[Any] = []
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(asked)}

    async def send(message: Any) -> None:
        sent.append(message)

    async def main() -> None:
        app = Application(lambda request: Response("x"), lifespan=lifespan)
        with pytest.raises(RuntimeError, match="cancelled elsewhere"):
            await app({"type": "lifespan"}, receive, send)

    anyio.run(main, backend=backend)
    assert sent[-1]["type"] == f"lifespan.{phase}.failed"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_loop_that_somebody_ended(backend: Any, caplog: pytest.LogCaptureFixture) -> None:
    """If a task of the application ends the event loop of async handlers, the next request gets a new one."""

    async def end() -> None:
        raise SystemExit

    async def handler(request: Request) -> Response:
        if request.path == "/end":
            if backend == "trio":
                import trio

                trio.lowlevel.spawn_system_task(end)
            else:
                asyncio.get_running_loop().create_task(end()).add_done_callback(asyncio.Task.exception)
            await anyio.sleep(60)
        return Response("served")

    app = Application(handler, backend=backend)
    assert b"".join(app(RequestBuilder("/").environ(), Served())) == b"served"
    loops = [each for each in threading.enumerate() if each.name == f"cardan-{backend}"]
    answer = Served()
    b"".join(app(RequestBuilder("/end").environ(), answer))
    assert answer.status == "500 Internal Server Error"
    for each in loops:
        each.join(100)
    assert b"".join(app(RequestBuilder("/").environ(), Served())) == b"served"


# --- real servers


def is_broken(client: httpx.Client, url: str, query: dict[str, str]) -> bool:
    """True if the client sees that the body is incomplete. With wsgiref it never can."""
    try:
        return client.get(url, params=query).text != "some"
    except httpx.RemoteProtocolError:
        return True


@pytest.mark.real_server
@pytest.mark.parametrize("server", SERVERS)
def test_on_real_servers(server: str, server_pool: ServerPool) -> None:
    """Before the head the client gets a 500.

    After it, the client sees that the body is incomplete, and the log has the error.
    """
    with httpx.Client(timeout=100) as client:
        for name in APPS:
            running = server_pool.get(server, f"tests.contract.error_apps:{name}", app_dir=ROOT)
            for error in MISREAD:
                response = client.get(running.url, params={"place": "handler", "error": error})
                assert response.status_code == 500, (name, error)
            for place in ("second chunk", "second async chunk"):
                for error in ("timeout", "reset", "stop", "cancelled"):
                    assert is_broken(client, running.url, {"place": place, "error": error}) or server == "wsgiref"
            assert client.get(running.url, params={"place": "", "error": ""}).text == "whole"
            running.wait_for_log("SSLError")
        response = client.get(running.url, params={"place": "elsewhere", "error": ""})
        assert response.status_code == 500
        running.wait_for_log("cancelled elsewhere")
