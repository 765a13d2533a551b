"""Live values: objects that show one header field and write every change to it at once.

A class of field values that can be changed derives from :class:`Live`, and says by two methods how the state of a value
is read from text and written as text. An object that is not bound to headers keeps its own state. An object that is
bound to headers (:meth:`Live.bound`) reads the field before each use and writes it after each change. Two live values
of one field therefore see each other's changes, and also a direct assignment to the headers. A change to a value that a
header field must not contain, or that reading the field would not give back, raises an exception and changes nothing.
When a value becomes empty, the field is removed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, overload

from ._reading_back import differs
from ._syntax import OWS, check_value, key_of

__all__ = [
    "REFUSALS",
    "HasHeaders",
    "HeaderStore",
    "Live",
    "LiveDict",
    "LiveMapping",
    "LiveMembers",
    "LiveSequence",
    "sealed",
]

S = TypeVar("S")
V = TypeVar("V")
M = TypeVar("M", bound="_Member")
L_co = TypeVar("L_co", bound="Live[Any]", covariant=True)

# The exceptions with which a parser refuses a value. Any other exception is a bug of the parser and is not caught.
REFUSALS = (ValueError, LookupError, ArithmeticError)


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


class Live(ABC, Generic[S]):
    """Base class of live values. ``S`` is the type of the state, which says all that the field value says.

    A subclass defines :meth:`parse` and :meth:`serialize`; :func:`live_field` makes it an attribute of a response. The
    state can be an object of any immutable type with ``==``. A change replaces it.

    >>> from cardan import Response
    >>> class Weight(Live[float]):
    ...     @classmethod
    ...     def parse(cls, text: str, /) -> float:
    ...         return float(text.removesuffix("kg")) if text else 0.0
    ...     @classmethod
    ...     def serialize(cls, state: float, /) -> str:
    ...         return f"{state} kg" if state else ""
    >>> class Parcel(Response):
    ...     weight = live_field("X-Weight", Weight)
    >>> parcel = Parcel()
    >>> parcel.weight.state = 2.5
    >>> parcel.headers["X-Weight"]
    '2.5 kg'
    >>> parcel.headers["X-Weight"] = "heavy"
    >>> parcel.weight.state
    0.0
    """

    __module__ = "cardan.core.fields"
    __slots__ = ("_headers", "_name", "_state", "_text")

    #: The string that joins the values of several fields of one name (RFC 9110 section 5.3).
    _joined_by: ClassVar[str] = ", "

    def __init__(self, state: S) -> None:
        """Take a state. Raises :exc:`ValueError` for one that a header field cannot say."""
        self._checked(state)
        self._keep(state)

    @classmethod
    @abstractmethod
    def parse(cls, text: str, /) -> S:
        """Return the state that a field value says. ``""`` stands for a field that was not sent: an empty value.

        It refuses a field value by raising :exc:`ValueError`, :exc:`LookupError` or :exc:`ArithmeticError`. The value
        is then empty, too. It must not refuse ``""``. Several fields of one name are one field value, joined by
        ``", "`` (RFC 9110 section 5.3).
        """

    @classmethod
    @abstractmethod
    def serialize(cls, state: S, /) -> str:
        """Return the field value that says ``state``; ``""`` for an empty value, which removes the field.

        It may raise :exc:`ValueError` for a state that the field cannot say. :class:`Live` itself refuses a state that
        :meth:`parse` would not give back, and text with a character that a header field must not contain (RFC 9110
        section 5.5).
        """

    @classmethod
    def _parsed(cls, text: str | None) -> S:
        """Return the state of a field value. None, and a value that ``parse()`` refuses, give the empty state."""
        if text:
            try:
                return cls.parse(text)
            except REFUSALS:
                pass
        return cls.parse("")

    @classmethod
    def _checked(cls, state: S) -> str:
        """Return the field value of ``state``.

        Raises what ``serialize()`` raises, :exc:`TypeError` if that gives no text, and :exc:`ValueError` if a header
        field must not contain the text, or if reading it gives another state. A recipient takes the spaces around a
        field value off (RFC 9110 section 5.5).
        """
        text = cls.serialize(state)
        if not isinstance(text, str):
            raise TypeError(f"got {text!r} of {cls.__name__}.serialize(), expected text")
        check_value(text)
        if cls._parsed(text.strip(OWS)) != state:
            raise differs(cls, text)
        return text

    def _keep(self, state: S) -> None:
        """Make a new object that is not bound to headers."""
        self._headers: HeaderStore | None = None
        self._name = ""
        self._text: str | None = None
        self._state = state

    @classmethod
    def from_header(cls, value: str | None, /) -> Self:
        """Parse a field value. None and an invalid value give an empty object."""
        self = cls.__new__(cls)
        Live._keep(self, cls._parsed(value))
        return self

    @classmethod
    def bound(cls, headers: HeaderStore, name: str) -> Self:
        """Return an object that is bound to the field ``name`` of ``headers``."""
        self = cls.__new__(cls)
        self._headers = headers
        self._name = name
        self._text = self._current()
        self._state = cls._parsed(self._text)
        return self

    def to_header(self) -> str:
        """Return the field value. Raises :exc:`ValueError` for a value that a header field must not contain."""
        return self.serialize(self.state)

    def _for_field(self, name: str) -> str:
        """Return the field value for an assignment to the field ``name``. Raises as :meth:`to_header` does."""
        return self.to_header()

    def _current(self) -> str | None:
        values = self._headers.getlist(self._name) if self._headers is not None else ()
        return self._joined_by.join(values) if values else None

    @property
    def state(self) -> S:
        """What the value says, as :meth:`parse` gives it. Do not change the object itself: assign another state.

        An assignment writes the field. It raises :exc:`ValueError` and changes nothing if the state cannot be written,
        or would be read as another one.
        """
        if self._headers is not None and (text := self._current()) != self._text:
            self._state = self._parsed(text)
            self._text = text
        return self._state

    @state.setter
    def state(self, state: S) -> None:
        self._change(state)

    def _change(self, state: S) -> None:
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
        return bool(self.state == other.state)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        """Return whether there is a value: an empty one is no field."""
        return bool(self.to_header())

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"

    def __copy__(self) -> Self:
        """Return a copy that is not bound to headers."""
        copy = type(self).__new__(type(self))
        Live._keep(copy, self.state)
        return copy

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self.__copy__()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).from_header, (self.to_header(),)

    def copy(self) -> Self:
        """Return a copy that is not bound to headers."""
        return self.__copy__()


class LiveMapping(Live[dict[str, V]], Mapping[str, V]):
    """A live value that is a mapping. The case of names does not matter: :meth:`parse` gives them in lower case."""

    __module__ = "cardan.core.fields"
    __slots__ = ()

    def __init__(self, values: Mapping[str, V] | Iterable[tuple[str, V]] | None = None) -> None:
        """Take a mapping or pairs. Raises :exc:`ValueError` for a value that a header field must not contain."""
        state: dict[str, V] = {}
        for name, value in dict(values or ()).items():
            state.setdefault(*self._item(name, value))  # of equal names the first one counts, as in reading
        super().__init__(state)

    @classmethod
    def _item(cls, name: str, value: V) -> tuple[str, V]:
        """Return an item that the program sets as reading gives it."""
        return name.lower(), value

    def __getitem__(self, key: str) -> V:
        return self.state[key_of(key)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self.state

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self.state))

    def __len__(self) -> int:
        return len(self.state)

    def __bool__(self) -> bool:
        return len(self.state) > 0


class LiveDict(LiveMapping[V], MutableMapping[str, V]):
    """A :class:`LiveMapping` that can be changed.

    >>> class Sizes(LiveDict[int]):
    ...     @classmethod
    ...     def parse(cls, text: str, /) -> dict[str, int]:
    ...         pairs = [pair.partition("=") for pair in text.lower().split(",") if pair]
    ...         return {name.strip(): int(size) for name, _, size in pairs}
    ...     @classmethod
    ...     def serialize(cls, state: dict[str, int], /) -> str:
    ...         return ", ".join(f"{name}={size}" for name, size in state.items())
    >>> sizes = Sizes({"Width": 5})
    >>> sizes["height"] = 7
    >>> sizes.to_header()
    'width=5, height=7'
    """

    __module__ = "cardan.core.fields"
    __slots__ = ()

    def __setitem__(self, key: str, value: V) -> None:
        name, item = self._item(key, value)
        self.state = {**self.state, name: item}

    def __delitem__(self, key: str) -> None:
        state = dict(self.state)
        del state[key_of(key)]
        self.state = state

    def clear(self) -> None:
        """Remove all items, and the field."""
        self.state = {}


class LiveSequence(Live[tuple[V, ...]], MutableSequence[V]):
    """A live value that is a list of members, which can be changed.

    >>> class Steps(LiveSequence[int]):
    ...     @classmethod
    ...     def parse(cls, text: str, /) -> tuple[int, ...]:
    ...         return tuple(int(step) for step in text.split(",") if step)
    ...     @classmethod
    ...     def serialize(cls, state: tuple[int, ...], /) -> str:
    ...         return ", ".join(str(step) for step in state)
    >>> steps = Steps([1, 2])
    >>> steps.append(5)
    >>> steps.to_header()
    '1, 2, 5'
    """

    __module__ = "cardan.core.fields"
    __slots__ = ()

    def __init__(self, members: Iterable[V] = ()) -> None:
        """Take the members. Raises :exc:`ValueError` for members that a header field must not contain."""
        super().__init__(tuple(members))

    def insert(self, index: int, value: V) -> None:
        """Insert a member before a position."""
        members = list(self.state)
        members.insert(index, value)
        self.state = tuple(members)

    @overload
    def __getitem__(self, key: int) -> V: ...
    @overload
    def __getitem__(self, key: slice) -> list[V]: ...
    def __getitem__(self, key: int | slice) -> V | list[V]:
        return list(self.state[key]) if isinstance(key, slice) else self.state[key]

    @overload
    def __setitem__(self, key: int, value: V) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: Iterable[V]) -> None: ...
    def __setitem__(self, key: Any, value: Any) -> None:
        members = list(self.state)
        members[key] = value
        self.state = tuple(members)

    def __delitem__(self, key: int | slice) -> None:
        members = list(self.state)
        del members[key]
        self.state = tuple(members)

    def __iter__(self) -> Iterator[V]:
        return iter(self.state)

    def __len__(self) -> int:
        return len(self.state)

    def __bool__(self) -> bool:
        return len(self.state) > 0


class _Member(Protocol):
    def to_header(self) -> str: ...


class LiveMembers(LiveSequence[M]):
    """A :class:`LiveSequence` whose members are objects of one class, which has ``to_header()``."""

    __module__ = "cardan.core.fields"
    __slots__ = ()

    #: The class of the members.
    _member: ClassVar[type[Any]]

    @classmethod
    def serialize(cls, state: tuple[M, ...], /) -> str:
        """Return the field value. Raises :exc:`TypeError` for a member of another class."""
        for member in state:
            if not isinstance(member, cls._member):
                raise TypeError(f"got {member!r} as a member of {cls.__name__}, expected {cls._member.__name__}")
        return ", ".join([member.to_header() for member in state])


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
