"""What the Dictionaries of well-known fields hold, as Python values: digests, strings, preferences, the priority.

Reading leaves out a member that the field does not define: a later version of it may (RFC 9651 section 2.1). Writing
refuses one with :exc:`ValueError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias

from .._checks import check_type
from ..structures import ImmutableDict
from .bare_items import BareItem
from .values import InnerList, Item, MemberValue, to_member

__all__ = ["Dictionary", "Priority", "byte_sequences", "inner_lists", "only", "preferences", "strings"]

Dictionary: TypeAlias = Mapping[str, Item | InnerList]


def byte_sequences(members: Dictionary) -> Mapping[str, bytes]:
    """The members that are Byte Sequences: the digests of RFC 9530, the signatures of RFC 9421."""
    return ImmutableDict({key: value for key, value in _bare(members).items() if isinstance(value, bytes)})


def strings(members: Dictionary) -> Mapping[str, str]:
    """The members that are Strings: the endpoints of the Reporting API."""
    return ImmutableDict({key: value for key, value in _bare(members).items() if type(value) is str})


def preferences(members: Dictionary) -> Mapping[str, int]:
    """The members that are Integers from 0 to 10: the preferences of RFC 9530 section 4."""
    return ImmutableDict(
        {key: value for key, value in _bare(members).items() if type(value) is int and 0 <= value <= 10}
    )


def inner_lists(members: Dictionary) -> Mapping[str, InnerList]:
    """The members that are inner lists: the components that a signature covers (RFC 9421 section 4.1)."""
    return ImmutableDict({key: member for key, member in members.items() if isinstance(member, InnerList)})


def only(
    read: Callable[[Dictionary], Mapping[str, object]], expected: str
) -> Callable[[Mapping[str, MemberValue]], Mapping[str, MemberValue]]:
    """A function that gives the Dictionary that is set, if ``read`` leaves none of its members out."""

    def dump(members: Mapping[str, MemberValue]) -> Mapping[str, MemberValue]:
        made = {key: to_member(value) for key, value in members.items()}
        for key in made.keys() - read(made).keys():
            raise ValueError(f"got {key}={members[key]!r}, expected {expected}")
        return made

    return dump


def _bare(members: Dictionary) -> dict[str, BareItem]:
    return {key: member.value for key, member in members.items() if isinstance(member, Item)}


@dataclass(frozen=True, slots=True)
class Priority:
    """How urgent a response is (RFC 9218): the value of the field Priority.

    ``urgency`` is from 0 (most urgent) to 7. ``incremental`` says that a part of the response is of use before the rest
    has come. Raises :exc:`TypeError` and :exc:`ValueError` for other values.

    >>> Priority(urgency=1).to_dictionary()
    {'u': 1, 'i': False}
    """

    urgency: int = 3
    incremental: bool = False

    def __post_init__(self) -> None:
        check_type("urgency", self.urgency, int, "an int from 0 to 7")
        check_type("incremental", self.incremental, bool, "a bool")
        if not 0 <= self.urgency <= 7:
            raise ValueError(f"got urgency {self.urgency}, expected 0 to 7")

    @classmethod
    def from_dictionary(cls, members: Dictionary) -> Self:
        """Take the parameters from a Dictionary. One that is missing or invalid has its default (section 4)."""
        values = _bare(members)
        urgency, incremental = values.get("u"), values.get("i")
        return cls(
            urgency if type(urgency) is int and 0 <= urgency <= 7 else 3,
            incremental if type(incremental) is bool else False,
        )

    def to_dictionary(self) -> dict[str, MemberValue]:
        """The Dictionary with both parameters: in a response, one that is missing leaves the client's as it is."""
        return {"u": self.urgency, "i": self.incremental}


Priority.__module__ = "cardan.structured"
