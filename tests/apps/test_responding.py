"""``Application.respond`` and ``arespond``: the application without a server."""

from __future__ import annotations

import json
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import CORS, Application, Compression, Dual, Mount, ProxyFix, Request, Response, core, middleware, send_file
from cardan.apps import _responding
from cardan.exceptions import ClientDisconnected, NotFound
from cardan.testing import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Small(Request):
    max_content_length = 100


@middleware
def stamped(request: Request) -> Any:
    response = yield
    response.headers["X-Seen"] = str(response.status_code)


def answer(request: Request) -> Response:
    if request.path == "/none":
        raise NotFound
    if request.path == "/error":
        raise LookupError("broken")
    return Response(f"{request.url} {request.form['a']} {type(request).__name__}")


async def async_answer(request: Request) -> Response:
    await request.load()
    return answer(request)


APPS = [Application(handler, request_class=Small, middleware=[stamped]) for handler in (answer, async_answer)]
KIND = (b"Content-Type", b"application/x-www-form-urlencoded")


def make(path: str = "/x", body: Any = b"a=b") -> core.Request:
    head = core.RequestHead("POST", path, headers=[(b"Host", b"a.example"), KIND, (b"Content-Length", b"3")])
    return core.Request(head, body)


def events(app: Dual, request: core.Request, *, is_async: bool, backend: str) -> tuple[int, dict[str, str], bytes]:
    """The status, the header fields and the body of the response."""
    seen: list[Any] = []

    async def main() -> None:
        async with aclosing((await app.arespond(request)).aiter_events(request.method)) as each:
            seen.extend([event async for event in each])

    if is_async:
        anyio.run(main, backend=backend)
    else:
        with closing(app.respond(request).iter_events(request.method)) as each:
            seen.extend(each)
    assert isinstance(seen[-1], core.End)
    return (
        seen[0].status,
        {name.lower(): value for name, value in seen[0].headers},
        b"".join(event.data for event in seen[1:-1]),
    )


WAYS = [(False, ""), (True, "asyncio"), (True, "trio")]


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
@pytest.mark.parametrize("app", APPS, ids=["def", "async"])
def test_a_request_of_core_is_answered(app: Application[Any], is_async: bool, backend: str) -> None:
    """The handler gets its own class of request with the same values; middleware, errors and limits are as always."""
    way: Any = {"is_async": is_async, "backend": backend}
    status, fields, body = events(app, make(), **way)
    assert (status, fields["x-seen"], fields["content-length"]) == (200, "200", str(len(body)))
    assert (status, fields["x-seen"], body) == (200, "200", b"http://a.example/x b Small")
    assert events(app, make("/none"), **way)[0] == 404
    large = core.Request(core.RequestHead("POST", headers=[KIND, (b"Content-Length", b"200")]), b"a" * 200)
    status, fields, _ = events(app, large, **way)
    assert (status, fields["x-seen"]) == (413, "413")
    with pytest.raises(LookupError, match="broken"):
        events(app, make("/error"), **way)


def test_a_body_in_pieces() -> None:
    """The body of the request is read as the handler asks for it; sync from an iterable, async from an async one."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a", b"=", b"b"):
            yield piece

    assert events(APPS[0], make(body=iter([b"a", b"=b"])), is_async=False, backend="")[2].endswith(b" b Small")
    for app in APPS:
        assert events(app, make(body=pieces()), is_async=True, backend="asyncio")[2].endswith(b" b Small")


@contextmanager
def yields_words(app: object) -> Iterator[dict[str, str]]:
    """A lifespan with a state."""
    yield {"word": "lifespan", "other": "lifespan"}


def tell_state(request: Request) -> Response:
    request.state["own"] = "own"
    return Response.from_json(dict(request.state))


async def async_tell_state(request: Request) -> Response:
    return tell_state(request)


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
@pytest.mark.parametrize("handler", [tell_state, async_tell_state], ids=["def", "async"])
def test_the_state_of_a_request_of_core_is_the_handler_s(handler: Any, is_async: bool, backend: str) -> None:
    """The handler finds what was given to the request of core in ``request.state``, besides what the lifespan yields.
    What it puts there itself is seen by no one else.
    """
    way: Any = {"is_async": is_async, "backend": backend}

    def ask(app: Any, state: dict[str, str] | None) -> Any:
        return json.loads(events(app, core.Request(core.RequestHead(), state=state), **way)[2])

    given = {"word": "given"}
    app = Application(handler)
    assert ask(app, given) == {"word": "given", "own": "own"}
    assert ask(app, None) == {"own": "own"}
    assert given == {"word": "given"}


@pytest.mark.parametrize("handler", [tell_state, async_tell_state], ids=["def", "async"])
def test_the_state_of_a_request_of_core_beside_that_of_a_lifespan(handler: Any) -> None:
    """A value that was given to the request wins over one of the same name that the lifespan yields."""
    app = Application(handler, lifespan=yields_words)
    with Client(app, "wsgi"):
        request = core.Request(core.RequestHead(), state={"word": "given"})
        data = json.loads(events(app, request, is_async=False, backend="")[2])
    assert data == {"word": "given", "other": "lifespan", "own": "own"}

    async def main() -> dict[str, str]:
        async with AsyncClient(app, "asgi"):
            response = await app.arespond(core.Request(core.RequestHead(), state={"word": "given"}))
            found: dict[str, str] = json.loads(await response.aget_data())
            await response.aclose()
            return found

    assert anyio.run(main) == data


def of_path(path: str, method: str = "GET", *fields: tuple[bytes, bytes]) -> core.Request:
    return core.Request(core.RequestHead(method, path, headers=[(b"Host", b"a.example"), *fields]))


def broken() -> Iterator[str]:
    yield "a"
    raise LookupError("broken")


def pages(request: Request) -> Response:
    if request.path == "/file":
        return send_file(__file__, request)
    if request.path == "/204":
        return Response(status=204)
    return Response({"/broken": broken, "/stream": lambda: iter("abc")}[request.path]())


async def async_pages(request: Request) -> Response:
    return pages(request)


PAGES = [Application(pages), Application(async_pages)]


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
@pytest.mark.parametrize("app", PAGES, ids=["def", "async"])
def test_files_and_heads(app: Application[Any], is_async: bool, backend: str) -> None:
    """Files are streamed, whole or in part. HEAD gets the fields without the body, and a 204 has none."""
    way: Any = {"is_async": is_async, "backend": backend}
    with open(__file__, "rb") as file:
        data = file.read()
    status, fields, body = events(app, of_path("/file"), **way)
    assert (status, fields["content-length"], body) == (200, str(len(data)), data)
    status, fields, body = events(app, of_path("/file", "GET", (b"Range", b"bytes=3-7")), **way)
    assert (status, fields["content-range"], body) == (206, f"bytes 3-7/{len(data)}", data[3:8])
    status, fields, body = events(app, of_path("/file", "HEAD"), **way)
    assert (status, fields["content-length"], body) == (200, str(len(data)), b"")
    status, fields, body = events(app, of_path("/file", "GET", (b"If-None-Match", fields["etag"].encode())), **way)
    assert (status, body) == (304, b"")
    assert events(app, of_path("/stream"), **way)[2] == b"abc"
    assert events(app, of_path("/stream", "HEAD"), **way)[2] == b""
    status, fields, body = events(app, of_path("/204"), **way)
    assert (status, "content-length" in fields, body) == (204, False, b"")


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
@pytest.mark.parametrize("app", PAGES, ids=["def", "async"])
def test_an_error_after_the_first_chunk(app: Application[Any], is_async: bool, backend: str) -> None:
    """The error is raised to the code that iterates over the events, so that this code can end the connection."""
    with pytest.raises(LookupError, match="broken"):
        events(app, of_path("/broken"), is_async=is_async, backend=backend)


def test_a_streamed_response_is_closed() -> None:
    """A body is streamed: no chunk is made before it is asked for, and closing the response closes it."""
    log: list[str] = []

    def chunks() -> Iterator[bytes]:
        try:
            for number in range(100):
                log.append(str(number))
                yield b"x"
        finally:
            log.append("closed")

    with streaming(chunks).respond(core.Request(core.RequestHead())) as response:
        assert next(response.iter_encoded()) == b"x"
    assert (len(log) <= 4, log[-1]) == (True, "closed")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_streamed_async_response_is_closed(backend: str) -> None:
    """Closing the response of ``arespond()`` before its end closes the async body; few chunks are made before."""
    log: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            for number in range(100):
                log.append(str(number))
                yield b"x"
        finally:
            log.append("closed")

    async def main() -> None:
        async with await streaming(chunks).arespond(core.Request(core.RequestHead())) as response:
            async for chunk in response.aiter_encoded():
                assert chunk == b"x"
                break

    with_guard(main, backend)
    assert (len(log) <= 4, log[-1]) == (True, "closed")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_body_that_waits_is_closed(backend: str) -> None:
    """Closing the response ends a body that waits for something else than its client."""
    log: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"x"
            await anyio.sleep_forever()
        finally:
            log.append("closed")

    async def main() -> None:
        response = await streaming(chunks).arespond(core.Request(core.RequestHead()))
        assert await anext(response.aiter_encoded()) == b"x"
        await response.aclose()

    with_guard(main, backend)
    assert log == ["closed"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_two_tasks_send_to_a_closed_response(backend: str) -> None:
    """If two tasks of an application send, and the response is closed meanwhile, each of them gets an OSError: the one
    whose chunk was not taken, the one that waited for its turn, and both of them if they send once more.
    """
    log: list[tuple[int, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

        async def sends(number: int) -> None:
            for _ in range(2):
                try:
                    await send({"type": "http.response.body", "body": b"x", "more_body": True})
                except OSError as error:
                    log.append((number, str(error)))

        async with anyio.create_task_group() as group:
            group.start_soon(sends, 1)
            group.start_soon(sends, 2)

    async def main() -> None:
        response = await Application.from_asgi(app).arespond(core.Request(core.RequestHead()))
        await anyio.wait_all_tasks_blocked()
        await response.aclose()

    with_guard(main, backend)
    assert sorted(log) == [(number, "the response was closed") for number in (1, 1, 2, 2)]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_call(backend: str) -> None:
    """If the caller is cancelled before there is a response, so is the handler, whose end the caller waits for."""
    log: list[str] = []

    @Application
    async def app(request: Request) -> Response:
        try:
            await anyio.sleep_forever()
        finally:
            log.append("cancelled")
        return Response("")

    async def main() -> None:
        with anyio.move_on_after(0.01) as scope:
            await app.arespond(core.Request(core.RequestHead()))
        assert scope.cancelled_caught
        assert log == ["cancelled"]

    with_guard(main, backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_closed_response_is_a_client_that_has_left(backend: str) -> None:
    """If the response is closed before its end, ``receive()`` gives a disconnect: to the call that waits for a message
    meanwhile, and to one that is made after ``send()`` has raised.
    """
    seen: list[tuple[str, str]] = []
    scopes: list[anyio.CancelScope] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def watches() -> None:
            seen.append(("waits", (await receive())["type"]))

        assert (await receive())["type"] == "http.request"
        await send({"type": "http.response.start", "status": 200})
        async with anyio.create_task_group() as group:
            scopes.append(group.cancel_scope)
            group.start_soon(watches)
            await anyio.wait_all_tasks_blocked()
            try:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
            except OSError:
                seen.append(("later", (await receive())["type"]))

    async def main() -> None:
        response = await Application.from_asgi(app).arespond(core.Request(core.RequestHead()))
        async with anyio.create_task_group() as group:
            group.start_soon(response.aclose)
            await anyio.wait_all_tasks_blocked()
            found = sorted(seen)
            scopes[0].cancel()  # the application ends in any case
        assert found == [("later", "http.disconnect"), ("waits", "http.disconnect")]

    with_guard(main, backend)


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
def test_a_write_after_the_response_was_closed(is_async: bool, backend: str) -> None:
    """A WSGI application that has kept ``write()`` gets an error: nobody takes what it writes then."""
    kept: list[Any] = []

    def site(environ: Any, start_response: Any) -> Iterator[bytes]:
        kept.append(start_response("200 OK", []))
        return iter([b"first", b"second"])

    app, request = Application.from_wsgi(site), core.Request(core.RequestHead())

    async def main() -> None:
        async with await app.arespond(request) as response:
            async with aclosing(response.aiter_encoded()) as chunks:
                assert await anext(chunks) == b"first"

    if is_async:
        with_guard(main, backend)
    else:
        with app.respond(request) as response:
            assert next(response.iter_encoded()) == b"first"
    with pytest.raises(RuntimeError, match=r"got write\(\) after the end of the response"):
        kept[0](b"late")


def with_guard(main: Any, backend: str) -> None:
    async def guarded() -> None:
        with anyio.fail_after(100):
            await main()

    anyio.run(guarded, backend=backend)


def streaming(chunks: Any) -> Application:
    return Application(lambda request: Response(chunks()))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("late", [False, True])
def test_an_exit_is_for_the_caller(late: bool, backend: Any) -> None:
    """An exit that the application raises is raised where the response is awaited, or closed if it has come after the
    response. It does not end the event loop of the caller.
    """

    async def exits(scope: Any, receive: Any, send: Any) -> None:
        if late:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"a"})
        raise SystemExit(3)

    app = Application(answer)
    app.asgi_app = app.wsgi_app = exits  # type: ignore[assignment, method-assign]
    seen: list[str] = []

    async def beside(over: anyio.Event) -> None:
        await over.wait()
        seen.append("beside")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            over = anyio.Event()
            group.start_soon(beside, over)
            try:
                response = await app.arespond(make())
                seen.append(response.status)
                await response.aclose()
            except SystemExit:
                seen.append("exit")
            over.set()

    anyio.run(main, backend=backend)
    assert seen == ["200 OK", "exit", "beside"][not late :]


class Sorry(Application[Request]):
    """An application that answers its unexpected errors."""

    def on_exception(self, request: Request, error: Exception) -> Response:
        response = Response("sorry", 500)
        response.call_on_close(lambda: closed.append(request.path))
        return response


closed: list[str] = []


def fail(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
@pytest.mark.parametrize("error", [LookupError("broken"), OSError("broken"), StopIteration("broken")])
@pytest.mark.parametrize("place", ["handler", "middleware", "load", "resolve"])
@pytest.mark.parametrize("kind", ["def", "async"])
def test_an_error_that_on_exception_answers(
    kind: str, place: str, error: Exception, is_async: bool, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer of ``on_exception`` is sent, wherever the error arises. The error is logged once, not raised."""

    @middleware
    def around(request: Request) -> Any:
        if place == "middleware":
            fail(error)
        yield

    class Failing(Sorry):
        def resolve(self, request: Request) -> Any:
            return fail(error) if place == "resolve" else super().resolve(request)

    class Loading(Request):
        def make_form_data_parser(self) -> Any:
            return fail(error) if place == "load" else super().make_form_data_parser()

    def handler(request: Request) -> Response:
        return fail(error) if place == "handler" else Response("")

    async def async_handler(request: Request) -> Response:
        return handler(request)

    site = (Failing if place == "resolve" else Sorry)(
        None if place == "resolve" else handler if kind == "def" else async_handler,
        request_class=Loading,
        middleware=[around],
        load=place == "load",
    )
    closed.clear()
    status, fields, body = events(site, make("/error"), is_async=is_async, backend=backend)
    assert (status, body, closed) == (500, b"sorry", ["/error"])
    assert "connection" not in fields
    (record,) = caplog.records
    assert record.name == "cardan"
    assert record.exc_info is not None


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
def test_an_error_that_on_exception_leaves(is_async: bool, backend: str) -> None:
    """Without an answer the error itself is raised and not logged, also one that servers would take for their own."""
    for error in (OSError("broken"), LookupError("broken")):
        with pytest.raises(type(error), match="broken") as caught:
            events(Application(lambda request, error=error: fail(error)), make(), is_async=is_async, backend=backend)
        assert caught.value is error


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
@pytest.mark.parametrize(
    "wrap", [ProxyFix, lambda app: CORS(app, origins="*"), Compression, lambda app: Mount({"/": app})]
)
def test_an_answered_error_below_a_wrapper(wrap: Any, is_async: bool, backend: str) -> None:
    """An application that ``resolve`` returns with something around it answers its errors in the same way."""

    class Outer(Application[Request]):
        def resolve(self, request: Request) -> Any:
            return wrap(Sorry(answer))

    assert events(Outer(), make("/error"), is_async=is_async, backend=backend)[::2] == (500, b"sorry")


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_the_clients_raise_an_answered_error(protocol: Any) -> None:
    """A test client is asked for errors, and raises one that ``on_exception`` has answered. With
    ``raise_app_exceptions=False`` it gives the answer.
    """
    site = Sorry(answer)
    with Client(site, protocol) as client, pytest.raises(LookupError, match="broken"):
        client.get("/error")
    with Client(site, protocol, raise_app_exceptions=False) as client:
        response = client.get("/error")
    assert (response.status_code, response.text) == (500, "sorry")


@pytest.mark.parametrize("length", ["9" * 20, "x", "-1"])
@pytest.mark.parametrize("reads", [True, False])
def test_a_bad_content_length(length: str, reads: bool) -> None:
    """A Content-Length that is no length is a 400 if the body is read, as over a server."""
    app = Application(lambda request: Response(request.get_data() if reads else b"unread"))
    head = core.RequestHead.from_target("POST", "/", [(b"Host", b"a"), (b"Content-Length", length.encode())])

    async def arespond() -> int:
        async with aclosing(await app.arespond(core.Request(head, b"abc"))) as response:
            return response.status_code

    with closing(app.respond(core.Request(head, b"abc"))) as response:
        assert response.status_code == (400 if reads else 200)
    assert anyio.run(arespond) == (400 if reads else 200)


WRAPPERS: list[Any] = [
    lambda app: Mount({"/": app}),
    ProxyFix,
    lambda app: CORS(app, origins="*"),
    Compression,
    lambda app: Dual(app, app),
    lambda app: CORS(Compression(app), origins="*"),
]


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
@pytest.mark.parametrize("wrap", WRAPPERS)
def test_every_dual_application_answers(wrap: Any, is_async: bool, backend: str) -> None:
    """``respond`` and ``arespond`` of one that stands around an application answer as a server would."""
    for app in APPS:
        got = events(wrap(app), make(), is_async=is_async, backend=backend)
        assert got[::2] == (200, b"http://a.example/x b Small")
        assert got[1]["x-seen"] == "200"


def plain_wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"over WSGI"]


async def plain_asgi(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"over ASGI"})


def test_an_application_of_another_library_behind_a_wrapper() -> None:
    """An application of another library behind a wrapper is called over the protocol that it speaks. Calling it over
    the other protocol is a RuntimeError that says so.
    """
    with closing(CORS(plain_wsgi, origins="*").respond(make())) as response:
        assert response.get_data() == b"over WSGI"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert events(CORS(plain_asgi, origins="*"), make(), is_async=True, backend="asyncio")[2] == b"over ASGI"
    with pytest.raises(RuntimeError, match="asgi"):
        CORS(plain_asgi, origins="*").respond(make())


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize("given", [{}, {"tenant": "north"}, {"number": 2}], ids=str)
def test_the_state_of_a_lifespan_behind_a_wrapper(wrap: Any, given: dict[str, Any]) -> None:
    """What the lifespan yields is found in ``request.state``, besides what the request of core brings, which wins."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, int]]:
        yield {"number": 1}

    async def show(request: Request) -> Response:
        return Response.from_json({name: request.state.get(name) for name in ("number", "tenant")})

    site = wrap(Application(show, lifespan=lifespan))
    head = core.RequestHead("GET", headers=[(b"Host", b"a.example")])

    async def main() -> Any:
        async with AsyncClient(site, "asgi"):
            async with await site.arespond(core.Request(head, state=given)) as response:
                return json.loads(await response.aget_data())

    expected = {"number": given.get("number", 1), "tenant": given.get("tenant")}
    assert anyio.run(main) == expected
    with Client(site, "wsgi"), closing(site.respond(core.Request(head, state=given))) as response:
        assert json.loads(response.get_data()) == expected


LEAVES = [ClientDisconnected("gone"), ConnectionResetError("gone")]


@pytest.mark.parametrize(("is_async", "backend"), WAYS)
@pytest.mark.parametrize("error", LEAVES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", ["def", "async"])
def test_a_client_that_leaves_during_its_upload(kind: str, error: Exception, is_async: bool, backend: str) -> None:
    """A body tells it by ClientDisconnected or OSError. The handler sees what it sees under a server: it gets
    ClientDisconnected, and ``disconnected`` is true. The error page is the response.
    """
    seen: list[bool] = []

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        raise error

    def sync_pieces() -> Iterator[bytes]:
        yield b"a"
        raise error

    def handler(request: Request) -> Response:
        try:
            return Response(request.data)
        except ClientDisconnected:
            seen.append(request.disconnected)
            raise

    async def async_handler(request: Request) -> Response:
        try:
            return Response((await request.load()).form["a"])
        except ClientDisconnected:
            seen.append(request.disconnected)
            raise

    app = Application(handler if kind == "def" else async_handler)
    request = make(body=pieces() if is_async else sync_pieces())
    status, _, body = events(app, request, is_async=is_async, backend=backend)
    assert (status, seen) == (400, [True])
    assert body.startswith(b"Bad Request")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("error", LEAVES, ids=lambda error: type(error).__name__)
def test_an_asgi_application_is_told_that_the_client_has_left(error: Exception, backend: str) -> None:
    """The application gets the message ``http.disconnect``, again and again. If it ends without a response, the
    ClientDisconnected of the body is raised, or one whose cause is the OSError of the body.
    """
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend([(await receive())["type"] for _ in range(3)])
        if scope["path"] == "/answer":
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"left"})

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        raise error

    site = Application.from_asgi(app)
    messages = ["http.request", "http.disconnect", "http.disconnect"]
    answered = events(site, make("/answer", body=pieces()), is_async=True, backend=backend)
    assert (answered[::2], seen) == ((400, b"left"), messages)
    with pytest.raises(ClientDisconnected) as caught:
        events(site, make(body=pieces()), is_async=True, backend=backend)
    assert caught.value is error or caught.value.__cause__ is error
    assert seen == messages * 2


@pytest.mark.anyio
async def test_what_has_not_begun_can_be_cancelled() -> None:
    """An application that was not started, because starting it failed, has nothing to end."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    await _responding._Call(app, {"type": "http"}, None, None, None).cancel()  # type: ignore[arg-type]
