"""``python -m cardan``: what is installed, and the request inspector."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from cardan import __main__ as command
from cardan import __version__, _echo
from cardan.testing import PROTOCOLS, Client
from tests.servers import KINDS, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    """The report names the versions of cardan, Python and anyio, the system, the event loops and the servers."""
    assert command.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"cardan {__version__}"
    assert lines[1].startswith(f"Python {sys.version.split()[0]} ")
    assert [line.partition(" ")[0] for line in lines[2:]] == ["anyio", "event", "servers:", "for"]
    assert "trio " in lines[3]
    assert all(name in lines[4] for name in ("uvicorn", "gunicorn", "waitress", "(ASGI)", "(WSGI)"))
    assert "httpx " in lines[5]


def test_every_server_of_the_tests_is_known() -> None:
    """The report finds each server that the tests can start, but for wsgiref, which is Python's."""
    assert {kind.needs[0] for kind in KINDS.values() if kind.needs} == set(command._SERVERS)


def test_as_a_module() -> None:
    """``python -m cardan`` prints the report, and says what it can do."""
    version = f"cardan {__version__}"
    for arguments, expected in (([], version), (["--version"], version), (["--help"], "serve a request inspector")):
        done = subprocess.run([sys.executable, "-m", "cardan", *arguments], capture_output=True, text=True, check=True)
        assert expected in done.stdout


def test_without_servers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no server is installed, or not the one that was named, the command says what to install."""
    monkeypatch.setattr(command, "_version_of", lambda name: None)
    command.main([])
    said = capsys.readouterr().out
    assert "servers: none is installed" in said
    assert "for extras: nothing is installed" in said
    assert command.main(["echo"]) == 1
    assert "pip install uvicorn" in capsys.readouterr().err
    assert command.main(["echo", "--server", "waitress"]) == 1
    assert "pip install waitress" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["echo", "--server", "nothing"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--port", "65536"], "got the port 65536, expected one from 0 to 65535"),
        (["--port", "-1"], "got the port -1, expected one from 0 to 65535"),
        (
            ["--host", "a" * 64 + ".invalid"],
            f"got the host '{'a' * 64}.invalid', expected an address of this machine: ",
        ),
        (["--host", "192.0.2.1"], "got 192.0.2.1:8000, expected an address that is free (--host, --port): "),
    ],
)
def test_wrong_addresses(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An address on which no server can listen is an error of one line, and no server is started."""
    assert command.main(["echo", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(expected)
    assert printed.err.count("\n") == 1


def test_a_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    """A port on which another program listens is an error of one line, the same for every server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        for server in command._SERVERS:
            assert command.main(["echo", "--server", server, "--port", str(port)]) == 1
            expected = (
                f"got 127.0.0.1:{port}, expected an address that is free (--host, --port): Address already in use"
            )
            assert capsys.readouterr().err == f"{expected}\n"


def test_a_port_that_was_in_use() -> None:
    """A port can be taken again as soon as its server has ended, although the system remembers a connection to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            served, _ = listening.accept()
            served.close()  # the side that closes first keeps the address (RFC 9293, "TIME-WAIT")
            assert client.recv(1) == b""
    assert command._free_port("127.0.0.1", port) == port


@pytest.mark.parametrize("host", ["::1", "[::1]"])
@pytest.mark.parametrize("server", command._SERVERS)
def test_an_ipv6_address(
    server: str, host: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An IPv6 address is written as each server reads it, and in brackets in the URL that is printed."""
    monkeypatch.setattr(command, "_free_port", lambda host, port: {"::1": 8123}[host])
    monkeypatch.setattr(command.runpy, "run_module", lambda name, **options: None)
    monkeypatch.setattr(sys, "argv", [])
    assert command.main(["echo", "--server", server, "--host", host, "--port", "0"]) == 0
    assert "on http://[::1]:8123\n" in capsys.readouterr().out
    assert sys.argv[0] == server
    assert ("[::1]:8123" in sys.argv[-2] + sys.argv[1]) or {"::1", "8123"} <= set(sys.argv)


def test_a_free_port() -> None:
    """Port 0 stands for one that is free, which the URL names."""
    assert command._free_port("127.0.0.1", 0) in range(1, 65536)


def ask(client: Any, method: str, path: str, **values: Any) -> Mapping[str, Any]:
    response = client.request(method, path, **values)
    assert response.status_code == 200
    answer: Mapping[str, Any] = json.loads(response.text)
    return answer


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_the_inspector_says(protocol: Any) -> None:
    """Head, form and files, the beginning of any other body, and the error of reading one."""
    with Client(_echo.app, protocol) as client:
        found = ask(client, "GET", "/a/ü?x=1&x=2", headers={"X-A": "b", "Cookie": "c=d"})
        assert (found["protocol"], found["method"], found["path"]) == (protocol.upper(), "GET", "/a/ü")
        assert found["raw_path"] == "/a/%C3%BC"
        assert ("SERVER_SOFTWARE" in found) is (protocol == "wsgi")
        assert ("extensions" in found) is (protocol == "asgi")
        assert (found["args"], found["cookies"]) == ({"x": ["1", "2"]}, {"c": ["d"]})
        assert ["X-A", "b"] in found["headers"]
        found = ask(client, "POST", "/", data={"a": "1"}, files={"f": ("f.txt", b"data", "text/plain")})
        assert found["form"] == {"a": ["1"]}
        assert found["files"] == [{"name": "f", "filename": "f.txt", "content_type": "text/plain", "size": 4}]
        found = ask(client, "POST", "/", content=b"x" * 5000)
        assert (found["body_size"], found["body"]) == (5000, "x" * 1000)
        found = ask(client, "POST", "/", content=b"--B", headers={"Content-Type": "multipart/form-data; boundary=B"})
        assert found["body_error"].startswith("400 Bad Request: ")


@pytest.mark.real_server
@pytest.mark.parametrize("server", command._SERVERS)
def test_the_inspector_on_a_server(server: str) -> None:
    """``python -m cardan echo --server NAME`` serves the inspector, and ends on Ctrl-C without an error."""
    port = free_port()
    arguments = [sys.executable, "-m", "cardan", "echo", "--server", server, "--port", str(port)]
    process = subprocess.Popen(arguments, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=100) as client:
            for _ in range(300):
                try:
                    found = ask(client, "POST", "/x?y=z", data={"a": "1"})
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    time.sleep(0.1)
            assert (found["protocol"], found["form"]) == (command._SERVERS[server].protocol, {"a": ["1"]})
            assert found["url"] == f"http://127.0.0.1:{port}/x?y=z"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 0


def test_an_error_of_the_system_without_a_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error says what the system said, in its own words."""

    class Socket:
        def __init__(self, *args: object) -> None:
            pass

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *exc_info: object) -> None:
            pass

        def setsockopt(self, *args: object) -> None:
            raise AssertionError("got an option of POSIX systems on another one")

        def bind(self, address: object) -> None:
            raise OSError("not on this system")

    monkeypatch.setattr(command.os, "name", "nt")
    monkeypatch.setattr(command.socket, "socket", Socket)
    assert command.main(["echo", "--server", "uvicorn"]) == 1
    assert capsys.readouterr().err.endswith("(--host, --port): not on this system\n")


def test_ctrl_c_ends_the_inspector(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C is no error, also on a server that raises it."""

    def run_module(name: str, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command.runpy, "run_module", run_module)
    monkeypatch.setattr(sys, "argv", [])
    assert command.main(["echo", "--server", "uvicorn", "--port", "0"]) == 0
    assert capsys.readouterr().err == ""


def test_what_is_not_installed() -> None:
    """A distribution that is not installed has no version, and is left out of the report."""
    assert command._version_of("cardan-has-no-such-server") is None
    assert list(command._found(["cardan-has-no-such-server", "anyio"])) == ["anyio"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_echoed_can_be_read(protocol: Any) -> None:
    """Letters beyond ASCII are shown as they are, not as escapes. Members are indented by two spaces, as the manual
    shows them, and the last line ends.
    """
    with Client(_echo.app, protocol) as client:
        text = client.get("/", params={"a": "ü"}).text
    assert '"ü"' in text
    assert text.startswith(f'{{\n  "cardan": "{__version__}",\n  "protocol": "{protocol.upper()}",\n')
    assert text.endswith("\n}\n")
