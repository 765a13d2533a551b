"""Real servers for tests. Each kind is started as a separate process on a free loopback port.

``start("uvicorn", "hello:app", app_dir=...)`` returns a :class:`Server`, which answers at ``.url``. ``.stop()`` ends
it by a signal and returns its exit status. The fixture ``server_pool`` (conftest.py) keeps each (kind, target) running
for the whole session::

    @pytest.mark.real_server
    @pytest.mark.parametrize("kind", KINDS)
    def test_it(server_pool, kind):
        server = server_pool.get(kind, "hello:app", app_dir=EXAMPLES)
        assert httpx.get(server.url).text == "Hello World!"

The module works with pytest-xdist and beside other test runs: no two processes get the same port. All servers end with
the test process, however that ends: the hang guard ends it at once, without running any more code of it, so
:class:`Guard` ends the servers. If a server is not installed, the test is skipped. If a server does not start or does
not stop, the test fails with its log.
"""

from __future__ import annotations

import atexit
import importlib.util
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from random import randrange
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = [
    "ASGI_KINDS",
    "EXAMPLES",
    "KINDS",
    "STOPPING_HYPERCORN",
    "WSGI_KINDS",
    "Demo",
    "Kind",
    "Server",
    "ServerPool",
    "free_port",
    "start",
]

EXAMPLES = Path(__file__).parents[1] / "examples"
HOST = "127.0.0.1"
START_SECONDS = STOP_SECONDS = 100.0

WSGIREF = """
import importlib, sys
from wsgiref.simple_server import WSGIRequestHandler, make_server
module, _, name = sys.argv[1].partition(":")
sys.path.insert(0, ".")
app = getattr(importlib.import_module(module), name)
try:
    make_server(sys.argv[2], int(sys.argv[3]), app).serve_forever()
except KeyboardInterrupt:
    pass
"""


# Reads which processes to end. Ends them when the pipe is closed, because the process at its other end has ended.
GUARD = """
import os, signal, sys
known = {}
for line in sys.stdin:
    action, pid = line.split()
    if action == "forget":
        known.pop(int(pid), None)
    else:
        known[int(pid)] = action
for pid, action in known.items():
    try:
        os.killpg(pid, signal.SIGKILL) if action == "kill" else os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
"""


class Guard:
    """A process that ends the servers when this process has ended, even by SIGKILL or ``os._exit``."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def kill(self, pid: int) -> None:
        """Kill the process group ``pid`` when this process ends."""
        self._tell("kill", pid)

    def terminate(self, pid: int) -> None:
        """Terminate the process ``pid``, which ends its own children, when this process ends."""
        self._tell("terminate", pid)

    def forget(self, pid: int) -> None:
        """The process has ended. Its number may soon belong to another process."""
        self._tell("forget", pid)

    def _tell(self, action: str, pid: int) -> None:
        if self._process is None:
            command = [sys.executable, "-c", GUARD]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)
            atexit.register(self._end, self._process)
        assert self._process.stdin is not None
        self._process.stdin.write(f"{action} {pid}\n")
        self._process.stdin.flush()

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


guard = Guard()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server: its name, its protocol, the modules that it needs, and its arguments."""

    name: str
    protocol: Literal["wsgi", "asgi"]
    needs: tuple[str, ...]
    arguments: Callable[[str, int], list[str]]
    """(target, port) -> what stands behind the interpreter's name"""

    def missing(self) -> list[str]:
        """The modules that this kind needs and that are not installed."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]


def gunicorn(worker: str, *options: str) -> Callable[[str, int], list[str]]:
    shared = ["-m", "gunicorn", "--worker-class", worker, "--graceful-timeout", "3", "--no-control-socket", *options]
    return lambda target, port: [*shared, "--bind", f"{HOST}:{port}", target]


def granian(interface: str) -> Callable[[str, int], list[str]]:
    shared = ["-m", "granian", "--interface", interface, "--host", HOST, "--workers-kill-timeout", "4", "--port"]
    return lambda target, port: [*shared, str(port), target]


def uvicorn(http: str, loop: str = "asyncio") -> Callable[[str, int], list[str]]:
    shared = ["-m", "uvicorn", "--http", http, "--loop", loop, "--host", HOST, "--timeout-graceful-shutdown", "3"]
    return lambda target, port: [*shared, "--port", str(port), target]


def hypercorn(worker: str, *options: str) -> Callable[[str, int], list[str]]:
    shared = ["-m", "hypercorn", "--worker-class", worker, "--graceful-timeout", "3", *options, "--bind"]
    return lambda target, port: [*shared, f"{HOST}:{port}", target]


KINDS = {
    kind.name: kind
    for kind in [
        Kind("gunicorn", "wsgi", ("gunicorn",), gunicorn("sync")),
        Kind("gunicorn-gthread", "wsgi", ("gunicorn",), gunicorn("gthread", "--threads", "4")),
        Kind("waitress", "wsgi", ("waitress",), lambda app, port: ["-m", "waitress", f"--listen={HOST}:{port}", app]),
        Kind("cheroot", "wsgi", ("cheroot",), lambda app, port: ["-m", "cheroot", "--bind", f"{HOST}:{port}", app]),
        Kind("wsgiref", "wsgi", (), lambda app, port: ["-c", WSGIREF, app, HOST, str(port)]),
        Kind("hypercorn-wsgi", "wsgi", ("hypercorn",), lambda app, port: hypercorn("asyncio")(f"wsgi:{app}", port)),
        Kind("granian-wsgi", "wsgi", ("granian",), granian("wsgi")),
        Kind("granian-asgi", "asgi", ("granian",), granian("asgi")),
        Kind("uvicorn", "asgi", ("uvicorn", "h11"), uvicorn("h11")),
        Kind("uvicorn-httptools", "asgi", ("uvicorn", "httptools"), uvicorn("httptools")),
        Kind("hypercorn", "asgi", ("hypercorn",), hypercorn("asyncio")),
        Kind("hypercorn-trio", "asgi", ("hypercorn", "trio"), hypercorn("trio")),
        Kind("daphne", "asgi", ("daphne",), lambda app, port: ["-m", "daphne", "-b", HOST, "-p", str(port), app]),
    ]
}
"""Every kind of server by its name, WSGI first."""

H2C = ("--http-protocols", "h2,h1", "--http2-cleartext", "prior-knowledge")
H2_KINDS = {
    kind.name: kind
    for kind in [
        Kind("gunicorn-h2", "wsgi", ("gunicorn", "h2"), gunicorn("gthread", "--threads", "4", *H2C)),
        Kind(
            "uvicorn-h2",
            "asgi",
            ("uvicorn", "zttp"),
            lambda app, port: ["-m", "uvicorn", "--http2", *uvicorn("zttp")(app, port)[2:]],
        ),
        Kind("hypercorn-h2", "asgi", ("hypercorn",), hypercorn("asyncio")),
        Kind("hypercorn-trio-h2", "asgi", ("hypercorn", "trio"), hypercorn("trio")),
        Kind("gunicorn-asgi-h2", "asgi", ("gunicorn", "h2"), gunicorn("asgi", *H2C)),
    ]
}
"""Servers that speak HTTP/2 without TLS, by their names, WSGI first. Their clients begin with HTTP/2 at once."""

#: hypercorn on asyncio, where its ``--graceful-timeout`` ends open connections: from Python 3.12 on, that of hypercorn
#: 0.18 begins when all of them are closed
STOPPING_HYPERCORN = ("hypercorn",) if sys.version_info < (3, 12) else ()
WSGI_KINDS = tuple(name for name, kind in KINDS.items() if kind.protocol == "wsgi")
ASGI_KINDS = tuple(name for name, kind in KINDS.items() if kind.protocol == "asgi")


def port_numbers() -> Iterator[int]:
    """Port numbers below the ephemeral range, from a random one on."""
    yield from (20000 + n % 12000 for n in itertools.count(randrange(12000)))


ports = port_numbers()
#: sockets of UDP, each with the number of a port that this process has got from :func:`free_port`
reserved: deque[socket.socket] = deque()


def free_port() -> int:
    """A port on which nothing listens. No other test process gets the same one before a server can listen on it.

    A UDP socket with the number of the port says that it is taken. Servers need the number for TCP only.
    """
    for port in itertools.islice(ports, 12000):
        sign = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sign.bind((HOST, port))
                probe.bind((HOST, port))
            except OSError:
                sign.close()
                continue
        reserved.append(sign)
        if len(reserved) > 50:  # a server has the oldest one, or has ended
            reserved.popleft().close()
        return port
    raise RuntimeError("no free port found")


@atexit.register
def give_ports_back() -> None:
    """Close the sockets: an open one would be a warning."""
    while reserved:
        reserved.popleft().close()


@dataclass(slots=True)
class Server:
    """A running server. ``url`` has no slash at its end; ``log()`` is its output."""

    kind: Kind
    target: str
    port: int
    process: subprocess.Popen[bytes]
    log_file: Path
    killed: bool = field(default=False, init=False)

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"http://{HOST}:{self.port}"

    def log(self) -> str:
        """The output of the server so far."""
        return self.log_file.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Wait until the port is open. If the process ends before, raise AssertionError with the log."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"{self.kind.name} ended at its start:\n{self.log()}"
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        self.kill()
        raise AssertionError(f"{self.kind.name} does not listen after {START_SECONDS:.0f} s:\n{self.log()}")

    def wait_for_log(self, text: str) -> None:
        """Wait until the server has written ``text``. Raises AssertionError if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while text not in self.log():
            assert time.monotonic() < deadline, f"{self.kind.name} did not write {text!r}:\n{self.log()}"
            time.sleep(0.02)

    def stop(self, sig: signal.Signals = signal.SIGTERM, again: float = STOP_SECONDS) -> int:
        """Send ``sig``, wait and return the exit status. ``killed`` is True if the server took too long.

        The signal goes to the server's main process, which stops its workers. A kill goes to its whole process group.
        ``again``: the signal is sent once more every so many seconds, for a server that may lose one.
        """
        deadline = time.monotonic() + STOP_SECONDS
        while self.process.poll() is None and not self.killed:
            self.process.send_signal(sig)
            try:
                self.process.wait(again)
            except subprocess.TimeoutExpired:
                self.killed = time.monotonic() >= deadline
        self.kill()
        status = self.process.wait()
        guard.forget(self.process.pid)
        return status

    def kill(self) -> None:
        """Kill the remaining processes of the group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def start(name: str | Kind, target: str, *, app_dir: Path, log_dir: Path, **env: str) -> Server:
    """Start a server of this kind for ``module:attribute`` in ``app_dir``. Returns it when it listens.

    Skips the test if the server is not installed.
    """
    kind = name if isinstance(name, Kind) else KINDS.get(name) or H2_KINDS[name]
    if missing := kind.missing():
        pytest.skip(f"server {missing[0]} is not installed")
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # in a background job SIGINT is ignored, and children would inherit this
        signal.signal(signal.SIGINT, signal.default_int_handler)
    port = free_port()
    log_file = log_dir / f"{kind.name}-{port}.log"
    path = os.pathsep.join(filter(None, [str(app_dir), os.environ.get("PYTHONPATH")]))
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *kind.arguments(target, port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=app_dir,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **env},
            start_new_session=True,
        )
    guard.kill(process.pid)
    server = Server(kind, target, port, process, log_file)
    server.wait_until_ready()
    return server


class ServerPool:
    """Servers by (kind, target). Each is started at its first use. If there are more than ``most``, the one that was
    asked for the longest time ago is stopped; the others are stopped together at the end.
    """

    most = 40
    """No test file has as many."""

    def __init__(self, log_dir: Path) -> None:
        self.log_dir = log_dir
        self.servers: dict[tuple[str, str, Path], Server] = {}

    def get(self, name: str, target: str, *, app_dir: Path = EXAMPLES) -> Server:
        """The running server of this kind for this target. If it has ended, it is started again."""
        key = (name, target, app_dir)
        server = self.servers.get(key)
        if server is None or server.process.poll() is not None:
            server = start(name, target, app_dir=app_dir, log_dir=self.log_dir)
        self.servers.pop(key, None)
        self.servers[key] = server  # at the end: the order is that of the last use
        if len(self.servers) > self.most:
            self._end([self.servers.pop(next(iter(self.servers)))])
        return server

    def _end(self, servers: list[Server]) -> None:
        for server in servers:
            server.kill()  # a graceful stop takes some of them seconds
        for server in servers:
            server.stop()

    def __enter__(self) -> ServerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(list(self.servers.values()))


class Demo:
    """`make demo` in a process: the launcher in examples/ with both servers on free ports. Leaving it stops it."""

    def __init__(self, log_dir: Path) -> None:
        self.ports = free_port(), free_port()
        self.asgi_url, self.wsgi_url = (f"http://{HOST}:{port}/" for port in self.ports)
        self.log_file = log_dir / f"demo-{self.ports[0]}.log"
        arguments = ["--uvicorn-port", str(self.ports[0]), "--gunicorn-port", str(self.ports[1])]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(EXAMPLES / "serve_both.py"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        guard.terminate(self.process.pid)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the launcher has printed the addresses. Otherwise raise AssertionError with the log."""
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if "Ctrl-C stops both" in self.log():
                return
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"the demo did not start:\n{self.log()}")

    def log(self) -> str:
        """The output of the launcher and the servers so far."""
        return self.log_file.read_text(errors="replace")

    def peak_memory(self) -> int:
        """The sum of the largest resident sizes of all processes of the launcher, in bytes (Linux)."""
        return sum(peak_of(pid) for pid in descendants(self.process.pid))

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Send ``sig`` and return the launcher's exit status. It kills its servers after 10 seconds."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        status = self.process.wait(START_SECONDS)
        guard.forget(self.process.pid)
        return status

    def __enter__(self) -> Demo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def descendants(pid: int) -> list[int]:
    """The process and all its descendants, from /proc."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()  # the name before it may contain any character
        except OSError:  # it has ended
            continue
        parents[int(path.parent.name)] = int(fields[1])
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def peak_of(pid: int) -> int:
    """The largest resident size of a process in bytes, or the current one if the kernel does not record it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return int(values.get("VmHWM", values["VmRSS"]).split()[0]) * 1024
