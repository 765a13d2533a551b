"""Containers of header fields: :class:`HeadersView`, which can be read, and :class:`Headers`, which can be changed.

Names are found in any case. Several fields of one name read as one value, joined with ``", "`` (cookies with ``"; "``;
RFC 9110 section 5.3, RFC 9113 section 8.2.3), because a server may have joined them already.

:class:`Headers` checks names and values when they are set. It raises TypeError for a value that is neither str nor int,
and ValueError for a name that is not a token (RFC 9110 section 5.1) and for a value with a control character other than
the tab, or with a character above U+00FF (section 5.5). It keeps the case of the names and the order of the fields.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from collections.abc import ItemsView as AbstractItems
from collections.abc import ValuesView as AbstractValues
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Self, SupportsIndex, TypeVar, overload

from .._exceptions import BadRequestKeyError
from ._header_rules import convert, field_name, field_value, join_values
from ._immutable import refuse, same

__all__ = ["Headers", "HeadersView", "ImmutableHeadersMixin", "pairs_of", "trusted_headers"]

D = TypeVar("D")
T = TypeVar("T")

Value = str | int | None
Fields = Mapping[str, Any] | Iterable[tuple[str, Value]]

_MISSING: Any = object()


class HeadersView(Mapping[str, str]):
    """Header fields that can be read: a mapping of names to values that ignores the case of names.

    ``headers[name]`` raises :exc:`~cardan.exceptions.BadRequestKeyError` (a KeyError that becomes a 400 response)
    if the field is missing. A subclass defines ``_find``, ``_find_all`` and ``__iter__``.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    @abstractmethod
    def _find(self, name: str) -> str | None:
        """Return the value of a field, joined if there are several of the name; None if there is none."""

    @abstractmethod
    def _find_all(self, name: str) -> list[str]:
        """Return the values of all fields of a name, in order."""

    def __getitem__(self, name: str) -> str:
        value = self._find(name)
        if value is None:
            raise BadRequestKeyError(name, source="headers")
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    @overload
    def get(self, name: str, default: D) -> str | D: ...
    @overload
    def get(self, name: str, default: None = None, *, type: Callable[[str], T]) -> T | None: ...
    @overload
    def get(self, name: str, default: D, type: Callable[[str], T]) -> T | D: ...
    def get(self, name: str, default: Any = None, type: Callable[[str], Any] | None = None) -> Any:
        """Return the value of a field, or ``default`` if it is missing.

        ``type`` is a function that converts the value. If it raises ValueError or TypeError, the result is ``default``.

        >>> Headers({"Age": "60"}).get("age", type=int)
        60
        """
        try:
            value = self._find(name)
        except (AttributeError, TypeError):
            if isinstance(name, str):
                raise
            return default  # no field has a name that is no text
        if value is None:
            return default
        return value if type is None else convert(value, default, type)

    @overload
    def getlist(self, name: str) -> list[str]: ...
    @overload
    def getlist(self, name: str, type: Callable[[str], T]) -> list[T]: ...
    def getlist(self, name: str, type: Callable[[str], Any] | None = None) -> list[Any]:
        """Return a new list of the values of all fields of a name, in order. A WSGI server may have joined them.

        ``type`` is a function that converts each value. A value for which it raises ValueError or TypeError is left
        out.
        """
        values = self._find_all(name) if isinstance(name, str) else []
        if type is None:
            return values
        missing = object()
        converted = [convert(value, missing, type) for value in values]
        return [value for value in converted if value is not missing]

    def get_all(self, name: str) -> list[str]:
        """Return the values of all fields of a name, as :meth:`getlist` does. :mod:`email` has the same method."""
        return self._find_all(name)

    def copy(self) -> Headers:
        """Return a copy that can be changed, a :class:`Headers`."""
        return Headers._trusted([(name, value) for name in self for value in self._find_all(name)])

    def to_wsgi_list(self) -> list[tuple[str, str]]:
        """Return a new list of pairs of str, as ``start_response`` of PEP 3333 takes it."""
        return list(self.items())

    def __or__(self, other: Mapping[str, Any]) -> Headers:
        if not isinstance(other, Mapping):
            return NotImplemented
        headers = self.copy()
        headers.update(other)
        return headers

    if TYPE_CHECKING:  # else a type checker would use __or__ for ``headers |= other``, which immutable headers refuse

        def __ior__(self, other: object) -> None: ...

    def _joined(self) -> dict[str, str]:
        values: dict[str, list[str]] = {}
        for name, value in self.items():
            values.setdefault(name.lower(), []).append(value)
        return {name: join_values(name, several) for name, several in values.items()}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HeadersView):
            return NotImplemented
        return self._joined() == other._joined()

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """Return the fields as HTTP/1.1 writes them (RFC 9112 section 5), the empty line at the end included."""
        return "".join([f"{name}: {value}\r\n" for name, value in self.items()]) + "\r\n"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.items())!r})"


class ImmutableHeadersMixin:
    """Makes every method that changes headers raise TypeError. The error text names ``copy()``."""

    __slots__ = ()

    if not TYPE_CHECKING:  # for type checkers these methods do not exist
        __setitem__ = __delitem__ = __ior__ = refuse
        add = add_header = clear = extend = pop = popitem = remove = set = setdefault = refuse
        setlist = setlistdefault = update = refuse
    __copy__ = same


class Headers(HeadersView, MutableMapping[str, str]):
    """Header fields that can be changed: an ordered list of names and values that can contain a name several times.

    ``defaults`` is a container of headers, a mapping (a list or tuple as a value stands for several fields), or an
    iterable of pairs. It is copied. Iteration, ``keys()``, ``items()``, ``values()`` and ``len()`` count each field: a
    name of two fields occurs twice. ``headers[name]`` joins the values of one name.

    >>> headers = Headers({"Content-Type": "text/plain"})
    >>> headers.add("Vary", "Accept")
    >>> headers.add("Vary", "Cookie")
    >>> headers["vary"], headers.getlist("vary")
    ('Accept, Cookie', ['Accept', 'Cookie'])
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("_list",)

    def __init__(self, defaults: Fields | None = None) -> None:
        self._list: list[tuple[str, str]] = []
        if defaults is not None:
            self.extend(defaults)

    @classmethod
    def _trusted(cls, fields: list[tuple[str, str]]) -> Self:
        """Return headers that keep ``fields`` itself, without a check of names and values."""
        self = cls.__new__(cls)
        self._list = fields
        return self

    # --- reading

    def _find(self, name: str) -> str | None:
        name = name.lower()
        size = len(name)
        found: str | None = None
        for key, value in self._list:
            if len(key) == size and key.lower() == name:
                if found is not None:
                    return join_values(name, self._find_all(name))
                found = value
        return found

    def _find_all(self, name: str) -> list[str]:
        name = name.lower()
        return [value for key, value in self._list if key.lower() == name]

    @overload
    def __getitem__(self, name: str) -> str: ...
    @overload
    def __getitem__(self, name: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, name: slice) -> Self: ...
    def __getitem__(self, name: str | int | slice) -> Any:
        """Return the value of a field, joined if there are several of the name. Raises KeyError if there is none.

        A position gives the field there as a pair, or raises IndexError. A slice gives Headers.
        """
        if isinstance(name, str):
            value = self._find(name)
            if value is None:
                raise KeyError(name)
            return value
        part = self._list[name]
        return self._trusted(part) if isinstance(part, list) else part

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._list])

    def __len__(self) -> int:
        return len(self._list)

    def items(self) -> AbstractItems[str, str]:
        """Return all fields as pairs, in order."""
        return _Items(self)

    def values(self) -> AbstractValues[str]:
        """Return the values of all fields, in order."""
        return _Values(self)

    # --- changing

    def set(self, name: str, value: Value, /, **params: Value) -> None:
        """Set a field. The first field of the name is replaced in its place, the others are removed.

        If there is none, the field is added at the end. ``None`` as a value removes all fields of the name. Keyword
        arguments become parameters of the value; ``_`` in their names becomes ``-``:
        ``set("Content-Disposition", "attachment", filename="a.txt")``.
        """
        if params and value is not None:
            value = _with_params(value, params)
        self[name] = value

    @overload
    def __setitem__(self, name: str, value: Value) -> None: ...
    @overload
    def __setitem__(self, name: int, value: tuple[str, str | int]) -> None: ...
    @overload
    def __setitem__(self, name: slice, value: Fields) -> None: ...
    def __setitem__(self, name: str | int | slice, value: Any) -> None:
        """Set a field, as :meth:`set` does. A position takes a pair as its value, a slice an iterable of pairs."""
        if not isinstance(name, str):
            self._set_at(name, value)
        elif value is None:
            self.remove(name)
        else:
            self._put((field_name(name), field_value(name, value)))

    def _put(self, field: tuple[str, str]) -> None:
        fields = self._list
        name = field[0].lower()
        size = len(name)
        for at, (key, _) in enumerate(fields):
            if len(key) == size and key.lower() == name:
                fields[at] = field
                if at + 1 < len(fields):
                    fields[at + 1 :] = [other for other in fields[at + 1 :] if other[0].lower() != name]
                return
        fields.append(field)

    def _set_at(self, at: int | slice, value: Any) -> None:
        if isinstance(at, slice):
            self._list[at] = type(self)(value)._list
        else:
            name, text = value
            self._list[at] = (field_name(name), field_value(name, text))

    def add(self, name: str, value: Value, /, **params: Value) -> None:
        """Add a field at the end, even if there is one of the same name. ``None`` as a value adds nothing.

        Keyword arguments become parameters of the value, as in :meth:`set`.
        """
        if value is None:
            return
        if params:
            value = _with_params(value, params)
        self._list.append((field_name(name), field_value(name, value)))

    add_header = add

    def setlist(self, name: str, values: Iterable[str | int]) -> None:
        """Replace the fields of a name by ``values``: the first as :meth:`set` does, the others at the end."""
        fields = [(field_name(name), field_value(name, value)) for value in values]
        if fields:
            self._put(fields[0])
            self._list += fields[1:]
        else:
            self.remove(name)

    def setdefault(self, name: str, default: Value = None) -> str:
        """Return the value of a field. If it is missing, set it to ``default`` first.

        Raises TypeError if the field is missing and ``default`` is None.
        """
        value = self._find(name)
        if value is None:
            if default is None:
                raise TypeError(f"got no default for {name}, expected str or int")
            value = field_value(name, default)
            self._list.append((field_name(name), value))
        return value

    def setlistdefault(self, name: str, default: Iterable[str | int]) -> list[str]:
        """Return the values of all fields of a name. If there is none, set them to ``default`` first."""
        if name not in self:
            self.setlist(name, default)
        return self._find_all(name)

    def extend(self, fields: Fields = (), /, **more: Value) -> None:
        """Add all fields of a container of headers, of a mapping or of an iterable of pairs.

        A list or tuple as a value of a mapping stands for several fields. ``_`` in a keyword stands for ``-``. If a
        name or value is invalid, nothing is added.
        """
        added = None if more else _of_strings(fields)
        if added is None:
            added = []
            for name, values in _groups(fields, more):
                added += [(field_name(name), field_value(name, value)) for value in values]
        self._list += added

    def update(self, fields: Fields = (), /, **more: Value) -> None:  # type: ignore[override]
        """Set all fields of a container of headers, of a mapping or of an iterable of pairs.

        The fields of one name in a container of headers, or a list or tuple as a value of a mapping, replace all fields
        of that name. In an iterable of pairs the last pair of a name counts. ``None`` as a value removes all fields of
        the name. ``_`` in a keyword stands for ``-``. If a name or value is invalid, nothing is changed.
        """
        if isinstance(fields, Headers):
            fields = _by_name(fields._list)
        groups = [
            (name.lower(), [(field_name(name), field_value(name, value)) for value in values])
            for name, values in _groups(fields, more)
        ]
        self._list[:] = _replaced(self._list, groups)

    def remove(self, name: str) -> None:
        """Remove all fields of a name, if there are any."""
        name = name.lower()
        self._list[:] = [field for field in self._list if field[0].lower() != name]

    def __delitem__(self, name: str | int | slice) -> None:
        if isinstance(name, str):
            self.remove(name)
        else:
            del self._list[name]

    @overload
    def pop(self, name: str) -> str: ...
    @overload
    def pop(self, name: str, default: str) -> str: ...
    @overload
    def pop(self, name: str, default: D) -> str | D: ...
    @overload
    def pop(self, name: int | None = None) -> tuple[str, str]: ...
    def pop(self, name: str | int | None = None, default: Any = _MISSING) -> Any:
        """Remove all fields of a name and return their joined value, or ``default`` if there is none.

        With a position, or without an argument for the last one, remove that field and return its pair. Raises
        KeyError if there is no field of the name and no default, IndexError for a position outside of the list.
        """
        if not isinstance(name, str):
            return self._list.pop(-1 if name is None else name)
        value = self._find(name)
        if value is not None:
            self.remove(name)
            return value
        if default is _MISSING:
            raise KeyError(name)
        return default

    def popitem(self) -> tuple[str, str]:
        """Remove the last field and return its pair. Raises KeyError if there are no fields."""
        if not self._list:
            raise KeyError("popitem(): there are no fields")
        return self._list.pop()

    def clear(self) -> None:
        """Remove all fields."""
        self._list.clear()

    # --- as a whole

    def copy(self) -> Self:
        """Return a copy."""
        return self._trusted(self._list.copy())

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self.copy()

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        return type(self), (self._list,)

    def to_wsgi_list(self) -> list[tuple[str, str]]:
        """Return a new list of pairs of str, as ``start_response`` of PEP 3333 takes it."""
        return self._list.copy()

    def __or__(self, other: Mapping[str, Any]) -> Self:
        if not isinstance(other, Mapping):
            return NotImplemented
        headers = self.copy()
        headers.update(other)
        return headers

    def __ior__(self, other: Fields) -> Self:  # type: ignore[override]
        self.update(other)
        return self

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same fields. The case and the order of names do not matter; the order of the
        values of one name does.
        """
        if isinstance(other, Headers):
            return _by_name(self._list) == _by_name(other._list)
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]


class _Items(AbstractItems[str, str]):
    _mapping: Headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._mapping._list)


class _Values(AbstractValues[str]):
    _mapping: Headers

    def __iter__(self) -> Iterator[str]:
        return iter([value for _, value in self._mapping._list])


#: Gives the list of pairs that headers keep: the list itself, not a copy.
pairs_of: Final[Callable[[Headers], list[tuple[str, str]]]] = attrgetter("_list")
#: Makes headers that keep a list of pairs itself, without a check of names and values.
trusted_headers: Final = Headers._trusted


def _by_name(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in fields:
        grouped.setdefault(name.lower(), []).append(value)
    return grouped


def _replaced(
    fields: list[tuple[str, str]], groups: list[tuple[str, list[tuple[str, str]]]]
) -> Iterator[tuple[str, str]]:
    """Give ``fields`` as if :meth:`Headers.setlist` was called for each of ``groups``, in one pass over all."""
    places: list[tuple[str, str] | None] = [*fields]
    where: dict[str, list[int]] = {}
    for at, (name, _) in enumerate(fields):
        where.setdefault(name.lower(), []).append(at)
    for name, group in groups:
        here = where.get(name, [])
        for at in here:
            places[at] = None
        if here and group:
            places[here[0]] = group[0]
            here, group = here[:1], group[1:]
        else:
            here = []
        where[name] = [*here, *range(len(places), len(places) + len(group))]
        places += group
    return (field for field in places if field is not None)


def _of_strings(fields: Fields) -> list[tuple[str, str]] | None:
    """Return the checked fields of a dict or a list of pairs whose values are strings; None for anything else."""
    pairs: Any
    if type(fields) is dict:
        pairs = fields.items()
        for value in fields.values():
            if type(value) is not str:
                return None
    elif type(fields) is list:
        pairs = fields
        for pair in fields:
            if type(pair) is not tuple or len(pair) != 2 or type(pair[1]) is not str:
                return None
    else:
        return None
    return [(field_name(name), field_value(name, value)) for name, value in pairs]


def _groups(fields: Fields, more: Mapping[str, Value]) -> Iterator[tuple[str, list[str | int]]]:
    """Give each name with its values; None has no values. A name may occur several times."""
    pairs: Iterable[tuple[str, Any]]
    if isinstance(fields, Mapping):
        mapping: Any = fields
        pairs = mapping.lists() if hasattr(fields, "lists") else mapping.items()
    else:
        pairs = _pairs_in(fields)
    for name, value in pairs:
        yield name, _several(value)
    for name, value in more.items():
        yield name.replace("_", "-"), _several(value)


def _pairs_in(fields: object) -> Iterator[tuple[str, Any]]:
    """Give each pair of an iterable. Raises :exc:`TypeError` for anything else: a text is an iterable, too."""
    if isinstance(fields, (str, bytes)) or not isinstance(fields, Iterable):
        raise TypeError(f"got {type(fields).__name__} as headers, expected a mapping, or pairs of a name and a value")
    for pair in fields:
        if isinstance(pair, (str, bytes)) or not isinstance(pair, Iterable) or len(found := tuple(pair)) != 2:
            kind = type(pair).__name__
            raise TypeError(f"got {kind} as a header field, expected a pair of a name and a value")
        yield found


def _several(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [one for one in value if one is not None]
    return [] if value is None else [value]


def _with_params(value: str | int, params: Mapping[str, Any]) -> str:
    from ..fields._options import dump_options

    return dump_options(str(value), {name.replace("_", "-"): param for name, param in params.items()})
