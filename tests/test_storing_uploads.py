"""``examples/object_store.py`` against an S3-compatible server, and ``examples/resumable.py``; on both protocols, and
on ASGI with asyncio and with trio.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio
import httpx
import object_store
import pytest
import resumable
from moto.server import ThreadedMotoServer

from cardan.testing import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = bytes(range(256)) * 45_000
"""Three parts: 11.5 MB."""
BROKEN = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
WAYS: dict[str, Any] = {
    "wsgi": {"protocol": "wsgi"},
    "asgi": {"protocol": "asgi"},
    "asgi on trio": {"protocol": "asgi", "backend": "trio"},
}
everywhere = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
kinds = pytest.mark.parametrize("kind", ["sync_app", "app"])


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The URL of a server of the object store."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def bucket(store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a new bucket, which the example uses."""
    url = f"{store}/b{uuid4().hex}"
    send("PUT", url)
    monkeypatch.setattr(object_store, "BUCKET", url)
    return url


def send(method: str, url: str) -> httpx.Response:
    """A signed request to the store."""
    with httpx.Client() as client:
        return client.send(object_store.signed(method, url)).raise_for_status()


def objects(bucket: str) -> list[bytes]:
    """The contents of all objects."""
    keys = re.findall("<Key>(.+?)</Key>", send("GET", bucket).text)
    return [send("GET", f"{bucket}/{key}").content for key in keys]


def unfinished(bucket: str) -> list[str]:
    """The uploads that were neither completed nor aborted."""
    return re.findall("<UploadId>(.+?)</UploadId>", send("GET", f"{bucket}?uploads=").text)


@everywhere
@kinds
def test_files_are_stored(bucket: str, way: Any, kind: str) -> None:
    """A file of several parts, and an empty one."""
    with Client(getattr(object_store, kind), **way) as client:
        made = client.post("/", files=[("f", ("a", DATA)), ("f", ("b", b""))])
    assert (made.status_code, made.json()) == (201, {"a": len(DATA), "b": 0})
    assert sorted(objects(bucket)) == [b"", DATA]
    assert unfinished(bucket) == []


@everywhere
@kinds
def test_nothing_remains_of_a_form_that_fails(bucket: str, way: Any, kind: str) -> None:
    """A form that fails leaves nothing in the store, neither parts of the file that was being sent, nor files that were
    complete.
    """
    body = BROKEN + b"complete\r\n" + BROKEN + DATA
    content_type = {"Content-Type": "multipart/form-data; boundary=B"}
    with Client(getattr(object_store, kind), **way) as client:
        assert client.post("/", content=body, headers=content_type).status_code == 400
    assert (objects(bucket), unfinished(bucket)) == ([], [])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("leaves", [True, False], ids=["disconnect", "cancellation"])
@kinds
def test_nothing_remains_of_a_form_that_is_broken_off(bucket: str, kind: str, leaves: bool, backend: str) -> None:
    """The client leaves, or the server cancels the request: the sink is awaited nevertheless, and deletes its parts."""
    content = [BROKEN, DATA[: len(DATA) // 2], DATA[len(DATA) // 2 :]]
    messages: list[Any] = [{"type": "http.request", "body": data, "more_body": True} for data in content]
    headers = [(b"content-type", b"multipart/form-data; boundary=B")]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        if not leaves:
            scopes[0].cancel()
            await anyio.sleep_forever()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if leaves:
            raise OSError("the client has left")

    async def main() -> None:
        with anyio.CancelScope() as scope_of_request:
            scopes.append(scope_of_request)
            with suppress(OSError):
                await getattr(object_store, kind)(scope, receive, send)
        assert scope_of_request.cancel_called is not leaves

    scopes: list[anyio.CancelScope] = []
    anyio.run(main, backend=backend)
    assert messages == []
    assert (objects(bucket), unfinished(bucket)) == ([], [])


@everywhere
@kinds
def test_a_store_that_refuses_a_part_fails_the_request(
    bucket: str, way: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is that of the store's client."""
    monkeypatch.setattr(object_store, "BUCKET", f"{bucket}missing")
    with (
        Client(getattr(object_store, kind), **way) as client,
        pytest.raises(httpx.HTTPStatusError, match="404"),
    ):
        client.post("/", files={"f": ("a", b"data")})
    assert objects(bucket) == []


@everywhere
@kinds
def test_an_upload_that_the_store_cannot_complete_fails_the_request(
    bucket: str, way: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 API reference, CompleteMultipartUpload: the answer may be a 200 whose body is an error. Nothing remains."""
    sent = httpx.Response(200, text="<Error><Code>InternalError</Code></Error>", request=httpx.Request("POST", bucket))

    def send_sync(self: Any, request: httpx.Request) -> httpx.Response:
        return sent if b"<CompleteMultipartUpload>" in request.content else self.client.send(request).raise_for_status()

    async def send_async(self: Any, request: httpx.Request) -> httpx.Response:
        if b"<CompleteMultipartUpload>" in request.content:
            return sent
        return (await self.client.send(request)).raise_for_status()

    monkeypatch.setattr(object_store.Sink, "send", send_sync)
    monkeypatch.setattr(object_store.AsyncSink, "send", send_async)
    with (
        Client(getattr(object_store, kind), **way) as client,
        pytest.raises(OSError, match="InternalError"),
    ):
        client.post("/", files={"f": ("a", b"data")})
    assert (objects(bucket), unfinished(bucket)) == ([], [])


@everywhere
@kinds
def test_the_client_is_read_no_faster_than_the_store_takes_parts(
    bucket: str, way: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a part is being sent, the body is not read on."""
    read = 0
    seen: list[int] = []

    def body() -> Iterator[bytes]:
        nonlocal read
        yield BROKEN
        for start in range(0, len(DATA), 65_536):
            read += 65_536
            yield DATA[start : start + 65_536]
        yield b"\r\n--B--\r\n"

    signed = object_store.signed

    def watched(method: str, url: str, data: bytes = b"") -> httpx.Request:
        seen.append(read)
        return signed(method, url, data)

    monkeypatch.setattr(object_store, "signed", watched)
    content_type = {"Content-Type": "multipart/form-data; boundary=B"}
    with Client(getattr(object_store, kind), **way) as client:
        assert client.post("/", content=body(), headers=content_type).status_code == 201
    assert seen[0] <= object_store.PART_SIZE + 4 * 65_536
    assert seen[2] <= 2 * object_store.PART_SIZE + 4 * 65_536


# --- the resumable upload ---


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the uploads, which the first upload makes."""
    monkeypatch.setattr(resumable, "FOLDER", tmp_path / "uploads")
    return tmp_path / "uploads"


@everywhere
@kinds
def test_an_upload_is_continued(folder: Path, way: Any, kind: str) -> None:
    """Each answer says what has arrived; the last one is a 201."""
    with Client(getattr(resumable, kind), **way) as client:

        def put(where: str, content: bytes = b"") -> tuple[int, str | None]:
            answer = client.put("/a", content=content, headers={"Content-Range": f"bytes {where}"})
            return answer.status_code, answer.headers.get("Range")

        assert put("*/10") == (308, None)
        assert put("0-3/10", b"0123") == (308, "bytes=0-3")
        assert put("*/10") == (308, "bytes=0-3")
        assert put("5-9/10", b"56789") == (409, None)
        assert put("4-5/10", b"4567") == (413, None)
        assert put("4-9/10", b"456789") == (201, None)
        for wrong in ("0-3/*", "x"):
            assert put(wrong, b"0123")[0] == 400
    (path,) = folder.iterdir()
    assert path.read_bytes() == b"0123456789"


@everywhere
@kinds
def test_a_request_that_asks_or_contradicts_changes_nothing(folder: Path, way: Any, kind: str) -> None:
    """RFC 9110 section 14.4: ``*`` names no range, so such a request has no bytes of the file. The file does not get
    larger than its size. A path may be longer than the name of a file."""
    url = "/" + "a" * 300
    with Client(getattr(resumable, kind), **way) as client:

        def put(where: str, content: bytes = b"") -> int:
            return client.put(url, content=content, headers={"Content-Range": f"bytes {where}"}).status_code

        assert put("0-3/10", b"0123") == 308
        assert put("*/10", b"456789") == 413
        assert put("*/3") == 409
        assert put("*/10") == 308
    (path,) = folder.iterdir()
    assert path.read_bytes() == b"0123"


@everywhere
@kinds
def test_the_rest_of_a_request_that_broke_off(folder: Path, way: Any, kind: str) -> None:
    """A client may continue an upload while bytes of the request that broke off still arrive: they change nothing."""
    unit = 100_000
    data = b"".join(bytes([number]) * unit for number in range(10))
    first_is_stored, second_is_stored, first_has_ended = threading.Event(), threading.Event(), threading.Event()

    def wait_for(size: int) -> None:
        while not any(path.stat().st_size == size * unit for path in folder.iterdir()):
            time.sleep(0.001)

    def broken_off() -> Iterator[bytes]:
        yield data[: 2 * unit]
        wait_for(2)
        first_is_stored.set()
        assert second_is_stored.wait(100)
        yield data[2 * unit : 5 * unit]

    def continued() -> Iterator[bytes]:
        yield data[2 * unit : 6 * unit]
        wait_for(6)
        second_is_stored.set()
        assert first_has_ended.wait(100)
        yield data[6 * unit :]

    with Client(getattr(resumable, kind), **way) as client:

        def put(content: Iterator[bytes], start: int) -> int:
            where = f"bytes {start}-{len(data) - 1}/{len(data)}"
            headers = {"Content-Range": where, "Content-Length": str(len(data) - start)}
            return client.put("/a", content=content, headers=headers).status_code

        def first() -> None:
            assert put(broken_off(), 0) == 400
            first_has_ended.set()

        thread = threading.Thread(target=first)
        thread.start()
        assert first_is_stored.wait(100)
        assert put(continued(), 2 * unit) == 201
        thread.join()
    (path,) = folder.iterdir()
    assert path.read_bytes() == data


@everywhere
@kinds
def test_what_arrived_before_the_client_left_is_kept(folder: Path, way: Any, kind: str) -> None:
    """An upload is written as it arrives, so that after a client has left the next request continues there."""

    def breaking() -> Iterator[bytes]:
        yield b"01234"
        raise ConnectionError("the client has left")

    headers = {"Content-Range": "bytes 0-9/10", "Content-Length": "10"}
    with Client(getattr(resumable, kind), **way) as client:
        with pytest.raises(ConnectionError):
            client.put("/a", content=breaking(), headers=headers)
        assert client.put("/a", headers={"Content-Range": "bytes */10"}).headers["Range"] == "bytes=0-4"
        assert client.put("/a", content=b"56789", headers={"Content-Range": "bytes 5-9/10"}).status_code == 201
    (path,) = folder.iterdir()
    assert path.read_bytes() == b"0123456789"
