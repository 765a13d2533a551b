"""RSGI, the protocol of granian: an application as an object with ``__rsgi__``.

granian --interface rsgi doors.rsgi:app
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import hello

from cardan import Dual, core
from cardan.exceptions import ClientDisconnected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from granian._granian import RSGIHTTPProtocol as HTTPProtocol
    from granian._granian import RSGIHTTPStreamTransport
    from granian.rsgi import Scope


class Door:
    """``app`` over RSGI. The bodies of requests and responses are streamed."""

    def __init__(self, app: Dual) -> None:
        self.app = app

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        fields = scope.headers.items()
        if scope.authority is not None:  # of HTTP/2
            fields.append(("host", scope.authority))
        host, _, port = scope.client.rpartition(":")
        head = core.RequestHead(
            scope.method,
            scope.path,  # decoded
            scope.query_string.encode(),
            fields,
            scheme=scope.scheme,
            http_version=scope.http_version,
            client=(host, int(port)) if port.isdigit() else None,
        )
        failed: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(cancel_when_left, protocol, group.cancel_scope)
            try:
                await self.answer(head, protocol)
            except Exception as error:
                failed = error
            group.cancel_scope.cancel()
        if failed is not None:
            raise failed  # granian logs it, and answers with a 500 if nothing was sent

    async def answer(self, head: core.RequestHead, protocol: HTTPProtocol) -> None:
        """Let the application answer, and send its events."""
        async with core.Request(head, body(protocol)) as request:  # closes body() at its end
            await self.send_events(await self.app.arespond(request), head.method, protocol)

    async def send_events(self, response: core.Response, method: str, protocol: HTTPProtocol) -> None:
        """Send the events of a response, which closes it."""
        transport: RSGIHTTPStreamTransport | None = None
        events = response.aiter_events(method, run_sync=anyio.to_thread.run_sync, library=anyio)
        async with aclosing(events):
            try:
                async for event in events:
                    match event:
                        case core.Head(status, _, fields):
                            transport = protocol.response_stream(status, fields)
                        case core.Chunk(data) if transport is not None:
                            await transport.send_bytes(data)
            except Exception:
                if transport is None:
                    raise
                logging.getLogger(__name__).exception("The rest of a response does not come")
                # RSGI cannot cut a response, and without its transport it would look whole: the client has to leave
                await anyio.sleep_forever()


async def cancel_when_left(protocol: HTTPProtocol, scope: anyio.CancelScope) -> None:
    """Cancel what is done for a client that leaves."""
    await protocol.client_disconnect()
    scope.cancel()


async def body(protocol: HTTPProtocol) -> AsyncIterator[bytes]:
    """The body of a request. A piece is received when the application asks for it."""
    try:
        async for chunk in protocol:
            yield bytes(chunk)
    except RuntimeError as error:  # of granian: the connection was closed
        raise ClientDisconnected from error


app = Door(hello.app)
