"""Percentiles of times that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["percentile"]


def percentile(times: Iterable[float], share: float) -> float:
    """The time that the part ``share`` of all times does not exceed; ``share`` is 0.99 for the 99th percentile.

    Without any time it is 0.
    """
    ordered = sorted(times)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0
