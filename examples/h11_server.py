"""A small HTTP/1.1 server: h11 parses and writes, trio has the sockets, and cardan answers.

    python examples/h11_server.py hello:app

No WSGI and no ASGI server has a part in this. ``arespond`` takes a request of the core and gives the response, and the
response gives the events that are written.
"""

from __future__ import annotations

import sys
from contextlib import aclosing
from email.utils import formatdate
from functools import partial
from importlib import import_module
from traceback import print_exc
from typing import TYPE_CHECKING

import h11
import trio

from cardan import core
from cardan.exceptions import ClientDisconnected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cardan import Dual

PIECE = 65536
#: how many bytes the head of a request may have
MAX_HEAD = 65536
#: how long a client may send nothing that is waited for, or take nothing of what is sent, in seconds
PATIENCE = 60
LEFT = (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)


class Connection:
    """One connection of a client. Its requests are answered one after the other."""

    def __init__(self, app: Dual, stream: trio.SocketStream) -> None:
        self.app = app
        self.stream = stream
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)

    async def serve(self) -> None:
        """Answer requests until either side wants the connection to end."""
        try:
            while isinstance(event := await self.next_event(), h11.Request):
                await self.answer(event)
                if self.http.our_state is h11.DONE and self.http.their_state is h11.SEND_BODY:
                    await self.next_event()  # the end of a body whose bytes were all read
                if self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
                    return
                self.http.start_next_cycle()
        except h11.RemoteProtocolError as error:  # this is not HTTP, or a head that is too long
            if self.http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                await self.send_events(core.Response(f"{error}\n", error.error_status_hint), "GET", "1.0", last=True)

    async def answer(self, start: h11.Request) -> None:
        """Answer one request. At its end ``body()`` is closed, whether or not the application has read all of it."""
        if start.method == b"CONNECT":  # this is no proxy
            await self.send_events(core.Response(status=501), "GET", "1.0", last=True)
            return
        version = start.http_version.decode()
        if not version.startswith("1."):  # an HTTP/2 request has no request line (RFC 9110 section 15.6.6)
            await self.send_events(core.Response(status=505), "GET", "1.0", last=True)
            return
        client = self.stream.socket.getpeername()[:2]
        head = core.RequestHead.from_target(
            start.method, start.target, list(start.headers), http_version=version, client=client
        )
        # a body with two lengths may hide a request: the connection ends after the answer (RFC 9112 section 6.1)
        last = {b"content-length", b"transfer-encoding"} <= {name for name, _ in start.headers}
        async with core.Request(head, self.body(), inform=self.inform) as request:
            await self.respond(request, version, last=last)

    async def respond(self, request: core.Request, version: str, *, last: bool) -> None:
        """Let the application answer. Its errors are logged, and become a 500 if nothing was sent yet."""
        response: core.Response
        try:
            response = await self.app.arespond(request)
        except ClientDisconnected as error:  # body() says why: the client has left, or what came is no HTTP
            raise error.__cause__ or trio.BrokenResourceError from None
        except Exception:
            print_exc()
            response, last = core.Response("Internal Server Error\n", 500), True
        try:
            await self.send_events(response, request.method, version, last=last)
        except LEFT:
            raise
        except ClientDisconnected:  # a body that is made of the upload
            self.http.send_failed()
        except Exception:  # of the body: the client must not take what it has for the whole of it
            print_exc()
            self.http.send_failed()

    async def body(self) -> AsyncIterator[bytes]:
        """The body of the request. A piece is received when the application asks for it."""
        try:
            while isinstance(event := await self.next_event(), h11.Data):
                yield event.data
        except (h11.RemoteProtocolError, *LEFT) as error:
            raise ClientDisconnected from error

    async def inform(self, response: core.Informational) -> None:
        """Send an informational response, such as early hints."""
        await self.send(h11.InformationalResponse(status_code=response.status, headers=raw(response.headers)))

    async def send_events(self, response: core.Response, method: str, version: str, *, last: bool = False) -> None:
        """Send the events of a response. It is closed at the end, or when the client has left.

        The fields of the connection belong to the server: the ``last`` response says that the connection ends. A client
        that still waits for 100 Continue need not send its body, so that the next request cannot be found.
        """
        events = response.aiter_events(method, trailers_over=version, run_sync=trio.to_thread.run_sync, library=trio)
        async with aclosing(events):
            async for event in events:
                match event:
                    case core.Head(status, reason, headers):
                        fields = headers.copy()
                        if last or self.http.they_are_waiting_for_100_continue:
                            fields.append(("Connection", "close"))
                        if not any(name.lower() == "date" for name, _ in fields):
                            fields.append(("Date", formatdate(usegmt=True)))
                        await self.send(h11.Response(status_code=status, reason=reason.encode(), headers=raw(fields)))
                    case core.Chunk(data):
                        await self.send(h11.Data(data=data))
                    case core.End(trailers):
                        await self.send(h11.EndOfMessage(headers=raw(trailers)))

    async def next_event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        """The next event of h11. A client that waits for it is told to send the body."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            if self.http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            with trio.fail_after(PATIENCE):
                self.http.receive_data(await self.stream.receive_some(PIECE))
        return event

    async def send(self, event: h11.Event) -> None:
        """Send an event of h11, which chooses between Content-Length, chunks and the end of the connection."""
        if data := self.http.send(event):
            with trio.fail_after(PATIENCE):
                await self.stream.send_all(data)


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
        except (OSError, *LEFT):
            pass  # the client has left
        except Exception:  # nobody has thought of it: it ends this connection only
            print_exc()

    await trio.serve_tcp(handle, port, host="127.0.0.1", task_status=task_status)


if __name__ == "__main__":
    module, _, name = (sys.argv[1] if len(sys.argv) > 1 else "hello:app").partition(":")
    print("http://127.0.0.1:8000/")
    try:
        trio.run(partial(serve, getattr(import_module(module), name or "app"), 8000))
    except KeyboardInterrupt:
        pass
