"""Parsers of structured fields (RFC 9651 section 4.2). They are strict, as the RFC demands, and linear.

An invalid field value raises :exc:`ValueError`, which names the position: an author of a field wants to know what is
wrong. An attribute of :func:`~cardan.structured_field` gives its default in this case.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn
from urllib.parse import unquote_to_bytes

from ..structures import ImmutableDict
from .bare_items import EPOCH, BareItem, DisplayString, Token
from .values import NO_PARAMETERS, InnerList, Item, made_inner_list, made_item

__all__ = ["parse_dictionary", "parse_item", "parse_list"]

_KEY: Final = r"[a-z*][a-z0-9_\-.*]*"
# A quantifier with a second "+" gives nothing back, so that no text makes the pattern try again.
_bare = re.compile(
    r"""
    (-?[0-9]{1,15})(?![0-9.])                         # an integer
    |(-?[0-9]{1,12}\.[0-9]{1,3})(?![0-9.])            # a decimal
    |"([ !\#-\[\]-~]*+)"                              # a string
    |"((?:[ !\#-\[\]-~]++|\\["\\])*+)"               # a string with a backslash
    |([A-Za-z*][!\#$%&'*+\-.^_`|~0-9A-Za-z:/]*+)      # a token
    |:([A-Za-z0-9+/]*+={0,2}):                        # a byte sequence
    |\?([01])                                         # a boolean
    |@(-?[0-9]{1,15})(?![0-9.])                       # a date
    |%"((?:[ !\#$&-~]++|%[0-9a-f]{2})*+)"             # a display string
    """,
    re.VERBOSE,
).match
_parameter = re.compile(rf";[ ]*({_KEY})(=?)").match
_member = re.compile(rf"({_KEY})(=?)").match
_unescape = re.compile(r"\\(.)").sub
_comma = re.compile(r"[ \t]*(,?)[ \t]*").match

_EXPECTED: Final = {
    "?": "?0 or ?1",
    ":": "a byte sequence in base64 between colons",
    "@": "a date: @ and an integer of at most 15 digits",
    "%": 'a display string: %"...", with %xx in small letters for what is no printable ASCII',
    '"': 'a string: printable ASCII between quotes, \\" for a quote and \\\\ for a backslash',
    **dict.fromkeys(
        "-0123456789",
        "an integer of at most 15 digits, or a decimal with at most 12 digits before the point and 1 to 3 after it",
    ),
}


def parse_item(text: str) -> Item:
    """Parse the value of a field that is defined as an Item (RFC 9651 section 4.2.3).

    ``text`` has one character for each byte. Raises :exc:`ValueError` for an invalid value.

    >>> parse_item('2; foourl="https://foo.example.com/"')
    Item(2, {'foourl': 'https://foo.example.com/'})
    """
    item, at = _item(text, _start(text))
    if (at := _skip(text, at)) != len(text):
        _refuse(text, at, "the end of an item, or ; and a parameter")
    return item


def parse_list(text: str) -> tuple[Item | InnerList, ...]:
    """Parse the value of a field that is defined as a List (RFC 9651 section 4.2.1). ``""`` gives an empty one.

    The values of several fields of one name are joined with a comma. Raises as :func:`parse_item` does.

    >>> parse_list("sugar, tea, (1 2);a")
    (Item(Token('sugar')), Item(Token('tea')), InnerList([Item(1), Item(2)], {'a': True}))
    """
    at, end = _start(text), len(text)
    members: list[Item | InnerList] = []
    while at < end:
        member, at = _inner_list(text, at) if text[at] == "(" else _item(text, at)
        members.append(member)
        at = _next(text, at)
    return tuple(members)


def parse_dictionary(text: str) -> ImmutableDict[str, Item | InnerList]:
    """Parse the value of a field that is defined as a Dictionary (RFC 9651 section 4.2.2). ``""`` gives an empty one.

    A key without a value has the Boolean true. The last one of equal keys counts. Several fields of one name, and
    errors, are as for :func:`parse_list`.

    >>> parse_dictionary("u=2, i")["u"].value
    2
    """
    at, end = _start(text), len(text)
    members: dict[str, Item | InnerList] = {}
    member: Item | InnerList
    while at < end:
        found = _member(text, at)
        if found is None:
            _refuse(text, at, "a key: a small letter or * first")
        key, has_value = found.groups()
        at = found.end()
        if not has_value:
            params, at = _parameters(text, at)
            member = made_item(True, params)
        elif text[at : at + 1] == "(":
            member, at = _inner_list(text, at)
        else:
            member, at = _item(text, at)
        members[key] = member
        at = _next(text, at)
    return ImmutableDict(members)


def _start(text: str) -> int:
    if not isinstance(text, str):
        raise TypeError(f"got a structured field of type {type(text).__name__}, expected a str")
    return _skip(text, 0)


def _skip(text: str, at: int) -> int:
    while text.startswith(" ", at):
        at += 1
    return at


def _next(text: str, at: int) -> int:
    """Where the next member begins, or the end of the text."""
    found = _comma(text, at)
    assert found is not None  # the pattern matches the empty string
    after = found.end()
    if (after == len(text)) == bool(found[1]):
        _refuse(text, after, "a member after the comma" if found[1] else "a comma, or ; and a parameter")
    return after


def _inner_list(text: str, at: int) -> tuple[InnerList, int]:
    items: list[Item] = []
    at = _skip(text, at + 1)
    while not text.startswith(")", at):
        item, at = _item(text, at)
        items.append(item)
        if text.startswith(" ", at):
            at = _skip(text, at + 1)
        elif not text.startswith(")", at):
            _refuse(text, at, "a space or ) after an item of an inner list")
    params, at = _parameters(text, at + 1)
    return made_inner_list(tuple(items), params), at


def _item(text: str, at: int) -> tuple[Item, int]:
    value, at = _bare_item(text, at)
    if not text.startswith(";", at):
        return made_item(value, NO_PARAMETERS), at
    params, at = _parameters(text, at)
    return made_item(value, params), at


def _parameters(text: str, at: int) -> tuple[Mapping[str, BareItem], int]:
    if not text.startswith(";", at):
        return NO_PARAMETERS, at
    params: dict[str, BareItem] = {}
    while found := _parameter(text, at):
        name, has_value = found.groups()
        at = found.end()
        if has_value:
            params[name], at = _bare_item(text, at)
        else:
            params[name] = True
    if text.startswith(";", at):
        _refuse(text, at, "; and the name of a parameter: a small letter or * first")
    return ImmutableDict(params), at


def _bare_item(text: str, at: int) -> tuple[BareItem, int]:
    found = _bare(text, at)
    if found is None:
        _refuse(text, at, _EXPECTED.get(text[at : at + 1], "an item"))
    kind: Any = found.lastindex
    try:
        return _READ[kind](found[kind]), found.end()
    except ValueError as error:
        _refuse(text, at, str(error))


def _read_escaped(text: str) -> str:
    return _unescape(r"\1", text)


def _read_bytes(text: str) -> bytes:
    # RFC 9651 section 4.2.7: padding may be missing, and the bits that it makes superfluous may be set
    digits = text.rstrip("=")
    missing = -len(digits) % 4
    if missing == 3 or len(text) - len(digits) > missing:
        raise ValueError("base64 of whole bytes, with no more padding than it needs")
    return a2b_base64(digits + "=" * missing)


def _read_date(text: str) -> BareItem:
    try:
        return EPOCH + timedelta(seconds=int(text))
    except OverflowError:
        raise ValueError("a date in the years 1 to 9999") from None


def _read_display(text: str) -> str:
    try:
        return DisplayString(unquote_to_bytes(text).decode())
    except UnicodeDecodeError:
        raise ValueError("a display string whose bytes are UTF-8") from None


#: what reads each group of the pattern, in their order
_READ: Final[tuple[Callable[[str], BareItem], ...]] = (
    str,  # there is no group 0
    int,
    Decimal,
    str,
    _read_escaped,
    lambda text: str.__new__(Token, text),  # the pattern has checked it
    _read_bytes,
    "1".__eq__,
    _read_date,
    _read_display,
)


def _refuse(text: str, at: int, expected: str) -> NoReturn:
    # the names of the text near it, not of all of it: a field may be long
    got = repr(text[at : at + 20]) if at < len(text) else "the end"
    raise ValueError(f"got {got} at position {at} of a structured field, expected {expected}")
