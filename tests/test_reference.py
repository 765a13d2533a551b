"""Every public name has one entry in the reference: a directive on one of its pages describes it.

It may stand there under another of its public names: ``cardan.files.FileStorage`` is ``cardan.FileStorage``.
What becomes of the entries is looked at when the manual is built: see docs/checks.py.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import cardan.core
from tests.surface import ROOT, modules

PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
PRIVATE = re.compile(r"\bcardan(\.\w+)*\._\w")
ENTRIES = re.compile(r"^```\{entries\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
BY_HAND = re.compile(r"^\.\. py:\w+:: ([\w.]+)$", re.MULTILINE)


def has_identity(value: object) -> bool:
    """Whether only one public thing is this object; two constants may be equal by chance."""
    return value is not Any and not isinstance(value, str | bytes | int | float | tuple)


IN_TABLE = re.compile(r"\| `(raise .+?)` \|")
FENCE = re.compile(r"^```python[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def names_in(source: str) -> set[str]:
    """The names that a piece of code uses."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(name) | ast.Attribute(attr=name) | ast.alias(name):
                found.add(name)
    return found


def examples_of(page: Path) -> list[str]:
    """The examples of a page: blocks, sessions, and statements in tables, which a hidden block runs."""
    text = page.read_text("utf-8")
    sessions = doctest.DocTestParser().get_examples(text)
    fenced = [code for code in FENCE.findall(text) if ">>>" not in code]
    return [*fenced, *IN_TABLE.findall(text), *(each.source for each in sessions)]


@cache
def shown() -> frozenset[str]:
    """The names that the examples of the reference use. They are run, as all examples of the documentation are."""
    return frozenset().union(*(names_in(code) for page in PAGES for code in examples_of(page)))


def shows_itself(name: str, value: object) -> bool:
    """Whether the docstring of ``value`` has an example with it."""
    text = inspect.getdoc(value) or ""
    return any(name in names_in(example.source) for example in doctest.DocTestParser().get_examples(text))


def has_docstring(value: object) -> bool:
    return inspect.isclass(value) or inspect.isroutine(value)


@cache
def described() -> tuple[str, ...]:
    """The names that the pages describe, as often as they do so."""
    texts = [page.read_text("utf-8") for page in PAGES]
    lines = [line for text in texts for block in ENTRIES.findall(text) for line in block.split()]
    by_hand = [name for text in texts for name in BY_HAND.findall(text)]
    return (*(line for line in lines if line.startswith("cardan.")), *by_hand)


@cache
def things() -> dict[str, object]:
    """Each public name, and what tells the thing that it stands for from all others."""
    names = [(module, name) for module in modules() for name in importlib.import_module(module).__all__]
    values = {f"{module}.{name}": getattr(importlib.import_module(module), name) for module, name in names}
    return {path: id(value) if has_identity(value) else path for path, value in values.items()}


@pytest.mark.parametrize("module", modules())
def test_every_public_name_is_in_the_reference_once(module: str) -> None:
    """Each name of ``__all__`` has one entry: under this name, or under another public name of the same thing."""
    loaded = importlib.import_module(module)
    names = [f"{module}.{name}" for name in loaded.__all__ if not inspect.ismodule(getattr(loaded, name))]
    entries = Counter(things()[entry] for entry in described())
    assert {name: entries[things()[name]] for name in names if entries[things()[name]] != 1} == {}


@pytest.mark.parametrize("module", modules())
def test_every_name_has_an_example(module: str) -> None:
    """Each name of ``__all__`` is used in an example of the reference, or of its own docstring."""
    loaded = importlib.import_module(module)
    names = [name for name in loaded.__all__ if not inspect.ismodule(getattr(loaded, name))]
    assert [name for name in names if name not in shown() and not shows_itself(name, getattr(loaded, name))] == []


def test_the_names_of_core_are_in_groups() -> None:
    """The table at the head of the page on core has each name of ``cardan.core`` in one group."""
    page = (ROOT / "docs" / "reference" / "core.md").read_text("utf-8")
    rows = [line.split("|") for line in page.splitlines() if re.match(r"\| \[", line)]
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row[2])) == sorted(cardan.core.__all__)


def test_the_pages_describe_only_public_names() -> None:
    """What the pages describe is in the ``__all__`` of a public module."""
    assert sorted(set(described()) - set(things())) == []


@pytest.mark.parametrize("kind", [cardan.Request, cardan.Response])
def test_every_attribute_is_in_a_group(kind: type) -> None:
    """The groups of the pages on requests and responses have each public attribute once."""
    members = re.compile(rf"^```\{{members\}} cardan\.{kind.__name__}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    listed = [name for page in PAGES for block in members.findall(page.read_text("utf-8")) for name in block.split()]
    assert sorted(listed) == sorted(name for name in dir(kind) if not name.startswith("_"))


@pytest.mark.parametrize("module", modules())
def test_the_docstrings_name_no_private_module(module: str) -> None:
    """A docstring that a user reads sends nobody to a module that may change in every version."""
    loaded = importlib.import_module(module)
    texts = {module: loaded.__doc__ or ""}
    for name in loaded.__all__:
        value = getattr(loaded, name)
        if has_docstring(value):
            texts[name] = inspect.getdoc(value) or ""
        if inspect.isclass(value):
            members = {key: inspect.getattr_static(value, key) for key in dir(value) if not key.startswith("_")}
            texts |= {f"{name}.{key}": inspect.getdoc(member) or "" for key, member in members.items()}
    assert [name for name, text in texts.items() if PRIVATE.search(text)] == []
