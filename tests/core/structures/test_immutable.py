"""Lists and dicts that cannot be changed, and dicts whose get() converts."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any, assert_type

import pytest

from cardan.core.structures import ImmutableDict, ImmutableList, ImmutableTypeConversionDict, TypeConversionDict

DICTS: list[Any] = [ImmutableDict, ImmutableTypeConversionDict]

LIST_CHANGES: list[Callable[[Any], object]] = [
    lambda x: x.__setitem__(0, 5),
    lambda x: x.__setitem__(slice(0, 1), []),
    lambda x: x.__delitem__(0),
    lambda x: x.__iadd__([1]),
    lambda x: x.__imul__(2),
    lambda x: x.append(1),
    lambda x: x.clear(),
    lambda x: x.extend([]),
    lambda x: x.insert(0, 1),
    lambda x: x.pop(),
    lambda x: x.remove(1),
    lambda x: x.reverse(),
    lambda x: x.sort(key=str),
]
DICT_CHANGES: list[Callable[[Any], object]] = [
    lambda x: x.__setitem__("a", 1),
    lambda x: x.__delitem__("a"),
    lambda x: x.__ior__({}),
    lambda x: x.clear(),
    lambda x: x.pop("a"),
    lambda x: x.popitem(),
    lambda x: x.setdefault("a", 1),
    lambda x: x.update(a=1),
]


@pytest.mark.parametrize("change", LIST_CHANGES)
def test_a_list_that_refuses(change: Callable[[Any], object]) -> None:
    """Every method that changes a list raises TypeError, and the error text names ``copy()``."""
    x = ImmutableList([1, 2])
    with pytest.raises(TypeError, match=r"^ImmutableList cannot be changed; change its copy\(\)$"):
        change(x)
    assert x == [1, 2]


def test_a_list() -> None:
    """In every other respect an ImmutableList is a list. It is hashable."""
    x = ImmutableList([1, 2])
    assert x[0] == 1
    assert x[1:] == [2]
    assert x + [3] == [1, 2, 3]  # noqa: RUF005  # the operator is meant
    assert hash(x) == hash(ImmutableList((1, 2)))
    assert {x: "found"}[ImmutableList([1, 2])] == "found"
    assert type(x.copy()) is list
    assert copy.copy(x) is x
    assert repr(x) == "ImmutableList([1, 2])"
    assert json.dumps(x) == "[1, 2]"
    for again in (copy.deepcopy(x), *[pickle.loads(pickle.dumps(x, p)) for p in range(6)]):
        assert type(again) is ImmutableList
        assert again == x
    with pytest.raises(TypeError):
        hash(ImmutableList([[]]))


@pytest.mark.parametrize("cls", DICTS)
@pytest.mark.parametrize("change", DICT_CHANGES)
def test_dicts_that_refuse(cls: Any, change: Callable[[Any], object]) -> None:
    """Every method that changes a dict raises TypeError, and the error text names ``copy()``."""
    x = cls(a=1)
    with pytest.raises(TypeError, match=rf"^{cls.__name__} cannot be changed; change its copy\(\)$"):
        change(x)
    assert x == {"a": 1}


@pytest.mark.parametrize(("cls", "changed"), [(ImmutableDict, dict), (ImmutableTypeConversionDict, TypeConversionDict)])
def test_dicts(cls: Any, changed: type) -> None:
    """In every other respect the immutable dicts are dicts. They are hashable."""
    x = cls({"a": 1}, b=2)
    assert x == {"a": 1, "b": 2}
    assert hash(x) == hash(cls(b=2, a=1))
    assert {x: "found"}[cls(b=2, a=1)] == "found"
    assert type(x.copy()) is changed
    assert x.copy() == x
    assert copy.copy(x) is x
    assert type(x | {"c": 3}) is cls
    assert x | {"c": 3} == {"a": 1, "b": 2, "c": 3}
    assert cls.fromkeys("ab", 1) == {"a": 1, "b": 1}
    assert type(cls.fromkeys("ab")) is cls
    assert repr(cls(a=1)) == f"{cls.__name__}({{'a': 1}})"
    for again in (copy.deepcopy(x), *[pickle.loads(pickle.dumps(x, p)) for p in range(6)]):
        assert type(again) is cls
        assert again == x
    with pytest.raises(TypeError):
        x | 5  # pyright: ignore[reportUnusedExpression]
    with pytest.raises(KeyError):
        x["z"]


def test_type_conversion() -> None:
    """``type=`` converts the value. ValueError and TypeError give the default; other exceptions reach the caller."""
    for d in (TypeConversionDict(a="1", b="x"), ImmutableTypeConversionDict(a="1", b="x")):
        assert assert_type(d.get("a", 0, type=int), int) == 1
        assert assert_type(d.get("a", type=int), int | None) == 1
        assert assert_type(d.get("a"), str | None) == "1"
        assert assert_type(d.get("a", ""), str) == "1"
        assert d.get("b", 0, type=int) == 0
        assert d.get("b", 0, int) == 0
        assert d.get("z", 0, int) == 0
        assert d.get("b", 0, type=lambda value: value + 1) == 0  # type: ignore[operator]
        with pytest.raises(ZeroDivisionError):
            d.get("a", type=lambda value: 1 // 0)


def test_type_conversion_dicts_copy_as_their_kind() -> None:
    """A copy of a TypeConversionDict, or of an immutable one, is a TypeConversionDict that can be changed."""
    d = TypeConversionDict(a="1")
    for again in (d.copy(), copy.copy(d), copy.deepcopy(d), pickle.loads(pickle.dumps(d))):
        assert type(again) is TypeConversionDict
        again["a"] = "2"
    assert d == {"a": "1"}
    assert repr(d) == "TypeConversionDict({'a': '1'})"


@pytest.mark.parametrize("cls", [*DICTS, TypeConversionDict])
def test_union(cls: Any) -> None:
    """``|`` gives an object of the same class, also of a subclass, and accepts only dicts."""

    class Mine(cls):  # type: ignore[misc]
        pass

    for kind in (cls, Mine):
        both = kind(a=1) | {"a": 2, "b": 3}
        assert (type(both), both) == (kind, {"a": 2, "b": 3})
        with pytest.raises(TypeError, match=r"^unsupported operand type"):
            kind(a=1) | [("a", 2)]  # pyright: ignore[reportUnusedExpression]
