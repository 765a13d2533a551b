"""The rules that `lint.wsgi` and `lint.asgi` have in common: each row of their tables, on both protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from cardan.testing import lint

both = pytest.mark.parametrize("run", ["wsgi", "asgi"])

Field = tuple[str, str]


def run_wsgi(status: int, fields: list[Field], body: bytes, method: str) -> None:
    """Send one answer through `lint.wsgi`."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response(f"{status} Some reason", fields)
        return [body] if body else []

    result = lint.wsgi(app)({"REQUEST_METHOD": method}, lambda *args: lambda data: None)
    try:
        list(result)
    finally:
        result.close()


def run_asgi(status: int, fields: list[Field], body: bytes, method: str) -> None:
    """Send one answer through `lint.asgi`."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def nothing(message: Any = None) -> Any:
        return {"type": "http.request"}

    anyio.run(lint.asgi(app), {"type": "http", "method": method}, nothing, nothing)


RUNS: dict[str, Callable[..., None]] = {"wsgi": run_wsgi, "asgi": run_asgi}


def passes(run: str, status: int = 200, fields: Any = (), body: bytes = b"", method: str = "GET") -> bool:
    """Whether no rule is broken."""
    try:
        RUNS[run](status, list(fields), body, method)
    except AssertionError:
        return False
    return True


@both
@pytest.mark.parametrize(
    "name",
    ["Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Trailers", "Transfer-Encoding", "Upgrade"],
)
def test_fields_of_the_connection(run: str, name: str) -> None:
    """Only the server may send them (RFC 9110 section 7.6.1; PEP 3333, "Other HTTP Features"), in any case."""
    for spelt in (name, name.lower(), name.upper()):
        with pytest.raises(AssertionError, match=r"got hop-by-hop header .*, expected the server to send it"):
            RUNS[run](200, [(spelt, "x")], b"", "GET")
    assert passes(run, fields=[(f"X-{name}", "x")])


@both
def test_characters_of_names(run: str) -> None:
    """A name is a token (RFC 9110 section 5.6.2): these signs, digits and letters, and nothing else."""
    signs = "!#$%&'*+-.^_`|~"
    allowed = {char for char in map(chr, range(256)) if passes(run, fields=[(f"x{char}y", "1")])}
    letters = {*"abcdefghijklmnopqrstuvwxyz", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    assert allowed == {*signs, *"0123456789", *letters}
    assert not passes(run, fields=[("", "1")])


@both
def test_characters_of_values(run: str) -> None:
    """No control characters (RFC 9110 section 5.5) but a tab between others; no blanks at the ends."""
    controls = {*map(chr, range(0x20)), "\x7f"}
    inside = {char for char in map(chr, range(256)) if not passes(run, fields=[("x", f"a{char}b")])}
    assert inside == controls - {"\t"}
    for end in (f"{blank}a" for blank in " \t"):
        assert not passes(run, fields=[("x", end)])
        assert not passes(run, fields=[("x", end[::-1])])
    assert passes(run, fields=[("x", ""), ("y", "\xff")])


@both
def test_final_statuses(run: str) -> None:
    """A final status is 200 to 599 (RFC 9110 section 15)."""
    assert {status for status in range(100, 700) if passes(run, status)} == set(range(200, 600))


@both
def test_lengths(run: str) -> None:
    """A Content-Length is digits of ASCII (RFC 9110 section 8.6), once, and that of the body; its name in any case."""
    assert passes(run, fields=[("Content-Length", "3")], body=b"abc")
    assert passes(run, fields=[("content-length", "003")], body=b"abc")
    for wrong in ("2", "4", "+3", "3.0", "", "3, 3", "\xb3"):
        assert not passes(run, fields=[("CONTENT-LENGTH", wrong)], body=b"abc")
    assert not passes(run, fields=[("Content-Length", "3"), ("content-length", "3")], body=b"abc")


@both
@pytest.mark.parametrize(
    ("method", "status", "has_body"),
    [
        ("GET", 200, True),
        ("GET", 205, True),  # its rule is about what it means, and not about the framing
        ("GET", 204, False),
        ("GET", 304, False),
        ("HEAD", 200, False),
        ("HEAD", 404, False),
        ("head", 200, True),  # methods are case-sensitive
        ("CONNECT", 200, False),
        ("CONNECT", 299, False),
        ("CONNECT", 300, True),
        ("CONNECT", 404, True),
    ],
)
def test_answers_without_a_body(run: str, method: str, status: int, has_body: bool) -> None:
    """RFC 9110 section 6.4.1: an answer to HEAD, a 2xx to CONNECT, a 204 and a 304. An empty piece is none."""
    assert passes(run, status, body=b"x", method=method) is has_body
    assert passes(run, status, method=method)
    declares = has_body or (method, status) in (("GET", 304), ("HEAD", 200), ("HEAD", 404))
    length = "1" if has_body else "5"
    assert passes(run, status, [("Content-Length", length)], b"x" if has_body else b"", method) is declares


@both
def test_the_first_broken_rule_is_told_at_the_end(run: str) -> None:
    """If the application catches the error, the first one is raised again, and not a later one."""
    wrong: list[list[Field]] = [[("a b", "1")], [("x", "\x00")]]

    def wsgi_app(environ: Any, start_response: Any) -> Any:
        for fields in wrong:
            with pytest.raises(AssertionError):
                start_response("200 OK", fields)
        start_response("200 OK", [])
        return []

    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        for fields in wrong:
            headers = [(name.encode(), value.encode()) for name, value in fields]
            with pytest.raises(AssertionError):
                await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    async def nothing(message: Any = None) -> Any:
        return {"type": "http.request"}

    def call() -> None:
        if run == "wsgi":
            lint.wsgi(wsgi_app)({"REQUEST_METHOD": "GET"}, lambda *args: lambda data: None)
        else:
            anyio.run(lint.asgi(asgi_app), {"type": "http", "method": "GET"}, nothing, nothing)

    with pytest.raises(AssertionError, match="got header name 'a b', expected a token"):
        call()


def test_a_broken_rule_of_a_lifespan_is_told_at_the_end() -> None:
    """If the application of a lifespan catches the error, the first one is raised at the end: the application would go
    on as if nothing had happened.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        for kind in ("lifespan.wrong", "lifespan.shutdown.complete"):
            with pytest.raises(AssertionError):
                await send({"type": kind})
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(asked)}

    async def send(message: Any) -> None: ...

    with pytest.raises(AssertionError, match=r"got 'lifespan\.wrong', expected 'lifespan\.startup\.complete'"):
        anyio.run(lint.asgi(app), {"type": "lifespan"}, receive, send)


BODY = "got a body of type str, expected bytes"
CHUNK = "got a chunk of type str, expected bytes"


@both
@pytest.mark.parametrize("caught", ["the head", "the body"])
def test_a_broken_rule_that_a_stream_has_caught_is_told_at_its_end(run: str, caught: str) -> None:
    """If a body catches the error, the first one is raised at its end: a generator of a WSGI application runs after the
    application has returned.
    """
    expected = "got header name 'a b', expected a token"
    if caught == "the body":
        expected = CHUNK if run == "wsgi" else BODY

    def wsgi_app(environ: Any, start_response: Any) -> Any:
        if caught == "the head":
            with pytest.raises(AssertionError):
                start_response("200 OK", [("a b", "1")])
        write = start_response("200 OK", [])
        yield b"x"
        if caught == "the body":
            with pytest.raises(AssertionError):
                write("text")
        yield b"y"

    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        if caught == "the head":
            with pytest.raises(AssertionError):
                await send({"type": "http.response.start", "status": 200, "headers": [(b"a b", b"1")]})
        await send({"type": "http.response.start", "status": 200})
        if caught == "the body":
            with pytest.raises(AssertionError):
                await send({"type": "http.response.body", "body": "text"})
        await send({"type": "http.response.body", "body": b"y"})

    async def nothing(message: Any = None) -> Any:
        return {"type": "http.request"}

    def call() -> None:
        if run == "wsgi":
            result = lint.wsgi(wsgi_app)({"REQUEST_METHOD": "GET"}, lambda *args: lambda data: None)
            try:
                seen.extend(result)
            finally:
                result.close()
        else:
            anyio.run(lint.asgi(asgi_app), {"type": "http", "method": "GET"}, nothing, nothing)

    seen: list[bytes] = []
    with pytest.raises(AssertionError) as told:
        call()
    assert str(told.value) == expected
    assert seen == ([b"x", b"y"] if run == "wsgi" else [])
