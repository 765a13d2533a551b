"""The demo: one object whose pages and receipts are the same on both protocols, in process and on real servers."""

from __future__ import annotations

import hashlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx
import pytest
from upload import app

from cardan.testing import PROTOCOLS, Client
from tests.servers import EXAMPLES, Demo

if TYPE_CHECKING:
    from collections.abc import Iterator

Protocol = Literal["wsgi", "asgi"]

PHOTO = ("Zürich <b>.png", b"\x89PNG" + bytes(range(256)) * 40, "image/png")
TEXT = ("notes.txt", b"two\r\nlines", "text/plain")
FORM = {"name": "Ada <script>", "message": "one\r\ntwo", "language": ""}


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return request.param


@pytest.fixture
def client(protocol: Protocol) -> Iterator[Client]:
    with Client(app, protocol=protocol) as client:
        client.headers["Accept"] = "text/html"
        yield client


def post(client: httpx.Client, path: str, **options: object) -> httpx.Response:
    return client.post(path, data=FORM, files=[("files", PHOTO), ("files", TEXT)], **options)


@pytest.mark.parametrize(
    ("accepted", "code", "word"),
    [
        ("de-CH, de;q=0.9, en;q=0.5", "de", "Nachricht"),
        ("fr", "fr", "Fichiers"),
        ("en-GB", "en", "Message"),
        ("ja, *;q=0.1", "en", "Message"),
        ("", "en", "Message"),
    ],
)
def test_the_page_speaks_the_language_that_is_accepted(client: Client, accepted: str, code: str, word: str) -> None:
    """Accept-Language chooses among three languages. If it asks for another language only, the page is in English."""
    page = client.get("/", headers={"Accept-Language": accepted})
    assert page.status_code == 200
    assert f'<html lang="{code}">' in page.text
    assert word in page.text


def test_the_page_says_over_what_it_came(client: Client, protocol: Protocol) -> None:
    """The form page names the protocol and the server; nothing else on it depends on the server."""
    assert f'data-protocol="{protocol.upper()}"' in client.get("/").text


def test_the_result_shows_what_was_sent(client: Client) -> None:
    """The result page shows the fields, and the size, type and checksum of each file. All values are escaped."""
    page = post(client, "/")
    assert page.status_code == 200
    for _, content, mimetype in (PHOTO, TEXT):
        assert hashlib.sha256(content).hexdigest() in page.text
        assert f"{len(content)} bytes" in page.text
        assert mimetype in page.text
    assert "Ada &lt;script&gt;" in page.text
    assert "Zürich &lt;b&gt;.png" in page.text
    assert "<b>.png" not in page.text


def test_visits_are_counted_in_a_cookie(client: Client) -> None:
    """The answer sets a cookie with the number of visits, and the page for the next request shows this number."""
    assert post(client, "/").cookies["visits"] == "1"
    second = post(client, "/")
    assert second.cookies["visits"] == "2"
    assert "<dt>visits</dt><dd>1</dd>" in second.text


def test_a_language_that_was_chosen_is_kept(client: Client) -> None:
    """A language that is chosen in the form takes precedence over Accept-Language, now and later, by a cookie."""
    client.headers["Accept-Language"] = "en"
    page = client.post("/", data={"language": "fr"}, files={"files": TEXT})
    assert '<html lang="fr">' in page.text
    assert '<html lang="fr">' in client.get("/").text


def test_a_form_without_files_will_do(client: Client) -> None:
    """If no file was chosen, a browser sends an empty part, and the page shows no file."""
    page = client.post("/", data=FORM, files={"files": ("", b"", "application/octet-stream")})
    assert page.status_code == 200
    assert "No files came." in page.text


def test_the_receipts_are_equal_byte_by_byte() -> None:
    """The same request over WSGI and ASGI gives the same receipt: it contains only values that the library has read."""
    bodies = set()
    for protocol in PROTOCOLS:
        with Client(app, protocol=protocol) as client:
            answer = post(client, "/receipt", headers={"Accept-Language": "de", "Cookie": "a=1; b=2"})
            bodies.add(answer.content)
    assert len(bodies) == 1
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "fields": [["name", "Ada <script>"], ["message", "one\r\ntwo"], ["language", ""]],
        "files": [
            {
                "field": "files",
                "filename": name,
                "safe_filename": safe,
                "mimetype": mimetype,
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for (name, content, mimetype), safe in [(PHOTO, "Zürich b.png"), (TEXT, "notes.txt")]
        ],
        "cookies": [["a", "1"], ["b", "2"]],
        "language": {"chosen": "de", "by": "header", "accepted": "de"},
    }


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/", 405), ("GET", "/receipt", 405)]
)
def test_errors_are_pages(client: Client, method: str, path: str, status: int) -> None:
    """A client that accepts HTML gets an error as a page with a link to the form."""
    page = client.request(method, path)
    assert page.status_code == status
    assert f'<p class="code">{status}</p>' in page.text
    assert ("allow" in page.headers) == (status == 405)


def test_errors_are_problem_documents_for_programs(client: Client) -> None:
    """If Accept does not contain text/html, the client gets the library's own error document."""
    answer = client.get("/nowhere", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_broken_form_is_a_400_with_a_reason(client: Client) -> None:
    """A body without its last boundary gives a page with the reason, and no incomplete result."""
    body = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda'
    page = client.post("/", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert page.status_code == 400
    assert '<p class="code">400</p>' in page.text


@pytest.mark.parametrize("path", ["/style.css", "/upload.js", "/icon.svg"])
def test_assets(client: Client, path: str) -> None:
    """The page's style sheet, script and icon are served by the demo with the right types, as the page's policy
    requires.
    """
    answer = client.get(path)
    kind = {"css": "text/css", ".js": "text/javascript", "svg": "image/svg+xml"}[path[-3:]]
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
    assert not re.search(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)[a-z]", answer.text.replace("// ", "")), "external"


@pytest.mark.real_server
def test_make_demo(demo: Demo, tmp_path: Path) -> None:
    """Both servers receive 32 MB at the same time. The receipts are equal byte by byte, and memory does not grow."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        for n in range(32):
            file.write(bytes([n]) * 1_000_000)
    want = hashlib.sha256(path.read_bytes()).hexdigest()
    bodies = set()
    for url in (demo.asgi_url, demo.wsgi_url):
        post_file(url, PHOTO[1])  # all modules are loaded after this request
        before = demo.peak_memory()
        body = post_file(url, path)
        assert httpx.Response(200, content=body).json()["files"][0]["sha256"] == want
        bodies.add(body)
        assert demo.peak_memory() - before < 12_000_000
    assert len(bodies) == 1


def post_file(url: str, source: Path | bytes) -> bytes:
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        answer = httpx.post(f"{url}receipt", files={"files": ("large.bin", file)}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.real_server
@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_the_launcher_stops_both(tmp_path: Path, sig: signal.Signals) -> None:
    """One signal stops both servers with status 0, and nothing listens on their ports afterwards."""
    with Demo(tmp_path) as demo:
        httpx.get(demo.asgi_url)
        assert demo.stop(sig) == 0, demo.log()
        for port in demo.ports:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=2)
    assert "Traceback" not in demo.log()


@pytest.mark.real_server
def test_a_taken_port_is_said_in_one_sentence() -> None:
    """If a port is taken, the launcher prints one sentence and starts nothing."""
    with socket.socket() as blocker:
        blocker.bind(("127.0.0.1", 0))
        blocker.listen()
        port = blocker.getsockname()[1]
        command = [sys.executable, str(EXAMPLES / "serve_both.py"), "--uvicorn-port", str(port), "--gunicorn-port", "1"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert result.returncode == 1
    assert f"port {port} is taken; choose another for uvicorn: make demo UVICORN_PORT=9000\n" in result.stderr
