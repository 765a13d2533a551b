"""The objects of a request are freed by reference counting when it is answered; no garbage collection is needed."""

from __future__ import annotations

import contextlib
import gc
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Request, Response, abort, middleware
from cardan.exceptions import MultipartError
from cardan.testing import PROTOCOLS, RequestBuilder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from cardan import Flow

SEEN: list[weakref.ref[Any]] = []


class SmallRequest(Request):
    max_form_memory_size = 5

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        SEEN.append(weakref.ref(self))


def answer_or_fail(request: Request) -> Response:
    """Answer or fail as the path says. Some ways keep an exception for a while."""
    match request.path:
        case "/abort":
            abort(403)
        case "/form":
            return Response(str(request.form))
        case "/json":
            return Response(str(request.json))
    return Response("fine")


async def load_and_answer(request: Request) -> Response:
    await request.load()
    return answer_or_fail(request)


async_app = Application(load_and_answer, request_class=SmallRequest)
sync_app = Application(answer_or_fail, request_class=SmallRequest)
loading_app = Application(answer_or_fail, request_class=SmallRequest, load=True)


async def numbers() -> AsyncIterator[bytes]:
    for number in range(3):
        yield b"%d" % number


def stream(request: Request) -> Response:
    """A sync or async body in pieces, with or without comments, or one that fails."""
    SEEN.append(weakref.ref(request))
    match request.path:
        case "/sync":
            return Response(iter([b"0", b"1", b"2"]))
        case "/events":
            return Response.from_events(numbers())
        case "/failing":
            return Response(int(number) for number in ("1", "x"))  # type: ignore[arg-type]
    return Response(numbers())


async def astream(request: Request) -> Response:
    return stream(request)


URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
CASES = {
    "an answer": ("/", {}, b"", 200),
    "an HTTP error": ("/abort", {}, b"", 403),
    "a limit": ("/form", URLENCODED, b"a=1234567", 413),
    "a broken form": (
        "/form",
        MULTIPART,
        b'--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nxx',
        400,
    ),
    "broken JSON": ("/json", {"Content-Type": "application/json"}, b'{"a":', 400),
}


@pytest.fixture(autouse=True, scope="module")
def others() -> Iterator[None]:
    """The collector leaves the objects of other tests alone: with all of them, a collection takes a second."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def no_collector(others: None) -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    SEEN.clear()


def call_wsgi(app: Any, builder: RequestBuilder) -> int:
    status: list[str] = []
    body = app(builder.environ(), lambda line, headers, exc_info=None: status.append(line))
    list(body)
    getattr(body, "close", int)()
    return int(status[0][:3])


def call_asgi(app: Any, builder: RequestBuilder, content: bytes) -> int:
    status: list[int] = []

    async def main() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": content}

        async def send(message: Any) -> None:
            status.extend([message["status"]] if "status" in message else [])

        await app(builder.scope(), receive, send)
        await anyio.to_thread.run_sync(int)  # an idle worker thread keeps a reference to its last job

    before = threading.enumerate()  # other tests may have left the loop of the process, with workers that do not end
    anyio.run(main)
    for thread in threading.enumerate():
        # the loop has ended it, but it may be at its last job still
        if thread.name == "cardan worker thread" and thread not in before:
            thread.join()
    return status[0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("app", [sync_app, async_app, loading_app], ids=["sync", "async", "load"])
@pytest.mark.parametrize("case", CASES)
def test_an_answered_request_is_gone(case: str, app: Any, protocol: str) -> None:
    """There are no reference cycles, also not through a traceback, so buffers do not outlive the request."""
    path, headers, content, expected = CASES[case]
    builder = RequestBuilder(path, method="POST", headers=headers, data=content)
    status = call_wsgi(app, builder) if protocol == "wsgi" else call_asgi(app, builder, content)
    assert status == expected
    assert [ref() for ref in SEEN] == [None]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("leaves", [False, True], ids=["stays", "leaves"])
@pytest.mark.parametrize("handler", [stream, astream])
@pytest.mark.parametrize("path", ["/sync", "/async", "/events", "/failing"])
def test_a_stream_leaves_nothing(path: str, handler: Any, leaves: bool, backend: str) -> None:
    """The task that waits for a disconnect beside the body ends with it, and no exception is kept."""
    app = Application(handler)
    scope = RequestBuilder(path).scope()

    async def main() -> None:
        left = anyio.Event()
        began = False

        async def receive() -> Any:
            nonlocal began
            if began:
                await left.wait()
                return {"type": "http.disconnect"}
            began = True
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            if leaves and message.get("body"):
                left.set()
                await anyio.lowlevel.checkpoint()

        try:
            await app(scope, receive, send)
        except TypeError as error:
            error.__traceback__ = None  # the server drops it
        await anyio.to_thread.run_sync(int)
        await anyio.lowlevel.checkpoint()
        with anyio.move_on_after(20):  # a worker thread may be at its last job still
            while SEEN[0]() is not None:
                await anyio.sleep(0.001)
        assert SEEN[0]() is None
        assert gc.collect() == 0 or backend == "trio", gc.garbage  # trio's own tasks are cycles

    anyio.run(main, backend=backend)


class Defect(Exception):
    """An exception that is no HTTPException."""


def noted(error: Exception) -> Exception:
    SEEN.append(weakref.ref(error))
    return error


def defective(request: Request) -> Response:
    """Raise at once, or give a response whose body raises."""
    SEEN.append(weakref.ref(request))
    if request.path == "/body":

        def body() -> Iterator[bytes]:
            yield b"some"
            raise noted(Defect("a defect"))

        return Response(body())
    raise noted(Defect("a defect"))


async def adefective(request: Request) -> Response:
    return defective(request)


def coroutine(request: Request) -> Any:
    return adefective(request)


class Bounded(Request):
    """A field of the request says how much of an upload is drained."""

    max_drain_size: Any = property(lambda self: int(self.headers.get("X-Drain", "1000")))


class Answering(Application[Request]):
    """Answers unexpected exceptions as the path says."""

    request_class = Bounded

    def on_exception(self, request: Request, error: Exception) -> Response | None:
        match request.path:
            case "/none":
                return None
            case "/raises":
                abort(503)
            case "/streams":
                return Response(iter([b"sor", b"ry"]), 500)
            case "/fails":
                raise Defect("another") from error
            case "/large":
                return Response(bytes(100_000), 500)
        return Response("sorry", 500)


@middleware
def passing(request: Request) -> Flow:
    yield


ANSWERING = {
    "sync": Answering(defective),
    "async": Answering(adefective),
    "sync, coroutine": Answering(coroutine),
    "load": Answering(defective, load=True),
    "sync, middleware": Answering(defective, middleware=[passing]),
    "async, middleware": Answering(adefective, middleware=[passing]),
}


def call_wsgi_server(app: Any, builder: RequestBuilder) -> None:
    """What a WSGI server does: it gets the error that the application raises, and drops it."""
    try:
        body = app(builder.environ(), lambda status, headers, exc_info=None: None)
        with contextlib.ExitStack() as stack:
            stack.callback(getattr(body, "close", int))
            list(body)
    except Defect:
        pass


#: the pieces of an upload
PIECES = 5


async def call_asgi_server(app: Any, builder: RequestBuilder, way: str) -> None:
    """What an ASGI server does: it gets the error that the application raises, and drops it."""
    scope = builder.scope()
    left = PIECES if scope["method"] == "POST" else 1

    async def receive() -> Any:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": b"piece" if scope["method"] == "POST" else b"", "more_body": left > 0}

    async def send(message: Any) -> None:
        # the answer to an upload is sent in part before the upload is drained
        is_late = message.get("more_body") is False or len(message.get("body", b"")) > 1000
        if way in SENDS and (scope["method"] == "GET" or is_late):
            raise SENDS[way]("the client has left")

    try:
        await app(scope, receive, send)
    except (Defect, LookupError):
        pass
    await anyio.to_thread.run_sync(int)  # an idle worker thread keeps a reference to its last job


#: what the ``send()`` of a server raises
SENDS = {
    "leaves": OSError,
    "broken server": LookupError,
    "broken server, upload": LookupError,
    "broken server, upload past the bound": LookupError,
}
SERVERS = ["wsgi", *(f"{name}{way}" for name in ("asgi", "trio") for way in ("", *(f", {way}" for way in SENDS)))]


@pytest.mark.parametrize("protocol", SERVERS)
@pytest.mark.parametrize("path", ["/answer", "/none", "/raises", "/streams", "/fails", "/body", "/large"])
@pytest.mark.parametrize("name", ANSWERING)
def test_an_unexpected_exception_is_gone(name: str, path: str, protocol: str) -> None:
    """Neither the request nor the error outlives the answer, whatever ``on_exception`` does and who else fails."""
    protocol, _, way = protocol.partition(", ")
    app, builder = ANSWERING[name], RequestBuilder(path)
    if "upload" in way:
        drained = "7" if "bound" in way else "1000"
        builder = RequestBuilder(path, method="POST", data="piece" * PIECES, headers={"X-Drain": drained})
    logging.getLogger("cardan").disabled = True  # pytest keeps what is logged
    try:
        if protocol == "wsgi":
            call_wsgi_server(app, builder)
        else:
            before = threading.enumerate()
            backend = "trio" if protocol == "trio" else "asyncio"
            anyio.run(call_asgi_server, app, builder, way, backend=backend)
            for thread in threading.enumerate():
                if thread.name == "cardan worker thread" and thread not in before:
                    thread.join()
    finally:
        logging.getLogger("cardan").disabled = False
    left = [ref() for ref in SEEN]
    assert left == [None] * len(left)
    # the thread of a body may have gone on when the client was found to have left
    assert len(left) in ((1, 2) if path == "/body" and way else (2,))


class BoundedRequest(Request):
    max_content_length = 100


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "100"}], ids=["no length", "wrong length"])
def test_a_broken_form_that_is_too_large(headers: dict[str, str]) -> None:
    """Law: a form that is broken before it exceeds a limit keeps no request alive, whatever its length says."""
    pairs = [(b"content-type", b"multipart/form-data; boundary=B")]
    pairs += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "http", "http_version": "2", "method": "POST", "scheme": "http", "path": "/", "query_string": b"",
        "headers": pairs,
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"--Bx" + b"x" * 200, "more_body": False}

    async def load() -> weakref.ref[Any]:
        request = BoundedRequest(scope, receive, populate_request=False)
        with pytest.raises(MultipartError):
            await request.load()
        scope.clear()
        return weakref.ref(request)

    gc.collect()
    gc.disable()
    try:
        assert anyio.run(load)() is None
    finally:
        gc.enable()
