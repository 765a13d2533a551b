"""Lints: ``python -m proof.lints``. Runs the contract tests under ``proof.lints_plugin``.

The findings of the lints are counted by kind, and compared with ``proof/findings.toml``, which gives the reason for
each kind and the tests in which it is expected. A finding that is not in the list is a fault, and so is an entry
without a finding. The exit status is 1 if there is a fault, or if a test fails.

``--read FILE ...`` runs no tests, but reads the findings of earlier runs of the plugin: ``CARDAN_LINTS_FILE=FILE pytest
-p proof.lints_plugin tests/contract``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from .lints_plugin import FILE
from .record import FOLDER, record

__all__ = ["LIST", "Entry", "Finding", "entries", "explained", "findings", "run"]

LIST = FOLDER / "findings.toml"
ROOT = FOLDER.parent
LEFT_OUT = (
    "tests/contract/test_own_requests.py::test_the_code_of_the_server_keeps_its_mode",
    "tests/contract/test_response_files.py::test_file_wrapper",
    "tests/contract/test_response_files.py::test_direct_passthrough",
    "tests/contract/test_own_requests.py::test_applications_one_after_the_other[asgi",
    "tests/contract/test_cycles.py::test_a_stream_leaves_nothing[/sync-stream-stays-asyncio]",
    "tests/contract/test_framing.py::test_a_middleware_takes_nothing_from_the_application",
    "tests/contract/test_early_answers.py::test_wsgi_a_bare_response_reads_the_rest",
    "tests/contract/test_early_answers.py::test_wsgi_what_is_left_of_a_body_is_drained",
    "tests/contract/test_early_answers.py::test_wsgi_what_was_read_costs_nothing",
    "tests/contract/test_early_answers.py::test_a_body_that_was_read_is_not_drained",
)
"""Tests that are left out. A lint replaces the objects that pass between application and server: `receive` and the
iterable of the body. These tests are about those very objects, or about what the garbage collector finds.
"""
SEEN = ("asgi exchanges", "wsgi exchanges", "httplint responses", "httplint on servers responses")
JUDGES = {
    "wsgi exchanges": ("exchanges on WSGI, by lint.wsgi and wsgiref.validate", ("wsgi", "wsgiref.validate")),
    "asgi exchanges": ("exchanges on ASGI, by lint.asgi", ("asgi",)),
    "httplint responses": ("responses of applications, by httplint", ("httplint",)),
    "httplint on servers responses": ("answers of real servers, by httplint", ("httplint on servers",)),
}


class Finding(NamedTuple):
    """What a lint has said, and in which test."""

    lint: str
    kind: str
    test: str
    text: str


class Entry(NamedTuple):
    """A kind of finding that has a reason. ``tests`` are patterns of the names of tests, or of what a server serves."""

    lint: str
    kind: str
    tests: tuple[str, ...]
    reason: str

    def explains(self, finding: Finding) -> bool:
        """Whether the finding is of this kind and in one of these tests."""
        return (
            fnmatchcase(finding.lint, self.lint)
            and finding.kind == self.kind
            and any(fnmatchcase(finding.test, pattern) for pattern in self.tests)
        )


def entries(path: Path = LIST) -> list[Entry]:
    """The entries of ``proof/findings.toml``."""
    found: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))["finding"]
    return [Entry(each["lint"], each["kind"], tuple(each.get("tests", ["*"])), each["reason"]) for each in found]


def run(arguments: list[str]) -> tuple[int, list[Finding]]:
    """The exit status of pytest with these arguments, and all lines that the plugin has written."""
    with tempfile.TemporaryDirectory(prefix="cardan-lints-") as folder:
        file = Path(folder) / "findings"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "proof.lints_plugin"]
        # the lints take their time: a test that takes a minute does not hang
        command += ["-o", "faulthandler_timeout=0", *arguments]
        command += [word for test in LEFT_OUT for word in ("--deselect", test)]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, FILE: str(file)}, check=False)
        return done.returncode, findings(file)


def findings(file: Path) -> list[Finding]:
    """The lines of a file that the plugin has written."""
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    return [Finding(**json.loads(line)) for line in lines]


def explained(found: list[Finding], known: list[Entry]) -> tuple[list[Finding], list[Entry]]:
    """The findings that no entry explains, and the entries that explain none."""
    open_, used = [], set()
    for finding in found:
        if finding.lint in SEEN:
            continue
        match = [entry for entry in known if entry.explains(finding)]
        used.update(match)
        if not match:
            open_.append(finding)
    return open_, [entry for entry in known if entry not in used]


def main() -> int:
    """Run the contract tests, compare, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "tests", nargs="*", default=["tests/contract"], help="arguments of pytest; then nothing is written"
    )
    parser.add_argument(
        "--read", type=Path, nargs="+", help="files that runs of the plugin have written, in place of a run"
    )
    options = parser.parse_args()
    whole = options.tests == ["tests/contract"]
    for file in options.read or ():
        if not file.is_file():
            parser.error(f"there is no file {file}")
    if options.read:
        status, found = 0, [line for file in options.read for line in findings(file)]
    else:
        status, found = run(options.tests)
    unexplained, unused = explained(found, entries())
    for (lint, kind), count in Counter((each.lint, each.kind) for each in found).most_common():
        print(f"{count:7} {lint}: {kind}")
    shown: set[tuple[str, str, str]] = set()
    for each in unexplained:
        key = each.lint, each.kind, each.test.partition("[")[0]
        if key not in shown:
            shown.add(key)
            print("not in proof/findings.toml:", *each)
    if whole:
        for entry in unused:
            print("in proof/findings.toml, but not found any more:", *entry)
        rows: list[dict[str, object]] = []
        for line, (what, judges) in JUDGES.items():
            trials = sum(each.lint == line for each in found)
            listed = Counter(each.kind for each in found if each.lint in judges)
            faults = sum(each.lint in judges for each in unexplained)
            many = f"{sum(listed.values()):,} findings, kinds: {len(listed)}"
            kinds = many if listed else "no findings"
            rows.append({"what": f"{what} ({kinds})", "trials": trials, "differences": faults})
        record("lints", "python -m proof.lints", rows)
    else:
        print("not written: these are not all tests")
    return int(bool(status or unexplained or (whole and unused)))


if __name__ == "__main__":
    sys.exit(main())
