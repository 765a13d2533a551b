"""What interop/site.py does, by hand: once as a WSGI and once as an ASGI application that need no library.

If a client sees the same odd thing here as on the site, the server or the client does it, not cardan.
"""

from __future__ import annotations

import re
import zlib
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import anyio

from interop.marks import ALPHABET, LIMIT, LONGEST, PATIENCE, PAUSE, Marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

READING = ("form", "upload")
Head = tuple[int, list[tuple[str, str]]]


def respond(name: str, fields: Mapping[str, str], query: str, body: bytes) -> tuple[Head, Iterable[bytes | None]]:
    """Status and fields, and the pieces of the body. In place of a piece, None asks to wait for ``PAUSE`` seconds."""
    text = [("Content-Type", "text/plain; charset=utf-8")]
    alphabet = ALPHABET.read_bytes()
    match name:
        case "form":
            pieces = [parse_qs(body.decode())["title"][0].encode()]
        case "upload":
            pieces = [upload(fields["content-type"], body)]
        case "alphabet" if fields.get("if-none-match") == '"alphabet"':
            return (304, [("ETag", '"alphabet"')]), []
        case "alphabet" if found := re.fullmatch(r"bytes=(\d+)-(\d+)", fields.get("range", "")):
            start, stop = int(found[1]), int(found[2]) + 1
            head = [("Content-Range", f"bytes {start}-{stop - 1}/{len(alphabet)}"), ("ETag", '"alphabet"')]
            pieces = [alphabet[start:stop]]
            return (206, [*text, *head, ("Content-Length", str(len(pieces[0])))]), pieces
        case "alphabet":
            pieces = [alphabet]
        case "limited" if int(fields.get("content-length") or 0) > LIMIT:
            pieces = [b"too large\n"]
            return (413, [*text, ("Content-Length", str(len(pieces[0])))]), pieces
        case "hello":
            pieces = [b"hello\n"]
        case "nothing":
            return (204, []), []
        case "unchanged":
            return (304, [("ETag", '"alphabet"')]), []
        case "lines":
            return (200, text), lines()
        case "broken":
            return (200, text), broken(Marks(parse_qs(query)["mark"][0]))
        case "stream":
            return (200, text), stream(Marks(parse_qs(query)["mark"][0]))
        case "events":
            return (200, [("Content-Type", "text/event-stream")]), events(Marks(parse_qs(query)["mark"][0]))
        case _:
            raise LookupError("before the start")
    return (200, [*text, ("Content-Length", str(len(pieces[0])))]), pieces


def upload(content_type: str, body: bytes) -> bytes:
    """Name, size and checksum of the file in a multipart body of one part."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    assert boundary
    head, _, data = body.partition(b"--" + boundary[1].encode())[2].partition(b"\r\n\r\n")
    data = data.rpartition(b"\r\n--" + boundary[1].encode())[0]
    name = re.search(rb'filename="([^"]*)"', head)
    assert name
    return b"%b %d %d" % (name[1], len(data), zlib.crc32(data))


def lines() -> Iterator[bytes]:
    """Two lines, without a length."""
    yield b"first\n"
    yield b"second\n"


def broken(marks: Marks) -> Iterator[bytes | None]:
    """One line, and an error when the client has seen it."""
    yield b"first\n"
    yield from waiting(marks)
    raise LookupError("after the start")


def stream(marks: Marks) -> Iterator[bytes | None]:
    """Two lines. Before the second one it waits until the client has seen the first."""
    yield b"first\n"
    yield from waiting(marks)
    yield b"second\n" if marks.released else b"held back\n"


def waiting(marks: Marks) -> Iterator[None]:
    """Wait until the client has seen the first line, for PATIENCE at most."""
    end = monotonic() + PATIENCE
    while not marks.released and monotonic() < end:
        yield None


def events(marks: Marks) -> Iterator[bytes | None]:
    """Events until the client leaves."""
    how = "left"
    try:
        end = monotonic() + LONGEST
        while monotonic() < end:
            yield b"data: tick\n\n"
            yield None
        how = "ended"
    finally:
        marks.close(how)


# --- WSGI ---


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The WSGI application."""
    name = environ["PATH_INFO"].rpartition("/")[2]
    fields = {key.removeprefix("HTTP_").replace("_", "-").lower(): environ[key] for key in environ if key.isupper()}
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if name in READING else b""
    (status, headers), pieces = respond(name, fields, environ["QUERY_STRING"], body)
    start_response(f"{status} Status", headers)
    if isinstance(pieces, list):
        return [] if environ["REQUEST_METHOD"] == "HEAD" else pieces
    return waited_for(pieces)


def waited_for(pieces: Any) -> Iterator[bytes]:
    """The pieces without None."""
    try:
        for piece in pieces:
            if piece is None:
                sleep(PAUSE)
            else:
                yield piece
    finally:
        pieces.close()


# --- ASGI ---


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    name = scope["path"].rpartition("/")[2]
    fields = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
    body = b""
    if name in READING:
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
    (status, headers), pieces = respond(name, fields, scope["query_string"].decode(), body)
    encoded = [(key.lower().encode(), value.encode()) for key, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    if isinstance(pieces, list):
        whole = b"" if scope["method"] == "HEAD" else b"".join(filter(None, pieces))
        await send({"type": "http.response.body", "body": whole})
    else:
        await send_pieces(pieces, name, receive, send)


async def send_pieces(pieces: Any, name: str, receive: Any, send: Any) -> None:
    """Send one piece after the other until they end or the client leaves."""
    left = anyio.Event()

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()

    failed: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        try:
            for piece in pieces:
                if left.is_set():
                    break
                if piece is None:
                    await anyio.sleep(PAUSE)
                else:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except Exception as error:
            failed = error
        finally:
            pieces.close()
            group.cancel_scope.cancel()
    if failed is not None:
        raise failed
    if not left.is_set():
        await send({"type": "http.response.body", "body": b""})
