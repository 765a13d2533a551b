"""Live values: objects that show one header field and write every change to it at once.

A class of field values that can be changed derives from :class:`Live`. An object that is not bound to headers keeps its
own state. An object that is bound to headers (:meth:`Live.bound`) reads the field before each use and writes it after
each change. Two live values of one field therefore see each other's changes, and also a direct assignment to the
headers. A change to a value that a header field must not contain, or that reading the field would not give back, raises
an exception and changes nothing. When a value becomes empty, the field is removed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, overload

from ._reading_back import differs

__all__ = ["HasHeaders", "HeaderStore", "Live", "LiveDict", "LiveMapping", "LiveSequence", "sealed"]

S = TypeVar("S")
V = TypeVar("V")
L_co = TypeVar("L_co", bound="Live[Any]", covariant=True)


class HasHeaders(Protocol):
    """An object with header fields: every request and every response."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields. Names are found in any case."""
        ...


class HeaderStore(Protocol):
    """The methods that a live value calls on the headers. :class:`~cardan.core.structures.Headers` has them."""

    def getlist(self, key: str, /) -> list[str]:
        """Return all values of a field."""
        ...

    def __setitem__(self, key: str, value: str, /) -> None: ...

    def __delitem__(self, key: str, /) -> None: ...


class Live(Generic[S]):
    """Base class of live values. ``S`` is the type of the state; a change replaces the state and never mutates it."""

    __module__ = "cardan.core.fields"
    __slots__ = ("_headers", "_name", "_state", "_text")

    #: The string that joins the values of several fields of one name (RFC 9110 section 5.3).
    _joined_by: ClassVar[str] = ", "

    def __init__(self, state: S) -> None:
        self._headers: HeaderStore | None = None
        self._name = ""
        self._text: str | None = None
        self._state = state

    @classmethod
    @abstractmethod
    def _read(cls, text: str | None) -> S:
        """Parse a field value. None and an invalid value give the empty state. Never raises."""

    @classmethod
    @abstractmethod
    def _write(cls, state: S) -> str:
        """Return the field value of ``state``; ``""`` removes the field.

        Raises ValueError for a state that a header field must not contain.
        """

    @classmethod
    def _checked(cls, state: S) -> str:
        """Return the field value of ``state``.

        Raises what ``_write()`` raises, and :exc:`ValueError` if reading the field value gives another state.
        """
        text = cls._write(state)
        if cls._read(text or None) != state:
            raise differs(cls, text)
        return text

    @classmethod
    def from_header(cls, value: str | None, /) -> Self:
        """Parse a field value. None and an invalid value give an empty object."""
        self = cls.__new__(cls)
        Live.__init__(self, cls._read(value))
        return self

    @classmethod
    def bound(cls, headers: HeaderStore, name: str) -> Self:
        """Return an object that is bound to the field ``name`` of ``headers``."""
        self = cls.__new__(cls)
        self._headers = headers
        self._name = name
        self._text = self._current()
        self._state = cls._read(self._text)
        return self

    def to_header(self) -> str:
        """Return the field value. Raises :exc:`ValueError` for a value that a header field must not contain."""
        return self._write(self._get())

    def _for_field(self, name: str) -> str:
        """Return the field value for an assignment to the field ``name``. Raises as :meth:`to_header` does."""
        return self.to_header()

    def _current(self) -> str | None:
        values = self._headers.getlist(self._name) if self._headers is not None else ()
        return self._joined_by.join(values) if values else None

    def _get(self) -> S:
        """Return the state. If the headers have changed, parse the field again."""
        if self._headers is not None and (text := self._current()) != self._text:
            self._state = self._read(text)
            self._text = text
        return self._state

    def _set(self, state: S) -> None:
        """Replace the state and write it to the headers. If ``_checked()`` raises, nothing changes."""
        text = self._checked(state)
        if self._headers is not None:
            if text:
                self._headers[self._name] = text
            elif self._current() is not None:  # other code may have set the field since the last use
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
        """Return a copy that is not bound to headers."""
        copy = type(self).__new__(type(self))
        Live.__init__(copy, self._get())
        return copy

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self.__copy__()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).from_header, (self.to_header(),)

    def copy(self) -> Self:
        """Return a copy that is not bound to headers."""
        return self.__copy__()


class LiveMapping(Live[dict[str, V]], Mapping[str, V]):
    """A field value that is a mapping. The case of names does not matter; they are kept in lower case."""

    __module__ = "cardan.core.fields"
    __slots__ = ()

    def __init__(self, values: Mapping[str, V] | Iterable[tuple[str, V]] | None = None) -> None:
        """Take a mapping or pairs. Raises :exc:`ValueError` for a value that a header field must not contain."""
        state: dict[str, V] = {}
        for name, value in dict(values or ()).items():
            state.setdefault(*self._item(name, value))  # of equal names the first one counts, as in reading
        self._checked(state)
        super().__init__(state)

    @classmethod
    def _item(cls, name: str, value: V) -> tuple[str, V]:
        """Return an item that the program sets as reading gives it."""
        return cls._key(name), value

    @classmethod
    def _key(cls, name: str) -> str:
        return name.lower()

    def __getitem__(self, key: str) -> V:
        return self._get()[self._key(key)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._key(key) in self._get()

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._get()))

    def __len__(self) -> int:
        return len(self._get())


class LiveDict(LiveMapping[V], MutableMapping[str, V]):
    """A :class:`LiveMapping` that can be changed."""

    __module__ = "cardan.core.fields"
    __slots__ = ()

    def __setitem__(self, key: str, value: V) -> None:
        name, item = self._item(key, value)
        self._set({**self._get(), name: item})

    def __delitem__(self, key: str) -> None:
        state = dict(self._get())
        del state[self._key(key)]
        self._set(state)

    def clear(self) -> None:
        """Remove all items, and the field."""
        self._set({})


class LiveSequence(Live[tuple[V, ...]], MutableSequence[V]):
    """A field value that is a list of members, which can be changed. Members have ``to_header()``."""

    __module__ = "cardan.core.fields"
    __slots__ = ()

    #: The class of the members.
    _member: ClassVar[type[Any]]

    def __init__(self, members: Iterable[V] = ()) -> None:
        """Take the members. Raises :exc:`TypeError` for one of another class."""
        state = tuple(members)
        self._checked(state)
        super().__init__(state)

    @classmethod
    def _write(cls, state: tuple[V, ...]) -> str:
        for member in state:
            if not isinstance(member, cls._member):
                raise TypeError(f"got {member!r} as a member of {cls.__name__}, expected {cls._member.__name__}")
        return ", ".join([member.to_header() for member in state])  # type: ignore[attr-defined]

    def insert(self, index: int, value: V) -> None:
        """Insert a member before a position."""
        members = list(self._get())
        members.insert(index, value)
        self._set(tuple(members))

    @overload
    def __getitem__(self, key: int) -> V: ...
    @overload
    def __getitem__(self, key: slice) -> list[V]: ...
    def __getitem__(self, key: int | slice) -> V | list[V]:
        found = self._get()[key]
        return list(found) if isinstance(key, slice) else found  # type: ignore[arg-type, return-value]

    @overload
    def __setitem__(self, key: int, value: V) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: Iterable[V]) -> None: ...
    def __setitem__(self, key: Any, value: Any) -> None:
        members = list(self._get())
        members[key] = value
        self._set(tuple(members))

    def __delitem__(self, key: int | slice) -> None:
        members = list(self._get())
        del members[key]
        self._set(tuple(members))

    def __iter__(self) -> Iterator[V]:
        return iter(self._get())

    def __len__(self) -> int:
        return len(self._get())


class _Sealed:
    """Headers that hold one field value, which cannot be changed."""

    __slots__ = ("_lines",)

    def __init__(self, value: str | None) -> None:
        self._lines = [] if value is None else [value]

    def getlist(self, key: str, /) -> list[str]:
        return self._lines

    def __setitem__(self, key: str, value: str, /) -> None:
        raise TypeError("the header fields of a request cannot be changed; change a copy of this value")

    def __delitem__(self, key: str, /) -> None:
        self[key] = ""


class _SealedClass(Generic[L_co]):
    """What :func:`sealed` returns."""

    def __init__(self, cls: type[L_co]) -> None:
        self._cls = cls

    def from_header(self, value: str | None, /) -> L_co:
        """Parse a field value. None and an invalid value give an empty object."""
        return self._cls.bound(_Sealed(value), "")


def sealed(cls: type[L_co]) -> _SealedClass[L_co]:
    """Return what reads values of ``cls`` for requests, whose fields cannot be changed: a change raises TypeError.

    :func:`~cardan.core.fields.value_field` takes it in place of the class.
    """
    return _SealedClass(cls)


HasHeaders.__module__ = "cardan.core.fields"
HeaderStore.__module__ = "cardan.core.fields"
