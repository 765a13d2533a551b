"""URLs: conversion between IRIs and URIs, and checks of hosts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core._urls import (
    host_is_trusted,
    idna_host,
    iri_path,
    iri_query,
    iri_to_uri,
    reference_to_uri,
    uri_to_iri,
    valid_host,
    whole_raw_path,
)


@pytest.mark.parametrize(
    ("iri", "uri"),
    [
        ("http://a.de/ü?q=€#ö", "http://a.de/%C3%BC?q=%E2%82%AC#%C3%B6"),
        ("http://ü.de:80/", "http://xn--tda.de:80/"),
        ("/a b", "/a%20b"),
        ("/a%20b%zz", "/a%20b%25zz"),
        ("//ü.de/x", "//xn--tda.de/x"),
        ("http://u@a.de/", "http://u@a.de/"),
        ("http://[::1]:8000/x", "http://[::1]:8000/x"),
        ("?a=ü", "?a=%C3%BC"),
        ("x/../y", "x/../y"),
        ("mailto:a@b.de", "mailto:a@b.de"),
        ('/"<>\\^`{|}', "/%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ("/path[x]?a[]=1#b#[c]", "/path%5Bx%5D?a%5B%5D=1#b%23%5Bc%5D"),
        ("a//b[c]", "a//b%5Bc%5D"),
        ("file:///x", "file:///x"),
        ("http://[v1.a]/", "http://[v1.a]/"),
        ("http://a%2Cb.de/", "http://a%2Cb.de/"),
        ("", ""),
    ],
)
def test_iri_to_uri(iri: str, uri: str) -> None:
    """Characters that a URI must not contain are percent-encoded, host names are encoded by IDNA, and escaped
    sequences are kept (RFC 3987 section 3.1).
    """
    assert iri_to_uri(iri) == uri
    assert iri_to_uri(uri) == uri


@pytest.mark.parametrize(
    "iri",
    [
        "/a\nb",
        "/a\rb",
        "/\x00",
        "/\x7f",
        "http://a.de:port/",
        "http://[::1/",
        "http://a..ü/",
        "/\ud800",
        "http://a]/",
        "http://[::g]/",
        "http://a b/",
        "http://a\\b/",
        "http://a<b/",
        "http://a%zz/",
        "http://a:65536/",
        "http://a@b@c/",
        "http://\ud800@a.de/",
        "http://\ud800.de/",
        "http://ü:80x/",
        "http://ü[/",
        "http://ü@b@c/",
        "//a b/",
        "#\ud800",
    ],
)
def test_iri_to_uri_refuses(iri: str) -> None:
    """Text that a URI must not contain raises ValueError: an authority is checked before its name is encoded (RFC 3986
    section 3.2), and a lone surrogate is not replaced by another character.
    """
    with pytest.raises(ValueError, match="got "):
        iri_to_uri(iri)


@pytest.mark.parametrize(
    "reference",
    ["http:///evil.example/x", "https:///a", "///evil.example", "////a", "//", "//?a", "//#a", "//:80", "http://:80/",
     "http:a", "http:/a", "HTTP:a", "http:", "wss:///a", "http:\\\\a"],
)  # fmt: skip
def test_a_reference_names_a_host(reference: str) -> None:
    """A reference with the scheme http or https, or with two slashes, has a host (RFC 9110 section 4.2.1): without one,
    browsers take the first name in the path for the host.
    """
    with pytest.raises(ValueError, match=r"expected the name of a host after '//'$"):
        reference_to_uri(reference)


@pytest.mark.parametrize("reference", ["http://u@a.de/", "//u:p@a.de", "https://:@a.de", "//ü@ü.de"])
def test_a_reference_has_no_user_information(reference: str) -> None:
    """User information is not sent in a field (RFC 9110 section 4.2.4)."""
    with pytest.raises(ValueError, match="expected no user information"):
        reference_to_uri(reference)


@pytest.mark.parametrize(
    "reference",
    ["/a//b", "a", "", "?a", "#a", "mailto:a@b.de", "file:///a", "http://a.de", "//a.de/x", "ftp://u@a.de/",
     "http://[::1]/", "x:a", "httpx:a"],
)  # fmt: skip
def test_other_references_are_kept(reference: str) -> None:
    """Every other reference is what iri_to_uri() gives."""
    assert reference_to_uri(reference) == iri_to_uri(reference) == reference


@pytest.mark.parametrize(
    ("uri", "iri"),
    [
        ("http://a.de/%C3%BC?q=%E2%82%AC", "http://a.de/ü?q=€"),
        ("/%FF%C3", "/%FF%C3"),
        ("/%20%2F%3F%00", "/%20%2F%3F%00"),
        ("/%C2%A0%E2%80%AE", "/%C2%A0%E2%80%AE"),
        ("/%zz%", "/%zz%"),
        ("/a b\x00<", "/a%20b%00%3C"),
    ],
)
def test_uri_to_iri(uri: str, iri: str) -> None:
    """Percent-encoded UTF-8 beyond ASCII is decoded; invalid sequences, delimiters, spaces and bidirectional marks are
    not (RFC 3987 section 3.2).
    """
    assert uri_to_iri(uri) == iri


@given(st.text())
def test_reading_never_raises(text: str) -> None:
    """Any text gives text that contains no character which would change the structure of a URL."""
    shown = iri_path(text)
    assert not set(shown) & set(' "#?<>\\^`{|}\x00\r\n')
    shown.encode("utf-8")
    uri_to_iri(text)
    assert valid_host(text, "http").isascii()
    assert host_is_trusted(text, []) is False


@given(st.binary())
def test_queries_never_raise(query: bytes) -> None:
    """Any bytes are accepted as a query. The result contains no ``#``, no space and no control character."""
    shown = iri_query(query)
    assert not set(shown) & set(' "<>\\^`{|}\x00\r\n')


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_uris_are_ascii(text: str) -> None:
    """A path as an IRI becomes a URI in ASCII, which does not change if it is encoded again. A path with two slashes
    at its start names a host.
    """
    uri = iri_to_uri("/" + iri_path(text).lstrip("/"))
    assert uri.isascii()
    assert iri_to_uri(uri) == uri


@pytest.mark.parametrize(
    ("entry", "host", "trusted"),
    [
        ("A.de.", "a.DE", True),
        (".a.de", "x.y.a.de", True),
        (".a.de:80", "x.a.de:80", True),
        (".a.de:80", "x.a.de:81", False),
        ("", "a.de", False),
        ("bad host", "bad host", False),
        ("[::1]", "[::1]:80", True),
        ("a.de", "a.de.evil.de", False),
        (".a.de", "..a.de", False),
        (".a.de", ".a.de", False),
        (".a.de", "x..a.de", False),
        (".a.de", "..x.a.de", False),
        (".a.de", "a.de..", False),
        (".a.de", "x.a.de.", True),
        ("a.de", ".a.de", False),
        (".de", "a.de", True),
        ("faß.de", "xn--fa-hia.de", True),
        ("faß.de", "fass.de", False),
        (".Müller.example:80", "a.XN--MLLER-KVA.example.:80", True),
        (".Müller.example:80", "a.xn--mller-kva.example:81", False),
        ("ü..de", "a.de", False),
    ],
)
def test_host_is_trusted(entry: str, host: str, trusted: bool) -> None:
    """Case and a trailing dot are ignored, a port in an entry must match, and a leading dot matches subdomains too. An
    entry in another script stands for its name in ASCII, by UTS 46.
    """
    assert host_is_trusted(host, [entry]) is trusted


@pytest.mark.parametrize(
    ("root", "path", "sent", "whole"),
    [
        ("", "/a/b", b"/a%2Fb", b"/a%2Fb"),
        ("/r", "/a/b", b"/r/a%2Fb", b"/r/a%2Fb"),
        ("/r", "/a/b", b"/a%2Fb", b"/r/a%2Fb"),
        ("/ü", "/a/b", b"/a%2Fb", b"/%C3%BC/a%2Fb"),
        ("/r", "/a/b", b"/other", b"/r/a/b"),
        ("/r", "/a b%", None, b"/r/a%20b%25"),
        ("", "*", b"*", b"*"),
    ],
)
def test_the_whole_raw_path(root: str, path: str, sent: bytes | None, whole: bytes) -> None:
    """What was sent is kept, with the path of the application before it; it is made anew if it is another path."""
    assert whole_raw_path(root, path, sent) == whole


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("faß.de", "xn--fa-hia.de"),
        ("FASS.ß", "fass.xn--zca"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("Bücher.example.", "xn--bcher-kva.example."),
        ("ＧＯ.ü", "go.xn--tda"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("☃.net", "xn--n3h.net"),
        ("_a_b.ü", "_a_b.xn--tda"),
        ("xn--fa-hia.ü", "xn--fa-hia.xn--tda"),
    ],
)
def test_names_beyond_ascii(name: str, encoded: str) -> None:
    """A host name is encoded as browsers do it: UTS 46 with nontransitional processing, symbols and underscores
    included (WHATWG URL section 3.3).
    """
    assert idna_host(name) == encoded
    assert iri_to_uri(f"https://{name}:8080/") == f"https://{encoded}:8080/"


@pytest.mark.parametrize(
    "name",
    ["ü..de", ".ü", "ü" * 64, ".".join(["ü" * 50] * 6), "-ü", "ü-.de", "ü b", "ü%41", "ü@b", "ü\uff0fb", "\u2100.ü",
     "a\u0301\u200d.ü", "\u0301.de", "\u0661\u0628a.com", "\ud800.de", "\xa0.de", "ü" * 1001],
)  # fmt: skip
def test_names_that_are_none(name: str) -> None:
    """A name that UTS 46 cannot encode, or that becomes something else than a domain name, is a ValueError."""
    with pytest.raises(ValueError, match="expected a name that IDNA can encode"):
        idna_host(name)
