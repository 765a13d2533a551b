"""Lists what is public: modules, their names, the attributes of public classes, and the parameters that have a name.

``tests/public_names.txt`` holds the list of the last release (before the first one: of its candidate). As a command
this file writes the list anew; do that when a version is released, and never to make a test pass::

    python -m tests.surface > tests/public_names.txt

An entry is a name as users write it: ``cardan.http.parse_date``, ``cardan.Request.form``, ``cardan.redirect(code)`` for
a parameter. Parameters that are positional only have no name that a user could write, and are left out.

``tests/public_values.txt`` holds the values in the same way: the defaults of parameters, and what the attributes of
public classes are if a program sets nothing, members of enums included::

    python -m tests.surface values > tests/public_values.txt
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections import defaultdict
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

import cardan
from tests.house import ROOT, House, names_defined_by

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUSE = House(ROOT / "src")
RECORD = ROOT / "tests" / "public_names.txt"
VALUES = ROOT / "tests" / "public_values.txt"

PUBLIC = [
    "cardan",
    "cardan.exceptions",
    "cardan.datastructures",
    "cardan.http",
    "cardan.structured",
    "cardan.types",
    "cardan.files",
    "cardan.apps",
    "cardan.testing",
    "cardan.testing.lint",
    "cardan.core",
    "cardan.core.forms",
    "cardan.core.fields",
    "cardan.core.structures",
    "cardan.core.drive",
    "cardan.wsgi",
    "cardan.asgi",
]
"""The public modules, without those for programs that come from Werkzeug.

The name of every other module, or of a package around it, begins with an underscore.
"""


@cache
def modules() -> tuple[str, ...]:
    """The public modules, with those that have the names of Werkzeug's."""
    compat = ROOT / "src" / "cardan" / "compat"
    names = {".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in compat.rglob("*.py")}
    public = {name.removesuffix(".__init__") for name in names if "._" not in name.removesuffix(".__init__")}
    return (*PUBLIC, *sorted(public))


@cache
def homes() -> dict[type, str]:
    """Each public class, with the name under which its attributes are listed."""
    found: dict[type, str] = {}
    for module in modules():
        for name in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), name)
            if inspect.isclass(value) and (value not in found or module == home_of(value)):
                found[value] = f"{module}.{name}"
    return found


def home_of(value: object) -> str:
    """The public module that something private belongs to: ``cardan.core.forms._files`` -> ``cardan.core.forms``."""
    parts = getattr(value, "__module__", "").split(".")
    private = [index for index, part in enumerate(parts) if part.startswith("_")]
    return ".".join(parts[: private[0]] if private else parts)


def is_public(name: str) -> bool:
    return not name.startswith("_")


def is_own(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "cardan"


def attributes_of(cls: type) -> Iterator[str]:
    """The public attributes of ``cls``, without what Python's own classes and the public bases bring."""
    listed = [base for base in cls.__mro__[1:] if base in homes() and is_own(base)]
    for name in sorted({*dir(cls), *set_in(cls)}):
        owner = next((base for base in cls.__mro__ if name in vars(base)), cls)
        if is_public(name) and is_own(owner) and not any(name in dir(base) or name in set_in(base) for base in listed):
            yield name


@cache
def set_in(cls: type) -> frozenset[str]:
    """The attributes that only objects have: those that cardan's classes annotate, or that a method sets."""
    found: set[str] = set()
    for base in filter(is_own, cls.__mro__):
        found |= set(inspect.get_annotations(base))
        for methods, names in set_by_methods()[base.__name__]:
            if methods <= set(vars(base)):
                found |= names
    return frozenset(found)


@cache
def set_by_methods() -> dict[str, list[tuple[set[str], set[str]]]]:
    """Name of a class -> its methods, and what they set by ``self.name = ...``; an item for each class of that name."""
    found: dict[str, list[tuple[set[str], set[str]]]] = defaultdict(list)
    for module in HOUSE.modules:
        for cls in ast.walk(HOUSE.tree(module)):
            if isinstance(cls, ast.ClassDef):
                methods = {node.name for node in cls.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
                names = {name for node in ast.walk(cls) for name in names_defined_by(node) if is_self(node)}
                found[cls.name].append((methods, names))
    return found


def is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def parameters_of(function: Any) -> Iterator[str]:
    """The parameters of a function; ``""`` in the place of one that cannot be given by name.

    ``**options: Unpack[SomeOptions]`` stands for the keys of the TypedDict.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    for parameter in signature.parameters.values():
        by_name = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        yield parameter.name if by_name and is_public(parameter.name) else ""
        if parameter.kind is parameter.VAR_KEYWORD and (unpacked := UNPACKED.match(str(parameter.annotation))):
            yield from keys_of(unpacked[1])


UNPACKED = re.compile(r"(?:\w+\.)*Unpack\[(\w+)")


@cache
def keys_of(name: str) -> tuple[str, ...]:
    """The keys of a TypedDict with ``total=False``. It is read from the source: some are for type checkers only."""
    (found,) = (
        node
        for module in HOUSE.modules
        for node in ast.walk(HOUSE.tree(module))
        if isinstance(node, ast.ClassDef) and node.name == name and "total" in [each.arg for each in node.keywords]
    )
    bases = {ast.unparse(base).partition("[")[0] for base in found.bases} - {"TypedDict", "Generic"}
    inherited = [key for base in sorted(bases) for key in keys_of(base)]
    return (*inherited, *(ast.unparse(item.target) for item in found.body if isinstance(item, ast.AnnAssign)))


def parameters_in(cls: type, name: str) -> set[str]:
    """The parameters of the method ``name``, if it is one of cardan's own, without the object or class itself."""
    owner = next((base for base in cls.__mro__ if name in vars(base)), None)
    if owner is None or not is_own(owner):
        return set()
    value = vars(owner)[name]
    if isinstance(value, staticmethod):
        return set(parameters_of(value.__func__))
    function = getattr(value, "__func__", value)
    return set(list(parameters_of(function))[1:]) if inspect.isroutine(function) else set()


def new_parameters_of(cls: type, name: str) -> set[str]:
    """The parameters of the method ``name`` that the same method of a public base has not."""
    listed = [base for base in cls.__mro__[1:] if base in homes()]
    return parameters_in(cls, name).difference(*(parameters_in(base, name) for base in listed))


def entries() -> Iterator[str]:
    """Every entry, in no order; some more than once."""
    for module in modules():
        yield module
        for name in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), name)
            yield f"{module}.{name}"
            if inspect.isroutine(value):
                yield from (f"{module}.{name}({parameter})" for parameter in parameters_of(value))
    for cls, path in homes().items():
        if is_own(cls):
            yield from (f"{path}({parameter})" for parameter in new_parameters_of(cls, "__init__"))
            yield from (f"{path}.{name}" for name in attributes_of(cls))
            for name in filter(is_public, dir(cls)):
                yield from (f"{path}.{name}({parameter})" for parameter in new_parameters_of(cls, name))


@cache
def public_names() -> tuple[str, ...]:
    """The public API as it is, in alphabetical order."""
    return tuple(sorted(entry for entry in set(entries()) if not entry.endswith("()")))


# --- values ---


def shown(value: object) -> str | None:
    """The text of a value that is a constant; None for other objects, whose text may be another one each time."""
    if isinstance(value, Enum):
        return shown(value.value)
    if value is None or type(value) in (bool, int, float, str, bytes, timedelta):
        return repr(value)
    if type(value) in (tuple, frozenset):
        parts = [shown(each) for each in value]  # type: ignore[attr-defined]
        known = [part for part in parts if part is not None]
        inside = ", ".join(known if type(value) is tuple else sorted(known))
        return f"{type(value).__name__}({inside})" if len(known) == len(parts) else None
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return None


def defaults_of(path: str, function: Any) -> Iterator[tuple[str, str]]:
    """The parameters of a function that have a constant for a default."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    for parameter in parameters:
        known = None if parameter.default is parameter.empty else shown(parameter.default)
        if known is not None and is_public(parameter.name):
            yield f"{path}({parameter.name})", known


def values_of(cls: type, path: str) -> Iterator[tuple[str, str]]:
    """The values of the attributes of a class, and the defaults of its constructor and methods: those that are not
    the same in a public base.
    """
    for name in ["__init__", *filter(is_public, dir(cls))]:
        owner = next((base for base in cls.__mro__ if name in vars(base)), None)
        if owner is None or not is_own(owner) or (owner is not cls and owner in homes()):
            continue
        value = vars(owner)[name]
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        if inspect.isroutine(value):
            yield from defaults_of(path if name == "__init__" else f"{path}.{name}", value)
        elif name != "description" and not isinstance(value, type) and (known := shown(value)) is not None:
            yield f"{path}.{name}", known  # the texts of errors are not promised: docs/stability.md


@cache
def public_values() -> dict[str, str]:
    """Each parameter and attribute of the public API that has a value of its own, with the text of the value."""
    found: dict[str, str] = {}
    for module in modules():
        for name in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), name)
            found.update(defaults_of(f"{module}.{name}", value) if inspect.isroutine(value) else ())
    for cls, path in homes().items():
        found.update(values_of(cls, path) if is_own(cls) else ())
    return dict(sorted(found.items()))


if __name__ == "__main__":
    lines = [f"{entry} = {value}" for entry, value in public_values().items()]
    print(f"# cardan {cardan.__version__}", *(lines if "values" in sys.argv else public_names()), sep="\n")
