"""Stopping: when the process is told to stop, its open streams end, so that the server does not have to wait for them.

A server that stops gracefully waits for its open connections, and an event stream never ends by itself. The lifespan
protocol does not help, because its shutdown comes after the connections are closed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .. import _crossing as crossing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Stopping"]

#: Windows has SIGBREAK
_SIGNALS: Final = ("SIGTERM", "SIGINT", "SIGBREAK")


class Stopping:
    """Handles the signals that tell this process to stop, from :meth:`begin` to :meth:`end`. See :meth:`when_told`.

    Python allows signal handlers only in the main thread. The handler that was set before is called as well. If there
    was none (the signal ends the process, or is ignored), or in another thread, nothing is changed.
    """

    def __init__(self) -> None:
        self._functions: dict[object, Callable[[], None]] = {}
        self._is_told = False
        self._tell = partial(crossing.call_soon, self._call, crossing.current_token())
        self._restore: list[Callable[[], None]] = []
        self._listens = False

    def begin(self) -> None:
        """Install the signal handlers. Call it in the event loop of a lifespan."""
        import signal

        self._listens = True
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            # may be the handler of asyncio's add_signal_handler(), which does nothing; asyncio wakes its loop itself
            before = signal.getsignal(number) if number is not None else None
            if number is None or not callable(before):
                continue
            handler = partial(self._handle, before)
            try:
                signal.signal(number, handler)
            except ValueError:  # in another thread than the main one, or in a subinterpreter
                return
            self._restore.append(partial(_restore, number, handler, before))

    def _handle(self, before: Callable[[int, Any], Any], number: int, frame: Any) -> None:
        if self._listens:
            self._tell()
        before(number, frame)

    def _call(self) -> None:
        self._is_told = True
        for function in list(self._functions.values()):
            function()

    def when_told(self, function: Callable[[], None]) -> Callable[[], object]:
        """Call ``function`` in the event loop when the process is told to stop, or now if this has already happened.

        Returns a callable that cancels this.
        """
        key = object()
        self._functions[key] = function
        if self._is_told:
            function()
        return partial(self._functions.pop, key, None)

    def end(self) -> None:
        """Restore the handlers that were set before, unless other code has replaced ours."""
        self._listens = False
        while self._restore:
            self._restore.pop()()


def _restore(number: int, handler: Any, before: Any) -> None:
    import signal

    if signal.getsignal(number) is handler:
        signal.signal(number, before)
