"""The two drivers: whoever wants something of a body says so in a generator, and one of these does it.

A routine of core (reading a body, parsing a form) stands once, as a generator that yields what it needs
(:class:`Read`, :class:`Open`, :class:`Write`, :class:`Close`) and is sent the answer. :func:`run` performs
the steps by calling, :func:`arun` by awaiting. Neither touches anything itself: ``perform`` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from .structures.headers import HeadersView

__all__ = ["Close", "FilePart", "Open", "Pieces", "Read", "Step", "Write", "arun", "boxed", "run"]

S = TypeVar("S")
T = TypeVar("T")


@dataclass(slots=True)
class Read:
    """Wants about ``size`` more bytes of the body. Answer: bytes, ``b""`` at the end and only there.

    ``whole``: the asker wants all of the body, so the source may wait until ``size`` bytes are there;
    without it whatever comes next is wanted as soon as it comes. A source may give more than ``size`` where
    it would have to cut what it has in hand.
    """

    size: int
    whole: bool = True


class FilePart(Protocol):
    """The beginning of a file in a form: what a sink can be chosen by. A ``FileStart`` is one."""

    @property
    def name(self) -> str:
        """The name of the form field."""
        ...

    @property
    def filename(self) -> str:
        """The name that the client gave to the file; ``""`` where no file was chosen."""
        ...

    @property
    def headers(self) -> HeadersView:
        """The header fields of the part."""
        ...


@dataclass(slots=True)
class Open:
    """Wants a sink for the file that begins. Answer: an object with ``write(bytes)``.

    The file begins at the sink's position (``tell()``), and is read from there once it is complete.
    """

    part: FilePart


@dataclass(slots=True)
class Write:
    """Wants ``data`` written to ``sink``."""

    sink: Any
    data: bytes


@dataclass(slots=True)
class Close:
    """Is done with ``sink``: the file is complete (``error`` is None), or parsing failed with ``error``.

    Answer: the sink itself if it was brought back to ``start``, the position at which its file begins. After any other
    answer (None, say) the parser does that, for a sink that is open, can be read, and has a plain ``seek``. So only a
    sink whose ``seek`` blocks for long, or has to be awaited, is the business of whoever performs this step.
    """

    sink: Any
    error: BaseException | None = None
    start: int = field(default=0, compare=False)


Step: TypeAlias = "Read | Open | Write | Close"
"""What a routine may yield."""


def run(steps: Generator[S, Any, T], perform: Callable[[S], Any]) -> T:
    """Run ``steps`` to its end, each step by ``perform(step)``; return what it returns.

    What ``perform`` raises is raised at the ``yield``, so that the routine can clean up after itself.
    """
    advance: Callable[[Any], S] = steps.send
    answer: Any = None
    try:
        while True:
            step = advance(answer)
            try:
                advance, answer = steps.send, perform(step)
            except BaseException as error:  # also a cancellation: open files are closed on the way out
                advance, answer = steps.throw, error
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        advance = answer = step = None  # type: ignore[assignment]  # an error among them has this frame: a cycle


async def arun(steps: Generator[S, Any, T], perform: Callable[[S], Awaitable[Any]]) -> T:
    """Like :func:`run`, with ``await perform(step)``."""
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
        advance = answer = step = None  # type: ignore[assignment]  # an error among them has this frame: a cycle


class Pieces:
    """An async iterator of bytes: awaits ``pull()`` for each piece, until that gives ``b""``.

    It is an object and not an async generator, for two reasons: the mode can be checked when the iterator is asked
    for, and an iterator that is not used up causes no warning on trio.
    """

    __slots__ = ("_pull",)

    def __init__(self, pull: Callable[[], Awaitable[bytes]]) -> None:
        self._pull = pull

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._pull()
        if not piece:
            raise StopAsyncIteration
        return piece


def boxed(function: Callable[..., T]) -> Callable[..., tuple[T]]:
    """``function`` with its result in a tuple: a worker thread of trio refuses to give a coroutine as the result."""

    def call(*args: Any) -> tuple[T]:
        return (function(*args),)

    return update_wrapper(call, function)
