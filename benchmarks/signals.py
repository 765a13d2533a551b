"""What becomes of a request that is running when its server gets SIGTERM, on every server of `make interop`.

    python benchmarks/signals.py [SERVER ...]

Each server runs with its defaults, but for the arguments in tests/servers.py and interop/launch.py. A client asks for a
page that takes two seconds. Half a second later the server gets SIGTERM. Printed are what the client got, and after how
many seconds the server had ended; a server that has not ended after ``LIMIT`` seconds is killed.
"""

from __future__ import annotations

import http.client
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from timing import chosen

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cardan import Application, Request, Response  # noqa: E402

LIMIT = 20.0
TAKES = 2.0
AFTER = 0.5


def handler(request: Request) -> Response:
    """A page that takes its time."""
    time.sleep(TAKES)
    return Response("the whole answer")


app = Application(handler)


def ask(port: int, got: list[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    try:
        connection.request("GET", "/")
        got.append(connection.getresponse().read().decode())
    except (OSError, http.client.HTTPException) as error:
        got.append(f"{type(error).__name__}")
    finally:
        connection.close()


def stop(name: str) -> tuple[str, str]:
    """(what the client got, how long the server took)"""
    from interop.servers import SERVERS
    from tests.servers import start

    server_kind = SERVERS[name]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # mod_wsgi runs as another user
        environment = {"INTEROP_FOLDER": folder, "PYTHONPATH": str(ROOT)}
        server = start(server_kind.kind, "benchmarks.signals:app", app_dir=ROOT, log_dir=Path(folder), **environment)
        got: list[str] = []
        client = threading.Thread(target=ask, args=(server.port, got))
        try:
            client.start()
            time.sleep(AFTER)
            server.process.terminate()
            begun = time.monotonic()
            while server.process.poll() is None and time.monotonic() - begun < LIMIT:
                time.sleep(0.02)
            took = time.monotonic() - begun
            client.join()
        finally:
            server.kill()
            server.stop()
    ended = f"{took:.1f} s" if took < LIMIT else f"killed after {LIMIT:.0f} s"
    return (got[0] or "an empty answer"), ended


def main() -> None:
    from interop.servers import SERVERS

    names = chosen(__doc__, {name: server for name, server in SERVERS.items() if server.scheme == "http"})
    print("| server | the client gets | the server has ended after |")
    print("|---|---|---|")
    for name in names:
        if why := SERVERS[name].missing():
            print(f"| {name} | {why} | |")
            continue
        got, ended = stop(name)
        print(f"| {name} | {got} | {ended} |", flush=True)


if __name__ == "__main__":
    main()
