"""The application of the parity test: it answers with the values of every public property of its request, as JSON.

A request with ``X-Kind: async`` is handled by the ``async def`` handler. This module also generates the requests.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardan import Application, Handler, Request, Response
from cardan.core.structures import HeaderSet
from cardan.core.structures._headers import HeadersView
from cardan.exceptions import BodyConsumed, HTTPException

__all__ = ["DIFFERENCES", "MEMBERS", "Sent", "app", "connection", "generate", "snapshot"]

DIFFERENCES: list[dict[str, str]] = json.loads(Path(__file__).with_name("parity.json").read_text(encoding="utf-8"))
"""The members that may differ, each with its reason; docs/explanation/parity.md shows this list."""

_EXCEPT = {name.strip("`") for row in DIFFERENCES for name in row["what"].split(", ")}
MEMBERS = [
    name
    for name in dir(Request)
    if not name.startswith("_") and name not in _EXCEPT and not callable(getattr(Request, name))
    if hasattr(type(inspect.getattr_static(Request, name)), "__get__")
]
"""Every public property of a request that must not differ: all descriptors, of whatever class, but the methods."""


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it, without losing a difference."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, HeadersView):
        return sorted([name, text] for name, text in value.items() if name not in OWN)
    if isinstance(value, HeaderSet):
        return sorted(value)
    if hasattr(type(value), "lists"):
        return [[key, plain(item)] for key, item in value.items(multi=True)]
    if isinstance(value, Mapping):
        return sorted([key, plain(item)] for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(type(value), "safe_filename"):
        return [value.filename, value.mimetype, value.size, value.safe_filename]
    if hasattr(type(value), "readable"):
        return hashlib.sha256(value.read()).hexdigest()
    return [repr(value), value.to_header() if hasattr(type(value), "to_header") else None]


OWN = {"X-Kind", "Host", "Connection", "Transfer-Encoding", "Content-Length", "Accept-Encoding"}
"""Fields that depend on how a request is sent, and by which client;

``host`` and ``content_length`` are compared separately.
"""


def snapshot(request: Request) -> dict[str, Any]:
    """The value of every property, or the name of the error that it raises: an HTTP error, or that for the bytes of a
    form that was parsed.
    """
    found: dict[str, Any] = {}
    for name in MEMBERS:
        try:
            found[name] = plain(getattr(request, name))
        except HTTPException as error:
            found[name] = f"raises {type(error).__name__}: {error.description}"
        except BodyConsumed as error:
            found[name] = f"raises {error}"
    return found


def answer(request: Request) -> Response:
    """The ``def`` handler."""
    return Response.from_json(snapshot(request), headers={"X-Parity": "1"})


async def aanswer(request: Request) -> Response:
    """The ``async def`` handler."""
    try:
        await request.load()
    except HTTPException:
        pass  # every property that needs the body raises it again
    return answer(request)


class Parity(Application[Request]):
    """Chooses the handler by a header field."""

    def resolve(self, request: Request) -> Handler[Request]:
        """The ``def`` or the ``async def`` handler."""
        return aanswer if request.headers.get("X-Kind") == "async" else answer


app = Parity()


@Request.application
def connection(request: Request) -> Response:
    """Answers with what the server tells of the connection."""
    return Response.from_json({"client": request.client, "server": request.server})


# --- what is sent ---


@dataclass(slots=True)
class Sent:
    """A request as bytes. ``chunks`` is the body; ``chunked`` says that it is sent without a Content-Length."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    chunks: list[bytes]
    chunked: bool

    def wire(self, kind: str) -> bytes:
        """The request as HTTP/1.1 sends it (RFC 9112)."""
        headers = [*self.headers, (b"X-Kind", kind.encode()), (b"Connection", b"close")]
        body = b"".join(self.chunks)
        if self.chunked:
            headers.append((b"Transfer-Encoding", b"chunked"))
            body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in self.chunks if chunk) + b"0\r\n\r\n"
        elif body:
            headers.append((b"Content-Length", b"%d" % len(body)))
        lines = [b"%s %s HTTP/1.1" % (self.method.encode(), self.target), *(b"%s: %s" % pair for pair in headers)]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "M-SEARCH"]
SEGMENTS = [
    b"a", b"", b"a%20b", b"%C3%BC", b"%E2%82%AC", b"%2F", b"%3F", b"%23", b"%25", b"%2e%2e", b"..", b".", b"a;b=c",
    b"a:b", b"@", b"!$&'()*+,;=", b"~-._", b"%0d%0a", b"%00x", b"%ff%fe", b"%C3", b"%zz", b"%", b"%4", b"%F0%9F%98%80",
]  # fmt: skip
QUERIES = [
    b"", b"a=1", b"a=1&a=2&b=%C3%BC", b"a=1;b=2", b"&&a&=b&", b"a=%FF&%=1&b=%4", b"a+b=c+d", b"q=%E2%82%AC&x=%00",
    b"a=b=c", b"%61=%62", b"a=1?b#", b"x[]=1&x[]=2", b"a=http://b/c?d",
]  # fmt: skip
HOSTS = [
    b"a.de", b"A.De:8080", b"a.de:80", b"a_b.de", b"a.de.", b"[::1]:8000", b"[::1]", b"127.0.0.1:1", b"a.de:99999",
    b"[::1]x", b"a,b", b"-", b"a..b",
]  # fmt: skip
FIELDS: list[list[tuple[bytes, bytes]]] = [
    [(b"X-A", b"1"), (b"x-a", b"2"), (b"X-a", b"3")],
    [(b"COOKIE", b"a=1; b=2")],
    [(b"Cookie", b'a="1 2"; b=x,y; c={"d":1}; =e; __Host-f=1; g')],
    [(b"Accept", b"text/html;q=0.5, */*;q=0.1, application/json")],
    [(b"Accept-Language", b"de-CH, fr;q=0.9, en;q=0")],
    [(b"Accept-Encoding", b"br;q=0, gzip")],
    [(b"Accept-Charset", b"utf-8, latin1;q=0.3")],
    [(b"Authorization", b"Basic YTrDvA==")],
    [(b"Authorization", b"Basic \xe9\xe9")],
    [(b"Authorization", b"Bearer abc.def")],
    [(b"User-Agent", b"curl/8.5 (\xfc)")],
    [(b"X-Forwarded-For", b"1.1.1.1, 2.2.2.2")],
    [(b"X-Forwarded-For", b"1.1.1.1"), (b"X-Forwarded-For", b"2.2.2.2")],
    [(b"X-Requested-With", b"XMLHttpRequest")],
    [(b"If-None-Match", b'W/"a", "b"')],
    [(b"If-Match", b"*")],
    [(b"If-Modified-Since", b"Thu, 01 Jan 2026 00:00:00 GMT")],
    [(b"If-Unmodified-Since", b"Sunday, 06-Nov-94 08:49:37 GMT")],
    [(b"Date", b"Thu, 10 Dec 2009 13:57:29999999999999999999999 GMT")],
    [(b"Range", b"bytes=0-0, -5")],
    [(b"If-Range", b'"a"')],
    [(b"Cache-Control", b"Max-Age=5, no-store, x=y")],
    [(b"Pragma", b"no-cache")],
    [(b"Referer", b"http://b.de/\xfc")],
    [(b"Origin", b"https://b.de")],
    [(b"Max-Forwards", b"-1")],
    [(b"Sec-Fetch-Site", b"same-origin"), (b"Sec-Fetch-Mode", b"navigate"), (b"Sec-Fetch-User", b"?1")],
    [(b"Access-Control-Request-Headers", b"X-A, x-b"), (b"Access-Control-Request-Method", b"PUT")],
    [(b"Last-Event-ID", b"5")],
    [(b"Content-Encoding", b"gzip")],
    [(b"Content-MD5", b"abc=")],
    [(b"X-Ctl", b"a\x85b\xa0c")],
    [(b"X-Empty", b"")],
    [(b"Content-Type", b"Text/Plain; Charset=\"x y\"; a*=UTF-8''%C3%BC")],
    [(b"Content-Type", b"text/plain; a*0*=ISO-8859-15''x; a*=ISO-8859-1''y")],
    [(b"Content-Type", b"multipart/form-data")],
]
MULTIPART = (
    b'--B\r\nContent-Disposition: form-data; name="t"\r\n\r\n\xc3\xbc\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="../x.txt"\r\nContent-Type: text/plain\r\n\r\n'
    + b"x" * 5000
    + b"\r\n--B--\r\n"
)
BODIES: list[tuple[bytes | None, bytes]] = [
    (None, b""),
    (None, b""),
    (b"application/octet-stream", bytes(range(256)) * 8),
    (b"application/json", b'{"a": [1, 2.5, "\xc3\xbc"]}'),
    (b"application/json", b"{"),
    (b"application/vnd.x+json", b"\xef\xbb\xbf1"),
    (b"application/x-www-form-urlencoded", b"a=1&b=%FF&b=\xff&c;d"),
    (b"multipart/form-data; boundary=B", MULTIPART),
    (b"multipart/form-data; boundary=B", MULTIPART[:-9]),
    (b"multipart/form-data; boundary=B", b""),
    (b"text/plain", b"caf\xc3\xa9 \xff"),
]


def generate(seed: int, count: int) -> Iterator[Sent]:
    """Random requests; the same ``seed`` gives the same ones. The first 256 have each byte in path and query."""
    choose = random.Random(seed)
    for number in range(count):
        path = b"/" + b"/".join(choose.choices(SEGMENTS, k=choose.randrange(4)))
        query = choose.choice(QUERIES)
        if number < 256:
            path, query = b"/%%%02x" % number, b"q=%%%02X" % number
        kind, body = choose.choice(BODIES)
        fields = [pair for group in choose.sample(FIELDS, k=choose.randrange(5)) for pair in group]
        names = {name.lower() for name, _ in fields}
        if kind is not None and b"content-type" not in names:
            fields.append((b"Content-Type", kind))
        step = choose.choice([1, 7, 1000, 100_000]) if len(body) < 100 else choose.choice([1000, 100_000])
        chunks = [body[at : at + step] for at in range(0, len(body), step)]
        target = path + (b"?" + query if query else b"")
        headers = [(b"Host", choose.choice(HOSTS)), *once(fields)]
        yield Sent(choose.choice(METHODS), target, headers, chunks, bool(body) and choose.random() < 0.4)


def once(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """``fields`` without the second field of a name that may occur only once, because servers treat such fields
    differently.
    """
    seen: set[bytes] = set()
    kept = []
    for name, value in fields:
        if name.lower() in (b"content-type", b"authorization") and name.lower() in seen:
            continue
        seen.add(name.lower())
        kept.append((name, value))
    return kept
