"""Alt-Svc (RFC 7838): where else a client can reach the same origin, and by which protocol.

Parsing takes linear time and never raises: a service that is invalid is skipped, and so are unknown parameters
(section 3). The constructors raise :exc:`ValueError` for what cannot be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Self
from urllib.parse import quote, unquote

from .._checks import check_type
from .._urls import split_host
from ._durations import MAX_SECONDS, delta_seconds, dump_age
from ._lists import split
from ._live import LiveMembers
from ._parameters import parse_parameters
from ._syntax import OWS, is_token

__all__ = ["AltService", "AltServices"]

#: seconds for which a service may be used if the field does not say it (RFC 7838 section 3.1)
DAY: Final = 86_400
#: the characters of a token that :func:`urllib.parse.quote` would encode. "%" is always encoded
_SAFE: Final = "!#$&'*+^`|"


@dataclass(frozen=True, slots=True, init=False)
class AltService:
    """A service: the ALPN name of its protocol, and ``host:port``, or ``:port`` on the same host.

    ``max_age`` is for how long a client may use it, a number of seconds or a timedelta. ``persist`` says that it may be
    used after the client has changed its network, too. ``AltService.CLEAR`` stands for the value ``clear``: the client
    forgets all services of the origin.

    >>> AltService("h3", ":443", max_age=3600).to_header()
    'h3=":443"; ma=3600'
    """

    protocol: str
    authority: str
    max_age: int
    persist: bool

    if TYPE_CHECKING:  # at run time it is no annotation that get_type_hints() would have to resolve
        CLEAR: ClassVar[AltService]
        """The value ``clear``: the client forgets all services."""

    def __init__(self, protocol: str, authority: str, max_age: int | timedelta = DAY, persist: bool = False) -> None:
        check_type("protocol", protocol, str, "a str")
        check_type("authority", authority, str, "a str")
        check_type("max_age", max_age, (int, timedelta), "a number of seconds or a timedelta")
        check_type("persist", persist, bool, "a bool")
        if not protocol or max(protocol) > "\xff":
            raise ValueError(f"got protocol {protocol!r}, expected an ALPN name, one character for each byte")
        if not _is_valid(authority):
            raise ValueError(f"got authority {authority!r}, expected 'host:port' or ':port'")
        self._set(protocol, authority, min(int(dump_age(max_age)), MAX_SECONDS), persist)

    def _set(self, *values: object) -> None:
        for name, value in zip(("protocol", "authority", "max_age", "persist"), values, strict=True):
            object.__setattr__(self, name, value)

    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Parse one service. None and an invalid value give None."""
        text = value or ""
        parameters = parse_parameters(text)
        if not parameters or parameters[0][1] is None:
            return None
        name = text.partition("=")[0].strip(OWS)
        protocol, authority = unquote(name, "latin-1"), parameters[0][1]
        if not is_token(name) or _encoded(protocol) != name or not _is_valid(authority):
            return None
        found: dict[str, str | None] = {}
        for key, content in parameters[1:]:
            found.setdefault(key, content)
        seconds = delta_seconds(found.get("ma"))
        self = cls.__new__(cls)
        self._set(protocol, authority, DAY if seconds is None else seconds, found.get("persist") == "1")
        return self

    def to_header(self) -> str:
        """Return the service as it is written in the field."""
        if self == AltService.CLEAR:
            return "clear"
        age = f"; ma={self.max_age}" if self.max_age != DAY else ""
        return f'{_encoded(self.protocol)}="{self.authority}"{age}{"; persist=1" if self.persist else ""}'

    def __str__(self) -> str:
        return self.to_header()


class AltServices(LiveMembers[AltService]):
    """The services of a response, the best one first, a mutable sequence. It is live: every change is written.

    >>> services = [AltService("h3", ":443"), AltService("h2", "alt.example.com:8000")]
    >>> AltServices(services).to_header()
    'h3=":443", h2="alt.example.com:8000"'
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()
    _member = AltService

    @classmethod
    def parse(cls, text: str, /) -> tuple[AltService, ...]:
        if text.strip(OWS) == "clear":
            return (AltService.CLEAR,)
        return tuple(service for member in split(text) if (service := AltService.from_header(member)) is not None)

    @classmethod
    def serialize(cls, state: tuple[AltService, ...], /) -> str:
        if AltService.CLEAR in state and len(state) > 1:
            raise ValueError("got AltService.CLEAR beside other services, expected it alone")
        return super().serialize(state)


def _encoded(protocol: str) -> str:
    """The name as a token: what is no character of a token, and ``%``, is encoded (RFC 7838 section 3)."""
    return quote(protocol, _SAFE, "latin-1")


def _is_valid(authority: str) -> bool:
    found = split_host(f"host{authority}" if authority.startswith(":") else authority)
    return found is not None and bool(found[1])


AltService.__module__ = "cardan.datastructures"
AltService.CLEAR = object.__new__(AltService)
AltService.CLEAR._set("clear", "", 0, False)
