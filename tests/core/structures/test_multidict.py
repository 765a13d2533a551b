"""The MultiDict classes: several values per key."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any, assert_type

import pytest
import werkzeug.datastructures as werkzeug

from cardan.core._exceptions import BadRequest, BadRequestKeyError
from cardan.core.structures import (
    CombinedMultiDict,
    Headers,
    ImmutableDict,
    ImmutableMultiDict,
    ImmutableOrderedMultiDict,
    ImmutableTypeConversionDict,
    MultiDict,
    OrderedMultiDict,
    TypeConversionDict,
)

PAIRS = [("a", "1"), ("b", "x"), ("a", "2"), ("c", "3"), ("b", "y"), ("a", "1")]
KINDS: list[type[MultiDict[str, str]]] = [MultiDict, ImmutableMultiDict, OrderedMultiDict, ImmutableOrderedMultiDict]
IMMUTABLE = [ImmutableMultiDict, ImmutableOrderedMultiDict]

Kind = type[MultiDict[str, str]]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    made: Kind = request.param
    return made


@pytest.mark.parametrize(
    "source", [list, iter, MultiDict, ImmutableMultiDict, lambda pairs: CombinedMultiDict([MultiDict(pairs)])]
)
def test_pairs_keep_their_order(kind: Kind, source: Callable[[Any], Any]) -> None:
    """``items(multi=True)`` gives the pairs in their original order, even if the keys alternate."""
    assert list(kind(source(PAIRS)).items(multi=True)) == PAIRS
    assert list(kind._from_pairs(PAIRS).items(multi=True)) == PAIRS


@pytest.mark.parametrize(
    "source",
    [{"a": ["1", "2", "1"], "b": ("x", "y"), "c": "3"}, {"a": ["1", "2", "1"], "b": ["x", "y"], "c": {"3"}, "d": []}],
)
def test_mappings(kind: Kind, source: Any) -> None:
    """A list, tuple or set as a value stands for several values; an empty one gives no pair."""
    made = kind(source)
    assert made == MultiDict(PAIRS)
    assert "d" not in made


def test_foreign_multidicts(kind: Kind) -> None:
    """All values of the multi-dicts of Django (which have only ``lists()``) and Werkzeug are taken."""

    class Foreign(dict[str, str]):
        def lists(self) -> list[tuple[str, list[str]]]:
            return [("a", ["1", "2"]), ("b", ["3"])]

    pairs = [("a", "1"), ("a", "2"), ("b", "3")]
    for foreign in (Foreign(), werkzeug.MultiDict(pairs), werkzeug.CombinedMultiDict([werkzeug.MultiDict(pairs)])):
        assert list(kind(foreign).items(multi=True)) == pairs


def test_other_sources(kind: Kind) -> None:
    """Headers give all their fields. Nothing gives an empty object."""
    assert list(kind(Headers([("A", "1"), ("A", "2")])).items(multi=True)) == [("A", "1"), ("A", "2")]
    assert list(kind()) == list(kind(())) == list(kind({})) == []
    assert list(kind(TypeConversionDict(a="text")).items(multi=True)) == [("a", "text")]


def test_reading(kind: Kind) -> None:
    """The object is a dict of first values, and also gives the other values."""
    d = kind(PAIRS)
    assert d["a"] == d.get("a") == "1"
    assert d.getlist("a") == ["1", "2", "1"]
    assert list(d) == list(d.keys()) == ["a", "b", "c"]
    assert list(d.values()) == ["1", "x", "3"]
    assert list(d.items()) == [("a", "1"), ("b", "x"), ("c", "3")]
    assert d.lists() == [("a", ["1", "2", "1"]), ("b", ["x", "y"]), ("c", ["3"])]
    assert d.listvalues() == [["1", "2", "1"], ["x", "y"], ["3"]]
    assert len(d) == 3
    assert "a" in d
    assert "z" not in d
    assert list(reversed(d)) == ["c", "b", "a"]


def test_lists_are_copies(kind: Kind) -> None:
    """A list that a method returns is a copy: a change of it does not change the object."""
    for d in (kind(PAIRS), kind({"a": "1"})):
        d.getlist("a").append("9")
        d.lists()[0][1].append("9")
        assert "9" not in d.getlist("a")


def test_to_dict(kind: Kind) -> None:
    """``to_dict()`` gives plain dicts of first values or of lists. ``dict()`` and ``**`` give first values."""
    d = kind(PAIRS)
    assert assert_type(d.to_dict(), dict[str, str]) == {"a": "1", "b": "x", "c": "3"}
    assert assert_type(d.to_dict(flat=False), dict[str, list[str]]) == dict(d.lists())
    assert dict(d) == {**d} == d.to_dict()
    assert type(d.to_dict()) is dict
    assert json.loads(json.dumps(d)) == d.to_dict()


def test_missing_keys(kind: Kind) -> None:
    """``d[key]`` raises a KeyError that becomes a 400 response and names the key. ``get()`` and ``getlist()`` do not
    raise.
    """
    for d in (kind(), kind(PAIRS)):
        with pytest.raises(BadRequestKeyError) as caught:
            d["z"]
        assert isinstance(caught.value, KeyError)
        assert isinstance(caught.value, BadRequest)
        assert caught.value.key == "z"
        assert d.get("z") is None
        assert d.get("z", "d") == "d"
        assert d.getlist("z") == []


def test_types(kind: Kind) -> None:
    """``type=`` converts the value. ValueError and TypeError give the default; other exceptions reach the caller."""
    d = kind([("page", "2"), ("q", "x"), ("page", "y"), ("page", "4")])
    assert assert_type(d.get("page", 1, type=int), int) == 2
    assert assert_type(d.get("page", type=int), int | None) == 2
    assert assert_type(d.get("q"), str | None) == "x"
    assert assert_type(d.get("q", ""), str) == "x"
    assert assert_type(d.get("q", None), str | None) == "x"
    assert d.get("q", 1, type=int) == 1
    assert d.get("q", 1, int) == 1
    assert d.get("z", 1, type=int) == 1
    assert d.get("q", 1, type=lambda value: value + 1) == 1  # type: ignore[operator]
    assert assert_type(d.getlist("page", type=int), list[int]) == [2, 4]
    assert kind({"a": "1"}).getlist("a", int) == [1]
    with pytest.raises(ZeroDivisionError):
        d.get("q", type=lambda value: 1 // 0)


class Mine(MultiDict[str, str]):
    """A subclass without slots."""


@pytest.mark.parametrize("cls", [*KINDS, Mine])
@pytest.mark.parametrize("pairs", [PAIRS, [("a", "1"), ("b", "2")], []])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(cls: Kind, pairs: list[tuple[str, str]], protocol: int) -> None:
    """A pickle keeps the class, the pairs and their order."""
    d = cls(pairs)
    again = pickle.loads(pickle.dumps(d, protocol))
    assert type(again) is cls
    assert again == d
    assert list(again.items(multi=True)) == pairs


def test_copies(kind: Kind) -> None:
    """``copy()`` gives an object that can be changed, ``copy.copy()`` of an immutable object gives the object itself,
    and a deep copy copies the values.
    """
    value: list[str] = []
    made: Any = kind
    d: MultiDict[str, Any] = made([("a", value), ("b", "1"), ("a", "2")])
    shallow, deep = d.copy(), copy.deepcopy(d)
    assert shallow == d == deep == d.deepcopy()
    assert type(deep) is kind
    values: list[Any] = [d["a"], shallow["a"], deep["a"]]
    assert [one is value for one in values] == [True, True, False]
    shallow["a"] = "9"
    shallow.add("d", "5")
    assert d.getlist("a") == [value, "2"]
    assert (copy.copy(d) is d) is issubclass(kind, ImmutableMultiDict)
    assert copy.copy(d) == d


def test_copies_of_immutable_ones_can_be_changed() -> None:
    """``copy()`` of each immutable class gives an object of the mutable class beside it."""
    assert type(ImmutableMultiDict(PAIRS).copy()) is MultiDict
    assert type(ImmutableOrderedMultiDict(PAIRS).copy()) is OrderedMultiDict


def test_equality(kind: Kind) -> None:
    """Objects are equal if they have the same keys with the same lists of values."""
    d = kind(PAIRS)
    assert d == kind(PAIRS)
    assert not d != kind(PAIRS)  # noqa: SIM202  # both operators are meant
    assert d != kind(PAIRS[:-1])
    assert d != kind([("a", "2"), *PAIRS[1:2], ("a", "1"), *PAIRS[3:]])
    assert d != PAIRS
    assert kind() == kind()


def test_equality_with_dicts(kind: Kind) -> None:
    """A plain dict has one value per key. It is equal if the object has no other values."""
    assert kind([("a", "1"), ("b", "2")]) == {"b": "2", "a": "1"}
    assert {"a": "1"} == kind([("a", "1")])  # noqa: SIM300  # both sides are meant
    assert kind([("a", "1"), ("a", "2")]) != {"a": "1"}
    assert {"a": "1"} != kind([("a", "1"), ("a", "2")])  # noqa: SIM300
    assert kind([("a", "1")]) != {"a": "2"}


def test_order_counts_for_ordered_ones_alone() -> None:
    """Two ordered objects are equal only if all pairs are in the same order. For others only the order of the values
    of one key matters.
    """
    turned = [("b", "x"), ("a", "1"), ("a", "2"), ("a", "1"), ("b", "y"), ("c", "3")]
    for one in (OrderedMultiDict, ImmutableOrderedMultiDict):
        for other in (OrderedMultiDict, ImmutableOrderedMultiDict):
            assert one(PAIRS) == other(PAIRS)
            assert one(PAIRS) != other(turned)
        assert one(PAIRS) == MultiDict(turned) == one(turned)
    assert MultiDict(PAIRS) == MultiDict(turned)


def test_hashing() -> None:
    """Immutable objects are hashable, and equal ones have the same hash."""
    one = ImmutableMultiDict(PAIRS)
    turned = ImmutableMultiDict(sorted(PAIRS, key=lambda pair: pair[0], reverse=True))
    # the sort is stable, so that the order of the values of one key stays
    assert one == turned
    assert hash(one) == hash(turned) == hash(ImmutableOrderedMultiDict(PAIRS))
    assert len({one, turned, ImmutableMultiDict()}) == 2
    for kind in (MultiDict, OrderedMultiDict):
        with pytest.raises(TypeError, match="unhashable"):
            hash(kind())


@pytest.mark.parametrize("pairs", [[], [("a", "1")], [("a", 1), ("b", (2, 3))]])
def test_equal_objects_of_all_immutable_classes_have_the_same_hash(pairs: list[tuple[str, Any]]) -> None:
    """A dict with one value for each key is equal to a plain one. As keys of a dict they are then the same key."""
    classes: list[Any] = [ImmutableMultiDict, ImmutableOrderedMultiDict, ImmutableTypeConversionDict, ImmutableDict]
    made = [cls(pairs) for cls in classes]
    assert all(one == other for one in made for other in made)
    assert len(set(made)) == 1
    assert ImmutableMultiDict([("a", 1), ("a", 2)]) != ImmutableMultiDict([("a", (1, 2))])


CHANGES: list[Callable[[Any], object]] = [
    lambda d: d.__setitem__("a", "b"),
    lambda d: d.__delitem__("a"),
    lambda d: d.__ior__({"a": "b"}),
    lambda d: d.add("a", "b"),
    lambda d: d.clear(),
    lambda d: d.pop("a"),
    lambda d: d.pop("z", None),
    lambda d: d.popitem(),
    lambda d: d.popitemlist(),
    lambda d: d.poplist("a"),
    lambda d: d.setdefault("a", "b"),
    lambda d: d.setlist("a", []),
    lambda d: d.setlistdefault("a", []),
    lambda d: d.update({}),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("cls", [*IMMUTABLE, CombinedMultiDict])
def test_immutable_ones_refuse(cls: Any, change: Callable[[Any], object]) -> None:
    """Every method that changes an immutable object raises TypeError, and the error text names ``copy()``."""
    d = cls(PAIRS) if cls is not CombinedMultiDict else cls([MultiDict(PAIRS)])
    with pytest.raises(TypeError, match=rf"^{cls.__name__} cannot be changed; change its copy\(\)$"):
        change(d)
    assert list(d.items(multi=True)) == PAIRS


def test_set_and_delete() -> None:
    """A new value replaces all values of its key, in the place of the first one. ``del`` removes all values of the
    key.
    """
    d = MultiDict(PAIRS)
    d["a"] = "9"
    assert list(d.items(multi=True)) == [("a", "9"), ("b", "x"), ("c", "3"), ("b", "y")]
    del d["b"]
    d["d"] = "4"
    assert list(d.items(multi=True)) == [("a", "9"), ("c", "3"), ("d", "4")]
    with pytest.raises(KeyError):
        del d["z"]


def test_add_and_setlist() -> None:
    """``add()`` adds a value at the end. ``setlist()`` puts the first value in the place of the key and the others at
    the end; no values remove the key.
    """
    d = MultiDict({"a": "1", "b": "2"})
    d.add("c", "3")
    d.add("a", "4")
    assert list(d.items(multi=True)) == [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")]
    d.setlist("a", iter(["5", "6"]))
    assert list(d.items(multi=True)) == [("a", "5"), ("b", "2"), ("c", "3"), ("a", "6")]
    d.setlist("a", [])
    d.setlist("z", [])
    assert list(d.items(multi=True)) == [("b", "2"), ("c", "3")]


def test_defaults() -> None:
    """``setdefault()`` and ``setlistdefault()`` set a missing key, and return the value in any case."""
    d: MultiDict[str, Any] = MultiDict({**MultiDict(PAIRS).to_dict(flat=False)})
    assert d.setdefault("a", "9") == "1"
    assert d.setdefault("d", "9") == "9"
    assert d.setdefault("e") is None
    assert d.setlistdefault("a", ["9"]) == ["1", "2", "1"]
    assert d.setlistdefault("f", ["7", "8"]) == d.getlist("f") == ["7", "8"]
    assert d.setlistdefault("g") == []
    assert "g" not in d


def test_update_adds() -> None:
    """``update()`` adds values and replaces none, as in Werkzeug."""
    d = MultiDict({"a": "1"})
    d.update({"a": ["2", "3"], "b": "4"}, c="5")
    d.update([("a", "6")])
    d.update(MultiDict([("a", "7"), ("a", "8")]))
    d |= {"a": "9"}
    assert d.getlist("a") == ["1", "2", "3", "6", "7", "8", "9"]
    assert list(d) == ["a", "b", "c"]
    d.update(d)
    assert len(d.getlist("a")) == 14


def test_union(kind: Kind) -> None:
    """``|`` gives an updated object of the same class, and accepts only mappings."""
    d = kind([("a", "1")])
    both = d | {"a": "2", "b": "3"}
    assert type(both) is kind
    assert list(both.items(multi=True)) == [("a", "1"), ("a", "2"), ("b", "3")]
    assert list(d.items(multi=True)) == [("a", "1")]
    with pytest.raises(TypeError):
        d | [("a", "2")]  # type: ignore[operator]  # pyright: ignore[reportUnusedExpression, reportOperatorIssue]
    assert {"a": "0"} | d == {"a": "1"}


def test_pop() -> None:
    """``pop()`` returns the first value and removes all values of the key."""
    d = MultiDict(PAIRS)
    assert assert_type(d.pop("a"), str) == "1"
    assert assert_type(d.pop("a", None), str | None) is None
    assert d.pop("a", "d") == "d"
    with pytest.raises(BadRequestKeyError):
        d.pop("a")
    assert d.poplist("b") == ["x", "y"]
    assert d.poplist("b") == []
    assert list(d.items(multi=True)) == [("c", "3")]


def test_popitem() -> None:
    """``popitem()`` and ``popitemlist()`` remove the last key with all its values."""
    d = MultiDict(PAIRS)
    assert d.popitem() == ("c", "3")
    assert d.popitemlist() == ("b", ["x", "y"])
    d.clear()
    assert list(d.items(multi=True)) == []
    for pop in (d.popitem, d.popitemlist):
        with pytest.raises(KeyError, match="there are no keys"):
            pop()
    d.add("a", "1")
    assert d.getlist("a") == ["1"]


def test_fromkeys(kind: Kind) -> None:
    """``fromkeys()`` works as that of dict, in immutable classes too."""
    made = kind.fromkeys("ab", "1")
    assert type(made) is kind
    assert made == {"a": "1", "b": "1"}


def test_text(kind: Kind) -> None:
    """``repr()`` shows all pairs and gives an expression that makes an equal object."""
    assert repr(kind(PAIRS)) == f"{kind.__name__}({PAIRS!r})"
    assert eval(repr(kind(PAIRS))) == kind(PAIRS)


def test_work_is_linear(assert_linear: Callable[..., None]) -> None:
    """Every operation on a whole object takes linear time, for many values of one key and for many keys."""
    shapes: list[Callable[[int], list[tuple[str, str]]]] = [
        lambda n: [("a", "1")] * n,
        lambda n: [(f"k{i}", "1") for i in range(n)],
        lambda n: [(f"k{i % (n // 2)}", "1") for i in range(n)],
    ]

    def rewrite(d: MultiDict[str, str]) -> None:
        for key in list(d):
            d[key] = "2"
            d.add(key, "3")
            d.setlist(key, ["4", "5"])
        for key in list(d):
            d.pop(key)

    calls: list[Callable[[MultiDict[str, str]], object]] = [
        lambda d: [d.getlist(key) for key in d],
        lambda d: (d.lists(), d.to_dict(flat=False), list(d.items(multi=True))),
        lambda d: d == d.copy(),
        lambda d: [d.popitemlist() for _ in range(len(d))],
        rewrite,
    ]
    for shape in shapes:
        assert_linear(shape, MultiDict)
        for call in calls:
            assert_linear(lambda n, shape=shape: MultiDict(shape(n)), call)
