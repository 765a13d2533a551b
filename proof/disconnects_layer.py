"""The layer that :mod:`proof.disconnects` puts between a server and an application of any library.

For each request it notes when the server told the application of a disconnect, and which hooks, generators and calls
have begun and ended. It answers ``/state`` itself, with these notes and the number of descriptors, threads and tasks of
the process. The streams that all the applications send are here, too.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from io import FileIO
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import anyio

from soak.process import held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

__all__ = ["PIECE", "STEP", "Note", "NotedFile", "atick", "large_file", "note", "tick", "watch_asgi", "watch_wsgi"]

STEP = 0.005
"""Seconds between two pieces of a stream."""
PIECE = b"x" * 1000
LARGE = 256 << 20
"""The size of the file in bytes: more than the buffers of a connection hold."""


class Note:
    """The notes about one request."""

    def __init__(self) -> None:
        self.due: Counter[str] = Counter()
        """What has begun, and has to end once."""
        self.ended: list[tuple[str, float]] = []
        self.told: tuple[str, float] | None = None
        """How the server told that the client has left, and when."""

    def begin(self, what: str) -> None:
        """Something has begun that has to end."""
        self.due[what] += 1

    def end(self, what: str) -> None:
        """It has ended."""
        self.ended.append((what, time.monotonic()))

    def tell(self, how: str, when: float | None = None) -> None:
        """The server tells that the client has left. Only the first time counts."""
        if self.told is None:
            self.told = how, time.monotonic() if when is None else when


_notes: dict[str, Note] = {}


def note(query: str) -> Note:
    """The note of the request with this query, ``name=...``."""
    return _notes.setdefault(parse_qs(query)["name"][0], Note())


# --- what is streamed ---


def large_file() -> Path:
    """The path of a large sparse file."""
    path = Path(gettempdir()) / "cardan-proof-disconnects"
    if not path.exists() or path.stat().st_size != LARGE:
        with path.open("wb") as file:
            file.truncate(LARGE)
    return path


class NotedFile(FileIO):
    """The large file, opened. It notes when it is closed."""

    def __init__(self, noted: Note) -> None:
        super().__init__(large_file())
        self._note = noted
        noted.begin("close")

    def close(self) -> None:
        """Close it."""
        if not self.closed:
            self._note.end("close")
        super().close()


async def atick(noted: Note, piece: Any, silent_after: float = float("inf")) -> AsyncIterator[Any]:
    """Pieces, until the client leaves."""
    noted.begin("finally")
    try:
        count = 0
        while True:
            yield piece
            count += 1
            await (anyio.sleep(STEP) if count < silent_after else anyio.sleep_forever())
    finally:
        noted.end("finally")


def tick(noted: Note, piece: bytes) -> Iterator[bytes]:
    """The same in sync code."""
    noted.begin("finally")
    try:
        while True:
            yield piece
            time.sleep(STEP)
    finally:
        noted.end("finally")


def _state() -> bytes:
    """The notes, and what the process holds."""
    notes = {name: {"due": each.due, "ended": each.ended, "told": each.told} for name, each in list(_notes.items())}
    return json.dumps({**held(), "notes": notes}).encode()


# --- ASGI ---


def watch_asgi(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """``app`` with the layer. The server tells of a disconnect by a message, or by an error of ``send``."""

    async def layer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if scope["path"] == "/state":
            body = _state()
            headers = [(b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        noted = note(scope["query_string"].decode())

        async def watched_receive() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect":
                noted.tell("receive")
            return message

        async def watched_send(message: Any) -> None:
            try:
                await send(message)
            except Exception:
                noted.tell("send")
                raise

        noted.begin("call")
        try:
            await app(scope, watched_receive, watched_send)
        finally:
            noted.end("call")

    return layer


# --- WSGI ---


class _Watched:
    """The iterable that the server gets in place of the one of the application."""

    def __init__(self, chunks: Iterable[bytes], noted: Note) -> None:
        self._chunks = chunks
        self._steps: Iterator[bytes] | None = None
        self._note = noted
        self._given = time.monotonic()
        self._is_whole = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._steps is None:
            self._steps = iter(self._chunks)
        try:
            return next(self._steps)
        except StopIteration:
            self._is_whole = True
            raise
        finally:
            self._given = time.monotonic()

    def close(self) -> None:
        """Called by the server. Before the end of the body this means that it could not write the last piece."""
        if not self._is_whole:
            self._note.tell("write", self._given)
        try:
            getattr(self._chunks, "close", int)()
        finally:
            self._note.end("call")


def watch_wsgi(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """``app`` with the layer. The server tells of a disconnect by calling ``close()`` before the end of the body.

    It learned of the disconnect when it tried to write the last piece. If it sends a file itself, that moment is not
    known, and the call of ``close()`` counts.
    """

    def layer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/state":
            body = _state()
            start_response("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        noted = note(environ["QUERY_STRING"])
        noted.begin("call")
        chunks: Any = app(environ, start_response)
        wrapper = environ.get("wsgi.file_wrapper")
        is_wrapped = isinstance(wrapper, type) and isinstance(chunks, wrapper)
        if not is_wrapped:
            return _Watched(chunks, noted)
        end = getattr(chunks, "close", int)

        def close() -> None:
            noted.tell("close")
            try:
                end()
            finally:
                noted.end("call")

        chunks.close = close
        wrapped: Iterable[bytes] = chunks
        return wrapped

    return layer
