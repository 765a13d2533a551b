"""StaticFiles: a directory over both protocols."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cardan.files.static import StaticFiles
from cardan.testing import Client, lint

DOORS = ("wsgi", "asgi-asyncio", "asgi-trio")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    root = tmp_path / "www"
    (root / "sub" / ".git").mkdir(parents=True)
    (root / ".well-known").mkdir()
    (tmp_path / "www2").mkdir()
    for name, text in {
        "www/a.txt": "plain text", "www/a.txt.gz": "gzipped", "www/a.txt.br": "brotli", "www/b.js": "let x",
        "www/index.html": "<p>root", "www/sub/index.html": "<p>sub", "www/sub/c d.txt": "c", "www/.env": "secret",
        "www/sub/.git/config": "secret", "www/.well-known/x": "known", "secret": "secret", "www2/x": "secret",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    (root / "empty").mkdir()
    (root / "inside").symlink_to(root / "a.txt")
    (root / "outside").symlink_to(tmp_path / "secret")
    (root / "b.js.gz").symlink_to(tmp_path / "secret")
    return root


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def open_client(app: Any, door: str) -> Client:
    protocol, _, backend = door.partition("-")
    checked = lint.wsgi(app) if protocol == "wsgi" else lint.asgi(app)
    return Client(checked, protocol=protocol, backend=backend or "asyncio")  # type: ignore[arg-type]


@pytest.fixture
def client(directory: Path, door: str) -> Iterator[Client]:
    with open_client(StaticFiles(directory), door) as client:
        yield client


def ask(client: httpx.Client, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    fields = {"Accept-Encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.request(method, path, headers=fields)


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("/a.txt", "plain text", "text/plain; charset=utf-8"),
        ("/", "<p>root", "text/html; charset=utf-8"),
        ("/sub/", "<p>sub", "text/html; charset=utf-8"),
        ("/sub/c%20d.txt", "c", "text/plain; charset=utf-8"),
        ("/inside", "plain text", "application/octet-stream"),
        ("/.well-known/x", "known", "application/octet-stream"),
        ("/sub/../a.txt", "plain text", "text/plain; charset=utf-8"),
    ],
)
def test_files(client: Client, path: str, text: str, kind: str) -> None:
    """Files by name, index files for directories; HEAD has the fields of GET and no body."""
    response, head = ask(client, path), ask(client, path, "HEAD")
    assert (response.status_code, response.text, response.headers["content-type"]) == (200, text, kind)
    assert (head.status_code, head.content, head.headers) == (200, b"", response.headers)
    assert response.headers["content-length"] == str(len(text))
    assert response.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/empty/",
        "/empty",
        "/a.txt/",
        "/a.txt/x",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/..%5csecret",
        "/%2e%2e/www2/x",
        "/sub/%2e%2e/%2e%2e/secret",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/a.txt%00",
        "/CON",
        "/NUL.txt",
        "/C:x",
        "/.env",
        "/sub/.git/config",
        "/outside",
        "/" + "x" * 3000,
    ],
)
def test_what_is_not_there(client: Client, path: str) -> None:
    """Paths on disk: no way out, no hidden file, no link that leads out, and never a 500."""
    url = httpx.URL("http://testserver/").copy_with(raw_path=path.encode())
    response = client.get(url)
    assert response.status_code == 404
    assert "secret" not in response.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(client: Client, method: str) -> None:
    """405 with Allow (RFC 9110 section 15.5.6)."""
    response = ask(client, "/a.txt", method)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_directory_without_slash(client: Client) -> None:
    """A relative redirect, which no Host and no //host can turn elsewhere; the query stays."""
    response = ask(client, "/sub?a=%0d")
    assert (response.status_code, response.headers["location"]) == (308, "./sub/?a=%0d")
    evil = client.get(httpx.URL("http://testserver/").copy_with(raw_path=b"//evil.example/%2e%2e/sub"))
    assert evil.status_code == 404 or evil.headers.get("location", "./").startswith("./")


@pytest.mark.parametrize(
    ("accept", "coding", "text"),
    [
        ("gzip", "gzip", "gzipped"),
        ("br", "br", "brotli"),
        ("gzip, br", "br", "brotli"),
        ("gzip;q=1, br;q=0.5", "gzip", "gzipped"),
        ("*", "br", "brotli"),
        ("identity", None, "plain text"),
        ("gzip;q=0", None, "plain text"),
        ("", None, "plain text"),
        ("identity;q=1, gzip;q=0.5", None, "plain text"),
        ("deflate", None, "plain text"),
    ],
)
def test_precompressed(directory: Path, door: str, accept: str, coding: str | None, text: str) -> None:
    """The variant that Accept-Encoding prefers, with Vary and validators of its own, as the type of the file."""
    with open_client(StaticFiles(directory), door) as client:
        request = client.build_request("GET", "/a.txt", headers={"Accept-Encoding": accept})
        response = client.send(request, stream=True)
        raw = b"".join(response.iter_raw())
    assert (raw.decode(), response.headers.get("content-encoding")) == (text, coding)
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["content-length"] == str(len(text))


def test_variants_have_validators_of_their_own(client: Client) -> None:
    """One tag for each representation (RFC 9110 section 8.8.3)."""
    tags = {client.send(client.build_request("HEAD", "/a.txt", headers={"Accept-Encoding": accept})).headers["etag"]
            for accept in ("gzip", "br", "identity")}  # fmt: skip
    assert len(tags) == 3
    again = ask(client, "/a.txt", Accept_Encoding="br", If_None_Match=", ".join(tags))
    assert (again.status_code, again.headers["vary"]) == (304, "Accept-Encoding")


def test_a_variant_that_leads_out(client: Client) -> None:
    """A link to elsewhere is no variant; where there is none, nothing varies."""
    response = ask(client, "/b.js", Accept_Encoding="gzip")
    assert response.text == "let x"
    assert "vary" not in response.headers


def test_conditions_and_ranges(client: Client) -> None:
    """As send_file: one part, several, none."""
    etag = ask(client, "/a.txt").headers["etag"]
    assert ask(client, "/a.txt", If_None_Match=etag).status_code == 304
    part = ask(client, "/a.txt", Range="bytes=0-4")
    assert (part.status_code, part.text, part.headers["content-range"]) == (206, "plain", "bytes 0-4/10")
    several = ask(client, "/a.txt", Range="bytes=0-1,8-9")
    assert several.status_code == 206
    assert several.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert ask(client, "/a.txt", Range="bytes=10-").status_code == 416


def test_options(directory: Path, door: str) -> None:
    """Links, hidden files, index files and caching are the application's choice."""
    app = StaticFiles(directory, follow_symlinks=True, hidden=True, index=None, max_age=60, precompressed=())
    with open_client(app, door) as client:
        assert ask(client, "/outside").text == ask(client, "/.env").text == "secret"
        assert ask(client, "/").status_code == ask(client, "/sub").status_code == 404
        response = ask(client, "/a.txt", Accept_Encoding="br")
        assert response.text == "plain text"
        assert "max-age=60" in response.headers["cache-control"]


def test_no_such_directory(tmp_path: Path) -> None:
    """A mistake shows when the application is made."""
    with pytest.raises(ValueError, match="expected a directory"):
        StaticFiles(tmp_path / "none")


def test_files_are_closed(directory: Path, door: str) -> None:
    """After any answer no file is open."""
    with open_client(StaticFiles(directory), door) as client:
        ask(client, "/a.txt")
        before = len(os.listdir("/proc/self/fd"))
        for method, fields in (
            ("GET", {}),
            ("HEAD", {}),
            ("GET", {"Range": "bytes=0-0"}),
            ("GET", {"If_Match": '"x"'}),
        ):
            ask(client, "/a.txt", method, **fields)
        assert len(os.listdir("/proc/self/fd")) == before
