"""The steps of the routines that read a body or parse a form, and the two drivers that run these routines.

A routine is written once, for sync and async code, as a generator. It yields a step when it needs an action
(:class:`Read`, :class:`Open`, :class:`Write`, :class:`Close`), and the driver sends it the result. :func:`run` is the
sync driver, :func:`arun` the async one. A driver does no I/O: it passes each step to the function ``perform``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from ._pickling import slots_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from .structures._headers import HeadersView

__all__ = ["AsyncStream", "Close", "FilePart", "Open", "Read", "Step", "Write", "arun", "run"]


def __dir__() -> list[str]:
    return sorted(__all__)


S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(slots=True)
class Read:
    """Read about ``size`` more bytes of the body. The result is bytes; ``b""`` means the end of the body.

    If ``whole`` is True, the routine needs the whole body, so that the source may wait until it has ``size`` bytes.
    Otherwise the source gives the next bytes as soon as they arrive. A source may give more than ``size`` bytes, so
    that it does not have to divide a piece that it already has.
    """

    __getstate__ = slots_state

    size: int
    whole: bool = True


class FilePart(Protocol):
    """The head of a file in a form, by which a hook can choose a sink. ``FileStart`` is one."""

    @property
    def name(self) -> str:
        """The name of the form field."""
        ...

    @property
    def filename(self) -> str:
        """The file name that the client sent; ``""`` if the user chose no file."""
        ...

    @property
    def headers(self) -> HeadersView:
        """The header fields of the part."""
        ...


@dataclass(slots=True)
class Open:
    """Open a sink for a file that begins. The result is an object with ``write(bytes)``.

    The data begins at the current position of the sink (``tell()``). When the file is complete, it is read from there.
    """

    __getstate__ = slots_state

    part: FilePart


@dataclass(slots=True)
class Write:
    """Write ``data`` to ``sink``. The result is ignored."""

    __getstate__ = slots_state

    sink: Any
    data: bytes


@dataclass(slots=True)
class Close:
    """Finish ``sink``: its file is complete (``error`` is None), or parsing has failed with ``error``.

    The result is the sink itself if ``perform`` has moved it back to ``start``, the position at which the file begins.
    After any other result, such as None, the parser does this, if the sink is open, can be read, and has a sync
    ``seek``. ``perform`` therefore has to do it only for a sink whose ``seek`` blocks for long or is async.
    """

    __getstate__ = slots_state

    sink: Any
    error: BaseException | None = None
    start: int = field(default=0, compare=False)


Step: TypeAlias = "Read | Open | Write | Close"
"""The steps that a routine may yield."""


def run(steps: Generator[S, Any, T], perform: Callable[[S], Any]) -> T:
    """Run the routine ``steps`` to its end and return its result. ``perform(step)`` gives the result of each step.

    An exception of ``perform`` is raised at the ``yield`` of the routine, so that the routine can clean up.
    """
    advance: Callable[[Any], S] = steps.send
    answer: Any = None
    try:
        while True:
            step = advance(answer)
            try:
                advance, answer = steps.send, perform(step)
            except BaseException as error:  # a cancellation too: the routine then closes its open files
                advance, answer = steps.throw, error
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        advance = answer = step = None  # type: ignore[assignment]  # an error refers to this frame: a cycle


async def arun(steps: Generator[S, Any, T], perform: Callable[[S], Awaitable[Any]]) -> T:
    """Run the routine ``steps`` as :func:`run` does, with ``await perform(step)``."""
    advance: Callable[[Any], S] = steps.send
    answer: Any = None
    try:
        while True:
            step = advance(answer)
            try:
                advance, answer = steps.send, await perform(step)
            except BaseException as error:
                advance, answer = steps.throw, error
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        advance = answer = step = None  # type: ignore[assignment]  # an error refers to this frame: a cycle


class AsyncStream(Protocol[T_co]):
    """An async iterator that can be closed before its end, for example by :func:`contextlib.aclosing`.

    ``request.aiter_data()`` and ``request.aiter_parts()`` give one. It is an async iterable for every library that
    takes one. Closing it reads nothing more; the body stays consumed.
    """

    def __aiter__(self) -> AsyncStream[T_co]: ...

    def __anext__(self) -> Coroutine[Any, Any, T_co]: ...

    def aclose(self) -> Coroutine[Any, Any, None]:
        """End the iteration. It may be called again."""
        ...
