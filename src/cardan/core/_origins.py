"""CORS: which origins may read the answers of an application from a script (WHATWG Fetch section 3.3).

Takes the header fields of a request. Gives the whole answer to a preflight request, and sets the fields of every other
answer. It knows no protocol and does no I/O.
"""

from __future__ import annotations

import re
from datetime import timedelta
from types import NoneType
from typing import TYPE_CHECKING, Final, TypeVar

from ._checks import check_type, listed
from ._response.base import BaseResponse
from ._response.outgoing import WholeAnswer
from ._response.vary import add_vary
from ._urls import valid_host
from .fields._cors import parse_origin
from .fields._header_set import HeaderSet
from .fields._syntax import is_token
from .structures._headers import pairs_of, trusted_headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .structures._headers import Headers, HeadersView

__all__ = ["CORSPolicy", "FieldsOnTheWay", "PreflightAnswer"]

K = TypeVar("K")
V = TypeVar("V")

_ALLOW_ORIGIN: Final = "Access-Control-Allow-Origin"

#: What decides on the answer to a preflight request; a cache that keeps the answer must know it.
_PREFLIGHT_FIELDS: Final = (
    "Origin",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Private-Network",
)

#: Browsers send these methods in upper case, however a script writes them (Fetch section 2.2.1).
_NORMALIZED: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})

#: Any larger number of seconds means the same (RFC 9111 section 1.2.2).
_MAX_AGE: Final = 2**31

#: How many answers to preflight requests, and how many allowed origins, are kept to be given again. A policy for a few
#: sites has fewer. Requests that differ in each of these can come from anybody, so they must not fill the memory.
_KEPT: Final = 64
#: An answer is kept if the request has at most so many characters in its origin, method and names of fields together.
_KEPT_LENGTH: Final = 1024

#: Fields of an answer, in lower case, that decide what is added to it: see :meth:`CORSPolicy.apply`.
_DECISIVE: Final = frozenset({
    "vary", "access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers",
})  # fmt: skip


class FieldsOnTheWay:
    """Header fields in the form of each protocol: ``pairs`` of text for WSGI, ``raw`` pairs of bytes for ASGI."""

    __slots__ = ("pairs", "raw")

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self.raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


class PreflightAnswer:
    """The whole answer to a preflight request. ``text`` says in plain words why a request is refused.

    ``reason`` is the status with its phrase, ``sent`` has all fields that are sent, and ``body`` is the text in bytes.
    """

    __slots__ = ("body", "headers", "reason", "sent", "status", "text")

    def __init__(self, status: int, headers: list[tuple[str, str]], text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text
        response = BaseResponse(text, status, headers)
        answer = response.outgoing("OPTIONS")
        assert isinstance(answer, WholeAnswer)  # the body is text
        self.reason = response.status
        self.sent = FieldsOnTheWay(answer.headers)
        self.body = answer.body


class CORSPolicy:
    """Decides which origins may read which answers. :class:`cardan.CORS` describes the arguments and what is raised."""

    __slots__ = (
        "_added",
        "_answers",
        "_any_header",
        "_any_method",
        "_any_origin",
        "_credentials",
        "_expose",
        "_headers",
        "_max_age",
        "_methods",
        "_origins",
        "_patterns",
        "_private_network",
        "_refusing",
    )

    def __init__(
        self,
        origins: Iterable[str | re.Pattern[str]] | str,
        methods: Iterable[str] | str,
        headers: Iterable[str] | str,
        expose: Iterable[str] | str,
        credentials: bool,
        max_age: timedelta | int | None,
        private_network: bool,
    ) -> None:
        given = _listed_origins(origins)
        self._any_origin = "*" in given
        self._origins = frozenset(_checked_origin(each) for each in given if isinstance(each, str) and each != "*")
        self._patterns = tuple(each for each in given if isinstance(each, re.Pattern))
        self._methods = _tokens("methods", methods)
        for name in self._methods:
            if name not in _NORMALIZED and name.upper() in _NORMALIZED:
                raise ValueError(f"got the method {name!r}, expected {name.upper()!r}, which is what browsers send")
        self._headers = _tokens("headers", headers)
        self._expose = ", ".join(_tokens("expose", expose))
        self._any_method = "*" in self._methods
        self._any_header = "*" in self._headers
        self._credentials = credentials
        self._private_network = private_network
        check_type("credentials", credentials, bool, "a bool")
        check_type("private_network", private_network, bool, "a bool")
        self._max_age = _seconds(max_age)
        if credentials and self._any_origin:
            raise ValueError(
                "got the origin '*' with credentials=True, expected each origin by its name: every site could read what"
                " the application shows its users (Fetch section 3.3.5)"
            )
        if credentials and self._expose == "*":
            raise ValueError("got expose='*' with credentials=True, expected the names of the fields")
        self._answers: dict[tuple[str, str, str, bool], PreflightAnswer] = {}
        self._added: dict[str | None, FieldsOnTheWay] = {}
        self._refusing = FieldsOnTheWay([("Vary", "Origin")])

    def preflight(self, method: str, asked: HeadersView) -> PreflightAnswer | None:
        """The answer to a preflight request; None for any other request, which the application answers.

        A preflight request is an OPTIONS with Origin and Access-Control-Request-Method (Fetch section 3.3.2). It is a
        question of the browser about this policy. The application never sees it.
        """
        if method != "OPTIONS":
            return None
        wanted, origin = asked.get("Access-Control-Request-Method"), asked.get("Origin")
        if wanted is None or origin is None:
            return None
        names = asked.get("Access-Control-Request-Headers") or ""
        asks_private = asked.get("Access-Control-Request-Private-Network") == "true"
        question = origin, wanted, names, asks_private
        answer = self._answers.get(question)
        if answer is None:
            answer = self._decide(*question)
            if len(origin) + len(wanted) + len(names) <= _KEPT_LENGTH:
                _keep(self._answers, question, answer)
        return answer

    def _decide(self, asked_origin: str, wanted: str, asked_names: str, asks_private: bool) -> PreflightAnswer:
        fields: list[tuple[str, str]] = [("Vary", ", ".join(_PREFLIGHT_FIELDS))]
        origin = self._allowed_origin(asked_origin)
        if origin is None:
            return PreflightAnswer(403, fields, "The origin is not allowed.")
        fields.append((_ALLOW_ORIGIN, origin))
        if self._credentials:
            fields.append(("Access-Control-Allow-Credentials", "true"))
        # "*" does not stand for every method in an answer with credentials, and never for Authorization: the names that
        # were asked for do (Fetch sections 3.3.3 and 3.3.5)
        if self._any_method and is_token(wanted):
            fields.append(("Access-Control-Allow-Methods", wanted))
        elif self._methods:
            fields.append(("Access-Control-Allow-Methods", ", ".join(self._methods)))
        names = HeaderSet.from_header(asked_names)
        if self._any_header and names and all(map(is_token, names)):
            fields.append(("Access-Control-Allow-Headers", ", ".join(names)))
        elif self._headers and not self._any_header:
            fields.append(("Access-Control-Allow-Headers", ", ".join(self._headers)))
        if not (is_token(wanted) if self._any_method else wanted in self._methods):
            return PreflightAnswer(403, fields, "The method is not allowed for this origin.")
        if not (all(map(is_token, names)) if self._any_header else self._has(names)):
            return PreflightAnswer(403, fields, "A header field is not allowed for this origin.")
        if asks_private:
            if not self._private_network:
                return PreflightAnswer(403, fields, "Requests from a public to a private network are not allowed.")
            fields.append(("Access-Control-Allow-Private-Network", "true"))
        if self._max_age is not None:
            fields.append(("Access-Control-Max-Age", self._max_age))
        return PreflightAnswer(204, fields, "")

    def added(self, asked: HeadersView, names: Iterable[str]) -> FieldsOnTheWay | None:
        """The fast path of :meth:`apply`: the fields that are added to an answer whose fields have these ``names``.

        The names are in lower case. None if the answer has a field that decides what is added.
        """
        if not _DECISIVE.isdisjoint(names):
            return None
        origin = None if self._any_origin else asked.get("Origin")
        added = self._added.get(origin)
        if added is None:
            if self._allowed_origin(origin) is None:
                return self._refusing
            fields = trusted_headers([])
            self._apply(origin, fields)
            added = FieldsOnTheWay(pairs_of(fields))
            if len(origin or "") <= _KEPT_LENGTH:
                _keep(self._added, origin, added)
        return added

    def apply(self, asked: HeadersView, headers: Headers) -> None:
        """Set the fields of an answer. ``asked`` are the fields of the request.

        An answer that has an Access-Control-Allow-Origin keeps its own fields: the application made an exception.
        """
        self._apply(asked.get("Origin"), headers)

    def _apply(self, asked_origin: str | None, headers: Headers) -> None:
        if not self._any_origin:  # also without an Origin: a cache may keep this answer for other origins
            add_vary(headers, "Origin")
        if _ALLOW_ORIGIN in headers:
            return
        origin = self._allowed_origin(asked_origin)
        if origin is None:
            return
        headers[_ALLOW_ORIGIN] = origin
        if self._credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
        if self._expose and "Access-Control-Expose-Headers" not in headers:
            headers["Access-Control-Expose-Headers"] = self._expose

    def _allowed_origin(self, asked: str | None) -> str | None:
        """The value of Access-Control-Allow-Origin. None if the origin of the request is not allowed.

        ``asked`` is the field Origin of the request. Several origins that are joined by a comma are not an origin. If
        every origin is allowed, the value is the same for a request without an origin, so that a cache may keep the
        answer for all.
        """
        if self._any_origin:
            return "*"
        origin = parse_origin(asked)
        if origin is None:
            return None
        if origin in self._origins or any(pattern.fullmatch(origin) for pattern in self._patterns):
            return origin
        return None

    def _has(self, names: HeaderSet) -> bool:
        allowed = {name.lower() for name in self._headers}
        return all(name.lower() in allowed for name in names)


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value


def _listed_origins(origins: Iterable[str | re.Pattern[str]] | str) -> tuple[str | re.Pattern[str], ...]:
    one = isinstance(origins, (str, re.Pattern))
    given = (origins,) if one else listed("origins", origins, "'*', an origin, or an iterable of origins")
    for each in given:
        if not isinstance(each, (str, re.Pattern)):
            raise TypeError(f"got an origin of type {type(each).__name__}, expected a str or a compiled pattern")
        if isinstance(each, re.Pattern) and not isinstance(each.pattern, str):
            raise TypeError(f"got {each!r} in origins, expected a pattern of text")
    return given


def _seconds(max_age: timedelta | int | None) -> str | None:
    """The value of Access-Control-Max-Age, None if no age is given. Raises an error for a wrong type or number."""
    check_type("max_age", max_age, (int, timedelta, NoneType), "a number of seconds, a timedelta or None")
    if max_age is None:
        return None
    seconds = max_age.total_seconds() if isinstance(max_age, timedelta) else max_age
    if seconds < 0:
        raise ValueError(f"got the max_age {max_age!r}, expected a number of seconds that is not negative")
    if seconds > _MAX_AGE:
        raise ValueError(f"got the max_age {max_age!r}, expected at most {_MAX_AGE} seconds")
    return str(int(seconds))


def _checked_origin(origin: str) -> str:
    """``origin`` if browsers send it in this form. Raises :exc:`ValueError` if no request can ever have it."""
    scheme, _, host = origin.partition("://")
    if "*" in host:
        pattern = "[^./]+".join(map(re.escape, origin.split("*")))
        raise ValueError(
            f"got the origin {origin!r}, expected each origin by its name, or a pattern: re.compile({pattern!r})"
        )
    usual = origin.isascii() and origin == origin.lower() and parse_origin(origin) is not None
    if not usual or (origin != "null" and valid_host(host, scheme) != host):
        raise ValueError(
            f"got the origin {origin!r}, expected '*', 'null' or scheme://host[:port] as browsers send it: in lower"
            " case, without a path, without the default port, and with no port above 65535"
        )
    return origin


def _tokens(option: str, given: Iterable[str] | str) -> tuple[str, ...]:
    if isinstance(given, str):
        if given != "*":
            raise TypeError(f"got the text {given!r} for {option}, expected '*' or an iterable of names")
        return ("*",)
    names = listed(option, given, "'*' or an iterable of names")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"got a name of type {type(name).__name__} in {option}, expected a str")
        if not is_token(name):
            raise ValueError(f"got the name {name!r} in {option}, expected a token")
    return ("*",) if "*" in names else names
