"""A view of several dicts with several values per key as one mapping: ``request.values``.

The view copies nothing: it looks into the dicts, in order, at each access. ``d[key]`` raises
:exc:`~cardan.exceptions.BadRequestKeyError` (a KeyError that becomes a 400 response) if no dict has the key. Every
change raises TypeError.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, SupportsIndex, TypeVar, overload

from .._exceptions import BadRequestKeyError
from ._immutable import refuse
from ._multidict import MultiDict
from ._multidict_reader import Several, converted, iter_multi_items, source_of

__all__ = ["CombinedMultiDict"]

D = TypeVar("D")
K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

_MISSING: Any = object()


def _pairs(one: Mapping[K, V]) -> Iterable[tuple[K, V]]:
    """All pairs of a mapping. A list in a dict with one value for each key is that value, as ``d[key]`` gives it."""
    return iter_multi_items(one) if hasattr(one, "getlist") else one.items()


class CombinedMultiDict(Mapping[K, V]):
    """The mappings in ``dicts`` as one mapping. The value of a key is that of the first mapping with the key.

    >>> first, second = MultiDict({"a": "1"}), MultiDict([("a", "2"), ("b", "3")])
    >>> both = CombinedMultiDict([first, second])
    >>> both["a"], both.getlist("a"), both["b"]
    ('1', ['1', '2'], '3')
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("dicts",)

    if not TYPE_CHECKING:  # for type checkers these methods do not exist
        add = clear = pop = popitem = popitemlist = poplist = setdefault = setlist = setlistdefault = update = refuse
        __setitem__ = __delitem__ = __ior__ = refuse
    else:  # else a type checker would use __or__ for ``values |= other``

        def __ior__(self, other: object) -> None: ...

    def __init__(self, dicts: Iterable[Mapping[K, V]] = ()) -> None:
        self.dicts: list[Mapping[K, V]] = list(dicts)

    def __getitem__(self, key: K) -> V:
        for one in self.dicts:
            if key in one:
                return one[key]
        sources = [source for one in self.dicts if (source := source_of(one)) is not None]
        raise BadRequestKeyError(key, source=" or ".join(sources) or None)

    def __contains__(self, key: object) -> bool:
        return any(key in one for one in self.dicts)

    @overload
    def get(self, key: K, default: None = None) -> V | None: ...
    @overload
    def get(self, key: K, default: V) -> V: ...
    @overload
    def get(self, key: K, default: D) -> V | D: ...
    @overload
    def get(self, key: K, default: None = None, *, type: Callable[[V], T]) -> T | None: ...
    @overload
    def get(self, key: K, default: D, type: Callable[[V], T]) -> T | D: ...
    def get(self, key: K, default: Any = None, type: Callable[[V], Any] | None = None) -> Any:
        """Return the first value of ``key``, or ``default`` if the key is missing.

        ``type`` is a function that converts the value. If it raises ValueError or TypeError, the next mapping with the
        key is used.
        """
        for one in self.dicts:
            if key in one:
                if type is None:
                    return one[key]
                try:
                    return type(one[key])
                except (ValueError, TypeError):
                    continue
        return default

    @overload
    def getlist(self, key: K) -> list[V]: ...
    @overload
    def getlist(self, key: K, type: Callable[[V], T]) -> list[T]: ...
    def getlist(self, key: K, type: Callable[[V], Any] | None = None) -> list[Any]:
        """Return a new list of all values of ``key``, in the order of the mappings.

        ``type`` is a function that converts each value. A value for which it raises ValueError or TypeError is left
        out.
        """
        values: list[V] = []
        for one in self.dicts:
            if key in one:
                getlist: Callable[[K], list[V]] | None = getattr(one, "getlist", None)
                values += [one[key]] if getlist is None else getlist(key)
        return values if type is None else list(converted(values, type))

    def __iter__(self) -> Iterator[K]:
        return iter(dict.fromkeys([key for one in self.dicts for key in one]))

    def __len__(self) -> int:
        return len(dict.fromkeys([key for one in self.dicts for key in one]))

    def __bool__(self) -> bool:
        return any(self.dicts)

    @overload
    def items(self) -> ItemsView[K, V]: ...
    @overload
    def items(self, multi: Literal[False]) -> ItemsView[K, V]: ...
    @overload
    def items(self, multi: bool) -> Iterable[tuple[K, V]]: ...
    def items(self, multi: bool = False) -> Any:
        """Return each key with its first value. With ``multi=True``, return all pairs, in order."""
        if multi:
            return [pair for one in self.dicts for pair in _pairs(one)]
        return super().items()

    def lists(self) -> list[tuple[K, list[V]]]:
        """Return each key with the list of its values."""
        return self.copy().lists()

    def listvalues(self) -> list[list[V]]:
        """Return the list of values of each key."""
        return self.copy().listvalues()

    @overload
    def to_dict(self, flat: Literal[True] = True) -> dict[K, V]: ...
    @overload
    def to_dict(self, flat: Literal[False]) -> dict[K, list[V]]: ...
    def to_dict(self, flat: bool = True) -> dict[K, V] | dict[K, list[V]]:
        """Return a dict with the first value of each key. With ``flat=False``, return a dict of lists."""
        return self.copy().to_dict(flat=True) if flat else self.copy().to_dict(flat=False)

    def copy(self) -> MultiDict[K, V]:
        """Return all pairs in a :class:`MultiDict`, which can be changed."""
        return MultiDict(self.items(multi=True))

    def __or__(self, other: Mapping[K, Several[V]]) -> Self:
        """Return a view of the same mappings and of a copy of ``other``, which is the last one."""
        if not isinstance(other, Mapping):
            return NotImplemented
        last: MultiDict[K, V] = MultiDict(other)
        return type(self)([*self.dicts, last])

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        return type(self), (self.dicts,)

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same keys, and the same values of each key in the same order."""
        return self.copy() == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dicts!r})"
