"""A system that starts no thread, for a moment: nothing waits for ever, and what has to be closed is closed."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NoReturn

import anyio
import pytest
from anyio import to_thread

from cardan import Application, Request, Response
from cardan._crossing import Threads, Worker, jobs, worker
from cardan._crossing.jobs import Job
from cardan._crossing.kept import KeptThread
from cardan._crossing.places import Places
from tests.crossing.exchange import Exchange, chunk

pytestmark = pytest.mark.parametrize("backend", ["asyncio", "trio"])

FORM = b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nsome data\r\n--B--\r\n'
TYPE = (b"content-type", b"multipart/form-data; boundary=B")


def no_thread(*args: object, **options: object) -> NoReturn:
    """As ``Thread.start`` if a limit of the system is reached."""
    raise RuntimeError("can't start new thread")


@contextmanager
def no_threads() -> Iterator[None]:
    """A block in which no thread can be started. The loop must be new: idle threads would do the work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        patch.setattr(to_thread, "run_sync", no_thread)
        yield


def run(backend: str, function: Callable[[], Awaitable[Any]]) -> Any:
    """The result of ``function`` in a new event loop."""

    async def main() -> Any:
        with anyio.fail_after(20):
            return await function()

    return anyio.run(main, backend=backend)


def test_close_hooks(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    """A plain close hook runs in the event loop, and the log says why."""
    ended = []

    async def pieces() -> AsyncIterator[str]:
        try:
            yield "a"
        finally:
            ended.append("body")

    async def handler(request: Request) -> Response:
        response = Response(pieces())
        response.call_on_close(lambda: ended.append("hook"))
        return response

    async def main() -> None:
        exchange = Exchange(Application(handler), chunk(b"", False), method="GET")
        with no_threads():
            await exchange.run()
        assert (exchange.status, exchange.body) == (200, b"a")

    run(backend, main)
    assert ended == ["body", "hook"]
    assert [record.getMessage() for record in caplog.records] == ["no worker thread could be started"]


def test_files_of_a_form(backend: str) -> None:
    """Files on disk are written, read and closed in the event loop."""
    files = []

    class OnDisk(Request):
        max_file_memory = 5

    async def handler(request: Request) -> Response:
        await request.load()
        files.append(request.files["f"])
        return Response(await request.files["f"].aread())

    async def main() -> None:
        app = Application(handler, request_class=OnDisk)
        exchange = Exchange(app, chunk(FORM, False), headers=[TYPE, (b"content-length", b"%d" % len(FORM))])
        with no_threads():
            await exchange.run()
        assert (exchange.status, exchange.body) == (200, b"some data")

    run(backend, main)
    assert files[0].closed


@pytest.mark.parametrize("has_begun", [False, True])
def test_a_call_is_made_once(backend: str, has_begun: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error beside a thread that runs all the same is raised: the call is not made a second time in the loop."""
    calls = []

    async def start(job: Job[None]) -> NoReturn:
        if has_begun:
            job.begin()
        raise RuntimeError("no thread")

    async def main() -> None:
        await jobs.run_to_end(Places(1), calls.append, 1)

    monkeypatch.setattr(jobs, "start", start)
    with pytest.raises(RuntimeError, match="no thread") if has_begun else nullcontext():
        run(backend, main)
    assert calls == ([] if has_begun else [1])


@pytest.mark.parametrize("kind", ["run_to_end", "close"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_what_ends_more_than_a_request(
    backend: str, error: BaseException, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt of the process, or the ``close()`` of a coroutine, is raised. It is no lack of threads."""
    calls: list[int] = []

    async def start(*args: object, **options: object) -> NoReturn:
        raise error

    async def main() -> None:
        call = partial(jobs.run_to_end, Places(1)) if kind == "run_to_end" else Worker(Threads(1)).close
        with pytest.raises(type(error)):
            await call(calls.append, 1)

    monkeypatch.setattr(jobs, "start", start)
    monkeypatch.setattr(worker, "start", start)
    run(backend, main)
    assert calls == []


def test_handlers(backend: str) -> None:
    """The request of a ``def`` handler fails by the error of the system. The next one is served."""

    async def main() -> None:
        app = Application(lambda request: Response("well"))
        exchange = Exchange(app, chunk(b"", False), method="GET")
        with no_threads(), pytest.raises(RuntimeError, match="can't start new thread"):
            await exchange.run()
        after = Exchange(app, chunk(b"", False), method="GET")
        await after.run()
        assert after.body == b"well"

    run(backend, main)


def test_bridges(backend: str) -> None:
    """A WSGI application, which would keep its thread, fails in the same way. Its request does not wait for ever."""

    def site(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"well"]

    async def main() -> None:
        app = Application.from_wsgi(site)
        exchange = Exchange(app, chunk(b"", False), method="GET")
        with no_threads(), pytest.raises(RuntimeError, match="can't start new thread"):
            await exchange.run()
        after = Exchange(app, chunk(b"", False), method="GET")
        await after.run()
        assert after.body == b"well"

    run(backend, main)


def test_later_jobs_of_a_kept_thread(backend: str) -> None:
    """Each job for a thread that was not started fails, also one that comes later."""

    async def main() -> None:
        kept = KeptThread()
        with no_threads():
            for _ in range(2):
                with pytest.raises(RuntimeError, match="can't start new thread"):
                    await kept.run(Job(str, ()))
        kept.give_back()

    run(backend, main)
