"""Lists, and lists of pairs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._lists import dump_dict, dump_list, parse_dict, parse_list, parse_pairs, split

text = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=20)
tokens = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=10)


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (None, []),
        ("", []),
        (",, ,\t,", []),
        ("a, b ,\tc", ["a", "b", "c"]),
        ('a, "b, c" , d', ["a", "b, c", "d"]),
        ('"a\\"b", c', ['a"b', "c"]),
        ('"a, b', ['"a, b']),
        ('a="x,y", b', ['a="x,y"', "b"]),
        ('"a\\', ['"a\\']),
    ],
)
def test_members_of_a_list(value: str | None, members: list[str]) -> None:
    """Empty members are skipped, and a comma between quotes does not separate (RFC 9110 section 5.6.1.2)."""
    assert parse_list(value) == members


def test_split_keeps_the_quotes() -> None:
    """``split()`` keeps the quotes, because some parsers need them."""
    assert split(' "a, b" , c="d,e";f ') == ['"a, b"', 'c="d,e";f']


@given(st.lists(text))
def test_a_list_comes_back(members: list[str]) -> None:
    """A list that is written is parsed back, empty members included, because these are quoted."""
    assert parse_list(dump_list(members)) == members


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ('a=1, b="x, y", c', [("a", "1"), ("b", "x, y"), ("c", None)]),
        ('a = 1 , b =\t"2"', [("a", "1"), ("b", "2")]),
        ('"a", "b, \\"c"', [("a", None), ('b, "c', None)]),
        ("=1, a=", [("a", "")]),
        ("\xa0a\x85=\xa01\xa0, \t\xa0 ,b\t =\t1\xa0 ", [("\xa0a\x85", "\xa01\xa0"), ("\xa0", None), ("b", "1\xa0")]),
        ('a="1', [("a", "1")]),
        ('a="1"x', [("a", "1")]),
        ("a=1, a=2", [("a", "1"), ("a", "2")]),
    ],
)
def test_pairs(value: str, pairs: list[tuple[str, str | None]]) -> None:
    """A value may be quoted. Spaces and tabs may surround ``=``, but no other white space (RFC 9110 section 5.6.3).
    A member without a name is skipped.
    """
    assert parse_pairs(value) == pairs
    assert parse_dict(value) == dict(pairs)


@given(st.dictionaries(tokens, st.none() | text))
def test_pairs_come_back(pairs: dict[str, str | None]) -> None:
    """Pairs that are written are parsed back."""
    assert parse_dict(dump_dict(pairs)) == pairs
    assert parse_dict(dump_dict(pairs, always_quote=True)) == pairs


@pytest.mark.parametrize("pairs", [{"a b": "1"}, {"": "1"}, {"a": "1\n2"}, {"a": "\0"}, {"a": "€"}, {"a\r": None}])
def test_what_cannot_be_written_is_refused(pairs: dict[str, str | None]) -> None:
    """A name or value that a header field must not contain is refused."""
    with pytest.raises(ValueError, match=r"^got "):
        dump_dict(pairs)


def test_members_with_control_characters_are_skipped() -> None:
    """A control character makes its own member invalid, within quotes and outside of them; the others are read."""
    assert split('a, b\x01c, "d\x7f", e') == ["a", "e"]
    assert parse_list("a\n, b") == ["b"]
    assert parse_pairs('a="b\0", c=d') == [("c", "d")]
    assert parse_dict("a=1\x1f, b") == {"b": None}


def test_what_is_quoted() -> None:
    """A value that is no token is quoted, every value only if that is wanted."""
    assert dump_dict({"a": "b", "c": "d e", "f": 5, "g": None}) == 'a=b, c="d e", f=5, g'
    assert dump_dict({"a": "b", "f": 5, "g": None}, always_quote=True) == 'a="b", f="5", g'
