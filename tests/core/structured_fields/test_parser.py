"""Structured fields are parsed as RFC 9651 section 4.2 says, and refused as strictly as it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import http_sf
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


def same(value: object, expected: object) -> bool:
    """Equal and of the same type: ``1``, ``True`` and ``Decimal(1)`` are equal for Python, but not for the RFC."""
    return type(value) is type(expected) and value == expected


ITEMS: dict[str, object] = {
    # integers, section 4.2.4
    "42": 42,
    "0": 0,
    "-0": 0,
    "-42": -42,
    "00042": 42,
    "999999999999999": 999999999999999,
    "-999999999999999": -999999999999999,
    "  1": 1,
    "1  ": 1,
    # decimals
    "4.5": Decimal("4.5"),
    "-4.5": Decimal("-4.5"),
    "1.0": Decimal(1),
    "1.123": Decimal("1.123"),
    "-0.0": Decimal("-0.0"),
    "01.5": Decimal("1.5"),
    "999999999999.999": Decimal("999999999999.999"),
    # strings, section 4.2.5
    '""': "",
    '"hello world"': "hello world",
    r'"a \"b\" \\ c"': r'a "b" \ c',
    r'"\\"': "\\",
    '"\' ~!#[]"': "' ~!#[]",
    '"a, b; c=d (e)"': "a, b; c=d (e)",
    '"%c3"': "%c3",
    # tokens, section 4.2.6
    "foo123/456": Token("foo123/456"),
    "*": Token("*"),
    "*foo": Token("*foo"),
    "a:b/c": Token("a:b/c"),
    "A!#$%&'*+-.^_`|~": Token("A!#$%&'*+-.^_`|~"),
    # byte sequences, section 4.2.7: padding is added, pad bits that are set do not matter
    ":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:": b"pretend this is binary content.",
    "::": b"",
    ":aGVsbG8=:": b"hello",
    ":aGVsbG8:": b"hello",
    ":iQ:": b"\x89",
    ":iQ=:": b"\x89",
    ":iZ==:": b"\x89",
    ":/+Ah:": b"\xff\xe0\x21",
    # booleans, section 4.2.8
    "?1": True,
    "?0": False,
    # dates, section 4.2.9
    "@1659578233": datetime(2022, 8, 4, 1, 57, 13, tzinfo=UTC),
    "@0": datetime(1970, 1, 1, tzinfo=UTC),
    "@-1659578233": datetime(1917, 5, 30, 22, 2, 47, tzinfo=UTC),
    "@-62135596800": datetime(1, 1, 1, tzinfo=UTC),
    "@253402214400": datetime(9999, 12, 31, tzinfo=UTC),
    # display strings, section 4.2.10
    '%"This is intended for display to %c3%bcsers."': DisplayString("This is intended for display to üsers."),
    '%""': DisplayString(""),
    '%"a \\ b%22%25%00"': DisplayString('a \\ b"%\0'),
    '%"%f0%9f%92%a9"': DisplayString("\U0001f4a9"),
}

NO_ITEMS = [
    # nothing, or not only an item
    "", " ", "1 2", "1,2", "1\t", "\t1", "1 ;a", "1\n", "1\x00", "é", "\xa01", ",", ";a", "=", "(", ")", "()", "(1)",
    "{",
    # numbers
    "-", "--1", "+1", "1.", ".1", "-.1", "1.2.3", "1.1234", "1e3", "1000000000000000", "-1000000000000000",
    "1234567890123.1", "1234567890123.", "12345678901234567890", "1_000", "- 1", "\u0661", "1.-2", "0x1",
    # strings
    '"', '"a', 'a"', '"a"b', '"a\\"', '"\\a"', '"\\', '"a\tb"', '"a\nb"', '"a\x7fb"', '"é"', "'a'", '"a" "b"',
    # tokens
    "@a", "#a", "a b", "a é", "é", "a(", "a,", "!a", "/a", ":a",
    # byte sequences
    ":", ":a", ":aGVsbG8", ":a:", ":aGVsbG8===:", ":aGVsbG8==:", ":aG VsbG8=:", ":aGVs=bG8:", ":aGVsbG8-:",
    ":aGVsbG8_:",
    ": aGVsbG8=:", ":é:", ":=:", ":AAAA=:", ":aGVsbG8=:a",
    # booleans
    "?", "?2", "?true", "? 1", "?10", "?T",
    # dates
    "@", "@1.5", "@a", "@ 1", "@+1", "@1000000000000000", "@-62135596801", "@253402300800", "@@1",
    # display strings
    "%", "%a", "%\"", "%\"a", "%'a'", '% "a"', '%"%C3%BC"', '%"%c3"', '%"%zz"', '%"%"', '%"%2"', '%"é"', '%"a\tb"',
    '%"%ff"', '%"%ed%a0%80"', '%"%c0%af"', '%"a" b', '%"a\x7f"',
]  # fmt: skip


@pytest.mark.parametrize("text", ITEMS)
def test_bare_items(text: str) -> None:
    """Each kind of bare item is read as its Python type (sections 4.2.3.1 to 4.2.10)."""
    item = parse_item(text)
    assert same(item.value, ITEMS[text])
    assert dict(item.params) == {}


@pytest.mark.parametrize("text", ITEMS)
def test_bare_items_everywhere(text: str) -> None:
    """A bare item reads equally as a member, in an inner list, as a value of a Dictionary and of a parameter."""
    value, bare = ITEMS[text], text.strip(" ")
    assert same(parse_list(f"a, {bare},b")[1].value, value)  # type: ignore[union-attr]
    inner = parse_list(f"({bare} {bare})")[0]
    assert isinstance(inner, InnerList)
    assert all(same(found, value) for found in inner.values)
    assert len(inner.values) == 2
    assert same(parse_dictionary(f"a={bare}")["a"].value, value)  # type: ignore[union-attr]
    assert same(parse_item(f"x; p={bare}").params["p"], value)
    assert same(parse_list(f"();p={bare}")[0].params["p"], value)


@pytest.mark.parametrize("text", NO_ITEMS)
def test_no_items(text: str) -> None:
    """Whatever is no Item fails as a whole, with a sentence (section 4.2)."""
    with pytest.raises(ValueError, match=r"^got .* of a structured field, expected "):
        parse_item(text)


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("1;a", {"a": True}),
        ("1;a=?0", {"a": False}),
        ("1; a=1;  b=2", {"a": 1, "b": 2}),
        ("1;a=1;b;a=2", {"a": 2, "b": True}),
        ("1;a=1;b;a", {"a": True, "b": True}),
        ("1;*=x;a.b-c_d*=1", {"*": Token("x"), "a.b-c_d*": 1}),
        ('text/html;charset="utf-8"', {"charset": "utf-8"}),
        ("1;a=b;c=:aGk=:;d=@0", {"a": Token("b"), "c": b"hi", "d": datetime(1970, 1, 1, tzinfo=UTC)}),
    ],
)
def test_parameters(text: str, params: dict[str, object]) -> None:
    """Parameters keep their order; the last of equal names counts, at the place of the first (section 4.2.3.2)."""
    found = parse_item(text).params
    assert list(found.items()) == list(params.items())
    assert [type(value) for value in found.values()] == [type(value) for value in params.values()]


@pytest.mark.parametrize(
    "text",
    [
        "1;",
        "1; ",
        "1;A=1",
        "1;1=a",
        "1;a=",
        "1;a= 1",
        "1;a =1",
        "1;=1",
        "1 ;a",
        "1;a;",
        "1;a=(1)",
        "1;\ta",
        "1;é",
        "1;a=1 b",
    ],
)
def test_no_parameters(text: str) -> None:
    """A parameter is ``;``, spaces, a key in small letters and perhaps ``=`` and a bare item (section 4.2.3.2)."""
    for parse in (parse_item, parse_list):
        with pytest.raises(ValueError, match="structured field"):
            parse(text)


LISTS: dict[str, list[Item | InnerList]] = {
    "": [],
    "   ": [],
    "sugar, tea, rum": [Item(Token("sugar")), Item(Token("tea")), Item(Token("rum"))],
    "a,b": [Item(Token("a")), Item(Token("b"))],
    "a \t,\t b": [Item(Token("a")), Item(Token("b"))],
    "  a  ": [Item(Token("a"))],
    "a\t": [Item(Token("a"))],
    "()": [InnerList()],
    "(   )": [InnerList()],
    "( 1  2 ), ()": [InnerList([1, 2]), InnerList()],
    '("foo" "bar"), ("baz"), ("bat" "one"), ()': [
        InnerList(["foo", "bar"]), InnerList(["baz"]), InnerList(["bat", "one"]), InnerList(),
    ],
    '("foo"; a=1;b=2);lvl=5, ("bar" "baz");lvl=1': [
        InnerList([Item("foo", {"a": 1, "b": 2})], {"lvl": 5}), InnerList(["bar", "baz"], {"lvl": 1}),
    ],
    "abc;a=1;b=2; cde_456, (ghi;jk=4 l);q=\"9\";r=w": [
        Item(Token("abc"), {"a": 1, "b": 2, "cde_456": True}),
        InnerList([Item(Token("ghi"), {"jk": 4}), Token("l")], {"q": "9", "r": Token("w")}),
    ],
}  # fmt: skip

NO_LISTS = [
    ",", "a,", "a, ", "a,,b", "a, ,b", ",a", "a b", "a;b c", "\ta", "(", "(a", "(a ", "(a,b)", "(a)b", "(a)(b)",
    "((a))",
    "(a\tb)", "(\ta)", "(a b", "a)", "(a;)", "(a)a", "() ;a", "(1\"a\")", "a=1", "(a b))", "a\n,b", "a, \u2003b",
]  # fmt: skip


@pytest.mark.parametrize("text", LISTS)
def test_lists(text: str) -> None:
    """A List has items and inner lists between commas, with spaces and tabs around them (section 4.2.1)."""
    assert list(parse_list(text)) == LISTS[text]


@pytest.mark.parametrize("text", NO_LISTS)
def test_no_lists(text: str) -> None:
    """Whatever is no List fails as a whole: an empty member, a comma at the end, other white space (section 4.2.1)."""
    with pytest.raises(ValueError, match=r"^got .* of a structured field, expected "):
        parse_list(text)


DICTIONARIES: dict[str, dict[str, Item | InnerList]] = {
    "": {},
    "  ": {},
    'en="Applepie", da=:w4ZibGV0w6ZydGU=:': {"en": Item("Applepie"), "da": Item("Æbletærte".encode())},
    "a=?0, b, c; foo=bar": {"a": Item(False), "b": Item(True), "c": Item(True, {"foo": Token("bar")})},
    "rating=1.5, feelings=(joy sadness)": {"rating": Item(1.5), "feelings": InnerList([Token("joy"),
    Token("sadness")])},
    "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid": {
        "a": InnerList([1, 2]), "b": Item(3), "c": Item(4, {"aa": Token("bb")}), "d": InnerList([5, 6],
        {"valid": True}),
    },
    "foo=1, bar=2": {"foo": Item(1), "bar": Item(2)},
    "a=1,b=2,a=3": {"a": Item(3), "b": Item(2)},
    "a=1\t,\tb": {"a": Item(1), "b": Item(True)},
    "a;x=1, a;y": {"a": Item(True, {"y": True})},
    "*a=1, b-._*2=()": {"*a": Item(1), "b-._*2": InnerList()},
    "a=?1;b": {"a": Item(True, {"b": True})},
}  # fmt: skip

NO_DICTIONARIES = [
    ",", "a=1,", "a=1, ", "a=1,,b=2", "a=1 b=2", "a =1", "a= 1", "a=", "=1", "A=1", "1=a", "a=1;", "a==1", "a=b=c",
    "a=(1",
    "a;b=(1)", "\ta=1", "a=1\n", "é=1", "a=é", '"a"=1', "a=,b=1", "()", "a=1,\nb=2", "a,b c",
]  # fmt: skip


@pytest.mark.parametrize("text", DICTIONARIES)
def test_dictionaries(text: str) -> None:
    """A Dictionary has keys with items and inner lists, and a key alone is true (section 4.2.2).

    The last of equal keys counts, at the place of the first.
    """
    assert list(parse_dictionary(text).items()) == list(DICTIONARIES[text].items())


@pytest.mark.parametrize("text", NO_DICTIONARIES)
def test_no_dictionaries(text: str) -> None:
    """Whatever is no Dictionary fails as a whole (section 4.2.2)."""
    with pytest.raises(ValueError, match=r"^got .* of a structured field, expected "):
        parse_dictionary(text)


@pytest.mark.parametrize("character", [chr(code) for code in range(256)])
def test_every_character_at_every_border(character: str) -> None:
    """A character between two members, in a key, or after an item is refused unless the grammar has it there."""

    def reads(parse: Callable[[str], object], text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    token = "!#$%&'*+-.^_`|~:/"
    in_token = character.isascii() and (character.isalnum() or character in token)
    assert reads(parse_item, "a" + character) == (in_token or character == " ")
    assert reads(parse_item, character + "a") == (character.isascii() and (character.isalpha() or character in "* "))
    in_key = character.isascii() and (character.islower() or character.isdigit() or character in "_-.*")
    assert reads(parse_dictionary, f"a{character}b=1") == (in_key or character in ",;")
    assert reads(parse_list, f"(a{character}b)") == (in_token or character in " ;")
    assert reads(parse_item, f'"{character}"') == (" " <= character <= "~" and character not in '"\\')
    assert reads(parse_item, f'"\\{character}"') == (character in '"\\')
    assert reads(parse_item, f'%"{character}"') == (" " <= character <= "~" and character not in '"%')


@pytest.mark.parametrize("parse", [parse_item, parse_list, parse_dictionary])
@pytest.mark.parametrize("value", [None, b"a", 1])
def test_what_is_no_text(parse: Callable[[Any], object], value: object) -> None:
    """A parser takes a str. What is missing, and bytes, are an error of the program."""
    with pytest.raises(TypeError, match=r"got a structured field of type .*, expected a str"):
        parse(value)


def test_an_error_names_the_position() -> None:
    """The text of an error has what came, where, and what was expected."""
    with pytest.raises(ValueError, match=r"got 'TWO=2' at position 7 of a structured field, expected a key"):
        parse_dictionary("one=1, TWO=2")
    with pytest.raises(ValueError, match="got the end at position 2 of a structured field, expected a member after"):
        parse_list("a,")


def test_what_is_read_cannot_be_changed() -> None:
    """A Dictionary and parameters are immutable: a change would not be written to the field."""
    members = parse_dictionary("a=1;b=2")
    with pytest.raises(TypeError):
        members["a"] = Item(2)  # type: ignore[misc]
    with pytest.raises(TypeError):
        members["a"].params["b"] = 1  # type: ignore[index]


characters = st.text(st.sampled_from("abzAZ*019-_.:/@?%;=,()\"\\' \t~!c3\xe9\x7f\n"), max_size=30)


@given(text=characters | st.text(st.characters(max_codepoint=255), max_size=30))
def test_what_is_read_is_written_and_reads_equally(text: str) -> None:
    """What a parser accepts is written by the writer, and reads back as an equal value."""
    doors: list[tuple[Any, Any]] = [
        (parse_item, dump_item), (parse_list, dump_list), (parse_dictionary, dump_dictionary),
    ]  # fmt: skip
    for parse, dump in doors:
        try:
            value = parse(text)
        except ValueError:
            continue
        written = dump(value)
        assert parse(written) == value
        assert dump(parse(written)) == written


def _told(value: object) -> tuple[str, object]:
    """The kind of a bare item, and the item, whatever library has read it."""
    return type(value).__name__, value.timestamp() if isinstance(value, datetime) else value


def _ours(member: Item | InnerList) -> object:
    params = [(name, _told(value)) for name, value in member.params.items()]
    return ([_ours(item) for item in member.items] if isinstance(member, InnerList) else _told(member.value)), params


def _theirs(member: Any) -> object:
    value, params = member
    found = [_theirs(item) for item in value] if isinstance(value, list) else _told(value)
    return found, [(name, _told(parameter)) for name, parameter in params.items()]


@given(text=characters)
def test_another_parser_reads_the_same(text: str) -> None:
    """http-sf accepts and refuses the same texts, and reads the same values."""
    read: list[tuple[Any, str, Any]] = [
        (parse_item, "item", lambda take, value: take(value)),
        (parse_list, "list", lambda take, value: [take(member) for member in value]),
        (parse_dictionary, "dictionary", lambda take, value: [(key, take(member)) for key, member in value.items()]),
    ]
    for parse, kind, told in read:
        if not text.strip(" "):
            continue  # http-sf refuses an empty List and Dictionary, which the algorithm of section 4.2 accepts
        try:
            ours = told(_ours, parse(text))
        except ValueError:
            ours = None
        try:
            theirs = told(_theirs, http_sf.parse(text.encode("latin-1"), tltype=kind))
        except (http_sf.StructuredFieldError, UnicodeError):
            theirs = None
        assert ours == theirs


@pytest.mark.parametrize("text", [":A:", ":AAAAA:", ":A===:", ":AA===:", ":AAA==:", ":AAAA=:"])
def test_base64_that_is_not_whole(text: str) -> None:
    """One digit makes no byte, and padding fills the last group of four (RFC 9651 section 4.2.7); the error says so."""
    with pytest.raises(ValueError, match=r"expected (base64 of whole|a byte sequence in base64 between) "):
        parse_item(text)


def test_an_error_shows_a_part_of_the_field() -> None:
    """A field may be long: the error shows twenty characters from the place that is wrong."""
    with pytest.raises(ValueError, match=r"^got ") as caught:
        parse_list("a, " + "!" * 10_000)
    assert str(caught.value).startswith(f"got '{'!' * 20}' at position 3 of a structured field, expected ")
