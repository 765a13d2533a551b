"""Perform the steps of reading a body: in sync code by calling, in async code by awaiting.

:func:`performer` and :func:`perform` take a body and a function that opens a sink. :func:`perform`, for async code,
also takes ``run_sync``, which runs a plain function in a worker thread, as ``trio.to_thread.run_sync`` does.
Without it, nothing is expected to block. Both raise what the body and the sinks raise, and :exc:`TypeError` for an
async sink in sync code.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from .._pieces import boxed
from ..drive import Close, Open, Read, Write, arun
from ..forms._sinks import blocks, is_async, rewind, rewinding, stays_open

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
    """A function that performs a step by calling. Raises :exc:`TypeError` when it opens an async sink."""
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
        return None  # the parser rewinds a file that stays open

    return call


def _sync_sink(sink: Any) -> Any:
    cls = type(sink)
    if isinstance(sink, CoroutineType):
        sink.close()  # else Python warns that the coroutine was never awaited
    elif not iscoroutinefunction(sink.write) and (hasattr(cls, "__exit__") or not hasattr(cls, "__aexit__")):
        return sink
    raise TypeError(f"got an async sink ({cls.__name__}), expected one with a plain write() in sync code")


def perform(
    body: Body,
    open_file: Callable[[Any], Any] = _no_files,
    run_sync: Callable[..., Awaitable[Any]] | None = None,
    shield: Callable[[], AbstractContextManager[Any]] = nullcontext,
    *,
    awaits_sinks: bool = True,
) -> Callable[[Step], Awaitable[Any]]:
    """A function that performs a step by awaiting: async sinks are awaited, and writes to the disk go to ``run_sync``.

    Without ``awaits_sinks`` it raises :exc:`TypeError` when it opens an async sink, as :func:`performer` does.

    After an error, sinks are exited inside ``shield()``, because a cancellation must not leave them open.
    """
    left: set[int] = set()
    starts: dict[int, int] = {}

    async def leave(step: Close, finish: Any) -> None:
        # without a shield a call in a worker thread can be cancelled, which would leave the sink open
        shielded = shield is not nullcontext or isinstance(step.error, Exception)
        with shield():
            await _finish(finish, run_sync if shielded and blocks(step.sink, 0) else None)

    async def call(step: Step) -> Any:  # a function that refers to itself would be a cycle
        kind = type(step)
        if kind is Read:
            return await body.aread(step.size, step.whole)  # type: ignore[union-attr]
        if kind is Write:
            return await _write(step.sink, step.data, run_sync)  # type: ignore[union-attr]
        if kind is Open:
            sink = open_file(step.part)  # type: ignore[union-attr]
            if not awaits_sinks:
                return _sync_sink(sink)
            sink = await sink if isinstance(sink, CoroutineType) else sink
            if (tell := getattr(sink, "tell", None)) is not None and iscoroutinefunction(tell):
                try:
                    starts[id(sink)] = await _position(tell)
                except BaseException as error:  # the parser, which closes the sinks, has not got this one
                    close = Close(sink, error)
                    if (finish := _finisher(close, left, _ALEAVE)) is not None:
                        with suppress(Exception):
                            await leave(close, finish)
                    del close  # it has the error, whose traceback holds this frame: no cycle
                    raise
            return sink
        assert type(step) is Close
        finish = _finisher(step, left, _ALEAVE)
        if step.error is None:
            run_blocking = run_sync if blocks(step.sink, 0) else None
            if finish is not None:
                await _finish(finish, run_blocking)
            if not getattr(step.sink, "rewinds", False):
                await _rewind(step.sink, starts.get(id(step.sink), step.start), run_blocking)
            return step.sink
        if finish is not None:
            await leave(step, finish)
        return None

    return call


async def _position(tell: Callable[[], Awaitable[int]]) -> int:
    """What :func:`~cardan.core.forms._sinks.start_of` is for a plain file."""
    try:
        return await tell()
    except (OSError, ValueError):
        return 0


async def _write(sink: Any, data: bytes, run_sync: Callable[..., Awaitable[Any]] | None) -> None:
    if iscoroutinefunction(sink.write):
        await sink.write(data)
    elif run_sync is not None and blocks(sink, len(data)):
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
    """Move a complete file back to its start. Seeking may block, because it writes what the file has buffered."""
    if is_async(sink):
        await arun(rewinding(sink, start), _call)
    elif run_sync is not None and stays_open(sink):
        await run_sync(rewind, sink, start)
    else:
        rewind(sink, start)


async def _call(function: Callable[[], Any]) -> Any:
    done = function()
    return await done if isawaitable(done) else done


def _finisher(step: Close, left: set[int], names: tuple[str, ...]) -> Callable[[], Any] | None:
    """The function that finishes a sink, if one has to be called.

    A complete file that can be read stays open for its reader. Any other sink is finished by the first of ``names``
    (``__exit__``, ``__aexit__``) that it has, else by ``close()`` or ``aclose()``. After an error, the exit method gets
    the exception; a sink without one is finished by ``abort()``, and by ``close()`` only if it has no ``abort()``,
    because closing the writer of an object store may commit the object.

    ``left`` are the sinks that were finished before. They are not finished twice; after an error they only get
    ``abort()``.
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
    close: Callable[[], Any] | None = getattr(sink, "close", None) or getattr(sink, "aclose", None)
    return close
