"""Contexts: the :class:`contextvars.Context` in which the code of one request runs, on both sides of a crossing.

A token of :class:`contextvars.ContextVar` can be reset only in the Context object that it was made in, and a Context
can be entered by one thread at a time. The code of a request runs in two threads by turns: that of the adapter
(*here*), and another one (*there*). The two never run at the same time.

:class:`OwnContext` is one Context that both sides enter, each for one step. :class:`CallersContext` is for code that
the server has called in a Context of the server, which this code cannot leave: the other side gets a copy of that
Context, and the values that it sets are carried back.
"""

from __future__ import annotations

from contextvars import Context, ContextVar, Token, copy_context
from inspect import iscoroutine
from sys import modules
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

__all__ = ["CallersContext", "OwnContext", "RequestContext", "Within", "forget_library"]

T = TypeVar("T")

_UNSET: Final[Any] = object()


def forget_library(context: Context) -> None:
    """Let the code that runs in ``context`` find out itself whether an event loop runs in its thread.

    A loop that anyio has started is named by a variable of sniffio, which its tasks inherit. A worker thread that sees
    this name takes itself for the loop: ``anyio.run()`` refuses to start one there.
    """
    sniffio: Any = modules.get("sniffio")
    if sniffio is not None and context.get(sniffio.current_async_library_cvar) is not None:
        context.run(sniffio.current_async_library_cvar.set, None)


class Within:
    """Awaits ``awaitable`` with each of its steps run in ``context``, whatever task awaits this.

    The context is entered when a step begins and left when the awaitable waits, so that another thread may enter it in
    between. Tasks that a step starts inherit the context as usual. Works on asyncio and trio: cancel scopes, timeouts
    and ``current_task()`` belong to the task, not to the context.
    """

    __slots__ = ("_awaitable", "_context")

    def __init__(self, awaitable: Awaitable[Any], context: Context) -> None:
        self._awaitable = awaitable
        self._context = context

    def __await__(self) -> Generator[Any, Any, Any]:
        run, awaitable = self._context.run, self._awaitable
        steps = awaitable if iscoroutine(awaitable) else _itself(awaitable)
        resume, answer = steps.send, None
        try:
            while True:
                trap = run(resume, answer)
                try:
                    answer, resume = (yield trap), steps.send
                except BaseException as error:  # a cancellation, or GeneratorExit: the steps decide what it does
                    answer, resume = error, steps.throw
        except StopIteration as stop:
            return stop.value
        finally:
            del resume, answer  # an error among them has this frame in its traceback: a cycle


async def _itself(awaitable: Awaitable[T]) -> T:
    return await awaitable


class OwnContext:
    """A context that belongs to the request alone: one object, which each side enters for one step at a time."""

    __slots__ = ("_context", "call")

    def __init__(self, context: Context) -> None:
        self._context = context
        self.call: Callable[..., Any] = context.run
        """``call(function, *args)`` calls ``function`` here, in the context."""

    def here(self, awaitable: Awaitable[T]) -> Awaitable[T]:
        """An awaitable for this side that awaits ``awaitable`` in the context."""
        return Within(awaitable, self._context)

    def lend(self) -> Context:
        """The context for the other side to enter. Call :meth:`take_back` when that side has left it."""
        return self._context

    def take_back(self) -> None:
        """Do nothing: both sides use the same object."""


class CallersContext:
    """The caller's context, which is entered already: code on the caller's side runs in it directly.

    The other side gets a copy, one for the whole request, so that a token made there can be reset there. The copy is
    brought up to date before each use, and what is set in it is set here by :meth:`take_back`. That a variable was
    deleted (by resetting the token of its first value) is carried over as well, if its value was carried over before.
    """

    __slots__ = ("_copy", "_here", "_there", "_tokens_here", "_tokens_there")

    def __init__(self) -> None:
        self._copy = Context()  # empty, so that there is a token for each variable that is set in it
        self._here = self._there = Context()
        self._tokens_here: dict[ContextVar[Any], Token[Any]] = {}
        self._tokens_there: dict[ContextVar[Any], Token[Any]] = {}

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call ``function`` here, in the caller's context."""
        return function(*args)

    def here(self, awaitable: Awaitable[T]) -> Awaitable[T]:
        """``awaitable``, to be awaited here, in the caller's context."""
        return awaitable

    def lend(self) -> Context:
        """The copy for the other side to enter. Call :meth:`take_back` when that side has left it."""
        current = copy_context()
        self._copy.run(_carry, self._here, current, self._tokens_there)
        forget_library(self._copy)
        self._here = current
        self._there = self._copy.copy()
        return self._copy

    def take_back(self) -> None:
        """Set here the variables that the other side has set in the copy.

        Call it only while that side waits, or after it has ended.
        """
        there = self._copy.copy()
        _carry(self._there, there, self._tokens_here)
        self._there = there
        self._here = copy_context()


RequestContext: TypeAlias = OwnContext | CallersContext
"""One of these runs the code of a request."""


def _carry(before: Context, after: Context, tokens: dict[ContextVar[Any], Token[Any]]) -> None:
    """Make the changes from ``before`` to ``after`` in the current context.

    ``tokens`` keeps what is needed to delete a variable that was first set by this.
    """
    for variable, value in after.items():
        if before.get(variable, _UNSET) is not value:
            token = variable.set(value)
            if token.old_value is Token.MISSING:
                tokens[variable] = token
    for variable in before:
        if variable not in after and variable in tokens:
            variable.reset(tokens.pop(variable))
