"""Values with parameters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._content_disposition import ContentDisposition
from cardan.core.fields._options import (
    decode_extended,
    dump_options,
    dump_parameter,
    encode_extended,
    join_sections,
    parse_options,
)
from tests.corpora import corpus_json

DEVIATIONS = json.loads((Path(__file__).parent / "deviations.json").read_text(encoding="utf-8"))

printable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
names = st.text("abcdefgh-_.0123456789!#$&+^`|~", min_size=1, max_size=8)


def test_tc2231_valid_rows() -> None:
    """TC 2231: all 54 valid rows give type and parameters, except the continuations listed in deviations.json."""
    joined = DEVIATIONS["tc2231"]["rows"]
    rows = [row for row in corpus_json("tc2231-content-disposition") if row["verdict"] == "valid"]
    for row in rows:
        expected = joined.get(row["header"], row["expected"]["parameters"])
        kind, parameters = parse_options(row["header"])
        assert (kind.lower(), parameters) == (row["expected"]["type"], expected), row["header"]
    assert len(rows) == 54
    assert joined.keys() <= {row["header"] for row in rows}


def test_tc2231_invalid_rows() -> None:
    """TC 2231: the invalid rows give the file name listed in deviations.json, or none, and never an exception."""
    lenient = DEVIATIONS["tc2231-lenient"]["rows"]
    rows = [row for row in corpus_json("tc2231-content-disposition") if row["verdict"] == "invalid"]
    for row in rows:
        disposition = ContentDisposition.from_header(row["header"])
        assert (disposition.filename if disposition else None) == lenient[row["header"]], row["header"]
    assert {row["header"] for row in rows} == lenient.keys()


def test_tc2231_other_rows() -> None:
    """TC 2231: rows without a verdict are parsed without an exception."""
    for row in corpus_json("tc2231-content-disposition"):
        assert parse_options(row["header"])[1] is not None


@pytest.mark.parametrize(
    ("header", "value", "parameters"),
    [
        (None, "", {}),
        ("", "", {}),
        (" text/plain ", "text/plain", {}),
        ("a; b=c; D=e", "a", {"b": "c", "d": "e"}),
        ('a;b="c;d";e=f', "a", {"b": "c;d", "e": "f"}),
        ('a; b="\\"x\\\\"', "a", {"b": '"x\\'}),
        ('a; b = c ; d\t=\t"e"', "a", {"b": "c", "d": "e"}),
        ("a; b; c=; =d; e=f", "a", {"e": "f"}),
        ('a; b=""', "a", {"b": ""}),
        ("a; b=1; B=2", "a", {"b": "1"}),
        ('a; b="x', "a", {"b": "x"}),
        ('a; b="x\\', "a", {"b": "x"}),
        ("a;; ;b=c;", "a", {"b": "c"}),
        ("a; \u212a=b", "a", {}),
        ("a; b*=UTF-8''%e2%82%ac; b=EUR", "a", {"b": "€"}),
        ("a; b=EUR; b*=nothing", "a", {"b": "EUR"}),
        ("a; b*=UTF-8''x; b*=UTF-8''y", "a", {"b": "x"}),
        ("a; b*0=x; b*1=y; b=z", "a", {"b": "xy"}),
        ("a; b*1=y; b*0=x", "a", {"b": "xy"}),
        ("a; b*0=x; b*01=y; b*2=z", "a", {"b": "x"}),
        ("a; b*0*=UTF-8''%e2; b*1*=%82%ac; b*2=!", "a", {"b": "€!"}),
        ("a; b*0*=UTF-8''x; b*1*=%zz", "a", {}),
        ("a; b*0=x; b*1*=%41", "a", {}),
        ('a; b*0="x\\"y"; b*1="z"', "a", {"b": 'x"yz'}),
        ('a; b*0="x\\""; b*1="\\"y\\\\"', "a", {"b": 'x""y\\'}),
        ("a; b*=UTF-8''x; b*0=y", "a", {"b": "x"}),
        ("a; b*0=y; b*=UTF-8''x", "a", {"b": "x"}),
        ("a; b*0=x; b*0*=UTF-8''y", "a", {"b": "x"}),
        ("a; b*0*=UTF-8''y; b*0=x", "a", {"b": "y"}),
        ("text/plain; a*0*=ISO-8859-15''x; a*=ISO-8859-1''y", "text/plain", {"a": "y"}),
        ("text/plain; a*0*=x; a*=y", "text/plain", {}),
        ("a; *=b; *0=c; b**=d", "a", {}),
        ('a; b="ü☃😀"; c=☃', "a", {"b": "ü☃😀", "c": "☃"}),
        ('a; b="☃\x01"; c="\ud800"; d=☃', "a", {"d": "☃"}),
        ("a; b=EUR; b*=UTF-8''%ff", "a", {"b": "EUR"}),
        ("a; b*=UTF-8''x%ffy; b=EUR", "a", {"b": "EUR"}),
        ("a; b*=UTF-8''%ff", "a", {"b": "\ufffd"}),
        ("a; b=EUR; b*=ISO-8859-1''%80", "a", {"b": "EUR"}),
        ("a; b=EUR; b*=ISO-8859-1''%3F", "a", {"b": "?"}),
        ("a; b=EUR; b*=US-ASCII''%e4", "a", {"b": "EUR"}),
        ("a; b=EUR; b*=KOI8-R''%c1", "a", {"b": "EUR"}),
        ("a; b=EUR; b*=UTF-8''%zz", "a", {"b": "EUR"}),
        ("a; b=EUR; b*0=x; b*2=y", "a", {"b": "EUR"}),
        ("a; b=EUR; b*0*=UTF-8''%e2; b*1*=%82", "a", {"b": "EUR"}),
        ("a; b=EUR; b*0*=UTF-8''%e2; b*1=x", "a", {"b": "EUR"}),
        ("a; b=EUR; b*0*=UTF-8''%e2; b*1*=%82%ac", "a", {"b": "€"}),
    ],
)
def test_reading(header: str | None, value: str, parameters: dict[str, str]) -> None:
    """Values are parsed by RFC 9110 section 5.6.6, RFC 8187 and RFC 2231 section 3, and invalid ones as browsers do. A
    damaged ``b*`` does not replace ``b``.
    """
    assert parse_options(header) == (value, parameters)


@pytest.mark.parametrize("row", range(2))
def test_extended_values_of_the_rfc(row: int) -> None:
    """The examples of RFC 8187 section 3.2.3, and the one of RFC 5987 in ISO-8859-1, are decoded."""
    case = corpus_json("rfc-examples")["rfc8187"][row]
    assert decode_extended(case["in"]) == case["value"]


@pytest.mark.parametrize("row", range(4))
def test_examples_of_rfc6266(row: int) -> None:
    """The examples of RFC 6266 section 5 are parsed."""
    case = corpus_json("rfc-examples")["rfc6266"][row]
    disposition = ContentDisposition.from_header(case["header"])
    assert disposition is not None
    assert (disposition.type, disposition.filename) == (case["type"], case["filename"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("us-ascii'en'x%20y", "x y"),
        ("ascii''x", "x"),
        ("US-ASCII''%ff", "\ufffd"),
        ("utf-8''%ff", "\ufffd"),
        ("iso-8859-1''%80", "?"),
        ("UTF-8''", ""),
        ("UTF-16''x", None),
        ("''x", None),
        ("UTF-8'x", None),
        ("UTF-8''%", None),
        ("UTF-8''%4", None),
        ("UTF-8''%zz", None),
        ("UTF-8''é", None),
        ("x", None),
        ("", None),
    ],
)
def test_extended_values(value: str, text: str | None) -> None:
    """An extended value has one of three charsets, two single quotes and complete escapes; other text gives None."""
    assert decode_extended(value) == text


@given(printable)
def test_extended_values_come_back(text: str) -> None:
    """Any text is encoded in ASCII and decoded back (RFC 8187 section 3.2)."""
    value = encode_extended(text)
    assert value.isascii()
    assert decode_extended(value) == text


@given(st.dictionaries(names, printable, max_size=4))
def test_parameters_come_back(parameters: dict[str, str]) -> None:
    """Parameters that are written as tokens, quoted strings or extended values are parsed back."""
    header = dump_options("form-data", parameters)
    assert header.isascii()
    assert parse_options(header) == ("form-data", {name.lower(): value for name, value in parameters.items()})


def test_writing() -> None:
    """A value is quoted only if it is necessary, and a parameter that is None is left out."""
    assert dump_options("a", {"b": "c", "d": "e f", "g": "é", "h": None, "i": 5}) == (
        "a; b=c; d=\"e f\"; g*=UTF-8''%C3%A9; i=5"
    )
    assert dump_parameter("b", "") == 'b=""'


@pytest.mark.parametrize(
    ("value", "parameters"),
    [("a;b", {}), ("a\n", {}), ("a", {"b c": "d"}), ("a", {"b": "c\r\nd"}), ("a", {"b": "é\n"}), ("a", {"": "x"})],
)
def test_what_cannot_be_written_is_refused(value: str, parameters: dict[str, str]) -> None:
    """Text that would end the value, the parameter or the field is refused."""
    with pytest.raises(ValueError, match=r"^got "):
        dump_options(value, parameters)


@pytest.mark.parametrize(
    ("name", "value", "header"),
    [
        ("filename*", "€.txt", "a; filename*=UTF-8''%E2%82%AC.txt"),
        ("filename*", "plain.txt", "a; filename*=UTF-8''plain.txt"),
        ("filename*", "UTF-8''%e2%82%ac.txt", "a; filename*=UTF-8''%e2%82%ac.txt"),
        ("filename", "€.txt", "a; filename*=UTF-8''%E2%82%AC.txt"),
    ],
)
def test_a_name_with_a_star_has_one_star(name: str, value: str, header: str) -> None:
    """``name*`` takes text, or a value that is encoded already (RFC 8187 section 3.2), and is written with one star."""
    assert dump_options("a", {name: value}) == header
    assert "filename" in parse_options(header)[1]


@pytest.mark.parametrize(
    ("name", "value"), [("*", "a"), ("filename**", "a"), ("filename", "\ud800é"), ("filename*", "a\nb")]
)
def test_what_no_extended_value_can_say_is_refused(name: str, value: str) -> None:
    """A lone surrogate has no form in UTF-8, and is refused rather than replaced. So are control characters."""
    with pytest.raises(ValueError, match=r"^got parameter "):
        dump_options("a", {name: value})


@pytest.mark.parametrize("given", [{"filename": "é", "filename*": "é"}, {"A": "1", "a": "2"}])
def test_a_parameter_is_written_once(given: dict[str, str]) -> None:
    """RFC 6266 section 4.1: a sender must not write a parameter twice. Names are the same in any case."""
    with pytest.raises(ValueError, match=r"^got parameter '(filename\*|a)' twice, expected it once$"):
        dump_options("attachment", given)
    assert dump_options("a", {"filename": "e", "filename*": "é"}) == "a; filename=e; filename*=UTF-8''%C3%A9"


@pytest.mark.parametrize("charset", ["UTF-8", "utf-8", "ISO-8859-1", "iso-8859-1", "US-ASCII", "us-ascii", "ascii"])
def test_the_charsets_of_extended_values(charset: str) -> None:
    """UTF-8 and ISO-8859-1 (RFC 8187 section 3.2.1), and ASCII, in upper or lower case; text in another charset is no
    text.
    """
    assert decode_extended(f"{charset}''a%20b") == "a b"
    assert decode_extended(f"x{charset}''a") is None
    assert section_value(f"{charset}''a%20b") == "a b"


def section_value(value: str) -> str | None:
    return join_sections({0: (value, True)})


@pytest.mark.parametrize("code", [*range(32), 127])
def test_no_control_character_is_hidden_in_an_extended_value(code: int) -> None:
    """A percent-encoded control character would be a line break in the field that a program makes of the text. The tab,
    which a field value may have, is text.
    """
    value = f"UTF-8''a%{code:02X}b"
    expected = "a\tb" if code == 9 else None
    assert decode_extended(value) == section_value(value) == expected
    assert parse_options(f"x; name*={value}")[1] == ({} if expected is None else {"name": expected})


@pytest.mark.parametrize(
    ("value", "text", "undamaged"),
    [
        ("UTF-8''%E2%82%AC", "\u20ac", "\u20ac"),
        ("UTF-8''a%E2b", "a\ufffdb", None),
        ("ISO-8859-1''%E9", "\xe9", "\xe9"),
        ("ISO-8859-1''a%20%7E%A0%FFb", "a ~\xa0\xffb", "a ~\xa0\xffb"),
        ("ISO-8859-1''a%9Fb", "a?b", None),
        ("ISO-8859-1''a%80b", "a?b", None),
        ("US-ASCII''a%E9b", "a\ufffdb", None),
    ],
)
def test_damaged_values(value: str, text: str, undamaged: str | None) -> None:
    """Bytes that are not of the charset are replaced, or refused if the value has to be undamaged: there is another
    parameter to take then.
    """
    assert decode_extended(value) == section_value(value) == text
    assert decode_extended(value, True) == join_sections({0: (value, True)}, True) == undamaged
    expected = "plain" if undamaged is None else text
    assert parse_options(f"x; name=plain; name*={value}")[1] == {"name": expected}
    assert parse_options(f"x; name*={value}")[1] == {"name": text}


def test_sections_with_gaps() -> None:
    """Sections after a missing one are left out; if the parameter has to be undamaged, a gap makes it invalid."""
    parts = {0: ("a", False), 1: ("b", False), 3: ("d", False)}
    assert join_sections(parts) == "ab"
    assert join_sections(parts, True) is None
    assert join_sections({1: ("b", False)}) is None
    mixed = {0: ("UTF-8''%E2%82", True), 1: ("%AC", True), 2: ("%41", False), 3: ("%42", True)}
    assert join_sections(mixed) == join_sections(mixed, True) == "\u20ac%41B"
    cut = {0: ("UTF-8''%E2%82", True), 1: ("x", False)}
    assert join_sections(cut) == "\ufffdx"
    assert join_sections(cut, True) is None


@pytest.mark.parametrize("char", [" ", "\t", "\x7f", "\x80", "\xff", "\u20ac", '"\x00"', "%", "%4-", "%4g", "%G1"])
def test_what_an_extended_value_must_not_contain(char: str) -> None:
    """An extended value is printable ASCII without spaces, and each ``%`` in it begins an escape (RFC 8187 section
    3.2.1).
    """
    assert decode_extended(f"UTF-8''a{char}b") is None
    assert section_value(f"UTF-8''a{char}b") is None
    assert join_sections({0: ("UTF-8''a", True), 1: (f"b{char}", True)}) is None


@pytest.mark.parametrize("value", ["", "a", "'", "''", "''a", "'x'a", "UTF-8", "UTF-8'a", "UTF_8''a", "X''a"])
def test_an_extended_value_has_a_charset_and_a_language(value: str) -> None:
    """The charset stands before the first quote and the language, which may be empty, before the second one."""
    assert decode_extended(value) is None
    assert section_value(value) is None
    assert decode_extended("UTF-8'de-AT'a'b") == "a'b"


@pytest.mark.parametrize("code", range(32, 127))
def test_which_characters_are_encoded(code: int) -> None:
    """The characters that RFC 8187 section 3.2.1 calls ``attr-char`` are written as they are, and no others."""
    plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~"
    expected = chr(code) if chr(code) in plain else f"%{code:02X}"
    assert encode_extended(chr(code)) == f"UTF-8''{expected}"
    assert decode_extended(encode_extended(chr(code))) == chr(code)


@pytest.mark.parametrize("code", [*range(32), 127, 0xD800, 0xDFFF])
@pytest.mark.parametrize("quoted", [True, False])
def test_a_parameter_with_a_control_character_is_skipped(code: int, quoted: bool) -> None:
    """A control character, or a lone surrogate, makes its own parameter invalid; a tab within it is text."""
    text = f"b{chr(code)}c"
    written = f'"{text}"' if quoted else text
    expected = {"x": "y"} if code != 9 else {"a": text, "x": "y"}
    assert parse_options(f"v; a={written}; x=y") == ("v", expected)
