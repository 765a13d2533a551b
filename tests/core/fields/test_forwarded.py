"""Forwarded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._forwarded import Forwarded, ForwardedElement, split_node

latin = st.none() | st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=12)
names = st.text("abcxyz-", min_size=1, max_size=6).filter(lambda name: name not in ("for", "by", "host", "proto"))


@pytest.mark.parametrize(
    ("header", "elements"),
    [
        (None, []),
        ("", []),
        (",;,=,for", []),
        ("for=192.0.2.43, for=198.51.100.17", [{"for_": "192.0.2.43"}, {"for_": "198.51.100.17"}]),
        ('For="[2001:db8:cafe::17]:4711"', [{"for_": "[2001:db8:cafe::17]:4711"}]),
        (
            "for=192.0.2.60;proto=http; by=203.0.113.43 ; Host=example.org",
            [{"for_": "192.0.2.60", "proto": "http", "by": "203.0.113.43", "host": "example.org"}],
        ),
        ('for="a;b,c";secret=x', [{"for_": "a;b,c", "extensions": {"secret": "x"}}]),
        ("for=a;for=b", [{"for_": "a"}]),
        ('for="a', [{"for_": '"a'}]),
    ],
)
def test_reading(header: str | None, elements: list[dict[str, object]]) -> None:
    """The examples of RFC 7239 section 4, and other values, are parsed."""
    assert Forwarded.from_header(header) == Forwarded(ForwardedElement(**element) for element in elements)  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(latin, latin, latin, latin, st.dictionaries(names, latin.filter(bool), max_size=2)), max_size=3)
)
def test_elements_come_back(rows: list[tuple[str | None, str | None, str | None, str | None, dict[str, str]]]) -> None:
    """Elements that are written and parsed again are equal. An element without parameters is left out."""
    forwarded = Forwarded(ForwardedElement(*row) for row in rows)
    assert Forwarded.from_header(forwarded.to_header()) == Forwarded(item for item in forwarded if item.pairs())


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
    "element", [ForwardedElement("a\n"), ForwardedElement(extensions={"a b": "c"}), ForwardedElement("€")]
)
def test_what_cannot_be_written_is_refused(element: ForwardedElement) -> None:
    """A name or value that a header field must not contain is refused."""
    with pytest.raises(ValueError, match=r"^got "):
        Forwarded([element]).to_header()


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
