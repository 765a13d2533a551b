"""``wz`` gives the modules of Werkzeug, once those of the original and once those of cardan.compat.werkzeug.

A test that uses it says what both do.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Library:
    """The modules of one of the two: ``wz.wrappers``, ``wz.exceptions`` ..."""

    def __init__(self, package: str) -> None:
        self.package = package

    def __getattr__(self, name: str) -> Any:
        return import_module(f"{self.package}.{name}")


# Werkzeug leaves the temporary files of a form open until they are collected, which Python warns of
ORIGINAL = pytest.param(
    "werkzeug",
    marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
)


@pytest.fixture(params=[ORIGINAL, "cardan.compat.werkzeug"])
def wz(request: pytest.FixtureRequest) -> Iterator[Library]:
    yield Library(request.param)
    if request.param == "werkzeug":
        gc.collect()
