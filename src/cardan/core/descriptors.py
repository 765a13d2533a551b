"""The descriptor that ties an attribute to a header field, in one line.

::

    class ApiRequest(Request):
        api_version = header_field("X-Api-Version", int, default=1)      # int
        tenant = header_field("X-Tenant")                                # str | None

Works on any object with ``headers``. Where these can be changed (responses), the attribute can be set, None and
``del`` remove the field; elsewhere (requests) assigning raises :exc:`AttributeError`. Reading never raises: a
missing field and one that ``parse`` refuses give the default.

:func:`header_field` is for plain values, :func:`value_field` for the value classes of
:mod:`cardan.core.fields`, :func:`live_field` for those whose changes are written back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from typing import Any, Generic, Protocol, Self, TypeVar, overload

from .fields.live import Live
from .fields.syntax import check_token

__all__ = ["CachedHeaderField", "FieldValue", "HeaderField", "LiveField", "header_field", "live_field", "value_field"]

T = TypeVar("T")
D = TypeVar("D")
G = TypeVar("G")
S = TypeVar("S")
G_co = TypeVar("G_co", covariant=True)
L = TypeVar("L", bound=Live[Any])

_MISSING: Any = object()

# What a parser raises for text that it does not understand. Anything else is a defect in the parser, and shows.
_REFUSALS = (ValueError, LookupError, ArithmeticError)
_is_integer = re.compile(r"-?[0-9]{1,19}").fullmatch
_is_float = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{0,40})?").fullmatch


class FieldValue(Protocol[G_co]):
    """A value class: reads itself from a field value, or from None where there is no field."""

    def from_header(self, value: str | None, /) -> G_co:
        """Return the value that a field says."""
        ...


class HeaderField(Generic[G, S]):
    """A header field as an attribute: reads as ``G``, is set with ``S``. Made by :func:`header_field`."""

    def __init__(
        self,
        name: str,
        parse: Callable[[Any], Any] | None,
        dump: Callable[[Any], str | None],
        default: Any,
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
        self.attribute = name
        self.__doc__ = doc or f"The ``{name}`` field."

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: Any, owner: type | None = None) -> G: ...
    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        text = obj.headers.get(self.name)
        if text is None and not self.wants_none:
            return self.default
        if self.parse is None:
            return text
        try:
            value = self.parse(text)
        except _REFUSALS:
            return self.default
        return self.default if value is None else value

    def __set__(self, obj: Any, value: S | None) -> None:
        headers = self._writable(obj)
        if value is not None:
            headers[self.name] = value if type(value) is str else self.dump(value)
        elif self.name in headers:
            del headers[self.name]

    def __delete__(self, obj: Any) -> None:
        self.__set__(obj, None)

    def _writable(self, obj: Any) -> Any:
        headers = obj.headers
        if self.read_only or not isinstance(headers, MutableMapping):
            raise AttributeError(f"{type(obj).__name__}.{self.attribute} is read-only")
        return headers

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class CachedHeaderField(HeaderField[G, S]):
    """A read-only header field that is parsed once for each object, which must have a ``__dict__``.

    For objects whose headers never change: requests.
    """

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: Any, owner: type | None = None) -> G: ...
    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        cache = obj.__dict__  # nobody else can write there under this name: a descriptor that sets comes first
        value = cache.get(self.attribute, _MISSING)  # most are asked for once: a KeyError costs more than the miss
        if value is _MISSING:
            value = cache[self.attribute] = super().__get__(obj, owner)
        return value

    def __set__(self, obj: Any, value: S | None) -> None:
        raise AttributeError(f"{type(obj).__name__}.{self.attribute} is read-only")


class LiveField(Generic[L]):
    """A header field as a live value: what is changed on it is written back. Made by :func:`live_field`."""

    def __init__(self, name: str, cls: type[L], doc: str | None) -> None:
        self.name = check_token(name, "field name")
        self.cls = cls
        self.attribute = name
        self.__doc__ = doc or f"The ``{name}`` field; changes are written back."

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: Any, owner: type | None = None) -> L: ...
    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else self.cls.bound(obj.headers, self.name)

    def __set__(self, obj: Any, value: L | str | Any | None) -> None:
        headers = obj.headers
        text = "" if value is None else self._dump(value)
        if text:
            headers[self.name] = text
        elif self.name in headers:
            del headers[self.name]

    def _dump(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        if not hasattr(value, "to_header"):
            value = self.cls(value)
        return str(value.to_header())

    def __delete__(self, obj: Any) -> None:
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
    """Return a descriptor for the field ``name``.

    ``parse`` turns the field value into what the attribute reads as; what it refuses (with :exc:`ValueError`,
    :exc:`LookupError`, :exc:`ArithmeticError` or None) and a missing field give ``default``. ``int`` and
    ``float`` read ASCII digits only. ``dump`` turns what the attribute is set with into the field value
    (default: ``str``), or into None to have no field; a string is taken as it is; the headers refuse what must not go
    on the wire.

    ``read_only`` refuses assignment also where the headers could be changed. ``cached`` parses once for each
    object: for requests, whose headers never change. Raises :exc:`ValueError` for a name that is no token.
    """
    kind = CachedHeaderField if cached else HeaderField
    return kind(
        name,
        _STRICT.get(parse, parse),
        dump or str,
        default,
        read_only=read_only,
        wants_none=False,
        doc=doc,
    )


def value_field(
    name: str, cls: FieldValue[T], *, read_only: bool = False, cached: bool = False, doc: str | None = None
) -> HeaderField[T, T | str]:
    """Return a descriptor whose value is ``cls.from_header(value)``, also where there is no field (value None).

    Is set with such a value (``to_header()`` is called) or with a string. The rest as :func:`header_field`.
    """
    kind = CachedHeaderField if cached else HeaderField
    return kind(name, cls.from_header, _to_header, None, read_only=read_only, wants_none=True, doc=doc)


def live_field(name: str, cls: type[L], *, doc: str | None = None) -> LiveField[L]:
    """Return a descriptor for a field whose value can be changed in place: every change is written back at once.

    ``cls`` derives from :class:`~cardan.core.fields.live.Live`. The attribute can be set with such a value, a
    string, what the class is made from, or None, which removes the field, as ``del`` does.
    """
    return LiveField(name, cls, doc)


def _integer(text: str) -> int | None:
    return int(text) if _is_integer(text) else None


def _float(text: str) -> float | None:
    return float(text) if _is_float(text) else None


def _to_header(value: Any) -> str:
    return str(value.to_header())


# int("1_0"), int(" 1 "), int("\u0661") and float("nan") are Python's, not HTTP's
_STRICT: dict[Any, Callable[[str], Any]] = {int: _integer, float: _float}
