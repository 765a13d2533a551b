"""Disconnects: ``python -m proof.disconnects [SERVER ...]``. Clients leave real servers while a response is streamed.

Each server runs the application of :mod:`proof.disconnects_app`. A client reads a few pieces of a response and leaves:
one half of the clients reset the connection, the others close it. :mod:`proof.disconnects_layer` is a layer between the
server and the application, which notes when the server tells the application of the disconnect. On ASGI this is the
message ``http.disconnect`` or an error of ``send()``. On WSGI it is a call of ``close()`` before the end of the body;
the server learned of the disconnect when it tried to write the last piece, so the time begins there.

The rules: every ``finally`` and every hook that has begun ends exactly once, and the process keeps no descriptor,
thread or task. The exit status is 1 if a disconnect breaks a rule. The time until the hooks have run is measured, and
times of more than 100 ms are counted. The last rows are the same kinds of streams in applications of other libraries.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count, cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from soak.clients import PATIENCE, Connection, settled, state
from soak.times import percentile
from tests.servers import KINDS, Kind, gunicorn, hypercorn, start

from .disconnects_layer import STEP
from .record import SERVERS as PACKAGES
from .record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["PEERS", "PROGRAMS", "SERVERS", "Rows", "at", "judge", "leave"]

ROOT = Path(__file__).parents[1]
TRIALS = 200
FURTHER = 60
#: seconds between the moment when the server knew and the last hook; a longer time is counted as late
SOON = 0.1
HELD = ("descriptors", "tasks", "threads")
"""What a process may hold no more of than before."""
#: how many clients a server has at the same time, if not four
AT_ONCE = {"gunicorn": 1}

UVICORN_WORKER = "uvicorn_worker" if find_spec("uvicorn_worker") else "uvicorn.workers"
SERVERS = {
    "uvicorn": KINDS["uvicorn"],
    "uvicorn-httptools": KINDS["uvicorn-httptools"],
    # a closed connection counts as a descriptor until the keep-alive time is over
    "hypercorn": Kind("hypercorn", "asgi", ("hypercorn",), hypercorn("asyncio", "--keep-alive", "2")),
    "hypercorn-trio": Kind("hypercorn-trio", "asgi", ("hypercorn", "trio"), hypercorn("trio", "--keep-alive", "2")),
    "daphne": KINDS["daphne"],
    "granian": KINDS["granian-asgi"],
    "gunicorn-uvicorn": Kind(
        "gunicorn-uvicorn", "asgi", ("gunicorn", "uvicorn"), gunicorn(f"{UVICORN_WORKER}.UvicornWorker")
    ),
    "gunicorn-asgi": Kind("gunicorn-asgi", "asgi", ("gunicorn",), gunicorn("asgi")),
    **{name: KINDS[name] for name in ("gunicorn", "gunicorn-gthread")},
    "gunicorn-gevent": Kind("gunicorn-gevent", "wsgi", ("gunicorn", "gevent"), gunicorn("gevent")),
}
"""Every server by its name."""
PEERS = {
    "Starlette": ("uvicorn", "uvicorn-httptools", "hypercorn", "hypercorn-trio"),
    "Flask": ("gunicorn", "gunicorn-gthread", "gunicorn-gevent"),
}
"""The other libraries, and the servers on which they are measured."""
PROGRAMS = {
    "asgi": ("agenerator", "generator", "file", "events"),
    "wsgi": ("generator", "file"),
}
"""The programs of the first row of each server, which the other libraries have as well."""
OTHERS = {
    "asgi": ("opened", "silent", "upload", "bridge", "waiting", "polling", "reading"),
    "wsgi": ("opened", "agenerator", "events", "bridge"),
}
"""The programs of the row "other programs"."""
#: daphne calls an application when it has received the whole body; that of this program is never complete
NEVER_CALLED = {("daphne", "reading")}
UNANSWERED = ("waiting", "polling", "reading")
"""Programs that have no response yet when the client leaves."""
SILENT = ("events", "silent")
"""Programs that send a few pieces, and then nothing more."""
BODIES = {"upload": 1000, "reading": 1000}


@dataclass
class Rows:
    """The result of all disconnects from one server."""

    trials: int = 0
    broken: list[str] = field(default_factory=list)
    """The violations of a rule, in words."""
    late: int = 0
    after_told: list[float] = field(default_factory=list)
    """Milliseconds from the moment when the server knew to the end of the last hook."""
    after_left: list[float] = field(default_factory=list)
    """Milliseconds from the moment when the client left."""
    told: Counter[str] = field(default_factory=Counter)
    """The number of disconnects by the way in which the server told the application of them."""

    def row(self, what: str) -> dict[str, object]:
        """The row of the table that is recorded."""

        def at(share: float) -> float | None:
            return round(percentile(self.after_told, share), 1) if self.after_told else None

        return {
            "what": what,
            "trials": self.trials,
            "differences": len(self.broken),
            "late": self.late,
            "p50": at(0.5),
            "p99": at(0.99),
            "worst": at(1),
            "since": round(median(self.after_left), 1) if self.after_left else None,
        }


async def one(port: int, program: str, name: str, *, reset: bool, pieces: int) -> float | None:
    """One client: read some pieces and leave. Returns when it left; None if the server closed the connection first."""
    connection = await Connection.open(port)
    method = "POST" if program in BODIES else "GET"
    body = [f"Content-Length: {BODIES[program]}"] if program in BODIES else []
    connection.send_head(method, f"/{program}?name={name}", *body)
    if program in BODIES:
        connection.writer.write(bytes(BODIES[program] - (program == "reading")))
    if program in UNANSWERED:
        end = time.monotonic() + PATIENCE
        while name not in (await state(port))["notes"] and time.monotonic() < end:
            await asyncio.sleep(0.005)
    else:
        try:
            await asyncio.wait_for(connection.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        except (OSError, asyncio.IncompleteReadError):  # the server took it for an idle connection: the machine is busy
            connection.leave()
            return None
        for _ in range(pieces):
            reading = connection.reader.read(2000)
            with suppress(OSError):  # also a TimeoutError
                await asyncio.wait_for(reading, 2 * STEP if program in SILENT else PATIENCE)
    left = time.monotonic()
    connection.leave(reset=reset)
    with suppress(OSError):
        await connection.writer.wait_closed()
    return left


def is_over(note: dict[str, Any]) -> bool:
    """Whether everything that has begun has ended."""
    return bool(note["due"] == Counter(what for what, _ in note["ended"]))


def all_over(found: dict[str, Any]) -> bool:
    """Whether everything that has begun has ended, for every request."""
    return all(map(is_over, found["notes"].values()))


async def leave(port: int, programs: Sequence[str], trials: int, *, at_once: int = 4) -> Rows:
    """Let ``trials`` clients leave the server at ``port``, and check the rules for everything that began for them."""
    left: dict[str, tuple[str, float]] = {}
    names = map(str, count())

    def clients(amount: int) -> Iterator[tuple[str, str, bool, int]]:
        which = cycle(programs)
        for number in range(amount):
            # each program is left in each way after each number of pieces
            turn = number // len(programs)
            yield next(which), next(names), turn % 2 == 1, turn // 2 % 4

    async def work(queue: Iterator[tuple[str, str, bool, int]]) -> None:
        for program, name, reset, pieces in queue:
            for attempt in range(3):
                called = f"{name}.{attempt}"
                if (when := await one(port, program, called, reset=reset, pieces=pieces)) is not None:
                    left[called] = program, when
                    break

    async def load(amount: int) -> None:
        queue = clients(amount)
        await asyncio.gather(*(work(queue) for _ in range(at_once)))

    await load(2 * at_once * len(programs))  # threads are started, modules are imported
    await settled(port, None, all_over)
    await asyncio.sleep(2.5)  # connections that are kept alive have ended
    before = await state(port)
    before["threads"] += at_once  # a thread that has nothing to do stays for some seconds
    left.clear()
    await load(trials)
    await settled(port, before, all_over, HELD)
    await asyncio.sleep(0.2)  # what ends twice does so by now
    after = await settled(port, before, all_over, HELD)
    found = Rows()
    for what in HELD:
        if after[what] > before[what]:
            found.broken.append(f"{what}: {before[what]} before, {after[what]} after")
    for name, note in after["notes"].items():
        if name not in left and not is_over(note):
            found.broken.append(f"a client that is not counted: {note}")
    for name, (program, when) in left.items():
        judge(found, program, after["notes"].get(name), when)
    return found


def judge(found: Rows, program: str, note: dict[str, Any] | None, left: float) -> None:
    """Add one disconnect to ``found``."""
    if note is None:
        found.told["before the application was called"] += 1
        return
    found.trials += 1
    if not is_over(note):
        found.broken.append(f"{program}: begun {note['due']}, ended {dict(Counter(what for what, _ in note['ended']))}")
    how, told = note["told"] or ("not", left)
    found.told[f"{program}: {how}"] += 1
    # the write whose error told of the disconnect may have begun before the client left
    told = max(told, left)
    ends = [when for what, when in note["ended"] if what != "call"]
    if note["told"] is not None and ends:
        found.after_told.append(1000 * (max(ends) - told))
        found.after_left.append(1000 * (max(ends) - left))
        found.late += max(ends) - told > SOON


def target(peer: str | None, kind: Kind) -> str:
    """The application that a server is started with."""
    return f"proof.disconnects_app{'_peers' if peer else ''}:{'app' if kind.protocol == 'asgi' else 'wsgi_app'}"


def at(name: str, peer: str | None, programs: Sequence[str], trials: int) -> Rows:
    """Start a server, and let clients leave it."""
    kind = SERVERS[name]
    with TemporaryDirectory() as folder:
        server = start(kind, target(peer, kind), app_dir=ROOT, log_dir=Path(folder))
        try:
            return asyncio.run(leave(server.port, programs, trials, at_once=AT_ONCE.get(name, 4)))
        finally:
            server.stop()


def main() -> int:
    """Measure the servers that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "servers",
        nargs="*",
        choices=[*SERVERS, []],
        metavar="SERVER",
        help=f"which servers (default: all): {', '.join(SERVERS)}",
    )
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    failed = False
    plan: list[tuple[str, str | None, str, Sequence[str], int]] = []
    for name in options.servers or SERVERS:
        protocol = SERVERS[name].protocol
        plan.append((name, None, "", PROGRAMS[protocol], TRIALS))
        others = [each for each in OTHERS[protocol] if (name, each) not in NEVER_CALLED]
        plan.append((name, None, ", other programs", others, FURTHER))
    plan += [
        (name, library, "", PROGRAMS[SERVERS[name].protocol], TRIALS)
        for library, names in PEERS.items()
        for name in names
        if name in (options.servers or SERVERS)
    ]
    for name, peer, more, programs, trials in plan:
        what = f"{peer or 'cardan'} on {name}{more}"
        found = at(name, peer, programs, trials)
        row = found.row(what)
        rows.append(row)
        print(" ".join(f"{key}={value}" for key, value in row.items()), dict(found.told), flush=True)
        for each in found.broken[:10]:
            print(f"  {each}", flush=True)
        failed = failed or (peer is None and bool(found.broken))
    if not options.servers:
        record("disconnects", "python -m proof.disconnects", rows, packages=(*PACKAGES, "starlette", "flask"))
    else:
        print("not written: these are not all servers")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
