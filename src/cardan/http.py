"""Functions that parse and write header fields, under the names of Werkzeug.

A field value is a string with one character for each byte, or None for a field that was not sent. Parsers never raise.
Writers raise :exc:`ValueError` for a value that a header field must not contain.

The classes of header values are in :mod:`cardan.datastructures`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from .core._checks import check_type, listed
from .core.fields import _accept, _cache_control, _content_range, _csp, _etags, _header_set, _ranges
from .core.fields._cookies import dump_cookie
from .core.fields._cookies import parse_cookie as _cookies
from .core.fields._cors import parse_origin
from .core.fields._dates import http_date, parse_date
from .core.fields._durations import dump_age, dump_retry_after, parse_age, parse_retry_after
from .core.fields._etags import quote_etag, unquote_etag
from .core.fields._lists import dump_dict as _dump_dict
from .core.fields._lists import dump_list as _dump_list
from .core.fields._lists import parse_dict as parse_dict_header
from .core.fields._lists import parse_list as parse_list_header
from .core.fields._media_types import extract_media_type, parse_media_type
from .core.fields._options import dump_options as _dump_options
from .core.fields._options import parse_options as parse_options_header
from .core.fields._syntax import quote as _quote
from .core.fields._syntax import quote_if_needed as _quote_if_needed
from .core.fields._syntax import unquote as unquote_header_value
from .core.structures import _headers, _multidict

if TYPE_CHECKING:
    from .core._response.conditional import RequestLike

__all__ = [
    "check_preconditions",
    "dump_age",
    "dump_cookie",
    "dump_header",
    "dump_options_header",
    "dump_retry_after",
    "extract_media_type",
    "generate_etag",
    "http_date",
    "is_byte_range_valid",
    "is_entity_header",
    "is_hop_by_hop_header",
    "is_resource_modified",
    "parse_accept_header",
    "parse_age",
    "parse_cache_control_header",
    "parse_content_range_header",
    "parse_cookie",
    "parse_csp_header",
    "parse_date",
    "parse_dict_header",
    "parse_etags",
    "parse_if_range_header",
    "parse_list_header",
    "parse_media_type",
    "parse_options_header",
    "parse_origin",
    "parse_range_header",
    "parse_retry_after",
    "parse_set_header",
    "quote_etag",
    "quote_header_value",
    "remove_entity_headers",
    "remove_hop_by_hop_headers",
    "unquote_etag",
    "unquote_header_value",
]

A = TypeVar("A", bound=_accept.Accept)
C = TypeVar("C", bound=_cache_control.CacheControl)
T = TypeVar("T")

# RFC 9110 section 8, and the fields of RFC 2616 section 7.1 that RFC 9110 no longer lists
_ENTITY: Final = frozenset(
    [
        "allow",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-md5",
        "content-range",
        "content-type",
        "expires",
        "last-modified",
    ]
)
# RFC 9110 section 7.6.1 and RFC 2616 section 13.5.1
_HOP_BY_HOP: Final = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)


def quote_header_value(value: object, allow_token: bool = True) -> str:
    """Return ``value`` as a quoted-string (RFC 9110 section 5.6.4). With ``allow_token``, a token is not quoted.

    Raises :exc:`ValueError` for control characters and for characters beyond U+00FF.

    >>> quoted = quote_header_value("ab", allow_token=False)
    >>> quote_header_value("a b"), quote_header_value("ab"), quoted
    ('"a b"', 'ab', '"ab"')
    """
    return _quote_if_needed(str(value)) if allow_token else _quote(str(value))


@overload
def dump_header(iterable: Mapping[str, str | int | None]) -> str: ...
@overload
def dump_header(iterable: Iterable[object]) -> str: ...
def dump_header(iterable: Any) -> str:
    """Return an iterable as the value of a list field (RFC 9110 section 5.6.1).

    A mapping gives ``name=value`` pairs; a value of None gives only the name. A value that is not a token is quoted.
    Raises :exc:`ValueError` for a name that is not a token and for control characters, and :exc:`TypeError` for a str.

    >>> dump_header({"max-age": 60, "private": None}), dump_header(["a", "b c"])
    ('max-age=60, private', 'a, "b c"')
    """
    if isinstance(iterable, Mapping):
        return _dump_dict(iterable)
    return _dump_list(map(str, listed("iterable", iterable, "a mapping, or an iterable of members")))


def dump_options_header(header: str | None, options: Mapping[str, str | int | None]) -> str:
    """Return ``header`` with its parameters (RFC 9110 section 5.6.6). A parameter that is None is left out.

    If ``header`` is None, only the parameters are returned. Raises :exc:`ValueError` for a value that a header field
    must not contain.

    >>> dump_options_header("attachment", {"filename": "a b.txt"})
    'attachment; filename="a b.txt"'
    """
    if header is None:
        return _dump_options("", options).removeprefix("; ")
    return _dump_options(header, options)


@overload
def parse_accept_header(value: str | None) -> _accept.Accept: ...
@overload
def parse_accept_header(value: str | None, cls: type[A]) -> A: ...
def parse_accept_header(value: str | None, cls: Any = _accept.Accept) -> Any:
    """Parse one of the Accept fields (RFC 9110 section 12.5) into an object of ``cls``."""
    return cls.from_header(value)


@overload
def parse_cache_control_header(value: str | None) -> _cache_control.RequestCacheControl: ...
@overload
def parse_cache_control_header(value: str | None, *, cls: type[C]) -> C: ...
def parse_cache_control_header(value: str | None, *, cls: Any = _cache_control.RequestCacheControl) -> Any:
    """Parse Cache-Control (RFC 9111 section 5.2) into an object of ``cls``."""
    return cls.from_header(value)


def parse_csp_header(value: str | None) -> _csp.ContentSecurityPolicy:
    """Parse Content-Security-Policy (W3C CSP Level 3)."""
    return _csp.ContentSecurityPolicy.from_header(value)


def parse_set_header(value: str | None) -> _header_set.HeaderSet:
    """Parse a list field (RFC 9110 section 5.6.1) into a set that ignores case."""
    return _header_set.HeaderSet.from_header(value)


def parse_if_range_header(value: str | None) -> _ranges.IfRange:
    """Parse If-Range (RFC 9110 section 13.1.5)."""
    return _ranges.IfRange.from_header(value)


def parse_range_header(value: str | None) -> _ranges.Range | None:
    """Parse Range (RFC 9110 section 14.2). None and an invalid value give None."""
    return _ranges.Range.from_header(value)


def parse_content_range_header(value: str | None) -> _content_range.ContentRange | None:
    """Parse Content-Range (RFC 9110 section 14.4). None and an invalid value give None."""
    return _content_range.ContentRange.from_header(value) or None


def is_byte_range_valid(start: int | None, stop: int | None, length: int | None) -> bool:
    """Return whether the bytes from ``start`` to before ``stop``, of ``length`` bytes, are a valid Content-Range."""
    try:
        _content_range.ContentRange("bytes", start, stop, length)
    except ValueError:
        return False
    return True


def parse_etags(value: str | None) -> _etags.ETags:
    """Parse If-Match or If-None-Match (RFC 9110 section 13.1)."""
    return _etags.ETags.from_header(value)


def generate_etag(data: bytes) -> str:
    """Return an opaque tag, a digest of ``data``, without quotes. Another version of cardan may use another digest."""
    from hashlib import blake2b

    return blake2b(data, digest_size=16, usedforsecurity=False).hexdigest()


def is_resource_modified(
    environ: Mapping[str, Any],
    etag: str | None = None,
    data: bytes | None = None,
    last_modified: datetime | str | None = None,
) -> bool:
    """Return whether a request must be answered with the content (RFC 9110 section 13.2.2).

    The result is False if the response is a 304 or a 412.

    :param environ: the WSGI environ of the request.
    :param etag: the entity tag of the content, with or without quotes.
    :param data: the content, from which the entity tag is computed. :exc:`TypeError` is raised if ``etag`` is given
        too.
    :param last_modified: when the content was last modified, as a datetime or a date in the format of HTTP. A
        naive datetime is in UTC. :exc:`ValueError` is raised for a text that is no date.
    """
    from .core._response.conditional import Conditions, Representation, decide

    if data is not None:
        if etag is not None:
            raise TypeError("got both etag and data, expected one of them")
        etag = quote_etag(generate_etag(data))
    get = environ.get
    asked = Conditions(
        get("HTTP_IF_MATCH"),
        get("HTTP_IF_UNMODIFIED_SINCE"),
        get("HTTP_IF_NONE_MATCH"),
        get("HTTP_IF_MODIFIED_SINCE"),
    )
    there = Representation(etag=etag, last_modified=_moment(last_modified))
    return decide(get("REQUEST_METHOD", "GET"), asked, there).status is None


def check_preconditions(
    request: RequestLike | Mapping[str, Any],
    *,
    etag: str | None = None,
    last_modified: datetime | str | None = None,
    exists: bool = True,
) -> None:
    """Raise :exc:`PreconditionFailed` (412) if the conditions of a request fail (RFC 9110 section 13.2.2).

    Call it before a PUT, PATCH or DELETE changes what is stored. For GET and HEAD a 304 is no failure: use
    :meth:`make_conditional() <cardan.Response.make_conditional>`.

    :param request: a request, a WSGI environ or an ASGI scope.
    :param etag: the entity tag of what is stored now: ``"v1"``, ``W/"v1"``, or without quotes.
    :param last_modified: when it was last modified, as a datetime or a date in the format of HTTP. A naive datetime is
        in UTC. :exc:`ValueError` is raised for a text that is no date.
    :param exists: False if nothing is stored.
    """
    from .core._exceptions import PreconditionFailed
    from .core._response.conditional import Conditions, Representation, decide
    from .core._response.etag import head_of

    method, headers = head_of(request)
    there = Representation(etag=etag, last_modified=_moment(last_modified), exists=exists)
    if decide(method, Conditions.from_headers(headers), there).status == 412:
        raise PreconditionFailed


def _moment(when: datetime | str | None) -> datetime | None:
    check_type("last_modified", when, (datetime, str, NoneType), "a datetime, a date of HTTP or None")
    if not isinstance(when, str):
        return when
    found = parse_date(when)
    if found is None:  # a condition that is left out would let a change through
        raise ValueError(f"got last_modified = {when!r}, expected a date of HTTP")
    return found


@overload
def parse_cookie(header: str | Mapping[str, Any] | None) -> _multidict.MultiDict[str, str]: ...
@overload
def parse_cookie(header: str | Mapping[str, Any] | None, cls: Callable[[list[tuple[str, str]]], T]) -> T: ...
def parse_cookie(
    header: str | Mapping[str, Any] | None, cls: Callable[[list[tuple[str, str]]], object] = _multidict.MultiDict
) -> object:
    """Parse a Cookie field value, or the one in a WSGI environ (RFC 6265bis).

    ``cls`` is called with a list of pairs of name and value, and its result is returned.

    >>> parse_cookie("a=1; b=2; a=3").getlist("a")
    ['1', '3']
    """
    text = header if header is None or isinstance(header, str) else header.get("HTTP_COOKIE")
    return cls(_cookies(text))


def is_entity_header(header: str) -> bool:
    """Return whether a field describes the content of a message (RFC 9110 section 8). ``header`` is its name."""
    return header.lower() in _ENTITY


def is_hop_by_hop_header(header: str) -> bool:
    """Return whether a field is for a single connection (RFC 9110 section 7.6.1). ``header`` is its name.

    PEP 3333 forbids these fields in a WSGI response.
    """
    return header.lower() in _HOP_BY_HOP


def remove_entity_headers(
    headers: _headers.Headers | list[tuple[str, str]], allowed: Iterable[str] = ("expires", "content-location")
) -> None:
    """Remove the fields that describe the content from ``headers``, except the names in ``allowed``.

    Raises :exc:`TypeError` for a str as ``allowed``.
    """
    keep = {name.lower() for name in listed("allowed", allowed, "an iterable of names")}
    headers[:] = [field for field in _pairs(headers) if not is_entity_header(field[0]) or field[0].lower() in keep]


def remove_hop_by_hop_headers(headers: _headers.Headers | list[tuple[str, str]]) -> None:
    """Remove the fields that are for a single connection from ``headers``."""
    headers[:] = [field for field in _pairs(headers) if not is_hop_by_hop_header(field[0])]


def _pairs(headers: _headers.Headers | list[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return headers.items() if isinstance(headers, _headers.Headers) else headers


def __dir__() -> list[str]:
    return sorted(__all__)


# help() and pickles name these functions as users import them
for _function in (
    *(dump_age, dump_cookie, dump_retry_after, extract_media_type, http_date, parse_age, parse_date, parse_media_type),
    *(parse_origin, parse_retry_after, quote_etag, unquote_etag),
):
    _function.__module__ = __name__
