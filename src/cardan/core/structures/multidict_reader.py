"""Reading a dict with several values per key; what the mutable and the immutable kinds have in common.

Takes pairs, a mapping (a list, tuple or set as value means several values) or another container of this kind;
is a dict of each key's *first* value, so that reading one is reading a dict. ``d[key]`` raises
:exc:`~cardan.core.exceptions.BadRequestKeyError` (a KeyError, and a 400) for a key that is not there.
Never loses the order of the pairs, however their keys alternate.

State: ``_order`` is None as long as no key has had two values; the dict itself is then the whole truth. Else it
holds the pairs under ascending numbers (a dict, from which a pair goes in one step), and ``_where`` each key's
numbers, once somebody needs them. So every operation but copying is one step or one step per value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, SupportsIndex, TypeVar, overload

from ..exceptions import BadRequestKeyError
from .immutable import TypeConversionDict

if TYPE_CHECKING:
    from _collections_abc import dict_items

__all__ = ["MultiDictReader", "converted", "iter_multi_items"]

K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

Source = Mapping[K, V | list[V] | tuple[V, ...] | set[V]] | Iterable[tuple[K, V]]
"""What a container of several values per key is made of."""

_dict_new = dict.__new__
_dict_update = dict.update


def iter_multi_items(source: Any) -> Iterable[tuple[Any, Any]]:
    """All pairs of a container of several values per key, of a mapping, or of an iterable of pairs."""
    if isinstance(source, MultiDictReader):
        return source.items(multi=True)
    if not isinstance(source, Mapping):
        return source  # type: ignore[no-any-return]
    if not hasattr(source, "lists"):
        return _flatten(source.items())
    several: Any = source
    try:
        return several.items(multi=True)  # type: ignore[no-any-return]
    except TypeError:  # Django's kind
        return _flatten(several.lists())


def _flatten(items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    for key, value in items:
        if isinstance(value, list | tuple | set):
            for one in value:
                yield key, one
        else:
            yield key, value


class MultiDictReader(TypeConversionDict[K, V]):
    """A dict of first values that knows the other values too. What it can do, but for changing."""

    __slots__ = ("_order", "_where")

    _order: dict[int, tuple[K, V]] | None
    _where: dict[K, list[int]] | None

    def __init__(self, mapping: Source[K, V] | None = None) -> None:
        self._order = None
        if mapping is not None:
            pairs = list(iter_multi_items(mapping))
            _dict_update(self, pairs)
            if len(self) != len(pairs):
                self._keep_order(pairs)

    @classmethod
    def _from_pairs(cls, pairs: list[tuple[K, V]]) -> Self:
        """Make one from a list of pairs, the quickest way; the list is not kept."""
        self = _dict_new(cls)
        _dict_update(self, pairs)
        self._order = None
        if len(self) != len(pairs):
            self._keep_order(pairs)
        return self

    def _keep_order(self, pairs: list[tuple[K, V]]) -> None:
        # written backwards, the first value is what stays; the keys have their order already
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
        raise BadRequestKeyError(key)

    @overload
    def getlist(self, key: K) -> list[V]: ...
    @overload
    def getlist(self, key: K, type: Callable[[V], T]) -> list[T]: ...
    def getlist(self, key: K, type: Callable[[V], Any] | None = None) -> list[Any]:
        """All values of ``key``, in order, as a new list; ``[]`` for a key that is not there.

        ``type`` converts each; those for which it raises ValueError or TypeError are left out.
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
        """Each key with its first value; with ``multi=True`` all pairs, in order."""
        if multi and self._order is not None:
            return self._order.values()
        return super().items()

    def lists(self) -> list[tuple[K, list[V]]]:
        """Each key with the list of its values."""
        return [(key, self.getlist(key)) for key in self]

    def listvalues(self) -> list[list[V]]:
        """The list of values of each key."""
        return [self.getlist(key) for key in self]

    @overload
    def to_dict(self, flat: Literal[True] = True) -> dict[K, V]: ...
    @overload
    def to_dict(self, flat: Literal[False]) -> dict[K, list[V]]: ...
    @overload
    def to_dict(self, flat: bool) -> dict[K, V] | dict[K, list[V]]: ...
    def to_dict(self, flat: bool = True) -> dict[K, V] | dict[K, list[V]]:
        """A dict of first values, or with ``flat=False`` a dict of lists."""
        return dict(self) if flat else dict(self.lists())

    def deepcopy(self, memo: dict[int, Any] | None = None) -> Self:
        """A container of the same kind, with copies of keys and values."""
        import copy  # with weakref, 1 ms that few programs need

        return self._from_pairs(copy.deepcopy(list(self.items(multi=True)), memo))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.deepcopy(memo)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return type(self), (list(self.items(multi=True)),)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same keys with the same values in the same order; that of the keys does not count.

        A plain dict is equal if it has each key's value and there are no further ones.
        """
        if self._order is None and (not isinstance(other, MultiDictReader) or other._order is None):
            return dict.__eq__(self, other)
        if isinstance(other, MultiDictReader):
            return self.to_dict(flat=False) == other.to_dict(flat=False)
        if isinstance(other, dict):
            return {key: [value] for key, value in other.items()} == self.to_dict(flat=False)
        return NotImplemented

    # dict has an __ne__ of its own, which knows nothing of the above
    __ne__ = object.__ne__
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.items(multi=True))!r})"


def converted(values: Iterable[Any], type: Callable[[Any], Any]) -> Iterator[Any]:
    """What ``type`` makes of each value, without those for which it raises ValueError or TypeError."""
    for value in values:
        try:
            yield type(value)
        except (ValueError, TypeError):
            continue
