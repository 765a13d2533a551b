"""Runs the tests with coverage, and reads from its data which tests run a line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["TestsOfLines", "record"]

#: the tests that need no real server and no browser, and that coverage does not disturb: they are short, and run in one
#: process
SELECTED = "not real_server and not browser and not untraced"


def record(root: Path, data: Path) -> None:
    """Run the tests, and write to the file ``data`` which lines each of them runs. This takes some minutes."""
    data.parent.mkdir(exist_ok=True)
    settings = data.with_name("settings.ini")  # coverage takes the files named coverage.* for its own
    settings.write_text(f"[run]\nbranch = true\nsource = cardan\nparallel = true\ndata_file = {data}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--maxprocesses", "8", "--dist", "loadfile"]
    options = ["--cov=cardan", "--cov-context=test", f"--cov-config={settings}", "--cov-report="]
    no_guard = ["-o", "faulthandler_timeout=0", "-p", "no:cacheprovider"]
    subprocess.run([*command, *options, *no_guard, "-m", SELECTED, "tests"], cwd=root, check=True)


class TestsOfLines:
    """Reads what :func:`record` wrote."""

    __test__ = False  # for pytest: this is no test

    def __init__(self, data: Path, root: Path) -> None:
        from coverage import CoverageData  # the command says so itself if it is not installed

        self._root = root
        self._recorded = data.stat().st_mtime
        self._data = CoverageData(str(data))
        self._data.read()
        self._known = {context.partition("|")[0] for context in self._data.measured_contexts()}
        self._lines: dict[str, dict[int, list[str]]] = {}

    def of(self, path: str, lines: Iterable[int]) -> set[str]:
        """The ids of the tests that run one of the lines of a file."""
        if path not in self._lines:
            self._lines[path] = self._data.contexts_by_lineno(str(self._root / path))
        known = self._lines[path]
        found = {context.partition("|")[0] for line in lines for context in known.get(line, ())}
        found.discard("")
        return found

    def new(self, names: Iterable[str]) -> set[str]:
        """The ids of tests that were written after the recorded run, so that the lines which they run are not known."""
        fresh: dict[str, bool] = {}
        found = set()
        for name in names:
            path = name.partition("::")[0]
            if path not in fresh:
                fresh[path] = (self._root / path).stat().st_mtime > self._recorded
            if fresh[path] and name not in self._known:
                found.add(name)
        return found
