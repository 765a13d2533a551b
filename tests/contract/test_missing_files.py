"""StaticFiles and send_from_directory answer "not found" only for files that do not exist or may not be read."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from cardan import Application, Request, Response
from cardan.files._sending import send_from_directory
from cardan.files._static import StaticFiles
from cardan.testing import Client

IN_PROCESS = ("wsgi", "asgi-asyncio", "asgi-trio")
#: there is no file with this name, or it may not be read
MISSING = ("ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "EACCES", "EPERM", "EISDIR")
#: the server does not know whether there is a file
TROUBLE = ("EMFILE", "ENFILE", "EIO", "ENOMEM", "ESTALE", "EINTR", "ETIMEDOUT", "EAGAIN")


@pytest.fixture(params=IN_PROCESS)
def transport(request: pytest.FixtureRequest) -> str:
    """How the application is called. These tests need no real server."""
    return str(request.param)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "index.html").write_text("<p>")
    return tmp_path


def application(kind: str, directory: Path) -> Application[Any]:
    if kind == "StaticFiles":
        return StaticFiles(directory, precompressed=())

    @Request.application
    def app(request: Request) -> Response:
        return send_from_directory(directory, request.path[1:], request)

    return app


def ask(app: Any, transport: str, path: str) -> int:
    protocol, _, backend = transport.partition("-")
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
        return client.get(path).status_code


def fail(monkeypatch: pytest.MonkeyPatch, function: str, code: str, name: str) -> None:
    """``os.function`` raises this error for files with this name."""
    original = getattr(os, function)

    def failing(path: Any, *args: Any, **options: Any) -> Any:
        if isinstance(path, str) and path.endswith(name):
            raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)), path)
        return original(path, *args, **options)

    monkeypatch.setattr(os, function, failing)


@pytest.mark.parametrize("kind", ["StaticFiles", "send_from_directory"])
@pytest.mark.parametrize("code", MISSING)
def test_what_is_not_there_or_may_not_be_read_is_a_404(
    monkeypatch: pytest.MonkeyPatch, directory: Path, transport: str, kind: str, code: str
) -> None:
    """A file that does not exist or may not be read is a 404. The client does not learn which of the two it is."""
    fail(monkeypatch, "open", code, "a.txt")
    assert ask(application(kind, directory), transport, "/a.txt") == 404


@pytest.mark.parametrize("kind", ["StaticFiles", "send_from_directory"])
@pytest.mark.parametrize("code", TROUBLE)
def test_trouble_of_the_server_is_raised(
    monkeypatch: pytest.MonkeyPatch, directory: Path, transport: str, kind: str, code: str
) -> None:
    """If opening a file fails for a reason of the server, such as too many open files, the OSError is raised.

    A 404 could be cached, and would hide the error.
    """
    fail(monkeypatch, "open", code, "a.txt")
    with pytest.raises(OSError) as caught:
        ask(application(kind, directory), transport, "/a.txt")
    assert caught.value.errno == getattr(errno, code)


@pytest.mark.parametrize("path", ["/a.txt", "/sub", "/sub/"])
def test_trouble_of_looking_is_raised(
    monkeypatch: pytest.MonkeyPatch, directory: Path, transport: str, path: str
) -> None:
    """If a file, a directory or its index cannot be examined, the OSError is raised as well."""
    fail(monkeypatch, "stat", "EIO", "index.html" if path == "/sub" else path.rstrip("/"))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        ask(application("StaticFiles", directory), transport, path)


@pytest.mark.parametrize("kind", ["StaticFiles", "send_from_directory"])
@pytest.mark.parametrize(
    "path", ["/none", "/a.txt/b", "/" + "x" * 300, "/loop", "/pipe", "/socket", "/secret", "/a%00b", "/%00"]
)
def test_what_no_file_is_under(directory: Path, transport: str, kind: str, path: str) -> None:
    """Names of no file, a name that is too long, a circle of links, a pipe, a socket and NUL are a 404."""
    (directory / "loop").symlink_to(directory / "loop")
    os.mkfifo(directory / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(directory)  # the address of a socket must be short
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)
        assert ask(application(kind, directory), transport, path) == 404
