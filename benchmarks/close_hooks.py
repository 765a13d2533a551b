"""Who waits for a close hook that takes a second, on every server.

    python benchmarks/close_hooks.py [SERVER ...]

For a plain and for an ``async def`` hook, and for a streamed body, three times are printed: until the client has its
whole answer, until it has the answer to its next request over the same connection, and until another client has its
answer that asks while the hook runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import anyio
import httpx
from stopping import HOST, SERVERS, free_port, kill, wait_for
from timing import chosen

from cardan import Request, Response

SECONDS = 1.0
PATHS = ("/plain", "/async", "/streamed")


@Request.application
def app(request: Request) -> Response:
    """A response with the hook that the path names."""
    response = Response(iter(["do", "ne"]) if request.path == "/streamed" else "done")
    if request.path == "/async":
        response.call_on_close(lambda: anyio.sleep(SECONDS))
    elif request.path != "/":
        response.call_on_close(lambda: time.sleep(SECONDS))
    return response


def seconds(client: httpx.Client, url: str) -> float:
    begun = time.monotonic()
    client.get(url)
    return time.monotonic() - begun


def measure(url: str, path: str) -> str:
    """The three times for one hook."""
    with httpx.Client(trust_env=False) as client, httpx.Client(trust_env=False) as other:
        for each in (client, other):
            each.get(url)
        answered = seconds(client, url + path)
        following = seconds(client, url)
        time.sleep(SECONDS + 0.2)
        client.get(url + path)
        return f"{answered:.1f} / {following:.1f} / {seconds(other, url):.1f}"


def main() -> None:
    """Print the table."""
    names = chosen(__doc__, SERVERS)
    print("| server | plain hook | async hook | streamed body |")
    print("|---|---|---|---|")
    for name in names:
        module, arguments, _ = SERVERS[name]
        if find_spec(module) is None:
            print(f"| {name} | not installed | | |")
            continue
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments.format(host=HOST, port=port).split(), "close_hooks:app"],
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_for(port)
            rows = []
            for path in PATHS:
                rows.append(measure(f"http://{HOST}:{port}", path))
                time.sleep(SECONDS + 0.2)
        finally:
            kill(process)
        print(f"| {name} | {' | '.join(rows)} |", flush=True)


if __name__ == "__main__":
    main()
