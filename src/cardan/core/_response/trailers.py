"""Trailers: the fields that follow the body of a response (RFC 9110 section 6.5), as a program names and sets them.

A name is known before the response starts, because the head announces it; its value may be known at the end only.
:class:`~cardan.core._response.finalizer.ResponseFinalizer` gives the fields with the event of the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Final, TypeAlias

from .._checks import pairs
from ..fields._syntax import OWS, is_token, key_of
from ..structures._header_rules import field_name, field_value

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TrailerValue", "Trailers", "announced", "joined", "may_follow", "takes_trailers"]

TrailerValue: TypeAlias = "str | Callable[[], str | None]"
"""What a trailer field may be set to: its value, or a function that gives the value when the body has ended."""

#: The fields that a client needs before the content (RFC 9110 section 6.5.1), and so never stand behind it.
_NEEDED_BEFORE: Final = frozenset({
    # framing, and the connection
    "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    # routing
    "forwarded", "host", "max-forwards", "via",
    # request modifiers
    "cache-control", "cookie", "expect", "from", "origin", "pragma", "prefer", "priority", "range", "referer",
    "user-agent",
    # authentication
    "authorization", "proxy-authenticate", "proxy-authorization", "set-cookie", "set-cookie2", "www-authenticate",
    # response controls
    "accept-ranges", "age", "allow", "alt-svc", "clear-site-data", "cross-origin-embedder-policy",
    "cross-origin-opener-policy", "cross-origin-resource-policy", "content-security-policy",
    "content-security-policy-report-only", "date", "expires", "location", "origin-agent-cluster", "permissions-policy",
    "preference-applied", "proxy-status", "referrer-policy", "refresh", "retry-after", "strict-transport-security",
    "timing-allow-origin", "vary", "warning", "x-content-type-options", "x-frame-options",
    # content format
    "content-disposition", "content-encoding", "content-language", "content-location", "content-range", "content-type",
})  # fmt: skip
#: How the names of whole families of such fields begin: preconditions, preferences, and the fields of CORS.
_FAMILIES_BEFORE: Final = ("accept-", "access-control-", "if-", "sec-", ":")


def may_follow(name: str) -> bool:
    """Whether a field of this name may stand behind a body (RFC 9110 section 6.5.1).

    Unknown names may: only the program knows how they are defined.

    >>> may_follow("Server-Timing"), may_follow("Content-Type")
    (True, False)
    """
    lower = name.lower()
    return lower != "accept" and lower not in _NEEDED_BEFORE and not lower.startswith(_FAMILIES_BEFORE)


def takes_trailers(http_version: str | None, declared: int | None) -> bool:
    """Whether a message with a body can have trailer fields.

    ``http_version`` is that of a server that can send them, None if it cannot. HTTP/1.1 has them behind the last chunk
    only, which a message with a Content-Length does not have (RFC 9112 section 7.1.2); HTTP/1.0 has none at all.
    """
    if http_version is None or http_version.startswith(("0", "1.0")):
        return False
    return declared is None or not http_version.startswith("1")


def announced(values: Iterable[str]) -> list[str]:
    """The names in the values of ``Trailer`` (RFC 9110 section 6.6.2) that may stand behind a body.

    >>> announced(["ETag, Server-Timing", "Content-Length, ,"])
    ['ETag', 'Server-Timing']
    """
    names = [name.strip(OWS) for value in values for name in value.split(",")]
    return [name for name in names if is_token(name) and may_follow(name)]


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The trailer fields that an application sent: values of one name as one list (RFC 9110 section 5.3).

    A field that must not stand behind a body is left out, as a client that merges fields does (section 6.5.1).
    """
    fields: dict[str, str] = {}
    for name, value in pairs:
        if may_follow(name):
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


class Trailers(MutableMapping[str, TrailerValue]):
    """The trailer fields of a response: names of fields, and their values. Upper and lower case are the same.

    A value is text, or a function without arguments that is called when the body has ended. If it gives None, the field
    is not sent. ``initial`` is a mapping or an iterable of pairs.

    Raises :exc:`ValueError` for a name that is no token, for a field that a client needs before the body (RFC 9110
    section 6.5.1) and for a value that a field must not have, and :exc:`TypeError` for anything else.

    >>> trailers = Trailers({"Server-Timing": "db;dur=12"})
    >>> trailers["X-Rows"] = lambda: "5"
    >>> list(trailers), "x-rows" in trailers
    (['Server-Timing', 'X-Rows'], True)
    >>> trailers["Content-Type"] = "text/plain"
    Traceback (most recent call last):
    ...
    ValueError: got the trailer field Content-Type, expected none that a client needs before the body
    """

    __module__ = "cardan.datastructures"

    def __init__(self, initial: Mapping[str, TrailerValue] | Iterable[tuple[str, TrailerValue]] = ()) -> None:
        self._fields: dict[str, tuple[str, TrailerValue]] = {}
        self.update(initial if isinstance(initial, Mapping) else pairs("trailers", initial))

    def __getitem__(self, name: str) -> TrailerValue:
        return self._fields[key_of(name)][1]

    def __setitem__(self, name: str, value: TrailerValue) -> None:
        name = field_name(name)
        if not may_follow(name):
            raise ValueError(f"got the trailer field {name}, expected none that a client needs before the body")
        if iscoroutinefunction(value):
            raise TypeError(f"got an async function for {name}, expected one that gives the value at once")
        if not callable(value):
            if not isinstance(value, str):
                kind = type(value).__name__
                raise TypeError(f"got a value of type {kind} for {name}, expected str or a function that gives it")
            value = field_value(name, value)
        self._fields[name.lower()] = name, value

    def __delitem__(self, name: str) -> None:
        del self._fields[key_of(name)]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._fields.values()])

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return {name: value for name, (_, value) in self._fields.items()} == {
            str(name).lower(): value for name, value in other.items()
        }

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"

    def copy(self) -> Trailers:
        """A copy with the same fields."""
        return type(self)(self)

    __copy__ = copy

    def to_list(self) -> list[tuple[str, str]]:
        """The fields as they are sent, as pairs of text: calls the functions, in the order of the fields.

        Raises what they raise, :exc:`ValueError` for a value that a field must not have, and :exc:`TypeError` for one
        that is not text.
        """
        pairs: list[tuple[str, str]] = []
        for name, value in self.items():
            text = value() if callable(value) else value
            if text is not None:
                if not isinstance(text, str):
                    kind = type(text).__name__
                    raise TypeError(f"got a value of type {kind} for {name}, expected str or None")
                pairs.append((name, field_value(name, text)))
        return pairs
