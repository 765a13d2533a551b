"""Closing: run the close functions of a response once, in order, even if one of them raises.

Takes callables, plain or async. Raises the first error after all have run. A function counts as async if its result is
awaitable: an ``async def``, a lambda that calls one, or an object with an async ``__call__``.
"""

from __future__ import annotations

from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any

from ._exceptions import WrongMode
from ._pieces import boxed
from .drive import arun, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable

__all__ = ["aclose_all", "call_all", "close_all"]


def _steps(closers: Iterable[Callable[[], Any]]) -> Generator[Callable[[], Any], Any, None]:
    """Yield each of ``closers``, for the caller to run. Raises the first error after the last one."""
    first: BaseException | None = None
    for close in closers:
        try:
            yield close
        except BaseException as error:  # also KeyboardInterrupt: the other hooks own files and locks
            first = first or error
    if first is not None:
        try:
            raise first
        finally:
            del first  # its traceback holds this frame: no cycle


def call_all(functions: Iterable[Callable[[], object]]) -> None:
    """Call each of ``functions``, none of which is async: :func:`close_all` takes several times as long."""
    first: BaseException | None = None
    for function in functions:
        try:
            function()
        except BaseException as error:  # also KeyboardInterrupt: the others own files
            first = first or error
    if first is not None:
        try:
            raise first
        finally:
            del first  # its traceback holds this frame: no cycle


def close_all(closers: Iterable[Callable[[], Any]], wait: Callable[[Awaitable[Any]], Any] | None = None) -> None:
    """Call each of ``closers``. An awaitable that one of them returns is passed to ``wait``.

    Without ``wait`` an async one raises :exc:`WrongMode` after the others have run.
    """

    def perform(close: Callable[[], Any]) -> None:
        result = close()
        if isawaitable(result):
            if wait is None:
                getattr(result, "close", lambda: None)()
                raise WrongMode(f"got the async close hook {close!r} in sync code, expected aclose()")
            wait(result)

    run(_steps(closers), perform)


async def aclose_all(
    closers: Iterable[Callable[[], Any]],
    run_sync: Callable[..., Awaitable[Any]] | None = None,
    here: Callable[[Awaitable[Any]], Awaitable[Any]] | None = None,
) -> None:
    """Call or await each of ``closers``. ``run_sync(function, *args)``, if given, runs plain ones in a worker thread.

    If ``here`` is given, ``here(awaitable)`` is awaited in place of an awaitable.
    """

    async def perform(close: Callable[[], Any]) -> None:
        if run_sync is None or iscoroutinefunction(close):
            result = close()
        else:
            (result,) = await run_sync(boxed(close))
        if isawaitable(result):
            await (result if here is None else here(result))

    await arun(_steps(closers), perform)
