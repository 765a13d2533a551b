"""The names and values that header fields can contain."""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.structures import _header_rules as header_rules
from cardan.core.structures._header_rules import (
    environ_key,
    environ_title,
    field_name,
    field_value,
    remember,
    wire_name,
)


@pytest.mark.parametrize("name", ["X", "Content-Type", "!#$%&'*+-.^_`|~0Az", "x" * 500])
def test_a_token_is_a_name(name: str) -> None:
    """A field name is a token (RFC 9110 section 5.1) and keeps its case."""
    assert field_name(name) == name
    assert field_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", "A B", "A:", "A\r\nB", "A\n", "A\0", "\xe9", "A(", "A/B", "A,B", "\u0130", "[x]", "A\t", '"a"']
)
def test_no_token_is_no_name(name: str) -> None:
    """A name that is not a token is refused, wherever the invalid character is."""
    with pytest.raises(ValueError, match=r"^got field name .*, expected a token"):
        field_name(name)


@pytest.mark.parametrize("name", [b"X", None, 5, ["X"], {}])
def test_a_name_is_text(name: Any) -> None:
    """A name that is not a str raises TypeError, bytes included, because their encoding is unknown."""
    with pytest.raises(TypeError, match=re.escape(f"got a field name of type {type(name).__name__}, expected str")):
        field_name(name)


@pytest.mark.parametrize("value", ["", "a", "a b\tc", "\xe9\xff\x80", "\x85\x9f"])
def test_values_are_kept(value: str) -> None:
    """The tab, visible characters and every byte beyond ASCII are kept (RFC 9110 section 5.5, obs-text)."""
    assert field_value("X", value) == value


@pytest.mark.parametrize("char", [*map(chr, [*range(9), *range(10, 32), 127])], ids=ascii)
@pytest.mark.parametrize("value", ["{}", "a{}", "{}b", "a{}b", "\xe9{}\t", "a\t{}"])
def test_control_characters_are_refused(value: str, char: str) -> None:
    """Control characters other than the tab are refused (RFC 9110 section 5.5), even at the end of a value."""
    value = value.format(char)
    with pytest.raises(ValueError, match=re.escape(f"got {value!r} for X, expected no control characters")):
        field_value("X", value)


@pytest.mark.parametrize("value", ["\u0100", "a\u20ac", "\U0001f600", "\udc80"])
def test_values_beyond_latin_1_are_refused(value: str) -> None:
    """A character above U+00FF is refused when it is set: a field contains bytes, and no encoding is agreed for it."""
    with pytest.raises(ValueError, match=r"expected characters up to U\+00FF"):
        field_value("X", value)


@pytest.mark.parametrize(("value", "expected"), [(" a", "a"), ("a \t", "a"), ("\t", ""), ("\xa0a\xa0", "\xa0a\xa0")])
def test_white_space_around_a_value_is_not_part_of_it(value: str, expected: str) -> None:
    """Spaces and tabs around a value are removed (RFC 9110 section 5.5); other white space is kept."""
    assert field_value("X", value) == expected


@pytest.mark.parametrize("name", ["Location", "location", "Content-Location"])
@pytest.mark.parametrize(("iri", "uri"), [("/€?a=ü", "/%E2%82%AC?a=%C3%BC"), ("//ü.de/é", "//xn--tda.de/%C3%A9")])
def test_urls_are_converted(name: str, iri: str, uri: str) -> None:
    """The value of Location and Content-Location is a URI (RFC 9110 sections 8.7 and 10.2.2): an IRI is converted."""
    assert field_value(name, iri) == uri
    with pytest.raises(ValueError, match=r"expected text without lone surrogates$"):
        field_value(name, "/\ud800")


class Colour(StrEnum):
    RED = "red"


class Code(IntEnum):
    OK = 200


class Markup(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "not this"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (-1, "-1"), (10**30, "1" + "0" * 30), (Colour.RED, "red"), (Code.OK, "200"), (Markup("m"), "m")],
)
def test_ints_and_kinds_of_str_are_taken(value: Any, expected: str) -> None:
    """An int is written in decimal digits. An object of a subclass of str becomes a plain str with the same text."""
    result = field_value("X", value)
    assert result == expected
    assert type(result) is str


@pytest.mark.parametrize("value", [True, False, 1.5, b"a", None, ["a"], object()])
def test_other_types_are_refused(value: Any) -> None:
    """Other types are refused: "True", "b'a'" and "None" are never the intended text."""
    with pytest.raises(TypeError, match=r"^got a value of type .* for X-A, expected str or int$"):
        field_value("X-A", value)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Host", "HTTP_HOST"),
        ("x-forwarded-for", "HTTP_X_FORWARDED_FOR"),
        ("content-type", "CONTENT_TYPE"),
        ("Content-LENGTH", "CONTENT_LENGTH"),
        ("X_Forwarded_For", ""),
        ("Content_Type", ""),
        ("", ""),
    ],
)
def test_environ_keys(name: str, key: str) -> None:
    """A field name has a key in the environ (RFC 3875 section 4.1.18). A name with an underscore has none."""
    assert environ_key(name) == key


@given(st.text(alphabet="abcXYZ-09", min_size=1))
def test_titles_of_both_protocols_are_equal(name: str) -> None:
    """The name in Title-Case is the same on both protocols."""
    assert environ_title(environ_key(name)) == header_rules.wire_title(wire_name(name))


def test_memos_are_bounded() -> None:
    """The memos of names are bounded in their number of entries and in the length of a name, because clients choose
    names.
    """
    memo: dict[str, int] = {}
    for number in range(header_rules.MEMO_ENTRIES * 3):
        assert remember(memo, f"X-{number}", number) == number
        assert len(memo) <= header_rules.MEMO_ENTRIES
    memo.clear()
    remember(memo, "x" * (header_rules.MEMO_NAME_LENGTH + 1), 1)
    assert memo == {}


def test_a_name_of_a_subclass_of_str_is_not_kept() -> None:
    """Servers check that names and values are str, and no subclass of it: what is sent is a str."""

    class Name(str):
        __slots__ = ()

    header_rules._known_names.pop("X-Sub", None)
    assert [type(header_rules.field_name(name)) for name in (Name("X-Sub"), Name("X-Sub"), "X-Sub")] == [str] * 3
    assert type(header_rules.field_value("X", Name("a"))) is str


@pytest.mark.parametrize(("size", "kept"), [(64, True), (65, False)])
def test_long_names_are_not_remembered(size: int, kept: bool) -> None:
    """A memo holds names of at most 64 characters."""
    memo: dict[str, int] = {}
    assert header_rules.remember(memo, "x" * size, 1) == 1
    assert (len(memo) == 1) is kept


def test_a_full_memo_is_emptied() -> None:
    """A memo holds at most 1024 names: the next one empties it first."""
    memo = {f"x{number}": 1 for number in range(1023)}
    header_rules.remember(memo, "a", 1)
    assert len(memo) == 1024
    header_rules.remember(memo, "b", 1)
    assert memo == {"b": 1}
