"""How objects with slots are pickled."""

from __future__ import annotations

__all__ = ["slots_state"]


def slots_state(self: object) -> object:
    """Return the state of an object, as ``object.__getstate__`` does.

    A class that has slots uses this function as its ``__getstate__``. Protocols 0 and 1 of :mod:`pickle` refuse objects
    with slots whose class does not define this method.
    """
    return object.__getstate__(self)
