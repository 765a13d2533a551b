"""What a WSGI application does for one request runs in one thread under ASGI, as it does under WSGI servers.

An application that keeps something for each thread (the request of Bottle, a database connection of Django) finds what
it has put there: in the call, in each step of its iterable and in ``close()``; and never what another request has put.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import anyio
import bottle
import pytest

from cardan import Application, asgi
from cardan.apps._wsgi_bridge import bridged
from cardan.testing import AsyncClient
from tests.apps.doors import DOORS, exchange, scope_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

STEPS = 5


class Site:
    """A WSGI application that checks in every place whose thread it is in."""

    def __init__(self, kind: str = "stream") -> None:
        self.kind = kind
        self.kept = threading.local()
        self.wrong: list[str] = []
        self.places: Counter[str] = Counter()
        self.fails_in = ""

    def check(self, place: str, path: str) -> None:
        self.places[place] += 1
        if getattr(self.kept, "path", None) != path:
            self.wrong.append(place)
        if place == self.fails_in:
            raise RuntimeError(f"the site fails in {place}")

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Any:
        path = environ["PATH_INFO"].rpartition("/")[2]
        self.kept.path = path
        environ["wsgi.input"].read()
        self.check("call", path)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Items(self, path) if self.kind == "list" else Steps(self, path)


class Steps:
    """An iterable that lets other requests run between its steps."""

    def __init__(self, site: Site, path: str) -> None:
        self.site = site
        self.path = path
        self.left = STEPS

    def __iter__(self) -> Steps:
        return self

    def __next__(self) -> bytes:
        self.site.check("step", self.path)
        if not self.left:
            raise StopIteration
        self.left -= 1
        time.sleep(0.001)
        return b"x" * 40_000

    def close(self) -> None:
        self.site.check("close", self.path)


class Items(list[bytes]):
    """A list with ``close()``."""

    def __init__(self, site: Site, path: str) -> None:
        super().__init__([b"x" * 40_000] * STEPS)
        self.site = site
        self.path = path

    def close(self) -> None:
        self.site.check("close", self.path)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", ["stream", "list"])
def test_one_thread_for_each_request(backend: Any, door: str, kind: str) -> None:
    """Call, steps and close of ten requests at once each run in the thread of their request, through every door."""
    site = Site(kind)

    async def ask(client: AsyncClient, path: str) -> None:
        response = await client.post(path, content=b"body")
        assert len(response.text) == 40_000 * STEPS

    async def main() -> None:
        async with AsyncClient(DOORS[door](site), "asgi") as client, anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(ask, client, f"/at/{number}")

    anyio.run(main, backend=backend)
    assert not site.wrong
    assert site.places["call"] == site.places["close"] == 10
    assert site.places["step"] == (10 * (STEPS + 1) if kind == "stream" else 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("sent", range(4))
def test_a_client_that_leaves(backend: Any, sent: int) -> None:
    """If the server cannot send any more, whatever was sent before, ``close()`` runs in the thread of the request."""
    site = Site()

    async def main() -> None:
        left = sent

        async def send(message: Any) -> None:
            nonlocal left
            if not left:
                raise OSError("the client has left")
            left -= 1

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(asgi.from_wsgi(site), *exchange(f"/{number}", send))

    anyio.run(main, backend=backend)
    assert not site.wrong
    assert site.places["close"] == 3


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("place", ["call", "step", "close"])
def test_errors(backend: Any, place: str) -> None:
    """If the application fails, what still runs of it runs in its thread, and the thread serves other requests."""
    site = Site()

    async def send(message: Any) -> None:
        await anyio.lowlevel.checkpoint()

    async def ask(app: Any, path: str) -> None:
        with pytest.raises(RuntimeError, match=f"fails in {place}"):
            await app(*exchange(path, send))

    async def main() -> None:
        app = asgi.from_wsgi(site)
        site.fails_in = place
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(ask, app, f"/{number}")
        site.fails_in = ""
        await app(*exchange("/after", send))

    anyio.run(main, backend=backend)
    assert not site.wrong
    assert site.places["close"] == (1 if place == "call" else 4)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("ticks", range(12))
def test_a_scope_that_is_cancelled(backend: Any, ticks: int) -> None:
    """A request that a scope cancels at any moment closes its iterable once, in its thread."""
    site = Site()
    begun = []

    class Counted(Steps):
        def __init__(self, site: Site, path: str) -> None:
            super().__init__(site, path)
            begun.append(path)

    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        site(environ, start_response)
        return Counted(site, environ["PATH_INFO"][1:])

    async def send(message: Any) -> None:
        await anyio.sleep(0.002)

    async def main() -> None:
        for number in range(3):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(asgi.from_wsgi(app), *exchange(f"/{number}", send))
                    await anyio.sleep(ticks * 0.001)
                    scope.cancel()
        with anyio.fail_after(100):
            while site.places["close"] < len(begun):
                await anyio.sleep(0.01)

    anyio.run(main, backend=backend)
    assert not site.wrong
    assert site.places["close"] == len(begun)


@pytest.mark.parametrize("ticks", range(12))
def test_a_task_that_is_cancelled(ticks: int) -> None:
    """A request whose task is cancelled by asyncio itself closes its iterable once, in its thread."""
    site = Site()
    begun = []

    class Counted(Steps):
        def __init__(self, site: Site, path: str) -> None:
            super().__init__(site, path)
            begun.append(path)

    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        site(environ, start_response)
        return Counted(site, environ["PATH_INFO"][1:])

    async def send(message: Any) -> None:
        await asyncio.sleep(0.002)

    async def main() -> None:
        tasks = [asyncio.create_task(asgi.from_wsgi(app)(*exchange(f"/{number}", send))) for number in range(3)]
        await asyncio.sleep(ticks * 0.001)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=10)
        async with asyncio.timeout(10):
            while site.places["close"] < len(begun):
                await asyncio.sleep(0.01)

    asyncio.run(main())
    assert not site.wrong
    assert site.places["close"] == len(begun)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_bottle_while_it_streams(backend: Any) -> None:
    """Bottle's request is kept for each thread: the body of a stream sees the request that it answers."""
    site = bottle.Bottle()

    @site.route("/stream")
    def stream() -> Any:
        def steps() -> Any:
            for _ in range(STEPS):
                time.sleep(0.001)
                yield f"{bottle.request.query.q} "

        return steps()

    async def ask(client: AsyncClient, number: int) -> None:
        response = await client.get("/stream", params={"q": f"u{number}"})
        assert set(response.text.split()) == {f"u{number}"}

    async def main() -> None:
        async with AsyncClient(Application.from_wsgi(site)) as client, anyio.create_task_group() as group:
            for number in range(15):
                group.start_soon(ask, client, number)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_slow_clients_keep_no_place(backend: Literal["asyncio", "trio"]) -> None:
    """A thread that waits for a slow client between two steps leaves its place to others: with one place for handlers
    and one for bodies, ten clients that take nothing keep no other request waiting.
    """
    site = Site()

    async def main() -> None:
        app = Application.from_wsgi(site, threads=1).asgi_app
        held = anyio.Event()

        async def send(message: Any) -> None:
            await held.wait()

        finished: list[Any] = []

        async def take(message: Any) -> None:
            finished.append(message)

        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(app, *exchange(f"/{number}", send))
            with anyio.fail_after(100):
                await app(*exchange("/after", take))
            assert not finished[-1].get("more_body")
            held.set()

    anyio.run(main, backend=backend)
    assert not site.wrong
    assert site.places["close"] == 11


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_too_many_slow_clients(backend: Literal["asyncio", "trio"]) -> None:
    """If as many threads wait as may, a further stream is a 503 with Retry-After, and its iterable is closed."""
    site = Site()

    async def main() -> None:
        app = Application(bridged(site), waiting_threads=2).asgi_app
        held = anyio.Event()
        started: list[Any] = []
        taken: list[Any] = []

        async def send(message: Any) -> None:
            started.append(message)
            await held.wait()

        async def take(message: Any) -> None:
            taken.append(message)

        async with anyio.create_task_group() as group:
            for number in range(2):
                group.start_soon(app, *exchange(f"/{number}", send))
            with anyio.fail_after(100):
                while len(started) < 2:
                    await anyio.sleep(0.001)
                await app(*exchange("/refused", take))
            assert taken[0]["status"] == 503
            assert (b"retry-after", b"1") in taken[0]["headers"]
            held.set()
        taken.clear()
        await app(*exchange("/after", take))
        assert taken[0]["status"] == 200

    anyio.run(main, backend=backend)
    assert not site.wrong
    assert site.places["close"] == 4


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_whole_answer_needs_no_waiting_thread(backend: Literal["asyncio", "trio"]) -> None:
    """An answer that only has to be closed is sent, and closed in its thread, also if no further thread may wait."""
    site = Site("list")

    async def main() -> None:
        app = Application(bridged(site), waiting_threads=0).asgi_app
        taken: list[Any] = []

        async def take(message: Any) -> None:
            taken.append(message)

        await app(*exchange("/whole", take))
        assert taken[0]["status"] == 200

    anyio.run(main, backend=backend)
    assert not site.wrong
    assert site.places["close"] == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", ["whole", "refused"])
def test_an_answer_without_an_iterable_keeps_no_thread(kind: str, backend: Literal["asyncio", "trio"]) -> None:
    """While a slow client takes an answer that is whole, or the 503 in place of a stream, the thread of its request
    serves other requests.
    """
    threads: list[int] = []

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        threads.append(threading.get_ident())
        start_response("200 OK", [])
        return [b"whole"] if kind == "whole" else iter([b"a", b"stream"])

    async def main() -> None:
        app = Application(bridged(site), waiting_threads=0).asgi_app
        held = anyio.Event()
        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status"))
            await held.wait()

        with anyio.fail_after(100):
            async with anyio.create_task_group() as group:
                while len(set(threads)) == len(threads):  # until the thread of one of them serves another one
                    assert len(threads) < 300, "each answer keeps a thread"
                    count = len(statuses)
                    group.start_soon(app, *exchange("/", send))
                    while len(statuses) == count:
                        await anyio.sleep(0.001)
                assert set(statuses) == {200 if kind == "whole" else 503}
                held.set()

    anyio.run(main, backend=backend)


@pytest.mark.parametrize(
    ("backend", "native"), [("asyncio", False), ("asyncio", True), ("trio", False)], ids=["asyncio", "native", "trio"]
)
def test_a_close_hook_that_reads_the_body(backend: Literal["asyncio", "trio"], native: bool) -> None:
    """After a request was cancelled, ``close()`` does not wait for its client: reading the body is an error at once."""
    seen: list[str] = []

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        start_response("200 OK", [])

        class Endless:
            def __iter__(self) -> Endless:
                return self

            def __next__(self) -> bytes:
                time.sleep(0.01)
                return b"x" * 70_000

            def close(self) -> None:
                try:
                    environ["wsgi.input"].read()
                except OSError:
                    seen.append("the client has left")

        return Endless()

    async def receive() -> Any:
        await anyio.sleep_forever()

    async def send(message: Any) -> None:
        await anyio.sleep(0.001)

    scope = scope_of("/") | {"method": "POST", "headers": [(b"content-length", b"2000000")]}

    async def main() -> None:
        with anyio.fail_after(100):
            if native:
                task = asyncio.create_task(asgi.from_wsgi(site)(scope, receive, send))  # type: ignore[arg-type]
                await asyncio.sleep(0.1)
                task.cancel()
                await asyncio.wait([task])
            else:
                with anyio.move_on_after(0.1):
                    await asgi.from_wsgi(site)(scope, receive, send)  # type: ignore[arg-type]
            while not seen:
                await anyio.sleep(0.001)

    anyio.run(main, backend=backend)
    assert seen == ["the client has left"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("how", ["the client leaves", "a scope is cancelled"])
@pytest.mark.parametrize("waits", [False, True], ids=["the step runs", "the step waits for the loop"])
def test_close_uses_the_loop_after_a_cancellation(backend: Any, how: str, waits: bool) -> None:
    """What a step awaits in the loop is cancelled with the request; what ``close()`` awaits there is not."""
    seen: list[str] = []

    async def main() -> None:
        stepping, left = anyio.Event(), anyio.Event()

        async def begin() -> None:
            stepping.set()

        async def wait() -> None:
            stepping.set()
            await anyio.sleep_forever()

        def steps() -> Any:
            yield b"first"
            anyio.from_thread.run(wait if waits else begin)
            time.sleep(0.05)
            yield b"second"

        class Closed:
            def __init__(self) -> None:
                self.steps = steps()

            def __iter__(self) -> Any:
                return self.steps

            def close(self) -> None:
                anyio.from_thread.run(anyio.sleep, 0.001)
                seen.append("closed")

        def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
            start_response("200 OK", [])
            return Closed()

        async def receive() -> Any:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await anyio.lowlevel.checkpoint()

        with anyio.fail_after(100), anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(asgi.from_wsgi(site), scope_of("/"), receive, send)
                await stepping.wait()
                if how == "the client leaves":
                    left.set()
                else:
                    scope.cancel()

    anyio.run(main, backend=backend)
    assert seen == ["closed"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("pause", [0, 0.002, 0.05])
def test_a_step_that_waits_after_the_cancellation(backend: Literal["asyncio", "trio"], pause: float) -> None:
    """A step that begins to wait in the loop when its request is cancelled already is cancelled there."""
    ended: list[str] = []

    async def main() -> None:
        stepping = anyio.Event()

        def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
            start_response("200 OK", [])
            yield b"first"
            anyio.from_thread.run_sync(stepping.set)
            time.sleep(pause)
            try:
                anyio.from_thread.run(anyio.sleep_forever)
            finally:
                ended.append("step")

        async def send(message: Any) -> None:
            await anyio.lowlevel.checkpoint()

        with anyio.fail_after(100), anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(asgi.from_wsgi(site), *exchange("/", send))
                await stepping.wait()
                scope.cancel()

    anyio.run(main, backend=backend)
    assert ended == ["step"]
