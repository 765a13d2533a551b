"""Public modules show their names and nothing else; lazy ones import a name when it is first used."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import cardan
from tests.house import ROOT, House
from tests.surface import modules

HOUSE = House(ROOT / "src")


def inside(module: str) -> set[str]:
    """The names of the public modules directly inside a package."""
    return {name.rpartition(".")[2] for name in modules() if name.rpartition(".")[0] == module}


def run(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize("module", modules())
def test_dir_shows_the_public_names_only(module: str) -> None:
    """``dir()`` gives the names of ``__all__`` and the public modules inside, whatever was imported before."""
    for name in HOUSE.modules:
        importlib.import_module(name)
    loaded = importlib.import_module(module)
    assert set(dir(loaded)) == {*loaded.__all__, *inside(module)}


@pytest.mark.parametrize("module", modules())
def test_import_cardan_is_enough(module: str) -> None:
    """After ``import cardan`` every public module is an attribute; it is imported when it is used."""
    assert run(f"import cardan; print({module}.__name__)") == module


def test_every_other_module_is_private_by_name() -> None:
    """The name of every other module, or of a package around it, begins with ``_``."""
    assert [name for name in HOUSE.modules if "._" not in name and name not in modules()] == []


def test_star_gives_the_names() -> None:
    """``from cardan import *`` gives the names of ``__all__``, but not the modules."""
    code = "from cardan import *; print(*sorted(name for name in globals() if not name.startswith('_')))"
    assert run(code).split() == sorted(cardan.__all__)


def test_what_an_annotation_needs_is_in_types_only() -> None:
    """The types of ASGI and the result of a handler are in ``cardan.types``; ``cardan`` has what programs call."""
    for name in ("Scope", "Receive", "Send", "ASGIApplication", "Result"):
        assert name in cardan.types.__all__
        assert not hasattr(cardan, name)


@pytest.mark.parametrize("name", ["HTTPException", "Limits", "Part", "StaticFiles", "safe_join"])
def test_what_most_programs_need_is_in_cardan(name: str) -> None:
    """What most programs import comes from ``cardan``, and is the same object as in the module of its family."""
    homes = {"HTTPException": cardan.exceptions, "Limits": cardan.core}
    assert getattr(cardan, name) is getattr(homes.get(name, cardan.files), name)


def test_a_name_that_is_not_there() -> None:
    """The error is the usual one, and names module and attribute."""
    with pytest.raises(AttributeError, match=r"^module 'cardan' has no attribute 'Reqest'$"):
        cardan.Reqest  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"^module 'cardan.files' has no attribute 'Spool'$"):
        cardan.files.Spool  # type: ignore[attr-defined]


def test_a_name_is_imported_once() -> None:
    """The first use sets the attribute of the module, so that the next one is a look-up."""
    assert run("import cardan; cardan.Response; print('Response' in vars(cardan), 'Request' in vars(cardan))") == (
        "True False"
    )
