"""Link (RFC 8288): relations to other resources.

Parsing takes linear time and never raises: a link without a ``<target>`` in ASCII is skipped, and if a parameter occurs
more than once, the first one counts. ``title*`` (RFC 8187) takes precedence over ``title``. Writing raises
:exc:`ValueError` for a value that a header field must not contain. Targets are not resolved: a relative URL stays
relative.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._checks import check_type
from .._pickling import slots_state
from ._live import LiveMembers
from ._options import dump_options, parse_options
from ._reading_back import differs, folded
from ._syntax import is_token

__all__ = ["Link", "Links"]

# A target, then parameters up to the next comma outside of quotes. A target cannot contain "<", so that the search for
# a missing ">" never reads the same text twice.
_link = re.compile(r'[ \t,]*(?:(<([^<>]*)>)((?:[^",]+|"[^"\\]*(?:\\.[^"\\]*)*+\\?"?)*+)|[^,]+|\Z)', re.DOTALL)
_is_target = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x7e]*").fullmatch


class Link:
    """A link: a target (a URL) with ``rel`` (relation types, separated by spaces) and other parameters.

    An underscore in the name of a keyword argument stands for a hyphen. A parameter that is None is left out. Raises
    :exc:`ValueError` without a relation type, which RFC 8288 section 3.3 requires, and for a target, an ``anchor`` or
    another parameter that the field must not contain. A link that was read may lack its relation type.

    >>> Link("/feed", rel="alternate", type="application/atom+xml").to_header()
    '</feed>; rel=alternate; type="application/atom+xml"'
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("parameters", "target")
    __getstate__ = slots_state

    def __init__(self, target: str, /, rel: str | None = None, **parameters: str | None) -> None:
        self.target = target
        given = {"rel": rel, **parameters}.items()
        self.parameters: Mapping[str, str] = folded(
            (name.replace("_", "-"), value) for name, value in given if value is not None
        )
        for name, value in self.parameters.items():
            check_type(name, value, str, "a str")
        if not _relations(self.rel) or not self.rel.isascii():
            raise ValueError(
                f"got a link to {target!r} with rel {rel!r}, expected a relation type (RFC 8288 section 3.3)"
            )
        anchor = self.parameters.get("anchor")
        if anchor is not None and not _is_target(anchor):  # a URI, too (section 3.2); "anchor*" is not defined
            raise ValueError(f"got anchor {anchor!r}, expected ASCII without spaces, quotes and angle brackets")
        if Links.parse(self.to_header()) != (self,):
            raise differs(Link, self.to_header())

    @property
    def rel(self) -> str:
        """The relation types, separated by spaces; ``""`` if there are none."""
        return self.parameters.get("rel", "")

    def has_rel(self, relation: str) -> bool:
        """Return whether ``relation`` is one of the relation types. The case does not matter."""
        return relation.lower() in _relations(self.rel.lower())

    def to_header(self) -> str:
        """Return the link as it is written in the field.

        Raises :exc:`ValueError` for a target with spaces, quotes, angle brackets or non-ASCII characters, and for a
        parameter that a header field must not contain.
        """
        if not _is_target(self.target):
            raise ValueError(f"got target {self.target!r}, expected ASCII without spaces, quotes and angle brackets")
        _, _, parameters = dump_options("", self.parameters).partition("; ")
        return f"<{self.target}>; {parameters}" if parameters else f"<{self.target}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Link):
            return NotImplemented
        return (self.target, self.parameters) == (other.target, other.parameters)

    def __hash__(self) -> int:
        return hash((self.target, frozenset(self.parameters.items())))

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"


class Links(LiveMembers[Link]):
    """The links of a message, a mutable sequence. It is live: every change is written to the field."""

    __module__ = "cardan.datastructures"
    __slots__ = ()
    _member = Link

    @classmethod
    def parse(cls, text: str, /) -> tuple[Link, ...]:
        return tuple(_made(target, rest) for found, target, rest in _link.findall(text) if found and _is_target(target))

    def find(self, relation: str) -> Link | None:
        """Return the first link with a relation type, None if there is none."""
        return next((link for link in self.state if link.has_rel(relation)), None)


def _relations(text: str) -> list[str]:
    """The relation types in ``text``. Spaces and tabs are between them: ``str.split()`` knows more white space."""
    return [each for each in text.replace("\t", " ").split(" ") if each]


def _made(target: str, rest: str) -> Link:
    link = Link.__new__(Link)
    link.target = target
    _, parameters = parse_options(";" + rest.partition(";")[2])
    link.parameters = {name: value for name, value in parameters.items() if is_token(name)}
    return link
