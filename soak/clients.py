"""What the load is made of: connections over loopback, each with a request, or a part of one."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from time import perf_counter
from typing import Any

HOST = "127.0.0.1"
BOUNDARY = "soak"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'.encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


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

    async def receive(self) -> tuple[int, bytes]:
        """The status and the body of the next answer. Raises EOFError for one that is cut."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        if "\r\ncontent-length: " in head:
            length = int(head.partition("\r\ncontent-length: ")[2].partition("\r\n")[0])
            return status, await self.reader.readexactly(length)
        if "chunked" not in head:
            return status, await self.reader.read()
        chunks = []
        while size := int(await self.line(), 16):
            chunks.append(await self.reader.readexactly(size))
            await self.line()
        await self.line()
        return status, b"".join(chunks)

    async def line(self) -> bytes:
        """The next line. Raises EOFError if there is none."""
        if not (line := await self.reader.readline()):
            raise EOFError("got the end of the connection, expected a chunk")
        return line

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "text/plain") -> tuple[int, bytes]:
        """Send a whole request, and receive the answer."""
        fields = [f"Content-Length: {len(body)}", f"Content-Type: {kind}"] if body else []
        self.send_head(method, path, *fields)
        self.writer.write(body)
        return await self.receive()

    def leave(self, *, reset: bool = False) -> None:
        """Close the connection, or reset it: the server then gets no end of the stream but an error."""
        if reset:
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        else:
            self.writer.close()


async def once(port: int, method: str, path: str, body: bytes = b"", kind: str = "text/plain") -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = await Connection.open(port)
    try:
        return await connection.ask(method, path, body, kind)
    finally:
        connection.leave()


async def state(port: int) -> dict[str, Any]:
    """What the process of the server holds."""
    status, body = await once(port, "GET", "/state")
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


async def settled(port: int, before: dict[str, Any], seconds: float = 20) -> dict[str, Any]:
    """The state, when the process holds no more than ``before`` and all streams have ended, or after some seconds."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        found = await state(port)
        has_left = all(found[name] <= before[name] for name in ("descriptors", "tasks"))
        if has_left and found["streams"] == found["ended"]:
            break
        await asyncio.sleep(0.2)
    return found


async def latencies(port: int, path: str, count: int) -> list[float]:
    """How long ``count`` answers take, one after the other on one connection, in ms, sorted."""
    connection = await Connection.open(port)
    taken = []
    for _ in range(count):
        begin = perf_counter()
        status, _ = await connection.ask("GET", path)
        taken.append(1000 * (perf_counter() - begin))
        assert status == 200
        await asyncio.sleep(0.005)
    connection.leave()
    return sorted(taken)


async def upload(port: int, path: str, size: int) -> tuple[int, bytes]:
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
