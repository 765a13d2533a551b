"""Authorization and WWW-Authenticate (RFC 9110 section 11, RFC 7617 Basic, RFC 6750 Bearer, RFC 7616 Digest).

Credentials and challenges have the same form: a scheme with either a token (``Bearer abc``) or parameters
(``Digest realm="x", nonce="y"``). Parsing takes linear time and never raises: a value of another form, and Basic
credentials that are not UTF-8, give None. If a parameter occurs more than once, the first one counts. A constructor
raises :exc:`ValueError` for a value that a header field must not contain, and for one that lacks what the RFC requires.
No function here verifies credentials.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import Final, Self

from .._pickling import slots_state
from ._lists import parse_pairs
from ._options import decode_extended
from ._reading_back import check_reads_back, folded
from ._syntax import OWS, check_token, is_token, quote, quote_if_needed

__all__ = ["Authorization", "Challenge", "Credentials", "read_parameters"]

_is_token68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*").fullmatch
#: The parameters that a challenge must have, and the RFC that requires them.
_REQUIRED: Final = {"basic": ("realm",), "digest": ("realm", "nonce")}
_RFC: Final = {"basic": 7617, "digest": 7616}
_has_control = re.compile(r"[\x00-\x1f\x7f]").search
# RFC 7616 sections 3.3 and 3.4: these parameters of Digest are written without quotes, all others with quotes
_DIGEST_BARE = frozenset(["algorithm", "charset", "nc", "stale", "userhash"])


class Credentials:
    """A scheme (``type``, in lower case) with a ``token`` or with ``parameters`` (names in lower case).

    Do not change an object. A parameter is also an attribute and an item: ``auth.realm``, ``auth["realm"]``. Both
    give None if the parameter is missing.
    """

    __slots__: tuple[str, ...] = ("parameters", "token", "type")
    __getstate__ = slots_state

    type: str
    parameters: Mapping[str, str]
    token: str | None

    def __init__(self, auth_type: str, data: Mapping[str, str | None] | None = None, token: str | None = None) -> None:
        """Take the scheme, and its parameters or its token. A parameter that is None is left out.

        Raises :exc:`ValueError` for a scheme that is not a token (RFC 9110 section 5.6.2), for parameters together with
        a token (section 11.4), and for a value that a header field must not contain.
        """
        self.type: str = check_token(auth_type, "authentication scheme").lower()
        """The scheme in lower case."""
        self.parameters: Mapping[str, str] = folded(
            (key, value) for key, value in (data or {}).items() if value is not None
        )
        """The parameters, with names in lower case."""
        self.token = token
        if self.parameters and token is not None:
            raise ValueError(f"got {self.type} with parameters and a token, expected one of them (RFC 9110)")
        self._complete()
        check_reads_back(self)

    def _complete(self) -> None:
        """Complete what the program gave, as reading does. Raise ValueError if the RFC of the scheme requires more."""

    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Parse a field value with one scheme. None and an invalid value give None."""
        scheme, _, rest = (value or "").strip(OWS).partition(" ")
        rest = rest.strip(" \t,")
        if not is_token(scheme):
            return None
        if not rest or _is_token68(rest):
            return cls._made(scheme.lower(), {}, rest or None)
        parameters = read_parameters(rest)
        return cls._made(scheme.lower(), parameters, None) if parameters else None

    @classmethod
    def _made(cls, scheme: str, parameters: dict[str, str], token: str | None) -> Self:
        """Return an object without a check of the arguments: a parser has made them."""
        self = cls.__new__(cls)
        self.type = scheme
        self.parameters = parameters
        self.token = token
        return self

    def to_header(self) -> str:
        """Return the field value. Raises :exc:`ValueError` for a value that a header field must not contain."""
        scheme = self.type.title()
        if self.token is not None:
            if not _is_token68(self.token):
                raise ValueError(f"got {scheme} token {self.token!r}, expected a token68")
            return f"{scheme} {self.token}"
        if not self.parameters:
            return scheme
        return f"{scheme} " + ", ".join(self._parameter(name, text) for name, text in self.parameters.items())

    def _parameter(self, name: str, text: str) -> str:
        # RFC 6750 section 3 and RFC 9449 section 7.1: every parameter of Bearer and DPoP has quotes
        always = (
            name == "realm" or self.type in ("bearer", "dpop") or (self.type == "digest" and name not in _DIGEST_BARE)
        )
        return f"{check_token(name, 'parameter')}={quote(text) if always else quote_if_needed(text)}"

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return a parameter, ``default`` if it is missing. The case of the name does not matter."""
        return self.parameters.get(key.lower(), default)

    def __getattr__(self, name: str) -> str | None:
        if name.startswith("_") or name in Credentials.__slots__:  # an object whose constructor did not run has none
            raise AttributeError(name)
        return self.parameters.get(name)

    def __getitem__(self, name: str) -> str | None:
        return self.parameters.get(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self.parameters

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Credentials):
            return NotImplemented
        return (self.type, self.token, self.parameters) == (other.type, other.token, other.parameters)

    def __hash__(self) -> int:
        return hash((self.type, self.token, frozenset(self.parameters.items())))

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.type}>"  # no secrets in logs


def read_parameters(text: str) -> dict[str, str]:
    """Return the ``name=value`` pairs of a list, names in lower case. Members of another form are skipped."""
    parameters: dict[str, str] = {}
    for name, value in parse_pairs(text):
        if value is not None and is_token(name):
            parameters.setdefault(name.lower(), value)
    return parameters


class Authorization(Credentials):
    """The credentials of Authorization or Proxy-Authorization.

    Basic has the parameters ``username`` and ``password``. Bearer, and every other scheme with a token, has
    ``token``. Digest, and every other scheme with parameters, has ``parameters``; a ``username*`` of Digest (RFC 7616
    section 3.4) is decoded and given as ``username``. The constructor takes the token of Basic, too, and decodes it.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Parse a field value. None and an invalid value give None."""
        if value is None:
            return None
        scheme, _, token = value.strip(OWS).partition(" ")
        scheme = scheme.lower()
        if scheme == "basic":
            parameters = _read_basic(token.strip(OWS))
            return None if parameters is None else cls._made(scheme, parameters, None)
        if scheme == "bearer" and _is_token68(token):  # the usual case
            return cls._made(scheme, {}, token)
        self = super().from_header(value)
        if self is not None:
            self._decode_name()
        return self

    def _decode_name(self) -> None:
        extended = self.parameters.get("username*")
        if extended is not None and "username" not in self.parameters:
            name = decode_extended(extended)
            if name is not None:
                self.parameters = {**self.parameters, "username": name}

    def _complete(self) -> None:
        if self.type != "basic":
            self._decode_name()
            return
        if self.token is not None:
            self.parameters, self.token = _read_basic(self.token) or {}, None
        if "username" not in self.parameters:
            raise ValueError("got basic credentials without a user name, expected username and password (RFC 7617)")
        self.parameters = {"password": "", **self.parameters}

    def to_header(self) -> str:
        """Return the field value. Raises :exc:`ValueError` for a value that a header field must not contain."""
        if self.type != "basic" or self.token is not None:
            extended, name = self.parameters.get("username*"), self.parameters.get("username")
            if extended is None or name is None or decode_extended(extended) != name:
                return super().to_header()
            # RFC 7616 section 3.4: only one of them is sent; from_header() made `username` from `username*`
            rest = {key: text for key, text in self.parameters.items() if key != "username"}
            return super(Authorization, self._made(self.type, rest, None)).to_header()
        name, password = self.parameters.get("username", ""), self.parameters.get("password", "")
        if ":" in name or _has_control(name) or _has_control(password):
            raise ValueError("got basic credentials with a control character, or ':' in the user name (RFC 7617)")
        return "Basic " + b2a_base64(f"{name}:{password}".encode(), newline=False).decode("ascii")

    def _parameter(self, name: str, text: str) -> str:
        if self.type == "digest" and name == "qop":  # RFC 7616 section 3.4: a token (in a challenge it is a list)
            return f"qop={check_token(text, 'qop')}"
        if name.endswith("*") and is_token(text):  # RFC 8187 section 3.2.1: never quoted
            return f"{check_token(name)}={text}"
        return super()._parameter(name, text)


def _read_basic(token: str) -> dict[str, str] | None:
    try:
        text = a2b_base64(token, strict_mode=True).decode("utf-8")
    except ValueError:  # binascii.Error and UnicodeDecodeError are subclasses
        return None
    name, colon, password = text.partition(":")
    return {"username": name, "password": password} if colon and not _has_control(text) else None


class Challenge(Credentials):
    """One challenge of WWW-Authenticate: ``Challenge("basic", {"realm": "staff"})``.

    Raises :exc:`ValueError` for Basic without ``realm`` (RFC 7617 section 2), and for Digest without ``realm`` and
    ``nonce`` (RFC 7616 section 3.3). A challenge of a client or of a server that was read may lack them.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    def _complete(self) -> None:
        for name in _REQUIRED.get(self.type, ()):
            if name not in self.parameters:
                raise ValueError(f"got a {self.type} challenge without {name}, expected {name} (RFC {_RFC[self.type]})")
