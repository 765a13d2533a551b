"""Authentication-Info and Proxy-Authentication-Info (RFC 9110 sections 11.6.3 and 11.7.3; for Digest RFC 7616).

Names are compared without regard to case, and the first of several equal parameters counts. Parsing takes linear time
and never raises. Writing raises :exc:`ValueError` for a name that is not a token, and for control characters.
"""

from __future__ import annotations

from typing import Final

from ._authorization import read_parameters
from ._live import LiveDict
from ._syntax import check_token, quote, quote_if_needed

__all__ = ["AuthenticationInfo"]

#: the parameters that RFC 7616 section 3.5 writes in quotes
_QUOTED: Final = frozenset(["cnonce", "nextnonce", "rspauth"])


class AuthenticationInfo(LiveDict[str]):
    """What a server tells after the authentication has succeeded: a mapping of parameters, such as ``nextnonce``.

    It is live: every change is written to the field.

    >>> AuthenticationInfo({"nextnonce": "abc", "qop": "auth"}).to_header()
    'nextnonce="abc", qop=auth'
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    @classmethod
    def parse(cls, text: str, /) -> dict[str, str]:
        return read_parameters(text)

    @classmethod
    def serialize(cls, state: dict[str, str], /) -> str:
        return ", ".join(
            f"{check_token(name, 'parameter')}={quote(text) if name in _QUOTED else quote_if_needed(text)}"
            for name, text in state.items()
        )
