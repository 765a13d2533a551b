"""How long servers take to stop while an event stream is open, in three configurations.

    python benchmarks/stopping.py [SERVER ...]

Each server is started three times with one open stream of server-sent events, which never ends by itself, and gets
SIGTERM. *By itself*: with its defaults. *Bounded*: with its option for a time-out, set to two seconds. *Helped*: with
its defaults and ``Application(end_streams_on_stop=True)``, which works on ASGI servers whose signal reaches the process
of the application. Printed are the time until the process has ended, how the stream ended for its client, and which
parts of the application's cleanup ran (the ``finally`` of the body, the close hook, the lifespan). A process that does
not end is killed after ``LIMIT`` seconds.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import httpx
from timing import chosen

ROOT = Path(__file__).parents[1]
LIMIT = 40.0
HOST = "127.0.0.1"

#: name: the module, its arguments, those that bound the wait (none: the server has no such option)
SERVERS = {
    "uvicorn": ("uvicorn", "--host {host} --port {port}", "--timeout-graceful-shutdown 2"),
    "hypercorn": ("hypercorn", "--bind {host}:{port}", "--graceful-timeout 2"),
    "hypercorn --workers 0": ("hypercorn", "--workers 0 --bind {host}:{port}", "--graceful-timeout 2"),
    "hypercorn -k trio": ("hypercorn", "--worker-class trio --bind {host}:{port}", "--graceful-timeout 2"),
    "granian (asgi)": ("granian", "--interface asgi --host {host} --port {port}", "--workers-kill-timeout 2"),
    "daphne": ("daphne", "-b {host} -p {port}", ""),
    "gunicorn sync": ("gunicorn", "--bind {host}:{port}", "--graceful-timeout 2"),
    "gunicorn gthread": ("gunicorn", "--threads 4 --bind {host}:{port}", "--graceful-timeout 2"),
    "granian (wsgi)": ("granian", "--interface wsgi --host {host} --port {port}", "--workers-kill-timeout 2"),
    "waitress": ("waitress", "--listen={host}:{port}", ""),
}
WSGI = ("gunicorn sync", "gunicorn gthread", "granian (wsgi)", "waitress")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    for _ in range(400):
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server does not listen")


def stop(name: str, *, bounded: bool, target: str, notes: Path) -> str:
    """Start a server, open a stream, tell the server to stop, and return what happened."""
    module, arguments, bound = SERVERS[name]
    port = free_port()
    options = arguments.format(host=HOST, port=port).split() + (bound.split() if bounded else [])
    process = subprocess.Popen(
        [sys.executable, "-m", module, *options, f"tests.contract.stopping_app:{target}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CARDAN_TEST_NOTES": str(notes)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    ended: list[float] = []
    try:
        wait_for(port)
        # on WSGI the sync stream, whose steps come: its server notices things between them
        path = "/ticks" if name in WSGI else "/events"
        how = "complete"
        with httpx.stream("GET", f"http://{HOST}:{port}{path}", timeout=LIMIT * 2) as response:
            chunks = response.iter_raw()
            next(chunks)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            watcher = threading.Thread(target=_end, args=(process, begun, ended))
            watcher.start()
            try:
                for _ in chunks:
                    pass
            except httpx.HTTPError:
                how = "broken off"
            watcher.join()
    finally:
        kill(process)
    ran = " ".join(dict.fromkeys(notes.read_text().split())) if notes.exists() else ""
    took = f"{ended[0]:.1f} s" if ended else f"killed after {LIMIT:.0f} s"
    return f"{took}, {how}; ran: {ran or 'nothing'}"


def _end(process: subprocess.Popen[bytes], begun: float, ended: list[float]) -> None:
    try:
        process.wait(LIMIT)
        ended.append(time.monotonic() - begun)
    except subprocess.TimeoutExpired:
        pass
    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def main() -> None:
    names = chosen(__doc__, SERVERS)
    print("| server | by itself | option | bounded | helped |")
    print("|---|---|---|---|---|")
    for name in names:
        module, _, bound = SERVERS[name]
        if find_spec(module) is None:
            print(f"| {name} | not installed | | | |")
            continue
        with tempfile.TemporaryDirectory() as folder:
            notes = [Path(folder) / str(number) for number in range(3)]
            alone = stop(name, bounded=False, target="waiting", notes=notes[0])
            limited = stop(name, bounded=True, target="waiting", notes=notes[1]) if bound else "-"
            helped = stop(name, bounded=False, target="app", notes=notes[2])
        print(f"| {name} | {alone} | `{bound or 'none'}` | {limited} | {helped} |", flush=True)


if __name__ == "__main__":
    main()
