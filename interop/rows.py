"""The rows of the table: what a client sends, and what it is expected to see."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from interop.marks import LIMIT

__all__ = ["ROWS", "Expected", "Row", "Seen", "Sent", "content"]

LARGE = 3_000_000


def content(size: int) -> bytes:
    """The bytes of a file, or of a body, of this size. ``fetch.js`` makes the same."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request. Each client encodes the form or the file itself."""

    path: str
    """the last part of the path"""
    method: str = "GET"
    fields: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    file: tuple[str, int] | None = None
    """name and size of a file in a multipart form"""
    size: int | None = None
    """the size of a body that is no form"""
    expect: bool = False
    """send ``Expect: 100-continue``, and the body only when the server asks for it"""
    version: str = "1.1"
    leave: bool = False
    """leave when the first piece of the body has arrived"""


@dataclass(slots=True)
class Seen:
    """What a client saw of one response. ``status`` is 0 if it saw none."""

    status: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    """the names are in lower case"""
    body: bytes = b""
    whole: bool = True
    """False if the client noticed that the body was broken off"""
    late: bool = False
    """whether the client gave up waiting for more"""
    continued: bool = False
    """whether the server asked for the body by a 100"""
    error: str = ""
    """the error of a client that saw no response, or not all of it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a client is expected to see. ``difference`` says in a few words what is different."""

    status: int = 200
    body: bytes | None = None
    """None means any"""
    fields: Mapping[str, str | None] = field(default_factory=dict)
    """None means that there is no such field"""
    whole: bool = True
    continued: bool = False

    def difference(self, seen: Seen) -> str:
        """What of ``seen`` is not as expected; empty if all is."""
        if not seen.status:
            return "no answer"
        if seen.late:
            return "no end"
        if seen.status != self.status:
            return f"status {seen.status}"
        if seen.whole != self.whole:
            return "looks complete" if seen.whole else "broken off"
        if b"held back" in seen.body:
            return "held back"
        if self.body is not None and seen.body != self.body:
            return "another body"
        for name, value in self.fields.items():
            if seen.fields.get(name) != value:
                return f"{name}: {seen.fields[name]}" if name in seen.fields else f"no {name}"
        return "100 before the answer" if seen.continued and not self.continued else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Requests that a client sends one after the other, over one connection if it can."""

    name: str
    exchanges: tuple[tuple[Sent, Expected], ...]
    closes: bool = False
    """whether the body of the last response is to be closed because the client has left"""

    @property
    def needs(self) -> set[str]:
        """What not every client can send."""
        sent = [one for one, _ in self.exchanges]
        needs = {f"HTTP/{one.version}" for one in sent if one.version != "1.1"}
        return needs | ({"Expect"} if any(one.expect for one in sent) else set())


FORM = Sent(path="form", method="POST", form={"title": "ä & b", "other": "x"})
UPLOAD = Sent(path="upload", method="POST", file=("f.bin", LARGE))
HELLO = (Sent(path="hello"), Expected(body=b"hello\n"))
TOO_LARGE = Expected(status=413)
WITHOUT_LENGTH = {"content-length": None, "transfer-encoding": None}

ROWS = {
    row.name: row
    for row in [
        Row(name="form", exchanges=((FORM, Expected(body="ä & b".encode())), HELLO)),
        Row(
            name="upload",
            exchanges=((UPLOAD, Expected(body=b"f.bin %d %d" % (LARGE, zlib.crc32(content(LARGE))), continued=True)),),
        ),
        Row(
            name="range",
            exchanges=(
                (
                    Sent(path="alphabet", fields={"Range": "bytes=3-6"}),
                    Expected(status=206, body=b"defg", fields={"content-range": "bytes 3-6/27"}),
                ),
                HELLO,
            ),
        ),
        Row(
            name="conditional",
            exchanges=(
                (
                    Sent(path="alphabet", fields={"If-None-Match": '"alphabet"'}),
                    Expected(status=304, body=b"", fields={"etag": '"alphabet"'}),
                ),
                HELLO,
            ),
        ),
        Row(name="stream", exchanges=((Sent(path="stream"), Expected(body=b"first\nsecond\n")),)),
        Row(
            name="events, left",
            exchanges=((Sent(path="events", leave=True), Expected(fields={"content-length": None})),),
            closes=True,
        ),
        Row(name="early 413", exchanges=((Sent(path="limited", method="POST", size=LARGE), TOO_LARGE), HELLO)),
        Row(
            name="early 413, Expect",
            exchanges=((Sent(path="limited", method="POST", size=LARGE, expect=True), TOO_LARGE), HELLO),
        ),
        Row(name="unread", exchanges=((Sent(path="hello", method="POST", size=LARGE), HELLO[1]), HELLO)),
        Row(name="error before", exchanges=((Sent(path="error"), Expected(status=500)), HELLO)),
        Row(name="error after", exchanges=((Sent(path="broken"), Expected(whole=False)), HELLO)),
        Row(
            name="HEAD",
            exchanges=((Sent(path="hello", method="HEAD"), Expected(body=b"", fields={"content-length": "6"})), HELLO),
        ),
        Row(
            name="204, 304",
            exchanges=(
                (Sent(path="nothing"), Expected(status=204, body=b"", fields=WITHOUT_LENGTH)),
                (Sent(path="unchanged"), Expected(status=304, body=b"", fields={"transfer-encoding": None})),
                HELLO,
            ),
        ),
        Row(
            name="HTTP/1.0",
            exchanges=(
                (
                    Sent(path="lines", version="1.0"),
                    Expected(body=b"first\nsecond\n", fields={"transfer-encoding": None}),
                ),
            ),
        ),
    ]
}
"""Every row by its name."""

assert LARGE > LIMIT
