"""Tests that state types with ``assert_type`` are read by both type checkers; at run time the call checks nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
CALLERS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "tests").rglob("*.py"))
    if "assert_type(" in path.read_text(encoding="utf-8") and path != Path(__file__)
]


def test_callers_are_found() -> None:
    """The search finds the tests that call ``assert_type``; else the tests below would check nothing."""
    assert "tests/core/structures/test_headers.py" in CALLERS


@pytest.mark.parametrize("path", CALLERS)
def test_mypy_and_pyright_read_the_file(path: str) -> None:
    """A test file that calls ``assert_type`` is in mypy's ``files`` and in pyright's ``include``."""
    assert path in TOOLS["mypy"]["files"]
    assert path in TOOLS["pyright"]["include"]


def test_a_checker_that_finds_less_is_noticed() -> None:
    """In ``typing_tests`` an expected error is marked for each checker, and a mark without an error is an error."""
    assert TOOLS["mypy"]["strict"] is True  # with warn_unused_ignores
    (own,) = (each for each in TOOLS["pyright"]["executionEnvironments"] if each["root"] == "typing_tests")
    assert (own["enableTypeIgnoreComments"], own["reportUnnecessaryTypeIgnoreComment"]) == (False, True)
    assert "typing_tests" in TOOLS["mypy"]["files"]
    assert "typing_tests" in TOOLS["pyright"]["include"]
