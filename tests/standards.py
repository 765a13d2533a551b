"""Reads the table of what specifications require, ``docs/explanation/standards.toml``, and writes its page.

The page shows every row of the table. As a command this file writes it anew::

    python -m tests.standards > docs/explanation/standards.md

A row belongs to a specification and has these members:

``section``
    A number, or one of the titles that the specification lists under ``sections``.
``requirement``
    One sentence in our own words.
``done``
    A key of :data:`DONE`.
``tests``
    The ids of the tests that hold the requirement. A row with the word "held" has at least one.
``reason``
    Why the requirement is refused, whose business it is, or what else a reader should know. Every row has tests or a
    reason.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.house import ROOT

TABLE = ROOT / "docs" / "explanation" / "standards.toml"
PAGE = ROOT / "docs" / "explanation" / "standards.md"

DONE = {
    "held": "held",
    "refused": "refused",
    "server": "the server",
    "application": "the application",
}
"""What can be done about a requirement, and the word for it on the page."""

NUMBER = re.compile(r"\d+(?:\.\d+)*|[A-Z](?:\.\d+)*")

HEAD = """# Standards

This page lists what specifications require of a library like cardan, each requirement in our own words, and says what
is done about it:

- **held**: cardan does this on both protocols, or on the one that it is about, and tests check it.
- **refused**: cardan deliberately does something else. The reason follows.
- **the server**: the server that calls the application has to do this.
- **the application**: the program that uses cardan has to do this. cardan offers what it needs.

The page is made from the table in `docs/explanation/standards.toml`, which also names the tests of each row. A test
checks that all of them exist. [Differences between WSGI and ASGI](parity.md) and [strange forms](strange-forms.md)
have pages of their own.
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One requirement."""

    section: str
    requirement: str
    done: str
    tests: list[str] = field(default_factory=list)
    reason: str = ""

    def cell(self) -> str:
        """What the page says is done."""
        return f"{DONE[self.done]}: {self.reason}" if self.reason else DONE[self.done]


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A specification with its rows."""

    name: str
    title: str
    url: str
    sections: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def has(self, section: str) -> bool:
        """Whether the specification can have this section."""
        return section in self.sections if self.sections else NUMBER.fullmatch(section) is not None

    def place(self, row: Row) -> list[tuple[bool, int, str]]:
        """The place of a row among the others: by number, appendices last, or in the order of the titles."""
        if self.sections:
            return [(False, self.sections.index(row.section), "")]
        parts = row.section.split(".")
        return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def read(text: str) -> list[Specification]:
    """The specifications of a table."""
    return [_specification(name, values) for name, values in tomllib.loads(text).items()]


def _specification(name: str, values: dict[str, Any]) -> Specification:
    return Specification(name=name, **{**values, "rows": [Row(**row) for row in values.get("rows", [])]})


def page(specifications: list[Specification]) -> str:
    """The page of a table, in Markdown."""
    rows = [row for each in specifications for row in each.rows]
    lines = [HEAD, f"There are {len(rows)} rows of {len(specifications)} specifications:\n"]
    lines += ["| specification | title | " + " | ".join(DONE.values()) + " |", "|---|---|" + "---|" * len(DONE)]
    for each in specifications:
        lines.append(f"| [{each.name}](#{_anchor(each)}) | {each.title} | {_counts(each.rows)} |")
    lines.append(f"| all | | {_counts(rows)} |")
    for each in specifications:
        lines += [f"\n## {each.name}\n", f"[{each.title}]({each.url})\n"]
        lines += ["| section | requirement | what is done |", "|---|---|---|"]
        lines += [f"| {row.section} | {row.requirement} | {row.cell()} |" for row in sorted(each.rows, key=each.place)]
    return "\n".join(lines) + "\n"


def _anchor(each: Specification) -> str:
    return each.name.lower().replace(" ", "-")


def _counts(rows: list[Row]) -> str:
    counts = Counter(row.done for row in rows)
    return " | ".join(str(counts[word]) for word in DONE)


if __name__ == "__main__":
    sys.stdout.write(page(read(TABLE.read_text("utf-8"))))
