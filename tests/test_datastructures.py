"""cardan.datastructures: the containers under the names of Werkzeug."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
import werkzeug.datastructures

import cardan.datastructures

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
THEIRS = [
    name
    for name, value in vars(werkzeug.datastructures).items()
    if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
]


@pytest.mark.parametrize("name", [name for name in THEIRS if name not in NOT_OURS])
def test_werkzeugs_names_are_there(name: str) -> None:
    """Every name that ``werkzeug.datastructures`` exports, except those in the list, exists in
    ``cardan.datastructures``.
    """
    assert hasattr(cardan.datastructures, name)
    assert name in cardan.datastructures.__all__


def test_other_names_are_not() -> None:
    """A name that does not exist raises AttributeError, and the error text contains the name."""
    with pytest.raises(AttributeError, match=r"^module 'cardan.datastructures' has no attribute 'Nothing'$"):
        cardan.datastructures.Nothing


def test_the_disk_is_not_loaded() -> None:
    """The containers do no I/O. The modules that FileStorage needs are imported when FileStorage is used."""
    code = "import sys, cardan.datastructures as d; assert 'tempfile' not in sys.modules; d.FileStorage"
    subprocess.run([sys.executable, "-c", code], check=True)
