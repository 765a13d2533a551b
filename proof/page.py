"""Writes ``docs/explanation/reliability.md`` from the figures that were recorded: ``python -m proof.page``.

A row without a figure is not shown.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .record import FOLDER

__all__ = ["PAGE", "RUNS", "written"]

ROOT = FOLDER.parent
PAGE = ROOT / "docs" / "explanation" / "reliability.md"

RUNS: dict[str, tuple[str, str]] = {
    "torture": (
        "Every call fails",
        """Small programs (forms with files on disk, streams, ranges of a file, sinks, middleware, close hooks, event
streams) are asked again and again, with the garbage collector off. In each trial one call fails: a read, write, open,
seek or close of a file, a message of the server, a step of a generator, a hook; alone, or with all calls after it. Or
the request is cancelled at one of its steps, or at one of any task that cardan starts for it (`Task.cancel()`, a scope
of anyio, a scope of trio), or the upload ends at one of its bytes. After each trial no file, descriptor or task is
left, no thread works for the request, the first error was raised, logged or seen by the program, and every hook,
generator and sink that had begun has ended once.""",
    ),
    "cuts": (
        "Bodies cut at random places",
        """Bodies that browsers and other clients have sent, bodies of other projects' tests, odd forms, and generated
ones are cut into chunks. The form, or the refusal, is the same as that of the whole body, on WSGI, and
on ASGI with asyncio and with trio.""",
    ),
    "limits": (
        "Limits",
        """Each limit is set to one less than a body needs, to what it needs, and to one more. The first is refused by
the name of the limit, the others are accepted, in every way to read a body. What is refused is not read on: the reads
are counted. A body that ends too early is an error at every offset.""",
    ),
    "states": (
        "States",
        """Programs that Hypothesis makes use the names of an object in any order: those of a request body by three
request objects, of the finalizer of a response, of header fields, and of a dictionary with several values for a key.
Each answer is that of a plain model.""",
    ),
    "caches": (
        "Behind caches",
        """Files of `StaticFiles` and `send_file`, and responses of `make_conditional()`, are asked for through nginx
with `proxy_cache`, through nginx with `slice`, through Varnish, and through a small model of RFC 9111: fresh, stale,
changed, in part, packed, under conditions, with each directive of `Cache-Control`. The client gets through the cache
what the application answers itself, and as many requests reach the application as RFC 9111 and the manual of the cache
say. A trial is a request through the cache.""",
    ),
    "caches_peers": (
        "What caches spare",
        """The same requests for the same files (100 kB; fresh for an hour, for a second, or never) go through both
caches, to cardan and to another library: whole, in part, under conditions, stale, changed. Starlette sends no
`Cache-Control`; its answers got the same one.""",
    ),
    "lints": (
        "Lints",
        """All contract tests run once more under lints: each exchange on WSGI under `cardan.testing.lint.wsgi` and
`wsgiref.validate`, each on ASGI under `cardan.testing.lint.asgi`, and each response under httplint, also as clients get
it from real servers. What they find is in `proof/findings.toml`, with the reason for each kind; nothing else is
found. With `--read` the tests ran in several parts, whose findings are read together.""",
    ),
    "disconnects": (
        "Disconnects while streaming",
        """Clients read a few pieces of a response that does not end, and leave; every other one resets its connection.
The first row of each server has async generators, generators of `def` handlers, files, and event streams that have
fallen silent; under WSGI generators and files. The other programs are streams that send nothing more, streams whose
request has a body that nobody has read, files that the handler has opened, WSGI applications behind a bridge, and
handlers that have no response yet: one is cancelled, one asks `disconnected`, one reads an upload that does not end.
Every `finally`, every close hook, a plain one and an async one, and every call of the application ends exactly once.
Afterwards the process holds no more descriptors, tasks and threads than before; a thread that has nothing to do may
wait for some seconds.

The times are milliseconds, from the moment when the server knew to the end of the last hook. A server tells under ASGI
by `http.disconnect`, or by an error of `send()`. Under WSGI it calls `close()`, and knows since it tried to write the
last piece, or since that call if it sends a file itself. While nothing is written gunicorn knows nothing, and so the
time begins with the next write. granian sends the file of a path itself, and says nothing more of it: the hooks run
when it has the path, and such a trial has no time. The last rows are the same streams with the hooks of other
libraries, background tasks and `call_on_close`.""",
    ),
    "fuzz": (
        "Fuzzing",
        """Requests, responses, forms and header fields of random bytes. Only documented errors are raised, no input
takes a second, and every fast path gives what the slow one gives.""",
    ),
    "order": (
        "Order",
        """All tests, each run in another order: the files are shuffled, and the tests of each file. A trial is a run of
all tests.""",
    ),
    "coverage": (
        "Coverage",
        """What the unit tests and the contract tests in one process run of `src`. Tests with real servers and browsers
do not count. What is left out has its reason in the code or in `pyproject.toml`.""",
    ),
    "mutation": (
        "Small faults",
        """A mutant is the library with one small fault: another comparison, a flag turned around, another number, a
call, an `await` or a `with` left out. The tests that run the line have to fail. The mutants are chosen at random in
each package; equivalent ones, which nobody could tell from the library, are in `mutation/equivalent.toml` with the
reason of each.""",
    ),
}
"""The file of each run, the title of its section, and what is done and expected."""

COLUMNS = {
    "what": "what",
    "figure": "figure",
    "trials": "trials",
    "differences": "broke the rule",
    "late": "over 100 ms",
    "p50": "p50",
    "p99": "p99",
    "worst": "worst",
    "since": "p50 since the client left",
}
"""The columns of a table, of which a run has some."""

START = """# Reliability

What was tried to break cardan, and what came of it. Each figure has the command that gives it; a short form of each run
is one of the tests. This page is written by `python -m proof.page` from the files that the commands write.
"""

#: What was not tried, and why.
MISSING = """
## What is not measured

Free-threaded builds of CPython: Debian sid, from which `make test-newer` takes its Pythons, has none (2026-11-29).
"""

LOAD = """Real servers under load on one machine, servers and clients together. A run fails if a request is lost, if an
answer is not the one that the table of requests expects, or if a figure exceeds its bound. The last column has the
lowest figure of other libraries for the same work; "-" means that none was measured, or that it has no such feature."""


def table(rows: list[list[str]]) -> str:
    """A table of the rows; the first one is its head."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def number(value: float) -> str:
    """A number as people read it."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def section(title: str, text: str, found: dict[str, Any]) -> str:
    """One run."""
    columns = {key: title for key, title in COLUMNS.items() if key in found["rows"][0]}
    rows = [list(columns.values())]
    rows += [[row[key] if isinstance(row[key], str) else number(row[key]) for key in columns] for row in found["rows"]]
    return f"\n## {title}\n\n{text}\n\n{table(rows)}\n\n{origin(found)}\n"


def quantity(row: dict[str, Any]) -> str:
    """A figure with its unit."""
    return f"{number(row['value'])} {row['unit']}".strip()


def origin(run: dict[str, Any]) -> str:
    """How, when and where a figure was measured."""
    return f"`{run['command']}`, {run['date']}, {run['machine']}"


def best(row: dict[str, Any], peers: dict[str, Any]) -> str:
    """The lowest figure of the peers for the same work. A number of requests has no best."""
    if row["most"] is None and not row["unit"]:
        return ""
    others = [(other["value"], name, other) for name, run in peers.items() for other in run["rows"]]
    same = [each for each in others if each[2]["what"] == row["what"]]
    if not same:
        return "-"
    _, name, other = min(same, key=lambda each: each[:2])
    return f"{quantity(other)} ({name})"


def load(parts: dict[str, Any], peers: dict[str, Any]) -> str:
    """The figures of the soak test: those of cardan, and the best ones of the peers."""
    shown = [f"\n## Load\n\n{LOAD}\n"]
    for part, run in parts.items():
        others = peers.get(part, {})
        rows = [["what", "at most", "figure", "best other library"]]
        for row in run["rows"]:
            most = "" if row["most"] is None else f"{number(row['most'])} {row['unit']}".strip()
            rows.append([row["what"], most, quantity(row), best(row, others)])
        origins = "\n\n".join(map(origin, [run, *others.values()]))
        shown.append(f"\n### {part.replace('_', ' ').capitalize()}\n\n{run['text']}\n\n{table(rows)}\n\n{origins}\n")
    return "".join(shown)


def loaded(file: Path) -> dict[str, Any]:
    """What a JSON file holds; nothing if there is none."""
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


def written(root: Path = ROOT) -> str:
    """The page."""
    parts = [START]
    for name, (title, text) in RUNS.items():
        if (file := root / "proof" / f"{name}.json").is_file():
            parts.append(section(title, text, json.loads(file.read_text("utf-8"))))
    if results := loaded(root / "soak" / "results.json"):
        parts.append(load(results, loaded(root / "soak" / "peers.json")))
    parts.append(MISSING)
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
