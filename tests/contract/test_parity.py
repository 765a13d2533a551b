"""Parity: the same bytes give the same values on both protocols; a member that may differ is listed with a reason."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from cardan import Request
from cardan.testing import Client

from . import parity_app
from .conftest import IN_PROCESS, ROOT
from .parity_app import Sent, generate

if TYPE_CHECKING:
    from tests.servers import ServerPool

SEED = 20_260
COUNT = 250
REAL_COUNT = 200
PAGE = ROOT / "docs" / "explanation" / "parity.md"


def send(client: httpx.Client, sent: Sent, kind: str) -> dict[str, Any]:
    """One request through an application in this process."""
    headers = [*sent.headers, (b"X-Kind", kind.encode())]
    content: Any = iter(sent.chunks) if sent.chunked else b"".join(sent.chunks)
    request = httpx.Request(sent.method, "http://127.0.0.1/", content=content, extensions={"target": sent.target})
    own = [pair for pair in request.headers.raw if pair[0].lower() in (b"content-length", b"transfer-encoding")]
    if not any(sent.chunks):
        own = []
    request.headers = httpx.Headers([*headers, *own])
    response = client.send(request)
    assert response.status_code == 200, response.text
    values: dict[str, Any] = response.json()
    return values


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The members that differ."""
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


def test_every_member_is_compared() -> None:
    """The list of differences names only members that exist, and all other properties are compared."""
    assert len(parity_app.MEMBERS) > 60
    listed = [name.strip("`") for row in parity_app.DIFFERENCES for name in row["what"].split(", ")]
    assert [name for name in listed if not hasattr(Request, name)] == []
    assert all(row.keys() == {"what", "wsgi", "asgi", "reason"} for row in parity_app.DIFFERENCES)


def test_in_process() -> None:
    """WSGI, asyncio and trio give the same values in ``def`` and ``async def`` handlers: six combinations."""
    clients = []
    for place in IN_PROCESS:
        protocol, _, backend = place.partition("-")
        clients.append(Client(parity_app.app, protocol=protocol, backend=backend or "asyncio"))  # type: ignore[arg-type]
    wrong = []
    with clients[0], clients[1], clients[2]:
        for sent in generate(SEED, COUNT):
            first = send(clients[0], sent, "def")
            for place, client in zip(IN_PROCESS, clients, strict=True):
                for kind in ("def", "async"):
                    found = differences(first, send(client, sent, kind))
                    if found:
                        wrong.append((place, kind, sent, found))
    assert wrong[:3] == []


def exchange(url: str, data: bytes) -> tuple[int, bytes]:
    """Send ``data`` over a new socket; gives the status and the body of the answer."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=100) as connection:
        connection.sendall(data)
        received = bytearray()
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    if re.search(rb"(?i)\r\ntransfer-encoding: chunked", head):
        body = b"".join(unchunked(body))
    body = body.replace(b":%d/" % (where.port or 0), b":PORT/")  # without a valid Host, URLs contain the server's port
    return int(head.split(b" ", 2)[1] if head else 0), body


def unchunked(data: bytes) -> Any:
    """The chunks of a chunked body."""
    while data:
        size, _, data = data.partition(b"\r\n")
        yield data[: int(size, 16)]
        data = data[int(size, 16) + 2 :]


def joined(values: dict[str, Any]) -> dict[str, Any]:
    """``values`` without the spaces after commas in header fields: gunicorn joins repeated fields without a space."""
    values["headers"] = [[name, text.replace(", ", ",")] for name, text in values["headers"]]
    return values


@pytest.mark.real_server
def test_on_real_servers(server_pool: ServerPool) -> None:
    """gunicorn and uvicorn get the same bytes over sockets; unless one refuses the request, the values are the same."""
    urls = [
        server_pool.get(name, "tests.contract.parity_app:app", app_dir=ROOT).url for name in ("gunicorn", "uvicorn")
    ]
    wrong: list[Any] = []
    refused = 0
    for number, sent in enumerate(generate(SEED, REAL_COUNT)):
        # uvicorn replaces the address of a client on loopback by X-Forwarded-For, unless --no-proxy-headers is given;
        # gunicorn joins two Cookie fields with a comma, like any other field; no client may send two (RFC 6265, 5.4)
        sent.headers = [pair for pair in sent.headers if pair[0] not in (b"X-Forwarded-For", b"COOKIE")]
        sent.target = sent.target.partition(b"#")[0]  # not allowed in a target; gunicorn cuts it off, uvicorn does not
        data = sent.wire("async" if number % 2 else "def")
        (status, body), (other_status, other_body) = (exchange(url, data) for url in urls)
        if status != 200 or other_status != 200:
            assert {status, other_status} <= {200, 400}, (sent, status, other_status)
            refused += 1
            continue
        found = differences(joined(json.loads(body)), joined(json.loads(other_body)))
        if found:
            wrong.append((sent, found))
    assert [found for _, found in wrong[:3]] == []
    assert refused < REAL_COUNT / 10


def test_the_page_shows_the_list() -> None:
    """docs/explanation/parity.md has every row of the list, and no other."""
    rows = [
        "| " + " | ".join(row[key] for key in ("what", "wsgi", "asgi", "reason")) + " |"
        for row in parity_app.DIFFERENCES
    ]
    shown = [line for line in Path(PAGE).read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert shown == rows
