"""Entity tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._etags import ETags, quote_etag, unquote_etag
from tests.corpora import corpus_json

opaque = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc", "Zs"], exclude_characters='"'), max_size=8)


@pytest.mark.parametrize(
    ("header", "strong", "weak", "star"),
    [
        (None, [], [], False),
        ("", [], [], False),
        ("*", [], [], True),
        (" * ", [], [], True),
        ('"a"', ["a"], [], False),
        ('""', [""], [], False),
        ('W/"a"', [], ["a"], False),
        ('w/"a", "b,c",\t"d"', ["b,c", "d"], ["a"], False),
        (' , "a",, "b" ,', ["a", "b"], [], False),
        ('*, "a"', ["a"], [], False),
        ("*, *", [], [], False),
        ("a*", [], [], False),
        ('a, "b"', ["b"], [], False),
        ('"a"x, "b"', ["b"], [], False),
        ('"a" "b", "c"', ["c"], [], False),
        ('"a', [], [], False),
        ('"a b"', [], [], False),
        ('"\xe9"', ["\xe9"], [], False),
    ],
)
def test_reading(header: str | None, strong: list[str], weak: list[str], star: bool) -> None:
    """List members that are not entity tags are skipped, and ``*`` counts only if it stands alone (RFC 9110 sections
    8.8.3 and 13.1.1).
    """
    etags = ETags.from_header(header)
    assert etags == ETags(strong, weak, star)
    assert list(etags) == strong
    assert bool(etags) == bool(strong or weak or star)


@pytest.mark.parametrize("row", range(4))
def test_comparison(row: int) -> None:
    """The table of comparisons in RFC 9110 section 8.8.3.2 holds."""
    case = corpus_json("rfc-examples")["rfc9110_etag_comparison"][row]
    tag, weak = unquote_etag(case["b"])
    assert tag is not None
    etags = ETags.from_header(case["a"])
    assert (not weak and etags.contains(tag)) == case["strong"]
    assert etags.contains_weak(tag) == case["weak"]


def test_questions() -> None:
    """Each method of a set of tags gives the documented result."""
    etags = ETags(["a", "b"], ["c"])
    assert etags.as_set() == {"a", "b"}
    assert etags.as_set(include_weak=True) == {"a", "b", "c"}
    assert (etags.is_strong("a"), etags.is_weak("a"), etags.is_weak("c")) == (True, False, True)
    assert ("a" in etags, "c" in etags, len(etags)) == (True, False, 2)
    assert (etags.contains_raw('"a"'), etags.contains_raw('W/"c"'), etags.contains_raw('"c"')) == (True, True, False)
    assert etags.contains_raw("") is False
    assert "x" in ETags(star_tag=True)
    assert ETags(star_tag=True).contains_weak("x")
    assert ETags(["a"]) != "a"
    assert repr(etags) == '<ETags \'"a", "b", W/"c"\'>'
    assert str(ETags(star_tag=True)) == "*"


@given(st.lists(opaque), st.lists(opaque))
def test_tags_come_back(strong: list[str], weak: list[str]) -> None:
    """Tags that are written and parsed again are equal."""
    etags = ETags(strong, weak)
    assert ETags.from_header(etags.to_header()) == etags


@pytest.mark.parametrize("tag", ['"', "a b", "a\n", "\0", "€", "\x7f"])
def test_what_is_no_tag_is_not_written(tag: str) -> None:
    """A tag with a character that is not an etagc (RFC 9110 section 8.8.3) is refused."""
    with pytest.raises(ValueError, match=r"^got etag "):
        quote_etag(tag)
    with pytest.raises(ValueError, match=r"^got etag "):
        ETags([tag]).to_header()


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('"a"', ("a", False)),
        (' W/"a" ', ("a", True)),
        ('w/"a"', ("a", True)),
        ("a", ("a", False)),
        ('"a', ("a", False)),
        ("W/a", ("a", True)),
        ("", (None, None)),
        (" ", (None, None)),
        (None, (None, None)),
    ],
)
def test_one_tag(text: str | None, result: tuple[str | None, bool | None]) -> None:
    """An entity tag is read with its quotes, and without them because some servers forget them."""
    assert unquote_etag(text) == result


def test_writing_one_tag() -> None:
    """A tag is written as a strong or as a weak one."""
    assert (quote_etag("a"), quote_etag("a", weak=True)) == ('"a"', 'W/"a"')


@given(st.text('W/"a, *\t', max_size=12))
def test_the_plain_case_has_the_general_one_as_oracle(header: str) -> None:
    """A field with one tag is read by its own pattern. The result is the same as that of the general parser."""
    assert ETags.from_header(header) == (ETags._read(header) if header else ETags())


@pytest.mark.parametrize(
    ("text", "result"),
    [("w/a", ("a", True)), ("W/a", ("a", True)), ('w/"a', ("a", True)), ("x/a", ("x/a", False)), ("W", ("W", False))],
)
def test_a_mark_of_weakness_without_quotes(text: str, result: tuple[str, bool]) -> None:
    """The mark is read in upper and lower case, with and without the quotes that some servers forget."""
    assert unquote_etag(text) == result


def test_a_set_of_tags_is_a_new_one() -> None:
    """A program may change the set that it has got; the object stays what it is."""
    for tags in (ETags(["a"]), ETags.from_header('"a", W/"b"')):
        header = tags.to_header()
        for include_weak in (False, True):
            tags.as_set(include_weak).clear()
        assert tags.to_header() == header


def test_tags_are_an_iterable() -> None:
    """A str is an iterable of letters, and not of tags; a tag that is no str is none."""
    for arguments in ({"strong_etags": "ab"}, {"weak_etags": "ab"}):
        with pytest.raises(TypeError, match=r"^got 'ab' as entity tags, expected an iterable of them$"):
            ETags(**arguments)
    for wrong in (b"a", 5, None):
        with pytest.raises(TypeError, match=r"^got etag = .*, expected a str$"):
            quote_etag(wrong)  # type: ignore[arg-type]


def test_a_star_stands_alone() -> None:
    """With ``*`` the tags beside it say nothing (RFC 9110 section 13.1.1): every representation matches."""
    etags = ETags(["a"], ["b"], star_tag=True)
    assert (etags.to_header(), len(etags), etags.as_set(include_weak=True)) == ("*", 0, set())
    assert (etags.is_strong("a"), etags.is_weak("b"), bool(etags)) == (False, False, True)
    assert (etags.contains("x"), etags.contains_weak("x"), "x" in etags, etags.contains_raw('W/"x"')) == (True,) * 4
    assert ETags() == ETags.from_header(None) != etags
