"""A middleware may be an ``async def`` with a ``yield``, around handlers of both kinds and on both protocols."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import Application, Request, Response, abort, middleware
from cardan.exceptions import Conflict
from cardan.testing import PROTOCOLS, Client, RequestBuilder

if TYPE_CHECKING:
    from cardan import AsyncFlow, Flow, Handler

both = pytest.mark.parametrize("protocol", PROTOCOLS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])
backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Defect(Exception):
    """A fault of the program."""


def handler(request: Request) -> Response:
    """Answers, or fails as the path says."""
    if request.path == "/conflict":
        raise Conflict
    if request.path == "/defect":
        raise Defect
    return Response(request.form.get("a", "no form"))


async def ahandler(request: Request) -> Response:
    """The same as an ``async def``."""
    await request.load()
    return handler(request)


HANDLERS: dict[str, Handler[Request]] = {"def": handler, "async": ahandler}


@middleware
async def around(request: Request) -> AsyncFlow:
    """Awaits before and after its ``yield``, and does what the query says."""
    await anyio.sleep(0)
    way = request.args.get("way")
    if way == "abort before":
        abort(418)
    if way == "answer":
        yield Response("known")
        return
    if way == "answer with an error":
        yield Conflict()
        return
    if way == "nothing":
        return
    try:
        response = yield
    except Defect:
        await anyio.sleep(0)
        yield Response("caught", 500)
        return
    await anyio.sleep(0)
    if way == "abort after":
        abort(418)
    if way == "replace":
        yield Response("replaced")
        return
    if way == "again":
        yield
    response.headers["X-Around"] = str(response.status_code)


@middleware
def outer(request: Request) -> Flow:
    """A plain one around it."""
    response = yield
    response.headers["X-Outer"] = str(response.status_code)


@middleware
def inner(request: Request) -> Flow:
    """A plain one inside it."""
    response = yield
    response.headers["X-Inner"] = "seen"


def ask(kind: str, protocol: Any, backend: Any, path: str, **options: Any) -> Any:
    app = Application(HANDLERS[kind], middleware=[outer, around, inner], backend=backend)
    with Client(app, protocol, backend=backend) as client:
        return client.request("POST" if "data" in options else "GET", path, **options)


@both
@kinds
@backends
def test_it_is_sent_the_response(protocol: Any, kind: str, backend: Any) -> None:
    """An async middleware awaits, and changes the response that it was sent. The handler reads its form as always."""
    response = ask(kind, protocol, backend, "/", data={"a": "b"})
    assert (response.status_code, response.text) == (200, "b")
    assert (response.headers["X-Around"], response.headers["X-Inner"]) == ("200", "seen")


@both
@kinds
@pytest.mark.parametrize(
    ("way", "status", "text", "inside"),
    [
        ("answer", 200, "known", False),
        ("answer with an error", 409, None, False),
        ("abort before", 418, None, False),
        ("abort after", 418, None, True),
        ("replace", 200, "replaced", True),
    ],
)
def test_it_answers_and_replaces(
    protocol: Any, kind: str, way: str, status: int, text: str | None, inside: bool
) -> None:
    """An async middleware yields the response that a plain one would return, or aborts. The middleware around it is
    sent the result.
    """
    ran: list[str] = []

    @middleware
    def inside_it(request: Request) -> Flow:
        ran.append("inside")
        yield

    app = Application(HANDLERS[kind], middleware=[outer, around, inside_it])
    with Client(app, protocol) as client:
        response = client.get("/", params={"way": way})
    assert (response.status_code, response.headers["X-Outer"]) == (status, str(status))
    assert text is None or response.text == text
    assert bool(ran) is inside


@both
@kinds
def test_it_sees_errors(protocol: Any, kind: str) -> None:
    """An async middleware is sent the response to an HTTPException; any other exception is raised at its ``yield``."""
    assert ask(kind, protocol, "asyncio", "/conflict").headers["X-Around"] == "409"
    response = ask(kind, protocol, "asyncio", "/defect")
    assert (response.status_code, response.text) == (500, "caught")


@both
@kinds
def test_an_exception_that_it_does_not_catch_goes_on(protocol: Any, kind: str) -> None:
    """If an async middleware does not catch an exception, its ``finally`` can still await, and the exception reaches
    the server.
    """
    ended: list[str] = []

    @middleware
    async def closing(request: Request) -> AsyncFlow:
        try:
            yield
        finally:
            await anyio.sleep(0)
            ended.append("closed")

    app = Application(HANDLERS[kind], middleware=[closing])
    with Client(app, protocol) as client, pytest.raises(Defect):
        client.get("/defect")
    assert ended == ["closed"]


@both
@kinds
@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("nothing", "got NoneType from around, expected a Response or an HTTPException"),
        ("again", "got a second yield from 'around', expected a return"),
    ],
)
def test_mistakes(protocol: Any, kind: str, way: str, message: str) -> None:
    """No answer and no ``yield``, or one ``yield`` too many."""
    with pytest.raises(TypeError) as caught:
        ask(kind, protocol, "asyncio", f"/?way={way}")
    assert str(caught.value) == message


@both
@kinds
def test_a_value_that_is_no_response(protocol: Any, kind: str) -> None:
    """A value that an async middleware yields is checked in the same way as the result of a handler."""

    @middleware
    async def wrong(request: Request) -> Any:
        yield "text"

    app = Application(HANDLERS[kind], middleware=[wrong])
    with Client(app, protocol) as client, pytest.raises(TypeError, match=r"got str from .*wrong, expected a Response"):
        client.get("/")


@kinds
@backends
def test_it_closes_what_it_has_opened_if_the_request_is_cancelled(kind: str, backend: Any) -> None:
    """On ASGI, while the handler waits. The middleware cannot answer in its place. It is run to its end: no garbage
    collection has to end it.
    """
    ended: list[str] = []
    sent: list[Any] = []

    @middleware
    async def closing(request: Request) -> AsyncFlow:
        try:
            yield
        finally:
            ended.append("closed")
            yield Response("too late")

    async def main() -> None:
        entered = anyio.Event()

        async def waiting(request: Request) -> Response:
            entered.set()
            await anyio.sleep_forever()
            return Response()

        def awaitable(request: Request) -> Any:
            return waiting(request)

        async def send(message: Any) -> None:
            sent.append(message)

        app = Application(waiting if kind == "async" else awaitable, middleware=[closing])
        builder = RequestBuilder("/")
        async with anyio.create_task_group() as group:
            group.start_soon(app, builder.scope(), builder.receive(), send)
            await entered.wait()
            group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    gc.collect()  # an error of what it finds is a warning, which fails the test
    assert ended == ["closed"]
    assert sent == []
