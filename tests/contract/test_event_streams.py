"""Streams of events and of lines on both protocols: ids that come back, values of one line, heartbeats."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from cardan import Application, Request, Response, ServerSentEvent
from cardan.testing import Client, RequestBuilder

both = pytest.mark.parametrize("protocol", ["wsgi", "asgi"])


def id_of(request: Request) -> Response:
    return Response.from_events([ServerSentEvent(request.last_event_id, id="größer-€")])


@both
@pytest.mark.parametrize("text", ["größer-€", "\U0001f600", "plain-5", "a b"])
def test_an_id_comes_back(protocol: Any, text: str) -> None:
    """A browser sends the id of the last event in UTF-8 (WHATWG HTML section 9.2.4), and ``last_event_id`` is the text
    that the program gave.
    """
    with Client(Application(id_of), protocol=protocol) as client:
        headers = [(b"Last-Event-ID", text.encode())]
        lines = client.get("/", headers=headers).content.decode().splitlines()
    assert lines == ["id: größer-€", f"data: {text}", ""]


@both
def test_an_id_in_another_encoding_never_raises(protocol: Any) -> None:
    """Bytes that are not UTF-8 become U+FFFD, as in cookies. The field itself has them still."""

    def handler(request: Request) -> Response:
        return Response(f"{request.last_event_id} {request.headers['Last-Event-ID']}")

    with Client(Application(handler), protocol=protocol) as client:
        assert client.get("/", headers=[(b"Last-Event-ID", b"\xe9")]).text == "\ufffd \xe9"


class Pretty(Response):
    json_module = SimpleNamespace(dumps=lambda value: json.dumps(value, indent=2) + "\r\n")


@both
@pytest.mark.parametrize("kind", ["def", "async"])
def test_a_value_is_one_line(protocol: Any, kind: str) -> None:
    """A line of NDJSON is one JSON text, however ``json_module`` writes it: line ends between its members become
    spaces, and those inside of a string are escapes (RFC 8259 sections 2 and 7).
    """
    values = [{"a": [1, {"b": "x\ny\r\u2028"}]}, [], "z", None]

    def sync(request: Request) -> Response:
        return Pretty.from_ndjson(values)

    async def later(request: Request) -> Response:
        async def each() -> AsyncIterator[Any]:
            for value in values:
                yield value

        return Pretty.from_ndjson(each())

    with Client(Application(sync if kind == "def" else later), protocol=protocol) as client:
        data = client.get("/").content
    assert data.endswith(b"\n")
    assert [json.loads(line) for line in data.split(b"\n")[:-1]] == values


def beats() -> Iterator[Any]:
    yield from (b"", b"a", b"", "", b"b")


async def abeats() -> AsyncIterator[Any]:
    for chunk in beats():
        yield chunk


@pytest.mark.parametrize("body", [beats, abeats])
def test_an_empty_chunk_is_a_heartbeat_on_wsgi(body: Any) -> None:
    """A program that yields ``b""`` gives the server its turn (PEP 3333, "Middleware Handling of Block Boundaries"): it
    gets each chunk when the program has made it, so that it can send the head, and end a body that nobody reads.
    """
    heads: list[Any] = []
    app = Application(lambda request: Response(body(), content_type="text/event-stream"))
    blocks: Any = app.wsgi_app(RequestBuilder("/").environ(), lambda *head: heads.append(head))
    got = list(blocks)
    blocks.close()
    assert got == [b"", b"a", b"", b"", b"b"]
    assert len(heads) == 1


def test_the_head_goes_out_with_the_first_heartbeat() -> None:
    """On both protocols an empty chunk sends the head, before the body goes on. (The thread of a sync body on ASGI may
    be a step ahead.)
    """
    seen: list[str] = []

    def body() -> Iterator[bytes]:
        yield b""
        seen.append("second step")
        yield b"a"

    app = Application(lambda request: Response(body()))
    blocks: Any = app.wsgi_app(RequestBuilder("/").environ(), lambda *head: seen.append("head"))
    assert next(blocks) == b""
    assert seen == ["head"]
    blocks.close()

    seen.clear()

    async def abody() -> AsyncIterator[bytes]:
        for chunk in body():
            yield chunk

    app = Application(lambda request: Response(abody()))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append("head")

    asyncio.run(app.asgi_app(RequestBuilder("/").scope(), receive, send))  # type: ignore[arg-type]
    assert seen == ["head", "second step"]


def test_a_server_that_stops_is_noticed() -> None:
    """A server that closes a stream of heartbeats ends it: the close hooks run, and the request has lost its client."""
    lost: list[bool] = []

    def handler(request: Request) -> Response:
        def body() -> Iterator[bytes]:
            try:
                while True:
                    yield b""
            finally:
                lost.append(request.disconnected)

        return Response(body())

    blocks: Any = Application(handler).wsgi_app(RequestBuilder("/").environ(), lambda *head: None)
    assert [next(blocks) for _ in range(5)] == [b""] * 5
    blocks.close()
    assert lost == [True]
