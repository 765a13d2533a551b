"""Dicts with several values per key: for query strings, forms, cookies, files.

Take pairs, a mapping (a list, tuple or set as value means several values) or another container of this kind.
``d[key]`` is the first value and raises :exc:`~cardan.core.exceptions.BadRequestKeyError`, a KeyError and a 400,
where there is none; ``d.getlist(key)`` gives all of them. The immutable kinds raise TypeError on every change.
Never loses the order of the pairs, however their keys alternate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self, SupportsIndex, TypeVar, overload

from .immutable import ImmutableDictMixin, refuse, same
from .multidict_reader import MultiDictReader, iter_multi_items

__all__ = ["ImmutableMultiDict", "ImmutableOrderedMultiDict", "MultiDict", "OrderedMultiDict"]

D = TypeVar("D")
K = TypeVar("K")
V = TypeVar("V")

_MISSING: Any = object()
_dict_set = dict.__setitem__


class MultiDict(MultiDictReader[K, V]):
    """A dict with several values per key.

    >>> d = MultiDict([("a", "1"), ("b", "2"), ("a", "3")])
    >>> d["a"], d.getlist("a"), list(d.items(multi=True))
    ('1', ['1', '3'], [('a', '1'), ('b', '2'), ('a', '3')])
    """

    __slots__ = ()

    def add(self, key: K, value: V) -> None:
        """Add a value at the end, whether the key has one or not."""
        order = self._order
        if key not in self:
            _dict_set(self, key, value)
            if order is None:
                return
        elif order is None:
            order = self._order = dict(enumerate(super().items()))
            self._where = None
        self._append(order, key, value)

    def _append(self, order: dict[int, tuple[K, V]], key: K, value: V) -> None:
        number = next(reversed(order), -1) + 1
        order[number] = (key, value)
        if self._where is not None:
            self._where.setdefault(key, []).append(number)

    def __setitem__(self, key: K, value: V) -> None:
        order = self._order
        if order is not None:
            numbers = self._places(order).get(key)
            if numbers:
                order[numbers[0]] = (key, value)
                self._drop(order, numbers, 1)
            else:
                self._append(order, key, value)
        _dict_set(self, key, value)

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        order = self._order
        if order is not None:
            self._drop(order, self._places(order).pop(key), 0)

    @staticmethod
    def _drop(order: dict[int, tuple[K, V]], numbers: list[int], start: int) -> None:
        for number in numbers[start:]:
            del order[number]
        del numbers[start:]

    def setdefault(self, key: K, default: Any = None) -> Any:
        """The first value of ``key``, which is set to ``default`` if it is not there."""
        if key not in self:
            self[key] = default
        return self[key]

    def setlist(self, key: K, values: Iterable[V]) -> None:
        """Make ``values`` the values of ``key``: the first where the key stands, the others at the end.

        No values delete the key.
        """
        values = list(values)
        if not values:
            self.pop(key, None)
            return
        self[key] = values[0]
        for value in values[1:]:
            self.add(key, value)

    def setlistdefault(self, key: K, default_list: Iterable[V] = ()) -> list[V]:
        """All values of ``key``, which are set to ``default_list`` if there are none. A new list."""
        if key not in self:
            self.setlist(key, default_list)
        return self.getlist(key)

    def update(self, mapping: Any = (), /, **more: Any) -> None:
        """Add all pairs of ``mapping``. Adds to a key's values rather than replace them, as in Werkzeug."""
        for key, value in list(iter_multi_items(mapping)):
            self.add(key, value)
        for name, value in iter_multi_items(more):
            self.add(name, value)

    @overload
    def pop(self, key: K) -> V: ...
    @overload
    def pop(self, key: K, default: V) -> V: ...
    @overload
    def pop(self, key: K, default: D) -> V | D: ...
    def pop(self, key: K, default: Any = _MISSING) -> Any:
        """Delete ``key`` with all its values and return the first, or ``default``.

        Raises BadRequestKeyError where there is none and no default.
        """
        if default is not _MISSING and key not in self:
            return default
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[K, V]:
        """Delete the last key with all its values and return it with the first. Raises KeyError where there is none."""
        key, values = self.popitemlist()
        return key, values[0]

    def poplist(self, key: K) -> list[V]:
        """Delete ``key`` and return its values, ``[]`` where there is none."""
        values = self.getlist(key)
        self.pop(key, None)
        return values

    def popitemlist(self) -> tuple[K, list[V]]:
        """Delete the last key and return it with its values. Raises KeyError where there is none."""
        for key in reversed(self):
            return key, self.poplist(key)
        raise KeyError("popitemlist(): there are no keys")

    def clear(self) -> None:
        """Delete everything."""
        super().clear()
        self._order = None

    def copy(self) -> Self:
        """The same pairs in a container of the same kind."""
        return self._from_pairs(list(self.items(multi=True)))

    __copy__ = copy

    def __or__(self, other: Any) -> Any:
        """Give a copy, updated."""
        if not isinstance(other, Mapping):
            return NotImplemented
        merged = self.copy()
        MultiDict.update(merged, other)
        return merged

    def __ior__(self, other: Any) -> Self:  # type: ignore[override]
        self.update(other)
        return self


class ImmutableMultiDict(ImmutableDictMixin, MultiDict[K, V]):
    """A :class:`MultiDict` that cannot be changed: ``request.args``, ``request.form``, ``request.files``.

    ``copy()`` gives a :class:`MultiDict`. It can be hashed if what is in it can.
    """

    __slots__ = ()

    add = setlist = setlistdefault = poplist = popitemlist = refuse

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return MultiDict.__reduce_ex__(self, protocol)

    __copy__ = same

    def copy(self) -> MultiDict[K, V]:  # type: ignore[override]
        """The same pairs in a :class:`MultiDict`, which can be changed."""
        return MultiDict._from_pairs(list(self.items(multi=True)))

    def __or__(self, other: Any) -> Any:
        merged = MultiDict.__or__(self, other)
        return merged if merged is NotImplemented else type(self)(merged)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset([(key, tuple(values)) for key, values in self.lists()]))


class _OrderedMixin:
    """Equality that counts the order of all pairs, between two ordered ones."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _OrderedMixin):
            return list(self.items(multi=True)) == list(other.items(multi=True))  # type: ignore[attr-defined]
        return super().__eq__(other)


class OrderedMultiDict(_OrderedMixin, MultiDict[K, V]):
    """A :class:`MultiDict` to which another one is equal only if the pairs are in the same order."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]


class ImmutableOrderedMultiDict(_OrderedMixin, ImmutableMultiDict[K, V]):
    """An :class:`OrderedMultiDict` that cannot be changed."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return ImmutableMultiDict.__hash__(self)

    def copy(self) -> OrderedMultiDict[K, V]:  # type: ignore[override]
        """The same pairs in an :class:`OrderedMultiDict`, which can be changed."""
        return OrderedMultiDict._from_pairs(list(self.items(multi=True)))
