"""Every server that the README names serves the same two objects, and stops when it is told to."""

from __future__ import annotations

import dataclasses
import itertools
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from tests import servers
from tests.house import ROOT
from tests.servers import EXAMPLES, KINDS, start

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_server


@pytest.mark.parametrize("target", ["hello:app", "hello:async_app"])
@pytest.mark.parametrize("kind", KINDS)
def test_serves_and_stops(kind: str, target: str, tmp_path: Path) -> None:
    """A ``def`` and an ``async def`` handler work over the server's protocol, and SIGTERM ends the server in time."""
    server = start(kind, target, app_dir=EXAMPLES, log_dir=tmp_path)
    try:
        response = httpx.get(f"{server.url}/", params={"name": "Zoë"})
        assert (response.status_code, response.text) == (200, "Hello Zoë!"), server.log()
        assert response.headers["content-length"] == "11"
    finally:
        status = server.stop()
    assert not server.killed, f"had to be killed:\n{server.log()}"
    assert status in (0, -signal.SIGTERM), server.log()
    assert "Traceback" not in server.log()


def test_a_port_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port is not given again before a server listens on it, neither in this process nor in another one."""
    given = servers.free_port()
    monkeypatch.setattr(servers, "ports", itertools.chain([given], servers.ports))
    assert servers.free_port() != given
    code = "import itertools, sys; from tests import servers\n"
    code += "servers.ports = itertools.chain([int(sys.argv[1])], servers.ports); print(servers.free_port())"
    command = [sys.executable, "-c", code, str(given)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() != str(given)


@pytest.mark.parametrize("kind", ["gunicorn", "waitress", "wsgiref", "uvicorn"])
def test_ctrl_c_stops(kind: str, tmp_path: Path) -> None:
    """SIGINT after a request to an async handler ends the server quickly, although on WSGI an event loop runs in a
    thread.
    """
    server = start(kind, "hello:async_app", app_dir=EXAMPLES, log_dir=tmp_path)
    try:
        assert httpx.get(server.url).text == "Hello World!", server.log()
    finally:
        # an interrupt while wsgiref writes a response or its log does not end it
        server.stop(signal.SIGINT, again=1 if kind == "wsgiref" else servers.STOP_SECONDS)
    assert not server.killed, f"had to be killed:\n{server.log()}"


@pytest.mark.parametrize("options", [[], ["--worker-class", "gthread", "--threads", "4"]], ids=["sync", "gthread"])
def test_loops_after_fork(options: list[str], tmp_path: Path) -> None:
    """With gunicorn --preload and two workers, each worker has its own event loop, and SIGTERM ends both."""
    from tests.servers import KINDS, gunicorn

    kind = gunicorn("sync", "--preload", "--workers", "2", *options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "gunicorn", dataclasses.replace(KINDS["gunicorn"], arguments=kind))
        server = start("gunicorn", "hello:async_app", app_dir=EXAMPLES, log_dir=tmp_path)
    try:
        for number in range(8):
            assert httpx.get(server.url, params={"name": str(number)}).text == f"Hello {number}!", server.log()
    finally:
        server.stop()
    assert not server.killed, server.log()
    assert "SIGKILL" not in server.log(), "a worker did not end by itself"


def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    """A server that cannot start raises an error that contains the log of the server."""
    with pytest.raises(AssertionError, match=r"(?s)uvicorn ended at its start.*nowhere"):
        start("uvicorn", "nowhere:app", app_dir=EXAMPLES, log_dir=tmp_path)
