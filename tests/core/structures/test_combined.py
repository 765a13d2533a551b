"""CombinedMultiDict: several containers that are read as one."""

from __future__ import annotations

import copy
import json
import pickle
from typing import assert_type

import pytest

from cardan.core._exceptions import BadRequestKeyError
from cardan.core.structures import CombinedMultiDict, ImmutableMultiDict, MultiDict

ARGS = [("a", "1"), ("b", "x"), ("a", "2")]
FORM = [("c", "3"), ("a", "4"), ("b", "5")]


@pytest.fixture
def both() -> CombinedMultiDict[str, str]:
    return CombinedMultiDict([ImmutableMultiDict(ARGS), ImmutableMultiDict(FORM)])


def test_reading(both: CombinedMultiDict[str, str]) -> None:
    """The first value of a key is that of the first container; all values are given in the order of the containers."""
    assert both["a"] == both.get("a") == "1"
    assert both["c"] == "3"
    assert both.getlist("a") == ["1", "2", "4"]
    assert list(both) == ["a", "b", "c"]
    assert list(both.items()) == [("a", "1"), ("b", "x"), ("c", "3")]
    assert list(both.values()) == ["1", "x", "3"]
    assert list(both.items(multi=True)) == ARGS + FORM
    assert both.lists() == [("a", ["1", "2", "4"]), ("b", ["x", "5"]), ("c", ["3"])]
    assert both.listvalues() == [["1", "2", "4"], ["x", "5"], ["3"]]
    assert assert_type(both.to_dict(), dict[str, str]) == dict(both) == {"a": "1", "b": "x", "c": "3"}
    assert both.to_dict(flat=False) == dict(both.lists())
    assert len(both) == 3
    assert "c" in both
    assert "z" not in both
    assert both


def test_missing_keys(both: CombinedMultiDict[str, str]) -> None:
    """A missing key raises the same error as in a single container."""
    with pytest.raises(BadRequestKeyError):
        both["z"]
    assert both.get("z") is None
    assert both.get("z", "d") == "d"
    assert both.getlist("z") == []


def test_types(both: CombinedMultiDict[str, str]) -> None:
    """If a value cannot be converted, the value of the next container is used."""
    assert assert_type(both.get("b", 0, type=int), int) == 5
    assert both.get("a", type=int) == 1
    assert both.get("b", 0, type=lambda value: len(None)) == 0  # type: ignore[arg-type]
    assert assert_type(both.getlist("b", type=int), list[int]) == [5]


def test_it_is_live() -> None:
    """A change of a container is visible in the combined object."""
    one: MultiDict[str, str] = MultiDict()
    both = CombinedMultiDict([one])
    assert not both
    one.add("a", "1")
    assert both.getlist("a") == ["1"]
    assert both


def test_plain_mappings_will_do() -> None:
    """A plain mapping can be one of the containers; each of its keys has one value."""
    both = CombinedMultiDict([{"a": "1"}, MultiDict([("a", "2")])])
    assert both.getlist("a") == ["1", "2"]
    assert list(both.items(multi=True)) == [("a", "1"), ("a", "2")]


def test_a_list_in_a_plain_mapping_is_one_value() -> None:
    """A list as the value of a plain mapping is that value, however it is asked for."""
    both = CombinedMultiDict([{"a": ["1", "2"]}, MultiDict([("a", ["3"])])])
    assert both["a"] == both.get("a") == both.copy()["a"] == both.to_dict()["a"] == ["1", "2"]
    assert both.getlist("a") == both.copy().getlist("a") == [["1", "2"], ["3"]]
    assert list(both.items(multi=True)) == [("a", ["1", "2"]), ("a", ["3"])]
    assert both.lists() == [("a", [["1", "2"], ["3"]])]


def test_copies(both: CombinedMultiDict[str, str]) -> None:
    """``copy()`` gives a MultiDict of all pairs. A pickle and ``copy.copy()`` give an object of the class."""
    changed = assert_type(both.copy(), MultiDict[str, str])
    assert list(changed.items(multi=True)) == ARGS + FORM
    for again in (copy.copy(both), copy.deepcopy(both), pickle.loads(pickle.dumps(both))):
        assert type(again) is CombinedMultiDict
        assert again == both


def test_union(both: CombinedMultiDict[str, str]) -> None:
    """``|`` gives a view of the same containers and of a copy of the other mapping, whose values are the last ones."""
    more = {"a": "9", "new": "8"}
    union = assert_type(both | more, CombinedMultiDict[str, str])
    more["a"] = "7"
    assert type(union) is CombinedMultiDict
    assert list(union.items(multi=True)) == [*ARGS, *FORM, ("a", "9"), ("new", "8")]
    assert list(both.items(multi=True)) == ARGS + FORM
    with pytest.raises(TypeError):
        both | [("a", "2")]  # type: ignore[operator]  # pyright: ignore[reportUnusedExpression, reportOperatorIssue]


def test_equality(both: CombinedMultiDict[str, str]) -> None:
    """Objects are equal if they have the same keys with the same lists of values."""
    assert both == MultiDict(ARGS + FORM)
    assert MultiDict(ARGS + FORM) == both
    assert both == CombinedMultiDict([MultiDict(ARGS + FORM)])
    assert both != CombinedMultiDict([MultiDict(FORM + ARGS)])
    assert both != dict(both)
    assert CombinedMultiDict([{"a": "1"}]) == {"a": "1"}
    with pytest.raises(TypeError, match="unhashable"):
        hash(both)


def test_text(both: CombinedMultiDict[str, str]) -> None:
    """``repr()`` of a CombinedMultiDict shows its containers."""
    assert repr(both) == f"CombinedMultiDict([ImmutableMultiDict({ARGS!r}), ImmutableMultiDict({FORM!r})])"


def test_json_does_not_take_it_for_an_empty_dict(both: CombinedMultiDict[str, str]) -> None:
    """``json.dumps()`` raises TypeError, because the object is not a dict. It does not give ``{}``."""
    with pytest.raises(TypeError):
        json.dumps(both)
    assert json.loads(json.dumps(both.to_dict())) == dict(both)
