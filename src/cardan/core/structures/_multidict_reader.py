"""The base of all dicts with several values per key: how they are made and read.

Such an object is a dict of the *first* value of each key, so that ``d[key]`` is as fast as in a dict.

``_order`` is None as long as no key has had two values: the dict then holds all pairs. Otherwise ``_order`` is a dict
of all pairs under ascending numbers, from which a pair is removed in constant time. ``_where`` maps each key to its
numbers; it is made when it is first needed. Every operation, except a copy, takes constant time for each value that it
touches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, SupportsIndex, TypeAlias, TypeVar, overload

from .._exceptions import BadRequestKeyError
from ._immutable import TypeConversionDict

if TYPE_CHECKING:
    from _collections_abc import dict_items

__all__ = ["MultiDictReader", "converted", "iter_multi_items", "made_of_pairs", "source_of"]

K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

Several: TypeAlias = V | list[V] | tuple[V, ...] | set[V]
"""A value of a mapping from which a dict with several values per key is made: one value or several."""
Source: TypeAlias = Mapping[K, Several[V]] | Iterable[tuple[K, V]]
"""The types of the argument from which a dict with several values per key is made."""

_dict_new = dict.__new__
_dict_update = dict.update


@overload
def iter_multi_items(source: Mapping[K, Several[V]]) -> Iterable[tuple[K, V]]: ...
@overload
def iter_multi_items(source: Source[K, V]) -> Iterable[tuple[K, V]]: ...
def iter_multi_items(source: Source[Any, Any]) -> Iterable[tuple[Any, Any]]:
    """Return all pairs of a dict with several values per key, of a mapping, or of an iterable of pairs.

    A list, tuple or set as a value of a mapping stands for several values.

    >>> list(iter_multi_items({"a": ["1", "2"], "b": "3"}))
    [('a', '1'), ('a', '2'), ('b', '3')]
    """
    if isinstance(source, MultiDictReader):
        return source.items(multi=True)
    if not isinstance(source, Mapping):
        return source
    if not hasattr(source, "lists"):
        return _flatten(source.items())
    several: Any = source
    try:
        return several.items(multi=True)  # type: ignore[no-any-return]
    except TypeError:  # the MultiValueDict of Django, for example
        return _flatten(several.lists())


def _flatten(items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    for key, value in items:
        if isinstance(value, list | tuple | set):
            for one in value:
                yield key, one
        else:
            yield key, value


class MultiDictReader(TypeConversionDict[K, V]):
    """A dict of the first value of each key that also knows the other values. It has the methods that only read."""

    __slots__ = ("_order", "_source", "_where")

    _order: dict[int, tuple[K, V]] | None
    _where: dict[K, list[int]] | None
    _source: str
    """The attribute of the request that has this dict. Only :func:`made_of_pairs` sets it."""

    @overload
    def __init__(self, mapping: Mapping[K, list[V]]) -> None: ...
    @overload
    def __init__(self, mapping: Source[K, V] | None = None) -> None: ...
    def __init__(self, mapping: Source[K, V] | None = None) -> None:
        self._order = None
        if mapping is not None:
            pairs = list(iter_multi_items(mapping))
            _dict_update(self, pairs)
            if len(self) != len(pairs):
                self._keep_order(pairs)

    @classmethod
    def _from_pairs(cls, pairs: list[tuple[K, V]]) -> Self:
        """Return an object with the given pairs. This is faster than the constructor. The list is not kept."""
        self = _dict_new(cls)
        _dict_update(self, pairs)
        self._order = None
        if len(self) != len(pairs):
            self._keep_order(pairs)
        return self

    def _keep_order(self, pairs: list[tuple[K, V]]) -> None:
        # The pairs are set in reverse order, so that the first value of each key remains. The keys are in the dict
        # already, so that their order does not change.
        _dict_update(self, reversed(pairs))
        self._order = dict(enumerate(pairs))
        self._where = None

    def _places(self, order: dict[int, tuple[K, V]]) -> dict[K, list[int]]:
        where = self._where
        if where is None:
            where = {}
            for number, (key, _) in order.items():
                where.setdefault(key, []).append(number)
            self._where = where
        return where

    def __missing__(self, key: K) -> NoReturn:
        raise BadRequestKeyError(key, source=source_of(self))

    @overload
    def getlist(self, key: K) -> list[V]: ...
    @overload
    def getlist(self, key: K, type: Callable[[V], T]) -> list[T]: ...
    def getlist(self, key: K, type: Callable[[V], Any] | None = None) -> list[Any]:
        """Return a new list of all values of ``key``, in order; ``[]`` if the key is missing.

        ``type`` is a function that converts each value. A value for which it raises ValueError or TypeError is left
        out.
        """
        order = self._order
        if order is not None:
            values = [order[number][1] for number in self._places(order).get(key, ())]
        else:
            values = [self[key]] if key in self else []
        return values if type is None else list(converted(values, type))

    @overload
    def items(self) -> dict_items[K, V]: ...
    @overload
    def items(self, multi: Literal[False]) -> dict_items[K, V]: ...
    @overload
    def items(self, multi: bool) -> Iterable[tuple[K, V]]: ...
    def items(self, multi: bool = False) -> Any:
        """Return each key with its first value. With ``multi=True``, return all pairs, in order."""
        if multi and self._order is not None:
            return self._order.values()
        return super().items()

    def lists(self) -> list[tuple[K, list[V]]]:
        """Return each key with the list of its values."""
        return [(key, self.getlist(key)) for key in self]

    def listvalues(self) -> list[list[V]]:
        """Return the list of values of each key."""
        return [self.getlist(key) for key in self]

    @overload
    def to_dict(self, flat: Literal[True] = True) -> dict[K, V]: ...
    @overload
    def to_dict(self, flat: Literal[False]) -> dict[K, list[V]]: ...
    @overload
    def to_dict(self, flat: bool) -> dict[K, V] | dict[K, list[V]]: ...
    def to_dict(self, flat: bool = True) -> dict[K, V] | dict[K, list[V]]:
        """Return a dict with the first value of each key. With ``flat=False``, return a dict of lists."""
        return dict(self) if flat else dict(self.lists())

    def deepcopy(self, memo: dict[int, Any] | None = None) -> Self:
        """Return an object of the same class with deep copies of keys and values."""
        import copy  # the import takes 1 ms, and few programs need it

        return self._from_pairs(copy.deepcopy(list(self.items(multi=True)), memo))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.deepcopy(memo)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        return type(self), (list(self.items(multi=True)),)

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same keys, and the same values of each key in the same order.

        The order of the keys does not matter. A plain dict is equal if each key has exactly one value and the values
        are equal.
        """
        if self._order is None and (not isinstance(other, MultiDictReader) or other._order is None):
            return dict.__eq__(self, other)
        if isinstance(other, MultiDictReader):
            return self.to_dict(flat=False) == other.to_dict(flat=False)
        if isinstance(other, dict):
            return {key: [value] for key, value in other.items()} == self.to_dict(flat=False)
        return NotImplemented

    # dict.__ne__ does not call __eq__; object.__ne__ does
    __ne__ = object.__ne__
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.items(multi=True))!r})"


def converted(values: Iterable[Any], type: Callable[[Any], Any]) -> Iterator[Any]:
    """Give ``type(value)`` for each value. A value for which it raises ValueError or TypeError is left out."""
    for value in values:
        try:
            yield type(value)
        except (ValueError, TypeError):
            continue


def made_of_pairs(cls: type[Any], pairs: list[tuple[Any, Any]], source: str) -> Any:
    """Return an object of a dict class with the given pairs, made in the fastest way that the class has.

    ``source`` is the attribute of the request that has it; the error for a missing key names it.
    """
    made = getattr(cls, "_from_pairs", cls)(pairs)
    if isinstance(made, MultiDictReader):
        made._source = source
    return made


def source_of(made: object) -> str | None:
    """The attribute of a request that has this dict, None if it is not known."""
    return getattr(made, "_source", None)


iter_multi_items.__module__ = "cardan.core.structures"  # help() and pickles name it as users import it
