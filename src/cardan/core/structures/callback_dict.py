"""A dict that tells when it was changed.

Takes what a dict takes, and a callable; calls it with the dict after each call that may have changed something.
Raises what a dict raises, and what the callable raises. Never calls it for a call that raised, or only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, TypeVar, overload

__all__ = ["CallbackDict"]

D = TypeVar("D")
K = TypeVar("K")
V = TypeVar("V")

_MISSING: Any = object()


class CallbackDict(dict[K, V]):
    """A dict that calls ``on_update`` with itself after it was changed; ``initial`` is a mapping or pairs.

    >>> seen = []
    >>> d = CallbackDict({"charset": "utf-8"}, lambda changed: seen.append(dict(changed)))
    >>> d["boundary"] = "b"
    >>> seen
    [{'charset': 'utf-8', 'boundary': 'b'}]
    """

    __slots__ = ("on_update",)

    def __init__(
        self,
        initial: Mapping[K, V] | Iterable[tuple[K, V]] | None = None,
        on_update: Callable[[CallbackDict[K, V]], object] | None = None,
    ) -> None:
        super().__init__(() if initial is None else initial)
        self.on_update = on_update

    def _changed(self) -> None:
        if self.on_update is not None:
            self.on_update(self)

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self._changed()

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        self._changed()

    def clear(self) -> None:
        """Remove everything."""
        super().clear()
        self._changed()

    @overload
    def pop(self, key: K) -> V: ...
    @overload
    def pop(self, key: K, default: V) -> V: ...
    @overload
    def pop(self, key: K, default: D) -> V | D: ...
    def pop(self, key: K, default: Any = _MISSING) -> Any:
        """Remove ``key`` and return its value, or ``default``. Raises KeyError where there is neither."""
        if default is not _MISSING and key not in self:
            return default
        value = super().pop(key)
        self._changed()
        return value

    def popitem(self) -> tuple[K, V]:
        """Remove the last item and return it. Raises KeyError where there is none."""
        item = super().popitem()
        self._changed()
        return item

    def setdefault(self, key: K, default: Any = None) -> Any:
        """The value of ``key``, which is set to ``default`` if it is not there."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *args: Any, **more: Any) -> None:
        """Set all of a mapping or of an iterable of pairs: one change."""
        super().update(*args, **more)
        self._changed()

    def __ior__(self, other: Any) -> Self:  # type: ignore[misc, override]
        self.update(other)
        return self

    def copy(self) -> dict[K, V]:
        """The same items in a plain dict: a change of it is nobody's business."""
        return dict(self)

    __copy__ = copy

    def __reduce_ex__(self, protocol: Any) -> Any:
        # who listens stays behind, as with a copy
        return type(self), (dict(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.__repr__(self)})"
