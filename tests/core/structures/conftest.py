"""Measures the work of a call by the number of its byte code steps, because measured times vary."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest


def count_steps(call: Callable[[Any], object], argument: object) -> int:
    steps = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        steps += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call(argument)
    finally:
        sys.settrace(before)
    return steps


@pytest.fixture
def assert_linear() -> Callable[[Callable[[int], Any], Callable[[Any], object]], None]:
    """Assert that the work of ``call(make(n))`` grows with n, but not faster. The work of ``make`` is not counted."""

    def check(make: Callable[[int], Any], call: Callable[[Any], object]) -> None:
        # The first run is not counted: since Python 3.12, the byte code of a function is traced from its second run on.
        count_steps(call, make(20))
        small, large = count_steps(call, make(200)), count_steps(call, make(1000))
        # The input is 5 times as large: quadratic work would take 25 times the steps.
        assert large <= 8 * small

    return check
