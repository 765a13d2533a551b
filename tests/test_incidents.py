"""The page of known incidents names tests that exist, and says each incident once."""

from __future__ import annotations

import re

from tests.house import ROOT

PAGE = (ROOT / "docs/explanation/incidents.md").read_text("utf-8")
ROWS = [line[2:-2].split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and "`tests/" in line]


def test_every_test_that_is_named_exists() -> None:
    """The last cell of each row is a file of tests, or a file and a function in it."""
    for *_, cell in ROWS:
        path, _, name = cell.strip("`").partition("::")
        text = (ROOT / path).read_text("utf-8")
        assert re.search(rf"^(async )?def {name or 'test_'}", text, re.MULTILINE), cell


def test_every_row_is_complete_and_said_once() -> None:
    """An incident has an identifier that stands once; no cell is empty."""
    assert len(ROWS) >= 25
    assert all(cell.strip() for row in ROWS for cell in row)
    named = [row[0] for row in ROWS if len(row) == 4]
    assert len(named) == len(set(named)) >= 20
    assert all(re.fullmatch(r"CVE-\d{4}-\d+|GHSA(-\w{4}){3}|[\w-]+#\d+", name) for name in named)
