"""Torture: ``python -m proof.torture [PROGRAM ...]``. Every call fails once, every request is cancelled at every step.

Each program of :mod:`proof.torture_programs` gets its request again and again, on WSGI, asyncio and trio. The garbage
collector is off. Each time one thing goes wrong:

- The k-th call fails: a read, write, open, seek, close, send, receive, ``start_response``, iteration or hook. This is
  tried for every k until there is no such call, alone and with all later calls, with an ``OSError`` and with another
  exception.
- The request is cancelled when it is suspended for the k-th time: by ``Task.cancel()``, by a scope of anyio, by a scope
  of trio. It is also cancelled before every turn of the event loop. A turn is a step of any task, or a call that a
  thread has asked for.
- The upload ends at every offset.

The rules: no file, descriptor or task is left, no thread works for the request, and only threads for later requests are
kept. The first error is raised, logged or seen by the program. Every close hook, generator, middleware and sink that
has begun ends exactly once. The exit status is 1 if a trial breaks a rule.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import io
import logging
import os
import sys
import tempfile
import threading
import time
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from wsgiref.util import FileWrapper

import anyio
import anyio.lowlevel
import anyio.to_thread
import trio

from cardan import Request, Response
from cardan import _crossing as crossing
from cardan._crossing import pool
from cardan.testing import RequestBuilder

from .record import record
from .torture_faults import Defect, Failure, Faults, counted_system
from .torture_programs import PROGRAMS, Ask, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator

__all__ = ["PLACES", "Found", "torture"]

PLACES = ("wsgi", "wsgi, file wrapper", "asyncio", "trio")
#: errors that the server raises itself: the application need not report them
OWN = {"the server sends"}
#: calls that fail because the client has left: the program need not see their errors
LEAVES = {"send", "receive", "read of the input"}
MOST = 400
"""A bound on the calls and steps of a program; every program has fewer."""
PATIENCE = 10.0
"""For how many seconds the rules may be broken after a request, because a thread has not ended yet."""
HURRY = 0.1
"""The same, after a trial has broken them: the run has failed, and shall end and say why before it is ended."""
THREADS = 2
"""No program needs more threads at once, so no more are kept for later requests."""


class Found(NamedTuple):
    """A trial that broke a rule."""

    place: str
    program: str
    how: str
    what: str


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """``error``, and every error that it was made from or that it has replaced."""
    waiting, known = [error], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in known:
            continue
        known.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]


class Log(logging.Handler):
    """Keeps the errors that are logged."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the error of ``record``."""
        if record.exc_info and record.exc_info[1] is not None:
            self.errors.append(record.exc_info[1])


class Bench:
    """Runs the trials of one place, and checks what is left after each of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "file").write_bytes(bytes(range(100)))
        self.faults = Faults()
        self.left: list[str] = []
        self.log = Log()
        self.found: list[Found] = []
        self.trials = 0
        self.threads = set(threading.enumerate())

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The collector is off, errors are kept in place of being printed."""
        logger = logging.getLogger("cardan")
        before = logger.propagate, sys.unraisablehook
        gc.collect()
        gc.disable()
        logger.addHandler(self.log)
        logger.propagate = False
        # an error in a destructor is no error of a request: the response was never sent
        sys.unraisablehook = lambda found: self.left.append(f"an error was dropped: {found.exc_value!r}")
        try:
            with counted_system(lambda: self.faults, self.left):
                yield
        finally:
            logger.removeHandler(self.log)
            logger.propagate, sys.unraisablehook = before
            gc.enable()

    def trial(self, faults: Faults) -> Trial:
        """A new trial."""
        self.faults = faults
        self.left.clear()
        self.log.errors.clear()
        self.trials += 1
        return Trial(faults, self.folder)

    def judge(self, trial: Trial, errors: list[BaseException], status: int, before: set[Any]) -> Iterator[str]:
        """What is wrong after a trial that raised ``errors`` to the server and answered ``status``."""
        faults, self.faults = trial.faults, Faults()
        if trial.due != trial.ended:
            yield f"begun and ended: {dict(trial.due)}, {dict(trial.ended)}"
        if (now := descriptors()) != before:
            yield f"descriptors: {sorted(now ^ before)}"
        yield from self.left
        if faults.error is None or faults.what in OWN:
            return
        seen = [one for error in (*errors, *self.log.errors, *trial.seen) for one in chain(error)]
        if faults.what == "receive" and faults.lasting and any(isinstance(one, faults.kind) for one in seen):
            return  # another call of the server failed at the same time, and this error is the one that was raised
        by_client = faults.what in LEAVES and (isinstance(faults.error, OSError) or status >= 400)
        if not any(one is faults.error for one in seen) and not by_client:
            yield f"nobody saw the error of: {faults.what}"


def descriptors() -> set[tuple[str, str]]:
    """The open descriptors of the process, with what they are open on."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add((name, os.readlink(f"/proc/self/fd/{name}")))
    return {pair for pair in found if not pair[1].startswith(("/proc/", f"/proc/{os.getpid()}"))}


class Input(io.BytesIO):
    """A ``wsgi.input`` whose reads are counted."""

    def __init__(self, data: bytes, faults: Faults) -> None:
        super().__init__(data)
        self.faults = faults

    def read(self, size: int | None = -1, /) -> bytes:
        """At most some bytes at once."""
        self.faults.call("read of the input")
        return super().read(min(size, 50) if size is not None and size >= 0 else size)


def on_wsgi(app: Any, ask: Ask, faults: Faults, wrapper: bool, sent: bytes) -> tuple[list[BaseException], int]:
    """Serve one request as a WSGI server does. ``sent`` is the part of the body that arrives."""
    environ = RequestBuilder(ask.path, method=ask.method, headers=ask.headers, data=ask.body).environ()
    environ["wsgi.input"] = Input(sent, faults)
    if wrapper:
        environ["wsgi.file_wrapper"] = FileWrapper
    else:
        environ.pop("wsgi.file_wrapper", None)
    errors: list[BaseException] = []
    heads: list[int] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
        faults.call("start_response")
        heads.append(int(status[:3]))
        return lambda data: None

    def call() -> None:
        chunks = app(environ, start_response)
        try:
            for _ in chunks:
                faults.call("the server sends")
        finally:
            getattr(chunks, "close", int)()

    try:
        call()
    except Exception as error:
        errors.append(error)
    return errors, heads[-1] if heads else 500


class Exchange:
    """The server's side of one ASGI request. If ``sent`` is not the whole body, the client leaves after it."""

    def __init__(self, ask: Ask, faults: Faults, sent: bytes) -> None:
        self.scope = RequestBuilder(ask.path, method=ask.method, headers=ask.headers, data=ask.body).scope()
        self.faults = faults
        pieces = [sent[at : at + 50] for at in range(0, len(sent), 50)] or [b""]
        whole = sent == ask.body
        self.messages = [
            {"type": "http.request", "body": piece, "more_body": not whole or at + 1 < len(pieces)}
            for at, piece in enumerate(pieces)
        ]
        self.leaves = not whole
        self.status = 0
        self.ended = anyio.Event()

    async def receive(self) -> Any:
        """The next message."""
        await anyio.lowlevel.checkpoint()
        self.faults.call("receive")
        if self.messages:
            return self.messages.pop(0)
        if not self.leaves:
            await self.ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Take a message."""
        await anyio.lowlevel.checkpoint()
        self.faults.call("send")
        self.status = message.get("status", self.status)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.ended.set()


async def on_asgi(app: Any, ask: Ask, faults: Faults, sent: bytes) -> tuple[list[BaseException], int]:
    """Serve one request as an ASGI server does."""
    exchange = Exchange(ask, faults, sent)
    errors: list[BaseException] = []
    try:
        await app(exchange.scope, exchange.receive, exchange.send)
    except Exception as error:
        errors.append(error)
    return errors, exchange.status or 500


def tasks() -> set[Any]:
    """The other tasks of the running loop; on trio only their number is known."""
    try:
        return asyncio.all_tasks()
    except RuntimeError:
        return set(range(trio.lowlevel.current_statistics().tasks_living))


LIBRARIES = {"threading", "queue", "anyio", "trio"}
"""The modules whose functions a worker thread runs while it waits for work."""


def work_of(frame: types.FrameType | None) -> Iterator[tuple[str, str]]:
    """The functions that a thread runs, with their modules, without those of ``LIBRARIES``."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] not in LIBRARIES:
            yield name, frame.f_code.co_name
        frame = frame.f_back


WAITING = {(pool.__name__, "_serve"), (pool.__name__, "_get")}
"""The functions of cardan's pool that an idle thread runs."""


def threads_left(before: set[threading.Thread]) -> list[str]:
    """What is wrong with the threads that are not in ``before``: those that still work, and too many idle ones."""
    frames = sys._current_frames()
    threads = [each for each in threading.enumerate() if each not in before and each.ident in frames]
    wrong = []
    for each in threads:
        if work := [name for name in work_of(frames[each.ident or 0]) if name not in WAITING]:
            wrong.append(f"threads: {each.name} runs {work}")
    if len(threads) > THREADS:
        wrong.append(f"threads: {len(threads)} are kept: {threads}")
    return wrong


async def settled(check: Callable[[], list[str]], found: list[Found]) -> list[str]:
    """Repeat ``check`` until it finds nothing, or for ``PATIENCE`` seconds (``HURRY`` if something was ``found``
    before). Returns what it still finds.
    """
    end = time.monotonic() + (HURRY if found else PATIENCE)
    while (wrong := check()) and time.monotonic() < end:
        await anyio.sleep(0.001)
    return wrong


def settled_here(check: Callable[[], list[str]], found: list[Found]) -> list[str]:
    """The same as :func:`settled` in a plain thread."""
    end = time.monotonic() + (HURRY if found else PATIENCE)
    while (wrong := check()) and time.monotonic() < end:
        time.sleep(0.001)
    return wrong


Modes: TypeAlias = "list[tuple[bool, type[Exception]]]"
MODES: Modes = [(False, Defect), (True, Defect), (False, Failure), (True, Failure)]
"""Whether all later calls fail as well, and the error."""


def torture_wsgi(bench: Bench, place: str, program: str, modes: Modes, offsets: int) -> None:
    """All trials of one program on WSGI."""
    wrapper = place != "wsgi"
    threads = bench.threads
    loop = crossing.portal("asyncio")._token.native_token
    running = asyncio.all_tasks(loop)

    def once(faults: Faults, how: str, sent: bytes | None = None) -> None:
        before = descriptors()
        trial = bench.trial(faults)
        app, ask = PROGRAMS[program](trial)
        errors, status = on_wsgi(app, ask, faults, wrapper, ask.body if sent is None else sent)
        getattr(app, "close", int)()  # ends the lifespan, which the first request has started
        del app

        def check() -> list[str]:
            wrong = [*bench.judge(trial, errors, status, before), *threads_left(threads)]
            if left := asyncio.all_tasks(loop) - running:
                wrong.append(f"tasks: {left}")
            return wrong

        for what in settled_here(check, bench.found):
            bench.found.append(Found(place, program, f"{how} ({faults.what})", what))

    once(Faults(), "no call fails")
    for lasting, kind in modes:
        for at in range(1, MOST):
            faults = Faults(at, lasting=lasting, kind=kind)
            once(faults, f"call {at} fails by {kind.__name__}{', and all later ones' if lasting else ''}")
            if faults.count < at:
                break
    body = PROGRAMS[program](Trial(Faults(), bench.folder))[1].body
    for offset in range(0, len(body), offsets):
        once(Faults(), f"the upload ends at {offset}", body[:offset])


@types.coroutine
def stepped(coroutine: Coroutine[Any, Any, Any], on_step: Callable[[int], None]) -> Generator[Any, Any, Any]:
    """Run ``coroutine``; before it is suspended for the n-th time ``on_step(n)`` is called."""
    step, number, value = coroutine.send, 0, None
    while True:
        try:
            waited = step(value)
        except StopIteration as end:
            return end.value
        number += 1
        on_step(number)
        try:
            step, value = coroutine.send, (yield waited)
        except BaseException as error:
            step, value = coroutine.throw, error


async def cancelled_by_task(serve: Callable[[], Coroutine[Any, Any, Any]], at: int) -> bool:
    """Cancel by ``Task.cancel()`` at a step. Whether there was such a step."""
    reached = False

    def on_step(number: int) -> None:
        nonlocal reached
        if number == at:
            reached = True
            task.cancel()

    async def main() -> Any:
        return await stepped(serve(), on_step)

    task = asyncio.create_task(main())
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
    return reached


async def cancelled_by_scope(serve: Callable[[], Coroutine[Any, Any, Any]], at: int, scope: Any) -> bool:
    """Cancel ``scope`` at a step. Whether there was such a step."""
    reached = False

    def on_step(number: int) -> None:
        nonlocal reached
        if number == at:
            reached = True
            scope.cancel()

    with scope:
        await stepped(serve(), on_step)
    return reached


class Turns(trio.abc.Instrument):
    """Calls ``function`` before the turn ``at`` of a loop: a step of any task, or a call that a thread has asked for.

    A context manager, which counts from its beginning.
    """

    def __init__(self, at: int, function: Callable[[], object]) -> None:
        self.at = at
        self.function = function
        self.count = 0

    @property
    def reached(self) -> bool:
        """Whether there was such a turn."""
        return self.count >= self.at

    def before_task_step(self, task: object) -> None:
        """Count a turn, and call the function before its turn. trio calls this method, and so does ``counted``."""
        self.count += 1
        if self.count == self.at:
            self.function()

    def __enter__(self) -> Turns:
        self.is_trio = on_trio()
        if self.is_trio:
            trio.lowlevel.add_instrument(self)
            return self
        self.run = run = asyncio.Handle._run

        def counted(handle: asyncio.Handle) -> None:
            self.before_task_step(handle)
            run(handle)

        asyncio.Handle._run = counted  # type: ignore[method-assign, assignment]
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.is_trio:
            trio.lowlevel.remove_instrument(self)
        else:
            asyncio.Handle._run = self.run  # type: ignore[method-assign]


def on_trio() -> bool:
    """Whether trio runs here."""
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return False
    return True


async def cancelled_by_task_in_turn(serve: Callable[[], Coroutine[Any, Any, Any]], at: int) -> bool:
    """Cancel by ``Task.cancel()`` before a turn of the loop. Whether there was such a turn while the request ran."""
    task = asyncio.create_task(serve())
    with Turns(at, task.cancel) as turns:
        await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
    return turns.reached


async def cancelled_by_scope_in_turn(serve: Callable[[], Coroutine[Any, Any, Any]], at: int, scope: Any) -> bool:
    """Cancel ``scope`` before a turn of the loop. Whether there was such a turn while the request ran."""
    with scope, Turns(at, scope.cancel) as turns:
        await serve()
    return turns.reached


async def torture_asgi(bench: Bench, place: str, program: str, modes: Modes, offsets: int) -> None:
    """All trials of one program on one event loop."""
    running = tasks()
    threads = bench.threads

    async def once(faults: Faults, how: str, sent: bytes | None = None, cancel: Any = None) -> bool:
        before = descriptors()
        trial = bench.trial(faults)
        app, ask = PROGRAMS[program](trial)
        outcome: tuple[list[BaseException], int] = ([], 400)

        async def serve() -> None:
            nonlocal outcome
            outcome = await on_asgi(app, ask, faults, ask.body if sent is None else sent)

        reached = False
        if cancel is None:
            await serve()
        else:
            reached = await cancel(serve)

        def check() -> list[str]:
            wrong = list(bench.judge(trial, *outcome, before))
            if len(tasks()) != len(running):
                wrong.append(f"tasks: {len(running)} before, {len(tasks())} after: {tasks()}")
            wrong += threads_left(threads)
            if place == "asyncio" and len((kept := pool._pools.get()).threads) > len(kept.idle):
                wrong.append(f"threads: {len(kept.threads)} in the pool, of which {len(kept.idle)} are free")
            return wrong

        for what in await settled(check, bench.found):
            bench.found.append(Found(place, program, f"{how} ({faults.what})", what))
        return reached

    await once(Faults(), "no call fails")
    for lasting, kind in modes:
        for at in range(1, MOST):
            faults = Faults(at, lasting=lasting, kind=kind)
            await once(faults, f"call {at} fails by {kind.__name__}{', and all later ones' if lasting else ''}")
            if faults.count < at:
                break
    ways: dict[str, Any] = {
        "by a scope of anyio at step": lambda at, serve: cancelled_by_scope(serve, at, anyio.CancelScope()),
        "by a scope of anyio in turn": lambda at, serve: cancelled_by_scope_in_turn(serve, at, anyio.CancelScope()),
    }
    if place == "trio":
        ways |= {
            "by a scope of trio at step": lambda at, serve: cancelled_by_scope(serve, at, trio.CancelScope()),
            "by a scope of trio in turn": lambda at, serve: cancelled_by_scope_in_turn(serve, at, trio.CancelScope()),
        }
    else:
        ways |= {
            "by Task.cancel() at step": lambda at, serve: cancelled_by_task(serve, at),
            "by Task.cancel() in turn": lambda at, serve: cancelled_by_task_in_turn(serve, at),
        }
    for name, way in ways.items():
        for at in range(1, MOST):
            if not await once(Faults(), f"cancelled {name} {at}", cancel=lambda s, w=way, n=at: w(n, s)):
                break
    body = PROGRAMS[program](Trial(Faults(), bench.folder))[1].body
    for offset in range(0, len(body), offsets):
        await once(Faults(), f"the upload ends at {offset}", body[:offset])


def _start_loop() -> None:
    """Start the loop in which a WSGI process runs ``async def`` handlers: it stays, and so do its descriptors."""

    @Request.application
    async def app(request: Request) -> Response:
        await anyio.to_thread.run_sync(int)
        return Response()

    list(app.wsgi_app(RequestBuilder().environ(), lambda status, headers, exc_info=None: None))


def torture(
    programs: list[str],
    places: tuple[str, ...] = PLACES,
    *,
    modes: Modes = MODES,
    offsets: int = 1,
) -> tuple[dict[str, int], list[Found]]:
    """How many trials there were at each place, and those that broke a rule. Every ``offsets``-th offset is tried."""
    counts: dict[str, int] = {}
    found: list[Found] = []
    _start_loop()
    for place in places:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder))
            threads = threading.enumerate()
            with bench.running():
                if place.startswith("wsgi"):
                    for program in programs:
                        torture_wsgi(bench, place, program, modes, offsets)
                else:

                    async def main(bench: Bench = bench, place: str = place) -> None:
                        for program in programs:
                            await torture_asgi(bench, place, program, modes, offsets)

                    anyio.run(main, backend=place)
                    for thread in threading.enumerate():
                        if thread not in threads and not thread.name.startswith("trio") and not thread.daemon:
                            thread.join(PATIENCE)
                            if thread.is_alive():
                                bench.found.append(Found(place, "all", "at the end", f"a thread is left: {thread}"))
            counts[place] = bench.trials
            found += bench.found
    return counts, found


def main() -> int:
    """Run the trials of the programs that are named, or of all programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "programs",
        nargs="*",
        choices=[*PROGRAMS, []],
        metavar="PROGRAM",
        help=f"which programs (default: all): {', '.join(PROGRAMS)}",
    )
    parser.add_argument("--place", choices=PLACES, action="append", help="where (default: everywhere)")
    options = parser.parse_args()
    names = options.programs or list(PROGRAMS)
    counts: dict[str, int] = {}
    found: list[Found] = []
    for place in options.place or PLACES:
        print(f"{place}: programs {', '.join(names)}", flush=True)
        more, broken = torture(names, (place,))
        for one in broken[:60]:
            print(f"{one.place}, {one.program}: {one.how}: {one.what}")
        print(f"{place}: {more[place]} trials, {len(broken)} broke a rule", flush=True)
        counts |= more
        found += broken
    if not options.programs and not options.place:
        rows: list[dict[str, object]] = [
            {"what": f"{len(names)} programs on {place}", "trials": count,
             "differences": sum(one.place == place for one in found)}
            for place, count in counts.items()
        ]  # fmt: skip
        record("torture", "python -m proof.torture", rows)
    else:
        print("not written: these are not all trials")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
