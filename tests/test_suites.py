"""`make interop-suites`: what its verdict says, what it reads, and that cardan stands in the place of Werkzeug.

The suites themselves are not run here, because they are downloaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.suites.__main__ import rewrite
from tests.suites.verdict import Explanation, Verdict

SUITES = Path(__file__).with_name("suites")
BEFORE = {"a": "passed", "b": "passed", "c": "skipped", "d": "failed"}


def verdict(after: dict[str, str], *explained: str, at_most: int = 6) -> Verdict:
    return Verdict(BEFORE, {**BEFORE, **after}, [Explanation("kind", "why", explained)], at_most)


def test_equal_runs_hold() -> None:
    """A test that fails with Werkzeug, too, or is skipped, needs no reason. The first line has both counts."""
    assert verdict({}).holds
    assert Verdict(BEFORE, BEFORE, [], 6).lines("x") == ["x: 2 of 4 tests pass with cardan, 2 with Werkzeug itself"]


@pytest.mark.parametrize("how", ["failed", "skipped", "missing"])
def test_a_lost_test_needs_a_reason(how: str) -> None:
    """A test that passes with Werkzeug only fails the command without a reason; with one it is reported."""
    assert not verdict({"a": how}).holds
    assert "  NOT EXPLAINED: a" in verdict({"a": how}).lines("x")
    assert verdict({"a": how}, "a").holds
    assert verdict({"a": how}, "a").lines("x")[1:] == ["  lost by kind: kind 1", "  kind: why", "    a"]


def test_a_reason_for_several_tests() -> None:
    """A name that ends with a star stands for all tests that begin so. It needs one that is lost."""
    assert not verdict({"a": "failed", "b": "failed"}, "*").unexplained
    assert verdict({"a": "failed"}, "a*").holds
    assert verdict({"a": "failed"}, "a", "b*").outdated == ["b*"]
    assert not verdict({"a": "failed", "b": "failed"}, "a*").holds


@pytest.mark.parametrize("test", ["a", "c", "d", "unknown"])
def test_a_reason_needs_a_lost_test(test: str) -> None:
    """A reason for a test that is not lost is reported, and fails the command."""
    assert not verdict({}, test).holds
    assert f"  EXPLAINED, BUT DOES NOT FAIL: {test}" in verdict({}, test).lines("x")


def test_too_many_lost_tests() -> None:
    """More lost tests than ``at_most`` fail the command, even if each of them has a reason."""
    lost = verdict({"a": "failed", "b": "failed"}, "a", "b", at_most=1)
    assert not lost.holds
    assert lost.lines("x")[-1] == "  2 tests are lost, expected at most 1"


def test_a_test_that_passes_with_cardan_only() -> None:
    """A test that passes with cardan only is reported. A run in which no test passes does not hold."""
    assert "  passes with cardan only: d" in verdict({"d": "passed"}).lines("x")
    assert not Verdict({}, {}, [], 6).holds


def test_the_explanations() -> None:
    """Each test that is explained has one reason, and a reason has a kind; no suite explains more than it may lose."""
    for suite in tomllib.loads((SUITES / "suites.toml").read_text("utf-8")).values():
        assert "==" in suite["requirement"]
        tests = [test for entry in suite["explained"] for test in entry["tests"]]
        assert len(tests) == len(set(tests)) <= suite["at_most"]
        assert all(entry["reason"] for entry in (*suite["explained"], *suite.get("rewritten", ())))
        assert {entry["kind"] for entry in suite["explained"]} <= {"words", "standard", "design", "private"}


def test_the_guide_names_the_suites() -> None:
    """The guide has a row for each suite, with its version and the number of lines that are rewritten."""
    guide = (SUITES.parents[1] / "docs/coming-from/werkzeug.md").read_text("utf-8")
    for name, suite in tomllib.loads((SUITES / "suites.toml").read_text("utf-8")).items():
        version = suite["requirement"].partition("==")[2]
        row = next(line for line in guide.splitlines() if line.startswith(f"| {name.title()} {version}"))
        assert row.endswith(f"| {len(suite.get('rewritten', ()))} |")


def test_lines_that_are_rewritten(tmp_path: Path) -> None:
    """The line is replaced, and nothing else; a line that is not there ends the run."""
    path = tmp_path / "test_a.py"
    path.write_text("import a\nimport b\nimport c\n")
    suite = {
        "rewritten": [{"folder": ".", "file": "test_a.py", "line": "import b", "instead": "import d", "reason": "why"}]
    }
    rewrite(tmp_path, suite)
    assert path.read_text() == "import a\nimport d\nimport c\n"
    with pytest.raises(SystemExit, match="got no line 'import b'"):
        rewrite(tmp_path, suite)


def test_the_shim(tmp_path: Path) -> None:
    """A suite that imports Werkzeug gets the modules of cardan, and Werkzeug's own for those without a counterpart."""
    (tmp_path / "test_it.py").write_text(
        "import werkzeug.wrappers, werkzeug.local, werkzeug.test\n"
        "from werkzeug.exceptions import NotFound\n"
        "def test_wrappers(): assert werkzeug.Response is werkzeug.wrappers.Response and "
        "werkzeug.Response.__module__ == 'cardan'\n"
        "def test_errors(): assert NotFound.__module__ == 'cardan.exceptions'\n"
        "def test_client(): assert werkzeug.test.Client.__module__ == 'cardan.compat.werkzeug.test'\n"
        "def test_local(): assert werkzeug.local.Local.__module__ == 'werkzeug.local'\n"
        "def test_fails(): assert False\n"
    )
    (tmp_path / "test_broken.py").write_text("from werkzeug.wrappers import nothing\n")
    path = tmp_path / "outcomes.json"
    environ = {**os.environ, "PYTHONPATH": str(SUITES), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    command += ["-p", "shim", "-p", "outcomes", f"--outcomes={path}", "--rootdir", str(tmp_path), str(tmp_path)]
    subprocess.run(command, env=environ, cwd=tmp_path, check=False, capture_output=True, timeout=60)
    names = ("wrappers", "errors", "client", "local")
    passed = {f"test_it.py::test_{name}": "passed" for name in names}
    found = json.loads(path.read_text("utf-8"))
    assert found == {**passed, "test_it.py::test_fails": "failed", "test_broken.py": "failed"}
