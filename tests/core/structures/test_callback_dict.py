"""CallbackDict: a dict that calls a function after each change."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from cardan.core.structures import CallbackDict

CHANGES: list[tuple[Callable[[Any], object], dict[str, int]]] = [
    (lambda d: d.__setitem__("c", 3), {"a": 1, "b": 2, "c": 3}),
    (lambda d: d.__delitem__("a"), {"b": 2}),
    (lambda d: d.clear(), {}),
    (lambda d: d.pop("a"), {"b": 2}),
    (lambda d: d.pop("a", 5), {"b": 2}),
    (lambda d: d.popitem(), {"a": 1}),
    (lambda d: d.setdefault("c", 3), {"a": 1, "b": 2, "c": 3}),
    (lambda d: d.update({"a": 5}, c=3), {"a": 5, "b": 2, "c": 3}),
    (lambda d: d.update([("a", 5)]), {"a": 5, "b": 2}),
    (lambda d: d.__ior__({"a": 5}), {"a": 5, "b": 2}),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_changes_are_told(change: Callable[[Any], object], expected: dict[str, int]) -> None:
    """Each method that changes the dict calls the function once, with the dict, after the change."""
    seen: list[dict[str, int]] = []
    d = CallbackDict({"a": 1, "b": 2}, lambda changed: seen.append(dict(changed)))
    change(d)
    assert d == expected
    assert seen == [expected]


@pytest.mark.parametrize(
    "call",
    [lambda d: d.get("a"), lambda d: d.pop("z", None), lambda d: d.setdefault("a", 5), lambda d: d | {"a": 5}, list],
)
def test_reading_is_not_told(call: Callable[[Any], object]) -> None:
    """A method that only reads, and one that changes nothing, does not call the function."""
    seen: list[object] = []
    d = CallbackDict({"a": 1}, seen.append)
    call(d)
    assert d == {"a": 1}
    assert seen == []


@pytest.mark.parametrize("call", [lambda d: d.pop("z"), lambda d: d.__delitem__("z")])
def test_failures_are_not_told(call: Callable[[Any], object]) -> None:
    """A method that raises does not call the function."""
    seen: list[object] = []
    with pytest.raises(KeyError):
        call(CallbackDict({"a": 1}, seen.append))
    assert seen == []


def test_pop_gives_the_value() -> None:
    """``pop()``, ``popitem()`` and ``setdefault()`` return the same as those of a dict."""
    d = CallbackDict({"a": 1, "b": 2})
    assert d.pop("a") == 1
    assert d.pop("a", 5) == 5
    assert d.pop("a", None) is None
    assert d.popitem() == ("b", 2)
    assert d.setdefault("c", 3) == 3
    assert d.setdefault("c", 4) == 3


def test_construction() -> None:
    """The dict is made from a mapping, from pairs or from nothing, with or without a function."""
    assert CallbackDict() == {}
    assert CallbackDict([("a", 1)]) == {"a": 1}
    d: CallbackDict[str, int] = CallbackDict()
    d |= {"a": 1}
    assert repr(d) == "CallbackDict({'a': 1})"


def test_copies_tell_nobody() -> None:
    """A copy and a pickle do not keep the function, which may not be picklable."""
    seen: list[object] = []
    d = CallbackDict({"a": 1}, lambda changed: seen.append(changed))
    for again in (d.copy(), copy.copy(d), copy.deepcopy(d), pickle.loads(pickle.dumps(d))):
        assert again == d
        again["b"] = 2
    assert seen == []
    assert d == {"a": 1}
