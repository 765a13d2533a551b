"""``write()`` of a WSGI application under ASGI (PEP 3333, "The write() Callable"): what is written is sent at once."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import pytest

from cardan import Application, Mount, Response, asgi, middleware
from cardan._crossing import turns_here
from cardan.apps._writer import answer_writing
from cardan.apps._wsgi_bridge import bridged
from cardan.core import ContentLengthError
from cardan.core._request.exchange import Exchange
from cardan.testing import AsyncClient
from tests.apps.doors import DOORS, exchange, resolving, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from wsgiref.types import StartResponse

    from tests.servers import ServerPool

PIECE = b"x" * 65_536
both = pytest.mark.parametrize("backend", ["asyncio", "trio"])
everywhere = pytest.mark.parametrize("door", DOORS)
#: through this door two event loops and a thread lie between the application and the client
FAR = "two bridges"
#: how many pieces may be on their way there
AHEAD = {FAR: 4}


class Closing(list[bytes]):
    """An iterable that tells that it was closed."""

    def __init__(self, closed: list[int], *chunks: bytes) -> None:
        super().__init__(chunks)
        self.closed = closed

    def close(self) -> None:
        self.closed.append(threading.get_ident())


class Taker:
    """The ``send`` of a server. It counts the bytes of the body, and fails when ``left`` messages were taken."""

    def __init__(self, left: int = 10**6, pause: Callable[[], Any] = anyio.lowlevel.checkpoint) -> None:
        self.left = left
        self.pause = pause
        self.messages: list[Any] = []
        self.size = 0

    async def __call__(self, message: Any) -> None:
        if len(self.messages) >= self.left:
            raise OSError("the client has left")
        await self.pause()
        self.messages.append(message)
        self.size += len(message.get("body", b""))

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def is_complete(self) -> bool:
        last = self.messages[-1]
        return last["type"] == "http.response.body" and not last.get("more_body")


def late_answer(request: Any, error: Exception) -> Response:
    return Response("sorry", 500)


def run(backend: str, main: Callable[[], Any]) -> None:
    async def limited() -> None:
        with anyio.fail_after(100):
            await main()

    anyio.run(limited, backend=backend)


@both
@everywhere
def test_it_is_sent_before_write_returns(backend: str, door: str) -> None:
    """When ``write()`` returns, the server has taken the bytes. All of it runs in one thread, which is that of the
    iterable and of ``close()``, too. What is returned follows what was written.
    """
    taker, behind, threads, closed = Taker(), [], set(), list[int]()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [("Content-Type", "image/png")])
        for number in range(1, 13):
            write(PIECE)
            behind.append(number * len(PIECE) - taker.size)
            threads.add(threading.get_ident())
        return Closing(closed, b"the ", b"end")

    async def main() -> None:
        await DOORS[door](site)(*exchange("/at/", taker))

    run(backend, main)
    assert max(behind) <= AHEAD.get(door, 0) * len(PIECE)
    assert taker.body == PIECE * 12 + b"the end"
    assert taker.is_complete
    assert closed == list(threads)


@both
@everywhere
@pytest.mark.parametrize("left", [1, 2, 4])
@pytest.mark.parametrize("goes_on", [False, True], ids=["raises", "goes on"])
def test_a_client_that_leaves(backend: str, door: str, left: int, goes_on: bool) -> None:
    """If the client has left, each ``write()`` raises an OSError. What the application returns then is closed once."""
    seen: list[OSError] = []
    closed: list[int] = []

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [("Content-Type", "image/png")])
        try:
            for _ in range(100):
                write(PIECE)
        except OSError as error:
            seen.append(error)
            if not goes_on:
                raise
        with pytest.raises(OSError, match=r".") as again:
            write(PIECE)
        seen.append(again.value)
        return Closing(closed, b"the end")

    async def main() -> None:
        app = DOORS[door](site)
        with anyio.CancelScope():
            await app(*exchange("/at/", Taker(left)))
        while len(seen) < (2 if goes_on else 1) or (goes_on and not closed):
            await anyio.sleep(0.001)

    run(backend, main)
    assert len(closed) == (1 if goes_on else 0)


@both
@everywhere
def test_a_disconnect_while_the_application_waits(backend: str, door: str) -> None:
    """A client that leaves while the application does something else is told of by the next ``write()``."""
    raised = threading.Event()
    left = threading.Event()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [("Content-Type", "image/png")])
        try:
            write(PIECE)
            assert left.wait(100)
            for _ in range(100):
                write(PIECE)
        except OSError:
            raised.set()
            raise
        return []

    async def main() -> None:
        begun = anyio.Event()

        async def receive() -> Any:
            await begun.wait()
            left.set()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if left.is_set():
                raise OSError("the client has left")
            if message.get("body"):
                begun.set()

        await DOORS[door](site)(scope_of("/at/"), receive, send)
        while not raised.is_set():
            await anyio.sleep(0.001)

    run(backend, main)


@both
@everywhere
@pytest.mark.parametrize("written", [0, 1, 3])
def test_a_start_with_exc_info(backend: str, door: str, written: int) -> None:
    """``exc_info`` replaces the head before the first ``write()``. After it, the error is raised, no clean end."""
    taker = Taker()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [("Content-Type", "image/png")])
        for _ in range(written):
            write(b"some")
        try:
            raise LookupError("no such thing")
        except LookupError:
            start_response("500 Sorry", [("Content-Type", "image/png")], sys.exc_info())(b"sorry")
        return []

    async def main() -> None:
        if not written:
            await DOORS[door](site)(*exchange("/at/", taker))
            return
        with pytest.raises(LookupError, match="no such thing"):
            await DOORS[door](site)(*exchange("/at/", taker))

    run(backend, main)
    assert taker.messages[0]["status"] == (200 if written else 500)
    assert taker.body == (b"some" * written or b"sorry")
    assert taker.is_complete is not bool(written)


@both
@everywhere
def test_a_head_that_cannot_be_sent(backend: str, door: str) -> None:
    """Nothing was sent then, so that the application can give another head (PEP 3333, "Error Handling")."""
    taker = Taker()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        try:
            start_response("200 OK", [("X-Name", "a\nb")])(b"some")
        except ValueError:
            start_response("500 Sorry", [("Content-Type", "image/png")], sys.exc_info())(b"sorry")
        return []

    async def main() -> None:
        await DOORS[door](site)(*exchange("/at/", taker))

    run(backend, main)
    assert (taker.messages[0]["status"], taker.body, taker.is_complete) == (500, b"sorry", True)


@both
@everywhere
@pytest.mark.parametrize("kind", [LookupError, StopIteration])
@pytest.mark.parametrize("answers", [False, True], ids=["without on_exception", "with on_exception"])
def test_an_error_after_a_write(backend: str, door: str, kind: Any, answers: bool) -> None:
    """An error after a ``write()`` cuts the answer off: no clean end. An answer of ``on_exception`` comes too late."""
    taker = Taker()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        start_response("200 OK", [("Content-Type", "image/png")])(b"some")
        raise kind("no more")

    async def main() -> None:
        app = DOORS[door](site)
        if answers and isinstance(app, Application):
            app.on_exception = late_answer  # type: ignore[method-assign]
        with pytest.raises(BaseException, match=r"no more|StopIteration") as raised:
            await app(*exchange("/at/", taker))
        assert kind is not LookupError or raised.type is LookupError

    run(backend, main)
    assert taker.body == b"some"
    assert not taker.is_complete


@both
@everywhere
@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")]
)
@pytest.mark.parametrize("rest", [b"", b"rest"])
def test_an_answer_without_a_body(backend: str, door: str, method: str, status: str, rest: bytes) -> None:
    """What is written is dropped, not kept, and the application comes to its end. Its length is not declared, and that
    of what is returned then is not the length of the body, which a Content-Length would be (RFC 9110 section 8.6).
    """
    taker, returned, references = Taker(), [], set[int]()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response(status, [("ETag", '"a"')])
        piece = bytes(65_536)
        for _ in range(3):
            references.add(sys.getrefcount(piece))
            write(piece)
        references.add(sys.getrefcount(piece))
        returned.append(True)
        return [rest]

    async def main() -> None:
        scope, receive, send = exchange("/at/", taker)
        await DOORS[door](site)(scope | {"method": method}, receive, send)

    run(backend, main)
    assert (taker.messages[0]["status"], taker.body) == (int(status[:3]), b"")
    assert b"content-length" not in dict(taker.messages[0]["headers"])
    assert taker.is_complete
    assert returned
    assert len(references) == 1


@both
@everywhere
@pytest.mark.parametrize("size", [len(PIECE) * 2 + 1, len(PIECE) * 2 - 1, len(PIECE) * 2])
def test_the_declared_length(backend: str, door: str, size: int) -> None:
    """The bytes are counted as those of every stream: more or fewer than declared are an error."""
    taker = Taker()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [("Content-Type", "image/png"), ("Content-Length", str(size))])
        write(PIECE)
        write(PIECE)
        return []

    async def main() -> None:
        call = DOORS[door](site)(*exchange("/at/", taker))
        if size == len(PIECE) * 2:
            await call
        else:
            with pytest.raises(ContentLengthError):
                await call

    run(backend, main)
    assert taker.is_complete is (size == len(PIECE) * 2)
    assert dict(taker.messages[0]["headers"])[b"content-length"] == str(size).encode()


@both
@everywhere
def test_what_can_be_written(backend: str, door: str) -> None:
    """Nothing is sent for ``b""``; text is a TypeError; a buffer is copied; nothing can be written after the end."""
    taker, kept, sent = Taker(), [], []

    class Body(list[bytes]):
        def close(self) -> None:
            for write in kept:
                with pytest.raises(RuntimeError, match="got write\\(\\) after the end of the response"):
                    write(b"late")
            kept.clear()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [("Content-Type", "image/png")])
        write(b"")
        sent.append(len(taker.messages))
        with pytest.raises(TypeError, match="got str, expected bytes"):
            write("text")  # type: ignore[arg-type]
        buffer = bytearray(b"one ")
        write(buffer)
        buffer[:] = b"two "
        write(memoryview(buffer))
        write(b"")
        kept.append(write)
        return Body([b"three"])

    async def main() -> None:
        await DOORS[door](site)(*exchange("/at/", taker))

    run(backend, main)
    assert taker.body == b"one two three"
    assert sent == [0]
    assert not kept
    assert all(message["body"] for message in taker.messages[2:-1])


@both
@everywhere
def test_a_generator_that_writes(backend: str, door: str) -> None:
    """What a generator writes is sent at once, too, before the chunk that it yields next."""
    taker, behind = Taker(), []

    def site(environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
        write = start_response("200 OK", [("Content-Type", "image/png")])
        size = 0
        for _ in range(6):
            yield b"y" * 10
            write(PIECE)
            size += 10 + len(PIECE)
            behind.append(size - taker.size)
            write(b"z")
            size += 1

    async def main() -> None:
        await DOORS[door](site)(*exchange("/at/", taker))

    run(backend, main)
    assert taker.body == (b"y" * 10 + PIECE + b"z") * 6
    assert max(behind) <= AHEAD.get(door, 0) * (len(PIECE) + 11)


@pytest.mark.parametrize("ticks", range(8))
@pytest.mark.parametrize(
    ("backend", "native"), [("asyncio", False), ("asyncio", True), ("trio", False)], ids=["asyncio", "native", "trio"]
)
@pytest.mark.parametrize("door", ["asgi.from_wsgi", "resolved, the ASGI side alone"])
def test_a_request_that_is_cancelled(backend: str, ticks: int, native: bool, door: str) -> None:
    """If the request is cancelled, at any moment, ``write()`` raises.

    What the application returns then is closed once, in the thread of the call.
    """
    called: list[int] = []
    closed: list[int] = []

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        called.append(threading.get_ident())
        write = start_response("200 OK", [])
        try:
            while True:
                write(PIECE)
        except OSError:
            return Closing(closed)

    async def send(message: Any) -> None:
        await anyio.sleep(0.001)

    async def main() -> None:
        app = DOORS[door](site)
        for number in range(3):
            call = app(*exchange(f"/{number}", send))
            if native:
                task = asyncio.create_task(call)  # type: ignore[arg-type]
                await asyncio.sleep(ticks * 0.001)
                task.cancel()
                await asyncio.wait([task])
            else:
                with anyio.move_on_after(ticks * 0.001):
                    await call
        while len(closed) < len(called):
            await anyio.sleep(0.001)

    run(backend, main)
    assert closed == called


@both
def test_slow_clients_keep_no_place(backend: str) -> None:
    """A thread that waits in ``write()`` leaves its place to others: with one place for handlers and one for bodies,
    ten clients that take nothing keep no other request waiting.
    """
    ended: list[str] = []

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [])
        for _ in range(3):
            write(PIECE)
        ended.append(environ["PATH_INFO"])
        return []

    async def main() -> None:
        app = Application(bridged(site), threads=1, stream_threads=1).asgi_app
        held = anyio.Event()
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(app, *exchange(f"/{number}", Taker(pause=held.wait)))
            await anyio.sleep(0)
            await app(*exchange("/after", Taker()))
            assert ended == ["/after"]
            held.set()

    run(backend, main)
    assert len(ended) == 11


@both
def test_too_many_slow_clients(backend: str) -> None:
    """If as many threads wait as are allowed to, the next answer is a 503, and ``write()`` raises."""
    raised: list[OSError] = []

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [])
        try:
            write(PIECE)
        except OSError as error:
            raised.append(error)
            raise
        return []

    async def main() -> None:
        taker = Taker()
        await Application(bridged(site), waiting_threads=0).asgi_app(*exchange("/", taker))
        assert taker.messages[0]["status"] == 503

    run(backend, main)
    assert len(raised) == 1


@both
@pytest.mark.parametrize(("whole", "status"), [(True, 200), (False, 503)])
def test_no_thread_may_wait(backend: str, whole: bool, status: int) -> None:
    """If no thread may wait for its client, a stream is answered with 503, and is closed. A whole answer is sent, also
    if it has something to be closed after it.
    """
    closed: list[str] = []

    class Chunks(list[bytes]):
        def close(self) -> None:
            closed.append("closed")

    def chunks() -> Any:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append("closed")

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        start_response("200 OK", [])
        return Chunks([b"ab"]) if whole else chunks()

    async def main() -> None:
        taker = Taker()
        await Application(bridged(site), waiting_threads=0).asgi_app(*exchange("/", taker))
        assert taker.messages[0]["status"] == status

    run(backend, main)
    assert closed == ["closed"]


@both
@pytest.mark.parametrize("door", ["resolved, the ASGI side alone", "resolved, which speaks WSGI only"])
@pytest.mark.parametrize("where", ["around all", "around the inner one"])
def test_behind_middleware_it_is_kept(backend: str, door: str, where: str) -> None:
    """A middleware gets the response when the application has returned: what was written is kept until then."""
    taker, sent = Taker(), []

    @middleware
    def around(request: Any) -> Any:
        response = yield
        response.headers["X-A"] = "1"

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [])
        write(b"one ")
        write(b"two ")
        sent.append(len(taker.messages))
        return [b"three"]

    async def main() -> None:
        app = DOORS[door](site)
        if where == "around the inner one":
            inner, app = app, resolving(app)
            inner.middleware = [around]
        else:
            app.middleware = [around]
        await app(*exchange("/at/", taker))

    run(backend, main)
    assert sent == [0]
    assert taker.body == b"one two three"
    assert (b"x-a", b"1") in taker.messages[0]["headers"]


def writing(environ: dict[str, Any], start_response: StartResponse) -> Any:
    """A site that writes in its call and in a step of its generator."""
    write = start_response("200 OK", [("Content-Type", "image/png")])
    write(b"one ")
    write(b"two ")

    def rest() -> Iterator[bytes]:
        yield b"three "
        write(b"four ")
        yield b"five "
        write(b"six")

    return rest()


@middleware
def shouting(request: Any) -> Any:
    """Changes the head, and each chunk of the body."""
    response = yield
    response.headers["X-A"] = "1"
    response.response = map(bytes.upper, response.response)


@both
@pytest.mark.parametrize("door", ["resolved, the ASGI side alone", "resolved, which speaks WSGI only"])
@pytest.mark.parametrize("around", [lambda app: app, resolving], ids=["", "resolved"])
def test_a_middleware_that_changes_the_body(backend: str, door: str, around: Any) -> None:
    """Nothing that is written passes a middleware by, also what a generator writes while its body is sent."""
    taker = Taker()

    async def main() -> None:
        app = DOORS[door](writing)
        app.middleware = [shouting]
        await around(app)(*exchange("/at/", taker))

    run(backend, main)
    assert taker.body == b"ONE TWO THREE FOUR FIVE SIX"
    assert (b"x-a", b"1") in taker.messages[0]["headers"]


def calling(app: Any) -> Any:
    """A site that answers as ``app``, which it calls, with one more field."""

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-B", "1")])

        return app(environ, start)

    return site


def including(app: Any) -> Any:
    """A site that has the body of ``app`` in its own, and calls it in a step."""

    def site(environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("X-A", "1"), ("X-B", "1")])
        yield b"("
        yield from app(environ, lambda *args: None)
        yield b")"

    return site


@both
@pytest.mark.parametrize(
    ("site", "body"),
    [
        (calling, b"ONE TWO THREE FOUR FIVE SIX"),
        (including, b"(ONE TWO THREE FOUR FIVE SIX)"),
        (lambda app: including(calling(app)), b"(ONE TWO THREE FOUR FIVE SIX)"),
        (lambda app: calling(including(calling(app))), b"(ONE TWO THREE FOUR FIVE SIX)"),
    ],
    ids=["in the call", "in a step", "in the call in a step", "in the call in a step in the call"],
)
def test_a_site_that_calls_another_one(backend: str, site: Any, body: bytes) -> None:
    """What an application writes that a WSGI application calls passes neither that one by, nor what stands between."""
    taker = Taker()
    inner = resolving(Mount({"/at": writing}))
    inner.middleware = [shouting]

    async def main() -> None:
        await asgi.from_wsgi(site(inner))(*exchange("/at/", taker))

    run(backend, main)
    assert taker.body == body
    assert {(b"x-a", b"1"), (b"x-b", b"1")} <= set(taker.messages[0]["headers"])
    assert taker.is_complete


@both
@everywhere
def test_a_write_after_the_declared_length(backend: str, door: str) -> None:
    """What is written when the body is whole is an error of the application, and never a second response."""
    taker = Taker()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
        write = start_response("200 OK", [("Content-Type", "image/png"), ("Content-Length", "5")])
        yield b"whole"
        write(b"more")

    async def main() -> None:
        with pytest.raises(ContentLengthError, match=r"expected 5|than its Content-Length declares"):
            await DOORS[door](site)(*exchange("/at/", taker))

    run(backend, main)
    assert taker.body == b"whole"


@both
def test_a_write_in_another_thread(backend: str) -> None:
    """What another thread of the application writes is sent with what comes next: all in the order of the calls."""

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [])
        for number in range(environ["PATH_INFO"].count("/")):
            if number:
                write(b"own ")
            other = threading.Thread(target=write, args=[f"{number} ".encode()])
            other.start()
            other.join()
        return [b"end"]

    async def main() -> None:
        async with AsyncClient(Application.from_wsgi(site), "asgi") as client:
            assert (await client.get("/")).text == "0 end"
            assert (await client.get("/a/b/c")).text == "0 own 1 own 2 end"

    run(backend, main)


@both
@pytest.mark.parametrize("has_begun", [False, True])
def test_a_write_in_the_thread_of_another_request(has_begun: bool, backend: str) -> None:
    """An application may write to a client in the thread of another one, as a chat does: each client gets what was
    written to it, and nothing else.
    """
    writes: list[Any] = []
    waits, go_on = threading.Event(), threading.Event()
    first, second = Taker(), Taker()

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [])
        writes.append(write)
        if environ["PATH_INFO"] == "/first":
            if has_begun:
                write(b"first ")
            waits.set()
            assert go_on.wait(100)
        else:
            writes[0](b"for the first ")
            write(b"second ")
            writes[0](b"for the first ")
            go_on.set()
        return [b"end"]

    async def main() -> None:
        app = Application.from_wsgi(site)
        async with anyio.create_task_group() as group:
            group.start_soon(app.asgi_app, *exchange("/first", first))
            while not waits.is_set():
                await anyio.sleep(0.001)
            await app.asgi_app(*exchange("/second", second))

    run(backend, main)
    assert first.body == b"first " * has_begun + b"for the first " * 2 + b"end"
    assert second.body == b"second end"


@both
def test_an_error_that_no_client_takes_is_logged(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    """An error that an application raises when its client has left is an error of the program: it is logged, once."""

    def site(environ: dict[str, Any], start_response: StartResponse) -> Any:
        write = start_response("200 OK", [])
        try:
            while True:
                write(PIECE)
        except OSError:
            raise LookupError("a defect") from None

    async def main() -> None:
        await Application.from_wsgi(site).asgi_app(*exchange("/", Taker(3)))

    run(backend, main)
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["a defect"]


def test_only_a_kept_thread_has_turns() -> None:
    """A thread that no request keeps ends no call early."""
    assert turns_here() is None


@pytest.mark.real_server
def test_on_uvicorn(server_pool: ServerPool) -> None:
    """The first bytes arrive while the application waits, and a client that leaves ends it."""
    server = server_pool.get("uvicorn", "tests.apps.writing_app:app", app_dir=Path(__file__).parents[2])
    url = urlsplit(server.url)
    address = (url.hostname, url.port)

    def ask(path: str) -> socket.socket:
        connection = socket.create_connection(address, 20)  # type: ignore[arg-type]
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n".encode())
        return connection

    def until(connection: socket.socket, text: bytes) -> bytes:
        got = b""
        while text not in got:
            piece = connection.recv(65_536)
            assert piece, got
            got += piece
        return got

    with ask("/write") as writing:
        assert b"second" not in until(writing, b"first")
        with ask("/release") as release:
            until(release, b"[]")
        until(writing, b"third")
    with ask("/endless") as endless:
        until(endless, b"xxxx")
    with ask("/seen") as seen:
        until(seen, b"BrokenPipeError")


def test_only_the_thread_of_a_handler_gives_up_its_place() -> None:
    """A handler leaves its place to others while a bridged application makes the first chunk. An application that is
    called in another thread leaves the place of the handler alone, which runs on.
    """
    begun: list[Any] = []
    exchange = Exchange()
    exchange.lease = SimpleNamespace(thread=threading.get_ident(), begin_stream=begun.append)
    exchange.token = "the loop"

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return iter([b"some"])

    def run() -> None:
        response = answer_writing(app, {}, exchange, "GET", lambda status, headers, body: Response(body, status))
        assert response.get_data() == b"some"

    other = threading.Thread(target=run)
    other.start()
    other.join()
    assert begun == []
    run()
    assert begun == ["the loop"]
