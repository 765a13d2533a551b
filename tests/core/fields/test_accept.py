"""Accept-Charset, Accept-Encoding, and the rules that all Accept fields share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields import _accept as accept
from cardan.core.fields._accept import Accept, CharsetAccept, EncodingAccept, read_quality
from tests.corpora import corpus_json

qualities = st.integers(0, 1000).map(lambda n: n / 1000)
tokens = st.text("abcXYZ-.", min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("header", "items"),
    [
        ("", []),
        (",, ,", []),
        ("a, b;q=0.5, c;q=0.8", [("a", 1), ("c", 0.8), ("b", 0.5)]),
        ("*, a", [("a", 1), ("*", 1)]),
        ("b, a", [("b", 1), ("a", 1)]),
        ("a ; q=0.5 , b;Q=0.4;x=y", [("a", 0.5), ("b", 0.4)]),
        ("a;x=y", [("a", 1)]),
        ("a;q=1.5", [("a", 1)]),
        ("a;q=0.1234567890, b;q=0.0004", [("a", 0.123), ("b", 0.001)]),
        ("a;q=.5", [("a", 0.5)]),
        ("a;q=x, b;q=, c;q=-1, d;q=1_0, e;q=٣, f;q=nan, g;q=1e9", []),
        ("a;q=0", [("a", 0)]),
    ],
)
def test_reading(header: str, items: list[tuple[str, float]]) -> None:
    """Members are sorted by quality, then by specificity, then by their order in the field (RFC 9110 section 12.4.2).
    A member with an invalid quality is skipped.
    """
    accept = Accept.from_header(header)
    assert list(accept) == items
    assert accept.provided


def test_no_field_accepts_everything() -> None:
    """A field that was not sent accepts every value (RFC 9110 section 12.4.1), but ``in`` is false for every value."""
    accept = Accept.from_header(None)
    assert not accept.provided
    assert accept.quality("x") == 1
    assert accept.best_match(["a", "b"]) == "a"
    assert accept.best_match(["a", "b"], "b") == "b"
    assert accept.best_match([]) is None
    assert "x" not in accept
    assert accept.best is None
    assert repr(accept) == "Accept(None)"


def test_an_empty_field_accepts_nothing() -> None:
    """An empty field names no value, so that no value is acceptable."""
    assert Accept.from_header("").quality("x") == 0
    assert Accept.from_header("").best_match(["x"]) is None


def test_best_match() -> None:
    """The offer with the highest quality is chosen, then the one that a more specific member matches, then the first
    one. An excluded offer is never chosen.
    """
    accept = Accept.from_header("a;q=0.5, b, c;q=0, *;q=0.1")
    assert accept.best_match(["a", "b"]) == "b"
    assert accept.best_match(["x", "a"]) == "a"
    assert accept.best_match(["c"]) is None
    assert accept.best_match(["c"], default="z") == "z"
    assert accept.best_match(["a", "b"], default="z") == "b"
    assert accept.best_match(["x", "y"]) == "x"
    assert Accept.from_header("a, *").best_match(["x", "a"]) == "a"
    assert accept.best == "b"
    assert Accept([("a", 0)]).best is None


def test_one_field_serves_many_offers() -> None:
    """One object serves all requests with an equal field. The choice that it keeps is used only for equal offers."""
    accept = Accept.from_header("a;q=0.5, b, x-many")
    many = [f"x{number}" for number in range(99)] + ["x-many"]
    for _ in range(2):
        for offers, chosen in ((["a", "b"], "b"), (["a"], "a"), (iter(["a"]), "a"), (["z"], None), (many, "x-many")):
            assert accept.best_match(offers) == chosen
        assert accept.best_match(["z"], default="y") == "y"
        for offers in (["x", "y"], ["y", "x"]):
            assert Accept.from_header("x, y").best_match(offers) == offers[0]
        many, accept = [*many], Accept.from_header("a;q=0.5, b, x-many")


def test_as_a_sequence() -> None:
    """``accept[position]`` gives a pair, ``accept[value]`` gives a quality."""
    accept = Accept.from_header("a;q=0.5, b")
    assert accept[0] == ("b", 1)
    assert accept["A"] == 0.5
    assert accept[:1] == (("b", 1),)
    assert accept["x"] == 0
    assert (accept.find("a"), accept.find("x"), accept.index("b"), accept.find(("a", 0.5))) == (1, -1, 0, 1)
    assert accept.find(("a", 1)) == -1
    assert list(accept.values()) == ["b", "a"]
    assert (len(accept), "a" in accept, ("b", 1) in accept, "x" in accept) == (2, True, True, False)
    with pytest.raises(ValueError, match=r"^'x' is not in Accept"):
        accept.index("x")
    assert accept == Accept([("b", 1), ("a", 0.5)])
    assert hash(accept) == hash(Accept([("b", 1), ("a", 0.5)]))
    assert accept != [("b", 1), ("a", 0.5)]
    assert str(accept) == "b, a;q=0.5"


@given(st.lists(st.tuples(tokens, qualities)))
def test_fields_come_back(items: list[tuple[str, float]]) -> None:
    """A field that is written and parsed again gives an equal object."""
    accept = Accept(items)
    assert Accept.from_header(accept.to_header()) == accept


@given(st.text(st.sampled_from('a*;q=.01, "\t')))
def test_the_plain_way_has_the_general_one_as_oracle(header: str) -> None:
    """The parser for fields without quoted strings gives the same members as the general parser."""
    expected = []
    for member in header.split(",") if '"' not in header else []:
        value, _, parameters = member.partition(";")
        value, quality = Accept._read_member(value, parameters)
        if value.strip(" \t") and quality is not None:
            expected.append((value.strip(" \t"), quality))
    assert '"' in header or Accept.from_header(header) == Accept(expected)


def test_what_cannot_be_written_is_refused() -> None:
    """A member with a line break is refused when it is written."""
    with pytest.raises(ValueError, match=r"^got "):
        Accept([("a\n", 1)]).to_header()


@pytest.mark.parametrize(
    ("text", "quality"),
    [
        ("1", 1), ("0.5", 0.5), ("1.9", 1), ("", None), ("2", None), ("0,5", None),
        ("0.0001", 0.001), ("0.0000001", 0.001), (".00000001", 0.001), (f"0.{'0' * 99}1", 0.001),
        ("0.00000000", 0), (f"0.{'0' * 99}", 0), (".00", 0),
    ],
)  # fmt: skip
def test_qualities(text: str, quality: float | None) -> None:
    """A quality is a number from 0 to 1 in ASCII digits. However many digits it has, one above 0 stays above 0."""
    assert read_quality(text) == quality


@pytest.mark.parametrize("row", range(8))
def test_encodings_of_the_rfc(row: int) -> None:
    """The rules and the examples of RFC 9110 section 12.5.3 hold."""
    case = corpus_json("rfc-examples")["rfc9110_accept_encoding"][row]
    accept = EncodingAccept.from_header(case["header"])
    assert {name: accept.quality(name) > 0 for name in case["acceptable"]} == case["acceptable"]


def test_identity() -> None:
    """``identity`` is acceptable, with the lowest quality, unless a member forbids it."""
    accept = EncodingAccept.from_header("gzip;q=0.1")
    assert accept.best_match(["identity", "gzip"]) == "gzip"
    assert accept.best_match(["identity", "br"]) == "identity"
    assert "identity" in accept
    assert "identity" not in EncodingAccept.from_header("*;q=0")
    assert "identity" in EncodingAccept.from_header("*;q=0, identity;q=0.5")
    assert "gzip" not in EncodingAccept.from_header(None)
    assert "x-gzip" in EncodingAccept.from_header("gzip")


def test_no_coding_is_chosen_unasked() -> None:
    """RFC 9110 section 12.5.3: without the field every coding is acceptable. None is preferred to no coding."""
    accept = EncodingAccept.from_header(None)
    assert accept.best_match(["br", "gzip"]) is None
    assert accept.best_match(["br", "identity"]) == "identity"
    assert accept.best_match(["br", "Identity"]) == "Identity"
    assert accept.best_match(["br", "gzip"], "gzip") == "gzip"
    assert accept.best_match([]) is None
    assert (accept.quality("br"), "br" in accept, "identity" in accept) == (1, False, True)
    empty = EncodingAccept.from_header("")
    assert (empty.best_match(["br", "gzip"]), empty.best_match(["br", "identity"])) == (None, "identity")
    assert empty.quality("br") == 0


def test_charsets_have_aliases() -> None:
    """Common aliases of a charset compare equal."""
    accept = CharsetAccept.from_header("latin1, UTF8;q=0.5")
    assert accept.quality("ISO-8859-1") == 1
    assert accept.quality("utf-8") == accept.quality("utf_8") == 0.5
    assert accept.quality("x") == 0


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("utf8", "utf-8"),
        ("UTF_8", "utf-8"),
        ("latin1", "iso-8859-1"),
        ("latin-1", "iso-8859-1"),
        ("iso8859-1", "iso-8859-1"),
        ("ISO_8859-1", "iso-8859-1"),
        ("ascii", "us-ascii"),
        ("cp1252", "windows-1252"),
    ],
)
def test_common_aliases_of_charsets(alias: str, name: str) -> None:
    """A common alias equals the name in the registry of IANA, whichever of them the client sends."""
    assert CharsetAccept.from_header(f"{alias};q=0.5").quality(name) == 0.5
    assert CharsetAccept.from_header(f"{name};q=0.5").quality(alias) == 0.5
    assert CharsetAccept.from_header(name).best_match(["x", alias]) == alias
    assert alias not in CharsetAccept.from_header("x")


@pytest.mark.parametrize(
    ("alias", "name"), [("x-gzip", "gzip"), ("X-Compress", "compress"), ("GZIP", "gzip"), ("x-identity", "identity")]
)
def test_aliases_of_codings(alias: str, name: str) -> None:
    """``x-gzip`` and ``x-compress`` are the codings without the prefix (RFC 9110 sections 8.4.1.1 and 8.4.1.3)."""
    assert EncodingAccept.from_header(f"{alias};q=0.5").quality(name) == 0.5
    assert EncodingAccept.from_header(f"{name};q=0.5").quality(alias) == 0.5


@pytest.mark.parametrize(
    ("text", "quality"),
    [
        ("0", 0.0), ("0.", 0.0), ("0.0", 0.0), ("0.000", 0.0), ("1", 1.0), ("1.", 1.0), ("1.0", 1.0), ("1.000", 1.0),
        *((f"0.{digit}", digit / 10) for digit in range(1, 10)), ("0.125", 0.125), ("0.001", 0.001), ("0.999", 0.999),
    ],
)  # fmt: skip
def test_every_quality_of_the_grammar(text: str, quality: float) -> None:
    """A quality is written with up to three digits after the point (RFC 9110 section 12.4.2), and without those that
    say nothing.
    """
    for header in (f"a;q={text}", f"a; q={text}", f"a;Q={text}", f"a;x=y;q={text}"):
        assert Accept.from_header(header)["a"] == quality
    written = Accept([("a", quality)]).to_header()
    assert written == ("a" if quality == 1 else f"a;q={quality:g}")
    assert Accept.from_header(written)["a"] == quality


def test_what_is_kept_of_clients_is_bounded() -> None:
    """A field of at most 200 characters is parsed once, a longer one each time. The memo has an upper bound."""
    usual, long = "a" * 200, "a" * 201
    assert Accept.from_header(usual) is Accept.from_header(usual)
    assert Accept.from_header(long) is not Accept.from_header(long)
    assert Accept.from_header(long) == Accept([(long, 1)])
    assert accept._remembered.cache_info().maxsize == 512
    few, many = [f"x{number}" for number in range(32)], [f"x{number}" for number in range(33)]
    value = Accept.from_header("x3")
    assert value.best_match(few) == "x3"
    assert value._chosen == (tuple(few), "x3")
    assert value.best_match(many) == "x3"
    assert value._chosen == (tuple(few), "x3"), "many offers are not kept"


def test_what_the_program_gives_is_read_as_a_field_is() -> None:
    """A quality beyond 0 and 1 is the nearest of them, NaN is none; the spaces around a value are taken off."""
    assert list(Accept([("a", 7), ("b", -7), (" c\t", 0.5)])) == [("a", 1), ("c", 0.5), ("b", 0)]
    assert list(Accept([("a", float("inf")), ("b", float("-inf"))])) == [("a", 1), ("b", 0)]
    with pytest.raises(ValueError, match=r"^got quality nan for 'a', expected a number from 0 to 1$"):
        Accept([("a", float("nan"))])
    for wrong in ("a,b", "a;q=0.5", '"a"', "", "a\n"):
        with pytest.raises(ValueError, match=r"^got "):
            Accept([(wrong, 1)])


def test_the_most_specific_member_counts() -> None:
    """The quality of a value is that of the most specific member which matches it, not the highest one (RFC 9110
    section 12.5.1); of two equal members the highest counts. What is not acceptable is not ``in`` the field.
    """
    accept = Accept.from_header("*, a;q=0.1, b;q=0, c;q=0.2, c;q=0.3")
    assert [accept.quality(value) for value in "abcx"] == [0.1, 0, 0.3, 1]
    assert [value in accept for value in "abcx"] == [True, False, True, True]
    assert accept.best_match(["b", "a"]) == "a"


def test_a_quoted_string_is_no_member() -> None:
    """The members of these fields are tokens (RFC 9110 section 12.5): a quoted string is skipped, in a parameter it is
    kept.
    """
    assert list(Accept.from_header('"a", b, "c;q=1", d"e";q=0.5, f;x="g";q=0.5')) == [("b", 1), ("f", 0.5)]


def test_fields_of_different_names_are_not_equal() -> None:
    """The value of one field does not equal that of another one with the same members: their members compare
    differently.
    """
    assert Accept([("a", 1)]) != CharsetAccept([("a", 1)])
    assert hash(Accept([("a", 1)])) != hash(CharsetAccept([("a", 1)]))
    assert Accept(None) != Accept(())


def test_any_coding_is_better_than_none() -> None:
    """``*`` accepts every coding that the field does not name (RFC 9110 section 12.5.3). ``identity``, no coding, has
    the lowest quality unless it is named; only a quality of 0 forbids it, that of ``*`` too.
    """
    accept = EncodingAccept.from_header("*;q=0.5")
    assert (accept.quality("br"), accept.quality("identity")) == (0.5, 0.001)
    assert accept.best_match(["identity", "br"]) == "br"
    assert EncodingAccept.from_header("*;q=0.5, identity;q=0.7").best_match(["br", "identity"]) == "identity"
    assert EncodingAccept.from_header("gzip, *;q=0").best_match(["identity", "br"]) is None
    assert "identity" not in EncodingAccept.from_header("identity;q=0, *;q=0.5")
    assert "IDENTITY" in EncodingAccept.from_header("gzip")


def test_what_cannot_be_written_names_the_value() -> None:
    """A value with a control character, or beyond latin-1, is refused by its own name."""
    for wrong in ("a\x01b", "\u20ac"):
        with pytest.raises(
            ValueError, match=r"^got value .*, expected no control characters and nothing beyond latin-1"
        ):
            Accept([(wrong, 1)])
