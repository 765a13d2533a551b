"""The clients of the load tests: connections over loopback, each of which sends requests, or a part of one."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
BOUNDARY = "soak"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'.encode()
CHECKED_HEAD = HEAD.replace(b'"f"', b'"c"')
"""The head of a file whose content the server checks, too."""
FIELD_HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"\r\n\r\n'.encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
CLOSE = "Connection: close"
CHUNKED = "Transfer-Encoding: chunked"
PATIENCE = 20.0
"""How many seconds a client waits for the state of a process, and until everything in it has ended."""


class Answer(NamedTuple):
    """A response as a client has received it."""

    status: int
    body: bytes = b""
    fields: str = ""
    """The header fields, in lower case."""


class Connection:
    """A connection of a client, which may be kept open for several requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect. Raises OSError if nobody listens."""
        return cls(*await asyncio.open_connection(HOST, port))

    def send_head(self, method: str, path: str, *fields: str) -> None:
        """Send the head of a request."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *fields, "", ""]
        self.writer.write("\r\n".join(lines).encode())

    def send_chunk(self, data: bytes) -> None:
        """Send a chunk of a body without a declared length. An empty one ends the body."""
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def receive_head(self) -> Answer:
        """The head of the next answer. Raises EOFError if there is none."""
        head = ""
        while line := (await self.line()).rstrip(b"\r\n"):
            head += f"{line.decode('latin-1').lower()}\r\n"
        return Answer(int(head.split(" ", 2)[1]), b"", head)

    async def receive(self, *, without_body: bool = False) -> Answer:
        """The next answer. Raises EOFError for one that is cut."""
        status, _, head = await self.receive_head()
        if without_body or status == 304:
            return Answer(status, b"", head)
        if "\r\ncontent-length: " in head:
            length = int(head.partition("\r\ncontent-length: ")[2].partition("\r\n")[0])
            return Answer(status, await self.reader.readexactly(length), head)
        if "\r\ntransfer-encoding: chunked" not in head:
            return Answer(status, await self.reader.read(), head)
        chunks = []
        while chunk := await self.chunk():
            chunks.append(chunk)
        return Answer(status, b"".join(chunks), head)

    async def chunk(self) -> bytes:
        """The next chunk of a body; it is empty at the end of the body. Raises EOFError if the connection ends."""
        data = await self.reader.readexactly(int(await self.line(), 16))
        await self.line()
        return data

    async def line(self) -> bytes:
        """The next line; a line feed alone ends it, too (RFC 9112 section 2.2). Raises EOFError if there is none."""
        if not (line := await self.reader.readline()):
            raise EOFError("got the end of the connection, expected a line")
        return line

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "text/plain", *fields: str) -> Answer:
        """Send a whole request, and receive the answer."""
        if body:
            fields = (*fields, f"Content-Length: {len(body)}", f"Content-Type: {kind}")
        self.send_head(method, path, *fields)
        self.writer.write(body)
        return await self.receive(without_body=method == "HEAD")

    def leave(self, *, reset: bool = False) -> None:
        """Close the connection, or reset it: the server then gets no end of the stream but an error."""
        if reset:
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        else:
            self.writer.close()


async def once(port: int, method: str, path: str, body: bytes = b"", kind: str = "text/plain", *fields: str) -> Answer:
    """One request on a connection of its own."""
    connection = await Connection.open(port)
    try:
        return await connection.ask(method, path, body, kind, CLOSE, *fields)
    finally:
        connection.leave()


async def state(port: int, *, objects: bool = False) -> dict[str, Any]:
    """What the process of the server says of itself at ``/state`` (:mod:`soak.process`)."""
    for attempt in count(1):
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await once(port, "GET", "/state?objects=1" if objects else "/state")
            break
        except EOFError:  # the server took it for an idle connection: the machine is busy
            if attempt == 3:
                raise
    assert answer.status == 200, answer
    found: dict[str, Any] = json.loads(answer.body)
    return found


def is_idle(found: dict[str, Any]) -> bool:
    """Whether all requests that read a body and all streams have ended in this state."""
    return bool(found["begun"] == found["ended"] and found["streams"] == found["closed"])


async def settled(
    port: int,
    before: dict[str, Any] | None,
    is_over: Callable[[dict[str, Any]], bool] = is_idle,
    names: tuple[str, ...] = ("descriptors", "tasks"),
) -> dict[str, Any]:
    """The state, when ``is_over`` and the process holds no more of ``names`` than ``before``, or after ``PATIENCE``."""
    end = perf_counter() + PATIENCE
    while True:
        found = await state(port)
        holds_more = before is not None and any(found[name] > before[name] for name in names)
        if (is_over(found) and not holds_more) or perf_counter() > end:
            return found
        await asyncio.sleep(0.1)


async def latencies(port: int, path: str, count: int) -> list[float]:
    """How long ``count`` answers take, one after the other on one connection, in ms, sorted."""
    connection = await Connection.open(port)
    taken = []
    for _ in range(count):
        begin = perf_counter()
        answer = await connection.ask("GET", path)
        taken.append(1000 * (perf_counter() - begin))
        assert answer[:2] == (200, b"pong"), answer
        await asyncio.sleep(0.005)
    connection.leave()
    return sorted(taken)


async def upload(port: int, path: str, size: int) -> Answer:
    """An upload of ``size`` bytes, in pieces of 256 KiB."""
    connection = await Connection.open(port)
    try:
        length = len(HEAD) + size + len(TAIL)
        connection.send_head("POST", path, f"Content-Type: {TYPE}", f"Content-Length: {length}")
        connection.writer.write(HEAD)
        piece = bytes(262_144)
        for at in range(0, size, len(piece)):
            connection.writer.write(piece[: size - at])
            await connection.writer.drain()
        connection.writer.write(TAIL)
        return await connection.receive()
    finally:
        connection.leave()
