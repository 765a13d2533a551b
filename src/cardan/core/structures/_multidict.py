"""Dicts with several values per key, for query strings, forms, cookies and files.

They are made from pairs, from a mapping (a list, tuple or set as a value stands for several values) or from another
object of this kind. ``d[key]`` is the first value of a key, ``d.getlist(key)`` is the list of all its values. A missing
key raises :exc:`~cardan.exceptions.BadRequestKeyError`, a KeyError that becomes a 400 response. The order of all
pairs is kept. Every change of an immutable class raises TypeError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Never, Self, SupportsIndex, TypeVar, overload

from ._immutable import ImmutableDictMixin, refuse, same
from ._multidict_reader import MultiDictReader, Several, Source, iter_multi_items

__all__ = ["ImmutableMultiDict", "ImmutableOrderedMultiDict", "MultiDict", "OrderedMultiDict"]

D = TypeVar("D")
K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

_MISSING: Any = object()
_dict_set = dict.__setitem__


class MultiDict(MultiDictReader[K, V]):
    """A dict with several values per key.

    >>> d = MultiDict([("a", "1"), ("b", "2"), ("a", "3")])
    >>> d["a"], d.getlist("a"), list(d.items(multi=True))
    ('1', ['1', '3'], [('a', '1'), ('b', '2'), ('a', '3')])
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    def add(self, key: K, value: V) -> None:
        """Add a value at the end. The key keeps its other values."""
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

    @overload
    def setdefault(self: MultiDict[K, T | None], key: K, default: None = None) -> T | None: ...
    @overload
    def setdefault(self, key: K, default: V) -> V: ...
    def setdefault(self, key: K, default: Any = None) -> Any:
        """Return the first value of ``key``. If the key is missing, set it to ``default`` first."""
        if key not in self:
            self[key] = default
        return self[key]

    def setlist(self, key: K, values: Iterable[V]) -> None:
        """Replace the values of ``key``: the first new value takes the place of the key, the others go to the end.

        An empty iterable removes the key.
        """
        values = list(values)
        if not values:
            self.pop(key, None)
            return
        self[key] = values[0]
        for value in values[1:]:
            self.add(key, value)

    def setlistdefault(self, key: K, default_list: Iterable[V] = ()) -> list[V]:
        """Return a new list of the values of ``key``. If the key is missing, set them to ``default_list`` first."""
        if key not in self:
            self.setlist(key, default_list)
        return self.getlist(key)

    @overload  # type: ignore[override]
    def update(self, mapping: Mapping[K, Several[V]], /, **more: Several[V]) -> None: ...
    @overload
    def update(self, mapping: Iterable[tuple[K, V]] = (), /, **more: Several[V]) -> None: ...
    def update(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, mapping: Source[K, V] = (), /, **more: Several[V]
    ) -> None:
        """Add all pairs of ``mapping``. The values of a key are kept, and new ones are added, as in Werkzeug."""
        for key, value in list(iter_multi_items(mapping)):
            self.add(key, value)
        named: Any = more
        for name, value in iter_multi_items(named):
            self.add(name, value)

    @overload
    def pop(self, key: K) -> V: ...
    @overload
    def pop(self, key: K, default: V) -> V: ...
    @overload
    def pop(self, key: K, default: D) -> V | D: ...
    def pop(self, key: K, default: Any = _MISSING) -> Any:
        """Remove ``key`` with all its values and return the first value, or ``default`` if the key is missing.

        Raises BadRequestKeyError if the key is missing and there is no default.
        """
        if default is not _MISSING and key not in self:
            return default
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[K, V]:
        """Remove the last key with all its values. Return the key and its first value.

        Raises KeyError if there are no keys.
        """
        key, values = self.popitemlist()
        return key, values[0]

    def poplist(self, key: K) -> list[V]:
        """Remove ``key`` and return the list of its values, ``[]`` if the key is missing."""
        values = self.getlist(key)
        self.pop(key, None)
        return values

    def popitemlist(self) -> tuple[K, list[V]]:
        """Remove the last key. Return the key and the list of its values. Raises KeyError if there are no keys."""
        for key in reversed(self):
            return key, self.poplist(key)
        raise KeyError("popitemlist(): there are no keys")

    def clear(self) -> None:
        """Remove all keys."""
        super().clear()
        self._order = None

    def copy(self) -> Self:
        """Return a copy, an object of the same class."""
        return self._from_pairs(list(self.items(multi=True)))

    __copy__ = copy

    def __or__(  # type: ignore[override]
        self, other: Mapping[K, Several[V]]
    ) -> Self:
        """Return a copy to which the pairs of ``other`` are added."""
        if not isinstance(other, Mapping):
            return NotImplemented
        merged = self.copy()
        MultiDict.update(merged, other)
        return merged

    def __ior__(self, other: Source[K, V]) -> Self:  # type: ignore[override]
        self.update(other)
        return self


class ImmutableMultiDict(ImmutableDictMixin, MultiDict[K, V]):  # type: ignore[misc]
    """A :class:`MultiDict` that cannot be changed: ``request.args``, ``request.form``, ``request.files``.

    :meth:`copy` returns a :class:`MultiDict`. An object is hashable if its values are.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    if TYPE_CHECKING:

        def add(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def setlist(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def setlistdefault(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def poplist(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def popitemlist(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
    else:
        add = setlist = setlistdefault = poplist = popitemlist = refuse

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        return MultiDict.__reduce_ex__(self, protocol)

    __copy__ = same

    def copy(self) -> MultiDict[K, V]:  # type: ignore[override]
        """Return the pairs in a :class:`MultiDict`, which can be changed."""
        return MultiDict._from_pairs(list(self.items(multi=True)))

    def __or__(  # type: ignore[override]
        self, other: Mapping[K, Several[V]]
    ) -> Self:
        merged: Any = MultiDict.__or__(self, other)
        return merged if merged is NotImplemented else type(self)(merged)

    def __hash__(self) -> int:  # type: ignore[override]
        # a key with one value counts as in an ImmutableDict, which may be equal
        return hash(
            frozenset([(key, tuple(values) if len(values) != 1 else values[0]) for key, values in self.lists()])
        )


class _OrderedMixin:
    """Two objects with this mixin are equal only if all their pairs are in the same order."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _OrderedMixin):
            return list(self.items(multi=True)) == list(other.items(multi=True))  # type: ignore[attr-defined]
        return super().__eq__(other)


class OrderedMultiDict(_OrderedMixin, MultiDict[K, V]):
    """A :class:`MultiDict` that equals another ordered one only if all pairs are in the same order."""

    __module__ = "cardan.core.structures"
    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]


class ImmutableOrderedMultiDict(_OrderedMixin, ImmutableMultiDict[K, V]):  # type: ignore[misc]
    """An :class:`OrderedMultiDict` that cannot be changed."""

    __module__ = "cardan.core.structures"
    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return ImmutableMultiDict.__hash__(self)

    def copy(self) -> OrderedMultiDict[K, V]:  # type: ignore[override]
        """Return the pairs in an :class:`OrderedMultiDict`, which can be changed."""
        return OrderedMultiDict._from_pairs(list(self.items(multi=True)))
