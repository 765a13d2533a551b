"""Mutation testing: which faults are made, and that a test that finds one is noticed."""

from __future__ import annotations

import types
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from mutation.mutants import mutants_of
from mutation.report import score
from mutation.trial import codes_that_differ, functions_in, swap

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """\
from typing import TYPE_CHECKING, overload
if TYPE_CHECKING:
    register("type checkers only")
notes = []
class Door:
    @overload
    def close(self, how: int) -> None: ...
    def close(self, how):
        with lock:
            notes.append(how)
        if how:
            raise ValueError(
                "how"
            )
notes.append("imported")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "door.py"
    file.write_text(SOURCE)
    return file


def test_omissions(path: Path, tmp_path: Path) -> None:
    """Calls, errors and context managers are left out, one at a time; what only type checkers read is not touched.
    The name of a mutant says where it is, without a line number."""
    found = mutants_of(path, tmp_path, omissions_only=True)
    assert [(mutant.line, mutant.definition, mutant.operator) for mutant in found] == [
        (9, "Door.close", "without with"),
        (10, "Door.close", "without call"),
        (12, "Door.close", "without raise"),
        (15, "", "without call"),
    ]
    assert found[1].name == "door.py Door.close without call: notes.append(how) -> pass"
    assert all(mutant.source.count("\n") == SOURCE.count("\n") for mutant in found)


@pytest.mark.untraced
def test_the_code_of_a_function_is_replaced(path: Path, tmp_path: Path) -> None:
    """A fault in a function is put into the function that exists; one in the module needs another process."""
    module = types.ModuleType("door")
    exec(compile(SOURCE, str(path), "exec"), {**vars(module), "lock": None})
    [*in_functions, in_module] = mutants_of(path, tmp_path, omissions_only=True)
    assert codes_that_differ(path, SOURCE, in_module.source) is None
    for mutant in in_functions:
        assert [old.co_qualname for old, _ in codes_that_differ(path, SOURCE, mutant.source) or ()] == ["Door.close"]
    functions = {function.__code__.co_firstlineno: function for function in functions_in(path)}
    # the overload, which typing keeps, and the method; since Python 3.14 also the function that gives its annotations
    assert {6, 8} <= functions.keys() <= {6, 7, 8}
    assert "how" in functions[8].__code__.co_consts
    assert swap(path, SOURCE, in_functions[2].source, list(functions.values()))
    assert "how" not in functions[8].__code__.co_consts


def test_the_score_of_a_package() -> None:
    """A mutant is found if a test fails or does not end, also a test that was written later. Equivalent mutants do not
    count.
    """
    counts = Counter(killed=7, slow=1, later=1, survived=1, equivalent=5)
    more = "1 because a test did not end, 1 by tests that were written afterwards"
    assert score(counts) == f"9 of 10 found (90.0 %), {more}"
    assert score(Counter(equivalent=1)) == "0 of 0 found (0.0 %)"
