"""How the cost of a call grows with its input: linear, or faster. For the test and for the benchmark.

Time of this process alone (what others do meanwhile does not count), with the collector off. A ratio counts, never a
time: four times the input may cost :data:`STEP` times as much, where a quadratic call costs sixteen times. What looks
too steep is measured again, larger and several times, before it is said to be.
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
    """The collector looks at all objects whenever their number has grown, which is none of a call's own work."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def once(call: Callable[[Any], object], value: Any) -> float:
    """Seconds of this process for one call."""
    start = process_time()
    call(value)
    return process_time() - start


def least(call: Callable[[Any], object], value: Any, repeats: int) -> float:
    """The least of several calls: noise only adds."""
    return min(once(call, value) for _ in range(repeats))


def steep(call: Callable[[Any], object], make: Callable[[int], Any], size: int = SIZE) -> str | None:
    """What was measured where ``call(make(n))`` grows faster than linear in ``n``; None where it does not."""
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
