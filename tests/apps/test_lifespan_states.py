"""The state of a lifespan is each request's own: what one request puts into it is not seen by another one."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import weakref
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import anyio
import pytest

from cardan import CORS, Application, Compression, Dual, Mount, ProxyFix, Request, Response, core, middleware
from cardan.apps._lifespan import ProcessLifespan
from cardan.testing import PROTOCOLS, Client

if TYPE_CHECKING:
    from cardan import Flow

SCOPE = {"method": "GET", "path": "/at/x", "root_path": "", "headers": [], "query_string": b""}
HEAD = core.RequestHead("GET", "/at/x", headers=[(b"Host", b"a.example")])


@contextlib.contextmanager
def lifespan(app: Any) -> Iterator[dict[str, Any]]:
    """Yields a number."""
    yield {"number": 1}


def changing(seen: list[Any], kind: str = "async", lifespan: Any = lifespan) -> Any:
    """An application whose requests note the state, and change it."""

    def note(request: Request) -> Response:
        seen.append(dict(request.state))
        request.state["number"] = request.state["more"] = 2
        return Response("x")

    async def anote(request: Request) -> Response:
        return note(request)

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        note(scope["cardan.request"])
        await send({"type": "websocket.close"})

    return Application(anote if kind == "async" else note, lifespan=lifespan, websocket=websocket)


def resolving(app: Any) -> Any:
    """An application whose ``resolve()`` returns another one, with the lifespan of its own."""

    class Outer(Application[Request]):
        def resolve(self, request: Request) -> Any:
            return app

    return Outer(lifespan=lifespan)


#: the places in which an application can be
PLACES: dict[str, Any] = {
    "alone": lambda app: app,
    "in a mount": lambda app: Mount({"/at": app}),
    "in two mounts": lambda app: Mount({"/": Mount({"/at": app})}),
    "in wrappers": lambda app: CORS(Compression(ProxyFix(app)), "*"),
    "in a wrapper of a mount": lambda app: CORS(Mount({"/at": app}), "*"),
    "in a dual": lambda app: Dual(app, app),
    "resolved": resolving,
}
places = pytest.mark.parametrize("place", PLACES)


@contextlib.asynccontextmanager
async def running(app: Any, state: dict[str, Any] | None) -> AsyncIterator[None]:
    """Runs the lifespan of ``app`` as a server does that keeps the state in ``state``, or none if that is None."""
    started, over = anyio.Event(), anyio.Event()
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        kind = next(asked)
        if kind == "lifespan.shutdown":
            await over.wait()
        return {"type": kind}

    async def send(message: Any) -> None:
        assert message["type"].endswith(".complete")
        started.set()

    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, **({} if state is None else {"state": state})}
    async with anyio.create_task_group() as group:
        group.start_soon(app, scope, receive, send)
        await started.wait()
        yield
        over.set()


async def call(app: Any, kind: str, state: dict[str, Any] | None) -> None:
    """One request, or one handshake."""
    given = [{"type": "http.request" if kind == "http" else "websocket.connect"}]

    async def receive() -> Any:
        if given:
            return given.pop()
        await anyio.sleep_forever()
        raise AssertionError("nobody wakes this task")

    async def send(message: Any) -> None: ...

    # a server passes a shallow copy of the state on (ASGI lifespan specification, "Lifespan State")
    await app({**SCOPE, "type": kind, **({} if state is None else {"state": state.copy()})}, receive, send)


@places
@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("keeps", [False, True])
def test_each_request_has_its_own_state(place: str, kind: str, keeps: bool) -> None:
    """Over ASGI, whether the server keeps the state or the scope has none."""
    if (place, kind) == ("resolved", "websocket"):
        kind = "http"  # websockets are not passed on
    seen: list[Any] = []
    app = PLACES[place](changing(seen))
    state: dict[str, Any] | None = {} if keeps else None

    async def main() -> None:
        async with running(app, state):
            for _ in range(3):
                await call(app, kind, state)

    anyio.run(main)
    assert seen == [{"number": 1}] * 3


@places
@pytest.mark.parametrize("kind", ["def", "async"])
def test_each_request_of_wsgi_has_its_own_state(place: str, kind: str) -> None:
    """Over WSGI the process keeps the state."""
    seen: list[Any] = []
    app = PLACES[place](changing(seen, kind))
    for _ in range(3):
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/at/x", "wsgi.url_scheme": "http", "SERVER_NAME": "a"}
        assert b"".join(app(environ, lambda *head: None)) == b"x"
    app.close()
    assert seen == [{"number": 1}] * 3


def naming(name: str) -> Any:
    """A lifespan whose state has a name."""

    @contextlib.contextmanager
    def lifespan(app: Any) -> Iterator[dict[str, Any]]:
        yield {"name": name}

    return lifespan


@middleware
def watching(request: Request) -> Flow:
    """Notes the name in the state of its application, before and after the handler, and when the response is closed."""
    request.environ["seen"].append(request.state.get("name"))
    response = yield
    request.environ["seen"].append(request.state.get("name"))
    response.call_on_close(lambda: request.environ["seen"].append(Request(request.environ).state.get("name")))


def in_the_same_environ(app: Any) -> Any:
    """A handler that calls ``app`` with the environ of its request."""
    return lambda request: Response.from_app(app, request.environ)


def in_a_copy(app: Any) -> Any:
    """An application that ``resolve()`` returns, and that gets a copy of the environ."""
    return Mount({"/": app})


@pytest.mark.parametrize("kind", ["whole", "stream"])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("inside", [in_a_copy, in_the_same_environ])
def test_an_application_around_another_one_keeps_its_state(inside: Any, named: bool, kind: str) -> None:
    """On WSGI the lifespan of an application inside starts as well. Each sees its own state, in middleware before and
    after the handler too: a lifespan inside changes nothing for the code around it, which may have none itself. What a
    request puts into the state is not seen by the next one.
    """

    def handler(request: Request) -> Response:
        assert "more" not in request.state
        request.state["more"] = "of this request"
        name = request.state["name"]
        return Response(name if kind == "whole" else (each for each in [name]))

    innermost = Application(handler, middleware=[watching], lifespan=naming("innermost"))
    inner = Application(inside(innermost), middleware=[watching], lifespan=naming("inner"))
    outer = Application(inside(inner), middleware=[watching], lifespan=naming("outer") if named else None)
    seen: list[str | None] = []
    for _ in range(2):
        environ: Any = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.url_scheme": "http", "SERVER_NAME": "a"}
        environ["seen"] = seen
        body: Any = outer(environ, lambda status, headers, exc_info=None: None)  # type: ignore[call-overload]
        assert b"".join(body) == b"innermost"
        body.close()
    for app in (innermost, inner, outer):
        app.close()
    around = "outer" if named else None
    assert seen == [around, "inner", "innermost", "innermost", "inner", around, "innermost", "inner", around] * 2


@pytest.mark.parametrize("kind", ["http", "websocket", "wsgi"])
@pytest.mark.parametrize("keeps", [False, True])
def test_what_is_put_into_the_state_before_the_application(keeps: bool, kind: str) -> None:
    """All request objects of a request share its state: what code in front of an application has put there, the
    application sees beside what its lifespan has yielded. The same name means what was put. An application that gets
    the request after that has the state of its own lifespan, and what was put; the one before may have removed names.
    """
    seen: list[Any] = []

    def note(request: Request) -> Response:
        request.state.pop("gone", None)
        seen.append(dict(request.state))
        return Response("x")

    async def websocket(scope: Any, receive: Any, send: Any) -> None:
        note(scope["cardan.request"])

    def yielding(state: dict[str, Any]) -> Any:
        return Application(note, lifespan=lambda app: contextlib.nullcontext(state), websocket=websocket)

    apps = [yielding({"name": "first", "first": 1, "put": 1, "gone": None}), yielding({"name": "second", "second": 2})]

    def opened(carrier: Any) -> None:
        state = Request(carrier).state
        state["put"] = "before"
        if keeps:
            held.append(state)

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        opened(scope)
        for app in apps:
            await app(scope, receive, send)

    async def main() -> None:
        async with running(apps[0], None), running(apps[1], None):
            await call(serve, kind, None)

    held: list[Any] = []
    if kind == "wsgi":
        environ: Any = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.url_scheme": "http", "SERVER_NAME": "a"}
        opened(environ)
        for app in apps:
            assert b"".join(app(environ, lambda *head: None)) == b"x"
            app.close()
    else:
        anyio.run(main)
    assert seen == [{"name": "first", "first": 1, "put": "before"}, {"name": "second", "second": 2, "put": "before"}]
    assert held == ([seen[1]] if keeps else [])


@pytest.mark.parametrize("named", [True, False])
def test_an_application_around_another_one_keeps_its_state_on_asgi(named: bool) -> None:
    """On a server that keeps no state, an application that a handler calls with its own scope sees the state of its own
    lifespan, and changes nothing for the code around it, nor for its own next request.
    """
    seen: list[Any] = []

    async def handler(request: Request) -> Response:
        seen.append(dict(request.state))
        request.state["name"] = "changed"
        return Response("x")

    async def around(request: Request) -> Response:
        seen.append(dict(request.state))
        response = await Response.afrom_app(inner, request.scope, request.receive)
        seen.append(dict(request.state))
        return response

    inner: Any = Application(handler, lifespan=naming("inner"))
    outer: Any = Application(around, lifespan=naming("outer") if named else None)

    async def main() -> None:
        async with running(inner, None), running(outer, None):
            for _ in range(2):
                await call(outer, "http", None)

    anyio.run(main)
    own = {"name": "outer"} if named else {}
    assert seen == [own, {"name": "inner"}, own] * 2


def test_a_lifespan_that_runs_again() -> None:
    """The state is that of the lifespan that runs, and nothing of one before is left, on a server that keeps none."""
    states = iter([{"number": 1, "first": True}, {"number": 2}])

    @contextlib.contextmanager
    def counting(app: Any) -> Iterator[dict[str, Any]]:
        yield next(states)

    seen: list[Any] = []
    app = changing(seen, lifespan=counting)

    async def main() -> None:
        for _ in range(2):
            async with running(app, None):
                await call(app, "http", None)

    anyio.run(main)
    assert seen == [{"number": 1, "first": True}, {"number": 2}]


@places
@pytest.mark.parametrize("way", ["respond", "arespond"])
@pytest.mark.parametrize("given", [None, {"tenant": "north"}])
def test_each_request_of_core_has_its_own_state(place: str, way: str, given: dict[str, str] | None) -> None:
    """Without a server. What a request of core brings is in it, and is not changed either."""
    seen: list[Any] = []
    app = PLACES[place](changing(seen))

    def made() -> core.Request:
        return core.Request(HEAD) if given is None else core.Request(HEAD, state=given)

    async def main() -> None:
        async with running(app, None):
            for _ in range(3):
                async with await app.arespond(made()) as response:
                    assert await response.aget_data() == b"x"

    if way == "arespond":
        anyio.run(main)
    else:
        for _ in range(3):
            with app.respond(made()) as response:
                assert response.get_data() == b"x"
        app.close()
    assert seen == [{"number": 1, **(given or {})}] * 3
    assert given in (None, {"tenant": "north"})


@pytest.mark.parametrize("way", ["respond", "arespond"])
@pytest.mark.parametrize("place", [place for place in PLACES if place != "resolved"])
def test_the_state_that_is_given_is_not_changed(place: str, way: str) -> None:
    """An application without a lifespan has a copy of what the request of core brings."""
    seen: list[Any] = []
    app = PLACES[place](changing(seen, lifespan=None))
    given = {"tenant": "north"}

    async def main() -> None:
        async with await app.arespond(core.Request(HEAD, state=given)) as response:
            assert await response.aget_data() == b"x"

    for _ in range(2):
        if way == "arespond":
            anyio.run(main)
        else:
            with app.respond(core.Request(HEAD, state=given)) as response:
                assert response.get_data() == b"x"
    assert seen == [{"tenant": "north"}] * 2
    assert given == {"tenant": "north"}


@pytest.mark.parametrize("place", [place for place in PLACES if place != "resolved"])
@pytest.mark.parametrize("wrong", ["first", "second"])
def test_messages_in_another_order(place: str, wrong: str) -> None:
    """A server that asks for something else than the start-up, and then the shutdown, is told so: what it takes for
    done would not be.
    """
    app = PLACES[place](changing([]))
    asked = {"first": ["lifespan.shutdown"], "second": ["lifespan.startup", "lifespan.startup"]}[wrong]
    sent: list[str] = []

    async def receive() -> Any:
        return {"type": asked.pop(0)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    with pytest.raises(RuntimeError, match=r"got the message 'lifespan\.\w+', expected 'lifespan\.\w+'"):
        anyio.run(app, {"type": "lifespan", "state": {}}, receive, send)
    assert "lifespan.shutdown.complete" not in sent


def test_the_lifespan_of_a_process_starts_once() -> None:
    """If several first requests come at once (WSGI), one of them starts the lifespan, and the others wait for it."""
    log: list[str] = []
    ready = threading.Barrier(4)

    @contextlib.contextmanager
    def slow(app: Any) -> Iterator[dict[str, Any]]:
        log.append("begun")
        others.wait(0.2)  # so that a thread that does not wait begins as well
        yield {"number": len(log)}

    others = threading.Event()
    seen: list[Any] = []
    app = changing(seen, "def", lifespan=slow)

    def first_request() -> None:
        ready.wait()
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.url_scheme": "http", "SERVER_NAME": "a"}
        list(app(environ, lambda *head: None))

    threads = [threading.Thread(target=first_request) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.close()
    assert log == ["begun"]
    assert seen == [{"number": 1}] * 4


def test_requests_that_run_while_an_option_changes() -> None:
    """From the moment that an option is assigned, no request takes the way that was chosen for the value before."""

    class Probe(Application[Request]):
        ways: ClassVar[list[Any]] = []

        def _derive(self, name: str) -> None:
            self.ways.append((name, self._adapter_sync_handler, self._adapter_async_handler))
            super()._derive(name)

    async def ahandler(request: Request) -> Response:
        return Response("x")

    for handler in (lambda request: Response("x"), ahandler):
        app = Probe(handler)
        assert (app._adapter_sync_handler or app._adapter_async_handler) is handler
        Probe.ways.clear()
        app.middleware = ()
        app.load = False
        assert Probe.ways == [("middleware", None, None), ("load", None, None)]


def test_a_process_that_was_forked_starts_the_lifespans_of_a_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    """On WSGI the first request of each process starts the lifespans of all applications that are mounted, also if the
    process was forked from one in which they have started.
    """
    begun: list[str] = []

    def noting(name: str) -> Any:
        @contextlib.contextmanager
        def lifespan(app: Any) -> Iterator[None]:
            begun.append(name)
            yield

        return Application(lambda request: Response("x"), lifespan=lifespan)

    mount = Mount({"/a": noting("a"), "/b": noting("b")})
    environ: Any = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a", "wsgi.url_scheme": "http", "SERVER_NAME": "a"}
    for forked in (False, True):
        if forked:
            monkeypatch.setattr(os, "getpid", lambda: 0x7FFFFFFF)  # a number that no process has
        for _ in range(2):
            assert b"".join(mount({**environ}, lambda *head: None)) == b"x"
    assert begun == ["a", "b"] * 2
    mount.close()


@contextlib.asynccontextmanager
async def async_lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Yields a number."""
    yield {"number": 1}


@pytest.mark.untraced
@pytest.mark.parametrize("made", [lifespan, async_lifespan])
def test_an_application_that_is_closed_is_not_kept(made: Any) -> None:
    """Closing an application ends all that its lifespan has begun: the process does not keep the application."""
    app = changing([], "def", lifespan=made)
    kept = weakref.ref(app)
    with Client(app, "wsgi") as client:
        client.get("/")
    del app, client
    gc.collect()
    assert kept() is None


def test_two_threads_that_close() -> None:
    """A lifespan that two threads end at the same time is ended once."""
    ended: list[str] = []

    class Ending(contextlib.AbstractContextManager[None]):
        """A manager that tells of each time that it is left."""

        def __enter__(self) -> None: ...

        def __exit__(self, *error: object) -> None:
            ended.append("ended")

    made = ProcessLifespan(Ending, lambda: None)
    made.state()
    lock = made._lock()
    lock.acquire()
    threads = [threading.Thread(target=made.close) for _ in range(2)]
    arrived = threading.Semaphore(0)

    class Watched:
        """The lock, which tells who waits for it."""

        def __enter__(self) -> None:
            arrived.release()
            lock.acquire()

        def __exit__(self, *error: object) -> None:
            lock.release()

    made._lock = Watched  # type: ignore[method-assign]
    for thread in threads:
        thread.start()
        arrived.acquire()
    lock.release()
    for thread in threads:
        thread.join()
    assert ended == ["ended"]


async def conversation(app: Any, state: dict[str, Any] | None = None) -> list[tuple[str, Any]]:
    """The messages of a whole lifespan, each with the state of the scope at that time. Errors are not raised."""
    sent: list[tuple[str, Any]] = []
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(asked)}

    async def send(message: Any) -> None:
        sent.append((message["type"], dict(scope.get("state", {}))))

    scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0"}}
    if state is not None:
        scope["state"] = state
    with contextlib.suppress(LookupError):
        await app(scope, receive, send)
    return sent


@places
@pytest.mark.parametrize("phase", ["startup", "shutdown"])
def test_a_failure_names_its_phase(place: str, phase: str) -> None:
    """The message is ``lifespan.startup.failed`` before the start is complete, and ``lifespan.shutdown.failed`` after
    that (ASGI lifespan specification 2.0).
    """

    @contextlib.contextmanager
    def failing(app: Any) -> Iterator[None]:
        if phase == "startup":
            raise LookupError
        yield
        raise LookupError

    app = changing([], lifespan=failing)
    if place == "resolved":  # the lifespan is that of the outer application
        app = Application(lambda request: Response("x"), lifespan=failing)
    else:
        app = PLACES[place](app)
    kinds = [kind for kind, _ in anyio.run(conversation, app)]
    assert kinds == [f"lifespan.{phase}.failed"] if phase == "startup" else kinds[1:] == ["lifespan.shutdown.failed"]


@places
@pytest.mark.parametrize("phase", ["startup", "shutdown"])
def test_the_error_of_a_lifespan_tells_where_it_comes_from(place: str, phase: str) -> None:
    """The error that a server logs is that of the program, with the error that was handled when it was raised: nothing
    of the traceback is hidden.
    """

    @contextlib.contextmanager
    def failing(app: Any) -> Iterator[None]:
        if phase == "shutdown":
            yield
        try:
            raise KeyError("of the database")
        except KeyError:
            raise LookupError("no start")  # noqa: B904 - its context is what is tested
        yield

    app = changing([], lifespan=failing)
    app = Application(app.handler, lifespan=failing) if place == "resolved" else PLACES[place](app)
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(asked)}

    async def send(message: Any) -> None: ...

    with pytest.raises(LookupError, match="no start") as caught:
        anyio.run(app, {"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert isinstance(caught.value.__context__, KeyError)
    assert not caught.value.__suppress_context__


def test_the_state_is_there_when_the_start_is_complete() -> None:
    """A server may copy the state of the scope as soon as it is told that the start is complete (ASGI lifespan
    specification 2.0, "Lifespan State").
    """
    app = changing([])
    assert anyio.run(conversation, app, {"own": 1}) == [
        ("lifespan.startup.complete", {"own": 1, "number": 1}),
        ("lifespan.shutdown.complete", {"own": 1, "number": 1}),
    ]


class Values(Mapping[str, Any]):
    """A mapping that has nothing but what every mapping has."""

    def __init__(self) -> None:
        self.values_now = {"number": 1}

    def __getitem__(self, key: str) -> Any:
        return self.values_now[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_now)

    def __len__(self) -> int:
        return len(self.values_now)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["def", "async"])
def test_the_mapping_of_the_program_stays_its_own(protocol: Any, kind: str) -> None:
    """Requests have what any mapping had when the lifespan yielded it. They do not change it, and what the program
    puts into it later is not in their state.
    """
    given = Values()

    @contextlib.contextmanager
    def lifespan(app: Any) -> Iterator[Values]:
        yield given

    seen: list[Any] = []
    with Client(changing(seen, kind, lifespan), protocol) as client:
        for number in (2, 3):
            client.get("/")
            given.values_now["number"] = number
    assert seen == [{"number": 1}] * 2
    assert given.values_now == {"number": 3}


def test_a_lifespan_with_a_wrong_state_is_left() -> None:
    """WSGI: a lifespan of ``def`` that yields what can be no state is left before the error is raised."""
    seen: list[str] = []

    @contextlib.contextmanager
    def wrong(app: Any) -> Iterator[Any]:
        seen.append("entered")
        try:
            yield "text"
        except TypeError:
            seen.append("left")
            raise

    app = Application(lambda request: Response("x"), lifespan=wrong)
    with Client(app, protocol="wsgi") as client, pytest.raises(TypeError, match="got str as the state of the lifespan"):
        client.get("/")
    assert seen == ["entered", "left"]
