"""Sinks: the objects that the files of a form are written to. Which of them are read afterwards, and from where.

Takes sinks of any kind (:class:`io.BytesIO`, temporary files, objects with a ``stream``, async files); says where a
file begins in one, whether it stays open for its reader, and rewinds it. Raises what the sink raises: a ``seek`` that
has to flush meets a full disk.
"""

from __future__ import annotations

from errno import ESPIPE
from functools import partial
from inspect import iscoroutinefunction
from io import UnsupportedOperation
from typing import TYPE_CHECKING, Any

from ..drive import run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["is_async", "is_awaited", "rewind", "rewinding", "start_of", "stays_open"]


def start_of(sink: Any) -> int:
    """The position at which a file begins that is about to be written to ``sink``; 0 if the sink does not say.

    A ``stream`` is only asked if it is an attribute of the object itself: a property may make the file when it is
    first read, from what was written until then. A ``tell`` that has to be awaited is left to async code.
    """
    tell = getattr(_own_stream(sink), "tell", None)
    if tell is None or iscoroutinefunction(tell):
        return 0
    try:
        start = tell()
    except (OSError, ValueError):  # a pipe, a closed file: rewinding will say so, if it matters
        return 0
    return start if type(start) is int else 0


def _own_stream(sink: Any) -> Any:
    return getattr(sink, "__dict__", {}).get("stream", sink)


def stays_open(sink: Any) -> bool:
    """Whether ``sink`` stays open when its file is complete: it has a ``stream``, or can be read itself."""
    if getattr(sink, "rewinds", False) or hasattr(sink, "stream"):  # the first one: to ask for a stream may be work
        return True
    if not hasattr(sink, "read") or getattr(sink, "closed", False) is True:
        return False
    readable = getattr(sink, "readable", None)  # a file that is open for writing has a read() as well, which raises
    return readable is None or iscoroutinefunction(readable) or readable() is not False


def is_awaited(sink: Any) -> bool:
    """Whether writing to ``sink``, or leaving it, has to be awaited."""
    return iscoroutinefunction(getattr(sink, "write", None)) or hasattr(type(sink), "__aexit__")


def is_async(sink: Any) -> bool:
    """Whether seeking in what ``sink`` is read from has to be awaited."""
    seek = getattr(getattr(sink, "stream", sink), "seek", None)
    return seek is not None and iscoroutinefunction(seek)


def rewinding(sink: Any, start: int) -> Generator[Callable[[], Any], Any, None]:
    """The calls that bring a complete file back to its ``start``, for its reader; each is yielded to be made.

    None for a sink that is left when its file is complete, that was closed, or that cannot seek. Not for a sink that
    says by a true attribute ``rewinds`` that its ``stream`` is at its start when it is first asked for: to ask for it
    may be work.
    """
    if not stays_open(sink):
        return
    stream = getattr(sink, "stream", sink)
    seek = getattr(stream, "seek", None)
    if seek is None or getattr(stream, "closed", False) is True:
        return
    seekable = getattr(stream, "seekable", None)
    try:
        if seekable is None or (yield seekable):
            yield partial(seek, start)
    except OSError as error:
        if error.errno != ESPIPE and not isinstance(error, UnsupportedOperation):
            raise  # a full disk, say: what was buffered is lost


def rewind(sink: Any, start: int) -> None:
    """Make the calls of :func:`rewinding`, unless they have to be awaited; blocks where the sink does."""
    if not is_async(sink):
        run(rewinding(sink, start), _call)


def _call(function: Callable[[], Any]) -> Any:
    return function()
