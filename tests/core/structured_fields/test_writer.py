"""Structured fields are written as RFC 9651 section 4.1 says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.structured import (
    DisplayString,
    InnerList,
    Item,
    Token,
    dump_dictionary,
    dump_item,
    dump_list,
    parse_dictionary,
    parse_item,
    parse_list,
)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (42, "42"),
        (-42, "-42"),
        (0, "0"),
        (999999999999999, "999999999999999"),
        (Level.HIGH, "3"),
        (4.5, "4.5"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (-0.0, "0.0"),  # only a number below zero has a sign, section 4.1.5
        (Decimal("-0.0004"), "0.0"),
        (1e-9, "0.0"),
        (Decimal("1.0005"), "1.0"),  # half to even, section 4.1.5
        (Decimal("1.0015"), "1.002"),
        (Decimal("1.00251"), "1.003"),
        (1.0005, "1.0"),
        (Decimal("-1.0015"), "-1.002"),
        (Decimal(7), "7.0"),
        (Decimal("1E+3"), "1000.0"),
        (Decimal("999999999999.9994"), "999999999999.999"),
        ("", '""'),
        ("hello", '"hello"'),
        ('a "b" \\ c', '"a \\"b\\" \\\\ c"'),
        (Colour.RED, '"red"'),
        (Token("text/html"), "text/html"),
        (Token("*"), "*"),
        (b"", "::"),
        (b"hello", ":aGVsbG8=:"),
        (bytearray(b"hello"), ":aGVsbG8=:"),
        (memoryview(b"\xff\xe0!"), ":/+Ah:"),
        (True, "?1"),
        (False, "?0"),
        (datetime(2022, 8, 4, 1, 57, 13, tzinfo=UTC), "@1659578233"),
        (datetime(2022, 8, 4, 1, 57, 13), "@1659578233"),
        (datetime(2022, 8, 4, 3, 57, 13, 999, tzinfo=timezone(timedelta(hours=2))), "@1659578233"),
        (datetime(1969, 12, 31, 23, 59, 58, 500, tzinfo=UTC), "@-2"),
        (DisplayString('füü 100% "x"\n'), '%"f%c3%bc%c3%bc 100%25 %22x%22%0a"'),
        (DisplayString(""), '%""'),
        (DisplayString("\U0001f4a9"), '%"%f0%9f%92%a9"'),
        (Item("a", {"b": 1, "c": True, "d": False, "e": 1.5}), '"a";b=1;c;d=?0;e=1.5'),
        (Item(True, {"a": Token("x")}), "?1;a=x"),
    ],
)
def test_items(value: Any, text: str) -> None:
    """Every kind of bare item is written as its section says, and what was written reads back equal."""
    assert dump_item(value) == text
    item = value if isinstance(value, Item) else Item(value)
    assert str(item) == item.to_header() == text
    assert parse_item(text) == item
    assert type(parse_item(text).value) is type(item.value)


@pytest.mark.parametrize(
    "value",
    [
        10**15, -(10**15), 10**400, float("nan"), float("inf"), 1e12, -1e12, Decimal("NaN"), Decimal("sNaN"),
        Decimal("Infinity"), Decimal("999999999999.9995"), Decimal("1E+400"), "ü", "a\n", "\x7f", "a\0", "\ud800",
    ],
)  # fmt: skip
def test_values_that_cannot_be_written(value: Any) -> None:
    """A value that section 4.1 does not let be written raises ValueError where it is made."""
    for make in (Item, dump_item, lambda v: InnerList([v]), lambda v: dump_list([v]), lambda v: Item(1, {"a": v})):
        with pytest.raises(ValueError, match=r"got .* in a structured field, expected "):
            make(value)


@pytest.mark.parametrize(
    "when",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime.max.replace(tzinfo=timezone(-timedelta(1) / 2)),
    ],
)
def test_times_beyond_the_years_of_a_date(when: datetime) -> None:
    """A time that is not in the years 1 to 9999 of UTC cannot be read back, and raises ValueError (section 3.3.7)."""
    for make in (Item, dump_item, lambda v: Item(1, {"a": v})):
        with pytest.raises(ValueError, match="expected a date in the years 1 to 9999"):
            make(when)


@pytest.mark.parametrize("kind", [Token, DisplayString])
def test_classes_of_a_program(kind: type[str]) -> None:
    """A value of a class that a program derives from Token or DisplayString is written and kept as one of these."""

    class Own(kind):  # type: ignore[misc, valid-type]
        pass

    for value in (dump_item(Own("a")), dump_item(Item(1, {"p": Own("a")})), dump_list([Own("a")])):
        assert dump_item(kind("a")) in value
    assert type(Item(Own("a")).value) is kind


@pytest.mark.parametrize("params", [[("a", 1)], "a", None, 5])
def test_what_is_no_mapping_of_parameters(params: Any) -> None:
    """Parameters are given as a mapping."""
    for make in (Item, lambda value, params: InnerList([value], params)):
        with pytest.raises(TypeError, match=r"got .* as the parameters of a structured field, expected a mapping"):
            make(1, params)


@pytest.mark.parametrize("value", [None, object(), 1j, date(2026, 1, 1), {"a": 1}, {1}, range(2)])
def test_values_of_other_types(value: Any) -> None:
    """A value of a type that the RFC does not have raises TypeError, which names the types."""
    for make in (Item, dump_item, lambda v: InnerList([v]), lambda v: dump_list([v]), lambda v: Item(1, {"a": v})):
        with pytest.raises(TypeError, match=r"got .* in a structured field, expected an int, Decimal"):
            make(value)


@pytest.mark.parametrize("key", ["", "A", "1", "a b", "a=", "é", "-a", ".a", "a\n"])
def test_keys(key: str) -> None:
    """A key begins with a small letter or an asterisk; other text raises ValueError (section 4.1.1.3)."""
    with pytest.raises(ValueError, match=r"got key .* of a structured field, expected a small letter"):
        dump_dictionary({key: 1})
    with pytest.raises(ValueError, match=r"got key .* of a structured field, expected a small letter"):
        Item(1, {key: 1})
    with pytest.raises(TypeError, match="got key 1 of a structured field, expected a str"):
        dump_dictionary({1: 1})  # type: ignore[dict-item]


def test_lists() -> None:
    """Members are separated by a comma and a space; a list or a tuple is an inner list (section 4.1.1)."""
    assert dump_list([]) == ""
    assert dump_list([Token("a"), "b", 1]) == 'a, "b", 1'
    assert dump_list(iter([(), [1, Item(2, {"a": True})]])) == "(), (1 2;a)"
    assert dump_list([InnerList([Token("x")], {"q": 0.5}), Item(False)]) == "(x);q=0.5, ?0"


def test_dictionaries() -> None:
    """A true Boolean is its key alone, with its parameters (section 4.1.2)."""
    assert dump_dictionary({}) == ""
    assert dump_dictionary({"a": True, "b": False, "c": Item(True, {"x": 1})}) == "a, b=?0, c;x=1"
    assert dump_dictionary({"geolocation": (), "camera": (Token("self"), "https://a.example")}) == (
        'geolocation=(), camera=(self "https://a.example")'
    )


@pytest.mark.parametrize("value", ["abc", b"abc", bytearray(b"abc"), memoryview(b"abc"), {"a": 1}, Item(1)])
def test_what_is_no_list(value: Any) -> None:
    """A str, bytes, a mapping and an Item are no List, although some of them can be iterated."""
    with pytest.raises(TypeError):
        dump_list(value)


@pytest.mark.parametrize("value", ["abc", [("a", 1)], 5, None])
def test_what_is_no_dictionary(value: Any) -> None:
    """A Dictionary is written from a mapping."""
    with pytest.raises(TypeError, match=r"got .* as a Dictionary of a structured field, expected a mapping"):
        dump_dictionary(value)


def test_the_decimal_context_of_the_program_does_not_matter() -> None:
    """A number is written with its digits whatever precision the program calculates with."""
    with localcontext(prec=2):
        assert dump_item(Decimal("123456789012.345")) == "123456789012.345"
        assert parse_item("123456789012.345").value == Decimal("123456789012.345")


bare = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.floats(-999_999_999_999, 999_999_999_999),
    st.decimals(-999_999_999_999, 999_999_999_999, allow_nan=False),
    st.text(st.characters(min_codepoint=32, max_codepoint=126)),
    st.from_regex(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*", fullmatch=True).map(Token),
    st.binary(),
    st.booleans(),
    st.datetimes(timezones=st.just(UTC)),
    st.text(st.characters(exclude_categories=["Cs"])).map(DisplayString),
)
keys = st.from_regex(r"[a-z*][a-z0-9_\-.*]*", fullmatch=True)
params = st.dictionaries(keys, bare, max_size=3)
items = st.builds(Item, bare, params)
members = items | st.builds(InnerList, st.lists(items, max_size=3), params)


@given(items, st.lists(members, max_size=4), st.dictionaries(keys, members, max_size=4))
def test_what_is_written_reads_back(item: Item, one: list[Item | InnerList], many: dict[str, Item | InnerList]) -> None:
    """Every value that the constructors accept is written, and reads back equal, with the types of its values."""
    found = parse_item(dump_item(item))
    assert found == item
    assert type(found.value) is type(item.value)
    assert [(name, type(value), value) for name, value in found.params.items()] == [
        (name, type(value), value) for name, value in item.params.items()
    ]
    assert list(parse_list(dump_list(one))) == one
    assert list(parse_dictionary(dump_dictionary(many)).items()) == list(many.items())
