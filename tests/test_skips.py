"""The rule on skipped tests (tests/conftest.py), tested on a project of one file in a separate process.

And the order of the files.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import ALLOWED, allowed_reasons, forbidden, long_files_first

CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text())
    (tmp_path / "allowed-skips.txt").write_text("# why\nno browser: .*\n")
    (tmp_path / "test_it.py").write_text(
        "import os, pytest\ndef test_it():\n    pytest.skip(os.environ['REASON'])\ndef test_that(): pass\n"
    )
    return tmp_path


def run(project: Path, reason: str, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:sybil", *options, str(project)]
    clean = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith("PYTEST")}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=project, env={**clean, **env, "REASON": reason}, check=False
    )


def test_a_skip_with_an_allowed_reason_passes_and_is_printed(project: Path) -> None:
    """CI prints the reason of every skip. An allowed reason does not fail the run."""
    result = run(project, "no browser: none here", CI="true")
    assert result.returncode == 0
    assert "    1 allowed: no browser: none here" in result.stdout


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["one process", "workers"])
def test_any_other_skip_fails_the_run(project: Path, options: tuple[str, ...]) -> None:
    """A reason that is not in the file gives exit status 1 though no test failed. pytest's last line stays the last.

    The same is true if the tests run in processes of their own.
    """
    result = run(project, "not today", *options, CI="true")
    assert result.returncode == 1
    assert "    1 NOT ALLOWED: not today" in result.stdout
    assert "1 passed, 1 skipped" in result.stdout.splitlines()[-1]


def test_without_ci_a_skip_is_only_a_skip(project: Path) -> None:
    """Outside CI, a skip does not fail the run."""
    assert run(project, "not today").returncode == 0


@pytest.mark.parametrize(
    "reason", ["corpus 'http-state' is not here", "no browser: no chromedriver", "server daphne is not installed"]
)
def test_the_allowed_reasons(reason: str) -> None:
    """Three reasons are allowed: no corpora, no browser, a server that cannot be installed."""
    assert forbidden(Counter([reason]), allowed_reasons(ALLOWED.read_text())) == []


def test_files_with_real_servers_come_first() -> None:
    """A file of which one test starts a server comes before the others. The order is otherwise that of the names."""

    def item(name: str, *, marked: bool = False) -> Any:
        path = Path(name.partition("::")[0])
        return SimpleNamespace(name=name, path=path, get_closest_marker=lambda mark: marked and mark == "real_server")

    items = [item("a::1"), item("b::1"), item("b::2", marked=True), item("c::1"), item("d::1", marked=True)]
    long_files_first(items)
    assert [each.name for each in items] == ["b::1", "b::2", "d::1", "a::1", "c::1"]
