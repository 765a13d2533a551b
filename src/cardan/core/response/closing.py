"""Closing: everything that ends with a response runs once, in order, whatever one of them raises.

Takes callables, plain or async; raises the first error after all have run. An awaitable that one of them returns is
handed to ``wait`` (sync), or awaited; plain ones go through ``run_sync`` where one is given (async).
"""

from __future__ import annotations

from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any

from ..exceptions import WrongMode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["aclose_all", "close_all"]


def close_all(closers: Iterable[Callable[[], Any]], wait: Callable[[Awaitable[Any]], Any] | None = None) -> None:
    """Run them by calling; an async one without ``wait`` is a :exc:`WrongMode`, raised after the others ran."""
    first: BaseException | None = None
    for close in closers:
        try:
            result = close()
            if isawaitable(result):
                if wait is None:
                    getattr(result, "close", lambda: None)()
                    raise WrongMode(f"got the async close hook {close!r} in sync code, expected aclose()")
                wait(result)
        except BaseException as error:  # also KeyboardInterrupt: the other hooks own files and locks
            first = first or error
    if first is not None:
        raise first


async def aclose_all(
    closers: Iterable[Callable[[], Any]], run_sync: Callable[..., Awaitable[Any]] | None = None
) -> None:
    """Run them by awaiting; plain ones in ``run_sync``'s worker thread, if given."""
    first: BaseException | None = None
    for close in closers:
        try:
            if run_sync is None or iscoroutinefunction(close):
                result = close()
            else:
                result = await run_sync(close)
            if isawaitable(result):
                await result
        except BaseException as error:
            first = first or error
    if first is not None:
        raise first
