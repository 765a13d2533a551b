"""Lists and dicts that cannot be changed, and dicts whose ``get`` converts.

Take what list and dict take; are lists and dicts, to be read as such at their speed. Every change raises
TypeError. ``copy()`` gives the kind that can be changed; :func:`copy.copy` the object itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Self, SupportsIndex, TypeVar, overload

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


def refuse(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Stand in for a method that changes: raises TypeError with a sentence that says what to do instead."""
    raise TypeError(f"{type(self).__name__} cannot be changed; change its copy()")


def same(self: T) -> T:
    """Stand in for ``__copy__``: what cannot be changed is its own copy."""
    return self


class ImmutableList(list[V]):
    """A list that cannot be changed, and can be hashed if what is in it can."""

    __slots__ = ()

    __setitem__ = __delitem__ = __iadd__ = __imul__ = refuse
    append = clear = extend = insert = pop = remove = reverse = sort = refuse
    __copy__ = same

    def copy(self) -> list[V]:
        """The same items in a list that can be changed."""
        return list(self)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return type(self), (list(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list.__repr__(self)})"


class ImmutableDictMixin:
    """Refuses every change of a dict with a TypeError that says what to do instead."""

    __slots__ = ()

    __setitem__ = __delitem__ = __ior__ = refuse
    clear = pop = popitem = setdefault = update = refuse
    __copy__ = same

    @classmethod
    def fromkeys(cls, keys: Iterable[Any], value: Any = None, /) -> Any:
        """A container of each key with the same value."""
        return cls(dict.fromkeys(keys, value))  # type: ignore[call-arg]

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))  # type: ignore[attr-defined]

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return type(self), (dict(self),)  # type: ignore[call-overload]

    def __or__(self, other: Any) -> Any:
        merged: Any = dict.__or__(self, other)  # type: ignore[call-overload]
        return merged if merged is NotImplemented else type(self)(merged)  # type: ignore[call-arg]


class ImmutableDict(ImmutableDictMixin, dict[K, V]):  # type: ignore[misc]
    """A dict that cannot be changed, and can be hashed if what is in it can."""

    __slots__ = ()

    def copy(self) -> dict[K, V]:
        """The same items in a dict that can be changed."""
        return dict(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.__repr__(self)})"


class TypeConversionDict(dict[K, V]):
    """A dict whose :meth:`get` converts.

    >>> TypeConversionDict(page="2", size="many").get("page", type=int)
    2
    """

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
        """The value of ``key``, or ``default``.

        ``type`` converts it; where that raises ValueError or TypeError the result is ``default``.
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
        """The same items in a container of the same kind."""
        return type(self)(self)

    __copy__ = copy

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.__repr__(self)})"


class ImmutableTypeConversionDict(ImmutableDictMixin, TypeConversionDict[K, V]):  # type: ignore[misc]
    """A :class:`TypeConversionDict` that cannot be changed."""

    __slots__ = ()

    def copy(self) -> TypeConversionDict[K, V]:  # type: ignore[override]
        """The same items in a :class:`TypeConversionDict`, which can be changed."""
        return TypeConversionDict(self)

    __copy__ = same
