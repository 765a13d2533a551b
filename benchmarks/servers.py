"""Requests per second and latency over loopback, with one worker of uvicorn and of gunicorn, measured by wrk.

    python benchmarks/servers.py [--quick] [--json FILE]

The libraries take turns, and the medians are printed. ``raw`` is an application without a library. The benchmark needs
wrk (there is a package in Debian) and the servers. If one is missing, it says so and measures nothing.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from timing import arguments, machine, print_table, write_json

HERE = Path(__file__).parent
SERVERS = {
    "gunicorn": ("wsgi", ("raw", "cardan", "falcon", "flask", "werkzeug")),
    "uvicorn": ("asgi", ("raw", "cardan", "starlette", "falcon", "quart")),
}
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(server: str, contestant: str) -> Iterator[str]:
    """The URL of ``hello`` of a library, on its own server."""
    port, protocol = free_port(), SERVERS[server][0]
    code = f"from apps.{contestant} import {protocol.upper()} as apps; app = apps['hello']"
    module = HERE / f"_served_{contestant}_{protocol}.py"
    module.write_text(code + "\n")
    command = [sys.executable, "-m", server, f"{module.stem}:app", "--log-level", "warning"]
    if server == "gunicorn":
        command += ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "4", "--keep-alive", "60"]
    else:
        command += ["--port", str(port), "--no-access-log", "--loop", "asyncio", "--http", "h11"]
    process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(200):
            try:
                with urllib.request.urlopen(url, timeout=1) as response:
                    assert response.read() == b"Hello, World!", f"{contestant} on {server}: wrong answer"
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise RuntimeError(f"{contestant} did not start on {server}")
        yield url
    finally:
        process.terminate()
        process.wait(10)
        module.unlink()


def ask(url: str, seconds: int) -> tuple[float, float]:
    """Requests per second, and the 99th percentile of the latency in ms."""
    done = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", url], capture_output=True, text=True, check=True
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    if rate is None or late is None:
        raise RuntimeError(f"wrk said:\n{done.stdout}")
    return float(rate[1]), float(late[1]) * _UNITS[late[2]]


def measure(server: str, seconds: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Measure all libraries on one server, one at a time, in turns."""
    _, names = SERVERS[server]
    found = [name for name in names if name in ("raw", "cardan") or find_spec(name) is not None]
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in found}
    for _ in range(rounds):
        for name in found:
            with serving(server, name) as url:
                ask(url, 1)
                turns[name].append(ask(url, seconds))
    return {name: (median(a for a, _ in pairs), median(b for _, b in pairs)) for name, pairs in turns.items()}


def main() -> None:
    options = arguments(__doc__)
    missing = [name for name in ("wrk",) if shutil.which(name) is None]
    missing += [name for name in SERVERS if find_spec(name) is None]
    if missing:
        print(f"not installed: {', '.join(missing)}; nothing is measured")
        return
    seconds, rounds = (1, 1) if options.smoke or options.quick else (4, 3)
    print(", ".join(machine().values()))
    result = {}
    for server in SERVERS:
        row = result[server] = measure(server, seconds, rounds)
        print()
        cells = [[name, f"{rate:.0f}", f"{late:.2f}"] for name, (rate, late) in row.items()]
        print_table([server, "requests/s", "p99 ms"], cells)
    write_json(options.json, {"servers": result})


if __name__ == "__main__":
    main()
