"""The law of all machines: where the input is cut does not matter. One helper that feeds a machine every way.

A run gives the events, adjacent bytes joined, or the class of the error: ``outcome``. The text of an error, and the
limit that it names, may not depend on the cut either: ``verdict``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["assert_cuts_do_not_matter", "cuts", "join_bytes", "outcome", "pieces_of", "verdict"]

SIZES = (1, 2, 3, 5, 7)
#: every two-chunk split up to this size, some of them above
ALL_SPLITS = 2048


def join_bytes(events: Iterable[Any]) -> list[Any]:
    """``events`` with neighbouring bytes joined."""
    joined: list[Any] = []
    for event in events:
        if type(event) is bytes and joined and type(joined[-1]) is bytes:
            joined[-1] += event
        else:
            joined.append(event)
    return joined


def outcome(make: Callable[[], Any], chunks: Iterable[bytes]) -> list[Any] | str:
    """What a new machine makes of ``chunks`` and the end: its events joined, or the name of the error it raises."""
    found = verdict(make, chunks)
    return found if isinstance(found, list) else found[0]


def verdict(make: Callable[[], Any], chunks: Iterable[bytes]) -> list[Any] | tuple[str, str]:
    """The same, with the text of the error."""
    machine = make()
    events: list[Any] = []
    try:
        for chunk in chunks:
            events += _listed(machine.feed(chunk))
        events += _listed(machine.close())
    except Exception as error:
        return type(error).__name__, str(error)
    return join_bytes(events)


def _listed(out: Any) -> list[Any]:
    if isinstance(out, bytes):
        return [out] if out else []
    return list(out)


def pieces_of(data: bytes, size: int) -> list[bytes]:
    """``data`` in pieces of ``size`` bytes."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def cuts(data: bytes, *, splits: int = ALL_SPLITS, seed: int = 1) -> Iterator[list[bytes]]:
    """Ways to cut ``data``: by size, at every place in two (some places of long data), at random, with empty pieces."""
    for size in SIZES:
        if len(data) // size < 40_000:
            yield pieces_of(data, size)
    rand = random.Random(seed)
    places = range(1, len(data)) if len(data) <= splits else sorted(rand.sample(range(1, len(data)), 200))
    for at in places:
        yield [data[:at], data[at:]]
    for _ in range(10):
        marks = sorted(rand.choices(range(len(data) + 1), k=rand.randrange(1, 12)))
        yield [data[a:b] for a, b in zip([0, *marks], [*marks, len(data)])]


def assert_cuts_do_not_matter(make: Callable[[], Any], data: bytes, **options: Any) -> list[Any] | str:
    """Feed ``data`` whole and in every way of :func:`cuts`; all outcomes are equal. Returns it."""
    expected = verdict(make, [data])
    for chunks in cuts(data, **options):
        got = verdict(make, chunks)
        assert got == expected, (got, expected, [len(chunk) for chunk in chunks][:20])
    return expected if isinstance(expected, list) else expected[0]
