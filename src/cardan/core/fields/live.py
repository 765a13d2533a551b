"""Live values: views of one header field that write every change back at once.

A value class that can be changed derives from :class:`Live`. Alone it keeps its own state. Bound to headers
(:meth:`Live.bound`) it reads the field before every use and writes it after every change, so that two views of
one field, or a view and a direct assignment to the headers, never lose each other's updates. A change that
cannot be written raises and changes nothing; a field whose value became empty is removed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

__all__ = ["HeaderStore", "Live", "LiveDict"]

S = TypeVar("S")
V = TypeVar("V")


class HeaderStore(Protocol):
    """What a live value needs of the headers: :class:`~cardan.core.structures.Headers` has it."""

    def getlist(self, key: str, /) -> list[str]:
        """Return all values of a field."""
        ...

    def __setitem__(self, key: str, value: str, /) -> None: ...

    def __delitem__(self, key: str, /) -> None: ...


class Live(Generic[S]):
    """A value of a header field that may be bound to headers. ``S`` is its state, never changed in place."""

    __slots__ = ("_headers", "_name", "_state", "_text")

    #: what joins several fields of one name (RFC 9110 section 5.3)
    _joined_by: ClassVar[str] = ", "

    def __init__(self, state: S) -> None:
        self._headers: HeaderStore | None = None
        self._name = ""
        self._text: str | None = None
        self._state = state

    @classmethod
    @abstractmethod
    def _read(cls, text: str | None) -> S:
        """Return the state that ``text`` says; the empty one for None and garbage. Never raises."""

    @classmethod
    @abstractmethod
    def _write(cls, state: S) -> str:
        """Return the field value of ``state``, empty to have no field; raises ValueError for what cannot be sent."""

    @classmethod
    def from_header(cls, value: str | None) -> Self:
        """Read a field value; None and garbage give the empty value."""
        self = cls.__new__(cls)
        Live.__init__(self, cls._read(value))
        return self

    @classmethod
    def bound(cls, headers: HeaderStore, name: str) -> Self:
        """Return a live view of the field ``name`` of ``headers``."""
        self = cls.__new__(cls)
        self._headers = headers
        self._name = name
        self._text = self._current()
        self._state = cls._read(self._text)
        return self

    def to_header(self) -> str:
        """Return the field value; raises :exc:`ValueError` for what must not go on the wire."""
        return self._write(self._get())

    def _current(self) -> str | None:
        values = self._headers.getlist(self._name) if self._headers is not None else ()
        return self._joined_by.join(values) if values else None

    def _get(self) -> S:
        """Return the state, as the headers have it now."""
        if self._headers is not None and (text := self._current()) != self._text:
            self._state = self._read(text)
            self._text = text
        return self._state

    def _set(self, state: S) -> None:
        """Make ``state`` the value: checked first, then written."""
        text = self._write(state)
        if self._headers is not None:
            if text:
                self._headers[self._name] = text
            elif self._current() is not None:  # perhaps set by others since this view has looked
                del self._headers[self._name]
            self._text = text or None
        self._state = state

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(self._get() == other._get())

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(self._get())

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"

    def __copy__(self) -> Self:
        """Return a copy of the value, bound to nothing."""
        copy = type(self).__new__(type(self))
        Live.__init__(copy, self._get())
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_header, (self.to_header(),)

    def copy(self) -> Self:
        """Return a copy of the value, bound to nothing."""
        return self.__copy__()


class LiveDict(Live[dict[str, V]], MutableMapping[str, V]):
    """A live value that is a mapping of names to values; names compare in any case."""

    __slots__ = ()

    def __init__(self, values: Mapping[str, V] | Iterable[tuple[str, V]] | None = None) -> None:
        """Take a mapping or pairs; raises :exc:`ValueError` for what cannot be written."""
        state = {self._key(name): value for name, value in dict(values or ()).items()}
        self._write(state)
        super().__init__(state)

    @classmethod
    def _key(cls, name: str) -> str:
        return name.lower()

    def __getitem__(self, key: str) -> V:
        return self._get()[self._key(key)]

    def __setitem__(self, key: str, value: V) -> None:
        self._set({**self._get(), self._key(key): value})

    def __delitem__(self, key: str) -> None:
        state = dict(self._get())
        del state[self._key(key)]
        self._set(state)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._key(key) in self._get()

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._get()))

    def __len__(self) -> int:
        return len(self._get())

    def clear(self) -> None:
        """Remove everything, and the field with it."""
        self._set({})
