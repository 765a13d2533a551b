"""Stopping: a process that is told to stop tells its open streams, so that the server need not wait for them.

A server that stops gracefully waits for its open connections, and an event stream never ends by itself. The lifespan
protocol is of no help: its shutdown comes when the connections are closed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .. import _crossing as crossing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Stopping"]

#: SIGBREAK is the one of Windows
_SIGNALS: Final = ("SIGTERM", "SIGINT", "SIGBREAK")


class Stopping:
    """Listens for the signals that tell this process to stop, from :meth:`begin` to :meth:`end`; see
    :meth:`when_told`.

    Python calls the handler of a signal in the main thread, where alone it can be set. The handler that was there is
    called as before. Where there was none (the signal ends the process, or is ignored) nothing is changed; so it is
    in other threads.
    """

    def __init__(self) -> None:
        self._functions: dict[object, Callable[[], None]] = {}
        self._is_told = False
        self._tell = partial(crossing.call_soon, self._call, crossing.current_token())
        self._restore: list[Callable[[], None]] = []
        self._listens = False

    def begin(self) -> None:
        """Set the handlers, in the event loop of a lifespan."""
        import signal
        import threading

        if threading.current_thread() is not threading.main_thread():
            return
        self._listens = True
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            # asyncio's add_signal_handler() sets one that does nothing: the loop is woken without it
            before = signal.getsignal(number) if number is not None else None
            if number is None or not callable(before):
                continue
            handler = partial(self._handle, before)
            try:
                signal.signal(number, handler)
            except ValueError:  # the main thread of a subinterpreter
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
        """Have ``function`` called in the loop when the process is told to stop, or now if it was told already.

        Gives a callable that takes this back.
        """
        key = object()
        self._functions[key] = function
        if self._is_told:
            function()
        return partial(self._functions.pop, key, None)

    def end(self) -> None:
        """Put the handlers back that were there before, unless others were set since."""
        self._listens = False
        while self._restore:
            self._restore.pop()()


def _restore(number: int, handler: Any, before: Any) -> None:
    import signal

    if signal.getsignal(number) is handler:
        signal.signal(number, before)
