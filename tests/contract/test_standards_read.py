"""What specifications require of a recipient: one row for each requirement, read on both protocols.

The name of a row begins with the specification and its section. docs/explanation/standards.toml names the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from cardan import Request
from cardan.datastructures import Authorization
from cardan.exceptions import HTTPException, SecurityError
from cardan.http import check_preconditions
from cardan.testing import PROTOCOLS, RequestBuilder

Row = tuple[dict[str, Any], Callable[[Request], Any], Any]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT_NOON = "Thu, 01 Jan 2026 12:00:00 GMT"


def sent(*fields: tuple[str, str], **options: Any) -> dict[str, Any]:
    """The options of a request with these header fields; a value is text of latin-1."""
    return {"headers": [(name.encode(), value.encode("latin-1")) for name, value in fields], **options}


def accept(value: str) -> dict[str, Any]:
    return sent(("Accept", value))


def form(body: bytes, kind: str = "application/x-www-form-urlencoded") -> dict[str, Any]:
    """The options of a request with a form."""
    return sent(("Content-Type", kind), method="POST", data=body)


def part(head: str, data: bytes = b"1") -> dict[str, Any]:
    """The options of a request with a form of one part."""
    return form(b"--B\r\n%s\r\n\r\n%s\r\n--B--\r\n" % (head.encode(), data), "multipart/form-data; boundary=B")


def pairs(request: Request) -> list[tuple[str, str]]:
    return list(request.form.items(multi=True))


def credentials(request: Request) -> tuple[Any, ...] | None:
    found: Authorization | None = request.authorization
    return found and (found.type, found.token or dict(found.parameters))


def names(request: Request) -> list[Any]:
    """The file name that the first file of a form has."""
    return [file.filename for _, file in request.files.items(multi=True)]


def refused(read: Callable[[Request], object]) -> Callable[[Request], int]:
    """The status of the error that reading raises, or 200."""

    def status(request: Request) -> int:
        try:
            read(request)
        except HTTPException as error:
            return error.code or 0
        return 200

    return status


def json(body: bytes, kind: str = "application/json") -> dict[str, Any]:
    return form(body, kind)


def precondition(**there: Any) -> Callable[[Request], int]:
    """The status with which a change of a resource with these validators is refused, or 200."""
    return refused(lambda request: check_preconditions(request, **there))


def trusted(request: Request) -> str:
    request.trusted_hosts = ["a.example"]
    try:
        return request.host
    except SecurityError:
        return "refused"


ROWS: dict[str, Row] = {
    # --- RFC 9110: fields ---
    "RFC 9110 2.5 version": (sent(http_version="2"), lambda r: r.http_version, "2"),
    "RFC 9110 4.2.1 default port": (sent(("Host", "a.example:80")), lambda r: r.url, "http://a.example/"),
    "RFC 9110 4.2.2 default port": (
        sent(("Host", "a.example:443"), base_url="https://a.example"),
        lambda r: r.url,
        "https://a.example/",
    ),
    "RFC 9110 4.2.1 another port": (sent(("Host", "a.example:443")), lambda r: r.url, "http://a.example:443/"),
    "RFC 9110 4.2.4 user information": (sent(("Host", "u:p@a.example")), lambda r: r.host, ""),
    "RFC 9110 5.1 names in any case": (sent(("x-CASE", "1")), lambda r: r.headers["X-Case"], "1"),
    "RFC 9110 5.2 several fields": (
        sent(("Accept", "text/html;q=0.1"), ("Accept", "text/plain")),
        lambda r: r.accept_mimetypes.best,
        "text/plain",
    ),
    "RFC 9110 5.3 order of fields": (
        sent(("X-A", "1"), ("X-B", "2"), ("X-A", "3")),
        lambda r: r.headers["X-A"].replace(" ", ""),
        "1,3",
    ),
    "RFC 9110 5.5 bytes beyond ASCII": (sent(("X-A", "\xe9\x80")), lambda r: r.headers["X-A"], "\xe9\x80"),
    "RFC 9110 5.6.1.2 empty members": (
        sent(("If-None-Match", ',, "a", ,"b",')),
        lambda r: r.if_none_match.as_set(),
        {"a", "b"},
    ),
    "RFC 9110 5.6.4 comma between quotes": (
        sent(("If-None-Match", '"a,b", "c"')),
        lambda r: r.if_none_match.as_set(),
        {"a,b", "c"},
    ),
    "RFC 9110 5.6.4 backslash between quotes": (
        sent(("Content-Type", 'text/plain; a="b\\"c\\\\"')),
        lambda r: r.mimetype_params["a"],
        'b"c\\',
    ),
    "RFC 9110 5.6.6 names of parameters": (
        sent(("Content-Type", "text/plain; CHARSET=x")),
        lambda r: r.mimetype_params["charset"],
        "x",
    ),
    "RFC 9110 5.6.6 token or quoted string": (
        sent(("Content-Type", 'text/plain; a="b"; c=d')),
        lambda r: dict(r.mimetype_params),
        {"a": "b", "c": "d"},
    ),
    "RFC 9110 5.6.7 IMF-fixdate": (sent(("If-Modified-Since", AT_NOON)), lambda r: r.if_modified_since, NOON),
    "RFC 9110 5.6.7 format of RFC 850": (
        sent(("If-Modified-Since", "Thursday, 01-Jan-26 12:00:00 GMT")),
        lambda r: r.if_modified_since,
        NOON,
    ),
    "RFC 9110 5.6.7 format of asctime": (
        sent(("If-Modified-Since", "Thu Jan  1 12:00:00 2026")),
        lambda r: r.if_modified_since,
        NOON,
    ),
    "RFC 9110 5.6.7 no date": (
        sent(("If-Modified-Since", "2026-01-01T12:00:00Z")),
        lambda r: r.if_modified_since,
        None,
    ),
    "RFC 9110 7.2 no host": (sent(("Host", "a.example/x")), lambda r: (r.host, r.path), ("", "/")),
    "RFC 9110 7.2 two hosts": (sent(("Host", "a.example"), ("Host", "b.example")), lambda r: r.host, ""),
    "RFC 9110 7.4 a host of another server": (sent(("Host", "b.example")), trusted, "refused"),
    "RFC 9110 7.4 a host of its own": (sent(("Host", "A.example")), trusted, "A.example"),
    "RFC 9110 7.6.2 digits": (sent(("Max-Forwards", "10")), lambda r: r.max_forwards, 10),
    "RFC 9110 7.6.2 no digits": (sent(("Max-Forwards", "-1")), lambda r: r.max_forwards, None),
    "RFC 9110 8.3.1 type in any case": (sent(("Content-Type", "TEXT/Html")), lambda r: r.mimetype, "text/html"),
    "RFC 9110 8.6 no digits": (sent(("Content-Length", "+1")), lambda r: r.content_length, None),
    "RFC 9110 9.3.1 a form of GET": (
        {**form(b"a=1"), "method": "GET"},
        lambda r: (pairs(r), list(r.values)),
        ([("a", "1")], []),
    ),
    "RFC 9110 10.1.3 Referer": (sent(("Referer", "/a?b#c")), lambda r: r.referrer, "/a?b#c"),
    "RFC 9110 10.1.5 User-Agent": (sent(("User-Agent", "a/1 (b (c))")), lambda r: r.user_agent.string, "a/1 (b (c))"),
    # --- RFC 9110: authentication ---
    "RFC 9110 11.1 scheme in any case": (sent(("Authorization", "BEARER abc")), credentials, ("bearer", "abc")),
    "RFC 9110 11.2 token68": (sent(("Authorization", "X a-._~+/0==")), credentials, ("x", "a-._~+/0==")),
    "RFC 9110 11.2 names in any case": (
        sent(("Authorization", "X Realm=a, realm=b")),
        credentials,
        ("x", {"realm": "a"}),
    ),
    "RFC 9110 11.4 no credentials": (sent(("Authorization", "a,b c")), credentials, None),
    "RFC 6750 2.1 no token": (sent(("Authorization", "Bearer a b")), credentials, None),
    "RFC 7617 2 colon": (
        sent(("Authorization", "Basic YTpiOmM=")),
        credentials,
        ("basic", {"username": "a", "password": "b:c"}),
    ),
    "RFC 7617 2 no colon": (sent(("Authorization", "Basic QQ==")), credentials, None),
    "RFC 7617 2 control character": (sent(("Authorization", "Basic YQE6Yg==")), credentials, None),
    "RFC 7617 2.1 UTF-8": (
        sent(("Authorization", "Basic dGVzdDoxMjPCow==")),
        credentials,
        ("basic", {"username": "test", "password": "123£"}),
    ),
    "RFC 7616 3.4 username*": (
        sent(("Authorization", "Digest username*=UTF-8''J%C3%A4s, realm=\"x\"")),
        lambda r: r.authorization.username,
        "Jäs",
    ),
    # --- RFC 9110: content negotiation ---
    "RFC 9110 12.4.1 no field": (sent(), lambda r: r.accept_languages.best_match(["de", "en"]), "de"),
    "RFC 9110 12.4.2 no weight": (accept("a/b;q=0.9, c/d"), lambda r: r.accept_mimetypes["c/d"], 1),
    "RFC 9110 12.4.2 weight of 0": (accept("a/b;q=0, */*"), lambda r: r.accept_mimetypes.best_match(["a/b"]), None),
    "RFC 9110 12.4.2 three decimals": (accept("a/b;q=0.125"), lambda r: r.accept_mimetypes["a/b"], 0.125),
    "RFC 9110 12.4.2 no weight at all": (accept("a/b;q=x, c/d;q=0.1"), lambda r: r.accept_mimetypes.best, "c/d"),
    "RFC 9110 12.4.3 wildcard": (
        sent(("Accept-Encoding", "gzip;q=0.1, *;q=0.2")),
        lambda r: r.accept_encodings.best_match(["gzip", "br"]),
        "br",
    ),
    "RFC 9110 12.5.1 the most specific range": (
        accept("text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, */*;q=0.5"),
        lambda r: [
            r.accept_mimetypes.quality(kind)
            for kind in ("text/plain;format=flowed", "text/plain", "text/html", "image/jpeg")
        ],
        [1, 0.7, 0.3, 0.5],
    ),
    "RFC 9110 12.5.3 identity": (
        sent(("Accept-Encoding", "gzip")),
        lambda r: r.accept_encodings.best_match(["identity"]),
        "identity",
    ),
    "RFC 9110 12.5.3 no identity": (
        sent(("Accept-Encoding", "*;q=0")),
        lambda r: r.accept_encodings.best_match(["identity"]),
        None,
    ),
    "RFC 9110 12.5.4 prefix": (sent(("Accept-Language", "en")), lambda r: r.accept_languages.quality("en-GB"), 1),
    # --- RFC 9110: conditional requests and ranges ---
    "RFC 9110 13.1.1 asterisk": (
        sent(("If-Match", "*"), method="PUT"),
        precondition(exists=False),
        412,
    ),
    "RFC 9110 13.1.1 strong comparison": (
        sent(("If-Match", 'W/"a"'), method="PUT"),
        precondition(etag='W/"a"'),
        412,
    ),
    "RFC 9110 13.1.1 equal": (sent(("If-Match", '"b", "a"'), method="PUT"), precondition(etag='"a"'), 200),
    "RFC 9110 13.1.2 what exists": (sent(("If-None-Match", "*"), method="PUT"), precondition(etag='"a"'), 412),
    "RFC 9110 13.1.2 what does not exist": (
        sent(("If-None-Match", "*"), method="PUT"),
        precondition(exists=False),
        200,
    ),
    "RFC 9110 13.1.2 weak comparison": (
        sent(("If-None-Match", 'W/"a"'), method="PUT"),
        precondition(etag='"a"'),
        412,
    ),
    "RFC 9110 13.1.3 other methods": (
        sent(("If-Modified-Since", AT_NOON), method="PUT"),
        precondition(last_modified=NOON),
        200,
    ),
    "RFC 9110 13.1.4 changed": (
        sent(("If-Unmodified-Since", AT_NOON), method="PUT"),
        precondition(last_modified=NOON.replace(hour=13)),
        412,
    ),
    "RFC 9110 13.1.4 beside If-Match": (
        sent(("If-Match", '"a"'), ("If-Unmodified-Since", AT_NOON), method="PUT"),
        precondition(etag='"a"', last_modified=NOON.replace(hour=13)),
        200,
    ),
    "RFC 9110 13.1.4 no date": (
        sent(("If-Unmodified-Since", "soon"), method="PUT"),
        precondition(last_modified=NOON),
        200,
    ),
    "RFC 9110 13.1.4 no time of change": (
        sent(("If-Unmodified-Since", AT_NOON), method="PUT"),
        precondition(etag='"a"'),
        200,
    ),
    "RFC 9110 14.1 unit in any case": (sent(("Range", "BYTES=0-1")), lambda r: r.range.units, "bytes"),
    "RFC 9110 14.1.1 set of ranges": (sent(("Range", "bytes=0-1, 4-, -2")), lambda r: len(r.range.ranges), 3),
    "RFC 9110 14.1.1 last before first": (sent(("Range", "bytes=0-1,5-2")), lambda r: r.range, None),
    "RFC 9110 14.1.2 suffix": (sent(("Range", "bytes=-500")), lambda r: r.range.resolve(10000), [(9500, 10000)]),
    "RFC 9110 14.1.2 long suffix": (sent(("Range", "bytes=-500")), lambda r: r.range.resolve(10), [(0, 10)]),
    "RFC 9110 14.1.2 beyond the end": (sent(("Range", "bytes=5-500")), lambda r: r.range.resolve(10), [(5, 10)]),
    "RFC 9110 17.10 underscore": (sent(("X_Real_IP", "1")), lambda r: r.headers.get("X-Real-IP"), None),
    # --- RFC 9111 ---
    "RFC 9111 1.2.2 large number": (
        sent(("Cache-Control", "max-age=1" + "0" * 20)),
        lambda r: r.cache_control.max_age,
        2**31,
    ),
    "RFC 9111 1.2.2 no number": (sent(("Cache-Control", "max-age=-1")), lambda r: r.cache_control.max_age, None),
    "RFC 9111 4.2.1 equal directives": (
        sent(("Cache-Control", "max-age=1, max-age=2")),
        lambda r: r.cache_control.max_age,
        1,
    ),
    "RFC 9111 5.2 names in any case": (sent(("Cache-Control", "No-Cache")), lambda r: r.cache_control.no_cache, True),
    "RFC 9111 5.2 quoted number": (sent(("Cache-Control", 'max-age="5"')), lambda r: r.cache_control.max_age, 5),
    "RFC 9111 5.2.1.1 max-age": (sent(("Cache-Control", "max-age=0")), lambda r: r.cache_control.max_age, 0),
    "RFC 9111 5.2.1.2 max-stale": (sent(("Cache-Control", "max-stale")), lambda r: r.cache_control.max_stale, True),
    "RFC 9111 5.2.1.2 max-stale with a number": (
        sent(("Cache-Control", "max-stale=5")),
        lambda r: r.cache_control.max_stale,
        5,
    ),
    "RFC 9111 5.2.1.3 min-fresh": (sent(("Cache-Control", "min-fresh=5")), lambda r: r.cache_control.min_fresh, 5),
    "RFC 9111 5.2.1.4 no-cache": (sent(("Cache-Control", "no-cache")), lambda r: r.cache_control.no_cache, True),
    "RFC 9111 5.2.1.5 no-store": (sent(("Cache-Control", "no-store")), lambda r: r.cache_control.no_store, True),
    "RFC 9111 5.2.1.6 no-transform": (
        sent(("Cache-Control", "no-transform")),
        lambda r: r.cache_control.no_transform,
        True,
    ),
    "RFC 9111 5.2.1.7 only-if-cached": (
        sent(("Cache-Control", "only-if-cached")),
        lambda r: r.cache_control.only_if_cached,
        True,
    ),
    "RFC 9111 5.2.3 unknown directive": (sent(("Cache-Control", "x=y")), lambda r: r.cache_control["x"], "y"),
    "RFC 9111 5.4 Pragma": (sent(("Pragma", "no-cache")), lambda r: "no-cache" in r.pragma, True),
    # --- cookies ---
    "RFC 6265bis 4.2.1 pairs": (
        sent(("Cookie", "SID=31d4d96e407aad42; lang=en-US")),
        lambda r: r.cookies.to_dict(),
        {"SID": "31d4d96e407aad42", "lang": "en-US"},
    ),
    "RFC 6265bis 4.2.2 all values of a name": (
        sent(("Cookie", "a=1; b=2; a=3")),
        lambda r: r.cookies.getlist("a"),
        ["1", "3"],
    ),
    "RFC 6265bis 5.8.3 spaces and tabs": (
        sent(("Cookie", " a\t=\t1 ;b=2")),
        lambda r: r.cookies.to_dict(),
        {"a": "1", "b": "2"},
    ),
    "RFC 6265bis 5.8.3 equals signs": (sent(("Cookie", "a=b=c")), lambda r: r.cookies["a"], "b=c"),
    "RFC 6265bis 5.8.3 no equals sign": (sent(("Cookie", "abc; d=1")), lambda r: r.cookies[""], "abc"),
    "RFC 6265bis 4.1.3 no prefix": (sent(("Cookie", "=__Host-a=1")), lambda r: r.cookies.get("__Host-a"), None),
    # --- forms ---
    "RFC 7578 4.2 name": (part('Content-Disposition: form-data; name="a"'), pairs, [("a", "1")]),
    "RFC 7578 4.2 UTF-8": (
        part('Content-Disposition: form-data; name="ü"; filename="€.txt"'),
        lambda r: [(name, file.filename) for name, file in r.files.items()],
        [("ü", "€.txt")],
    ),
    "RFC 7578 4.2 path": (part('Content-Disposition: form-data; name=a; filename="C:\\x\\b.txt"'), names, ["b.txt"]),
    "RFC 7578 4.2 no file chosen": (
        part('Content-Disposition: form-data; name=a; filename=""', b""),
        lambda r: bool(r.files["a"]),
        False,
    ),
    "RFC 7578 4.4 type of a file": (
        part('Content-Disposition: form-data; name=a; filename="b"\r\nContent-Type: image/png'),
        lambda r: r.files["a"].content_type,
        "image/png",
    ),
    "RFC 7578 4.6 _charset_": (
        form(b"_charset_=iso-8859-1&a=%E9"),
        lambda r: r.form.to_dict(),
        {"_charset_": "iso-8859-1", "a": "\ufffd"},
    ),
    "RFC 7578 4.7 transfer encoding": (
        part("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", b"MQ=="),
        pairs,
        [("a", "MQ==")],
    ),
    "WHATWG HTML 4.10.21.8 escapes": (
        part('Content-Disposition: form-data; name="a%22%0D%0A%41\\"'),
        pairs,
        [('a"\r\n%41\\', "1")],
    ),
    "WHATWG URL 5.1 pairs": (form(b"a=1;b=2&&c=3&c=4"), pairs, [("a", "1;b=2"), ("c", "3"), ("c", "4")]),
    "WHATWG URL 5.1 signs": (form(b"a+b=c%2Bd=e&f"), pairs, [("a b", "c+d=e"), ("f", "")]),
    "WHATWG URL 5.1 no escapes": (form(b"a=%zz%&b=%4"), pairs, [("a", "%zz%"), ("b", "%4")]),
    "WHATWG URL 5.1 no UTF-8": (form(b"a=%ff&%EF%BB%BFb=1"), pairs, [("a", "\ufffd"), ("\ufeffb", "1")]),
    "WHATWG URL 5.1 query": (
        {"path": b"/?a+b=%C3%BC&a+b=2&c&&d=1;e=2"},
        lambda r: list(r.args.items(multi=True)),
        [("a b", "ü"), ("a b", "2"), ("c", ""), ("d", "1;e=2")],
    ),
    # --- other fields ---
    "RFC 7239 4 names in any case": (sent(("Forwarded", "For=a;PROTO=https")), lambda r: r.forwarded[0].proto, "https"),
    "RFC 7239 4 several fields": (
        sent(("Forwarded", "for=a"), ("Forwarded", "for=b, for=c")),
        lambda r: [element.for_ for element in r.forwarded],
        ["a", "b", "c"],
    ),
    "RFC 7239 4 quoted": (
        sent(("Forwarded", 'for="[2001:db8::1]:80"')),
        lambda r: r.forwarded[0].for_,
        "[2001:db8::1]:80",
    ),
    "RFC 7239 5 all parameters": (
        sent(("Forwarded", "for=a;by=b;host=c;proto=http;secret=d")),
        lambda r: [(each.for_, each.by, each.host, each.proto, dict(each.extensions)) for each in r.forwarded],
        [("a", "b", "c", "http", {"secret": "d"})],
    ),
    "RFC 9651 2 invalid": (sent(("Content-Digest", "sha-256=:!:")), lambda r: dict(r.content_digest), {}),
    "RFC 9651 4.2 several fields": (
        sent(("Content-Digest", "a=:aGk=:"), ("Content-Digest", "b=:aGk=:")),
        lambda r: dict(r.content_digest),
        {"a": b"hi", "b": b"hi"},
    ),
    "RFC 9530 2 another type": (
        sent(("Content-Digest", "sha-256=:aGk=:, x=5")),
        lambda r: dict(r.content_digest),
        {"sha-256": b"hi"},
    ),
    "WHATWG HTML 9.2.4 last id": (sent(("Last-Event-ID", "7")), lambda r: r.last_event_id, "7"),
    "WHATWG Fetch 3.2 Origin": (
        sent(("Origin", "https://a.example:8443")),
        lambda r: str(r.origin),
        "https://a.example:8443",
    ),
    "WHATWG Fetch 3.2 no origin": (sent(("Origin", "https://a.example/x")), lambda r: r.origin, None),
    "WHATWG Fetch 3.3.2 preflight": (
        sent(
            ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "x-a, x-b"), method="OPTIONS"
        ),
        lambda r: (r.access_control_request_method, list(r.access_control_request_headers)),
        ("PUT", ["x-a", "x-b"]),
    ),
    # --- fields that are no lists ---
    "RFC 9110 5.3 two dates": (
        sent(("If-Modified-Since", AT_NOON), ("If-Modified-Since", AT_NOON)),
        lambda r: r.if_modified_since,
        None,
    ),
    "RFC 9110 5.3 two credentials": (
        sent(("Authorization", "Bearer a"), ("Authorization", "Bearer b")),
        credentials,
        None,
    ),
    "RFC 9110 5.3 two ranges": (sent(("Range", "bytes=0-1"), ("Range", "bytes=4-5")), lambda r: r.range, None),
    "RFC 9110 5.3 two lengths": (
        sent(("Content-Length", "1"), ("Content-Length", "2")),
        lambda r: r.content_length,
        None,
    ),
    "RFC 9110 5.3 two origins": (
        sent(("Origin", "https://a.example"), ("Origin", "https://b.example")),
        lambda r: r.origin,
        None,
    ),
    "RFC 9110 8.3 two types": (
        {**json(b"{}"), "headers": [(b"Content-Type", b"application/json"), (b"Content-Type", b"text/plain")]},
        refused(lambda r: r.json),
        415,
    ),
    "RFC 9110 8.3 type of another body": (json(b"{}", "text/plain"), refused(lambda r: r.json), 415),
    # --- JSON ---
    "RFC 8259 8.1 UTF-8": (json('{"a":"ü"}'.encode()), lambda r: r.json, {"a": "ü"}),
    "RFC 8259 8.1 no UTF-8": (json(b'"\xe9"'), refused(lambda r: r.json), 400),
    "RFC 8259 8.1 another encoding": (json("[]".encode("utf-16")), refused(lambda r: r.json), 400),
    "RFC 8259 8.1 byte order mark": (json(b"\xef\xbb\xbf[]"), lambda r: r.json, []),
    "RFC 8259 6 NaN": (json(b"[NaN]"), refused(lambda r: r.json), 400),
    "RFC 8259 6 Infinity": (json(b"[-Infinity]"), refused(lambda r: r.json), 400),
    "RFC 8259 6 digits": (json(b"1" * 10_000), refused(lambda r: r.json), 400),
    "RFC 8259 2 any value": (json(b" 5 "), lambda r: r.json, 5),
    "RFC 8259 2 no text": (json(b""), refused(lambda r: r.json), 400),
    "RFC 8259 2 comma at the end": (json(b"[1,]"), refused(lambda r: r.json), 400),
    "RFC 8259 4 equal names": (json(b'{"a":1,"a":2}'), lambda r: r.json, {"a": 2}),
    "RFC 8259 9 depth": (json(b"[" * 200_000), refused(lambda r: r.json), 400),
    "RFC 8259 11 charset parameter": (json(b"[]", "application/json; charset=x"), lambda r: r.json, []),
    "RFC 6839 3.1 suffix": (json(b"[]", "application/ld+json"), lambda r: r.json, []),
    # --- language ranges ---
    "RFC 4647 3.3.1 prefix at a hyphen": (
        sent(("Accept-Language", "de-de")),
        lambda r: [r.accept_languages.quality(tag) > 0 for tag in ("de-DE-1996", "de-Deva", "de")],
        [True, False, False],
    ),
    "RFC 4647 3.3.2 extended": (
        sent(("Accept-Language", "de-*-DE")),
        lambda r: r.accept_languages.filter(["de-DE", "de-Latn-DE", "de-x-DE", "de-Deva"], extended=True),
        ["de-DE", "de-Latn-DE"],
    ),
    "RFC 4647 3.4 lookup": (
        sent(("Accept-Language", "zh-Hant-CN-x-private1-private2")),
        lambda r: r.accept_languages.lookup(["zh", "zh-Hant"]),
        "zh-Hant",
    ),
    # --- fields of browsers ---
    "Fetch Metadata 2.2 mode": (sent(("Sec-Fetch-Mode", "navigate")), lambda r: str(r.sec_fetch_mode), "navigate"),
    "Fetch Metadata 2.3 site": (
        sent(("Sec-Fetch-Site", "same-site")),
        lambda r: str(r.sec_fetch_site),
        "same-site",
    ),
    "Fetch Metadata 2.3 unknown site": (sent(("Sec-Fetch-Site", "Same-Site")), lambda r: r.sec_fetch_site, None),
    "Fetch Metadata 2.4 user": (sent(("Sec-Fetch-User", "?1")), lambda r: r.sec_fetch_user, True),
    # --- other RFCs ---
    "RFC 9218 4 parameters": (
        sent(("Priority", "u=5, i")),
        lambda r: (r.priority.urgency, r.priority.incremental),
        (5, True),
    ),
    "RFC 9218 4.1 out of range": (
        sent(("Priority", "u=9, i")),
        lambda r: (r.priority.urgency, r.priority.incremental),
        (3, True),
    ),
    "RFC 9421 4.1 signature input": (
        sent(("Signature-Input", 'sig1=("@method");created=1')),
        lambda r: r.signature_input["sig1"].params["created"],
        1,
    ),
    # --- URLs ---
    "RFC 3986 2.1 no escape": ({"path": b"/a%zz"}, lambda r: r.path, "/a%zz"),
    "RFC 3986 2.2 escaped delimiter": (
        {"path": b"/a%3Fb%23c"},
        lambda r: (r.path, r.args, r.url),
        ("/a?b#c", {}, "http://testserver/a%3Fb%23c"),
    ),
    "RFC 3986 2.5 UTF-8": ({"path": b"/%C3%BC?q=%E2%82%AC"}, lambda r: (r.path, r.args["q"]), ("/ü", "€")),
    "RFC 3986 3.2.2 IPv6": (sent(("Host", "[::1]:8000")), lambda r: r.url, "http://[::1]:8000/"),
    "RFC 3986 3.2.2 no IPv6": (sent(("Host", "::1")), lambda r: r.host, ""),
    "RFC 3986 3.2.3 empty port": (sent(("Host", "a.example:")), lambda r: r.host, "a.example"),
    "RFC 3986 3.2.3 no port": (sent(("Host", "a.example:65536")), lambda r: r.host, ""),
    "RFC 3986 3.3 two slashes": (
        sent(("Host", "a.example"), path=b"//evil.example/x"),
        lambda r: r.url,
        "http://a.example/evil.example/x",
    ),
    "RFC 3986 3.3 escaped slash": ({"path": b"/a%2Fb"}, lambda r: (r.path, r.raw_path), ("/a/b", b"/a%2Fb")),
    "RFC 3986 3.4 question marks": ({"path": b"/a?b/c?d"}, lambda r: r.query_string, b"b/c?d"),
    "RFC 3986 7.6 backslash": (sent(("Host", "a.example\\@evil.example")), lambda r: r.host, ""),
    "RFC 3987 3.2 shown": ({"path": b"/%C3%BC%E2%80%AE%20"}, lambda r: r.url, "http://testserver/ü%E2%80%AE%20"),
}


@pytest.mark.parametrize("row", ROWS)
def test_row(row: str) -> None:
    """A request says what the specification says that it means, over both protocols."""
    options, read, expected = ROWS[row]
    for protocol in PROTOCOLS:
        builder = RequestBuilder(**options)
        if protocol == "wsgi":
            request = Request(builder.environ())
        else:
            request = Request(builder.scope(), builder.receive())
            if "data" in options:
                anyio.run(request.load)
        assert read(request) == expected, protocol
