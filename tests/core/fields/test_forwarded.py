"""Forwarded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._forwarded import Forwarded, ForwardedElement, split_node

nodes = st.none() | st.sampled_from(["a", "unknown", "_x:_y", "192.0.2.43:80", "[2001:db8::1]", "[::1]:4711"])
hosts = st.none() | st.sampled_from(["a.example", "192.0.2.43:80", "[2001:db8::1]:4711"])
schemes = st.none() | st.sampled_from(["http", "wss", "x+y"])
latin = st.none() | st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=12)
names = st.text("abcxyz-", min_size=1, max_size=6).filter(lambda name: name not in ("for", "by", "host", "proto"))


@pytest.mark.parametrize(
    ("header", "elements"),
    [
        (None, []),
        ("", []),
        (",;,=,for", []),
        ("for=192.0.2.43, for=198.51.100.17", [{"for": "192.0.2.43"}, {"for": "198.51.100.17"}]),
        ('For="[2001:db8:cafe::17]:4711"', [{"for": "[2001:db8:cafe::17]:4711"}]),
        (
            "for=192.0.2.60;proto=http; by=203.0.113.43 ; Host=example.org",
            [{"for": "192.0.2.60", "proto": "http", "by": "203.0.113.43", "host": "example.org"}],
        ),
        ('for="a;b,c";secret=x', [{"for": "a;b,c", "secret": "x"}]),
        ("for=a;for=b", [{"for": "a"}]),
        ('for="a', [{"for": '"a'}]),
    ],
)
def test_reading(header: str | None, elements: list[dict[str, object]]) -> None:
    """The examples of RFC 7239 section 4, and other values, are parsed."""
    assert [dict(element.pairs()) for element in Forwarded.from_header(header)] == elements


@given(
    st.lists(
        st.tuples(nodes, nodes, hosts, schemes, st.dictionaries(names, latin.filter(bool), max_size=2)), max_size=3
    )
)
def test_elements_come_back(rows: list[tuple[str | None, str | None, str | None, str | None, dict[str, str]]]) -> None:
    """Elements that are written and parsed again are equal. An element without parameters is left out."""
    forwarded = Forwarded(ForwardedElement(*row) for row in rows)
    assert Forwarded.from_header(forwarded.to_header()) == forwarded
    assert len(forwarded) == sum(any(part is not None for part in row[:4]) or bool(row[4]) for row in rows)


def test_as_a_sequence() -> None:
    """Forwarded is a sequence. The first element is that of the proxy next to the client."""
    forwarded = Forwarded.from_header("for=a;by=b, for=c")
    assert (len(forwarded), forwarded[0].for_, forwarded[0].by, [item.for_ for item in forwarded[1:]]) == (
        2,
        "a",
        "b",
        ["c"],
    )
    assert str(forwarded) == "for=a;by=b, for=c"
    assert hash(forwarded) == hash(Forwarded.from_header("for=a; by=b,for=c"))
    assert forwarded != []
    assert forwarded[0] != "a"
    assert (
        repr(forwarded) == "<Forwarded [<ForwardedElement {'for': 'a', 'by': 'b'}>, <ForwardedElement {'for': 'c'}>]>"
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: ForwardedElement("a\n"),
        lambda: ForwardedElement(extensions={"a b": "c"}),
        lambda: ForwardedElement("€"),
        lambda: ForwardedElement("2001:db8::1"),
        lambda: ForwardedElement(by="[2001:db8::1"),
        lambda: ForwardedElement("192.0.2.43:http"),
        lambda: ForwardedElement(""),
        lambda: ForwardedElement("_"),
        lambda: ForwardedElement("_a b"),
        lambda: ForwardedElement(host="2001:db8::1"),
        lambda: ForwardedElement(host="a b"),
        lambda: ForwardedElement(host="a.example:65536"),
        lambda: ForwardedElement(proto="https://"),
        lambda: ForwardedElement("a", extensions={"For": "b"}),
    ],
)
def test_what_must_not_be_written_is_refused(make: Callable[[], object]) -> None:
    """A name or value that the field must not contain is refused: an IPv6 address without brackets (RFC 7239
    section 6), a ``host`` that is no value of Host (section 5.3), and a ``proto`` that is no scheme (section 5.4).
    Reading accepts them, and they can be written again.
    """
    with pytest.raises(ValueError, match=r"^got "):
        make()
    bare = Forwarded.from_header("for=2001:db8::1")
    assert bare[0].for_ == "2001:db8::1"
    assert Forwarded.from_header(bare.to_header()) == bare


def test_an_address_of_ipv6_is_quoted() -> None:
    """An IPv6 address, and a node with a port, are written with quotes (RFC 7239 section 4)."""
    assert ForwardedElement("[2001:db8:cafe::17]:4711").to_header() == 'for="[2001:db8:cafe::17]:4711"'
    assert ForwardedElement("192.0.2.43:80", proto="http").to_header() == 'for="192.0.2.43:80";proto=http'


@pytest.mark.parametrize(
    ("node", "parts"),
    [
        ("192.0.2.43", ("192.0.2.43", None)),
        ("192.0.2.43:80", ("192.0.2.43", "80")),
        ("[2001:db8::1]", ("2001:db8::1", None)),
        ("[2001:db8::1]:4711", ("2001:db8::1", "4711")),
        ("unknown", ("unknown", None)),
        ("_gazonk:_x", ("_gazonk", "_x")),
        ("2001:db8::1", None),
        ("a:b", None),
        ("[x]", None),
        ("", None),
    ],
)
def test_nodes(node: str, parts: tuple[str, str | None] | None) -> None:
    """A node is a name with an optional port (RFC 7239 section 6)."""
    assert split_node(node) == parts
