"""Items and inner lists of structured fields (RFC 9651 sections 3.1.1 and 3.3).

The constructors check: every object can be written, and what was written reads back as an equal object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias, final

from ..structures import ImmutableDict
from .bare_items import AnyBareItem, BareItem, check_key, to_bare, write_bare

__all__ = [
    "NO_PARAMETERS",
    "InnerList",
    "Item",
    "ItemValue",
    "MemberValue",
    "made_inner_list",
    "made_item",
    "to_member",
    "write_parameters",
]

ItemValue: TypeAlias = "Item | AnyBareItem"
"""What can be written as an item."""
MemberValue: TypeAlias = "ItemValue | InnerList | list[ItemValue] | tuple[ItemValue, ...]"
"""What can be written as a member of a List or a Dictionary."""

NO_PARAMETERS: Final[ImmutableDict[str, BareItem]] = ImmutableDict()


def write_parameters(params: Mapping[str, BareItem]) -> str:
    """The text of parameters, with a semicolon before each."""
    return "".join([f";{name}" if value is True else f";{name}={write_bare(value)}" for name, value in params.items()])


class _Member:
    """What an item and an inner list have in common: parameters, and equality by what is written."""

    __slots__ = ("_params",)
    _params: Mapping[str, BareItem]

    @property
    def params(self) -> Mapping[str, BareItem]:
        """The parameters, in their order. They cannot be changed."""
        return self._params

    def to_header(self) -> str:
        """The text in a field value."""
        return self._bare_text() + write_parameters(self._params) if self._params else self._bare_text()

    def _bare_text(self) -> str:
        raise NotImplementedError

    def __str__(self) -> str:
        return self.to_header()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.to_header() == other.to_header()

    def __hash__(self) -> int:
        return hash(self.to_header())

    def _arguments(self, value: object) -> str:
        return f"{type(self).__name__}({value!r}{f', {dict(self._params)!r}' if self._params else ''})"


def _to_parameters(params: Mapping[str, AnyBareItem]) -> Mapping[str, BareItem]:
    if not isinstance(params, Mapping):
        raise TypeError(f"got {params!r} as the parameters of a structured field, expected a mapping")
    if not params:
        return NO_PARAMETERS
    return ImmutableDict({check_key(name): to_bare(value) for name, value in params.items()})


@final
class Item(_Member):
    """A value with parameters (RFC 9651 section 3.3). It cannot be changed.

    ``value`` and the values of ``params`` are bare items. A float becomes a Decimal, a number is rounded to three
    digits after the point, and a datetime becomes one in UTC with whole seconds (a naive one is in UTC), because these
    are what reading gives. Raises :exc:`ValueError` for a value that cannot be written, :exc:`TypeError` for one of
    another type. Two items are equal if their texts are: ``Item(1)``, ``Item(True)`` and ``Item(1.0)`` are three.

    >>> Item("/style.css", {"v": 2}).to_header()
    '"/style.css";v=2'
    """

    __module__ = "cardan.structured"
    __slots__ = ("_value",)
    _value: BareItem

    def __init__(self, value: AnyBareItem, params: Mapping[str, AnyBareItem] = NO_PARAMETERS) -> None:
        self._value = to_bare(value)
        self._params = _to_parameters(params)

    @property
    def value(self) -> BareItem:
        """The bare item."""
        return self._value

    def _bare_text(self) -> str:
        return write_bare(self._value)

    def __repr__(self) -> str:
        return self._arguments(self._value)

    def __reduce__(self) -> tuple[object, ...]:
        return Item, (self._value, self._params)


@final
class InnerList(_Member):
    """A list of items with parameters, as a member of a List or a Dictionary (RFC 9651 section 3.1.1).

    It cannot be changed. ``items`` are items or bare items. Raises as :class:`Item` does.

    >>> InnerList([Token("self"), "https://example.com"]).to_header()
    '(self "https://example.com")'
    """

    __module__ = "cardan.structured"
    __slots__ = ("_items",)
    _items: tuple[Item, ...]

    def __init__(self, items: Iterable[ItemValue] = (), params: Mapping[str, AnyBareItem] = NO_PARAMETERS) -> None:
        if isinstance(items, str | bytes | bytearray | memoryview | Mapping):
            raise TypeError(f"got {items!r} as the items of an inner list, expected a list of items")
        self._items = tuple([item if isinstance(item, Item) else Item(item) for item in items])
        self._params = _to_parameters(params)

    @property
    def items(self) -> tuple[Item, ...]:
        """The items, in their order."""
        return self._items

    @property
    def values(self) -> tuple[BareItem, ...]:
        """The bare items, in their order, without their parameters."""
        return tuple([item.value for item in self._items])

    def _bare_text(self) -> str:
        return f"({' '.join([item.to_header() for item in self._items])})"

    def __repr__(self) -> str:
        return self._arguments(list(self._items))

    def __reduce__(self) -> tuple[object, ...]:
        return InnerList, (self._items, self._params)


def made_item(value: BareItem, params: Mapping[str, BareItem]) -> Item:
    """An item of what a parser has read: nothing is checked again."""
    item = Item.__new__(Item)
    item._value = value
    item._params = params
    return item


def made_inner_list(items: tuple[Item, ...], params: Mapping[str, BareItem]) -> InnerList:
    """An inner list of what a parser has read: nothing is checked again."""
    made = InnerList.__new__(InnerList)
    made._items = items
    made._params = params
    return made


def to_member(value: Any) -> Item | InnerList:
    """An item, or an inner list if ``value`` is a list or a tuple. Raises as :class:`Item` does."""
    if isinstance(value, Item | InnerList):
        return value
    return InnerList(value) if isinstance(value, list | tuple) else Item(value)
