"""BaseRequest and Request: one class with declared attributes, and what it keeps on the object."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, MutableMapping
from contextlib import suppress
from types import coroutine
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cardan import Request as BothRequest
from cardan import core
from cardan.core import RequestHead
from cardan.core._request import fields
from cardan.core._request.request import expect_trusted_host
from cardan.exceptions import BadRequest, ClientDisconnected, SecurityError

BODIES = {
    "urlencoded": (b"application/x-www-form-urlencoded", b"a=1"),
    "multipart": (
        b"multipart/form-data; boundary=B",
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nfile\r\n--B--\r\n',
    ),
    "json": (b"application/json", b'{"a": 1}'),
    "text": (b"text/plain", b"some text"),
}


def fields_of(content: str) -> list[tuple[bytes, bytes]]:
    content_type, body = BODIES[content]
    return [(b"host", b"a.example"), (b"content-type", content_type), (b"content-length", b"%d" % len(body))]


def on_core(content: str) -> core.Request:
    return core.Request(RequestHead("POST", headers=fields_of(content)), BODIES[content][1])


def on_wsgi(content: str) -> BothRequest:
    content_type, body = BODIES[content]
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "wsgi.input": io.BytesIO(body)}
    return BothRequest(environ | {"CONTENT_TYPE": content_type.decode(), "CONTENT_LENGTH": str(len(body))})


def on_asgi(content: str) -> BothRequest:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": BODIES[content][1], "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": fields_of(content)}
    return BothRequest(scope, receive)


def read_every_member(request: core.Request) -> None:
    """Read each attribute, and call each way to read the body. A second reading way may find nothing left."""
    for name in dir(type(request)):
        if not name.startswith("__"):
            with suppress(Exception):
                getattr(request, name)
    for call in (request.get_data, request.get_json, request.iter_data, request.iter_parts):
        with suppress(Exception):
            call()


def undeclared(request: core.Request) -> list[str]:
    """The keys of the request's ``__dict__`` that no class declares: neither as an attribute nor by an annotation."""
    declared = {name for cls in type(request).__mro__ for name in (*vars(cls), *vars(cls).get("__annotations__", ()))}
    return sorted(set(vars(request)) - declared)


@pytest.mark.parametrize("content", BODIES)
@pytest.mark.parametrize("make", [on_core, on_wsgi])
def test_a_request_keeps_nothing_under_an_undeclared_name(make: Callable[[str], core.Request], content: str) -> None:
    """After every member was read, each key of the ``__dict__`` is declared on a class of the request."""
    request = make(content)
    request.max_files = 3
    read_every_member(request)
    assert len(vars(request)) > 20  # else the members were not read
    assert undeclared(request) == []


@pytest.mark.anyio
@pytest.mark.parametrize("content", BODIES)
async def test_in_async_code_neither(content: str) -> None:
    """After every member was read on ASGI, too, each key of the ``__dict__`` is declared on a class of the request."""
    request = on_asgi(content)
    request.body_timeout = None
    loaded: Awaitable[BothRequest] = request.load()
    read_every_member(await loaded)
    assert len(vars(request)) > 20
    assert undeclared(request) == []
    await request.aclose()


def test_an_undeclared_key_is_found() -> None:
    """The search of this file finds a key that no class declares."""
    request = on_core("text")
    request.__dict__["unheard_of"] = 1
    assert undeclared(request) == ["unheard_of"]


def test_the_classes_of_a_request_are_few() -> None:
    """The method resolution order of a request has at most ten classes, and the usual mixins are among them."""
    assert len(BothRequest.__mro__) <= 10
    for mixin in (
        fields.AcceptMixin,
        fields.AuthorizationMixin,
        fields.ETagRequestMixin,
        fields.UserAgentMixin,
        fields.CommonRequestDescriptorsMixin,
    ):
        assert issubclass(BothRequest, mixin)


def test_state() -> None:
    """``state`` is the mapping that was given, or a new one; it is kept, and cannot be replaced."""
    given = {"user": "ann"}
    request = core.Request(RequestHead(), state=given)
    assert request.state is given
    other = core.Request(RequestHead())
    other.state["a"] = 1
    assert other.state == {"a": 1}
    with pytest.raises(AttributeError):
        other.state = {}  # type: ignore[misc]


@pytest.mark.parametrize("error", [ClientDisconnected(), ConnectionResetError()])
def test_disconnected(error: Exception) -> None:
    """``disconnected`` is true after a read of the body has failed because the client left."""

    def body() -> Iterator[bytes]:
        yield b"1"
        raise error

    request = core.Request(RequestHead("POST"), body())
    assert not request.disconnected
    with pytest.raises((ClientDisconnected, OSError)):
        request.get_data()
    assert request.disconnected


class Same:
    """A filter that changes nothing."""

    def feed(self, data: bytes) -> bytes:
        return data

    def close(self) -> bytes:
        return b""


class Filtered(core.Request):
    def make_body_filter(self) -> Same:
        return Same()


@pytest.mark.parametrize("cls", [core.Request, Filtered])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_make_event(backend: str, cls: type[core.Request]) -> None:
    """Tasks that wait for the ``load()`` of another one wait for an event that ``make_event`` makes, also if the body
    passes through a filter.
    """
    made: list[anyio.Event] = []

    def make_event() -> anyio.Event:
        made.append(anyio.Event())
        return made[-1]

    async def main() -> None:
        more = anyio.Event()

        async def body() -> AsyncIterator[bytes]:
            await more.wait()
            yield b"a"

        request = cls(RequestHead("POST"), body(), make_event=make_event)
        async with anyio.create_task_group() as group:
            group.start_soon(request.load)
            group.start_soon(request.load)
            await anyio.wait_all_tasks_blocked()
            more.set()
        assert request.data == b"a"

    anyio.run(main, backend=backend)
    assert len(made) == 1


def test_another_event_loop() -> None:
    """Without asyncio and trio a body is loaded by whatever drives the coroutine. Two tasks that load one body need
    ``make_event``, and the error names it.
    """

    class Flag:
        """An event whose tasks are driven by hand."""

        is_set = False

        def set(self) -> None:
            self.is_set = True

        async def wait(self) -> None:
            while not self.is_set:
                await turn()

    @coroutine
    def turn() -> Generator[None, None, None]:
        yield

    async def body() -> AsyncIterator[bytes]:
        await turn()
        yield b"a"

    def drive(request: core.Request) -> None:
        tasks = [request.load(), request.load()]
        while tasks:
            for task in list(tasks):
                try:
                    task.send(None)
                except StopIteration:
                    tasks.remove(task)

    request = core.Request(RequestHead("POST"), body(), make_event=Flag)
    drive(request)
    assert request.data == b"a"
    with pytest.raises(RuntimeError, match=r"got no event loop of asyncio or trio, expected .* make_event="):
        drive(core.Request(RequestHead("POST"), body()))


def test_a_constructor_that_does_not_call_ours() -> None:
    """A class that forgets ``super().__init__()`` is told so at the first access to the head."""

    class Forgetful(core.Request):
        def __init__(self) -> None:
            pass

    with pytest.raises(AttributeError, match=r"^got a Forgetful whose constructor did not run$"):
        Forgetful().head


def test_a_request_that_trusts_every_host() -> None:
    """Without ``trusted_hosts`` no Host is refused before it is asked for, not even one that is invalid."""
    request = core.Request(core.RequestHead("GET", headers=[(b"host", b"a/b")]))
    assert request.trusted_hosts is None
    expect_trusted_host(request)
    request.trusted_hosts = ["a.example"]
    with pytest.raises(SecurityError):
        expect_trusted_host(request)


@pytest.mark.parametrize("text", [b"[] x", b"1 2", b'{"a": 1}}', b"[1] \x0b", b"", b" "])
def test_json_with_something_behind_it(text: bytes) -> None:
    """A JSON text is one value (RFC 8259 section 2). What follows it, other than white space, makes it none."""
    head = core.RequestHead("POST", headers=[(b"content-type", b"application/json")])
    with pytest.raises(BadRequest):
        core.Request(head, text).get_json()
    assert core.Request(head, text).get_json(silent=True) is None
    assert core.Request(head, b"[1] \r\n\t").get_json() == [1]
