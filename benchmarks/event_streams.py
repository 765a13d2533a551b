"""How many event streams one process of a server can hold open, and what it notices when their clients leave.

    python benchmarks/event_streams.py [SERVER ...]

Each server is started with one process. 400 clients open a stream of server-sent events, each of which sends one event
and then waits for the next one, with a sync generator (``time.sleep``) and with an async generator (``anyio.sleep``).
Printed are the number of clients that got their event, whether another request is answered meanwhile, and how many
generators were closed within three seconds after all clients have left; ``keep_alive`` is one second.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

import anyio
from timing import chosen

from cardan import Application, Request, Response

HOST = "127.0.0.1"
STREAMS = 400
#: seconds that the server has for the first events, for another request, and for noticing that the clients have left
PATIENCE = 3.0
#: seconds until the second event, which no client waits for
SILENCE = 40.0
SERVERS = {
    "gunicorn": "gunicorn --bind {host}:{port}",
    "gunicorn --threads 8": "gunicorn --threads 8 --bind {host}:{port}",
    "gunicorn -k gevent": "gunicorn -k gevent --bind {host}:{port}",
    "gunicorn -k asgi": "gunicorn -k asgi --bind {host}:{port}",
    "gunicorn -k uvicorn_worker.UvicornWorker": "gunicorn -k uvicorn_worker.UvicornWorker --bind {host}:{port}",
    "uvicorn": "uvicorn --host {host} --port {port}",
    "hypercorn": "hypercorn --bind {host}:{port}",
    "waitress": "waitress --listen {host}:{port}",
}
closed = []


def events() -> Iterator[str]:
    try:
        yield "first"
        time.sleep(SILENCE)
    finally:
        closed.append("sync")


async def aevents() -> AsyncIterator[str]:
    try:
        yield "first"
        await anyio.sleep(SILENCE)
    finally:
        closed.append("async")


def handler(request: Request) -> Response:
    if request.path == "/closed":
        return Response(str(len(closed)))
    return Response.from_events(events() if request.path == "/sync" else aevents(), keep_alive=1)


app = Application(handler)


def opened(port: int, path: str) -> socket.socket:
    client = socket.create_connection((HOST, port), timeout=PATIENCE)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    return client


def asked(port: int) -> str | None:
    """How many generators were closed, None without an answer."""
    answer = b""
    try:
        with opened(port, "/closed") as client:
            while data := client.recv(65536):
                answer += data
    except OSError:
        return None
    return answer.rpartition(b"\r\n\r\n")[2].decode()


def with_event(clients: list[socket.socket]) -> int:
    """How many of the clients get their first event in time."""
    received = dict.fromkeys(clients, b"")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        waiting = [client for client in clients if b"data: first" not in received[client]]
        for client in select.select(waiting, [], [], 0.1)[0]:
            received[client] += client.recv(65536)
    return sum(b"data: first" in data for data in received.values())


def tried(name: str, path: str) -> list[str]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", *SERVERS[name].format(host=HOST, port=port).split(), "event_streams:app"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=Path(__file__).parent, start_new_session=True, **quiet)  # type: ignore[call-overload]
    clients: list[socket.socket] = []
    try:
        for _ in range(100):
            if asked(port) is not None:
                break
            time.sleep(0.1)
        clients += [opened(port, path) for _ in range(STREAMS)]
        got = with_event(clients)
        others = "yes" if asked(port) is not None else "no"
        while clients:
            clients.pop().close()
        time.sleep(PATIENCE)
        return [str(got), others, asked(port) or "no answer"]
    finally:
        for client in clients:
            client.close()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def modules(command: str) -> list[str]:
    """The packages that a command needs: that of the server, and that of its worker class."""
    words = command.split()
    return [words[0], *(word.partition(".")[0] for word in words if word.endswith("Worker"))]


def main() -> None:
    names = chosen(__doc__, SERVERS)
    print("| server | generator | events for | others answered | closed after leaving |")
    print("|---|---|---|---|---|")
    for name in names:
        if any(find_spec(module) is None for module in modules(SERVERS[name])):
            print(f"| {name} | not installed | | | |")
            continue
        for path in ("/sync", "/async"):
            print(f"| {' | '.join([name, path[1:], *tried(name, path)])} |", flush=True)


if __name__ == "__main__":
    main()
