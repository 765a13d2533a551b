"""Linear time: how the cost grows with the input, for all expressions, readers, writers and properties of client data.

    python benchmarks/linear.py [--quick] [--smoke] [--json FILE]

Each of them is tried with 1, 4 and 16 thousand characters of very many shapes (tests/expressions.py,
tests/subjects.py). The worst shape is shown: microseconds, and the ratio of each step. A linear call takes four times
as long for four times the text. A ratio above 6 is measured again, and fails the run if it stays above 6, unless all of
it takes less than a millisecond. (The constant cost of a call makes the first ratio smaller, never larger.)
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1]))

from timing import arguments, machine, print_table, write_json

from tests.expressions import Shape, expressions, shapes
from tests.growth import collector_off, least, once
from tests.subjects import BYTES, CONTAINERS, SHAPES, SUBJECTS, combinations

SIZES = (1000, 4000, 16000)
MOST = 6.0
#: seconds under which a step is noise
NOISE = 0.001


def ratios(times: list[float]) -> list[float]:
    return [later / max(earlier, 1e-9) for earlier, later in pairwise(times)]


def measure(call: Callable[[Any], object], make: Callable[[int], Any]) -> list[float]:
    """Seconds for each size. A steep step is measured again."""
    times = [once(call, make(size)) for size in SIZES]
    for repeats in (3, 7):
        if times[-1] < NOISE or max(ratios(times)) <= MOST:
            break
        times = [least(call, make(size), repeats) for size in SIZES]
    return times


def worst(call: Callable[[Any], object], makes: Iterable[Callable[[int], Any]]) -> list[float]:
    """The times of the input with the steepest steps, among those that take long enough."""
    found = [measure(call, make) for make in makes]
    return max(found, key=lambda times: (times[-1] >= NOISE, max(ratios(times)) if times[-1] >= NOISE else times[-1]))


def jobs(count: int, part: int) -> dict[str, tuple[Callable[[Any], object], list[Callable[[int], Any]]]]:
    """For each name: the function, and its inputs by size. Only every ``part``-th input of an expression is used."""
    found: dict[str, tuple[Callable[[Any], object], list[Callable[[int], Any]]]] = {}
    for one in expressions():
        makes = [lambda size, one=one, shape=shape: one.text(shape, size) for shape in shapes(one.pattern)[::part]]
        found[f"{one.name.removeprefix('cardan.')}.{one.method}"] = one.apply, makes
    tried: list[Shape] = [*SHAPES, *combinations(1, count)] if count else SHAPES[::part]
    for name, call in SUBJECTS.items():
        found[name] = call, [shape.text for shape in tried]
    for name, fill in CONTAINERS.items():
        found[name] = fill, [lambda size: size // 4]
    for name, feed in BYTES.items():
        found[f"{name}, byte by byte"] = feed, [lambda size: size]
    return found


def main() -> None:
    options = arguments(__doc__)
    warnings.simplefilter("ignore")  # a cookie of 16,000 bytes
    count, part = (0, 60) if options.smoke else (0, 1) if options.quick else (1000, 1)
    result: dict[str, list[float]] = {}
    for name, (call, makes) in jobs(count, part).items():
        with collector_off():
            result[name] = worst(call, makes)
    print(", ".join(machine().values()))
    head = ["us on the worst", *(f"{size // 1000}k" for size in SIZES), "4k/1k", "16k/4k"]
    rows = [[name, *(f"{time * 1e6:.0f}" for time in times), *(f"{step:.1f}" for step in ratios(times))]
            for name, times in result.items()]  # fmt: skip
    print_table(head, rows)
    write_json(options.json, {"unit": "s", "sizes": SIZES, "linear": result})
    steep = [name for name, times in result.items() if times[-1] >= NOISE and max(ratios(times)) > MOST]
    if steep and not options.smoke:
        sys.exit(f"not linear: {', '.join(steep)}")


if __name__ == "__main__":
    main()
