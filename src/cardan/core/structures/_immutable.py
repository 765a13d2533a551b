"""Lists and dicts that cannot be changed, and dicts whose ``get()`` converts the value.

They are subclasses of list and dict and are read at the same speed. Every change of an immutable object raises
TypeError. Its ``copy()`` returns an object that can be changed; :func:`copy.copy` returns the object itself. ``|``
returns an object of the class of its left operand.

Type checkers report a change, too: for them, the methods that change an object take a ``self`` of type ``Never``, which
no object has. At run time all these methods are :func:`refuse`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Never, NoReturn, Self, SupportsIndex, TypeVar, overload

__all__ = [
    "ImmutableDict",
    "ImmutableDictMixin",
    "ImmutableList",
    "ImmutableTypeConversionDict",
    "TypeConversionDict",
    "refuse",
    "same",
]

D = TypeVar("D")
K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

_MISSING: Any = object()
_dict_get = dict.get


def refuse(self: object, *args: object, **kwargs: object) -> NoReturn:
    """Raise TypeError. An immutable class puts this function in the place of each method that changes the object."""
    raise TypeError(f"{type(self).__name__} cannot be changed; change its copy()")


def same(self: T) -> T:
    """Return the object. An immutable class uses this function as ``__copy__``: a copy is not necessary."""
    return self


class ImmutableList(list[V]):
    """A list that cannot be changed. It is hashable if its items are."""

    __module__ = "cardan.datastructures"
    __slots__ = ()

    if TYPE_CHECKING:

        def __setitem__(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def __delitem__(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def __iadd__(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def __imul__(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def append(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def clear(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def extend(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def insert(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def pop(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def remove(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def reverse(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def sort(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
    else:
        __setitem__ = __delitem__ = __iadd__ = __imul__ = refuse
        append = clear = extend = insert = pop = remove = reverse = sort = refuse
    __copy__ = same

    def copy(self) -> list[V]:
        """Return the items in a list, which can be changed."""
        return list(self)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        return type(self), (list(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list.__repr__(self)})"


def _merged(left: T, right: object) -> T:
    """Return ``left | right``, two dicts, as an object of the class of ``left``."""
    cls: Any = type(left)
    merged: Any = dict.__or__(left, right)  # type: ignore[call-overload]
    return merged if merged is NotImplemented else cls(merged)


class ImmutableDictMixin:
    """Makes every method that changes a dict raise TypeError. The error text names ``copy()``."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __setitem__(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def __delitem__(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        # a checker that may not call this method uses __or__ for the statement; the type None makes it an error
        def __ior__(self, other: object, /) -> None: ...
        def clear(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def pop(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def popitem(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def setdefault(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
        def update(self: Never, *args: object, **kwargs: object) -> Any: ...  # type: ignore[misc]
    else:
        __setitem__ = __delitem__ = __ior__ = refuse
        clear = pop = popitem = setdefault = update = refuse
    __copy__ = same

    @classmethod
    def fromkeys(cls, keys: Iterable[object], value: object = None, /) -> Self:
        """Return an object with the given keys, all with the same value."""
        return cls(dict.fromkeys(keys, value))  # type: ignore[call-arg]

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))  # type: ignore[attr-defined]

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        return type(self), (dict(self),)  # type: ignore[call-overload]


class ImmutableDict(ImmutableDictMixin, dict[K, V]):  # type: ignore[misc]
    """A dict that cannot be changed. It is hashable if its values are."""

    __module__ = "cardan.datastructures"
    __slots__ = ()

    def __or__(self, other: dict[K, V]) -> Self:  # type: ignore[override]
        return _merged(self, other)

    def copy(self) -> dict[K, V]:
        """Return the items in a dict, which can be changed."""
        return dict(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.__repr__(self)})"


class TypeConversionDict(dict[K, V]):
    """A dict whose :meth:`get` can convert the value.

    >>> TypeConversionDict(page="2", size="many").get("page", type=int)
    2
    """

    __module__ = "cardan.core.structures"
    __slots__ = ()

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
        """Return the value of ``key``, or ``default`` if the key is missing.

        ``type`` is a function that converts the value. If it raises ValueError or TypeError, the result is ``default``.
        """
        value = _dict_get(self, key, _MISSING)
        if value is _MISSING:
            return default
        if type is None:
            return value
        try:
            return type(value)
        except (ValueError, TypeError):
            return default

    def copy(self) -> Self:
        """Return a copy, an object of the same class."""
        return type(self)(self)

    __copy__ = copy

    def __or__(self, other: dict[K, V]) -> Self:  # type: ignore[override]
        return _merged(self, other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.__repr__(self)})"


class ImmutableTypeConversionDict(ImmutableDictMixin, TypeConversionDict[K, V]):  # type: ignore[misc]
    """A :class:`TypeConversionDict` that cannot be changed."""

    __module__ = "cardan.core.structures"
    __slots__ = ()

    def copy(self) -> TypeConversionDict[K, V]:  # type: ignore[override]
        """Return the items in a :class:`TypeConversionDict`, which can be changed."""
        return TypeConversionDict(self)

    __copy__ = same
