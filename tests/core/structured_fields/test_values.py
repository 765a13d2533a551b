"""Items, inner lists, tokens and display strings: values that cannot be changed, compared by what they say."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import pytest

from cardan.structured import DisplayString, InnerList, Item, Token, parse_list

VALUES = [
    Item(1),
    Item("a", {"b": Token("c")}),
    Item(DisplayString("ü")),
    InnerList(),
    InnerList([Item(1, {"x": b"y"}), Token("z")], {"q": Decimal("0.5")}),
    Token("a/b"),
    DisplayString("ü"),
    parse_list("(a;b=1 c);d, 5;e")[0],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_copies_and_pickles(value: object) -> None:
    """A value can be copied and pickled with every protocol; the copy is equal and of the same type."""
    copies = [copy.copy(value), copy.deepcopy(value)]
    copies += [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in copies:
        assert type(other) is type(value)
        assert other == value
        assert hash(other) == hash(value)
        assert repr(other) == repr(value)


def test_values_that_differ() -> None:
    """Values that are written differently are different, although ``1 == True == 1.0`` in Python."""
    texts = [Item(1), Item(True), Item(1.0), Item("a"), Item(Token("a")), Item(DisplayString("a")), Item(b"a"), Item(0)]
    assert len(set(texts)) == len(texts)
    assert Item(1, {"a": 1}) != Item(1)
    assert Item(1, {"a": 1}) != Item(1, {"a": True})
    assert Item(1, {"a": 1, "b": 2}) != Item(1, {"b": 2, "a": 1})  # a map of the RFC has an order
    assert InnerList([1]) != InnerList([1, 1])
    assert Item(1) != 1
    assert InnerList([1]) != Item(1)


def test_what_reading_folds_constructing_folds() -> None:
    """A constructor gives the value that reading the written field gives: rounded, in UTC, of the exact type."""
    assert Item(1.23456).value == Decimal("1.235")
    assert type(Item(bytearray(b"a")).value) is bytes
    assert repr(Item(Token("a"))) == "Item(Token('a'))"
    assert repr(InnerList(["a"], {"b": True})) == "InnerList([Item('a')], {'b': True})"
    assert InnerList(["a", Item(1)]).values == ("a", 1)
    assert InnerList(["a", Item(1)]).items == (Item("a"), Item(1))


@pytest.mark.parametrize("name", ["value", "params", "other"])
def test_items_cannot_be_changed(name: str) -> None:
    """An item has no attribute that can be set."""
    with pytest.raises(AttributeError):
        setattr(Item(1), name, 2)


@pytest.mark.parametrize("items", ["abc", b"abc", bytearray(b"abc"), memoryview(b"abc"), {"a": 1}])
def test_text_is_no_inner_list(items: str | bytes) -> None:
    """Text, bytes or a mapping given for the items would be taken apart; it is an error."""
    with pytest.raises(TypeError, match="as the items of an inner list, expected a list of items"):
        InnerList(items)  # type: ignore[arg-type]
