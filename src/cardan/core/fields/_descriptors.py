"""Descriptors that make a header field an attribute of a request or a response.

::

    class ApiRequest(Request):
        api_version = header_field("X-Api-Version", int, default=1)      # int
        tenant = header_field("X-Tenant")                                # str | None

The class needs an attribute ``headers``. If the headers can be changed (those of a response), the attribute can be set;
None and ``del`` remove the field. Otherwise (a request) setting it raises :exc:`AttributeError`. Reading never raises:
a missing field, and a field that the parser refuses, give the default.

Use :func:`header_field` for simple values, :func:`value_field` for the value classes of :mod:`cardan.core.fields`, and
:func:`live_field` for value classes that write their changes to the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from enum import Enum
from inspect import isabstract
from typing import Any, Generic, Protocol, Self, TypeGuard, TypeVar, overload

from ._live import REFUSALS, HasHeaders, Live
from ._syntax import check_token

__all__ = [
    "CachedHeaderField",
    "FieldValue",
    "FixedSetting",
    "HeaderField",
    "LiveField",
    "Written",
    "check_fixed_settings",
    "dump_text",
    "header_field",
    "live_field",
    "value_field",
]

A = TypeVar("A")
T = TypeVar("T")
D = TypeVar("D")
G = TypeVar("G")
S = TypeVar("S")
G_co = TypeVar("G_co", covariant=True)
L = TypeVar("L", bound=Live[Any])

_MISSING: Any = object()

_is_integer = re.compile(r"-?[0-9]{1,19}").fullmatch
_is_float = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{0,40})?").fullmatch


class FixedSetting:
    """A setting that has one value only. It can be read, on a class and on an object.

    Assigning another value to it, or giving it another value in a subclass, raises :exc:`TypeError`, because that
    value would have no effect. :func:`check_fixed_settings` looks at subclasses.
    """

    def __init__(self, value: str) -> None:
        self.value = value
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: object, owner: type | None = None) -> str:
        return self.value

    def __set__(self, obj: object, value: object) -> None:
        if value != self.value:
            raise TypeError(f"got {self.name} = {value!r}, expected {self.value!r}: another one would have no effect")


def check_fixed_settings(cls: type, *settings: FixedSetting) -> None:
    """Raise :exc:`TypeError` if ``cls``, or a base class of it, has another value for one of ``settings``."""
    for base in cls.__mro__:
        for setting in settings:
            value = base.__dict__.get(setting.name, setting)
            if not isinstance(value, FixedSetting):
                setting.__set__(None, value)


class FieldValue(Protocol[G_co]):
    """A class whose objects are read from a field value."""

    def from_header(self, value: str | None, /) -> G_co:
        """Parse a field value. None stands for a missing field."""
        ...


class Written(Protocol):
    """An object that can be written to a header field."""

    def to_header(self) -> str:
        """The field value."""
        ...


class HeaderField(Generic[G, S]):
    """A header field as an attribute that reads as ``G`` and is set with ``S``. :func:`header_field` makes it."""

    __module__ = "cardan.core.fields"

    def __init__(
        self,
        name: str,
        parse: Callable[[Any], Any] | None,
        dump: Callable[[Any], str | None],
        default: object,
        *,
        read_only: bool,
        wants_none: bool,
        doc: str | None,
    ) -> None:
        self.name = check_token(name, "field name")
        self.parse = parse
        self.dump = dump
        self.default = default
        self.read_only = read_only
        self.wants_none = wants_none
        self.attribute: str = name
        """The name of the attribute in its class."""
        self.__doc__ = doc or f"The ``{name}`` field."

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: HasHeaders, owner: type | None = None) -> G: ...
    def __get__(self, obj: HasHeaders | None, owner: type | None = None) -> Any:
        if obj is None:
            return self
        text = obj.headers.get(self.name)
        if text is None and not self.wants_none:
            return self.default
        if self.parse is None:
            return text
        try:
            value = self.parse(text)
        except REFUSALS:
            return self.default
        return self.default if value is None else value

    def __set__(self, obj: HasHeaders, value: S | None) -> None:
        headers = self.writable_headers(obj)
        if value is not None:
            try:
                text = str.__str__(value) if _is_plain_text(value) else self.dump(value)
            except (TypeError, AttributeError) as error:  # of a function that expects a value of another type
                raise _wrong(self.attribute, value, f"a value of the {self.name} field") from error
            headers[self.name] = text
        elif self.name in headers:
            del headers[self.name]

    def __delete__(self, obj: HasHeaders) -> None:
        self.__set__(obj, None)

    def writable_headers(self, obj: HasHeaders) -> MutableMapping[str, Any]:
        """The headers of an object, for a change. Raises :exc:`AttributeError` if they cannot be changed."""
        headers: Any = obj.headers
        if self.read_only or not isinstance(headers, MutableMapping):
            raise AttributeError(f"{type(obj).__name__}.{self.attribute} is read-only")
        return headers

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class CachedHeaderField(HeaderField[G, S]):
    """A read-only header field whose value is parsed once for each object and kept in the object's ``__dict__``.

    It is for objects whose headers never change: requests.
    """

    __module__ = "cardan.core.fields"

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: HasHeaders, owner: type | None = None) -> G: ...
    def __get__(self, obj: HasHeaders | None, owner: type | None = None) -> Any:
        if obj is None:
            return self
        cache = obj.__dict__  # the key is the name of the attribute: an assignment calls __set__, which refuses it
        value = cache.get(self.attribute, _MISSING)  # get() is faster here: most values are read only once
        if value is _MISSING:
            value = cache[self.attribute] = HeaderField.__get__(self, obj, owner)
        return value

    def __set__(self, obj: HasHeaders, value: S | None) -> None:
        raise AttributeError(f"{type(obj).__name__}.{self.attribute} is read-only")


class LiveField(Generic[L, S]):
    """A header field as an attribute with a live value of the class ``L``: a change of it is written to the field.

    It is set with ``S``. :func:`live_field` makes it.
    """

    __module__ = "cardan.core.fields"

    def __init__(self, name: str, cls: type[L], doc: str | None) -> None:
        self.name = check_token(name, "field name")
        self.cls = cls
        self.attribute: str = name
        """The name of the attribute in its class."""
        self.__doc__ = doc or f"The ``{name}`` field. Changes are written to it."

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: HasHeaders, owner: type | None = None) -> L: ...
    def __get__(self, obj: HasHeaders | None, owner: type | None = None) -> Self | L:
        if obj is None:
            return self
        headers: Any = obj.headers
        return self.cls.bound(headers, self.name)

    def __set__(self, obj: HasHeaders, value: S | None) -> None:
        headers: Any = obj.headers
        text = "" if value is None else self._dump(value)
        if text:
            headers[self.name] = text
        elif self.name in headers:
            del headers[self.name]

    def _dump(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        try:
            made = value if hasattr(value, "to_header") else self.cls(value)
            return made._for_field(self.name) if isinstance(made, Live) else str(made.to_header())
        except (TypeError, AttributeError) as error:  # of a class that expects an argument of another type
            raise _wrong(self.attribute, value, f"a {self.cls.__name__}, what makes one, or a str") from error

    def __delete__(self, obj: HasHeaders) -> None:
        self.__set__(obj, None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


@overload
def header_field(
    name: str, *, read_only: bool = False, cached: bool = False, doc: str | None = None
) -> HeaderField[str | None, str]: ...
@overload
def header_field(
    name: str, *, default: D, read_only: bool = False, cached: bool = False, doc: str | None = None
) -> HeaderField[str | D, str]: ...
@overload
def header_field(
    name: str,
    parse: Callable[[str], T | None],
    *,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> HeaderField[T | None, T]: ...
@overload
def header_field(
    name: str,
    parse: Callable[[str], T | None],
    *,
    default: D,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> HeaderField[T | D, T]: ...
@overload
def header_field(
    name: str,
    parse: Callable[[str], T | None],
    dump: Callable[[S], str | None],
    *,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> HeaderField[T | None, S | str]: ...
@overload
def header_field(
    name: str,
    parse: Callable[[str], T | None],
    dump: Callable[[S], str | None],
    *,
    default: D,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> HeaderField[T | D, S | str]: ...
def header_field(
    name: str,
    parse: Callable[[str], Any] | None = None,
    dump: Callable[[Any], str | None] | None = None,
    *,
    default: Any = None,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> HeaderField[Any, Any]:
    """Return a descriptor for a header field.

    :param name: the name of the field. :exc:`ValueError` is raised if it is not a token (RFC 9110 section 5.1).
    :param parse: a function that converts the field value (a string) to the value of the attribute. It refuses a field
        value with :exc:`ValueError`, :exc:`LookupError`, :exc:`ArithmeticError` or by returning None. The functions
        ``int`` and ``float`` accept only ASCII digits here. Without it the attribute is the field value.
    :param dump: a function that converts a value that is set to the field value, or to None to remove the field. The
        default is ``str``; without ``parse``, and with ``int``, it takes text and integers only, as header fields do.
        It is not called for a string, which is set unchanged.
    :param default: the value of the attribute if the field is missing or ``parse`` refuses it.
    :param read_only: whether setting the attribute raises :exc:`AttributeError` even if the headers can be changed.
    :param cached: whether the value is parsed only once for each object. Use it only in requests, whose headers never
        change.
    :param doc: the docstring of the attribute.

    >>> from cardan import Response
    >>> class ApiResponse(Response):
    ...     version = header_field("X-Version", int, default=1)
    >>> response = ApiResponse()
    >>> response.version
    1
    >>> response.version = 2
    >>> response.headers["X-Version"]
    '2'
    """
    kind = CachedHeaderField if cached else HeaderField
    return kind(
        name,
        _STRICT.get(parse, parse),
        dump or (dump_text if parse in (None, int) else str),
        default,
        read_only=read_only,
        wants_none=False,
        doc=doc,
    )


def value_field(
    name: str, cls: FieldValue[T], *, read_only: bool = False, cached: bool = False, doc: str | None = None
) -> HeaderField[T, T | str]:
    """Return a descriptor for a header field whose value is ``cls.from_header(field_value)``.

    If the field is missing, ``from_header()`` is called with None. The attribute is set with an object that has
    ``to_header()``, or with a string. The other parameters are those of :func:`header_field`.
    """
    kind = CachedHeaderField if cached else HeaderField
    return kind(name, cls.from_header, _to_header, None, read_only=read_only, wants_none=True, doc=doc)


def live_field(name: str, cls: Callable[[A], L], *, doc: str | None = None) -> LiveField[L, A | Written | str]:
    """Return a descriptor for a header field with a live value: every change of the value is written to the field.

    ``cls`` is a subclass of :class:`~cardan.core.fields.Live`. The attribute can be set with an object of the class, or
    another one that has ``to_header()``, with a string, with the argument of the class, or with None, which removes the
    field as ``del`` does. A value of another type raises :exc:`TypeError`.

    Raises :exc:`TypeError` for another class, and for one that lacks ``parse()`` or ``serialize()``.
    """
    live: Any = cls
    if isinstance(cls, type) and issubclass(cls, Live) and not isabstract(cls):
        return LiveField(name, live, doc)
    raise TypeError(f"got {cls!r} for {name}, expected a subclass of Live with parse() and serialize()")


def dump_text(value: str | int) -> str:
    """The value of a field that is set with text or an integer. Raises :exc:`TypeError` for anything else."""
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise TypeError(f"got a value of type {type(value).__name__}, expected str or int")
    return str(value)


def _is_plain_text(value: object) -> TypeGuard[str]:
    """Whether a value is set unchanged: text, but no member of an enumeration and nothing that writes itself."""
    if type(value) is str:
        return True
    return isinstance(value, str) and not isinstance(value, Enum) and not hasattr(value, "to_header")


def _integer(text: str) -> int | None:
    return int(text) if _is_integer(text) else None


def _float(text: str) -> float | None:
    return float(text) if _is_float(text) else None


def _wrong(attribute: str, value: object, expected: str) -> TypeError:
    return TypeError(f"got {attribute} = {value!r}, expected {expected}")


def _to_header(value: Any) -> str:
    return str(value.to_header())


# Python accepts int("1_0"), int(" 1 "), int("\u0661") and float("nan"), but these are not numbers in HTTP.
_STRICT: dict[Any, Callable[[str], Any]] = {int: _integer, float: _float}

FieldValue.__module__ = "cardan.core.fields"
