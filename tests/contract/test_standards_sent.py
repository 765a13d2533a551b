"""What specifications require of a sender: one row for each requirement, answered on both protocols.

The name of a row begins with the specification and its section. docs/explanation/standards.toml names the rows.
The lint of each protocol checks every answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from cardan import CORS, Application, Compression, Request, Response, redirect
from cardan.datastructures import Challenge, ContentDisposition, Link
from cardan.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    PreconditionRequired,
    RequestedRangeNotSatisfiable,
    RequestHeaderFieldsTooLarge,
    ServiceUnavailable,
    TooEarly,
    TooManyRequests,
    Unauthorized,
    UnavailableForLegalReasons,
)
from cardan.testing import PROTOCOLS, Client, lint

Handler = Callable[[Request], Any]
Row = tuple[Handler | Any, dict[str, Any], Callable[[httpx.Response], Any], Any]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT_NOON = "Thu, 01 Jan 2026 12:00:00 GMT"
DATA = b"0123456789"
KEPT = {
    "Cache-Control": "max-age=60",
    "Content-Location": "/a.txt",
    "ETag": '"v1"',
    "Expires": AT_NOON,
    "Vary": "Accept",
}


def plain(*fields: tuple[str, str], status: int = 200, body: Any = "text") -> Handler:
    """A handler that answers with these fields."""
    return lambda request: Response(body, status, headers=list(fields))


def with_values(change: Callable[[Response], object], status: int = 200) -> Handler:
    """A handler whose response is changed by a function."""

    def handler(request: Request) -> Response:
        response = Response("text", status)
        change(response)
        return response

    return handler


def error(error: HTTPException) -> Handler:
    """A handler that raises an error."""

    def handler(request: Request) -> Response:
        raise error

    return handler


def ten_bytes(request: Request) -> Response:
    """Ten bytes with validators, in part if the request asks for a part."""
    response = Response(DATA, headers={**KEPT, "Content-Type": "text/plain", "Content-Language": "en"})
    response.last_modified = NOON
    return response.make_conditional(request, accept_ranges=True, complete_length=10)


def stream(request: Request) -> Response:
    """The same in two chunks."""

    def chunks() -> Iterator[bytes]:
        yield DATA[:4]
        yield DATA[4:]

    response = Response(chunks(), headers={**KEPT, "Content-Type": "text/plain"})
    return response.make_conditional(request, accept_ranges=True, complete_length=10)


def field(name: str) -> Callable[[httpx.Response], str | None]:
    return lambda answer: answer.headers.get(name)


def fields(*names: str) -> Callable[[httpx.Response], dict[str, str]]:
    """The status as text, and those of the fields that were sent."""
    return lambda answer: {name: answer.headers[name] for name in names if name in answer.headers}


def status(answer: httpx.Response) -> int:
    return answer.status_code


def status_and_body(answer: httpx.Response) -> tuple[int, bytes]:
    return answer.status_code, answer.content


def get(**headers: str) -> dict[str, Any]:
    """The options of a GET with these fields."""
    return {"headers": {name.replace("_", "-"): value for name, value in headers.items()}}


def asked(method: str, **headers: str) -> dict[str, Any]:
    return {"method": method, **get(**headers)}


def problem(answer: httpx.Response) -> tuple[str, Any]:
    return answer.headers["Content-Type"], answer.json()


def set_cookies(answer: httpx.Response) -> list[str]:
    return answer.headers.get_list("Set-Cookie")


def cookie(name: str = "a", value: str = "b", **options: Any) -> Handler:
    return with_values(lambda response: response.set_cookie(name, value, **options))


def compressed(handler: Handler) -> Compression:
    return Compression(Application(handler), minimum=1)


def shared(handler: Handler, **options: Any) -> CORS:
    return CORS(Application(handler), origins=["https://a.example"], **options)


ROWS: dict[str, Row] = {
    # --- RFC 9110: fields and content ---
    "RFC 9110 5.3 order of fields": (
        plain(("X-A", "1"), ("X-B", "2"), ("X-A", "3")),
        {},
        lambda answer: answer.headers.get_list("X-A"),
        ["1", "3"],
    ),
    "RFC 9110 5.3 Set-Cookie": (
        with_values(lambda response: (response.set_cookie("a"), response.set_cookie("b"))),
        {},
        lambda answer: len(set_cookies(answer)),
        2,
    ),
    "RFC 9110 5.6.7 IMF-fixdate": (
        with_values(lambda response: setattr(response, "expires", NOON)),
        {},
        field("Expires"),
        AT_NOON,
    ),
    "RFC 9110 6.4.1 HEAD": (plain(), asked("HEAD"), status_and_body, (200, b"")),
    "RFC 9110 6.4.1 204": (plain(status=204), {}, status_and_body, (204, b"")),
    "RFC 9110 6.4.1 304": (plain(status=304), {}, status_and_body, (304, b"")),
    "RFC 9110 8.3 type of text": (plain(), {}, field("Content-Type"), "text/plain; charset=utf-8"),
    "RFC 9110 8.6 length": (plain(), {}, field("Content-Length"), "4"),
    "RFC 9110 8.6 length of HEAD": (plain(), asked("HEAD"), field("Content-Length"), "4"),
    "RFC 9110 8.6 no length of 204": (plain(status=204), {}, field("Content-Length"), None),
    "RFC 9110 8.6 no length of 304": (plain(status=304), {}, field("Content-Length"), None),
    "RFC 9110 8.6 no length of a stream": (
        lambda request: Response(iter(["a", "b"])),
        {},
        field("Content-Length"),
        None,
    ),
    "RFC 9110 8.7 Content-Location": (
        with_values(lambda response: setattr(response, "content_location", "/ü")),
        {},
        field("Content-Location"),
        "/%C3%BC",
    ),
    "RFC 9110 8.8.3 weak tag": (
        with_values(lambda response: response.set_etag("a", weak=True)),
        {},
        field("ETag"),
        'W/"a"',
    ),
    "RFC 9110 9.3.2 fields of GET": (
        ten_bytes,
        asked("HEAD"),
        fields("Content-Type", "Content-Language", *KEPT),
        {"Content-Type": "text/plain", "Content-Language": "en", **KEPT},
    ),
    "RFC 9110 10.2.1 Allow": (error(MethodNotAllowed(valid_methods=["GET", "PUT"])), {}, field("Allow"), "GET, PUT"),
    "RFC 9110 10.2.2 relative Location": (lambda request: redirect("/ü?a=1"), {}, field("Location"), "/%C3%BC?a=1"),
    "RFC 9110 10.2.3 seconds": (
        error(ServiceUnavailable(retry_after=timedelta(minutes=2))),
        {},
        field("Retry-After"),
        "120",
    ),
    "RFC 9110 10.2.3 date": (error(ServiceUnavailable(retry_after=NOON)), {}, field("Retry-After"), AT_NOON),
    "RFC 9110 11.6.1 challenge": (
        error(Unauthorized(www_authenticate='Basic realm="a"')),
        {},
        lambda answer: (answer.status_code, answer.headers["WWW-Authenticate"]),
        (401, 'Basic realm="a"'),
    ),
    "RFC 9110 12.5.5 Vary of an error": (error(NotFound()), get(Accept="text/html"), field("Vary"), "Accept"),
    "RFC 9110 12.5.5 Vary of compression": (
        compressed(plain()),
        get(Accept_Encoding="identity"),
        field("Vary"),
        "Accept-Encoding",
    ),
    "RFC 9110 12.5.3 coding": (compressed(plain()), get(Accept_Encoding="gzip"), field("Content-Encoding"), "gzip"),
    "RFC 9110 12.5.3 no coding": (compressed(plain()), get(Accept_Encoding=""), field("Content-Encoding"), None),
    "RFC 9110 12.5.3 nothing acceptable": (
        compressed(plain()),
        get(Accept_Encoding="identity;q=0, x"),
        lambda answer: (*status_and_body(answer), answer.headers.get("Content-Encoding")),
        (200, b"text", None),
    ),
    "RFC 9110 9.3.2 coding of GET": (
        compressed(plain(("ETag", '"a"'))),
        asked("HEAD", Accept_Encoding="gzip"),
        fields("Content-Encoding", "ETag", "Vary"),
        {"Content-Encoding": "gzip", "ETag": 'W/"a"', "Vary": "Accept-Encoding"},
    ),
    "RFC 9110 7.7 no-transform": (
        compressed(plain(("Cache-Control", "no-transform"))),
        get(Accept_Encoding="gzip"),
        field("Content-Encoding"),
        None,
    ),
    "RFC 9110 8.8.3.3 tag of a coded answer": (
        compressed(plain(("ETag", '"a"'))),
        get(Accept_Encoding="gzip"),
        field("ETag"),
        'W/"a"',
    ),
    # --- RFC 9110: conditional requests and ranges ---
    "RFC 9110 13.1.1 GET": (ten_bytes, get(If_Match='"v0"'), status, 412),
    "RFC 9110 13.1.2 equal": (ten_bytes, get(If_None_Match='"v0", W/"v1"'), status, 304),
    "RFC 9110 13.1.2 asterisk": (ten_bytes, get(If_None_Match="*"), status, 304),
    "RFC 9110 13.1.2 HEAD": (ten_bytes, asked("HEAD", If_None_Match='"v1"'), status, 304),
    "RFC 9110 13.1.3 not changed": (ten_bytes, get(If_Modified_Since=AT_NOON), status, 304),
    "RFC 9110 13.1.3 beside If-None-Match": (
        ten_bytes,
        get(If_None_Match='"v0"', If_Modified_Since=AT_NOON),
        status,
        200,
    ),
    "RFC 9110 13.1.3 no date": (ten_bytes, get(If_Modified_Since="yesterday"), status, 200),
    "RFC 9110 13.1.4 changed": (ten_bytes, get(If_Unmodified_Since="Thu, 01 Jan 2026 11:59:59 GMT"), status, 412),
    "RFC 9110 13.1.5 equal tag": (ten_bytes, get(Range="bytes=0-1", If_Range='"v1"'), status, 206),
    "RFC 9110 13.1.5 weak tag": (ten_bytes, get(Range="bytes=0-1", If_Range='W/"v1"'), status_and_body, (200, DATA)),
    "RFC 9110 13.1.5 another tag": (ten_bytes, get(Range="bytes=0-1", If_Range='"v0"'), status_and_body, (200, DATA)),
    "RFC 9110 13.2.1 another status": (
        lambda request: Response("x", 404, headers={"ETag": '"v1"'}).make_conditional(request),
        get(If_None_Match='"v1"'),
        status,
        404,
    ),
    "RFC 9110 13.2.2 order": (ten_bytes, get(If_Match='"v1"', If_None_Match='"v1"', Range="bytes=0-1"), status, 304),
    "RFC 9110 14.2 HEAD": (ten_bytes, asked("HEAD", Range="bytes=0-1"), status, 200),
    "RFC 9110 14.2 unknown unit": (ten_bytes, get(Range="lines=0-1"), status_and_body, (200, DATA)),
    "RFC 9110 14.2 invalid": (ten_bytes, get(Range="bytes=1"), status_and_body, (200, DATA)),
    "RFC 9110 14.2 many ranges": (
        ten_bytes,
        get(Range="bytes=" + ",".join(["0-0"] * 100)),
        lambda answer: len(answer.content) <= 10,
        True,
    ),
    "RFC 9110 14.3 Accept-Ranges": (ten_bytes, {}, field("Accept-Ranges"), "bytes"),
    "RFC 9110 14.4 one range": (
        ten_bytes,
        get(Range="bytes=2-4"),
        lambda answer: (*status_and_body(answer), answer.headers["Content-Range"], answer.headers["Content-Length"]),
        (206, b"234", "bytes 2-4/10", "3"),
    ),
    "RFC 9110 14.1.2 suffix": (stream, get(Range="bytes=-2"), status_and_body, (206, b"89")),
    "RFC 9110 14.1.2 suffix of length 0": (ten_bytes, get(Range="bytes=-0"), status, 416),
    "RFC 9110 14.6 several ranges": (
        ten_bytes,
        get(Range="bytes=0-0,-1"),
        lambda answer: (
            answer.status_code,
            answer.headers["Content-Type"].partition(";")[0],
            answer.headers.get("Content-Range"),
            answer.content.count(b"Content-Type: text/plain\r\n"),
            answer.content.count(b"Content-Range: bytes "),
        ),
        (206, "multipart/byteranges", None, 2, 2),
    ),
    "RFC 9110 15.3.7 fields of a part": (ten_bytes, get(Range="bytes=0-1"), fields(*KEPT), KEPT),
    "RFC 9110 15.3.7 Date of a part": (
        ten_bytes,
        get(Range="bytes=0-1"),
        lambda answer: "Date" in answer.headers,
        True,
    ),
    "RFC 9110 15.3.7 fields of several parts": (ten_bytes, get(Range="bytes=0-0,-1"), fields(*KEPT), KEPT),
    "RFC 9110 15.4.5 fields that stay": (ten_bytes, get(If_None_Match='"v1"'), fields(*KEPT), KEPT),
    "RFC 9110 15.4.5 fields that go": (
        ten_bytes,
        get(If_None_Match='"v1"'),
        fields("Content-Type", "Content-Language", "Content-Length", "Last-Modified"),
        {},
    ),
    "RFC 9110 15.4.5 Date": (ten_bytes, get(If_None_Match='"v1"'), lambda answer: "Date" in answer.headers, True),
    "RFC 9110 15.5.17 length": (ten_bytes, get(Range="bytes=10-"), field("Content-Range"), "bytes */10"),
    "RFC 9110 15.5.17 length of an error": (
        error(RequestedRangeNotSatisfiable(length=5)),
        {},
        field("Content-Range"),
        "bytes */5",
    ),
    # --- RFC 9110: status codes ---
    "RFC 9110 15 unregistered code": (plain(status=299), {}, status, 299),
    "RFC 9110 15.3.6 no content": (
        plain(status=205),
        {},
        lambda answer: (*status_and_body(answer), answer.headers["Content-Length"]),
        (205, b"", "0"),
    ),
    "RFC 9110 15.4.2 301": (lambda request: redirect("/a", 301), {}, status, 301),
    "RFC 9110 15.4.4 303": (lambda request: redirect("/a", 303), {}, status, 303),
    "RFC 9110 15.4.9 308": (lambda request: redirect("/a", 308), {}, status, 308),
    "RFC 9110 15.4.2 note": (
        lambda request: redirect('/"><b>'),
        {},
        lambda answer: ("<a href=" in answer.text, "<b>" in answer.text),
        (True, False),
    ),
    "RFC 9110 15.6 explained": (
        error(ServiceUnavailable("back at noon")),
        {},
        lambda answer: (answer.status_code, "back at noon" in answer.text),
        (503, True),
    ),
    "RFC 9110 15.6 HEAD": (error(ServiceUnavailable("back at noon")), asked("HEAD"), status_and_body, (503, b"")),
    "RFC 9110 17.12 no name": (
        error(NotFound()),
        get(Accept="text/html"),
        lambda answer: "cardan" in (str(answer.headers) + answer.text).lower(),
        False,
    ),
    # --- RFC 9111 ---
    "RFC 9111 5.1 Age": (with_values(lambda response: setattr(response, "age", 60)), {}, field("Age"), "60"),
    "RFC 9111 5.2.2.1 max-age": (
        with_values(lambda response: setattr(response.cache_control, "max_age", timedelta(hours=1))),
        {},
        field("Cache-Control"),
        "max-age=3600",
    ),
    "RFC 9111 5.2.2.2 must-revalidate": (
        with_values(lambda response: setattr(response.cache_control, "must_revalidate", True)),
        {},
        field("Cache-Control"),
        "must-revalidate",
    ),
    "RFC 9111 5.2.2.4 no-cache with names": (
        with_values(lambda response: setattr(response.cache_control, "no_cache", "set-cookie")),
        {},
        field("Cache-Control"),
        'no-cache="set-cookie"',
    ),
    "RFC 9111 5.2.2.5 no-store": (
        with_values(lambda response: setattr(response.cache_control, "no_store", True)),
        {},
        field("Cache-Control"),
        "no-store",
    ),
    "RFC 9111 5.2.2.7 private with names": (
        with_values(lambda response: setattr(response.cache_control, "private", "x-a")),
        {},
        field("Cache-Control"),
        'private="x-a"',
    ),
    "RFC 9111 5.2.2.9 public": (
        with_values(lambda response: setattr(response.cache_control, "public", True)),
        {},
        field("Cache-Control"),
        "public",
    ),
    "RFC 9111 5.2.2.10 s-maxage": (
        with_values(lambda response: setattr(response.cache_control, "s_maxage", 5)),
        {},
        field("Cache-Control"),
        "s-maxage=5",
    ),
    "RFC 5861 3 stale-while-revalidate": (
        with_values(lambda response: setattr(response.cache_control, "stale_while_revalidate", 5)),
        {},
        field("Cache-Control"),
        "stale-while-revalidate=5",
    ),
    "RFC 5861 4 stale-if-error": (
        with_values(lambda response: setattr(response.cache_control, "stale_if_error", 5)),
        {},
        field("Cache-Control"),
        "stale-if-error=5",
    ),
    "RFC 8246 2 immutable": (
        with_values(lambda response: setattr(response.cache_control, "immutable", True)),
        {},
        field("Cache-Control"),
        "immutable",
    ),
    "RFC 9112 6.1 Transfer-Encoding": (
        plain(("Transfer-Encoding", "chunked")),
        {},
        lambda answer: (answer.headers.get("Transfer-Encoding"), answer.text),
        (None, "text"),
    ),
    "RFC 9110 13.1.5 without Range": (ten_bytes, get(If_Range='"v1"'), status_and_body, (200, DATA)),
    "RFC 9111 5.2.2.3 must-understand": (
        with_values(lambda response: setattr(response.cache_control, "must_understand", True)),
        {},
        field("Cache-Control"),
        "must-understand",
    ),
    "RFC 9111 5.2.2.6 no-transform": (
        with_values(lambda response: setattr(response.cache_control, "no_transform", True)),
        {},
        field("Cache-Control"),
        "no-transform",
    ),
    "RFC 9111 5.2.2.8 proxy-revalidate": (
        with_values(lambda response: setattr(response.cache_control, "proxy_revalidate", True)),
        {},
        field("Cache-Control"),
        "proxy-revalidate",
    ),
    "RFC 8259 8.1 UTF-8": (
        lambda request: Response.from_json({"a": "ü"}),
        {},
        lambda answer: (answer.headers["Content-Type"], answer.content),
        ("application/json", '{"a":"ü"}'.encode()),
    ),
    "RFC 9745 2 Deprecation": (
        with_values(lambda response: setattr(response, "deprecation", datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC))),
        {},
        field("Deprecation"),
        "@1688169599",
    ),
    "RFC 8594 3 Sunset": (
        with_values(lambda response: setattr(response, "sunset", NOON)),
        {},
        field("Sunset"),
        AT_NOON,
    ),
    "RFC 6585 4 429": (
        error(TooManyRequests(retry_after=60)),
        {},
        lambda answer: (answer.status_code, answer.headers["Retry-After"]),
        (429, "60"),
    ),
    "RFC 6585 3 428": (error(PreconditionRequired()), {}, status, 428),
    "RFC 6585 5 431": (error(RequestHeaderFieldsTooLarge()), {}, status, 431),
    "RFC 7725 3 451": (error(UnavailableForLegalReasons()), {}, status, 451),
    "RFC 8470 5.2 425": (error(TooEarly()), {}, status, 425),
    "CSP 3.2 policy that is reported": (
        with_values(
            lambda response: response.content_security_policy_report_only.update({"img-src": "*", "report-to": "a"})
        ),
        {},
        fields("Content-Security-Policy", "Content-Security-Policy-Report-Only"),
        {"Content-Security-Policy-Report-Only": "img-src *; report-to a"},
    ),
    "CSP 3.1 policy": (
        with_values(lambda response: response.content_security_policy.update({"default-src": "'self'"})),
        {},
        field("Content-Security-Policy"),
        "default-src 'self'",
    ),
    # --- cookies ---
    "RFC 6265bis 4.1.1 attributes": (
        cookie(expires=NOON, max_age=60, domain=".a.example", path="/x", secure=True, httponly=True, samesite="Strict"),
        {},
        lambda answer: sorted(set_cookies(answer)[0].split("; ")),
        [
            "Domain=a.example",
            f"Expires={AT_NOON}",
            "HttpOnly",
            "Max-Age=60",
            "Path=/x",
            "SameSite=Strict",
            "Secure",
            "a=b",
        ],
    ),
    "RFC 6265bis 4.1.1 value": (
        cookie(value="ü;,"),
        {},
        lambda answer: (set_cookies(answer)[0].isascii(), ";," in set_cookies(answer)[0]),
        (True, False),
    ),
    "RFC 6265bis 4.1.2 deleted": (
        with_values(lambda response: response.delete_cookie("a", path="/x", domain="a.example")),
        {},
        lambda answer: (
            {"Max-Age=0", "Path=/x", "Domain=a.example", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"}
            <= set(set_cookies(answer)[0].split("; "))
        ),
        True,
    ),
    "RFC 6265bis 4.1.3.2 __Host-": (
        cookie("__Host-a", secure=True),
        {},
        set_cookies,
        ["__Host-a=b; Secure; Path=/"],
    ),
    # --- other fields ---
    "RFC 6266 4.3 name beyond ASCII": (
        plain(("Content-Disposition", ContentDisposition(filename="Käse €.txt").to_header())),
        {},
        lambda answer: answer.headers["Content-Disposition"].partition("filename*=")[2],
        "UTF-8''K%C3%A4se%20%E2%82%AC.txt",
    ),
    "RFC 8288 3 link": (
        with_values(lambda response: response.link.append(Link("/b", rel="next", title="ü"))),
        {},
        field("Link"),
        "</b>; rel=next; title*=UTF-8''%C3%BC",
    ),
    "RFC 7616 3.3 challenge": (
        with_values(lambda response: response.www_authenticate.set_digest("r", "n", ("auth",)), 401),
        {},
        lambda answer: answer.headers["WWW-Authenticate"].startswith('Digest realm="r", nonce="n", qop="auth"'),
        True,
    ),
    "RFC 7616 3.3 quotes": (
        with_values(
            lambda response: response.www_authenticate.append(
                Challenge(
                    "digest",
                    {
                        "realm": "r",
                        "domain": "/a",
                        "nonce": "n",
                        "opaque": "o",
                        "qop": "auth",
                        "algorithm": "SHA-256",
                        "stale": "true",
                    },
                )
            ),
            401,
        ),
        {},
        lambda answer: sorted(answer.headers["WWW-Authenticate"].removeprefix("Digest ").split(", ")),
        ["algorithm=SHA-256", 'domain="/a"', 'nonce="n"', 'opaque="o"', 'qop="auth"', 'realm="r"', "stale=true"],
    ),
    "RFC 7617 2.1 charset": (
        with_values(lambda response: response.www_authenticate.set_basic("r"), 401),
        {},
        lambda answer: (
            answer.headers["WWW-Authenticate"].startswith('Basic realm="r"'),
            "UTF-8" in answer.headers["WWW-Authenticate"],
        ),
        (True, True),
    ),
    "RFC 9530 2 digest": (
        with_values(lambda response: setattr(response, "content_digest", {"sha-256": b"hi"})),
        {},
        field("Content-Digest"),
        "sha-256=:aGk=:",
    ),
    # --- problem documents ---
    "RFC 9457 3 document": (
        error(NotFound("no page", members={"left": 3})),
        get(Accept="application/problem+json"),
        problem,
        (
            "application/problem+json",
            {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no page", "left": 3},
        ),
    ),
    "RFC 9457 3 HTML": (
        error(NotFound("<b>")),
        get(Accept="text/html"),
        lambda answer: (answer.headers["Content-Type"], "&lt;b&gt;" in answer.text),
        ("text/html; charset=utf-8", True),
    ),
    "RFC 9457 3.1 members of its own": (
        error(NotFound("d", type="/t", title="T", instance="/i")),
        get(Accept="application/json"),
        problem,
        ("application/problem+json", {"type": "/t", "title": "T", "status": 404, "detail": "d", "instance": "/i"}),
    ),
    # --- event streams ---
    "WHATWG HTML 9.2.5 stream": (
        lambda request: Response.from_events([{"a": "ü"}, "x\ny"]),
        {},
        lambda answer: (answer.headers["Content-Type"].partition(";")[0], answer.content),
        ("text/event-stream", 'data: {"a":"ü"}\n\ndata: x\ndata: y\n\n'.encode()),
    ),
    "WHATWG HTML 9.2.7 not held back": (
        lambda request: Response.from_events(["x"]),
        {},
        fields("Cache-Control", "X-Accel-Buffering"),
        {"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    ),
    "WHATWG HTML 9.2.7 not compressed": (
        compressed(lambda request: Response.from_events(["x"])),
        get(Accept_Encoding="gzip"),
        field("Content-Encoding"),
        None,
    ),
    # --- CORS ---
    "WHATWG Fetch 3.3.3 allowed origin": (
        shared(plain()),
        get(Origin="https://a.example"),
        fields("Access-Control-Allow-Origin", "Vary"),
        {"Access-Control-Allow-Origin": "https://a.example", "Vary": "Origin"},
    ),
    "WHATWG Fetch 3.3.3 another origin": (
        shared(plain()),
        get(Origin="https://b.example"),
        fields("Access-Control-Allow-Origin", "Vary"),
        {"Vary": "Origin"},
    ),
    "WHATWG Fetch 3.3.3 credentials": (
        shared(plain(), credentials=True),
        get(Origin="https://a.example"),
        field("Access-Control-Allow-Credentials"),
        "true",
    ),
    "WHATWG Fetch 3.3.3 exposed fields": (
        shared(plain(), expose=["X-A"]),
        get(Origin="https://a.example"),
        field("Access-Control-Expose-Headers"),
        "X-A",
    ),
    "WHATWG Fetch 3.3.3 preflight": (
        shared(plain(), methods=["PUT"], headers=["X-A"], max_age=60),
        asked(
            "OPTIONS",
            Origin="https://a.example",
            Access_Control_Request_Method="PUT",
            Access_Control_Request_Headers="x-a",
        ),
        lambda answer: (
            answer.status_code,
            answer.headers["Access-Control-Allow-Methods"],
            answer.headers["Access-Control-Allow-Headers"],
            answer.headers["Access-Control-Max-Age"],
        ),
        (204, "PUT", "X-A", "60"),
    ),
    "WHATWG Fetch 3.3.2 no preflight": (
        shared(plain()),
        asked("OPTIONS", Origin="https://a.example"),
        status_and_body,
        (200, b"text"),
    ),
    "WHATWG Fetch 3.3.3 error": (
        shared(error(NotFound())),
        get(Origin="https://a.example"),
        lambda answer: (answer.status_code, answer.headers["Access-Control-Allow-Origin"]),
        (404, "https://a.example"),
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_row(row: str) -> None:
    """The answer is what the specification says, over both protocols."""
    answering, options, read, expected = ROWS[row]
    app = answering if isinstance(answering, (CORS, Compression)) else Application(answering)
    for protocol in PROTOCOLS:
        checked: Any = lint.wsgi(app) if protocol == "wsgi" else lint.asgi(app)
        with Client(checked, protocol) as client:
            answer = client.request(options.get("method", "GET"), "/", headers=options.get("headers"))
        assert read(answer) == expected, protocol
