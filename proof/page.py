"""Writes ``docs/explanation/reliability.md`` from the recorded figures: ``python -m proof.page``.

A run that has no recorded figures has no section.
"""

from __future__ import annotations

import argparse
import json
from inspect import cleandoc
from pathlib import Path
from typing import Any

from soak.parts import PARTS

from .record import FOLDER

__all__ = ["PAGE", "RUNS", "written"]

ROOT = FOLDER.parent
PAGE = ROOT / "docs" / "explanation" / "reliability.md"

RUNS: dict[str, tuple[str, str]] = {
    "torture": (
        "Every call fails",
        """Each of the small programs in `proof/torture_programs.py` gets the same request again and again. The programs
read forms with files on disk, send streams, ranges of a file and event streams, and use sinks, middleware and close
hooks. A trial is one request. In a few trials nothing fails. In each of the others one thing goes wrong:

- One call fails, alone or with all calls after it: a read, write, open, seek or close of a file, a call of
  `start_response`, `receive` or `send`, a step of a generator, or a hook. The trials go through all calls that the
  program makes.
- The request is cancelled at one of its steps, or at a step of any task that cardan starts for it: by
  `Task.cancel()`, by a scope of anyio, or by a scope of trio. On WSGI there is no such trial.
- The upload ends too early. The trials go through all places at which it can end.

The rule: after the trial no file, descriptor or task is left, and no thread works for the request. The error was
raised to the server, logged, or seen by the program; only an error of the connection to the client may stay unseen.
Every hook, generator and sink that had begun has ended exactly once. The garbage collector is off, so that it cannot
close what cardan has left open. "File wrapper" means that the server offers `wsgi.file_wrapper`.""",
    ),
    "cuts": (
        "Bodies cut at random places",
        """Bodies of forms are cut into chunks at random places: some into a few large chunks, some into many small
ones. Most of the bodies are generated. The others are the table of [odd forms](strange-forms.md), and collections of
bodies that browsers and other clients have sent, or that the tests of other projects use. The collections are not part
of the repository: the environment variable `CARDAN_CORPORA` names their folder. If there is no such folder, the command
says so, and tries only the odd and the generated forms.

A trial is one way to cut one body, which is sent with a declared length or without. The rule: the form, or the error,
is the same as for the same body in one piece on WSGI.""",
    ),
    "limits": (
        "Limits",
        """Nine [limits](../guides/limits.md#all-limits) are tried: all except `max_boundary_size`, which limits a value
in the head. Each is tried with a value that the program sets, and with its default, if it has one. For each value there
are three bodies: the first stays below the limit by one, the second reaches it, and the third exceeds it by one. Each
body is sent to `def` and `async def` handlers that read it in every way (`form`, `json`, `iter_parts()` and so on),
with a declared length and without. A trial is one request. The rule: the first two bodies are accepted, and the third
is answered with a 413 that names the limit. In further trials, 100,000 more bytes follow a body that exceeds a limit.
Before the 413, at most 1,000 of these bytes may be read, which is one read.

In the rows "bodies that end too early" small bodies are cut off at each of their offsets. The rule: the request is
answered with a 400 that says that the client has disconnected. WSGI has fewer of these trials, because a WSGI
server raises an error itself if a chunked body breaks off. Chunked multipart forms are tried nevertheless, for a server
that raises no error: the 400 then says that the closing boundary is missing.""",
    ),
    "states": (
        "States",
        """Hypothesis generates programs of at most 50 steps. All steps of a program use the methods and attributes of
one object, in any order. The object is a request body that three request objects read, the finalizer of a response (it
checks a body against its declared length), header fields, or a dictionary with several values for a key. A trial is
one program. The rule: each step gives what a simple model of the object gives.""",
    ),
    "caches": (
        "Behind caches",
        """nginx with `proxy_cache`, nginx with `slice`, Varnish, and a small model of RFC 9111 stand in front of an
application with `StaticFiles`, `send_file` and `make_conditional()`. Clients ask for responses that are fresh, stale or
changed, for ranges, and for compressed files, and they send conditional requests. The responses have the directives of
`Cache-Control` that tell a shared cache what to do (`max-age`, `s-maxage`, `no-store`, `no-cache`, `private`,
`must-revalidate`, `stale-while-revalidate`). A trial is a request through the cache. The rule: the client gets what the
application answers without a cache, and as many requests reach the application as RFC 9111 and the manual of the cache
say. `proof/caches_rows.py` lists the requests that a cache answers in a way of its own.

In the table, "nginx before gunicorn" means that nginx is the cache, and gunicorn serves the application. The rows
"nginx slices" have only requests for slices. Varnish gets one request less, because it asks for no other coding than
gzip.""",
    ),
    "caches_peers": (
        "How much work caches save",
        """The same requests for the same files of 100 kB go through nginx and through Varnish, once to an application
of cardan and once to an application of another library. The files are fresh for an hour, for a second, or never; they
are asked for whole, in ranges, under conditions, when they are stale, and when they have changed. If a library sends no
`Cache-Control`, the test adds one that says these times, so that the figures compare only validators and ranges. Equal
figures mean that the cache can save as much work for one library as for the other.""",
    ),
    "lints": (
        "Lints",
        """The tests in `tests/contract`, which send the same requests on both protocols, run once more under lints,
except for some tests that `proof/lints.py` names. A lint is code that reads what is sent and reports what a
specification does not allow. A trial is one of these:

- an exchange (a request and its response) on WSGI, which `cardan.testing.lint.wsgi` and `wsgiref.validate` check;
- an exchange on ASGI, which `cardan.testing.lint.asgi` checks;
- a complete response, which httplint checks, either as the application sends it or as clients get it from real servers.

Each row says how many findings there are, and of how many kinds. `proof/findings.toml` lists the kinds that are
expected, with a reason for each. The last column counts the findings that are not in this list. `python -m proof.lints`
runs all these tests. With `--read FILE ...` it runs no tests, but reads the findings of earlier runs, each of which may
have run a part of the tests.""",
    ),
    "disconnects": (
        "Disconnects while streaming",
        """Clients read a few pieces of a response that does not end, and leave: one half of them close the
connection, the others reset it. Four clients do this at the same time. In the rows "gunicorn" it is one client, because
these use its sync worker. The other rows of gunicorn are named after the option `--threads` (gthread) or the worker
class. In the row "uvicorn-httptools", uvicorn reads requests by httptools, else by h11. A trial is a client that leaves
after its request has reached the application.

Each server has two rows, whose programs depend on the protocol:

- On ASGI the first row has async generators, generators of `def` handlers, files, and event streams without further
  events. The row "other programs" has streams that send three pieces and then nothing more, streams whose request has a
  body that nobody has read, files that the handler has opened, WSGI applications behind a bridge, and handlers that
  have no response yet: one is cancelled, one asks `disconnected`, one reads an upload that does not end.
- On WSGI the first row has generators and files. The row "other programs" has files that the handler has opened, async
  generators, event streams, and a bridge.

The rule: every `finally`, every close hook (most responses have a plain one and an async one) and every call of the
application ends exactly once. Afterwards the process has no more descriptors and tasks than before. It may keep one
more idle thread for each client that was connected at the same time; such a thread ends after some seconds.

The times are in milliseconds. They begin when the server knows that the client has left, and end when the last hook
has run. "over 100 ms" counts the trials that took longer, p50 is the median, and p99 the 99th percentile. The last
column is the median of the times that begin when the client leaves. Clients and servers share one machine, the rows are
measured one after the other, and other programs may have run meanwhile: only large differences between rows mean
something.

An ASGI server tells the application of the disconnect by `http.disconnect` or by an error of `send()`. The time begins
at that moment. A WSGI server learns of the disconnect only when it writes, and then calls `close()`. The time begins
when it tries to write for the last time or, if the server sends a file itself, when it calls `close()`. A server that
takes the path of a file and sends the file itself, as granian does, lets the hooks run when it has the path. Such a
trial counts, but has no time.

The last rows are for the same kinds of streams in applications of other libraries, with the hooks that these libraries
have: two background tasks in Starlette, one `call_on_close` in Flask.""",
    ),
    "fuzz": (
        "Fuzzing",
        """Each row is a fuzzer in `fuzz/`, which gives cardan random requests, responses, forms or header fields. A
trial is one input. The rules: only documented errors are raised, no input takes a second of processor time, and each
fast path gives the same result as the general code. The docstring of each fuzzer has its further rules. The fuzzers
run in turn until all of them together have tried the number of inputs in the command. A fuzzer whose input breaks a
rule is not run again. In the recorded run, atheris (`pip install atheris`) chose the inputs by the lines of code that
they reach.""",
    ),
    "order": (
        "Order of the tests",
        """All tests run again and again, each time in another random order: the files are shuffled, and the tests in
each file. A trial is one run of all tests. The rule: every test passes.

Each run of the command is added to its row; the line below the table is that of the last one. Up to three of these runs
went on at the same time, and other work beside them.

The faults that made runs fail are mended. A run that failed stays in its row all the same, and a seed that is tried
again counts as one more trial. That was done for the seed 6 only: of the other seeds that failed the table does not say
whether they pass today. The seeds from 1 to 16 found most of them:

- Servers among the examples left the body of a request to the garbage collector.
- Some tests relied on what other tests had done, on a Python before 3.15, or on a server that stops within 8 seconds,
  which it may not do on a busy machine.

The seed 51 found that wsgiref may lose a Ctrl-C while it writes its log: the test sends it again now. The run of the
seed 22 failed in two tests that did not yet expect what the library had been changed to on the same day: they failed in
every order. The seed 6 was tried twice: the second run found two new tests that expected one of two orders in which a
thread may notice a cancellation.""",
    ),
    "coverage": (
        "Coverage",
        """The figures say how many of the lines and branches of `src` are run by the tests that need no real server and
no browser, and that are not disturbed by the measurement. A line is a statement here.

The last row has the lines that are not counted. Nearly all of them are for type checkers only, such as imports,
overloads and bodies that are `...`, or are methods that every subclass overrides. The comment at
`[tool.coverage.report]` in `pyproject.toml` names the patterns. The others have `# pragma: no cover` in the code, with
the reason on the same line.""",
    ),
    "mutation": (
        "Mutation testing",
        """A mutant is the library with one small fault: another comparison, another number, True in place of False,
or a call, an `await` or a `with` that is left out. A mutant is found if a test that runs the changed line fails, or
does not end. The mutants are chosen at random, about the same number in each package. Some survived at first. Tests
were then written for them, and these mutants were tried again (`python -m mutation --survivors`): the table says how
many of them the new tests have found. Leave these out if you estimate how many of the mutants that were not tried would
be found: "30 of 30 found, 2 by tests that were written afterwards" means 28 of 30.

Not every fault is tried. Lines that only type checkers read have no mutants, and neither have the sizes of caches.
`mutation/equivalent.toml` lists the mutants that behave like the library itself, with a reason for each; they are not
counted. So a row may have fewer than the 40 mutants of the command; some packages are too small for as many.""",
    ),
}
"""For each run, by the name of its JSON file: the title of its section, and the text that explains its table."""

COLUMNS = {
    "what": "what",
    "figure": "figure",
    "seeds": "seeds",
    "trials": "trials",
    "differences": "broke the rule",
    "late": "over 100 ms",
    "p50": "p50",
    "p99": "p99",
    "worst": "worst",
    "since": "p50 since the client left",
}
"""The titles of columns by their keys in the JSON files. Each run has some of them."""

START = """# Reliability

This page lists the long runs that try to break cardan, and what each of them found. Below each table are the command
that writes its figures, the date, and the machine: processor, cores, system and Python. Newer figures also have
the load average of the machine when the run began and when it ended, as in "load 0.5 to 1.9". Most runs have a short
form among the tests of the project. The page itself is written by `python -m proof.page` from the files that the
commands write.

To try the short forms, run one of these files, which takes some minutes: `make test ARGS=tests/test_proof.py`, or
`tests/test_fuzzers.py`, `tests/test_caches.py`, `tests/test_lints.py`, `tests/test_soak.py`.

To repeat the runs:

- `make proof` runs the commands that begin with `python -m proof`, which takes hours. It gives the fuzzers fewer inputs
  than the recorded run; `make proof ARGS="fuzz --inputs 10000000"` gives them as many.
- `make soak` puts the load on the servers, which takes more than an hour.
- `make coverage` measures the coverage.
- `make mutation` tries mutants of all modules; `make mutation ARGS="--sample 40 --seed 20"` tries a sample, as the
  recorded run did.

Each of them sets up what it needs. Afterwards a single command runs as `.venv/bin/python -m proof.torture`, and
`--help` says what part of it can be run alone. A run of `proof` that tries much less than the recorded one prints its
figures, but does not replace those on this page. A run of `soak` with `--quick` does not replace them either.

Each section says what one trial is, and which rule a trial has to keep. In the tables "trials" is the number of trials,
and "broke the rule" is the number of violations that were found.
"""

#: What was not tried, and why.
MISSING = """
## What is not measured

- Free-threaded builds of CPython: `make test-newer` takes its Pythons from Debian sid, which has no such build
  (2026-11-30). On the other builds, `tests/contract/test_eight_threads.py` lets eight threads use one application in a
  new process, and makes the interpreter switch between them as often as it can: each thread gets the answers that it
  would get alone.
- Machines with more cores, and clients on other machines than the server: all figures are from one small machine.
- Systems other than Linux: all figures of this page are from Linux.
- More random orders of the tests than the rows of [Order of the tests](#order-of-the-tests) have.
  `python -m proof.order --runs 20` tries twenty more in parallel, and with `--alone` in one process; this takes hours.
"""

LOAD = """Clients put load on real servers; both run on the same machine. A run fails if a request is lost, if an
answer is not the expected one, or if a figure exceeds its bound. The column "at most" has the bound; it is empty for a
figure without a bound. The last column has the lowest figure of other libraries for the same work, with the name of
the library; "-" means that no other library was measured."""


def table(rows: list[list[str]]) -> str:
    """A table of the rows; the first one is its head."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def number(value: float) -> str:
    """A number as people read it."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0").rstrip(".")


def section(title: str, text: str, found: dict[str, Any]) -> str:
    """The section about one run."""
    columns = {key: title for key, title in COLUMNS.items() if key in found["rows"][0]}
    rows = [list(columns.values())]
    rows += [[row[key] if isinstance(row[key], str) else number(row[key]) for key in columns] for row in found["rows"]]
    return f"\n## {title}\n\n{text}\n\n{table(rows)}\n\n{origin(found)}\n"


def quantity(row: dict[str, Any]) -> str:
    """A figure with its unit."""
    return f"{number(row['value'])} {row['unit']}".strip()


def origin(run: dict[str, Any]) -> str:
    """How, when and where the figures of a run were measured, with the load of the machine if that is known."""
    begun, ended = run.get("load", (None, None))
    load = "" if begun is None else f", load {begun} to {ended}"
    versions = f", {run['versions']}" if "versions" in run else ""
    return f"`{run['command']}`, {run['date']}, {run['machine']}{load}{versions}"


def best(row: dict[str, Any], peers: dict[str, Any]) -> str:
    """The lowest figure of the peers for the same work. It is empty for a number of requests, which is no result."""
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
        title, text = part.replace("_", " ").capitalize(), cleandoc(PARTS[part].__doc__ or "").replace("``", "`")
        origins = "\n\n".join(map(origin, [run, *others.values()]))
        shown.append(f"\n### {title}\n\n{text}\n\n{table(rows)}\n\n{origins}\n")
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


def main() -> None:
    """Write the page."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
