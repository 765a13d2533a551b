"""How the steps of reading a body are performed: by calling, or by awaiting.

Takes a source, a way to open a sink, and (awaiting) ``run_sync``, which runs a plain callable in a worker thread, as
``trio.to_thread.run_sync`` does. Without it nothing is expected to block.
"""

from __future__ import annotations

from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any

from ..drive import Close, Open, Read, Write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..drive import Step
    from .sources import Source

__all__ = ["perform", "performer"]


def performer(source: Source, open_file: Callable[[Any], Any]) -> Callable[[Step], Any]:
    """Performs steps by calling; an async sink is a :exc:`TypeError` when it is opened."""

    def call(step: Step) -> Any:
        kind = type(step)
        if kind is Read:
            return source.read(step.size, step.whole)  # type: ignore[union-attr]
        if kind is Write:
            return step.sink.write(step.data)  # type: ignore[union-attr]
        if kind is Open:
            sink = open_file(step.part)  # type: ignore[union-attr]
            if iscoroutinefunction(sink.write):
                raise TypeError(f"got a sink with an async write ({type(sink).__name__}), expected a plain one in sync code")
            return sink
        assert type(step) is Close
        finish = _finisher(step)
        return finish() if finish is not None else None

    return call


def perform(
    source: Source, open_file: Callable[[Any], Any], run_sync: Callable[..., Awaitable[Any]] | None
) -> Callable[[Step], Awaitable[Any]]:
    """Performs steps by awaiting: async sinks are awaited, a write that would touch the disk goes to ``run_sync``."""

    async def call(step: Step) -> Any:
        kind = type(step)
        if kind is Read:
            return await source.aread(step.size, step.whole)  # type: ignore[union-attr]
        if kind is Write:
            sink, data = step.sink, step.data  # type: ignore[union-attr]
            if iscoroutinefunction(sink.write):
                return await sink.write(data)
            if run_sync is not None and _blocks(sink, len(data)):
                return await run_sync(sink.write, data)
            return sink.write(data)
        if kind is Open:
            return open_file(step.part)  # type: ignore[union-attr]
        assert type(step) is Close
        finish = _finisher(step)
        if finish is None:
            return None
        if run_sync is not None and not iscoroutinefunction(finish) and _blocks(step.sink, 0):
            done = await run_sync(finish)
        else:
            done = finish()
        return await done if isawaitable(done) else done

    return call


def _blocks(sink: Any, size: int) -> bool:
    """Whether writing ``size`` bytes may touch the disk. A sink that cannot tell is taken to: it is a user's own."""
    would_block = getattr(sink, "would_block", None)
    return True if would_block is None else bool(would_block(size))


def _finisher(step: Close) -> Callable[[], Any] | None:
    """What ends a sink. A complete file that can be read stays open for its reader, any other sink is left.

    After an error the sink must not commit: with ``__exit__`` or ``__aexit__`` it is left with the exception,
    else ``abort()``, else ``close()``: closing the writer of an object store may commit the object.
    """
    sink, error = step.sink, step.error
    if error is None and (hasattr(sink, "stream") or hasattr(sink, "read")):
        return getattr(sink, "finish", None)
    details = (type(error), error, error.__traceback__) if error is not None else (None, None, None)
    for leave in ("__aexit__", "__exit__"):
        if hasattr(type(sink), leave):
            return partial(getattr(sink, leave), *details)
    return (error is not None and getattr(sink, "abort", None)) or getattr(sink, "close", None)
