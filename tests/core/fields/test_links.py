"""Link."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._links import Link, Links
from cardan.core.structures import Headers

targets = st.text("abc/?#&=,;.:%-", max_size=12)
names = st.sampled_from(["title", "media", "as", "hreflang"])
printable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)


@pytest.mark.parametrize(
    ("header", "links"),
    [
        (None, []),
        ("", []),
        ('</a>; rel="next"', [("/a", {"rel": "next"})]),
        ("<a,b;c>; rel=x, <d>;rel=y;title=z", [("a,b;c", {"rel": "x"}), ("d", {"rel": "y", "title": "z"})]),
        ("<a>; rel=\"x, y\"; title*=UTF-8''%e2%82%ac", [("a", {"rel": "x, y", "title": "€"})]),
        ("<a>; rel=x; rel=y; crossorigin", [("a", {"rel": "x"})]),
        ("<>; rel=self", [("", {"rel": "self"})]),
        ("a, <b>, <c, <d>;x=1,", [("b", {}), ("d", {"x": "1"})]),
        ("<a> junk; rel=x", [("a", {"rel": "x"})]),
    ],
)
def test_reading(header: str | None, links: list[tuple[str, dict[str, str]]]) -> None:
    """The examples of RFC 8288 section 3 and appendix B.2 are parsed."""
    assert [(link.target, dict(link.parameters)) for link in Links.from_header(header)] == links


@given(st.lists(st.tuples(targets, st.dictionaries(names, printable, max_size=2)), max_size=3))
def test_links_come_back(rows: list[tuple[str, dict[str, str]]]) -> None:
    """Links that are written and parsed again are equal."""
    links = Links(Link(target, "x", **parameters) for target, parameters in rows)
    assert links.to_header().isascii()
    assert Links.from_header(links.to_header()) == links


def test_live() -> None:
    """Links is a list that writes every change to the field. Removing the last link removes the field."""
    headers = Headers()
    one = Links.bound(headers, "Link")
    two = Links.bound(headers, "Link")
    one.append(Link("/2", rel="next last"))
    two.insert(0, Link("/style.css", rel="preload", **{"as": "style"}, fetch_priority="high"))
    assert headers["Link"] == '</style.css>; rel=preload; as=style; fetch-priority=high, </2>; rel="next last"'
    found = one.find("LAST")
    assert found is not None
    assert (found.target, found.rel, one.find("prev"), one[:1]) == ("/2", "next last", None, [two[0]])
    two[0] = Link("/x", "up")
    assert headers["Link"] == '</x>; rel=up, </2>; rel="next last"'
    del one[:]
    assert "Link" not in headers


@pytest.mark.parametrize(
    "make",
    [
        lambda: Link("a b", "x"),
        lambda: Link("<a>", "x"),
        lambda: Link("é", "x"),
        lambda: Link("a", "x\n"),
        lambda: Link("a", "x", anchor="#é"),
        lambda: Link("a", "x", anchor="b c"),
        lambda: Link("a", "x", **{"b c": "d"}),
        lambda: Link("a", "x", **{"title*": "é"}),
    ],
)
def test_what_cannot_be_written_is_refused(make: Callable[[], object]) -> None:
    """A target or an ``anchor`` that is not a URI reference in ASCII (RFC 8288 sections 3.1 and 3.2), and an invalid
    parameter, are refused.
    """
    with pytest.raises(ValueError, match=r"^got "):
        make()


@pytest.mark.parametrize("rel", [None, "", " ", "é"])
def test_a_link_has_a_relation_type(rel: str | None) -> None:
    """A link must have ``rel`` (RFC 8288 section 3.3). One that was read may lack it, and can be written."""
    with pytest.raises(ValueError, match=r"^got a link to '/a' with rel .*, expected a relation type \(RFC 8288 "):
        Link("/a", rel, title="b")
    links = Links.from_header("</a>; title=b")
    assert links.to_header() == "</a>; title=b"
    links.append(Link("/b", "next"))
    assert links.to_header() == "</a>; title=b, </b>; rel=next"


def test_relation_types_are_separated_by_spaces() -> None:
    """Other white space, such as a no-break space, is a part of a relation type (RFC 8288 section 3.3)."""
    read = Links.from_header('<a>; rel="prev\xa0next  UP\tchapter"')[0]
    assert [read.has_rel(each) for each in ("up", "Chapter", "prev\xa0NEXT")] == [True, True, True]
    assert [read.has_rel(each) for each in ("prev", "next", "")] == [False, False, False]
    with pytest.raises(ValueError, match="expected a relation type"):
        Link("/", rel=" \t ")


def test_a_list_of_links_takes_links() -> None:
    """Anything but a link raises TypeError."""
    with pytest.raises(TypeError, match=r"^got '/a' as a member of Links, expected Link$"):
        Links(["/a"])  # type: ignore[list-item]


def test_equality() -> None:
    """Links are equal if target and parameters are equal."""
    assert Link("a", "b") == Link("a", rel="b")
    assert hash(Link("a", "b")) == hash(Link("a", "b"))
    assert Link("a", "b") != "a"
    assert repr(Link("a", "b")) == "<Link '<a>; rel=b'>"
    read = Links.from_header("<a>")[0]
    assert (str(read), read.rel) == ("<a>", "")


def test_a_parameter_may_have_any_name() -> None:
    """The target is a positional argument only, so that no name of a parameter collides with it."""
    link = Link("/a", rel="next", target="b", self="c")
    assert link.parameters == {"rel": "next", "target": "b", "self": "c"}
    assert (link.target, link.to_header()) == ("/a", "</a>; rel=next; target=b; self=c")


def test_a_parameter_whose_name_is_no_token_is_skipped() -> None:
    """The names of parameters are tokens (RFC 8288 section 3); others are skipped, so that what was read can be
    written.
    """
    (link,) = Links.from_header("</a>; rel=x; b c=d; \xe9=e; title*=UTF-8''%E2%82%AC; f=g")
    assert dict(link.parameters) == {"rel": "x", "title": "\u20ac", "f": "g"}
    assert Links.from_header(link.to_header())[0] == link
