"""Measures how the cost of a call grows with the size of its input: linearly or faster.

Used by the test and the benchmark.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any

__all__ = ["STEP", "collector_off", "least", "once", "steep"]

#: what four times the input may cost: a linear call costs four times as much, a quadratic one sixteen
STEP = 11.0
#: where a first look begins: a call that is exponential ends soon with this
SMALL = 24
#: a quadratic call of this many characters needs millions of steps, which no machine does in QUICK seconds
SIZE, QUICK = 4000, 0.0002
#: longer than this no linear call of SIZE characters takes on any machine
ENDLESS = 20.0


@contextmanager
def collector_off() -> Iterator[None]:
    """Turn the garbage collector off.

    It visits all objects when their number has grown, which is not the call's own work.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def once(call: Callable[[Any], object], value: Any) -> float:
    """The seconds of process time for one call."""
    start = process_time()
    call(value)
    return process_time() - start


def least(call: Callable[[Any], object], value: Any, repeats: int) -> float:
    """The least time of several calls: noise only makes a call slower."""
    return min(once(call, value) for _ in range(repeats))


def steep(call: Callable[[Any], object], make: Callable[[int], Any], size: int = SIZE) -> str | None:
    """The measured times if ``call(make(n))`` grows faster than linearly in ``n``, otherwise None."""
    for few in (SMALL, size // 16):
        if (time := once(call, make(few))) > 0.2:
            return f"{time:.3f} s for {few}"
    time = once(call, make(size))
    if time < QUICK or time <= STEP / 2 * once(call, make(size // 4)):
        return None
    if time > ENDLESS:
        return f"{time:.0f} s for {size}"
    sizes = (size // 4, size, 4 * size)
    times = [least(call, make(number), 3) for number in sizes[:2]]
    if times[1] <= STEP * times[0]:
        return None
    times.append(least(call, make(sizes[2]), 3 if times[1] < 0.1 else 1))
    if times[2] <= STEP * times[1]:
        return None
    return ", ".join(f"{time * 1e3:.2f} ms for {number}" for number, time in zip(sizes, times))
