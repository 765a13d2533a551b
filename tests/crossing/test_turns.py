"""Turns: what a thread does with the calls that come while its function is paused."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from cardan._crossing import ClientGone, Turns, turns_here

if TYPE_CHECKING:
    from collections.abc import Callable


class Call:
    """A call of a thread, which is no step of a body."""

    outflow = None

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Make it."""
        try:
            self.result = self.function()
        except BaseException as error:
            self.error = error

    def begin(self) -> bool:
        """Begin it."""
        return True

    def end(self, result: Any, error: BaseException | None = None) -> None:
        """End it early."""
        self.result, self.error = result, error


@pytest.mark.parametrize("fails", [True, False])
def test_how_a_function_ends_whose_client_has_left(fails: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The call of a function that has paused ended by the pause. So the result of the function counts for nothing, and
    its error is logged. The call that came meanwhile is made after it.
    """
    log: list[str] = []

    def paused() -> str:
        turns = turns_here()
        assert turns is not None
        for _ in range(2):
            with pytest.raises(ClientGone, match="the client has left"):
                turns.pause("early")
        log.append("paused")
        if fails:
            raise LookupError("nobody waits for this")
        return "late"

    first, second = Call(paused), Call(lambda: log.append("second"))
    reported: list[Any] = []
    calls: deque[Call] = deque([second])
    Turns(calls.popleft, reported.append).make(first)
    assert log == ["paused", "second"]
    assert reported == [first, second]
    assert first.error is None
    logged = [record.exc_info[0] for record in caplog.records if record.exc_info]
    assert logged == [LookupError] * fails
    assert turns_here() is None
