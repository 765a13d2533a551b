"""Accept: the media types that a client prefers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._accept_media import MIMEAccept
from tests.corpora import corpus_json

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

tokens = st.text("abcxyz019-.", min_size=1, max_size=5)
parameters = st.dictionaries(tokens.filter(lambda name: name != "q"), st.text('abc =;",\\', max_size=5), max_size=2)


def test_precedence_of_the_rfc() -> None:
    """The table of qualities in RFC 9110 section 12.5.1 holds (with 0.3 for text/html;level=3, as the corpus notes)."""
    case = corpus_json("rfc-examples")["rfc9110_accept"]
    accept = MIMEAccept.from_header(case["header"])
    assert {name: accept.quality(name) for name in case["quality"]} == case["quality"]


@pytest.mark.parametrize("row", range(3))
def test_examples_of_the_rfc(row: int) -> None:
    """The examples of qualities, preference and precedence in RFC 9110 section 12.5.1 hold."""
    case = corpus_json("rfc-examples")["rfc9110_accept_more"][row]
    accept = MIMEAccept.from_header(case["header"])
    assert {name: accept.quality(name) for name in case.get("q", {})} == case.get("q", {})
    assert accept.best_match(case.get("prefer", [])) == case.get("prefer", [None])[0]
    assert list(accept.values()) == case.get("precedence_most_specific_first", list(accept.values()))


@pytest.mark.parametrize(
    ("header", "offers", "best"),
    [
        (BROWSER, ["application/json", "text/html"], "text/html"),
        (BROWSER, ["application/json", "application/xml"], "application/xml"),
        (BROWSER, ["application/json", "text/plain"], "application/json"),
        ("*/*", ["a/b", "c/d"], "a/b"),
        ("*", ["a/b"], "a/b"),
        ("*, text/*;q=0.1", ["text/html", "a/b"], "a/b"),
        ("text/*, a/b", ["text/plain", "a/b"], "a/b"),
        ("text/*;q=0.5, text/html;q=0", ["text/html"], None),
        ("text/html;q=0, */*", ["text/html", "a/b"], "a/b"),
        ("TEXT/HTML", ["text/html"], "text/html"),
        ("text/html", ["Text/Html"], "Text/Html"),
        ("text/html;level=1", ["text/html"], None),
        ("text/html;level=1", ["text/html; Level=1; x=y"], "text/html; Level=1; x=y"),
        ("text/html", ["text/html;level=1"], "text/html;level=1"),
        ('a/b;x="1,2;3";q=0.5', ['a/b;x="1,2;3"'], 'a/b;x="1,2;3"'),
        ("a/b;q=0.5;x=y", ["a/b;x=y"], "a/b;x=y"),
        ("garbage, /, a/, ;q=1", ["a/b"], None),
    ],
)
def test_best_match(header: str, offers: list[str], best: str | None) -> None:
    """The most specific range gives the quality of a type. Parameters make a range more specific; their order, and the
    position of the quality among them, do not matter.
    """
    assert MIMEAccept.from_header(header).best_match(offers) == best


def test_what_is_asked_often() -> None:
    """``accept_html``, ``accept_xhtml`` and ``accept_json`` tell what the client accepts."""
    accept = MIMEAccept.from_header("text/html, application/xml;q=0.5")
    assert (accept.accept_html, accept.accept_xhtml, accept.accept_json) == (True, True, False)
    accept = MIMEAccept.from_header("application/json")
    assert (accept.accept_html, accept.accept_xhtml, accept.accept_json) == (False, False, True)
    assert MIMEAccept.from_header("*/*").accept_json
    assert not MIMEAccept.from_header(None).accept_json


def test_lookup_by_name() -> None:
    """A member is found by its normal form: case, quotes and spaces do not matter."""
    accept = MIMEAccept.from_header('a/b;X="y";q=0.5, c/d')
    assert accept.find("A/B; x=y") == 1
    assert accept["a/b;x=y"] == 0.5
    assert list(accept) == [("c/d", 1), ("a/b;x=y", 0.5)]


@given(st.lists(st.tuples(tokens, tokens, parameters, st.integers(0, 1000)), max_size=4))
def test_fields_come_back(rows: list[tuple[str, str, dict[str, str], int]]) -> None:
    """A field that is written and parsed again gives an equal object, with its parameters and qualities."""
    from cardan.core.fields._accept import write_member

    items = [(write_member(f"{kind}/{subtype}", sorted(pairs.items())), n / 1000) for kind, subtype, pairs, n in rows]
    accept = MIMEAccept(items)
    assert MIMEAccept.from_header(accept.to_header()) == accept


def test_parameters_of_ranges() -> None:
    """The parameters of a range are sorted by name. Names and values are compared without regard to case, and a type
    may have more parameters than the range.
    """
    accept = MIMEAccept.from_header("Text/HTML;Level=A;b=1;a=2;q=0.5, text/*;q=0.1")
    assert accept[0] == ("Text/HTML;a=2;b=1;level=A", 0.5)
    assert accept.quality("text/html;LEVEL=a;B=1;a=2") == 0.5
    assert accept.quality("text/html;x=y;level=a;b=1;a=2") == 0.5
    assert accept.quality("text/html;level=a;b=1") == 0.1
    assert accept.quality("text/html") == 0.1


@pytest.mark.parametrize(
    ("header", "html", "xhtml", "json"),
    [
        ("text/html", True, False, False),
        ("application/xhtml+xml", True, True, False),
        ("application/xml", True, True, False),
        ("application/json", False, False, True),
        ("text/*", True, False, False),
        ("application/*", True, True, True),
        ("*/*", True, True, True),
        ("*", True, True, True),
        ("text/plain", False, False, False),
        ("text/html;q=0, application/json;q=0", False, False, False),
    ],
)
def test_what_browsers_and_programs_accept(header: str, html: bool, xhtml: bool, json: bool) -> None:
    """A client that accepts XHTML, or XML, accepts HTML (WHATWG HTML has both syntaxes)."""
    accept = MIMEAccept.from_header(header)
    assert (accept.accept_html, accept.accept_xhtml, accept.accept_json) == (html, xhtml, json)
