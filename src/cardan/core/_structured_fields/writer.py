"""Writers of structured fields (RFC 9651 section 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .bare_items import check_key
from .values import InnerList, Item, ItemValue, MemberValue, to_member, write_parameters

__all__ = ["dump_dictionary", "dump_item", "dump_list"]


def dump_item(value: ItemValue) -> str:
    """Write the value of a field that is defined as an Item (RFC 9651 section 4.1.3).

    ``value`` is an :class:`~cardan.structured.Item` or a bare item. Raises as :class:`~cardan.structured.Item` does.

    >>> dump_item(b"hello")
    ':aGVsbG8=:'
    """
    return (value if isinstance(value, Item) else Item(value)).to_header()


def dump_list(members: Iterable[MemberValue]) -> str:
    """Write the value of a field that is defined as a List (RFC 9651 section 4.1.1).

    A member is an item, a bare item, an inner list, or a list or tuple of items. The result for no members is ``""``:
    do not send the field then. Raises as :class:`~cardan.structured.Item` does.

    >>> dump_list(["gzip", (1, 2)])
    '"gzip", (1 2)'
    """
    if isinstance(members, str | bytes | bytearray | memoryview | Mapping):
        raise TypeError(f"got {members!r} as a List of a structured field, expected a list of its members")
    return ", ".join([to_member(member).to_header() for member in members])


def dump_dictionary(members: Mapping[str, MemberValue]) -> str:
    """Write the value of a field that is defined as a Dictionary (RFC 9651 section 4.1.2).

    Members are as for :func:`dump_list`. The Boolean true is written as the key alone.

    >>> dump_dictionary({"u": 2, "i": True})
    'u=2, i'
    """
    if not isinstance(members, Mapping):
        raise TypeError(f"got {members!r} as a Dictionary of a structured field, expected a mapping")
    return ", ".join([_entry(check_key(key), to_member(member)) for key, member in members.items()])


def _entry(key: str, member: Item | InnerList) -> str:
    if isinstance(member, Item) and member.value is True:
        return key + write_parameters(member.params)
    return f"{key}={member.to_header()}"
