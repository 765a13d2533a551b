"""StaticFiles serves a directory over both protocols."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cardan.core import Response
from cardan.files._static import SMALL, StaticFiles
from cardan.testing import Client, lint

TRANSPORTS = ("wsgi", "asgi-asyncio", "asgi-trio")


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


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def open_client(app: Any, transport: str) -> Client:
    protocol, _, backend = transport.partition("-")
    checked = lint.wsgi(app) if protocol == "wsgi" else lint.asgi(app)
    return Client(checked, protocol=protocol, backend=backend or "asyncio")  # type: ignore[arg-type]


@pytest.fixture
def client(directory: Path, transport: str) -> Iterator[Client]:
    with open_client(StaticFiles(directory), transport) as client:
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
    """Files are found by name, and directories have index files. HEAD has the fields of GET and no body."""
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
    """No path leads out, to a hidden file or through a link to the outside, and none gives a 500."""
    url = httpx.URL("http://testserver/").copy_with(raw_path=path.encode())
    response = client.get(url)
    assert response.status_code == 404
    assert "secret" not in response.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(client: Client, method: str) -> None:
    """Other methods get a 405 with Allow (RFC 9110 section 15.5.6)."""
    response = ask(client, "/a.txt", method)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_directory_without_slash(client: Client) -> None:
    """The redirect is relative, so neither Host nor //host can change its target. The query is kept."""
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
        (None, None, "plain text"),
        ("identity;q=1, gzip;q=0.5", None, "plain text"),
        ("deflate", None, "plain text"),
    ],
)
def test_precompressed(directory: Path, transport: str, accept: str | None, coding: str | None, text: str) -> None:
    """The variant that Accept-Encoding prefers is sent, with Vary, its own validators, and the type of the file.
    Without the field the file itself is sent.
    """
    with open_client(StaticFiles(directory), transport) as client:
        request = client.build_request("GET", "/a.txt", headers={"Accept-Encoding": accept or ""})
        if accept is None:
            del request.headers["Accept-Encoding"]
        response = client.send(request, stream=True)
        raw = b"".join(response.iter_raw())
    assert (raw.decode(), response.headers.get("content-encoding")) == (text, coding)
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["content-length"] == str(len(text))


def test_variants_have_validators_of_their_own(client: Client) -> None:
    """Each representation has its own ETag (RFC 9110 section 8.8.3)."""
    tags = {client.send(client.build_request("HEAD", "/a.txt", headers={"Accept-Encoding": accept})).headers["etag"]
            for accept in ("gzip", "br", "identity")}  # fmt: skip
    assert len(tags) == 3
    again = ask(client, "/a.txt", Accept_Encoding="br", If_None_Match=", ".join(tags))
    assert (again.status_code, again.headers["vary"]) == (304, "Accept-Encoding")


def test_a_variant_that_leads_out(client: Client) -> None:
    """A link to the outside is not used as a variant. Without variants there is no Vary."""
    response = ask(client, "/b.js", Accept_Encoding="gzip")
    assert response.text == "let x"
    assert "vary" not in response.headers


def test_conditions_and_ranges(client: Client) -> None:
    """Conditional requests and ranges are answered: one range, several ranges, and one that is not satisfiable."""
    etag = ask(client, "/a.txt").headers["etag"]
    assert ask(client, "/a.txt", If_None_Match=etag).status_code == 304
    part = ask(client, "/a.txt", Range="bytes=0-4")
    assert (part.status_code, part.text, part.headers["content-range"]) == (206, "plain", "bytes 0-4/10")
    several = ask(client, "/a.txt", Range="bytes=0-1,8-9")
    assert several.status_code == 206
    assert several.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert ask(client, "/a.txt", Range="bytes=10-").status_code == 416


def test_options(directory: Path, transport: str) -> None:
    """The application chooses about links, hidden files, index files and caching."""
    app = StaticFiles(directory, follow_symlinks=True, hidden=True, index=None, max_age=60, precompressed=())
    with open_client(app, transport) as client:
        assert ask(client, "/outside").text == ask(client, "/.env").text == "secret"
        assert ask(client, "/").status_code == ask(client, "/sub").status_code == 404
        response = ask(client, "/a.txt", Accept_Encoding="br")
        assert response.text == "plain text"
        assert "max-age=60" in response.headers["cache-control"]


def test_no_such_directory(tmp_path: Path) -> None:
    """A directory that does not exist is an error when the application is made."""
    with pytest.raises(ValueError, match="expected a directory"):
        StaticFiles(tmp_path / "none")


def test_files_are_closed(directory: Path, transport: str) -> None:
    """After every answer, no file is open."""
    with open_client(StaticFiles(directory), transport) as client:
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


TIME = 1_000_000_000
TEXT = "a file that is served more than once"

#: requests for a file that was served before
REQUESTS: dict[str, dict[str, str]] = {
    "plain": {},
    "has it": {"If-None-Match": "{etag}"},
    "has another": {"If-None-Match": '"x"'},
    "has any": {"If-None-Match": "*"},
    "since then": {"If-Modified-Since": "Sun, 09 Sep 2001 01:46:40 GMT"},
    "since before": {"If-Modified-Since": "Sun, 09 Sep 2001 01:46:39 GMT"},
    "must be it": {"If-Match": "{etag}"},
    "must be another": {"If-Match": '"x"'},
    "must be old": {"If-Unmodified-Since": "Sun, 09 Sep 2001 01:46:39 GMT"},
    "part": {"Range": "bytes=2-5"},
    "part if it": {"Range": "bytes=2-5", "If-Range": "{etag}"},
    "part if another": {"Range": "bytes=2-5", "If-Range": '"x"'},
    "parts": {"Range": "bytes=0-0,5-6"},
    "no part": {"Range": "bytes=1000-"},
    "coded": {"Accept-Encoding": "br, gzip"},
}


def _shorten(file: Path) -> None:
    file.write_text(TEXT[:-3])
    os.utime(file, (TIME, TIME))


def _replace(file: Path, mode: int = 0o644) -> None:
    new = file.with_name("new")
    new.write_text(TEXT.upper())
    os.utime(new, (TIME, TIME))
    new.chmod(mode)
    new.replace(file)


def _by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "index.html").write_text("index")


def _by_link(file: Path, target: str) -> None:
    file.unlink()
    file.symlink_to(target)


#: changes of a file since it was served
CHANGES: dict[str, Callable[[Path], Any]] = {
    "nothing": lambda file: None,
    "its time": lambda file: os.utime(file, (TIME - 1, TIME - 1)),
    "its length": _shorten,
    "replaced by one like it": _replace,
    "removed": lambda file: file.unlink(),
    "a folder": _by_folder,
    "a pipe": lambda file: (file.unlink(), os.mkfifo(file)),
    "a link to inside": lambda file: _by_link(file, "other.txt"),
    "a link to outside": lambda file: _by_link(file, "../../outside.txt"),
    "compressed": lambda file: file.with_name("x.txt.gz").write_bytes(gzip.compress(TEXT.encode())),
}


def _folder(root: Path) -> Path:
    (root / "www" / "sub").mkdir(parents=True)
    for place in ("www/sub/x.txt", "www/sub/other.txt", "outside.txt"):
        (root / place).write_text(TEXT)
        os.utime(root / place, (TIME, TIME))
    return root / "www"


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_that_is_known(tmp_path: Path, transport: str, method: str, change: str) -> None:
    """Whatever has happened to the file, the answers are those of a new application."""
    root = _folder(tmp_path)
    known, fresh = StaticFiles(root), StaticFiles(root)
    with open_client(known, transport) as client, open_client(fresh, transport) as other:
        etag = ask(client, "/sub/x.txt").headers["etag"]
        CHANGES[change](root / "sub" / "x.txt")
        for name, fields in REQUESTS.items():
            headers = {"Accept-Encoding": "identity", **{key: text.format(etag=etag) for key, text in fields.items()}}
            fresh._known.clear()
            ours = client.request(method, "/sub/x.txt", headers=headers)
            theirs = other.request(method, "/sub/x.txt", headers=headers)
            assert (ours.status_code, _without_boundary(ours)) == (theirs.status_code, _without_boundary(theirs)), name


def _without_boundary(response: httpx.Response) -> tuple[list[tuple[str, str]], bytes]:
    """Fields and body, without the boundary of several parts, which is different each time."""
    fields, body = response.headers.multi_items(), response.content
    boundary = response.headers.get("content-type", "").partition("boundary=")[2]
    if boundary:
        fields = [(name, value.replace(boundary, "B")) for name, value in fields]
        body = body.replace(boundary.encode(), b"B")
    return fields, body


OPTIONS: dict[str, Any] = {"max_age": 60, "hidden": False, "follow_symlinks": True, "precompressed": (), "index": None}


@pytest.mark.parametrize("option", OPTIONS)
def test_options_that_are_assigned_later(tmp_path: Path, transport: str, option: str) -> None:
    """An answer that was made with other options is not used again: an option holds for the next request."""
    root = _folder(tmp_path)
    (root / ".x.txt").write_text(TEXT)
    os.utime(root / ".x.txt", (TIME, TIME))
    known, fresh = StaticFiles(root, hidden=True), StaticFiles(root, hidden=True)
    with open_client(known, transport) as client, open_client(fresh, transport) as other:
        for path in ("/.x.txt", "/sub/x.txt"):
            ask(client, path)
        for app in (known, fresh):
            setattr(app, option, OPTIONS[option])
        for path in ("/.x.txt", "/sub/x.txt"):
            ours, theirs = ask(client, path), ask(other, path)
            assert (ours.status_code, ours.headers, ours.content) == (
                theirs.status_code,
                theirs.headers,
                theirs.content,
            )


def test_middleware_changes_one_answer(tmp_path: Path, transport: str) -> None:
    """A change that middleware makes to an answer is sent, and does not appear in the next answer."""
    count = 0

    def number(request: Any) -> Any:
        nonlocal count
        response: Response = yield
        count += 1
        response.headers["X-Number"] = str(count)
        return response

    app = StaticFiles(_folder(tmp_path))
    app.middleware = (number,)
    with open_client(app, transport) as client:
        assert [ask(client, "/sub/x.txt").headers.get_list("x-number") for _ in range(3)] == [["1"], ["2"], ["3"]]


def test_files_that_are_not_remembered(tmp_path: Path) -> None:
    """A file that is large, has a time in the future, or has compressed variants is examined for each request."""
    root = _folder(tmp_path)
    (root / "large").write_bytes(bytes(SMALL + 1))
    (root / "small").write_bytes(bytes(SMALL))
    (root / "future").write_text("x")
    os.utime(root / "future", (4_000_000_000, 4_000_000_000))
    (root / "packed").write_text("x")
    (root / "packed.gz").write_text("x")
    app = StaticFiles(root)
    with Client(app, protocol="wsgi") as client:
        for path in ("/large", "/small", "/future", "/packed", "/sub/other.txt"):
            ask(client, path)
    assert list(app._known) == ["/small", "/sub/other.txt"]


@pytest.mark.parametrize("codings", ["zip", ("zip",), ("br", "zip"), 5, None, [5]])
def test_a_content_coding_without_files_is_refused(directory: Path, codings: Any) -> None:
    """A coding that StaticFiles has no suffix for is an error that lists the known ones, and so is what is no coding;
    in the constructor, and when it is assigned later, which then changes nothing.
    """
    expected = "got .*, expected .*'br', 'gzip', 'zstd'"
    with pytest.raises((TypeError, ValueError), match=expected):
        StaticFiles(directory, precompressed=codings)
    app = StaticFiles(directory)
    with pytest.raises((TypeError, ValueError), match=expected):
        app.precompressed = codings
    assert app.precompressed == ("br", "gzip")


def test_one_content_coding_may_be_a_str(directory: Path) -> None:
    """``precompressed="gzip"`` means ``["gzip"]``: a str is one coding and not several of one letter."""
    assert StaticFiles(directory, precompressed="gzip").precompressed == ("gzip",)
    app = StaticFiles(directory)
    app.precompressed = "zstd"
    assert app.precompressed == ("zstd",)


@pytest.mark.parametrize("error", [OSError, FileNotFoundError])
def test_a_disk_that_fails_while_a_known_file_is_read(
    directory: Path, error: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file that was served before is then served as at the first time: read while the response is sent."""
    app = StaticFiles(directory)
    with Client(app, protocol="wsgi") as client:
        assert client.get("/sub/c%20d.txt").text == "c"
        assert list(app._known) == ["/sub/c d.txt"]
        reads: list[int] = []

        def fail(fd: int, size: int) -> bytes:
            reads.append(fd)
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(os, "read", fail)
            assert client.get("/sub/c%20d.txt").text == "c"
        [fd] = reads
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


@pytest.mark.parametrize("follow", [True, False])
def test_the_index_of_a_folder_behind_a_link(directory: Path, tmp_path: Path, follow: bool) -> None:
    """A folder outside is redirected to its URL with a slash only if links are followed; else it is not there."""
    (tmp_path / "www2" / "index.html").write_text("<p>other")
    (directory / "other").symlink_to(tmp_path / "www2")
    with Client(StaticFiles(directory, follow_symlinks=follow), protocol="wsgi") as client:
        response = client.get("/other", follow_redirects=False)
        assert response.status_code == (308 if follow else 404)
        assert response.headers.get("Location") == ("./other/" if follow else None)
        assert client.get("/other/").status_code == (200 if follow else 404)


@pytest.mark.parametrize("way", ["link", "relative", "path"])
def test_a_directory_that_is_assigned_is_read_as_one_that_is_given(
    directory: Path, way: str, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    """A directory may be a symbolic link or a relative path, also when it is assigned later: links in it are followed
    to places below it, and it stays the same if the process goes to another folder.
    """
    monkeypatch.chdir(directory.parent)
    Path("to www").symlink_to(directory)
    app = StaticFiles(directory / "sub")
    app.directory = {"link": "to www", "relative": directory.name, "path": directory}[way]  # type: ignore[assignment]
    monkeypatch.chdir(directory)
    assert app.directory == os.path.realpath(directory)
    with open_client(app, transport) as client:
        for _ in range(2):
            assert ask(client, "/inside").text == "plain text"
            assert ask(client, "/outside").status_code == 404


@pytest.mark.parametrize(("value", "error"), [("none", ValueError), (5, TypeError), (None, TypeError)])
def test_a_directory_that_is_none_cannot_be_assigned(directory: Path, value: Any, error: type[Exception]) -> None:
    """What is no directory is refused when it is assigned, and the one before is still served."""
    app = StaticFiles(directory)
    with pytest.raises(error):
        app.directory = value
    with open_client(app, "wsgi") as client:
        assert ask(client, "/a.txt").text == "plain text"


def test_only_well_known_itself_is_served(directory: Path, transport: str) -> None:
    """Of the names that begin with a dot, ``.well-known`` is served (RFC 8615), and none that begins as it."""
    for name in (".well-known2", ".well-known.old", ".well-know"):
        (directory / name).mkdir()
        (directory / name / "x").write_text("secret")
    with open_client(StaticFiles(directory), transport) as client:
        assert ask(client, "/.well-known/x").text == "known"
        for path in ("/.well-known2/x", "/.well-known.old/x", "/.well-know/x", "/.well-known/../.env"):
            assert ask(client, path).status_code == 404


def test_a_function_as_max_age_is_asked_for_each_answer(tmp_path: Path, transport: str) -> None:
    """What the function has given for one answer is not used for the next one."""
    root = _folder(tmp_path)
    ages = iter([10, 20, 30])
    app = StaticFiles(root, max_age=lambda path: next(ages))
    with open_client(app, transport) as client:
        given = [ask(client, "/sub/x.txt").headers["Cache-Control"] for _ in range(3)]
    assert given == ["max-age=10", "max-age=20", "max-age=30"]


def test_the_coding_of_a_variant_is_told_with_its_bytes_only(directory: Path, transport: str) -> None:
    """An error in place of a precompressed file is not in its coding. A file that is in a coding itself has both (RFC
    9110 section 8.4: in the order in which they were applied).
    """
    (directory / "a.svgz").write_text("gzip")
    (directory / "a.svgz.br").write_text("gzip and brotli")
    with open_client(StaticFiles(directory), transport) as client:
        for fields, status in (({"If-Match": '"x"'}, 412), ({"Range": "bytes=99-"}, 416)):
            error = ask(client, "/a.txt", **{"Accept-Encoding": "gzip"}, **fields)
            assert (error.status_code, "Content-Encoding" in error.headers) == (status, False)
        request = client.build_request("GET", "/a.svgz", headers={"Accept-Encoding": "br"})
        sent = client.send(request, stream=True)
        assert (sent.headers["Content-Encoding"], b"".join(sent.stream)) == ("gzip, br", b"gzip and brotli")  # type: ignore[arg-type]
        sent.close()


def test_a_variant_does_not_stand_for_a_file_that_is_outside(directory: Path, transport: str) -> None:
    """If the file itself must not be sent, its precompressed variant is not sent, either."""
    (directory / "outside.gz").write_text("gzipped")
    with open_client(StaticFiles(directory), transport) as client:
        for coding in ("identity", "gzip"):
            assert ask(client, "/outside", **{"Accept-Encoding": coding}).status_code == 404


def test_several_ranges_are_those_of_the_file_itself(directory: Path, transport: str) -> None:
    """The parts of a multipart answer have no Content-Encoding of their own, so that no variant is cut into parts."""
    with open_client(StaticFiles(directory), transport) as client:
        response = ask(client, "/a.txt", **{"Accept-Encoding": "br"}, Range="bytes=0-1,6-9")
        assert (response.status_code, response.headers.get("Content-Encoding")) == (206, None)
        assert b"\r\n\r\npl\r\n" in response.content
        assert b"\r\n\r\ntext\r\n" in response.content
