"""tests/house.py finds what it looks for: tried on a small package that breaks each law once.

The law on the docstrings of tests is checked here as well, because it is about the tests and not about the package.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house import ROOT, House, circles, leaning_docstrings

FILES = {
    "__init__.py": "from .core import thing\n",
    "core/__init__.py": "",
    "core/thing.py": """
from __future__ import annotations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..wsgi._head import Head

class Thing:
    known: int

    def __init__(self) -> None:
        self._hidden = 1
        self.__dict__["known"] = 2
        self.__dict__["unknown"] = 3

    def read(self, head: Head, anything: Any, *rest: Any) -> Any:
        values = self.__dict__
        return values.get("other"), "asked" in vars(self)

    def _own(self, anything: Any) -> Any:
        return self._hidden

def helper(value: Any) -> None: ...
""",
    "wsgi/__init__.py": "",
    "wsgi/_head.py": """
class Head:
    def make(self, thing, request):
        from ..core.thing import Thing, _private
        self._mine = thing._hidden
        return self._mine, getattr(thing, "_own"), thing._asdict, request._mine
""",
    "core/_request/__init__.py": "class Request:\n    _mine = 2\n",
    "core/other.py": "_private = 1\n",
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    for name, text in FILES.items():
        path = tmp_path / "cardan" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return House(tmp_path)


def test_imports(house: House) -> None:
    """Each import with the place where it stands; a name that is a module counts as that module."""
    assert [tuple(found) for found in house.imports("cardan.core.thing")] == [
        ("__future__", 2, "module"),
        ("typing", 3, "module"),
        ("typing", 3, "module"),
        ("cardan.wsgi._head", 6, "typing"),
    ]
    assert {found.where for found in house.imports("cardan.wsgi._head")} == {"function"}
    assert house.arrows["cardan"] == {"cardan.core.thing"}


def test_circles(house: House) -> None:
    """Imports in functions and under TYPE_CHECKING close a circle; an arrow that is left out opens it."""
    assert house.circles() == [["cardan.core.thing", "cardan.wsgi._head"]]
    assert house.circles([("cardan.wsgi._head", "cardan.core.thing")]) == []


def test_circles_of_names() -> None:
    """Two circles, one of them over three names; a name that imports itself is none."""
    arrows = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": {"d"}, "f": {"f", "a"}}
    assert circles(arrows) == [["a", "b", "c"], ["d", "e"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_private_names(house: House) -> None:
    """An import, an attribute and a getattr of another package's private name are found; one's own name is not.

    A name that the package defines itself is its own, unless it is asked of a variable named ``request``.
    """
    found = {(reach.package, reach.name) for reach in house.reaches()}
    assert found == {("wsgi", "_private"), ("wsgi", "_hidden"), ("wsgi", "_own"), ("wsgi", "_mine")}


def test_contracts(tmp_path: Path) -> None:
    """A private name that a class derived from ``Protocol`` declares is no reach."""
    folder = tmp_path / "cardan"
    for name, text in {
        "core/__init__.py": "class Served(Protocol):\n    _ask: int\n    def _call(self): ...\n",
        "apps/__init__.py": "class App:\n    _ask = _hidden = 1\n    def _call(self): ...\n",
        "wsgi/__init__.py": "def handle(app):\n    return app._ask, app._call(), app._hidden\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    house = House(tmp_path)
    assert house.contracts == {"_ask", "_call"}
    assert [reach.name for reach in house.reaches()] == ["_hidden"]


def test_keys_of_dicts(house: House) -> None:
    """Keys of ``__dict__`` and of ``vars()``, also through a variable; an annotation in the class declares one."""
    keys = house.dict_keys()
    assert [key.key for key in keys] == ["known", "unknown", "other", "asked"]
    assert {key.owner for key in keys} == {"Thing"}
    assert "known" in house.declared["Thing"]
    assert not {"unknown", "other", "asked"} & house.declared["Thing"]


def test_counts(house: House) -> None:
    """Bare ``Any`` of public functions and methods, without ``*rest``; lines by package; short modules."""
    assert house.bare_any() == {"core": 3}
    assert house.lines()["wsgi"] == FILES["wsgi/_head.py"].count("\n")
    assert house.short_modules() == ["cardan.core.other", "cardan.core.thing", "cardan.wsgi._head"]


@pytest.mark.parametrize(
    ("docstring", "leans"),
    [
        ("It is sent at once.", True),
        ("Its body is sent at once.", True),
        ("The same in async code.", True),
        ("So has a copy.", True),
        ("Exactly N bytes are accepted.", True),
        ("Not for HEAD.", True),
        ("None of them is sent.", True),
        ("What it sends is dropped.", True),
        ("None of the headers is sent.", False),
        ("What is sent is dropped.", False),
        ("Items of a list are sent at once.", False),
        ("Notes are sent at once.", False),
        ("The sameness of two bodies is seen.", False),
        ("A body is sent at once. It is not copied.", False),
        ("", False),
    ],
)
def test_leaning_docstrings(docstring: str, leans: bool) -> None:
    """A docstring that begins with a pronoun or a conjunction is found, on tests in modules and in classes only."""
    text = f"""
class TestBodies:
    async def test_a(self):
        {docstring!r}

def test_b():
    {docstring!r}

def helper():
    {docstring!r}
"""
    assert list(leaning_docstrings(ast.parse(text))) == (["test_a", "test_b"] if leans else [])


TESTS = [path for folder in ("tests", "examples") for path in sorted((ROOT / folder).rglob("test_*.py"))]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_docstring_of_a_test_is_understood_alone(path: Path) -> None:
    """The docstring of a test names its subject: the name of the test need not be read before it."""
    assert list(leaning_docstrings(ast.parse(path.read_text("utf-8")))) == []
