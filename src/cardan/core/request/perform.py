"""How the steps of reading a body are performed: by calling, or by awaiting.

Takes a body, a way to open a sink, and (awaiting) ``run_sync``, which runs a plain callable in a worker thread, as
``trio.to_thread.run_sync`` does; without it nothing is expected to block. Raises what body and sinks raise, and
:exc:`TypeError` for an async sink in sync code.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from io import BytesIO
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from ..drive import Close, Open, Read, Write, arun, boxed
from ..forms.sinks import is_async, rewind, rewinding, stays_open

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..drive import Step
    from .body import Body

__all__ = ["perform", "performer"]


_LEAVE: Final = ("__exit__",)
_ALEAVE: Final = ("__aexit__", "__exit__")


def _no_files(part: Any) -> Any:
    raise AssertionError("a stream opens no files")


def performer(body: Body, open_file: Callable[[Any], Any] = _no_files) -> Callable[[Step], Any]:
    """Performs steps by calling; an async sink is a :exc:`TypeError` when it is opened."""
    left: set[int] = set()

    def call(step: Step) -> Any:
        kind = type(step)
        if kind is Read:
            return body.read(step.size, step.whole)  # type: ignore[union-attr]
        if kind is Write:
            return step.sink.write(step.data)  # type: ignore[union-attr]
        if kind is Open:
            return _sync_sink(open_file(step.part))  # type: ignore[union-attr]
        assert type(step) is Close
        finish = _finisher(step, left, _LEAVE)
        if finish is not None:
            finish()
        return None  # the parser rewinds what stays open

    return call


def _sync_sink(sink: Any) -> Any:
    cls = type(sink)
    if isinstance(sink, CoroutineType):
        sink.close()  # nobody will await it
    elif not iscoroutinefunction(sink.write) and (hasattr(cls, "__exit__") or not hasattr(cls, "__aexit__")):
        return sink
    raise TypeError(f"got an async sink ({cls.__name__}), expected one with a plain write() in sync code")


def perform(
    body: Body,
    open_file: Callable[[Any], Any] = _no_files,
    run_sync: Callable[..., Awaitable[Any]] | None = None,
    shield: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Callable[[Step], Awaitable[Any]]:
    """Performs steps by awaiting: async sinks are awaited, a write that would touch the disk goes to ``run_sync``.

    After an error sinks are left inside ``shield()``: a cancellation must not leave them open.
    """
    left: set[int] = set()
    starts: dict[int, int] = {}

    async def call(step: Step) -> Any:
        kind = type(step)
        if kind is Read:
            return await body.aread(step.size, step.whole)  # type: ignore[union-attr]
        if kind is Write:
            return await _write(step.sink, step.data, run_sync)  # type: ignore[union-attr]
        if kind is Open:
            sink = open_file(step.part)  # type: ignore[union-attr]
            sink = await sink if isinstance(sink, CoroutineType) else sink
            if (tell := getattr(sink, "tell", None)) is not None and iscoroutinefunction(tell):
                starts[id(sink)] = await tell()
            return sink
        assert type(step) is Close
        finish = _finisher(step, left, _ALEAVE)
        if step.error is None:
            run_blocking = run_sync if _blocks(step.sink, 0) else None
            if finish is not None:
                await _finish(finish, run_blocking)
            if not getattr(step.sink, "rewinds", False):
                await _rewind(step.sink, starts.get(id(step.sink), step.start), run_blocking)
            return step.sink
        if finish is not None:
            # only an adapter can shield a hop to a thread; a cancelled one would leave the sink open
            shielded = shield is not nullcontext or isinstance(step.error, Exception)
            with shield():
                await _finish(finish, run_sync if shielded and _blocks(step.sink, 0) else None)
        return None

    return call


async def _write(sink: Any, data: bytes, run_sync: Callable[..., Awaitable[Any]] | None) -> None:
    if iscoroutinefunction(sink.write):
        await sink.write(data)
    elif run_sync is not None and _blocks(sink, len(data)):
        (done,) = await run_sync(boxed(sink.write), data)
        if type(done) is not int and isawaitable(done):
            await done
    else:
        done = sink.write(data)
        if type(done) is not int and isawaitable(done):
            await done


async def _finish(finish: Callable[[], Any], run_sync: Callable[..., Awaitable[Any]] | None) -> None:
    if run_sync is not None and not iscoroutinefunction(finish):
        (done,) = await run_sync(boxed(finish))
    else:
        done = finish()
    if isawaitable(done):
        await done


async def _rewind(sink: Any, start: int, run_sync: Callable[..., Awaitable[Any]] | None) -> None:
    """Bring a complete file back to its start: a seek writes what the file has buffered, so it may block."""
    if is_async(sink):
        await arun(rewinding(sink, start), _call)
    elif run_sync is not None and stays_open(sink):
        await run_sync(rewind, sink, start)
    else:
        rewind(sink, start)


async def _call(function: Callable[[], Any]) -> Any:
    done = function()
    return await done if isawaitable(done) else done


def _blocks(sink: Any, size: int) -> bool:
    """Whether writing ``size`` bytes may touch the disk. A sink that cannot tell is taken to: it is a user's own."""
    would_block = getattr(sink, "would_block", None)
    return type(sink) is not BytesIO if would_block is None else bool(would_block(size))


def _finisher(step: Close, left: set[int], names: tuple[str, ...]) -> Callable[[], Any] | None:
    """What ends a sink. A complete file that can be read stays open for its reader, any other sink is left.

    After an error the sink must not commit: with ``__exit__`` or ``__aexit__`` (``names``) it is left with the
    exception, else ``abort()``, else ``close()``: closing the writer of an object store may commit the object. One
    that was ``left`` before, its file being complete, is only told to ``abort()``.
    """
    sink, error = step.sink, step.error
    if error is None and stays_open(sink):
        return getattr(sink, "finish", None)
    abort: Callable[[], Any] | None = getattr(sink, "abort", None)
    if id(sink) in left:
        return abort
    left.add(id(sink))
    details = (None, None, None) if error is None else (type(error), error, error.__traceback__)
    for leave in names:
        if hasattr(type(sink), leave):
            return partial(getattr(sink, leave), *details)
    if error is not None and abort is not None:
        return abort
    close: Callable[[], Any] | None = getattr(sink, "close", None)
    return close
