"""A dict that calls a function after each change.

It calls the function after every method that can change the dict, even if nothing changed. It does not call it after a
method that only reads or that raises. An exception of the function reaches the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, SupportsIndex, TypeVar, overload

__all__ = ["CallbackDict"]

D = TypeVar("D")
K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

_MISSING: Any = object()


class CallbackDict(dict[K, V]):
    """A dict that calls ``on_update`` with itself after each change. ``initial`` is a mapping or an iterable of pairs.

    >>> seen = []
    >>> d = CallbackDict({"charset": "utf-8"}, lambda changed: seen.append(dict(changed)))
    >>> d["boundary"] = "b"
    >>> seen
    [{'charset': 'utf-8', 'boundary': 'b'}]
    """

    __module__ = "cardan.core.structures"
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
        """Remove all items."""
        super().clear()
        self._changed()

    @overload
    def pop(self, key: K) -> V: ...
    @overload
    def pop(self, key: K, default: V) -> V: ...
    @overload
    def pop(self, key: K, default: D) -> V | D: ...
    def pop(self, key: K, default: Any = _MISSING) -> Any:
        """Remove ``key`` and return its value, or ``default`` if the key is missing.

        Raises KeyError if the key is missing and there is no default.
        """
        if default is not _MISSING and key not in self:
            return default
        value = super().pop(key)
        self._changed()
        return value

    def popitem(self) -> tuple[K, V]:
        """Remove the last item and return it. Raises KeyError if the dict is empty."""
        item = super().popitem()
        self._changed()
        return item

    @overload
    def setdefault(self: CallbackDict[K, T | None], key: K, default: None = None) -> T | None: ...
    @overload
    def setdefault(self, key: K, default: V) -> V: ...
    def setdefault(self, key: K, default: Any = None) -> Any:
        """Return the value of ``key``. If the key is missing, set it to ``default`` first."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(  # type: ignore[override]
        self, other: Mapping[K, V] | Iterable[tuple[K, V]] = (), /, **more: V
    ) -> None:
        """Set the items of a mapping or of an iterable of pairs. The function is called once."""
        super().update(other, **more)
        self._changed()

    def __ior__(self, other: Mapping[K, V] | Iterable[tuple[K, V]]) -> Self:  # type: ignore[misc, override]
        self.update(other)
        return self

    def copy(self) -> dict[K, V]:
        """Return the items in a plain dict, which calls no function."""
        return dict(self)

    __copy__ = copy

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        # a copy or a pickle does not keep the function, as copy() does not
        return type(self), (dict(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.__repr__(self)})"
