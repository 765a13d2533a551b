"""A body that exceeds a limit is refused at once: the server is never asked for more bytes than are needed to know."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from cardan import Request, Response
from cardan.core._request.limits import LIMIT_NAMES
from cardan.exceptions import RequestEntityTooLarge
from cardan.testing import RequestBuilder

from . import limit_apps
from .limit_apps import ASYNC_WAYS, WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import ServerPool

ROOT = Path(__file__).parents[2]
HEAD = b'\r\nContent-Disposition: form-data; name="a"'
FILE_HEAD = HEAD + b'; filename="x"'
PART = b"--B" + HEAD + b"\r\n\r\n1\r\n"
FILE = b"--B" + FILE_HEAD + b"\r\n\r\n12345\r\n"
KINDS = {"iter_parts": "multipart/form-data; boundary=B", "json": "application/json"}
MULTIPART, URLENCODED = KINDS["iter_parts"], "application/x-www-form-urlencoded"
RAW = "text/plain"


def cases() -> Iterator[tuple[str, str, str, bytes]]:
    """A limit in a query, a Content-Type, a way to read, and a body that exceeds the limit. Then the client pauses."""
    raw = b"x" * 2048
    yield "max_content_length=1000", RAW, "get_data uncached data text stream iter_data iter_data_500", raw
    yield "max_data_memory=1000", RAW, "get_data uncached data text", raw
    yield "max_content_length=1000", "application/json", "json", b'"' + raw
    yield "max_data_memory=1000", "application/json", "json", b'"' + raw
    yield "max_content_length=1000", URLENCODED, "form values data", b"a=" + raw
    yield "max_form_memory_size=1000", URLENCODED, "form values data", b"a=" + raw
    yield "max_form_memory_size=1000", URLENCODED, "form values data", b"a=" + b"%" * len(raw)
    yield "max_form_memory_total=1000", URLENCODED, "form values data", b"&".join([b"a=" + b"x" * 20] * 60)
    yield "max_form_parts=50", URLENCODED, "form values data", b"a=1&" * 60
    field = b"--B" + HEAD + b"\r\n\r\n" + raw
    every = "form files data iter_parts skip_parts part_data"
    yield "max_content_length=1000", MULTIPART, every, field
    yield "max_form_memory_size=1000", MULTIPART, every, field
    yield "max_form_memory_size=1000", MULTIPART, every, PART * 3 + field
    yield "max_form_memory_size=1000", MULTIPART, every, FILE + field
    yield "max_form_memory_total=1000", MULTIPART, every, PART * 2 + field
    yield "max_form_parts=5", MULTIPART, every, PART * 6
    yield "max_files=3", MULTIPART, every, FILE * 4
    yield "max_file_size=1000", MULTIPART, every, PART + b"--B" + FILE_HEAD + b"\r\n\r\n" + raw
    yield "max_part_header_size=1000", MULTIPART, every, b"--B" + HEAD + b"\r\nX: " + raw
    yield "max_part_headers=3", MULTIPART, every, b"--B" + HEAD + b"\r\nX: y" * 5 + b"\r\n\r\nxxxxxxxx"
    yield "max_data_memory=1000", MULTIPART, "iter_parts", b"--B" + FILE_HEAD + b"\r\n\r\n" + raw


CASES = [
    pytest.param(
        query, kind, f"/{handler}/{way}", body, id=f"{query}-{kind.partition(';')[0]}-{handler}-{way}-{number}"
    )
    for number, (query, kind, ways, body) in enumerate(cases())
    for way in ways.split()
    for handler, known in (("def", WAYS), ("async", ASYNC_WAYS))
    if way in known
]


def test_every_limit_has_a_case() -> None:
    """Each limit that refuses a body is exceeded by one, but for that of the boundary, which is in the head."""
    refuse_nothing = {"max_file_memory", "max_spool_memory"}
    exceeded = {query.partition("=")[0] for query, *_ in cases()}
    assert exceeded == set(LIMIT_NAMES) - refuse_nothing - {"max_boundary_size"}


class PausedInput:
    """A ``wsgi.input`` that has ``body`` and then waits: asking it for more would block for ever."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def read(self, size: int = -1) -> bytes:
        """Like the input of gunicorn, return when ``size`` bytes are there."""
        assert 0 <= size <= len(self.body), f"asked for {size} bytes of {len(self.body)}: it would wait for ever"
        data, self.body = self.body[:size], self.body[size:]
        return data


def status_on_wsgi(app: Any, path: str, query: str, content_type: str, body: bytes, **fields: Any) -> int:
    """The status of the answer on WSGI, if the client pauses after ``body``."""
    environ = RequestBuilder(path, method="POST", query_string=query).environ()
    environ.pop("CONTENT_LENGTH", None)
    environ |= {"wsgi.input": PausedInput(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    environ |= {"CONTENT_TYPE": content_type, **fields}
    lines: list[str] = []
    parts = app.wsgi_app(environ, lambda status, headers, exc_info=None: lines.append(status))
    b"".join(parts)
    return int(lines[0][:3])


def status_on_asgi(
    app: Any, path: str, query: str, content_type: str, pieces: list[bytes], backend: str, *fields: tuple[bytes, bytes]
) -> int:
    """The status of the answer on ASGI. Each piece is one message."""
    answered: Any
    sent: list[Any] = []
    rest = list(pieces)

    async def receive() -> Any:
        if rest:
            return {"type": "http.request", "body": rest.pop(0), "more_body": True}
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and message.get("body"):
            answered.set()

    async def main() -> None:
        nonlocal answered
        answered = anyio.Event()
        scope = dict(RequestBuilder(path, method="POST", query_string=query).scope())
        scope["http_version"] = "2" if fields else "1.1"
        scope["headers"] = [(b"content-type", content_type.encode()), *(fields or [(b"transfer-encoding", b"chunked")])]
        with anyio.fail_after(100):
            await app.asgi_app(scope, receive, send)

    anyio.run(main, backend=backend)
    return int(sent[0]["status"])


@pytest.mark.parametrize(("query", "content_type", "path", "body"), CASES)
def test_on_wsgi(query: str, content_type: str, path: str, body: bytes) -> None:
    """A chunked body on a server whose ``read(n)`` returns only when n bytes are there."""
    assert status_on_wsgi(limit_apps.app, path, query, content_type, body) == 413


@pytest.mark.parametrize(("query", "content_type", "path", "body"), CASES)
def test_on_asgi(query: str, content_type: str, path: str, body: bytes) -> None:
    """A chunked body whose messages stop after the one that exceeds the limit."""
    backend = "trio" if len(body) % 2 else "asyncio"
    assert status_on_asgi(limit_apps.app, path, query, content_type, [body], backend) == 413
    small = [body[at : at + 100] for at in range(0, len(body), 100)]
    assert status_on_asgi(limit_apps.app, path, query, content_type, small, backend) == 413


def test_a_body_that_was_not_announced() -> None:
    """HTTP/2 does not have to announce a body. Such a body is read with the same care."""
    for path, query, kind, body in (
        ("/def/form", "max_form_memory_size=1000", URLENCODED, b"a=" + b"x" * 2048),
        ("/def/iter_parts", "max_file_size=1000", MULTIPART, b"--B" + FILE_HEAD + b"\r\n\r\n" + b"x" * 2048),
        ("/async/form", "max_form_memory_size=1000", MULTIPART, b"--B" + HEAD + b"\r\n\r\n" + b"x" * 2048),
        ("/def/get_data", "max_content_length=1000", RAW, b"x" * 2048),
    ):
        assert status_on_asgi(limit_apps.app, path, query, kind, [body], "asyncio", (b"x-other", b"1")) == 413


@pytest.mark.parametrize("path", ["/def/get_data", "/def/form", "/async/get_data", "/async/iter_data"])
def test_a_declared_body_is_refused_unread(path: str) -> None:
    """If the declared length exceeds a limit, nothing is received, not even before the handler runs."""
    kind = URLENCODED if path.endswith("form") else RAW

    class Small(Request):
        max_content_length = 1000

    small = limit_apps.Limited(request_class=Small)
    assert status_on_asgi(small, path, "", kind, [], "asyncio", (b"content-length", b"2048")) == 413


class Expanding(Request):
    """A request whose filter makes a large body of a small one."""

    max_content_length = 10_000

    def make_body_filter(self) -> Any:
        """A filter that makes a thousand bytes of one."""

        class Filter:
            def feed(self, data: bytes) -> bytes:
                return data * 1000

            def close(self) -> bytes:
                return b""

        return Filter()


@pytest.mark.parametrize("way", ["get_data", "iter_data", "stream"])
def test_behind_a_filter(way: str) -> None:
    """The output of the filter exceeds the limit long before its input does."""

    @Expanding.application
    def app(request: Expanding) -> Response:
        return Response(WAYS[way](request))

    assert status_on_wsgi(app, "/", "", RAW, b"x" * 2048) == 413
    assert status_on_asgi(app, "/", "", RAW, [b"x" * 11], "asyncio") == 413


def test_large_files_are_read_in_large_pieces() -> None:
    """Small limits on fields do not make reading a large file slow: the pieces grow with the part that was read."""
    body = b"--B" + FILE_HEAD + b"\r\n\r\n" + b"x" * 3_000_000 + b"\r\n--B--\r\n"
    sizes: list[int] = []

    class Input:
        def __init__(self) -> None:
            self.rest = body

        def read(self, size: int = -1) -> bytes:
            sizes.append(size)
            data, self.rest = self.rest[:size], self.rest[size:]
            return data

    class Narrow(Request):
        max_form_memory_size = 100
        max_files = 1
        max_form_parts = 2

    environ = RequestBuilder(method="POST").environ({"wsgi.input": Input(), "wsgi.input_terminated": True})
    environ.pop("CONTENT_LENGTH", None)
    environ |= {"CONTENT_TYPE": MULTIPART, "HTTP_TRANSFER_ENCODING": "chunked"}
    with Narrow(environ) as request:
        assert request.files["a"].size == 3_000_000
    assert len(sizes) < 50
    assert max(sizes) == 262_144


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["gunicorn-gthread", "uvicorn"])
def test_on_real_servers(server_pool: ServerPool, kind: str) -> None:
    """A client that sends 2 KiB although the limit is 1000 bytes, and then waits, gets its answer."""
    server = server_pool.get(kind, "tests.contract.limit_apps:app", app_dir=ROOT)
    chosen = [
        (RAW, "/def/get_data?max_content_length=1000", b"x" * 2048),
        (RAW, "/async/get_data?max_data_memory=1000", b"x" * 2048),
        (RAW, "/def/iter_data?max_content_length=1000", b"x" * 2048),
        (RAW, "/async/iter_data?max_content_length=1000", b"x" * 2048),
        (URLENCODED, "/def/form?max_form_memory_size=1000", b"a=" + b"x" * 2048),
        (MULTIPART, "/def/form?max_form_memory_size=1000", b"--B" + HEAD + b"\r\n\r\n" + b"x" * 2048),
        (MULTIPART, "/async/iter_parts?max_file_size=1000", b"--B" + FILE_HEAD + b"\r\n\r\n" + b"x" * 2048),
    ]
    for content_type, target, body in chosen:
        head = (
            f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port), 30) as client:
            client.sendall(head.encode() + b"%x\r\n%s\r\n" % (len(body), body))
            assert client.recv(65536)[:12] == b"HTTP/1.1 413", target


@pytest.mark.parametrize("way", ["form", "data"])
def test_a_declared_body_with_too_many_fields_is_not_read_to_its_end(way: str) -> None:
    """An input whose ``read(n)`` waits for n bytes is not asked for the whole of a body with too many fields."""
    body = b"a=1&" * 15_000

    class Input:
        read_bytes = 0

        def read(self, size: int) -> bytes:
            data = body[self.read_bytes : self.read_bytes + size]
            self.read_bytes += len(data)
            return data

    class Few(Request):
        max_form_parts = 5

    environ = RequestBuilder(method="POST", data=body, content_type=URLENCODED).environ()
    environ["wsgi.input"] = source = Input()
    with pytest.raises(RequestEntityTooLarge, match="max_form_parts"):
        getattr(Few(environ), way)
    assert source.read_bytes <= 1024
