"""cardan.datastructures and cardan.http: the classes of values, and the functions that parse and write fields."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import werkzeug.datastructures

import cardan.core
import cardan.datastructures
import cardan.http
from cardan.core import fields, structures

# the mixins and helpers of Werkzeug's own classes, which nobody imports to use them
NOT_OURS = {
    "FileMultiDict",  # what its EnvironBuilder keeps files in
    "ImmutableDictMixin",
    "ImmutableHeadersMixin",
    "ImmutableListMixin",
    "ImmutableMultiDictMixin",
    "UpdateDictMixin",
    "cache_control_property",
    "csp_property",
}
# the names of werkzeug.datastructures that are no values of requests and responses, and where they are
ELSEWHERE = {
    "CallbackDict": "cardan.core.structures",
    "FileStorage": "cardan.files",
    "ImmutableOrderedMultiDict": "cardan.core.structures",
    "ImmutableTypeConversionDict": "cardan.core.structures",
    "OrderedMultiDict": "cardan.core.structures",
    "TypeConversionDict": "cardan.core.structures",
    "iter_multi_items": "cardan.core.structures",
}
THEIRS = [
    name
    for name, value in vars(werkzeug.datastructures).items()
    if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
]


def test_values_are_classes_and_the_rest_are_functions() -> None:
    """``cardan.datastructures`` has classes only, ``cardan.http`` has functions only, and no name is in both."""
    assert [
        name for name in cardan.datastructures.__all__ if not inspect.isclass(getattr(cardan.datastructures, name))
    ] == []
    assert [name for name in cardan.http.__all__ if not inspect.isfunction(getattr(cardan.http, name))] == []
    assert [name for name in cardan.datastructures.__all__ if hasattr(cardan.http, name)] == []
    assert [name for name in cardan.http.__all__ if hasattr(cardan.datastructures, name)] == []


@pytest.mark.parametrize("module", [module.name for module in pkgutil.iter_modules(fields.__path__)])
def test_every_class_of_a_field_is_a_value_or_a_base(module: str) -> None:
    """A class with ``from_header()`` is in ``cardan.datastructures``, except the bases of these classes."""
    bases = {"Credentials", "Live", "LiveDict", "LiveMapping", "LiveMembers", "LiveSequence", "FieldValue"}
    found = {
        name
        for name, value in vars(importlib.import_module(f"cardan.core.fields.{module}")).items()
        if inspect.isclass(value) and hasattr(value, "from_header") and not name.startswith("_")
    }
    assert found - bases - set(cardan.datastructures.__all__) == set()


def test_core_has_few_names() -> None:
    """``cardan.core`` has about 35 names; what it takes from another public room of core is the same object there."""
    assert 30 <= len(cardan.core.__all__) <= 40
    for room in (
        fields,
        structures,
        importlib.import_module("cardan.core.forms"),
        importlib.import_module("cardan.core.drive"),
    ):
        for name in {*cardan.core.__all__} & {*room.__all__}:
            assert getattr(cardan.core, name) is getattr(room, name)


@pytest.mark.parametrize("name", [name for name in THEIRS if name not in NOT_OURS])
def test_werkzeugs_names_are_there(name: str) -> None:
    """Every name that ``werkzeug.datastructures`` exports exists in ``cardan.datastructures``, or in the module that
    ELSEWHERE names, and not in both.
    """
    assert (name in cardan.datastructures.__all__) is (name not in ELSEWHERE)
    assert name in importlib.import_module(ELSEWHERE.get(name, "cardan.datastructures")).__all__


#: the folder that Python without site-packages has to be told: where cardan is
HOME = str(Path(cardan.__file__).parents[1])


def test_nothing_on_disk_is_loaded() -> None:
    """The containers and the functions do no I/O, and load no module that does."""
    code = "import sys, cardan.datastructures, cardan.http; assert not {'tempfile', 'threading'} & {*sys.modules}"
    subprocess.run([sys.executable, "-S", "-c", code], check=True, env={"PYTHONPATH": HOME})


def test_the_field_value_has_no_name() -> None:
    """The argument of every ``from_header()`` is a positional argument only, as the protocol FieldValue says."""
    readers = [
        cls
        for name in cardan.datastructures.__all__
        if hasattr(cls := getattr(cardan.datastructures, name), "from_header")
    ]
    assert len(readers) > 20
    for cls in readers:
        (parameter,) = inspect.signature(cls.from_header).parameters.values()
        assert parameter.kind is parameter.POSITIONAL_ONLY
