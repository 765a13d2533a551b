"""Every public name is in the reference: a directive on one of its pages describes it.

It may stand there under another of its public names: ``cardan.files.FileStorage`` is ``cardan.FileStorage``.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.util
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import cardan.core
from tests.surface import ROOT, modules

PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
PRIVATE = re.compile(r"\bcardan(\.\w+)*\._\w")
DIRECTIVE = re.compile(r"^\.\. (?:auto|py:)(\w+):: ([\w.]+)\n((?:   .*\n)*)", re.MULTILINE)


def find(path: str) -> Any:
    """What a dotted name stands for. Raises LookupError if it stands for nothing."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise LookupError(path)


def has_home_in(module: str, name: str) -> bool:
    """Whether a module itself assigns ``name`` and describes it; autodoc leaves out other data."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    body = ast.parse(Path(spec.origin).read_text("utf-8")).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
    return False


def listed_in(option: str, options: str) -> list[str]:
    """The names that an option of a directive lists, in one line or several."""
    found = re.search(rf"^ +:{option}: ((?:.|\n {{6}})+)", options, re.MULTILINE)
    return re.split(r"[,\s]+", found[1].strip()) if found else []


def names_of(module: str, options: str) -> list[str]:
    """The names that ``automodule`` describes: those of ``__all__``, less the data of other modules."""
    if ":members:" not in options:
        return []
    excluded, listed = listed_in("exclude-members", options), listed_in("members", options)
    loaded = importlib.import_module(module)
    if listed:
        return listed
    return [
        name
        for name in loaded.__all__
        if name not in excluded and (has_docstring(getattr(loaded, name)) or has_home_in(module, name))
    ]


def has_identity(value: object) -> bool:
    """Whether only one public thing is this object; two constants may be equal by chance."""
    return value is not Any and not isinstance(value, str | bytes | int | float | tuple | frozenset | None)


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
    """The examples of a page that are no sessions of an interpreter: those are read by doctest."""
    text = page.read_text("utf-8")
    sessions = doctest.DocTestParser().get_examples(text)
    return [*(code for code in FENCE.findall(text) if ">>>" not in code), *(each.source for each in sessions)]


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
def described() -> tuple[dict[int, object], set[str]]:
    """What the pages describe: objects by their identity, and the paths of everything."""
    paths: set[str] = set()
    for page in PAGES:
        for kind, path, options in DIRECTIVE.findall(page.read_text("utf-8")):
            paths |= {f"{path}.{name}" for name in names_of(path, options)} if kind == "module" else {path}
    return {id(value): value for value in map(find, paths) if has_identity(value)}, paths


@pytest.mark.parametrize("module", modules())
def test_every_public_name_is_in_the_reference(module: str) -> None:
    """Each name of ``__all__`` is described by a directive; a module by one of its names."""
    objects, paths = described()
    loaded = importlib.import_module(module)
    missing = [
        name
        for name in loaded.__all__
        if f"{module}.{name}" not in paths
        and id(getattr(loaded, name)) not in objects
        and not any(path.startswith(f"{module}.{name}.") for path in paths)
    ]
    assert missing == []


WITH_EXAMPLES = [
    "cardan.core",
    "cardan.core.fields",
    "cardan.core.structures",
    "cardan.core.drive",
    "cardan.wsgi",
    "cardan.asgi",
    "cardan.structured",
    "cardan.testing",
    "cardan.testing.lint",
]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
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


def test_the_pages_describe_no_private_name() -> None:
    """What the pages describe is in a public module, but for the limits, which every request class has."""
    private = [path for path in described()[1] if any(part.startswith("_") for part in path.split("."))]
    assert private == ["cardan.core._limits.LimitAttributes"]


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
