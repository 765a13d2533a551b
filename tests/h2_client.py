"""A client of HTTP/2 without TLS (RFC 9113 section 3.3) that shows what httpx does not: 1xx responses and trailers."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events

__all__ = ["Exchanged", "exchange", "get"]

Fields = list[tuple[str, str]]


@dataclass
class Exchanged:
    """What a server has sent in answer to one request: the heads of 1xx responses, then the response."""

    informational: list[Fields] = field(default_factory=list)
    headers: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)


def get(port: int, path: str, headers: Fields | None = None) -> Exchanged:
    """GET ``path`` from the server at this port of the loopback."""
    return exchange(port, "GET", path, headers)


def exchange(port: int, method: str, path: str, headers: Fields | None = None, body: bytes = b"") -> Exchanged:
    """Send one request to the server at this port of the loopback. The body has to fit into one frame."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="latin-1"))
    client.initiate_connection()
    pseudo = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "a.example")]
    client.send_headers(1, [*pseudo, *(headers or [])], end_stream=not body)
    if body:
        client.send_data(1, body, end_stream=True)
    seen = Exchanged()
    with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
        connection.sendall(client.data_to_send())
        while data := connection.recv(65536):
            for event in client.receive_data(data):
                if isinstance(event, h2.events.InformationalResponseReceived):
                    seen.informational.append(_text(event.headers))
                elif isinstance(event, h2.events.ResponseReceived):
                    seen.headers = _text(event.headers)
                elif isinstance(event, h2.events.DataReceived):
                    seen.body += event.data
                    client.acknowledge_received_data(event.flow_controlled_length, 1)
                elif isinstance(event, h2.events.TrailersReceived):
                    seen.trailers = _text(event.headers)
                elif isinstance(event, h2.events.StreamReset):
                    raise ConnectionResetError(f"got a reset of the stream ({event.error_code}), expected a response")
                elif isinstance(event, h2.events.StreamEnded):
                    return seen
            connection.sendall(client.data_to_send())
    raise ConnectionError("got the end of the connection, expected a response")


def _text(fields: object) -> Fields:
    return [(str(name), str(value)) for name, value in fields]  # type: ignore[attr-defined]
