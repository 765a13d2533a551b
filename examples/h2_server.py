"""A small HTTP/2 server: h2 parses and writes, trio has the sockets, and cardan answers.

    python examples/h2_server.py hello:app
    curl --http2-prior-knowledge http://127.0.0.1:8000/

It has no TLS, so that clients have to know that it speaks HTTP/2 (RFC 9113 section 3.3).
"""

from __future__ import annotations

import math
import sys
from contextlib import aclosing
from email.utils import formatdate
from functools import partial
from importlib import import_module
from traceback import print_exc
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import trio

from cardan import core
from cardan.exceptions import ClientDisconnected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cardan import Dual

PIECE = 65536
#: how long a client may send nothing that is waited for, or take nothing of what is sent, in seconds
PATIENCE = 60
LEFT = (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)


class Connection:
    """One connection of a client, with any number of streams: each is a request and its response."""

    def __init__(self, app: Dual, stream: trio.SocketStream) -> None:
        self.app = app
        self.stream = stream
        self.client = stream.socket.getpeername()[:2]
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        self.streams: dict[int, Stream] = {}
        self.sending = trio.Lock()
        self.window_grew = trio.Event()

    async def serve(self) -> None:
        """Read frames until either side wants the connection to end. Each request is answered by a task."""
        self.http.initiate_connection()
        await self.flush()
        async with trio.open_nursery() as nursery:
            while data := await self.receive():
                try:
                    for event in self.http.receive_data(data):
                        if isinstance(event, h2.events.RequestReceived):
                            stream = self.streams[event.stream_id] = Stream(self, event.stream_id)
                            nursery.start_soon(stream.serve, event.headers)
                        elif isinstance(event, h2.events.ConnectionTerminated):
                            nursery.cancel_scope.cancel()
                        else:
                            self.dispatch(event)
                except h2.exceptions.ProtocolError:  # this is not HTTP/2: the last frame says so
                    break
                await self.flush()
            nursery.cancel_scope.cancel()
        await self.flush()

    def dispatch(self, event: h2.events.Event) -> None:
        """Bring an event to the stream that it is for. A stream that was answered takes no more data."""
        stream = self.streams.get(getattr(event, "stream_id", 0))
        if isinstance(event, h2.events.DataReceived):
            if stream is not None and event.data:
                stream.put.send_nowait(event)  # as many as the window lets a client send
            else:  # the window does not bound empty frames (RFC 9113 section 10.5)
                self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded) and stream is not None:
            stream.put.send_nowait(None)
        elif isinstance(event, h2.events.StreamReset) and stream is not None:
            stream.scope.cancel()
        elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
            self.window_grew.set()
            self.window_grew = trio.Event()

    async def receive(self) -> bytes:
        """The next bytes of the client. Patience has an end if no request is being answered."""
        while True:
            with trio.move_on_after(PATIENCE):
                return await self.stream.receive_some(PIECE)
            if not self.streams:
                return b""

    async def flush(self) -> None:
        """Send what h2 has written. A task that is cancelled does not leave half a frame behind."""
        async with self.sending:
            if data := self.http.data_to_send():
                with trio.fail_after(PATIENCE, shield=True):
                    await self.stream.send_all(data)


class Stream:
    """One request and its response."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.http = connection.http
        self.number = number
        self.scope = trio.CancelScope()
        self.put, self.received = trio.open_memory_channel[h2.events.DataReceived | None](math.inf)
        self.ended = self.started = False

    async def serve(self, fields: list[tuple[bytes, bytes]]) -> None:
        """Answer the request. If the client resets the stream, or the connection ends, this is cancelled."""
        try:
            try:
                with self.scope:
                    await self.answer(fields)
            finally:
                del self.connection.streams[self.number]
            self.discard()
            await self.connection.flush()
            if not self.ended:  # of an upload that nobody wants: the client need not go on (RFC 9113 section 8.1)
                self.http.reset_stream(self.number, h2.errors.ErrorCodes.NO_ERROR)
                await self.connection.flush()
        except h2.exceptions.ProtocolError:
            pass  # the stream is closed, or the connection

    def discard(self) -> None:
        """Throw away what nobody has read. It no longer counts against the connection (RFC 9113 section 6.9.1)."""
        while self.received.statistics().current_buffer_used:
            event = self.received.receive_nowait()
            if event is not None:
                self.http.acknowledge_received_data(event.flow_controlled_length, self.number)

    async def answer(self, fields: list[tuple[bytes, bytes]]) -> None:
        """Let the application answer. Its errors are logged, and become a 500 if nothing was sent yet."""
        line = {name: value for name, value in fields if name.startswith(b":")}
        rest = [(name, value) for name, value in fields if not name.startswith(b":")]
        if b":authority" in line:
            rest = [(b"host", line[b":authority"]), *(field for field in rest if field[0] != b"host")]
        if line[b":method"] == b"CONNECT":  # this is no proxy
            await self.send_events(core.Response(status=501), "GET")
            return
        head = core.RequestHead.from_target(
            line[b":method"],
            line[b":path"],
            rest,
            http_version="2",
            scheme=line[b":scheme"].decode("latin-1"),
            client=self.connection.client,
        )
        try:
            async with core.Request(head, self.body(), inform=self.inform) as request:  # closes body() at its end
                await self.send_events(await self.connection.app.arespond(request), head.method)
        except (ClientDisconnected, h2.exceptions.NoSuchStreamError, *LEFT):
            pass  # the client has left, or is too slow
        except Exception:
            await trio.lowlevel.checkpoint()  # an error that comes of the end of the connection is cancelled here
            print_exc()
            if self.started:  # the client must not take what it has for the whole of it
                self.http.reset_stream(self.number, h2.errors.ErrorCodes.INTERNAL_ERROR)
                await self.connection.flush()
            else:
                await self.send_events(core.Response("Internal Server Error\n", 500), head.method)

    async def body(self) -> AsyncIterator[bytes]:
        """The body of the request. The client may send more when the application has taken a piece."""
        while True:
            try:
                with trio.fail_after(PATIENCE):
                    event = await self.received.receive()
            except trio.TooSlowError as error:
                raise ClientDisconnected from error
            if event is None:
                self.ended = True
                return
            try:
                yield event.data
            finally:
                self.http.acknowledge_received_data(event.flow_controlled_length, self.number)
            await self.connection.flush()

    async def inform(self, response: core.Informational) -> None:
        """Send an informational response, such as early hints."""
        self.http.send_headers(self.number, raw([(":status", str(response.status)), *response.headers]))
        await self.connection.flush()

    async def send_events(self, response: core.Response, method: str) -> None:
        """Send the events of a response. It is closed at the end, or when the client has left."""
        events = response.aiter_events(method, trailers_over="2", run_sync=trio.to_thread.run_sync, library=trio)
        async with aclosing(events):
            async for event in events:
                match event:
                    case core.Head(status, _, headers):
                        fields = [(":status", str(status)), *headers]
                        if not any(name.lower() == "date" for name, _ in fields):
                            fields.append(("date", formatdate(usegmt=True)))
                        self.http.send_headers(self.number, raw(fields))
                        self.started = True
                    case core.Chunk(data):
                        await self.send_data(data)
                    case core.End([]):
                        self.http.end_stream(self.number)
                    case core.End(trailers):
                        self.http.send_headers(self.number, raw(trailers), end_stream=True)
                await self.connection.flush()

    async def send_data(self, data: bytes) -> None:
        """Send a chunk in frames, when the client's window has room for them."""
        while data:
            grew = self.connection.window_grew
            size = min(self.http.local_flow_control_window(self.number), self.http.max_outbound_frame_size)
            if size > 0:
                self.http.send_data(self.number, data[:size])
                data = data[size:]
                await self.connection.flush()
            else:
                with trio.fail_after(PATIENCE):
                    await grew.wait()


def raw(fields: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Header fields as bytes."""
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in fields]


async def serve(
    app: Dual, port: int, task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve an application to every client on loopback, until this is cancelled."""

    async def handle(stream: trio.SocketStream) -> None:
        try:
            await Connection(app, stream).serve()
        except* (OSError, *LEFT):
            pass  # the client has left
        except* Exception:  # nobody has thought of it: it ends this connection only
            print_exc()

    await trio.serve_tcp(handle, port, host="127.0.0.1", task_status=task_status)


if __name__ == "__main__":
    module, _, name = (sys.argv[1] if len(sys.argv) > 1 else "hello:app").partition(":")
    print("http://127.0.0.1:8000/")
    try:
        trio.run(partial(serve, getattr(import_module(module), name or "app"), 8000))
    except KeyboardInterrupt:
        pass
