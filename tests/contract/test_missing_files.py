"""StaticFiles and send_from_directory: "not found" is said of files that are not there, and of nothing else."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from cardan import Application, Request, Response
from cardan.files.sending import send_from_directory
from cardan.files.static import StaticFiles
from cardan.testing import Client

IN_PROCESS = ("wsgi", "asgi-asyncio", "asgi-trio")
#: there is nothing under that name, or nothing that may be read
MISSING = ("ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "EACCES", "EPERM", "EISDIR")
#: the server cannot tell
TROUBLE = ("EMFILE", "ENFILE", "EIO", "ENOMEM", "ESTALE", "EINTR", "ETIMEDOUT", "EAGAIN")


@pytest.fixture(params=IN_PROCESS)
def transport(request: pytest.FixtureRequest) -> str:
    """Where the application is served; nothing here needs a real server."""
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
    """``os.function`` raises that error for files of that name."""
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
    """A client is not told which of these it is."""
    fail(monkeypatch, "open", code, "a.txt")
    assert ask(application(kind, directory), transport, "/a.txt") == 404


@pytest.mark.parametrize("kind", ["StaticFiles", "send_from_directory"])
@pytest.mark.parametrize("code", TROUBLE)
def test_trouble_of_the_server_is_raised(
    monkeypatch: pytest.MonkeyPatch, directory: Path, transport: str, kind: str, code: str
) -> None:
    """Too many open files and a failing disk say nothing about the name: a 404 would be cached, and nobody told."""
    fail(monkeypatch, "open", code, "a.txt")
    with pytest.raises(OSError) as caught:
        ask(application(kind, directory), transport, "/a.txt")
    assert caught.value.errno == getattr(errno, code)


@pytest.mark.parametrize("path", ["/a.txt", "/sub", "/sub/"])
def test_trouble_of_looking_is_raised(
    monkeypatch: pytest.MonkeyPatch, directory: Path, transport: str, path: str
) -> None:
    """Not only opening fails: asking what is under a name does, of a file, of a directory and of its index."""
    fail(monkeypatch, "stat", "EIO", "index.html" if path == "/sub" else path.rstrip("/"))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        ask(application("StaticFiles", directory), transport, path)


@pytest.mark.parametrize("kind", ["StaticFiles", "send_from_directory"])
@pytest.mark.parametrize(
    "path", ["/none", "/a.txt/b", "/" + "x" * 300, "/loop", "/pipe", "/socket", "/secret", "/a%00b", "/%00"]
)
def test_what_no_file_is_under(directory: Path, transport: str, kind: str, path: str) -> None:
    """Names without a file, a name that is too long, links in a circle, a pipe, a socket, a NUL."""
    (directory / "loop").symlink_to(directory / "loop")
    os.mkfifo(directory / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(directory)  # the address of a socket is short
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)
        assert ask(application(kind, directory), transport, path) == 404
