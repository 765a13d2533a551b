"""Accept-Charset, Accept-Encoding, and the rules that all Accept fields share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    ("text", "quality"), [("1", 1), ("0.5", 0.5), ("1.9", 1), ("", None), ("2", None), ("0,5", None)]
)
def test_qualities(text: str, quality: float | None) -> None:
    """A quality is a number from 0 to 1 in ASCII digits."""
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
