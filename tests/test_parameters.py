"""The same thing has the same parameter name everywhere, and a duration is a number of seconds or a timedelta."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import TYPE_CHECKING, Any, get_overloads

import pytest

from tests.surface import modules, public_names

if TYPE_CHECKING:
    from collections.abc import Iterator

BETTER = {"code": "status", "status_code": "status", "Response": "response_class", "cls_response": "response_class"}
DURATIONS = {"max_age", "retry", "keep_alive", "retry_after", "age"}


def callables() -> Iterator[Any]:
    """The public functions, and the public methods of public classes."""
    for module in modules():
        if module.startswith("cardan.compat"):
            continue
        for name in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), name)
            if inspect.isfunction(value):
                yield value
            elif inspect.isclass(value):
                yield from (member for _, member in inspect.getmembers(value, inspect.isroutine))


def durations() -> Iterator[tuple[str, str]]:
    """The name and the annotation of each parameter that is a duration, overloads included."""
    for function in callables():
        for variant in (function, *get_overloads(function)) if inspect.isfunction(function) else (function,):
            for name, annotation in getattr(variant, "__annotations__", {}).items():
                if name in DURATIONS:
                    yield f"{function.__qualname__}({name})", str(annotation)


@pytest.mark.parametrize("name", sorted(BETTER))
def test_names_of_parameters(name: str) -> None:
    """A status is ``status`` and the class of a response is ``response_class``, in every public function."""
    names = [entry for entry in public_names() if not entry.startswith("cardan.compat.")]  # those have Werkzeug's
    assert [entry for entry in names if entry.endswith(f"({name})")] == []


def test_durations() -> None:
    """Every parameter that is a duration takes seconds and a timedelta."""
    found = dict(durations())
    assert {"ServerSentEvent.__init__(retry)", "send_file(max_age)", "Response.from_events(keep_alive)"} <= set(found)
    wrong = {name for name, kind in found.items() if not (re.search(r"\b(int|float)\b", kind) and "timedelta" in kind)}
    assert wrong == set()
