"""Header fields to change: a list of pairs of str, in order, found by name in any case.

Takes names and values of str (an int is written as its digits); returns text. Raises TypeError for any other
type and ValueError for what must not go on the wire, both when it is set: a name that is no token (RFC 9110
section 5.1), a value with CR, LF, NUL or a character above U+00FF (section 5.5). Setting None deletes.
Never changes the case of a name, never the order of the fields.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from collections.abc import ItemsView as AbstractItems
from collections.abc import ValuesView as AbstractValues
from typing import Any, Self, SupportsIndex, TypeVar, overload

from ..exceptions import BadRequestKeyError
from .header_rules import convert, field_name, field_value, join_values
from .immutable import refuse, same

__all__ = ["Headers", "HeadersView", "ImmutableHeadersMixin"]

D = TypeVar("D")
T = TypeVar("T")

Value = str | int | None
Fields = Mapping[str, Any] | Iterable[tuple[str, Value]]

_MISSING: Any = object()


class HeadersView(Mapping[str, str]):
    """Header fields to read: a mapping of names in any case to values.

    A subclass says how to find a value (``_find``), all values (``_find_all``) and the names (``__iter__``).
    """

    __slots__ = ()

    @abstractmethod
    def _find(self, name: str) -> str | None:
        """The value of a field, joined where there are several; None where there is none."""

    @abstractmethod
    def _find_all(self, name: str) -> list[str]:
        """The values of all fields of that name, in order."""

    def __getitem__(self, name: str) -> str:
        value = self._find(name)
        if value is None:
            raise BadRequestKeyError(name)
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
        """The value of the field ``name`` (any case), or ``default``.

        ``type`` converts it; where that raises ValueError or TypeError the result is ``default``.
        """
        value = self._find(name)
        if value is None:
            return default
        return value if type is None else convert(value, default, type)

    @overload
    def getlist(self, name: str) -> list[str]: ...
    @overload
    def getlist(self, name: str, type: Callable[[str], T]) -> list[T]: ...
    def getlist(self, name: str, type: Callable[[str], Any] | None = None) -> list[Any]:
        """The values of all fields of that name, in order; on WSGI the server may have joined them.

        ``type`` converts each; those for which it raises ValueError or TypeError are left out.
        """
        values = self._find_all(name)
        if type is None:
            return values
        missing = object()
        converted = [convert(value, missing, type) for value in values]
        return [value for value in converted if value is not missing]

    def get_all(self, name: str) -> list[str]:
        """:meth:`getlist`, under the name that :mod:`email` and :mod:`wsgiref` give it."""
        return self._find_all(name)

    def copy(self) -> Headers:
        """The same fields as a :class:`Headers`, which can be changed."""
        return Headers._trusted([(name, value) for name in self for value in self._find_all(name)])

    def to_wsgi_list(self) -> list[tuple[str, str]]:
        """The fields as PEP 3333's ``start_response`` takes them: a new list of pairs of str."""
        return list(self.items())

    def __or__(self, other: Mapping[str, Any]) -> Headers:
        if not isinstance(other, Mapping):
            return NotImplemented
        headers = self.copy()
        headers.update(other)
        return headers

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
        """The fields as HTTP/1.1 writes them (RFC 9112 section 5), with the empty line at the end."""
        return "".join([f"{name}: {value}\r\n" for name, value in self.items()]) + "\r\n"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.items())!r})"


class ImmutableHeadersMixin:
    """Refuses every change with a TypeError that says what to do instead."""

    __slots__ = ()

    __setitem__ = __delitem__ = __ior__ = refuse
    add = add_header = clear = extend = pop = popitem = remove = set = setdefault = refuse
    setlist = setlistdefault = update = refuse
    __copy__ = same


class Headers(HeadersView, MutableMapping[str, str]):
    """Header fields in order, duplicates included.

    ``defaults``: another container of headers, a mapping (a list or tuple as value means several fields), or an
    iterable of pairs; it is copied. Iteration, ``keys()``, ``items()``, ``values()`` and ``len()`` go by fields:
    a name that stands twice counts twice. ``headers[name]`` joins them as :class:`HeadersView` does.

    >>> headers = Headers({"Content-Type": "text/plain"})
    >>> headers.add("Vary", "Accept")
    >>> headers.add("Vary", "Cookie")
    >>> headers["vary"], headers.getlist("vary")
    ('Accept, Cookie', ['Accept', 'Cookie'])
    """

    __slots__ = ("_list",)

    def __init__(self, defaults: Fields | None = None) -> None:
        self._list: list[tuple[str, str]] = []
        if defaults is not None:
            self.extend(defaults)

    @classmethod
    def _trusted(cls, fields: list[tuple[str, str]]) -> Self:
        """Take ownership of a list of pairs that need no check."""
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
        """The value of a field, joined where there are several; a position gives its pair, a slice Headers.

        Raises KeyError (IndexError for a position) where there is none.
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
        """All fields as pairs, in order, duplicates included."""
        return _Items(self)

    def values(self) -> AbstractValues[str]:
        """The values of all fields, in order."""
        return _Values(self)

    # --- changing

    def set(self, name: str, value: Value, /, **params: Any) -> None:
        """Set a field: the first of that name is replaced where it stands, the others go; else it is added.

        Keyword arguments become the value's parameters, ``_`` in their names becoming ``-``:
        ``set("Content-Disposition", "attachment", filename="a.txt")``. ``None`` as value deletes the field.
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
        """:meth:`set`. With a position, or a slice, the value is a pair, or an iterable of pairs."""
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

    def add(self, name: str, value: Value, /, **params: Any) -> None:
        """Add a field at the end, whether there is one of that name or not; ``None`` adds nothing.

        Keyword arguments become the value's parameters, as :meth:`set` has it.
        """
        if value is None:
            return
        if params:
            value = _with_params(value, params)
        self._list.append((field_name(name), field_value(name, value)))

    add_header = add

    def setlist(self, name: str, values: Iterable[str | int]) -> None:
        """Make ``values`` the fields of that name: the first as :meth:`set`, the rest as :meth:`add`."""
        fields = [(field_name(name), field_value(name, value)) for value in values]
        if fields:
            self._put(fields[0])
            self._list += fields[1:]
        else:
            self.remove(name)

    def setdefault(self, name: str, default: Value = None) -> str:
        """The value of a field, which is set to ``default`` if it is not there."""
        value = self._find(name)
        if value is None:
            if default is None:
                raise TypeError(f"got no default for {name}, expected str or int")
            value = field_value(name, default)
            self._list.append((field_name(name), value))
        return value

    def setlistdefault(self, name: str, default: Iterable[str | int]) -> list[str]:
        """The values of all fields of that name, which are set to ``default`` if there are none."""
        if name not in self:
            self.setlist(name, default)
        return self._find_all(name)

    def extend(self, fields: Fields = (), /, **more: Value) -> None:
        """Add all of a container of headers, a mapping or an iterable of pairs.

        A list or tuple as a mapping's value means several fields; ``_`` in a keyword means ``-``.
        """
        added: list[tuple[str, str]] = []
        for name, values in _groups(fields, more):
            added += [(field_name(name), field_value(name, value)) for value in values]
        self._list += added

    def update(self, fields: Fields = (), /, **more: Value) -> None:  # type: ignore[override]
        """Set all of a container of headers, a mapping or an iterable of pairs; ``None`` deletes.

        All fields of one name in a container of headers, and a list or tuple as a mapping's value, take the
        place of what is there; of pairs the last one of a name stays. ``_`` in a keyword means ``-``.
        """
        if isinstance(fields, Headers):
            fields = _by_name(fields._list)
        groups = [
            (name.lower(), [(field_name(name), field_value(name, value)) for value in values])
            for name, values in _groups(fields, more)
        ]
        self._list[:] = _replaced(self._list, groups)

    def remove(self, name: str) -> None:
        """Delete all fields of that name, if there are any."""
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
        """Delete all fields of that name and return their joined value; or the field at a position, or the last.

        Raises KeyError where there is none and no default, IndexError for a position that is not there.
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
        """Delete the last field and return its pair. Raises KeyError where there is none."""
        if not self._list:
            raise KeyError("popitem(): there are no fields")
        return self._list.pop()

    def clear(self) -> None:
        """Delete all fields."""
        self._list.clear()

    # --- as a whole

    def copy(self) -> Self:
        """The same fields in a list of their own."""
        return self._trusted(self._list.copy())

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return type(self), (self._list,)

    def to_wsgi_list(self) -> list[tuple[str, str]]:
        """The fields as PEP 3333's ``start_response`` takes them: a new list of pairs of str."""
        return self._list.copy()

    def __or__(self, other: Mapping[str, Any]) -> Self:
        if not isinstance(other, Mapping):
            return NotImplemented
        headers = self.copy()
        headers.update(other)
        return headers

    def __ior__(self, other: Fields) -> Self:
        self.update(other)
        return self

    def __eq__(self, other: object) -> bool:
        """Whether the same fields are there: case and order of names do not count, order in one name does."""
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


def _by_name(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in fields:
        grouped.setdefault(name.lower(), []).append(value)
    return grouped


def _replaced(
    fields: list[tuple[str, str]], groups: list[tuple[str, list[tuple[str, str]]]]
) -> Iterator[tuple[str, str]]:
    """``fields`` after :meth:`Headers.setlist` of each of ``groups``, in turn; one pass, however many there are."""
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


def _groups(fields: Fields, more: Mapping[str, Value]) -> Iterator[tuple[str, list[str | int]]]:
    """Each name with its values, none for None; a name may come several times."""
    pairs: Iterable[tuple[str, Any]]
    if isinstance(fields, Mapping):
        mapping: Any = fields
        pairs = mapping.lists() if hasattr(fields, "lists") else mapping.items()
    else:
        pairs = fields
    for name, value in pairs:
        yield name, _several(value)
    for name, value in more.items():
        yield name.replace("_", "-"), _several(value)


def _several(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [one for one in value if one is not None]
    return [] if value is None else [value]


def _with_params(value: str | int, params: Mapping[str, Any]) -> str:
    from ..fields.options import dump_options

    return dump_options(str(value), {name.replace("_", "-"): param for name, param in params.items()})
