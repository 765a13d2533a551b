"""Turns: a thread that a request keeps can end its call early, and go on in the same frames for a later call.

A WSGI application that calls ``write()`` waits there until the server has its bytes. At the first ``write()``, the call
that runs the application ends, and its result is the response. At a later ``write()``, the step of the body that runs
ends. The thread stays inside ``write()``, and waits for its next call. If that is the next step of the body, the
server has taken the bytes, and ``write()`` returns. If it is another call, nobody asks for more of the body:
``write()`` raises :exc:`ClientGone`, and the thread makes that call when the application has ended.

    state     event                      next state
    free      a call                     calling
    calling   the function returns       free
    calling   pause()                    paused
    paused    a step of the body         calling
    paused    another call, or none      left
    left      pause()                    left
    left      the function returns       free
    left      the call that was put off  calling

In the state ``left``, :meth:`Turns.pause` raises :exc:`ClientGone` at once.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

from .cancellation import NoDefect, log_lost

if TYPE_CHECKING:
    from collections.abc import Callable

    from .outflow import Outflow

__all__ = ["ClientGone", "KeptJob", "Turn", "Turns", "turns_here"]


class ClientGone(BrokenPipeError, NoDefect):
    """Nothing more of a response is sent: the client has left, or the request was cancelled."""


class KeptJob(Protocol):
    """A call that can begin without being made, and end before its function returns."""

    def begin(self) -> bool:
        """Begin the call without making it. False if it was withdrawn."""
        ...

    def end(self, result: Any, error: BaseException | None = None) -> None:
        """Note how the call has ended."""
        ...


class Turn(KeptJob, Protocol):
    """A call that a thread makes."""

    outflow: Outflow | None
    """Where the chunks go, if the call is a step of a body."""
    error: BaseException | None
    """What the call has raised."""

    def run(self) -> None:
        """Make the call, and keep its result or error."""
        ...


class Turns:
    """The calls of one thread. ``get`` waits for the next call, and gives None if no call comes any more.

    ``report`` tells the loop that a call has ended.
    """

    __slots__ = ("_aside", "_get", "_report", "current")

    def __init__(self, get: Callable[[], Any], report: Callable[[Any], object]) -> None:
        self._get = get
        self._report = report
        self._aside: Any = None
        self.current: Any = None
        """The call that ends when the thread pauses, or when its function returns. None if it has ended."""

    def make(self, call: Turn) -> None:
        """Make ``call``. Then make the call that came while ``call`` was paused and that is not a step of its body."""
        _here.turns = self
        made: Any = call
        while made is not None:
            self.current = made
            made.run()
            ended, self.current = self.current, None
            if ended is None:
                if made.error is not None:
                    log_lost("an error in a thread whose request had ended", made.error)
                    made.error = None
            else:
                if ended is not made:  # a later step: the next one takes what the body still has
                    error, made.error = made.error, None
                    ended.end(False, error)
                    del error
                self._report(ended)
            made, self._aside = self._aside, None
            del ended
        _here.turns = None

    def pause(self, result: Any) -> None:
        """End the current call with ``result``, and return when a later call goes on from here.

        Raises :exc:`ClientGone` if the next call is not a step of a body.
        """
        ended, self.current = self.current, None
        if ended is not None:
            ended.end(result)
            self._report(ended)
            del ended
            while (call := self._get()) is not None and call.outflow is not None:
                if call.begin():
                    self.current = call
                    return
                self._report(call)
            self._aside = call
        raise ClientGone("the client has left, or the request was cancelled")

    def hand_over(self, chunk: bytes) -> None:
        """In a step: have ``chunk`` sent, and return when that is done. Raises :exc:`ClientGone` if it cannot be."""
        outflow = self.current.outflow if self.current is not None else None
        if outflow is not None:
            outflow.give(chunk)
        self.pause(False)


class _Here(threading.local):
    turns: Turns | None = None


_here: Final = _Here()


def turns_here() -> Turns | None:
    """The :class:`Turns` of this thread; None if no request keeps the thread."""
    return _here.turns
