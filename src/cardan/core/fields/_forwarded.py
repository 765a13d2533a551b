"""Forwarded (RFC 7239): what each proxy tells about the request that it forwarded.

Parsing takes linear time and never raises: an invalid pair is skipped, and if a parameter occurs more than once in an
element, the first one counts. A constructor raises :exc:`ValueError` for a value that a header field must not contain.
This module does not decide which proxy to trust.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Self, overload

from .._pickling import slots_state
from .._urls import split_host
from ._lists import split
from ._reading_back import check_reads_back, folded
from ._syntax import OWS, check_token, is_token, quote_if_needed, unquote

__all__ = ["Forwarded", "ForwardedElement", "split_node"]

_pair = re.compile(r'((?:[^;"]+|"[^"\\]*(?:\\.[^"\\]*)*+\\?"?)++)', re.DOTALL)
_KNOWN = frozenset(["for", "by", "host", "proto"])
_is_scheme = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*").fullmatch
# a name or an address, and perhaps a port (section 6); what begins with "_" stands for one of them (section 6.3)
_HIDDEN = r"_[A-Za-z0-9._\-]+"
_is_written_node = re.compile(
    rf"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-][A-Za-z0-9._\-]*|{_HIDDEN})(?::(?:[0-9]{{1,5}}|{_HIDDEN}))?"
).fullmatch
_node = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}|_[A-Za-z0-9._\-]+))?").fullmatch


class ForwardedElement:
    """What one proxy tells: ``for_`` (the client of the proxy), ``by`` (its own interface), ``host`` and ``proto``.

    Each is a string or None. ``extensions`` holds all other parameters, names in lower case. Do not change an object.

    Raises :exc:`ValueError` for a node that RFC 7239 section 6 does not allow, such as an IPv6 address without brackets
    (``2001:db8::1`` in place of ``[2001:db8::1]``), for a ``host`` that is no value of Host (section 5.3), for a
    ``proto`` that is not the name of a scheme (section 5.4), and for a name or value that a header field must not
    contain. Reading is not as strict.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("by", "extensions", "for_", "host", "proto")
    __getstate__ = slots_state

    def __init__(
        self,
        for_: str | None = None,
        by: str | None = None,
        host: str | None = None,
        proto: str | None = None,
        extensions: Mapping[str, str] | None = None,
    ) -> None:
        self.for_ = for_
        self.by = by
        self.host = host
        self.proto = proto
        self.extensions = folded((extensions or {}).items())
        if twice := _KNOWN & self.extensions.keys():
            raise ValueError(f"got {sorted(twice)} in extensions, expected them as arguments of their own")
        for name, node in (("for", for_), ("by", by)):
            if node is not None and not (_is_written_node(node) and split_node(node)):
                raise ValueError(f"got {name} {node!r}, expected a name or an address, an IPv6 address in brackets")
        if host is not None and split_host(host) is None:
            raise ValueError(f"got host {host!r}, expected a name or an address, an IPv6 address in brackets")
        if proto is not None and not _is_scheme(proto):
            raise ValueError(f"got proto {proto!r}, expected the name of a scheme such as 'https'")
        self.to_header()  # raises for what cannot be written

    def pairs(self) -> list[tuple[str, str]]:
        """Return the parameters as pairs of name and value, without those that are None."""
        known = (("for", self.for_), ("by", self.by), ("host", self.host), ("proto", self.proto))
        return [(name, value) for name, value in known if value is not None] + list(self.extensions.items())

    def to_header(self) -> str:
        """Return the element as it is written in the field.

        Raises :exc:`ValueError` for a name or value that a header field must not contain.
        """
        return ";".join(f"{check_token(name, 'parameter')}={quote_if_needed(value)}" for name, value in self.pairs())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ForwardedElement):
            return NotImplemented
        return dict(self.pairs()) == dict(other.pairs())

    def __hash__(self) -> int:
        return hash(frozenset(self.pairs()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {dict(self.pairs())!r}>"


class Forwarded(Sequence[ForwardedElement]):
    """The elements of Forwarded, an immutable sequence. The first element is that of the proxy next to the client.

    An element without a parameter says nothing, and is left out.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("_elements",)
    __getstate__ = slots_state

    def __init__(self, elements: Iterable[ForwardedElement] = ()) -> None:
        given = tuple(elements)
        for element in given:
            if not isinstance(element, ForwardedElement):
                raise TypeError(f"got {element!r} as an element, expected a ForwardedElement")
        self._elements = tuple([element for element in given if element.pairs()])
        check_reads_back(self)

    @classmethod
    def from_header(cls, value: str | None, /) -> Self:
        """Parse a field value. None and an invalid value give an object without elements."""
        self = cls.__new__(cls)
        self._elements = tuple([element for member in split(value) if (element := _read(member)) is not None])
        return self

    def to_header(self) -> str:
        """Return the field value. Raises :exc:`ValueError` for a value that a header field must not contain."""
        return ", ".join(element.to_header() for element in self._elements)

    @overload
    def __getitem__(self, key: int) -> ForwardedElement: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[ForwardedElement, ...]: ...
    def __getitem__(self, key: int | slice) -> ForwardedElement | tuple[ForwardedElement, ...]:
        return self._elements[key]

    def __iter__(self) -> Iterator[ForwardedElement]:
        return iter(self._elements)

    def __len__(self) -> int:
        return len(self._elements)

    def __eq__(self, other: object) -> bool:
        return self._elements == other._elements if isinstance(other, Forwarded) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._elements)

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {list(self._elements)!r}>"


def _read(member: str) -> ForwardedElement | None:
    found: dict[str, str] = {}
    for part in _pair.findall(member) if '"' in member else member.split(";"):
        name, equals, value = part.partition("=")
        name = name.strip(OWS).lower()
        if equals and is_token(name):
            found.setdefault(name, unquote(value.strip(OWS)))
    if not found:
        return None
    element = ForwardedElement.__new__(ForwardedElement)
    element.for_, element.by = found.pop("for", None), found.pop("by", None)
    element.host, element.proto = found.pop("host", None), found.pop("proto", None)
    element.extensions = found
    return element


def split_node(node: str) -> tuple[str, str | None] | None:
    """Return the name and the port (or None) of a ``for`` or ``by`` value (RFC 7239 section 6), None if it is invalid.

    The brackets of an IPv6 address are removed. ``unknown`` and obfuscated names (``_hidden``) are returned unchanged.

    >>> split_node("[2001:db8::1]:4711")
    ('2001:db8::1', '4711')
    """
    found = _node(node)
    return None if found is None else (found[1].strip("[]"), found[2])
