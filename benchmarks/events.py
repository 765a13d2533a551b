"""Server-sent events on uvicorn: the processor time of the server for each event, and its memory for each client.

    python benchmarks/events.py [--quick] [--clients 1000] [--rate 2000] [--only cardan,starlette] [--json FILE]

Each library has its own server process with 1,000 clients, which together get 2,000 events a second. The libraries take
turns, and the medians are printed: microseconds of processor time of the server for each event that a client received,
and KiB by which the resident memory of the server grew for each client. The clients are tasks of this process. The
benchmark needs Linux (``/proc``), and says so on other systems.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from apps.events import CONTESTANTS
from servers import free_port
from timing import machine, print_table, versions, write_json

HERE = Path(__file__).parent
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"


class Listener(asyncio.Protocol):
    """A client that counts the bytes that it receives, and does not parse them."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts
        self._began = False

    def connection_made(self, transport: Any) -> None:
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        events = data.count(b"data: ")
        self._counts["events"] += events
        if events and not self._began:
            self._began = True
            self._counts["clients"] += 1

    def connection_lost(self, error: Exception | None) -> None:
        self._counts["lost"] += 1


@contextmanager
def serving(contestant: str, interval: float) -> Iterator[tuple[int, int]]:
    """The process and the port of a library's server."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "apps.events:app", "--port", str(port)]
    command += ["--log-level", "critical", "--no-access-log", "--loop", "asyncio", "--http", "h11", "--backlog", "4096"]
    environment = {**os.environ, "EVENTS_CONTESTANT": contestant, "EVENTS_INTERVAL": str(interval)}
    process = subprocess.Popen(command, cwd=HERE, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid, port
    finally:
        process.kill()  # streams never end by themselves
        process.wait(10)


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Resident memory of a process in KiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def _connect(port: int, counts: dict[str, int]) -> asyncio.Transport:
    loop = asyncio.get_running_loop()
    for _ in range(400):
        try:
            transport, _protocol = await loop.create_connection(lambda: Listener(counts), "127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            return transport
    raise RuntimeError("got no connection, expected a server that has started")


async def _until(counts: dict[str, int], clients: int) -> None:
    for _ in range(600):
        if counts["clients"] >= clients:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"got events at {counts['clients']} clients, expected them at {clients}")


async def listen(pid: int, port: int, clients: int, seconds: float) -> tuple[float, float]:
    """Microseconds of the server for each event, and KiB of its memory for each client."""
    counts = {"events": 0, "clients": 0, "lost": 0}
    transports = [await _connect(port, counts)]
    try:
        await _until(counts, 1)  # what is imported with the first request is not counted
        before = resident(pid)
        for at in range(1, clients):
            transports.append(await _connect(port, counts))
            if at % 50 == 0:
                await asyncio.sleep(0.02)  # spread over the interval, as clients are
        await _until(counts, clients)
        await asyncio.sleep(min(1.0, seconds))
        size = (resident(pid) - before) / max(clients - 1, 1)
        started, events = processor_time(pid), counts["events"]
        await asyncio.sleep(seconds)
        spent, received = processor_time(pid) - started, counts["events"] - events
        assert not counts["lost"], f"got {counts['lost']} connections that the server closed, expected none"
        assert received, "got no event, expected a stream of them"
        return spent / received * 1e6, size
    finally:
        for transport in transports:
            transport.abort()


def measure(names: list[str], clients: int, rate: float, seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    """Measure all libraries in turns, and give the medians."""
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            with serving(name, clients / rate) as (pid, port):
                turns[name].append(asyncio.run(listen(pid, port, clients, seconds)))
    return {
        name: {"us per event": median(a for a, _ in pairs), "KiB per client": median(b for _, b in pairs)}
        for name, pairs in turns.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a short form")
    parser.add_argument("--smoke", action="store_true", help="each thing once: wrong answers fail, times mean nothing")
    parser.add_argument("--json", metavar="FILE", help="write the numbers to FILE, - for standard output")
    parser.add_argument("--clients", type=int, default=1000, help="how many clients listen")
    parser.add_argument("--rate", type=float, default=2000, help="events a second, for all clients together")
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="contestants, separated by commas")
    options = parser.parse_args()
    modules = {"cardan": "cardan", "starlette": "starlette", "sse-starlette": "sse_starlette", "uvicorn": "uvicorn"}
    asked = options.only.split(",")
    missing = [name for name, module in modules.items() if find_spec(module) is None]
    result: dict[str, Any] = {"versions": versions(modules)}
    print(", ".join(machine().values()))
    if "uvicorn" in missing or not Path("/proc/self/statm").exists():
        print("uvicorn or /proc is missing: nothing is measured")
    else:
        for name in missing:
            print(f"{name} is left out: it is not installed", file=sys.stderr)
        names = [name for name in asked if name not in missing]
        clients, rate = (3, 60.0) if options.smoke else (options.clients, options.rate)
        seconds, rounds = (0.2, 1) if options.smoke else (5, 1) if options.quick else (10, 3)
        rows = result["events"] = measure(names, clients, rate, seconds, rounds)
        ours = rows.get("cardan")
        print(f"\nserver-sent events on uvicorn: {clients} clients, {rate:.0f} events a second")
        body = []
        for name, row in rows.items():
            cells = [f"{row['us per event']:.1f}", f"{row['KiB per client']:.1f}"]
            if ours is not None and not options.smoke:
                cells += [f"{ours[key] / row[key]:.2f}" for key in ("us per event", "KiB per client")]
            body.append([name, *cells])
        ratios = ["cardan's time:its", "cardan's memory:its"] if ours is not None and not options.smoke else []
        print_table(["", "us per event", "KiB per client", *ratios], body)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
