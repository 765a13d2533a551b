"""All modules of Werkzeug: each is here, or the guide says from where its names come."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from typing import Any

import pytest
import werkzeug

from tests.compat.werkzeug.test_names import NOT_TAKEN_OVER, ours
from tests.guide_tables import rows

PAGE = "werkzeug.md"
FOUND = [module.name.removeprefix("werkzeug.") for module in pkgutil.walk_packages(werkzeug.__path__, "werkzeug.")]
MODULES = [name for name in FOUND if not name.rpartition(".")[2].startswith("_")]
SUBMODULES = [name for name in MODULES if name.startswith(("wrappers.", "datastructures."))]


def own_names(module: str) -> list[str]:
    """The public names that a module defines, without type variables."""
    home = import_module(f"werkzeug.{module}")
    return [
        name
        for name, value in vars(home).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == f"werkzeug.{module}"
        and type(value).__name__ != "TypeVar"
    ]


def modules_of(cell: str) -> list[str]:
    """The modules that a cell names."""
    return re.findall(r"`(?:cardan\.compat\.)?werkzeug\.([\w.]+)`", cell)


MOVED = {name: row for row in rows(PAGE, "Modules that are elsewhere") for name in modules_of(row[0])}


def is_here(module: str, name: str) -> bool:
    """Whether a module with the names of Werkzeug has ``name``."""
    try:
        return hasattr(ours(module), name) and name in ours(module).__all__
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in MODULES for name in own_names(module)])
def test_every_name_has_a_place(module: str, name: str) -> None:
    """A name is in the module of the same name; or the guide names the module that has it here, or says that its module
    stays Werkzeug's; or it is one of those that are not taken over.
    """
    if module in MOVED:
        _, place, reason = MOVED[module]
        assert (
            place.startswith("stays Werkzeug's")
            or any(is_here(new, name) for new in modules_of(place))
            or (f"`{name}`" in reason)
        )
        return
    assert is_here(module, name) or name in NOT_TAKEN_OVER


@pytest.mark.parametrize("module", MOVED)
def test_the_table_is_right(module: str) -> None:
    """Each module in it is one of Werkzeug's that is not here, and each has a reason or a line to write."""
    _, place, reason = MOVED[module]
    assert module in MODULES
    assert place.startswith("stays Werkzeug's") or modules_of(place)
    assert reason
    with pytest.raises(ModuleNotFoundError):
        import_module(f"cardan.compat.werkzeug.{module}")


@pytest.mark.parametrize("module", SUBMODULES)
def test_submodules_have_what_their_package_has(module: str) -> None:
    """The objects are the same, and ``dir()`` shows the public names."""
    if module in MOVED:
        return
    submodule: Any = ours(module)
    assert dir(submodule) == sorted(submodule.__all__)
    for name in submodule.__all__:
        assert getattr(submodule, name) is getattr(ours(module.partition(".")[0]), name)
