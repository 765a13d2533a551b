"""What the request objects of one request share: the body, its replay, errors and files; loops and threads."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import threading
import weakref
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from cardan import Application, Request, Response
from cardan.core._request.limits import LIMIT_NAMES
from cardan.core.forms._files import is_on_disk
from cardan.exceptions import (
    BadRequest,
    BodyConsumed,
    BodyNotLoaded,
    ClientDisconnected,
    RequestEntityTooLarge,
    RequestTimeout,
)
from cardan.testing import Client, RequestBuilder
from cardan.wsgi._input import InputBody

from .conftest import IN_PROCESS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FORM = {"form": {"a": "1"}}


class Small(Request):
    """Limits that are small enough for a test."""

    max_content_length = 4
    max_data_memory = 4


def make(protocol: str, *args: Any, cls: type[Request] = Request, **options: Any) -> Request:
    """A request in sync mode on WSGI, and in async mode on ASGI."""
    return cls.from_values(*args, protocol=protocol, **options)  # type: ignore[arg-type]


async def loaded(request: Request, form: bool = True) -> Request:
    """Load the request if its mode needs it."""
    if request._mode == "async":
        await request.load(form=form)
    return request


def again(request: Request, cls: type[Request] | None = None) -> Request:
    """Another request object of the same request."""
    if request._wsgi_environ is not None:
        return (cls or Request)(request.environ)
    return (cls or Request)(request.scope, request.receive)


UPLOAD = {"form": {"a": "1"}, "files": {"f": ("a.txt", b"12345"), "g": ("b.txt", b"678")}}


both = pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
pytestmark = pytest.mark.anyio


# --- sharing ---


@both
async def test_parsed_form_is_shared(protocol: str) -> None:
    """Requests with equal settings share one form and its files."""
    request = await loaded(make(protocol, method="POST", form={"a": "1"}, files={"f": ("x", b"12")}))
    other = again(request)
    assert other.form["a"] == "1"
    assert other.files["f"] is request.files["f"]


@both
async def test_other_settings_do_not_share_a_form(protocol: str) -> None:
    """A form that was parsed with other limits is not used, and the bytes are not there any more."""

    class Strict(Request):
        form_rules = "strict"

    request = await loaded(make(protocol, method="POST", form={"a": "1"}))
    assert request.form["a"] == "1"
    with pytest.raises(BodyConsumed, match="parsed as a form by a request with other settings"):
        (await loaded(again(request, Strict))).form
    assert request.form["a"] == "1"


@both
async def test_each_request_checks_its_own_limits(protocol: str) -> None:
    """A body that one request object has read is checked again against the smaller limits of another one."""
    request = await loaded(make(protocol, method="POST", data=b"12345"), form=False)
    assert request.data == b"12345"
    other = again(request, Small)
    for name in ("data", "text", "stream"):
        with pytest.raises(RequestEntityTooLarge) as caught:
            getattr(other, name)
        assert caught.value.limit == "max_content_length"
    assert request.text == "12345"


@both
async def test_a_limit_of_one_is_no_failure_of_the_other(protocol: str) -> None:
    """If the declared length exceeds the limit of one request object, another one can still read the body."""
    request = make(protocol, method="POST", data=b"12345", cls=Small)
    with pytest.raises(RequestEntityTooLarge):
        (await loaded(request)).data
    assert (await loaded(again(request))).data == b"12345"


@both
async def test_two_requests_share_nothing(protocol: str) -> None:
    """Requests with different environs or scopes are independent."""
    one = await loaded(make(protocol, method="POST", form={"a": "1"}))
    two = await loaded(make(protocol, method="POST", form={"a": "2"}))
    assert (one.form["a"], two.form["a"]) == ("1", "2")
    assert one._exchange() is not two._exchange()


# --- sources ---


async def test_another_receive_is_another_body() -> None:
    """A middleware that replaces receive makes a new body. The outer request keeps its own, even in one scope."""
    builder = RequestBuilder(method="POST", data=b"abc")
    scope, receive = builder.scope(), builder.receive()
    outer = await Request(scope, receive).load()

    async def upper() -> Any:
        message = await outer.receive()
        return {**message, "body": message.get("body", b"").upper()}

    inner = await Request(scope, upper).load()
    assert (outer.data, inner.data) == (b"abc", b"ABC")
    assert (again(outer).data, Request(scope, upper).data) == (b"abc", b"ABC")
    assert outer.data == b"abc"


def test_another_input_is_another_body() -> None:
    """On WSGI, another ``wsgi.input`` makes another body, in the same environ and in a copy of it."""
    environ = RequestBuilder(method="POST", data=b"abc").environ()
    outer = Request(environ)
    assert outer.data == b"abc"
    copied = {**environ, "wsgi.input": io.BytesIO(b"ABC")}
    assert Request(copied).data == b"ABC"
    environ["wsgi.input"] = io.BytesIO(b"xyz")
    assert (Request(environ).data, outer.data, Request(copied).data) == (b"xyz", b"abc", b"ABC")


@pytest.mark.parametrize("place", IN_PROCESS)
def test_files_of_every_body_are_closed(place: str) -> None:
    """Files that were parsed from a body that a middleware has made are closed with the request, too."""
    protocol, _, backend = place.partition("-")
    seen: list[Any] = []

    @Application
    def app(request: Request) -> Response:
        seen.append(request.files["f"])
        if protocol == "wsgi":
            request.environ["wsgi.input"] = io.BytesIO(body)
            other = Request(request.environ)
        else:
            messages = iter([{"type": "http.request", "body": body}])

            async def receive() -> Any:
                return next(messages)

            other = Request(request.scope, receive)
        seen.append(other.files["f"])
        return Response("ok")

    builder = RequestBuilder(method="POST", files={"f": ("x", b"1" * 600_000)})
    body = builder.body
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
        assert client.send(builder.request()).text == "ok"
    assert [file.stream.closed for file in seen] == [True, True]
    assert seen[0] is not seen[1]


# --- replay ---


async def read_all(receive: Any) -> bytes:
    """Read a body as an ASGI application does."""
    data, more = b"", True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        data, more = data + message["body"], message.get("more_body", False)
    return data


@pytest.mark.parametrize("first", ["nothing", "load", "form", "stream", "failed"])
async def test_replay_on_asgi(first: str) -> None:
    """`request.receive` replays the bytes that were kept, and then continues. If they were not kept, it raises."""
    builder = RequestBuilder(method="POST", form={"a": "1"})
    request = Request(builder.scope(), builder.receive(2))
    if first == "load":
        await request.load(form=False)
    elif first == "form":
        await request.load()
    elif first == "stream":
        await anext(aiter(request.aiter_data()))
    elif first == "failed":
        request = Request(RequestBuilder(method="POST", data=b"x").scope(), _gone)
        with pytest.raises(ClientDisconnected):
            await request.load()
    if first in ("nothing", "load"):
        assert await read_all(request.receive) == b"a=1"
        assert (await request.receive())["type"] == "http.disconnect"
        assert request.disconnected
    else:
        with pytest.raises((BodyConsumed, ClientDisconnected)):
            await request.receive()
    if first == "nothing":
        with pytest.raises(BodyConsumed, match=r"consumed by receive\(\)"):
            await request.load()


async def _gone() -> Any:
    return {"type": "http.disconnect"}


@pytest.mark.parametrize("first", ["nothing", "data", "form", "stream", "failed"])
def test_replay_on_wsgi(first: str) -> None:
    """`environ["wsgi.input"]` replays the bytes that were kept, and ends by itself; else it raises."""
    environ = RequestBuilder(method="POST", form={"a": "1"}).environ()
    if first == "failed":
        environ["wsgi.input"] = io.BytesIO(b"a")
    request = Request(environ)
    if first == "nothing":
        assert request.limits  # this does not access the body
        again(request)._body
    elif first == "data":
        request.get_data()
    elif first == "form":
        assert request.form
    elif first == "stream":
        request.stream.read(1)
    else:
        with pytest.raises(ClientDisconnected):
            request.get_data()
        assert request.disconnected
    stream = environ["wsgi.input"]
    assert environ["wsgi.input_terminated"]
    if first in ("nothing", "data"):
        assert (stream.read(2), stream.read(), stream.read()) == (b"a=", b"1", b"")
    else:
        with pytest.raises((BodyConsumed, ClientDisconnected)):
            stream.read()
    if first == "nothing":
        with pytest.raises(BodyConsumed, match=r"consumed by wsgi\.input"):
            request.data


def test_input_without_a_length_is_not_touched() -> None:
    """Without Content-Length and `wsgi.input_terminated`, the body is empty and the input is not read."""

    class Untouchable:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("read")

    for length in ("", None):
        environ = RequestBuilder(method="POST").environ({"wsgi.input": Untouchable(), "CONTENT_LENGTH": length})
        if length is None:
            del environ["CONTENT_LENGTH"]
        environ.pop("wsgi.input_terminated", None)
        assert Request(environ).data == b""


def test_input_terminated() -> None:
    """With `wsgi.input_terminated`, the body ends at the end of the input."""
    environ = RequestBuilder(method="POST").environ({"wsgi.input": io.BytesIO(b"all"), "wsgi.input_terminated": True})
    environ.pop("CONTENT_LENGTH", None)
    assert Request(environ).data == b"all"


def test_input_is_never_read_past_the_length() -> None:
    """On a keep-alive connection, the next request follows the body."""
    for read in (lambda r: r.data, lambda r: r.stream.read(), lambda r: b"".join(r.iter_data()), lambda r: r.form):
        environ = RequestBuilder(method="POST", form={"a": "1"}).environ()
        stream = environ["wsgi.input"] = io.BytesIO(b"a=1GET / HTTP/1.1")
        read(Request(environ))
        assert stream.read() == b"GET / HTTP/1.1"


@pytest.mark.parametrize(("error", "name"), [(OSError("gone"), "ClientDisconnected"), (ValueError("x"), "BadRequest")])
def test_errors_of_the_input(error: Exception, name: str) -> None:
    """An OSError of the input means that the client has disconnected. Any other exception becomes a 400."""

    class Broken:
        def read(self, size: int) -> bytes:
            raise error

    request = Request(RequestBuilder(method="POST", data=b"x").environ({"wsgi.input": Broken()}))
    for _ in range(2):
        with pytest.raises(BadRequest) as caught:
            request.data
        assert type(caught.value).__name__ == name


# --- the loop ---


async def test_concurrent_loads_share_one_read() -> None:
    """Any number of tasks may load. The body is received once, and all get it."""
    received = 0

    async def receive() -> Any:
        nonlocal received
        received += 1
        await anyio.sleep(0.01)
        return {"type": "http.request", "body": b"1", "more_body": received < 3}

    scope = RequestBuilder(method="POST").scope()
    scope["headers"] = []
    requests = [Request(scope, receive) for _ in range(5)]
    early: list[str] = []
    async with anyio.create_task_group() as group:
        for request in requests:
            group.start_soon(request.load)
        await anyio.sleep(0.005)
        for name in ("data", "form", "json", "values"):  # the body is being loaded, so it is not loaded yet
            with pytest.raises(BodyNotLoaded):
                getattr(requests[0], name)
            early.append(name)
    assert [request.data for request in requests] == [b"111"] * 5
    assert (received, len(early)) == (3, 4)


async def test_concurrent_loads_share_the_failure() -> None:
    """If loading fails, all tasks get the error."""
    errors: list[str] = []

    async def receive() -> Any:
        await anyio.sleep(0.01)
        return {"type": "http.disconnect"}

    scope = RequestBuilder(method="POST", data=b"xx").scope()

    async def load() -> None:
        try:
            await Request(scope, receive).load()
        except ClientDisconnected as error:
            errors.append(str(error))

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(load)
    assert len(errors) == 3


async def test_cancelled_load_leaves_no_file() -> None:
    """Loading is cancelled between two messages: the file on disk is closed at once, and later loads raise."""
    builder = RequestBuilder(method="POST", files={"f": ("x", b"1" * 900_000)})
    chunks = [builder.body[at : at + 100_000] for at in range(0, 800_000, 100_000)]

    async def receive() -> Any:
        if not chunks:
            await anyio.sleep_forever()
        return {"type": "http.request", "body": chunks.pop(0), "more_body": True}

    request = Request(builder.scope(), receive)
    before = _open_files()
    during = 0

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(_cancel_later, scope)
            try:
                await request.load()
            finally:
                during = _open_files()
    assert (_open_files(), during) == (before, before)
    with pytest.raises(BodyConsumed):
        request.form


async def _cancel_later(scope: anyio.CancelScope) -> None:
    await anyio.sleep(0.2)
    scope.cancel()


def _open_files() -> int:
    here = f"/proc/{os.getpid()}/fd"
    names = [os.readlink(f"{here}/{fd}") for fd in os.listdir(here) if os.path.islink(f"{here}/{fd}")]
    return sum("(deleted)" in name for name in names)


async def test_truncated_form_leaves_no_file() -> None:
    """A client that disconnects during an upload gives ClientDisconnected, and no file stays open."""
    builder = RequestBuilder(method="POST", files={"f": ("x", b"1" * 900_000)})
    messages = [
        {"type": "http.request", "body": builder.body[:800_000], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return messages.pop(0)

    before = _open_files()
    request = Request(builder.scope(), receive)
    with pytest.raises(ClientDisconnected):
        await request.load()
    assert _open_files() == before
    assert request.disconnected


async def test_body_timeout() -> None:
    """`body_timeout` seconds without a byte give a 408. Each byte starts the time again, an empty message does not."""
    waits = [0.0, 0.2, 0.2, 0.2, 0.2]  # together longer than the time-out, each of them shorter

    async def slow() -> Any:
        await anyio.sleep(waits.pop(0) if waits else 0)
        return {"type": "http.request", "body": b"1" if waits else b"", "more_body": bool(waits)}

    async def empty() -> Any:
        await anyio.sleep(0.01)
        return {"type": "http.request", "body": b"", "more_body": True}

    class Patient(Request):
        body_timeout = 0.6

    scope = RequestBuilder(method="POST").scope()
    scope["headers"] = []
    assert (await Patient(dict(scope), slow).load()).data == b"1111"
    request = Patient(dict(scope), empty)
    request.body_timeout = 0.05
    for _ in range(2):
        with pytest.raises(RequestTimeout, match=r"no byte of the body came in 0\.05 seconds"):
            await request.load()
    with pytest.raises(RuntimeError):
        request.body_timeout = 5


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("how", ["def", "async", "preloaded"])
def test_body_timeout_is_408(backend: str, how: str) -> None:
    """The answer is 408, for sync and async handlers."""

    class Patient(Request):
        body_timeout = 0.1
        drain_timeout = 0.1  # nothing will come

    @Patient.application
    def app(request: Patient) -> Response:
        return Response(request.get_data())

    @Patient.application(load=True)
    async def aapp(request: Patient) -> Response:
        return Response(request.get_data())

    answers: list[Any] = []

    async def receive() -> Any:
        await anyio.sleep_forever()

    async def send(message: Any) -> None:
        answers.append(message)

    async def main() -> None:
        scope = RequestBuilder(method="POST").scope()
        scope["headers"] = [(b"content-length", b"5")] if how == "preloaded" else [(b"transfer-encoding", b"chunked")]
        await (aapp if how == "async" else app)(scope, receive, send)

    anyio.run(main, backend=backend)
    assert answers[0]["status"] == 408


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_small_body_is_received_before_a_thread_is_asked_for(backend: str) -> None:
    """A sync handler has a declared body of at most 64 KiB at once. One that is larger, that has no declared length,
    that waits to be invited or that may exceed a limit is received when the handler reads it.
    """
    log: list[str] = []

    class Unlimited(Request):
        vars().update(dict.fromkeys(LIMIT_NAMES))

    class Limited(Unlimited):
        max_form_memory_size = 2

    def handler(request: Request) -> Response:
        log.append("handler")
        return Response(str(len(request.get_data())))

    async def main(app: Any, size: int, fields: list[tuple[bytes, bytes]]) -> bytes:
        pieces = [b"x" * (size - 1), b"", b"x"]
        sent: list[Any] = []

        async def receive() -> Any:
            log.append("receive")
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(message)

        await app({**RequestBuilder(method="POST").scope(), "headers": fields}, receive, send)
        return b"".join(message.get("body", b"") for message in sent)

    chunked, expecting = [(b"transfer-encoding", b"chunked")], [(b"expect", b"100-continue")]
    for kind, size, fields, is_early in (
        (Request, 3, [], True),
        (Unlimited, 65_536, [], True),
        (Unlimited, 65_537, [], False),
        (Unlimited, 3, expecting, False),
        (Unlimited, 3, chunked, False),
        (Limited, 2, [], True),
        (Limited, 3, [], False),
    ):
        app = Application(handler, request_class=kind)
        declared = [] if fields is chunked else [(b"content-length", str(size).encode())]
        log.clear()
        assert anyio.run(main, app, size, [*declared, *fields], backend=backend) == str(size).encode()
        received = ["receive"] * 3
        assert log == ([*received, "handler"] if is_early else ["handler", *received]), (kind, size, fields)


# --- nothing is left ---


@pytest.mark.parametrize("how", ["data", "form", "files", "stream", "nothing"])
@pytest.mark.parametrize("place", ["wsgi", "def", "async"])
def test_no_cycles(place: str, how: str) -> None:
    """After the response, a request and its body are freed by reference counting, on both protocols."""
    seen: list[Any] = []

    def view(request: Request) -> Response:
        seen.append(weakref.ref(request))
        if how != "nothing":
            value = getattr(request, how)
            if how == "stream":
                value.read()
        return Response("ok")

    async def aview(request: Request) -> Response:
        await request.load(form=how != "stream")
        return view(request)

    app = Application(aview if place == "async" else view)
    builder = RequestBuilder(method="POST", form={"a": "1"}, files={"f": ("x", b"1" * 10)})

    async def send(message: Any) -> None:
        pass

    def serve() -> None:
        if place == "wsgi":
            environ = builder.environ()
            assert list(app(environ, lambda *args: None)) == [b"ok"]
            return
        anyio.run(app.asgi_app, builder.scope(), builder.receive(), send)

    before = set(threading.enumerate())
    gc.collect()
    gc.disable()
    try:
        serve()
        for thread in set(threading.enumerate()) - before:  # a worker thread keeps its last job until it ends
            thread.join(5)
        assert seen[0]() is None
    finally:
        gc.enable()


# --- threads ---


@pytest.mark.parametrize("place", IN_PROCESS)
@pytest.mark.parametrize("way", ["data", "form", "stream", "iter_data", "files"])
def test_foreign_threads(place: str, way: str) -> None:
    """Sync code can read the body in a thread that the handler has started."""
    protocol, _, backend = place.partition("-")
    ask: dict[str, Any] = {
        "data": lambda request: request.get_data(),
        "form": lambda request: request.form["a"].encode(),
        "stream": lambda request: request.stream.read(),
        "iter_data": lambda request: b"".join(request.iter_data()),
        "files": lambda request: str(len(request.files)).encode(),
    }

    @Request.application
    def app(request: Request) -> Response:
        found: list[Any] = []

        def work() -> None:
            try:
                found.append(ask[way](request))
            except BaseException as error:
                found.append(repr(error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(100)
        return Response(found[0])

    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
        body = iter([b"a=", b"1" * 1000])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        text = client.post("/", content=body, headers=headers).text
    assert text == {"data": "a=" + "1" * 1000, "files": "0", "form": "1" * 1000}.get(way, "a=" + "1" * 1000)


@pytest.mark.parametrize("place", IN_PROCESS)
def test_async_sink_end_to_end(place: str) -> None:
    """An async sink is awaited in an async handler, on both protocols.

    In a sync handler it is a TypeError, and so a 500.
    """
    protocol, _, backend = place.partition("-")
    stored: list[bytes] = []

    class Store:
        async def write(self, data: bytes) -> None:
            await anyio.sleep(0)
            stored.append(data)

        async def __aexit__(self, kind: Any, *details: Any) -> None:
            await anyio.sleep(0)
            stored.append(b"left" if kind is None else kind.__name__.encode())

    class Storing(Request):
        def make_file_sink(self, part: Any) -> Any:
            return Store()

    @Storing.application
    async def app(request: Storing) -> Response:
        await request.load()
        return Response(request.files["f"].filename)

    @Storing.application
    def sync_app(request: Storing) -> Response:
        return Response(request.files["f"].filename)

    builder = RequestBuilder(method="POST", files={"f": ("x.bin", b"12345")})
    options: Any = {"protocol": protocol, "backend": backend or "asyncio", "raise_app_exceptions": False}
    with Client(app, **options) as client:
        assert client.send(builder.request()).text == "x.bin"
        assert (b"".join(stored[:-1]), stored[-1]) == (b"12345", b"left")
        stored.clear()
        request = RequestBuilder(method="POST", data=builder.body[:-8], content_type=_type_of(builder)).request()
        assert client.send(request).status_code == 400
        assert stored[-1] == b"MultipartError"
    with Client(sync_app, **options) as client:
        assert client.send(builder.request()).status_code == 500


def _type_of(builder: RequestBuilder) -> str:
    return next(value.decode() for name, value in builder.opening.headers if name.lower() == b"content-type")


# --- small forms, which are parsed at once


class Stingy(Request):
    """Only five bytes of files may stay in memory: one of the two files of UPLOAD."""

    max_spool_memory = 5


@both
@pytest.mark.parametrize("cls", [Request, Stingy])
async def test_a_small_upload_says_what_a_streamed_one_does(protocol: str, cls: type[Request]) -> None:
    """A form gives the same whether it is parsed at once or in steps, with its files on disk or in memory."""
    kept = await loaded(make(protocol, method="POST", cls=cls, **UPLOAD), form=False)
    whole = await loaded(make(protocol, method="POST", cls=cls, **UPLOAD))
    for request in (kept, whole):
        assert request.form.to_dict() == {"a": "1"}
        files = {name: (file.filename, file.stream.read(), file.size) for name, file in request.files.items()}
        assert files == {"f": ("a.txt", b"12345", 5), "g": ("b.txt", b"678", 3)}
        assert [is_on_disk(file) for file in request.files.values()] == [False, cls is Stingy]
        await request.aclose()
        assert all(file.stream.closed for file in request.files.values())


@both
@pytest.mark.parametrize(("limit", "allowed"), [("max_files", 1), ("max_form_parts", 2), ("max_file_size", 4)])
async def test_a_small_upload_past_a_limit(protocol: str, limit: str, allowed: int) -> None:
    """A form that is parsed at once cannot exceed a limit."""
    request = make(protocol, method="POST", **UPLOAD)
    setattr(request, limit, allowed)
    with pytest.raises(RequestEntityTooLarge) as caught:
        (await loaded(request)).files
    assert (caught.value.limit, caught.value.allowed) == (limit, allowed)


@both
async def test_a_sink_of_the_request_itself_gets_every_file(protocol: str) -> None:
    """If a subclass or an object defines the hook for sinks, it gets every file."""
    sinks: list[io.BytesIO] = []

    def open_sink(*args: Any) -> io.BytesIO:
        sinks.append(io.BytesIO())
        return sinks[-1]

    request = make(protocol, method="POST", **UPLOAD)
    request.make_file_sink = open_sink  # type: ignore[method-assign]
    assert len((await loaded(request)).files) == 2
    assert [sink.getvalue() for sink in sinks] == [b"12345", b"678"]


@both
async def test_equal_settings_of_another_class_share_the_form(protocol: str) -> None:
    """Limits are compared by value, whether they are set on the class, on a subclass or on the object."""

    class Same(Request):
        max_form_parts = 7

    first = make(protocol, method="POST", **FORM)
    first.max_form_parts = 7
    await loaded(first)
    assert first.form == {"a": "1"}
    assert (await loaded(again(first, Same))).form == {"a": "1"}
    with pytest.raises(BodyConsumed, match="other settings"):
        (await loaded(again(first))).form


# --- the input of a WSGI server ---


class Refusing(io.BytesIO):
    """The input of a middleware that has a limit of its own."""

    def read(self, size: int | None = -1) -> bytes:
        raise RequestEntityTooLarge("too much for the middleware")

    read1 = read


def test_an_http_error_of_the_input() -> None:
    """An input that raises an HTTPException, as a middleware's may, has chosen the answer to the client."""
    app = Application(lambda request: Response(request.get_data()))
    statuses: list[str] = []
    environ = RequestBuilder("/", method="POST", data=b"data").environ()
    environ["wsgi.input"] = Refusing()
    list(app(environ, lambda status, headers, exc_info=None: statuses.append(status)))
    assert [status[:3] for status in statuses] == ["413"]


def test_the_input_after_the_request_was_opened() -> None:
    """``wsgi.input`` is a file then, which replays the body: it can be iterated, and is a context manager."""
    seen: list[Any] = []

    def handler(request: Request) -> Response:
        assert request.get_data() == b"one\ntwo\nthree\nfour"
        with request.environ["wsgi.input"] as file:
            seen.append(file.readline())
            seen.append(next(file))
            seen.extend(file)
            seen.append(file.closed)
        seen.append(file.closed)
        return Response("x")

    with Client(Application(handler), "wsgi") as client:
        client.post("/", content=b"one\ntwo\nthree\nfour")
    assert seen == [b"one\n", b"two\n", b"three\n", b"four", False, True]


def test_bytes_that_were_read_for_a_task_that_was_cancelled() -> None:
    """A read that blocks goes on although its task is cancelled: the next read gets its bytes."""
    body = InputBody(io.BytesIO(b"one two"), 7)

    async def run_sync(function: Any, *args: Any) -> None:
        function(*args)
        raise asyncio.CancelledError

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await body.aread(3, False)

    body.run_sync = run_sync
    asyncio.run(main())
    assert (body.read(3, False), body.read(10, False)) == (b"one", b" two")


def test_waiting_for_a_client_that_has_left() -> None:
    """On WSGI a read tells that the client has left; to wait for it then ends at once, however often."""
    seen: list[str] = []

    async def handler(request: Request) -> Response:
        with pytest.raises(ClientDisconnected):
            await request.load()
        for _ in range(2):
            with anyio.fail_after(100):
                await request.wait_disconnected()
            seen.append("left")
        return Response("x")

    environ = RequestBuilder("/", method="POST", data=b"data").environ()
    environ["CONTENT_LENGTH"] = "100"
    list(Application(handler)(environ, lambda status, headers, exc_info=None: print))
    assert seen == ["left", "left"]


def test_waiting_without_a_receive() -> None:
    """A request that has only a head cannot tell when its client leaves: the error says what is missing."""
    request = Request(RequestBuilder("/").scope())

    async def main() -> None:
        await request.wait_disconnected()

    with pytest.raises(RuntimeError, match="got a request without receive, expected one"):
        anyio.run(main)


@pytest.mark.anyio
async def test_the_state_of_a_lifespan_where_the_scope_has_none() -> None:
    """On a server that keeps no state, each request has a copy of its own of what the lifespan has yielded."""
    seen: list[Any] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"number": 1}

    async def handler(request: Request) -> Response:
        seen.append(dict(request.state))
        request.state["number"] = 2
        return Response("x")

    async def nothing() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    app = Application(handler, lifespan=lifespan)
    begun, over = anyio.Event(), anyio.Event()
    events = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        kind = next(events)
        if kind == "lifespan.shutdown":
            await over.wait()
        return {"type": kind}

    async def send(message: Any) -> None:
        if message["type"] == "lifespan.startup.complete":
            begun.set()

    async with anyio.create_task_group() as group:
        group.start_soon(app.asgi_app, {"type": "lifespan"}, receive, send)
        with anyio.fail_after(100):
            await begun.wait()
        for _ in range(2):
            scope = RequestBuilder("/").scope()
            scope.pop("state", None)
            await app.asgi_app(scope, nothing, send)
        over.set()
    assert seen == [{"number": 1}, {"number": 1}]
