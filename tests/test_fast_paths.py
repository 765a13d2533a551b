"""The fast paths: each is taken for a usual input, the switch turns it off, and ARCHITECTURE.md lists it."""

from __future__ import annotations

import ast
import re

import pytest

from tests.fast_paths import FAST_PATHS, FastPath, counting, find, switch_off
from tests.house import ROOT

EACH = pytest.mark.parametrize("path", FAST_PATHS, ids=lambda path: path.name)


@EACH
def test_its_names_exist(path: FastPath) -> None:
    """The fast path and its slow path are functions, the test that compares them is there."""
    assert callable(find(path.name))
    assert callable(find(path.slow))
    file, _, name = path.test.partition("::")
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


@EACH
def test_it_is_taken_until_it_is_switched_off(path: FastPath, pytestconfig: pytest.Config) -> None:
    """A usual input takes it. With the switch nothing takes it, and the result is the same."""
    expected = path.usual()
    with counting(path) as taken:
        assert path.usual() == expected
    assert bool(taken) is not pytestconfig.option.slow_paths
    function = find(path.name)
    code = function.__code__
    switch_off(path)
    try:
        with counting(path) as taken:
            assert path.usual() == expected
        assert taken == []
    finally:
        function.__code__ = code


def test_the_page_lists_them() -> None:
    """The table in ARCHITECTURE.md is the list that the switch turns off."""
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    section = page[page.index("## Fast paths") :].split("\n## ")[0]
    rows = [re.findall(r"`([^`]+)`", line) for line in section.splitlines() if line.startswith("| `")]
    assert rows == [[path.name, path.slow, path.test] for path in FAST_PATHS]
