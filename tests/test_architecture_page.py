"""ARCHITECTURE.md is true: its floors are those that are tested; every file, function and test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.house import ROOT
from tests.test_architecture import FLOORS

PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE))


def rows(title: str) -> list[list[str]]:
    """The rows of the table in a section, without its head."""
    lines = [line for line in SECTIONS[title].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@cache
def functions(path: str) -> set[str]:
    """The functions and classes of a file, by qualified name: ``reader``, ``FormReader.take``."""

    def walk(node: ast.AST, prefix: str) -> set[str]:
        found = set()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found |= {prefix + child.name} | walk(child, f"{prefix}{child.name}.")
            elif isinstance(child, (ast.If, ast.Try)):
                found |= walk(child, prefix)
        return found

    return walk(ast.parse((ROOT / path).read_text("utf-8")), "")


def test_the_picture_shows_the_floors() -> None:
    """The picture of the floors is the list that the imports are tested against, the ground floor at the bottom."""
    picture = re.search(r"```text\n(.*?)```", SECTIONS["The floors"], re.DOTALL)
    assert picture is not None
    drawn = [line.split() for line in picture[1].splitlines()]
    assert drawn == [(floor or "cardan").split() for floor in reversed(FLOORS)]


@pytest.mark.parametrize("row", rows("The laws"), ids=lambda row: row[0])
def test_each_law_has_its_test(row: list[str]) -> None:
    """The test that a law names exists."""
    path, _, name = row[1].strip("`").partition("::")
    assert name in functions(path)


def test_the_glossary_is_in_order_and_in_use() -> None:
    """Each word is explained once, in alphabetical order, and stands in the source."""
    words = [row[0] for row in rows("Glossary")]
    source = "\n".join(path.read_text("utf-8").lower() for path in (ROOT / "src").rglob("*.py"))
    assert words == sorted(set(words))
    assert [word for word in words if not re.search(rf"\b{word.split()[-1]}", source)] == []
