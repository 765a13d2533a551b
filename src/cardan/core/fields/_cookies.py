r"""Cookies: parsing the Cookie field and writing the Set-Cookie field (RFC 6265bis, draft-ietf-httpbis-rfc6265bis).

Parsing takes linear time and never raises. Only ``;`` separates cookies, and only spaces and tabs are stripped. Quotes
around a value are taken off, as other server libraries do, which write them; for browsers they are part of the value
(section 4.1.1). Writing raises :exc:`ValueError` for a cookie that a browser would refuse or misread.

A value with characters that a cookie must not contain is written between quotes, with each such byte as ``\ooo``
(three octal digits). Python's ``http.cookies`` and Werkzeug use the same form. The parser decodes it, and ``\"`` and
``\\``, which others write.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import isfinite
from time import struct_time

from .._checks import check_type
from .._urls import MAX_DOMAIN, idna_host
from ._dates import http_date, parse_date
from ._syntax import OWS, check_token, utf8_text

__all__ = ["cookie_identity", "dump_cookie", "parse_cookie", "prefix_demands"]

_is_plain = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*").fullmatch
_escapes = re.compile(rb'\\([0-3][0-7]{2}|["\\])').sub
_ends_escaped = re.compile(r'(?<!\\)(?:\\\\)*\\"\Z').search
_special = re.compile(rb"[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]").sub
_has_end = re.compile(r"[\x00-\x1f;\x7f]").search
_not_path = re.compile(rb"[^\x21\x24-\x3a\x3c-\x7e]").sub
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_\-]{0,61}[A-Za-z0-9_])?"
_is_domain = re.compile(rf"{_LABEL}(?:\.{_LABEL})*").fullmatch

#: Browsers ignore a cookie whose name and value together exceed this number of bytes (RFC 6265bis section 5.7).
MAX_SIZE = 4096
#: Browsers ignore an attribute whose value has more bytes (RFC 6265bis section 5.6).
MAX_ATTRIBUTE = 1024
#: Browsers ignore a date before this year (RFC 6265bis section 5.1.1).
FIRST_YEAR = 1601
_SAME_SITE = {"strict": "Strict", "lax": "Lax", "none": "None"}


def parse_cookie(header: str | None) -> list[tuple[str, str]]:
    """Return the cookies of a Cookie field value as pairs of name and value, in order, equal names included.

    The text is decoded as UTF-8; invalid bytes become U+FFFD. Browsers send a cookie without a name as ``value`` or as
    ``=value``. Both give the name ``""``, so that ``=__Host-a=b`` is not mistaken for the cookie ``__Host-a``.

    >>> parse_cookie("a=1; b=2")
    [('a', '1'), ('b', '2')]
    """
    if not header:
        return []
    header = utf8_text(header)
    cookies = []
    for pair in header.split(";"):
        name, equals, value = pair.partition("=")
        if equals:
            value = value.strip(OWS)
            if value[:1] == '"' and len(value) > 1 and value[-1] == '"':
                value = _unquote(value)
            cookies.append((name.strip(OWS), value))
        elif name := name.strip(OWS):
            cookies.append(("", name))
    return cookies


def _unquote(value: str) -> str:
    """The text between the quotes. A value whose last quote is escaped has no pair of quotes, and stays as it is."""
    if "\\" not in value:
        return value[1:-1]
    if _ends_escaped(value):
        return value
    return _escapes(_unescaped, value[1:-1].encode("utf-8", "replace")).decode("utf-8", "replace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    return bytes((int(escaped, 8),)) if len(escaped) == 3 else escaped


def dump_cookie(
    key: str,
    value: str = "",
    *,
    max_age: timedelta | int | None = None,
    expires: datetime | float | str | None = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: str | None = None,
    partitioned: bool = False,
) -> str:
    """Return a Set-Cookie field value (RFC 6265bis section 4.1).

    :param key: the name, a token.
    :param value: any text.
    :param max_age: how long the browser keeps the cookie, in seconds or as a timedelta. If it and ``expires`` are None,
        the browser keeps the cookie until it closes. Zero and less, written as 0, delete the cookie.
    :param expires: when the cookie ends: a datetime, seconds since 1970, or a date in the format of HTTP.
    :param path: the path of the URLs to which the browser sends the cookie, those below it included. None writes no
        attribute; the browser then uses the path of the request.
    :param domain: the domain to which the browser sends the cookie, with its subdomains. It may begin with a dot and
        contain non-ASCII letters, which are written as browsers do (UTS 46). None: only the host that sets the cookie.
    :param samesite: ``"Strict"``, ``"Lax"`` or ``"None"``, in upper or lower case.
    :param partitioned: whether the cookie belongs to the top-level site alone (CHIPS). It sets ``secure``, too.

    Raises :exc:`TypeError` for a value of another type, and :exc:`ValueError` for:

    * a text as ``expires`` that is no date, and a date before 1601
    * a ``path`` that does not begin with ``/``, a ``domain`` that is no host name, an attribute of more than 1024 bytes
    * a name that is not a token, and control characters or ``;`` in an attribute
    * a name and value of together more than 4096 bytes
    * ``SameSite=None`` without ``Secure``
    * a name with the prefix ``__Secure-``, ``__Host-``, ``__Http-`` or ``__Host-Http-`` if the cookie lacks an
      attribute that the prefix requires (RFC 6265bis sections 4.1.3 and 5.7)

    >>> dump_cookie("id", "42", max_age=3600, secure=True, httponly=True, samesite="Lax")
    'id=42; Max-Age=3600; Secure; HttpOnly; Path=/; SameSite=Lax'
    """
    check_type("key", key, str, "the name of a cookie as a str")
    if not isinstance(value, str):  # it may be a secret, so that it is not shown
        raise TypeError(f"got a cookie value of type {type(value).__name__}, expected a str")
    if not (key.isascii() and key.isalnum()):  # most names are; the test is cheaper than the pattern
        check_token(key, "cookie name")
    text = value if (value.isascii() and value.isalnum()) or _is_plain(value) else _escape(value)
    if len(key) + len(text) > MAX_SIZE:
        raise ValueError(f"got cookie {key!r} of {len(key) + len(text)} bytes, expected at most {MAX_SIZE}")
    if partitioned is True:
        secure = True
    if key.startswith("__"):
        _check_prefix(key, secure=secure, httponly=httponly, host_only=not domain and path == "/")
    ending = "" if expires is None else f"; Expires={_expires(expires)}"
    attributes = _usual_attributes if domain is None and path == "/" else _attributes
    return f"{key}={text}{ending}{attributes(max_age, path, domain, secure, httponly, samesite, partitioned)}"


def _attributes(
    max_age: timedelta | int | None,
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: str | None,
    partitioned: bool,
) -> str:
    for name, text in (("path", path), ("domain", domain), ("samesite", samesite)):
        if text is not None:
            check_type(name, text, str, "a str or None")
    for name, flag in (("secure", secure), ("httponly", httponly), ("partitioned", partitioned)):
        check_type(name, flag, bool, "a bool")
    out = f"; Domain={_domain(domain)}" if domain else ""
    if max_age is not None:
        check_type("max_age", max_age, (int, float, timedelta), "a number of seconds or a timedelta")
        out += f"; Max-Age={_seconds(max_age)}"
    if secure:
        out += "; Secure"
    if httponly:
        out += "; HttpOnly"
    if path is not None:
        out += "; Path=/" if path == "/" else f"; Path={_path(path)}"
    if samesite is not None:
        out += f"; SameSite={_same_site(samesite, secure)}"
    if partitioned:
        out += "; Partitioned"
    return out


# The attributes that an application sets again and again. The memo never holds a value that may belong to one user:
# the cookie's value, date, domain or path.
_usual_attributes = lru_cache(64, typed=True)(_attributes)  # typed: True equals 1, but 1 is refused


def _escape(value: str) -> str:
    data = _special(lambda found: b"\\%03o" % found[0][0], value.encode("utf-8", "surrogateescape"))
    return f'"{data.decode("ascii")}"'


def _seconds(max_age: timedelta | float) -> int:
    """The number of seconds, 0 for a negative one: Max-Age has no sign (RFC 6265bis section 4.1.1)."""
    if isinstance(max_age, timedelta):
        return max(max_age // timedelta(seconds=1), 0)
    if isinstance(max_age, float) and not isfinite(max_age):
        raise ValueError(f"got max_age {max_age!r}, expected a finite number of seconds")
    return max(int(max_age), 0)


def prefix_demands(key: str) -> tuple[bool, bool, bool]:
    """What the prefix of a cookie's name demands (RFC 6265bis section 4.1.3): that it is secure, that it has no domain
    and the path ``/``, and that scripts cannot read it.
    """
    name = key.lower()  # browsers compare the prefixes without regard to case (section 5.7)
    wants_host = name.startswith("__host-")
    wants_http = name.startswith(("__http-", "__host-http-"))
    return wants_host or wants_http or name.startswith("__secure-"), wants_host, wants_http


def cookie_identity(header: str) -> tuple[str, ...]:
    """What makes two Set-Cookie values the same cookie for a browser: name, domain, path (RFC 6265bis section 5.7), and
    whether it is partitioned (CHIPS).

    >>> cookie_identity("a=1; Domain=example.org; Path=/; Secure")
    ('a', 'example.org', '/', '')
    """
    pair, *attributes = header.split(";")
    found = {"domain": "", "path": "", "partitioned": ""}
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        if (name := name.strip(OWS).lower()) in found:
            found[name] = value.strip(OWS) if name != "partitioned" else name
    found["domain"] = found["domain"].removeprefix(".").lower()
    return (pair.partition("=")[0].strip(OWS), *found.values())


def _check_prefix(key: str, *, secure: bool, httponly: bool, host_only: bool) -> None:
    wants_secure, wants_host, wants_http = prefix_demands(key)
    if wants_secure and not secure:
        raise ValueError(f"got cookie {key!r} without secure=True, which its prefix promises")
    if wants_host and not host_only:
        raise ValueError(f"got cookie {key!r} with a domain or a path, expected no domain and path='/'")
    if wants_http and not httponly:
        raise ValueError(f"got cookie {key!r} without httponly=True, which its prefix promises")


def _expires(expires: datetime | float | str) -> str:
    if not isinstance(expires, str):
        check_type("expires", expires, (date, int, float, struct_time), "a datetime, a timestamp or a date of HTTP")
        text = http_date(expires)
    else:
        text = expires
    when = parse_date(text)
    if when is None or when.year < FIRST_YEAR:
        raise ValueError(f"got expires {expires!r}, expected a date such as 'Sun, 06 Nov 1994 08:49:37 GMT'")
    return http_date(when)


def _path(path: str) -> str:
    # Browsers compare the path with the path of a URL, so that it is percent-encoded. A character that would end the
    # attribute is refused instead.
    if _has_end(path):
        raise ValueError(f"got path {path!r}, expected no control characters and no ';'")
    if not path.startswith("/"):
        raise ValueError(f"got path {path!r}, expected one that begins with '/': browsers ignore any other")
    data = _not_path(lambda found: b"%%%02X" % found[0][0], path.encode("utf-8", "surrogateescape"))
    if len(data) > MAX_ATTRIBUTE:
        raise ValueError(
            f"got a path of {len(data)} bytes, expected at most {MAX_ATTRIBUTE}: browsers ignore a longer one"
        )
    return data.decode("ascii")


def _domain(domain: str) -> str:
    host = domain.removeprefix(".").removesuffix(".")
    if not host.isascii():
        host = idna_host(host)
    if not _is_domain(host) or len(host) > MAX_DOMAIN:
        raise ValueError(f"got domain {domain!r}, expected a host name")
    return host


def _same_site(samesite: str, secure: bool) -> str:
    try:
        name = _SAME_SITE[samesite.lower()]
    except KeyError:
        raise ValueError(f"got samesite {samesite!r}, expected 'Strict', 'Lax' or 'None'") from None
    if name == "None" and not secure:
        raise ValueError("got samesite 'None' without secure=True, which browsers refuse")
    return name
