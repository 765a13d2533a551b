"""Public modules show their names and nothing else; lazy ones import a name when it is first used."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
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


@pytest.mark.parametrize("module", modules())
def test_no_public_name_is_a_module_and_callable(module: str) -> None:
    """A name of a public module is a public module itself, or something to be used, and never both.

    No module is callable, and no object has the name of a module beside it, which an import would put in its place.
    """
    loaded = importlib.import_module(module)
    assert not callable(loaded)
    for name in dir(loaded):
        value = getattr(loaded, name)
        assert inspect.ismodule(value) is (name in inside(module)), f"{module}.{name}"
        found = hasattr(loaded, "__path__") and importlib.util.find_spec(f"{module}.{name}") is not None
        assert found is (name in inside(module)), f"{module}.{name}"


#: What most programs import from ``cardan``: the module of its family, and what one of them must not load.
TOP = {
    "HTTPException": ("exceptions", "cardan.apps cardan.asgi cardan.wsgi cardan.files cardan._request"),
    "Limits": ("core", "cardan.apps cardan.asgi cardan.wsgi cardan.files cardan._request"),
    "safe_join": ("files", "cardan.apps cardan.asgi cardan.wsgi cardan.core cardan.files._static"),
    "Part": ("files", "cardan.apps cardan.asgi cardan.wsgi cardan.files._static"),
    "StaticFiles": ("files", "cardan.apps._mount cardan.apps._cors cardan.apps._compression"),
    "Mount": ("apps", "cardan.apps._cors cardan.apps._compression cardan.core._compression cardan.files._static"),
    "ProxyFix": ("apps", "cardan.apps._application cardan.apps._cors cardan.apps._mount cardan.files cardan._request"),
    "Compression": (
        "apps",
        "cardan.apps._application cardan.apps._cors cardan.apps._mount cardan.files brotli zstandard",
    ),
    "CORS": ("apps", "cardan.apps._application cardan.apps._compression cardan.core._compression cardan.files"),
}


@pytest.mark.parametrize("name", TOP)
def test_what_most_programs_need_is_in_cardan(name: str) -> None:
    """What most programs import comes from ``cardan``, and is the same object as in the module of its family.

    It loads what it needs, and neither another family nor an event loop nor the clients for tests.
    """
    family, others = TOP[name]
    assert getattr(cardan, name) is getattr(getattr(cardan, family), name)
    unneeded = [*others.split(), "anyio", "asyncio", "httpx", "trio", "cardan.compat", "cardan.testing"]
    assert run(f"import sys, cardan; cardan.{name}; print(*sys.modules.keys() & {set(unneeded)!r})") == ""


def test_cardan_loads_nothing() -> None:
    """``import cardan`` loads no other module of the library than the one that makes names lazy."""
    assert run("import sys, cardan; print(*sorted(name for name in sys.modules if name[:6] == 'cardan'))") == (
        "cardan cardan._lazy"
    )


@pytest.mark.parametrize("module", modules())
def test_a_name_that_is_not_there(module: str) -> None:
    """The error of every public module is Python's own, and names module and attribute."""
    loaded = importlib.import_module(module)
    with pytest.raises(AttributeError, match=rf"^module '{re.escape(module)}' has no attribute 'Reqest'$"):
        loaded.Reqest
    assert not hasattr(loaded, "Reqest")


def test_a_name_is_imported_once() -> None:
    """The first use sets the attribute of the module, so that the next one is a look-up."""
    assert run("import cardan; cardan.Response; print('Response' in vars(cardan), 'Request' in vars(cardan))") == (
        "True False"
    )


def test_a_name_is_looked_up_once() -> None:
    """After the first use a name is an ordinary attribute of its module: later uses cost nothing."""
    code = "import cardan; assert 'Mount' not in vars(cardan); cardan.Mount; print('Mount' in vars(cardan))"
    assert run(code) == "True"
