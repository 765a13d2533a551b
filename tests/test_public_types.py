"""Public signatures carry types: a bare ``Any`` stands only where ALLOWED gives a reason."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import typing
from typing import TYPE_CHECKING

import pytest

from cardan.core.structures import HeadersView
from tests.surface import ROOT, modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODULES = [
    "cardan",
    "cardan.http",
    "cardan.datastructures",
    "cardan.exceptions",
    "cardan.types",
    "cardan.core",
    "cardan.core.forms",
    "cardan.core.fields",
    "cardan.core.structures",
    "cardan.core.drive",
    "cardan.apps",
    "cardan.asgi",
    "cardan.files",
    "cardan.testing",
    "cardan.wsgi",
]
ALLOWED = {
    "a parsed JSON document can have any type": "get_json json on_json_loading_failed",
    "the keyword arguments of another function are passed on": (
        "__init_subclass__ build_request Client.__init__ AsyncClient.__init__"
    ),
    "the attribute decides about the type of its value": "__setattr__",
    "one callable for the arguments of both protocols": "_call_dual _call_wrapped",
    "hooks return a sink of any kind, with sync or async methods": (
        "Close Close.__init__ Write Write.__init__ from_part add_file FileStorage.sink"
    ),
    "a request class may narrow the type of a setting, and only Any is compatible with all of them": "UnreadRequest",
}


def is_bare(annotation: object) -> bool:
    """Return whether an annotation is ``Any``, or a union with ``Any``."""
    if not isinstance(annotation, str):
        return annotation is typing.Any
    members = [ast.parse(annotation, mode="eval").body]
    while members:
        member = members.pop()
        if isinstance(member, ast.BinOp):
            members += [member.left, member.right]
        elif isinstance(member, ast.Name) and member.id == "Any":
            return True
    return False


def bare_in(function: Callable[..., object]) -> bool:
    """Return whether the signature, or one of the overloads, has a bare ``Any``."""
    function = inspect.unwrap(function)
    variants = typing.get_overloads(function) or [function]
    return any(is_bare(annotation) for variant in variants for annotation in variant.__annotations__.values())


def functions_of(cls: type) -> Iterator[Callable[..., object]]:
    """Iterate over the public and special methods, and over the properties, that a class of cardan defines."""
    for name, value in vars(cls).items():
        if name.startswith("_") and not name.endswith("__"):
            continue
        for function in (value.fget, value.fset) if isinstance(value, property) else (value,):
            function = getattr(function, "__func__", function)
            if inspect.isfunction(function):
                yield function


def signatures(module: str) -> Iterator[tuple[str, bool]]:
    """Iterate over the names of the public signatures of a module, each with whether it has a bare ``Any``."""
    for name in importlib.import_module(module).__all__:
        value = getattr(importlib.import_module(module), name)
        if inspect.isfunction(value):
            yield value.__qualname__, bare_in(value)
        elif inspect.isclass(value):
            for cls in value.__mro__:
                if cls.__module__.partition(".")[0] == "cardan":
                    yield (
                        cls.__qualname__,
                        any(
                            is_bare(annotation)
                            for attribute, annotation in vars(cls).get("__annotations__", {}).items()
                            if not attribute.startswith("_")
                        ),
                    )
                    for function in functions_of(cls):
                        yield function.__qualname__, bare_in(function)


@pytest.mark.parametrize("module", MODULES)
def test_no_bare_any(module: str) -> None:
    """A public signature has no bare ``Any``, except those in ALLOWED, each with a reason."""
    allowed = {name for names in ALLOWED.values() for name in names.split()}
    wrong = {name for name, bare in signatures(module) if bare and not {name, name.rpartition(".")[2]} & allowed}
    assert wrong == set()


@pytest.mark.parametrize("module", modules())
def test_type_checkers_know_the_names(module: str) -> None:
    """``__all__`` is one list of strings. Pyright takes names that it cannot read there for names that are private."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    written = [node for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign)) and is_all(node)]
    assert [ast.literal_eval(node.value) for node in written if node.value] == [importlib.import_module(module).__all__]


def is_all(node: ast.Assign | ast.AnnAssign) -> bool:
    return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target) == "__all__"


def test_every_exception_is_needed() -> None:
    """Each name in ALLOWED has a signature with a bare ``Any``."""
    bare = {name for module in MODULES for name, has in signatures(module) if has}
    bare |= {name.rpartition(".")[2] for name in bare}
    assert {name for names in ALLOWED.values() for name in names.split()} - bare == set()


def test_the_search_finds_any() -> None:
    """``Any`` and a union with ``Any`` are found. ``Any`` inside of another type is allowed. Overloads are read."""
    assert [is_bare(text) for text in ("Any", "int | Any | None", "dict[str, Any]", "Callable[..., Any]")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not bare_in(HeadersView.get)
    assert "HeadersView.get" in {name for name, _ in signatures("cardan.datastructures")}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.py")), ids=lambda path: path.name)
def test_the_examples_are_typed_by_public_names(path: Path) -> None:
    """No example silences a type checker, and none imports a private module or name of cardan."""
    text = path.read_text("utf-8")
    assert re.findall(r"#\s*(?:type|pyright|mypy)\s*:", text) == []
    imported = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [f"{getattr(node, 'module', '')}.{alias.name}" for node in imported for alias in node.names]
    assert [name for name in names if "cardan" in name and "._" in name] == []
