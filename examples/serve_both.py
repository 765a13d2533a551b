"""Serve one application object under uvicorn (ASGI) and under gunicorn (WSGI) at the same time. `make demo` runs it.

    python examples/serve_both.py [upload:app] [--host 127.0.0.1] [--uvicorn-port 8000] [--gunicorn-port 8001]

Each server finds the addresses of both in the variables DEMO_PORTS and DEMO_HOST of its environment.
Stops both servers on Ctrl-C or SIGTERM, and also when one of them ends by itself.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

EXAMPLES = Path(__file__).parent
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Program:
    """One of the servers: its name, protocol, host and port, and the command line arguments of its module."""

    name: str
    protocol: str
    host: str
    port: int
    arguments: list[str]

    def start(self, wanted: list[Program]) -> subprocess.Popen[bytes]:
        """Start the server in a new session, so that Ctrl-C reaches only this script, which then stops the servers."""
        environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(EXAMPLES), os.getenv("PYTHONPATH")])),
            "DEMO_PORTS": " ".join(f"{program.protocol}={program.port}" for program in wanted),
            "DEMO_HOST": self.host,
        }
        return subprocess.Popen([sys.executable, "-m", self.name, *self.arguments], env=environ, start_new_session=True)

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"http://{self.host}:{self.port}/"


def programs(options: argparse.Namespace) -> list[Program]:
    """Both servers. gunicorn runs with threads, because it would restart a sync worker during a long upload."""
    host, target = options.host, options.target
    one, two = options.uvicorn_port, options.gunicorn_port
    uvicorn = ["--host", host, "--port", str(one), "--log-level", "warning", "--timeout-graceful-shutdown", "5", target]
    gunicorn = ["--bind", f"{host}:{two}", "--worker-class", "gthread", "--threads", "8", "--log-level", "warning"]
    gunicorn += ["--graceful-timeout", "5", "--no-control-socket", target]
    return [Program("gunicorn", "WSGI", host, two, gunicorn), Program("uvicorn", "ASGI", host, one, uvicorn)]


def taken(program: Program) -> bool:
    """True if another program uses the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((program.host, program.port))
        except OSError:
            return True
        return False


def wait_until_ready(running: list[tuple[Program, subprocess.Popen[bytes]]]) -> bool:
    """Wait up to 30 seconds until all servers listen. False if they do not, or as soon as one of them has ended."""
    for program, process in running:
        for _ in range(300):
            if process.poll() is not None:
                return False
            try:
                socket.create_connection((program.host, program.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            return False
    return True


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask all servers to end, wait for them, and kill those that do not end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # after a second Ctrl-C, no server may be left running
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def announce(running: list[tuple[Program, subprocess.Popen[bytes]]], target: str) -> None:
    """Print the URLs, and for the demo what to try."""
    print("\n  One function, two servers. Open one of them in a browser:\n")
    for program, _ in running:
        print(f"    {program.url:30} {program.protocol}, {program.name}")
    if target == "upload:app":
        print("\n  Try: send a form over both, and compare the receipts. Or in a terminal:\n")
        for program, _ in running:
            print(f"    curl -F name=Ada -F files=@README.md {program.url}receipt")
    print("\n  Ctrl-C stops both.\n", flush=True)


def interrupt(signum: int, frame: FrameType | None) -> None:
    """Signal handler: SIGTERM ends the program in the same way as Ctrl-C."""
    raise KeyboardInterrupt


def serve(wanted: list[Program], target: str) -> int:
    """Run all servers until there is a signal or one of them ends; returns the exit status."""
    running: list[tuple[Program, subprocess.Popen[bytes]]] = []
    try:
        for program in wanted:
            running.append((program, program.start(wanted)))  # noqa: PERF401  # if a start fails, the servers before it have to be stopped
        if wait_until_ready(running):
            announce(running, target)
            while all(process.poll() is None for _, process in running):
                time.sleep(0.2)
        print(*(f"{p.name} ended with status {c.returncode}" for p, c in running if c.poll() is not None), sep="\n")
        return 1
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
        return 0
    finally:
        stop([process for _, process in running])


def main() -> int:
    """Parse the arguments, check that the ports are free, and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", default="upload:app", help="module:attribute (upload:app)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--uvicorn-port", type=int, default=8000)
    parser.add_argument("--gunicorn-port", type=int, default=8001)
    options = parser.parse_args()
    wanted = programs(options)
    if blocked := [program for program in wanted if taken(program)]:
        for program in blocked:
            option = f"{program.name.upper()}_PORT"
            print(
                f"port {program.port} is taken; choose another for {program.name}: make demo {option}=9000",
                file=sys.stderr,
            )
        return 1
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return serve(wanted, options.target)


if __name__ == "__main__":
    sys.exit(main())
