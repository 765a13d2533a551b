"""WWW-Authenticate and Proxy-Authenticate: lists of challenges (RFC 9110 section 11.6.1).

A comma separates both the challenges and the parameters of one challenge: a member of the list that begins with a
scheme begins a new challenge. Parsing takes linear time and never raises; parameters before the first scheme are
skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import overload

from .._checks import listed
from ._authorization import Challenge, _is_token68, read_parameters
from ._lists import split
from ._live import LiveMembers
from ._syntax import TOKEN_CHARS

__all__ = ["WWWAuthenticate"]

# "Basic", "Basic realm=x", "Negotiate abc=="; but not "realm = x", which is a parameter with spaces around "="
_scheme = re.compile(rf"([{TOKEN_CHARS}]+)(?:[ \t]+(?![ \t=])(.*)|[ \t]*)", re.DOTALL).fullmatch


class WWWAuthenticate(LiveMembers[Challenge]):
    """The challenges of a response, a mutable sequence. It is live: every change is written to the field, and removing
    the last challenge removes the field.

    ``WWWAuthenticate("basic", {"realm": "staff"})`` has one challenge; ``WWWAuthenticate([a, b])`` has several. The
    attributes ``type``, ``token``, ``parameters`` and ``realm`` are those of the first challenge.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()
    _member = Challenge

    def __init__(
        self,
        auth_type: str | Iterable[Challenge] | None = None,
        values: Mapping[str, str | None] | None = None,
        token: str | None = None,
    ) -> None:
        if isinstance(auth_type, str):
            auth_type = [Challenge(auth_type, values, token)]
        super().__init__(auth_type or ())

    @classmethod
    def parse(cls, text: str, /) -> tuple[Challenge, ...]:
        found: list[tuple[str, list[str]]] = []
        for member in split(text):
            if (scheme := _scheme(member)) is not None:
                found.append((scheme[1], [scheme[2]] if scheme[2] else []))
            elif found:
                found[-1][1].append(member)
        return tuple(_challenge(scheme.lower(), members) for scheme, members in found)

    def set_basic(self, realm: str = "authentication required") -> None:
        """Request Basic credentials in UTF-8 (RFC 7617). This replaces all challenges."""
        self.state = (Challenge("basic", {"realm": realm, "charset": "UTF-8"}),)

    def set_digest(
        self,
        realm: str,
        nonce: str,
        qop: Iterable[str] = ("auth",),
        opaque: str | None = None,
        algorithm: str | None = None,
        stale: bool = False,
    ) -> None:
        """Request Digest credentials (RFC 7616 section 3.3). This replaces all challenges.

        ``qop`` are one or more tokens. Raises :exc:`ValueError` for none, and :exc:`TypeError` for a str.
        """
        qualities = listed("qop", qop, "an iterable of tokens, such as ('auth',)")
        if not qualities:
            raise ValueError("got no qop, expected one token or more (RFC 7616 section 3.3)")
        values = {
            "realm": realm, "nonce": nonce, "qop": ", ".join(qualities), "opaque": opaque, "algorithm": algorithm,
        }  # fmt: skip
        if stale:
            values["stale"] = "true"
        self.state = (Challenge("digest", values),)

    @property
    def type(self) -> str | None:
        """The scheme of the first challenge, in lower case; None without a challenge."""
        state = self.state
        return state[0].type if state else None

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of the first challenge; empty without a challenge."""
        state = self.state
        return state[0].parameters if state else {}

    @property
    def token(self) -> str | None:
        """The token of the first challenge, None if it has none."""
        state = self.state
        return state[0].token if state else None

    @property
    def realm(self) -> str | None:
        """The realm of the first challenge, None if it has none."""
        return self.parameters.get("realm")

    @overload
    def __getitem__(self, key: int) -> Challenge: ...
    @overload
    def __getitem__(self, key: slice) -> list[Challenge]: ...
    @overload
    def __getitem__(self, key: str) -> str | None: ...
    def __getitem__(self, key: int | slice | str) -> Challenge | list[Challenge] | str | None:
        if isinstance(key, str):
            return self.parameters.get(key.lower())
        return super().__getitem__(key)

    def __contains__(self, value: object) -> bool:
        """Return whether ``value`` is one of the challenges, or (a string) the name of a parameter of the first one."""
        return value.lower() in self.parameters if isinstance(value, str) else value in self.state


def _challenge(scheme: str, members: list[str]) -> Challenge:
    if len(members) == 1 and _is_token68(members[0]):
        return Challenge._made(scheme, {}, members[0])
    return Challenge._made(scheme, read_parameters(", ".join(members)), None)
