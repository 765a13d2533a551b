"""The table of standards: its tests exist, each row says what is done and why, and the page shows the table."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house import ROOT
from tests.standards import DONE, PAGE, TABLE, Row, Specification, page, read

SPECIFICATIONS = read(TABLE.read_text("utf-8"))
ROWS = [(each, row) for each in SPECIFICATIONS for row in each.rows]


def function(test: str) -> str:
    """The id of a test without the parameters of one of its runs."""
    return test.partition("[")[0]


def test_every_test_that_is_named_is_collected(request: pytest.FixtureRequest) -> None:
    """Each test id of the table is one that pytest collects, with or without the parameters of a single run.

    What this run has not collected is collected in a process of its own.
    """
    named = {test for _, row in ROWS for test in row.tests}
    found = {item.nodeid for item in request.session.items}
    left = named - found - {function(test) for test in found}
    if left:
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
        files = sorted({test.partition("::")[0] for test in left})
        done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        found = set(done.stdout.splitlines())
        left -= found | {function(test) for test in found}
    assert sorted(left) == []


def test_the_table_is_large_enough() -> None:
    """The table has at least 300 rows, and no requirement of a section twice."""
    assert len(ROWS) >= 300
    keys = [(each.name, row.section, row.requirement) for each, row in ROWS]
    assert len(set(keys)) == len(keys)


def wrong(each: Specification, row: Row) -> list[str]:
    """What is wrong with a row."""
    checks = {
        "the section": each.has(row.section),
        "the word for what is done": row.done in DONE,
        "held without a test": row.done != "held" or bool(row.tests),
        "refused without a reason": row.done != "refused" or bool(row.reason),
        "neither tests nor a reason": bool(row.tests or row.reason),
        "the requirement is no sentence": row.requirement.endswith(".") and " " in row.requirement,
        "the reason is a part of the cell, and no sentence": row.reason[-1:] != ".",
        "a character that ends a cell": not set("|\n") & set(row.requirement + row.reason),
    }
    return [what for what, right in checks.items() if not right]


def test_every_row_says_what_is_done_and_why() -> None:
    """A row has a section of its specification; what is held has a test, and what is refused a reason."""
    assert [(each.name, row.requirement, found) for each, row in ROWS if (found := wrong(each, row))] == []
    assert all(each.url.startswith("https://") for each in SPECIFICATIONS)


def test_a_wrong_row_is_found() -> None:
    """The checks find each mistake that a row can have."""
    numbers = Specification(name="RFC 1", title="", url="")
    titles = Specification(name="PEP 1", title="", url="", sections=["One"])
    right = {"section": "1.2", "requirement": "A field is read.", "done": "held", "tests": ["x"]}
    assert wrong(numbers, Row(**right)) == []
    assert wrong(titles, Row(**{**right, "section": "One"})) == []
    assert wrong(titles, Row(**right)) == ["the section"]
    for change, what in [
        ({"section": "One"}, "the section"),
        ({"section": "1."}, "the section"),
        ({"done": "maybe"}, "the word for what is done"),
        ({"tests": [], "reason": "x"}, "held without a test"),
        ({"done": "refused"}, "refused without a reason"),
        ({"done": "server", "tests": []}, "neither tests nor a reason"),
        ({"requirement": "a field"}, "the requirement is no sentence"),
        ({"reason": "It is not."}, "the reason is a part of the cell, and no sentence"),
        ({"reason": "a | b"}, "a character that ends a cell"),
    ]:
        assert what in wrong(numbers, Row(**{**right, **change}))  # type: ignore[arg-type]


def test_the_page_shows_the_table() -> None:
    """docs/explanation/standards.md is what ``python -m tests.standards`` writes."""
    assert PAGE.read_text("utf-8") == page(SPECIFICATIONS)
