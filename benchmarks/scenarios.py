"""The five requests that every library answers, and the expected answers.

The functions take an application for one protocol, and return turns (:mod:`timing`). A turn makes a new environ or
scope for each request, as a server does, and reads the whole answer. :func:`check` checks one answer before anything is
measured.
"""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import Message
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from timing import Turn

__all__ = ["SCENARIOS", "Answer", "Scenario", "asgi_turn", "ask_asgi", "ask_wsgi", "check", "language", "wsgi_turn"]

HEADERS = [
    ("Host", "example.com"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "de-AT,de;q=0.9,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Connection", "keep-alive"),
    ("Cookie", "session=0f9d3c; theme=dark"),
]
#: what the page offers
LANGUAGES = ["en", "de", "fr"]
ITEMS = [{"id": n, "name": f"item {n}", "price": n * 1.5, "tags": ["a", "b"]} for n in range(20)]
FIELDS = [(f"field{n}", f"value {n} with words & more") for n in range(10)]
FILE = bytes(range(256)) * 40
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


def _urlencoded() -> bytes:
    from urllib.parse import urlencode

    return urlencode(FIELDS).encode()


def _multipart() -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in (("title", "A photo"), ("text", "of something"), ("tag", "blue"))
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n'
    parts.append(head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + FILE + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True)
class Scenario:
    """A request and the expected body. ``floor`` is the part that every library leaves to the standard library."""

    name: str
    method: str
    expected: bytes | list[Any] | dict[str, Any]
    query: str = ""
    body: bytes = b""
    content_type: str = ""
    floor: Callable[[], object] | None = None
    path: str = "/"
    fields: tuple[tuple[str, str], ...] = ()
    """More header fields than every request has."""
    status: int = 200

    def environ(self) -> dict[str, Any]:
        """A WSGI environ without its input."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "50000",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        environ.update({"HTTP_" + name.upper().replace("-", "_"): value for name, value in (*HEADERS, *self.fields)})
        if self.body:
            environ.update({"CONTENT_TYPE": self.content_type, "CONTENT_LENGTH": str(len(self.body))})
        return environ

    def scope(self) -> dict[str, Any]:
        """An ASGI scope."""
        headers = [(name.lower().encode(), value.encode()) for name, value in (*HEADERS, *self.fields)]
        if self.body:
            headers.append((b"content-type", self.content_type.encode()))
            headers.append((b"content-length", str(len(self.body)).encode()))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "headers": headers,
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
        }


PAGE = {"q": "hello world", "page": 2, "sort": "name", "dir": "asc", "user": "0f9d3c", "language": "de"}
_ITEMS_JSON = json.dumps(ITEMS)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("hello", "GET", b"Hello, World!"),
        Scenario("page", "GET", PAGE, query="q=hello+world&page=2&sort=name&dir=asc", floor=lambda: json.dumps(PAGE)),
        Scenario(
            "form",
            "POST",
            b"10 value 0 with words & more value 9 with words & more",
            body=_urlencoded(),
            content_type="application/x-www-form-urlencoded",
        ),
        Scenario(
            "upload",
            "POST",
            b"A photo of something blue photo.jpg 10240",
            body=_multipart(),
            content_type=f"multipart/form-data; boundary={BOUNDARY}",
        ),
        Scenario(
            "json",
            "POST",
            {"items": ITEMS},
            body=_ITEMS_JSON.encode(),
            content_type="application/json",
            floor=lambda: json.dumps({"items": json.loads(_ITEMS_JSON)}),
        ),
    )
}


def language(header: str | None) -> str:
    """The language of the page, for libraries without this feature: by quality, then by the primary tag."""
    ranked = []
    for item in (header or "").split(","):
        tag, _, quality = item.strip().partition(";q=")
        ranked.append((-float(quality or 1), tag.strip().lower()))
    for _, tag in sorted(ranked, key=lambda pair: pair[0]):
        if tag in LANGUAGES:
            return tag
        primary = tag.partition("-")[0]
        if primary in LANGUAGES:
            return primary
    return LANGUAGES[0]


@dataclass
class Answer:
    """The answer of an application."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def check(scenario: Scenario, answer: Answer) -> None:
    """Raise :exc:`AssertionError` if the answer is wrong."""
    fields = Message()
    for name, value in answer.headers:
        fields[name] = value
    status = scenario.status
    assert answer.status == status, f"{scenario.name}: got {answer.status} {answer.body[:200]!r}, expected {status}"
    body = json.loads(answer.body) if not isinstance(scenario.expected, bytes) else answer.body
    assert body == scenario.expected, f"{scenario.name}: got {answer.body[:200]!r}, expected {scenario.expected!r}"
    if status == 200:
        assert fields.get("Content-Length") == str(len(answer.body)), f"{scenario.name}: got headers {answer.headers}"
    if scenario.name == "page":
        cookie, attributes = (
            fields["Set-Cookie"].lower(),
            ("seen=1", "max-age=3600", "httponly", "path=/", "samesite=lax"),
        )
        assert all(part in cookie for part in attributes), f"got Set-Cookie {cookie!r}"
        assert fields["ETag"] == '"v42"', f"got ETag {fields['ETag']!r}"


def ask_wsgi(app: Callable[..., Any], scenario: Scenario) -> Answer:
    """Send one request over WSGI, and return its answer."""
    started: list[Any] = []
    result = app({**scenario.environ(), "wsgi.input": io.BytesIO(scenario.body)}, lambda *start: started.append(start))
    body = b"".join(result)
    if hasattr(result, "close"):
        result.close()
    status, headers = started[-1][:2]
    return Answer(int(status[:3]), headers, body)


def wsgi_turn(app: Callable[..., Any], scenario: Scenario) -> Turn:
    """A turn of requests over WSGI."""
    base, body = scenario.environ(), scenario.body
    fields = [(key, base.pop(key)) for key in list(base) if key.startswith(("HTTP_", "CONTENT_"))]

    def turn(number: int) -> float:
        repeat = range(number)
        start = perf_counter()
        for _ in repeat:
            environ = base.copy()
            for key, value in fields:
                environ[key] = value
            environ["wsgi.input"] = io.BytesIO(body)
            started: list[Any] = []

            def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
                started[:] = [status, headers]  # noqa: B023 (called in this turn of the loop)

            result = app(environ, start_response)
            for _ in result:
                pass
            if hasattr(result, "close"):
                result.close()
        return perf_counter() - start

    return turn


async def _ask(app: Callable[..., Awaitable[None]], scenario: Scenario) -> Answer:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": scenario.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scenario.scope(), receive, send)
    headers = [(name.decode(), value.decode()) for name, value in sent[0].get("headers", ())]
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


def ask_asgi(app: Callable[..., Awaitable[None]], scenario: Scenario, loop: AbstractEventLoop) -> Answer:
    """Send one request over ASGI, and return its answer."""
    return loop.run_until_complete(_ask(app, scenario))


def asgi_turn(app: Callable[..., Awaitable[None]], scenario: Scenario, loop: AbstractEventLoop) -> Turn:
    """A turn of requests over ASGI, in one task of ``loop``."""
    base, body = scenario.scope(), scenario.body

    async def request() -> None:
        started: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started[:] = [message["status"], message["headers"]]
            elif not message.get("more_body", False):
                started.append(message.get("body", b""))

        await app({**base, "headers": list(base["headers"])}, receive, send)

    async def requests(number: int) -> float:
        repeat = range(number)
        start = perf_counter()
        for _ in repeat:
            await request()
        return perf_counter() - start

    def turn(number: int) -> float:
        return loop.run_until_complete(requests(number))

    return turn
