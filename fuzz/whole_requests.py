"""Fuzzes whole requests: the request line, the header fields and the body are bytes, and every property is read.

The rule: each property has a value or raises a documented error (an HTTP error, or BodyConsumed). The value is the same
for an environ, for a scope and for a head of the core, in sync and in async code, however the body is divided, and
with every fast path off. Limits are those of a request, or small ones.

An input is ``METHOD target``, a line for each header field, an empty line, and the body. Header fields that no server
passes on are left out.
"""

from __future__ import annotations

import asyncio
import io
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from _bytes import fuzz

from cardan import Request, core
from cardan.core._environs import make_environ
from cardan.core._scopes import make_scope
from cardan.exceptions import BodyConsumed, HTTPException
from tests.contract.parity_app import BODIES, FIELDS, HOSTS, MEMBERS, QUERIES, SEGMENTS, generate, plain, snapshot
from tests.fast_paths import FAST_PATHS, switched_off

TOKENS = [
    *(b"\n%s: %s" % pair for group in FIELDS for pair in group),
    *(b"\nHost: " + host for host in HOSTS),
    *(b"/" + segment for segment in SEGMENTS),
    *(b"?" + query for query in QUERIES),
    *(b"\nContent-Type: %s\n\n%s" % (kind, body[:200]) for kind, body in BODIES if kind is not None),
    b"\n\n", b"\n", b": ", b"http://b.de", b"*",
]  # fmt: skip

OF_CORE = [name for name in MEMBERS if hasattr(core.Request, name)]

_is_name = re.compile(rb"[!#$%&'*+.^`|~0-9A-Za-z-]+").fullmatch  # RFC 9110 section 5.6.2, without the underscore
_is_value = re.compile(rb"[\t\x20-\x7e\x80-\xff]*").fullmatch  # RFC 9110 section 5.5


class Small(Request):
    """Limits that short inputs exceed."""

    max_content_length = 300
    max_form_memory_size = 20
    max_form_parts = 3
    max_files = 1
    max_data_memory = 100


class SmallOfCore(core.Request):
    """The same limits for a request of the core."""

    max_content_length = 300
    max_form_memory_size = 20
    max_form_parts = 3
    max_files = 1
    max_data_memory = 100


def encoded(sent: Any) -> bytes:
    """A request of the parity test as an input."""
    fields = b"".join(b"\n%s: %s" % pair for pair in sent.headers)
    return b"%s %s%s\n\n%s" % (sent.method.encode(), sent.target, fields, b"".join(sent.chunks)[:1500])


def law(data: bytes) -> None:
    """One request in six ways."""
    first, _, body = data.partition(b"\n\n")
    line, *lines = first.split(b"\n")
    verb, _, target = line.partition(b" ")
    fields = []
    for each in lines:
        name, _, value = each.partition(b":")
        value = value.strip(b" \t")
        if _is_name(name) and _is_value(value) and name.lower() not in (b"content-length", b"transfer-encoding"):
            fields.append((name, value))
    if body:
        fields.append((b"Content-Length", b"%d" % len(body)))
    method = verb.decode("latin-1") if _is_name(verb) else "GET"
    path, _, query = target.partition(b"?")
    path = b"/" + path.lstrip(b"/")
    is_small = len(body) % 2 == 1
    step = 1 + len(data) % 40
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    head = core.RequestHead.from_target(
        method, path + b"?" + query, fields, server=("testserver", 80), client=("127.0.0.1", 5)
    )
    decoded = unquote_to_bytes(path)
    environ = make_environ(head, path=decoded, raw_path=path, headers=fields, server=("testserver", 80))
    scope = make_scope(
        head,
        path=decoded.decode("utf-8", "replace"),
        raw_path=path,
        headers=fields,
        server=("testserver", 80),
    )
    make, make_core = (Small, SmallOfCore) if is_small else (Request, core.Request)

    def wsgi() -> dict[str, Any]:
        with make(environ | {"wsgi.input": io.BytesIO(body)}) as request:
            return snapshot(request)

    expected = wsgi()
    with switched_off(FAST_PATHS):
        compare("slow paths", expected, wsgi())
    compare("asgi", expected, RUNNER.run(by_scope(make, scope, pieces)))
    compare("core", expected, of_core(make_core(head, iter(pieces))))


async def by_scope(make: type[Request], scope: dict[str, Any], pieces: list[bytes]) -> dict[str, Any]:
    """What an ``async def`` handler sees."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return messages.pop(0)

    async with make(scope, receive) as request:
        try:
            await request.load()
        except HTTPException:
            pass  # every property that needs the body raises it again
        return snapshot(request)


def of_core(request: core.Request) -> dict[str, Any]:
    """What a program without either protocol sees of the members that a request of the core has."""
    found: dict[str, Any] = {}
    with request:
        for name in OF_CORE:
            try:
                found[name] = plain(getattr(request, name))
            except HTTPException as error:
                found[name] = f"raises {type(error).__name__}: {error.description}"
            except BodyConsumed as error:
                found[name] = f"raises {error}"
    return found


def compare(way: str, expected: dict[str, Any], found: dict[str, Any]) -> None:
    """Raise AssertionError for the members that differ."""
    differing = {name: (expected[name], value) for name, value in found.items() if expected[name] != value}
    assert not differing, (way, differing)


if __name__ == "__main__":
    RUNNER = asyncio.Runner()
    fuzz(__doc__, law, [encoded(sent) for sent in generate(1, 200)], TOKENS)
