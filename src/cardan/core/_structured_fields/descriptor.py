"""The descriptor that makes a structured field (RFC 9651) an attribute of a request or a response."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Self, TypeAlias, TypeVar, overload

from ..fields._descriptors import CachedHeaderField, HeaderField
from ..fields._live import REFUSALS, HasHeaders
from ..structures import ImmutableDict
from .bare_items import BareItem, DisplayString, Token, to_bare
from .parser import parse_dictionary, parse_item, parse_list
from .values import InnerList, Item, ItemValue, MemberValue
from .writer import dump_dictionary, dump_item, dump_list

__all__ = ["DictionaryField", "StructuredField", "structured_field"]

B = TypeVar("B", bound=BareItem)
D = TypeVar("D")
G = TypeVar("G")
S = TypeVar("S")
T = TypeVar("T")

_BARE: Final = (int, Decimal, str, Token, bytes, bool, datetime, DisplayString)


class StructuredField(HeaderField[G, S]):
    """A structured field as an attribute that reads as ``G`` and is set with ``S``. :func:`structured_field` makes it.

    Several fields of one name are read as one value (RFC 9651 section 4.2), and an empty List or Dictionary removes the
    field (section 4.1).

    >>> from cardan import Response, structured_field
    >>> class Limited(Response):
    ...     remaining: StructuredField[int | None, int] = structured_field("X-Remaining", int)
    >>> Limited(headers={"X-Remaining": "5"}).remaining
    5
    """

    __module__ = "cardan.structured"

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: HasHeaders, owner: type | None = None) -> G: ...
    def __get__(self, obj: HasHeaders | None, owner: type | None = None) -> Any:
        if obj is None:
            return self
        headers: Any = obj.headers
        lines = headers.getlist(self.name)
        if not lines or self.parse is None:
            return self.default
        try:
            value = self.parse(", ".join(lines))
        except REFUSALS:
            return self.default
        return self.default if value is None else value

    def __set__(self, obj: HasHeaders, value: S | None) -> None:
        headers = self.writable_headers(obj)
        try:
            text = "" if value is None else self.dump(value)
        except AttributeError as error:  # of a function that expects a value of another type
            raise TypeError(f"got {self.attribute} = {value!r}, expected a value of the {self.name} field") from error
        if text:
            headers[self.name] = text
        elif self.name in headers:
            del headers[self.name]


class _CachedStructuredField(CachedHeaderField[G, S], StructuredField[G, S]):
    """A structured field whose value is parsed once for each object."""


class _Bare:
    """Parser and writer of an Item that has a value of one type; its parameters are ignored (RFC 9651 section 2.1)."""

    def __init__(self, kind: type[BareItem]) -> None:
        self._kind = kind

    def parse(self, text: str) -> BareItem | None:
        value = parse_item(text).value
        return value if type(value) is self._kind else None

    def dump(self, value: Any) -> str:
        if self._kind is Decimal and isinstance(value, int) and not isinstance(value, bool):
            value = Decimal(int(value))
        elif self._kind in (Token, DisplayString) and isinstance(value, str):
            value = value if isinstance(value, Token | DisplayString) else self._kind(str.__str__(value))
        bare = to_bare(value)
        if type(bare) is not self._kind:
            raise TypeError(f"got {value!r}, expected a value of the type {self._kind.__name__}")
        return dump_item(bare)


_KINDS: Final[dict[Any, tuple[Callable[[str], Any], Callable[[Any], str], Any]]] = {
    dict: (parse_dictionary, dump_dictionary, ImmutableDict()),
    list: (parse_list, dump_list, ()),
    Item: (parse_item, dump_item, None),
}

DictionaryField: TypeAlias = StructuredField[G, Mapping[str, MemberValue]]
"""The type of an attribute whose field is defined as a Dictionary, and that reads as ``G``."""
_Dictionary = Mapping[str, Item | InnerList]
_List = tuple[Item | InnerList, ...]


@overload
def structured_field(
    name: str, kind: type[dict[Any, Any]], *, read_only: bool = False, cached: bool = False, doc: str | None = None
) -> StructuredField[_Dictionary, Mapping[str, MemberValue]]: ...
@overload
def structured_field(
    name: str, kind: type[list[Any]], *, read_only: bool = False, cached: bool = False, doc: str | None = None
) -> StructuredField[_List, Iterable[MemberValue]]: ...
@overload
def structured_field(
    name: str, kind: type[Item], *, read_only: bool = False, cached: bool = False, doc: str | None = None
) -> StructuredField[Item | None, ItemValue]: ...
@overload
def structured_field(
    name: str, kind: type[B], *, read_only: bool = False, cached: bool = False, doc: str | None = None
) -> StructuredField[B | None, B]: ...
@overload
def structured_field(
    name: str, kind: type[B], *, default: D, read_only: bool = False, cached: bool = False, doc: str | None = None
) -> StructuredField[B | D, B]: ...
@overload
def structured_field(
    name: str,
    kind: type[dict[Any, Any]],
    parse: Callable[[_Dictionary], T | None],
    *,
    default: D,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> StructuredField[T | D, Mapping[str, MemberValue]]: ...
@overload
def structured_field(
    name: str,
    kind: type[list[Any]],
    parse: Callable[[_List], T | None],
    *,
    default: D,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> StructuredField[T | D, Iterable[MemberValue]]: ...
@overload
def structured_field(
    name: str,
    kind: type[dict[Any, Any]],
    parse: Callable[[_Dictionary], T | None],
    dump: Callable[[S], Mapping[str, MemberValue]],
    *,
    default: D,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> StructuredField[T | D, S]: ...
@overload
def structured_field(
    name: str,
    kind: type[list[Any]],
    parse: Callable[[_List], T | None],
    dump: Callable[[S], Iterable[MemberValue]],
    *,
    default: D,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> StructuredField[T | D, S]: ...
@overload
def structured_field(
    name: str,
    kind: type[Item],
    parse: Callable[[Item], T | None],
    dump: Callable[[S], ItemValue],
    *,
    default: D,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> StructuredField[T | D, S]: ...
def structured_field(
    name: str,
    kind: type[Any],
    parse: Callable[[Any], Any] | None = None,
    dump: Callable[[Any], Any] | None = None,
    *,
    default: Any = None,
    read_only: bool = False,
    cached: bool = False,
    doc: str | None = None,
) -> StructuredField[Any, Any]:
    """Return a descriptor for a structured field (RFC 9651).

    :param name: the name of the field. :exc:`ValueError` is raised if it is not a token.
    :param kind: what the field is defined as. ``dict`` is a Dictionary, which reads as an immutable mapping; ``list``
        is a List, which reads as a tuple; ``Item`` is an Item. For an Item with a value of one type it is this type:
        ``int``, ``Decimal``, ``str``, ``Token``, ``bytes``, ``bool``, ``datetime`` or ``DisplayString``; the attribute
        is the value then, and an Item of another type is invalid. Another kind raises :exc:`TypeError`.
    :param parse: a function that converts this value to the value of the attribute. It refuses it with
        :exc:`ValueError`, :exc:`LookupError`, :exc:`ArithmeticError` or by returning None.
    :param dump: a function that converts a value that is set to what :func:`~cardan.structured.dump_dictionary`,
        :func:`~cardan.structured.dump_list` or :func:`~cardan.structured.dump_item` takes. Without it the attribute is
        set with that.
    :param default: the value of the attribute if the field is missing or invalid. Without it an empty Dictionary, an
        empty List or None.
    :param read_only: whether setting the attribute raises :exc:`AttributeError` even if the headers can be changed.
    :param cached: whether the value is parsed only once for each object. Use it only in requests, whose headers never
        change.
    :param doc: the docstring of the attribute.

    Setting the attribute raises :exc:`ValueError` or :exc:`TypeError` for a value that cannot be written, and changes
    nothing then.

    >>> from cardan import Response
    >>> from cardan.structured import structured_field
    >>> class ApiResponse(Response):
    ...     budget = structured_field("X-Budget", dict)
    ...     attempts = structured_field("X-Attempts", int, default=0)
    >>> response = ApiResponse()
    >>> response.budget = {"cpu": 1.5, "cached": True}
    >>> response.headers["X-Budget"]
    'cpu=1.5, cached'
    >>> response.attempts
    0
    """
    if kind in _KINDS:
        read, write, empty = _KINDS[kind]
    elif kind in _BARE:
        bare = _Bare(kind)
        read, write, empty = bare.parse, bare.dump, None
    else:
        raise TypeError(
            f"got kind={kind!r}, expected dict, list, Item, int, Decimal, str, Token, bytes, bool, datetime or "
            "DisplayString"
        )
    field = _CachedStructuredField if cached else StructuredField
    return field(
        name,
        read if parse is None else _after(read, parse),
        write if dump is None else _after(dump, write),
        empty if default is None and parse is None else default,
        read_only=read_only,
        wants_none=False,
        doc=doc,
    )


def _after(first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: second(first(value))
