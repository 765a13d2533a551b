"""The files in ``examples/deployed`` work: the application behind nginx, the unit of systemd and the Dockerfile."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest

from tests.servers import EXAMPLES, free_port, guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEPLOYED = EXAMPLES / "deployed"
# a backslash at the end of a line joins it to the next one: systemd puts a space between them, Docker nothing
UNIT = (DEPLOYED / "webapp.service").read_text("utf-8").replace("\\\n", " ")
DOCKERFILE = (DEPLOYED / "Dockerfile").read_text("utf-8").replace("\\\n", "")
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
HOST = "www.example.com"


def instruction(word: str) -> list[str]:
    """The list of words in an instruction of the Dockerfile."""
    found = re.search(rf"^{word} [^\[\n]*(\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found
    words: list[str] = json.loads(found[1])
    return words


def exec_start() -> list[str]:
    """The command in the unit of systemd."""
    found = re.search(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    assert found
    return shlex.split(found[1])


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until ``ready()``; fail with the log if the process ends or takes too long."""
    deadline = time.monotonic() + 30
    while not ready():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def accepts(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    """Whether a server listens at this address."""
    with socket.socket(family) as probe, suppress(OSError):
        probe.connect(address)
        return True
    return False


@contextmanager
def running(command: list[str], log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the folder of the example, which is killed at the end of the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=DEPLOYED,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    guard.kill(process.pid)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        guard.forget(process.pid)


def settings(folder: Path) -> dict[str, str]:
    """What the application reads from its environment."""
    secret = folder / "secret"
    secret.write_bytes(b"a secret\n")
    return {"WEBAPP_HOSTS": HOST, "WEBAPP_SECRET_FILE": str(secret)}


class Site(NamedTuple):
    """nginx and the server behind it."""

    client: httpx.Client
    server: subprocess.Popen[bytes]
    nginx: subprocess.Popen[bytes]
    log: Path


COMMANDS = {"gunicorn": exec_start(), "uvicorn": instruction("CMD")}


@contextmanager
def deployed(name: str, folder: Path) -> Iterator[Site]:
    """nginx with ``nginx.conf`` in front of a server with the command of its file, at a socket of this machine."""
    assert NGINX
    inner, port, log = folder / "webapp.sock", free_port(), folder / "server.log"
    words = [word for word in COMMANDS[name][1:] if not word.startswith(("--bind", "--host", "--port"))]
    at = f"--bind=unix:{inner}" if name == "gunicorn" else f"--uds={inner}"
    conf = (DEPLOYED / "nginx.conf").read_text("utf-8")
    conf = conf.replace("/run/webapp/webapp.sock", str(inner)).replace("listen 80", f"listen 127.0.0.1:{port}")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy"))
    main = folder / "main.conf"
    user = "user root;\n" if os.getuid() == 0 else ""
    main.write_text(
        f"daemon off;\n{user}pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{conf}\n}}\n"
    )
    with ExitStack() as stack:
        command = [sys.executable, "-m", name, at, *words]
        server = stack.enter_context(running(command, log, **settings(folder)))
        wait_until(lambda: accepts(socket.AF_UNIX, str(inner)), server, log)
        command = [NGINX, "-c", str(main), "-e", str(folder / "error.log")]
        nginx = stack.enter_context(running(command, folder / "nginx.log"))
        wait_until(lambda: accepts(socket.AF_INET, ("127.0.0.1", port)), nginx, folder / "nginx.log")
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Host": HOST}, timeout=100)
        yield Site(stack.enter_context(client), server, nginx, log)


@pytest.fixture(scope="module", params=COMMANDS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if NGINX is None:
        pytest.skip("server nginx is not installed")
    with deployed(request.param, tmp_path_factory.mktemp("deployed")) as running_site:
        yield running_site


@pytest.mark.real_server
def test_the_client_of_a_proxy(site: Site) -> None:
    """The application sees the address of the client, not what the client claims, and the host that it asked for."""
    answer = site.client.get("/", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"})
    assert answer.text == f"127.0.0.1 asked for http://{HOST}/\n", site.log.read_text()


@pytest.mark.real_server
def test_both_limits(site: Site) -> None:
    """An upload just above the limit gets the 413 of the application; a larger one that of nginx, which asks nobody."""
    within = site.client.post("/upload", files={"photo": bytes(1000)})
    assert (within.status_code, within.json()["size"]) == (200, 1000), site.log.read_text()
    above = site.client.post("/upload", files={"photo": bytes(20_000_000)}, headers={"Accept": "application/json"})
    assert (above.status_code, above.json()["status"]) == (413, 413)
    far_above = site.client.post("/upload", files={"photo": bytes(23_000_000)}, headers={"Accept": "application/json"})
    assert (far_above.status_code, "nginx" in far_above.text) == (413, True)


@pytest.mark.real_server
def test_events_are_not_collected(site: Site) -> None:
    """nginx passes an event on before the next one is made, because the response tells it to."""
    with site.client.stream("GET", "/events") as response:
        chunks = list(response.iter_text())
    assert "".join(chunks).count("data:") == 3
    assert chunks[0].count("data:") < 3, "nginx has collected the events"


@pytest.mark.real_server
def test_what_nginx_keeps_out(site: Site) -> None:
    """nginx does not answer for another host, and has no health check."""
    assert site.client.get("/healthz").status_code == 404
    with pytest.raises(httpx.RemoteProtocolError):
        site.client.get("/", headers={"Host": "other.example"})


@pytest.mark.real_server
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_lost_when_it_stops(name: str, tmp_path: Path) -> None:
    """A stream is complete for its client, although nginx gets SIGQUIT and the server SIGTERM before its end.

    uvicorn raises the signal again when it has stopped.
    """
    if NGINX is None:
        pytest.skip("server nginx is not installed")
    with deployed(name, tmp_path) as site:
        with site.client.stream("GET", "/events") as response:
            chunks = response.iter_text()
            text = next(chunks)
            site.nginx.send_signal(signal.SIGQUIT)
            site.server.send_signal(signal.SIGTERM)
            text += "".join(chunks)
        assert text.count("data:") == 3
        assert site.server.wait(100) in (0, -signal.SIGTERM), site.log.read_text()
        assert site.nginx.wait(100) == 0


@pytest.mark.real_server
def test_the_container(tmp_path: Path) -> None:
    """The command of the Dockerfile serves, its health check succeeds, and fails when the server does not answer."""
    port = free_port()
    module, *words = [word.replace("8000", str(port)).replace("0.0.0.0", "127.0.0.1") for word in instruction("CMD")]
    check = [word.replace("8000", str(port)) for word in instruction("HEALTHCHECK")]
    check[0] = sys.executable
    with running([sys.executable, "-m", module, *words], tmp_path / "log", **settings(tmp_path)) as process:
        wait_until(lambda: accepts(socket.AF_INET, ("127.0.0.1", port)), process, tmp_path / "log")
        assert subprocess.run(check, check=False).returncode == 0
        process.terminate()
        process.wait(20)
    assert subprocess.run(check, check=False, stderr=subprocess.DEVNULL).returncode != 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="server systemd is not installed")
def test_the_unit(tmp_path: Path) -> None:
    """systemd accepts the unit."""
    unit = tmp_path / "webapp.service"
    unit.write_text(UNIT.replace(exec_start()[0], sys.executable), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
