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
        ("http://a.de:/x", "http://a.de:/x"),
        ("http://a.de:65535/", "http://a.de:65535/"),
        (
            "http://[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]/",
            "http://[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]/",
        ),
        ("", ""),
    ],
)
def test_iri_to_uri(iri: str, uri: str) -> None:
    """Characters that a URI must not contain are percent-encoded, host names are encoded by IDNA, and escaped
    sequences are kept (RFC 3987 section 3.1).
    """
    assert iri_to_uri(iri) == uri
    assert iri_to_uri(uri) == uri


SUB_DELIMS, UNRESERVED = "!$&'()*+,;=", "-._~"
VISIBLE = [chr(number) for number in range(0x21, 0x7F)]


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("/", "", f"/?#%:@{SUB_DELIMS}{UNRESERVED}"),
        ("/?", "", f"/?#%:@{SUB_DELIMS}{UNRESERVED}"),
        ("/#", "", f"/?%:@{SUB_DELIMS}{UNRESERVED}"),
        ("http://", "@a.de/", f"%:{SUB_DELIMS}{UNRESERVED}"),
    ],
)
def test_characters_of_each_component(before: str, after: str, kept: str) -> None:
    """RFC 3986 sections 3.2.1, 3.3, 3.4 and 3.5: the characters that user information, a path, a query and a fragment
    may have stay as they are; every other one is percent-encoded. A percent sign begins an escape.
    """
    ends_the_authority = "/?#[]@" if after else ""
    for char in VISIBLE:
        if char not in ends_the_authority:
            text = "%2A" if char == "%" else char
            expected = text if char.isalnum() or char in kept else f"%{ord(char):02X}"
            assert iri_to_uri(f"{before}x{text}y{after}") == f"{before}x{expected}y{after}"


def test_characters_of_a_path_that_is_made_anew() -> None:
    """What a path may have stays (RFC 3986 section 3.3); everything else is percent-encoded, a percent sign as well."""
    for char in VISIBLE:
        kept = char.isalnum() or char in f"/:@{SUB_DELIMS}{UNRESERVED}"
        assert whole_raw_path("", f"/x{char}y", None) == (f"/x{char}y" if kept else f"/x%{ord(char):02X}y").encode()


#: UAX #9, the property Bidi_Control; the spaces and separators of Unicode (Zs, Zl, Zp); what RFC 3987 section 2.2 does
#: not have in ``ucschar``: the controls beyond ASCII, U+FFF0 to U+FFFF and the zero-width no-break space
HIDDEN = [
    0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A),
    0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
    *range(0x80, 0xA0), *range(0xFFF0, 0x10000), 0xFEFF,
]  # fmt: skip


@pytest.mark.parametrize("char", [*map(chr, HIDDEN)], ids=lambda char: f"U+{ord(char):04X}")
def test_characters_that_an_iri_does_not_show(char: str) -> None:
    """A character that cannot be seen, or that changes the order of others, stays percent-encoded in an IRI: it could
    make one address look like another (RFC 3987 sections 3.2 and 4.1).
    """
    escaped = "".join(f"%{byte:02X}" for byte in char.encode())
    assert uri_to_iri(f"/a{escaped}b") == iri_path(f"/a{char}b") == f"/a{escaped}b"


@pytest.mark.parametrize(
    "char", ["\xa1", "\u061b", "\u167f", "\u2010", "\u2027", "\u2030", "\u3001", "\uffef", "\U00010000"]
)
def test_characters_beside_those(char: str) -> None:
    """The characters next to them are shown."""
    escaped = "".join(f"%{byte:02X}" for byte in char.encode())
    assert uri_to_iri(f"/a{escaped}b") == uri_to_iri(f"/a{escaped.lower()}b") == iri_path(f"/a{char}b") == f"/a{char}b"


@pytest.mark.parametrize(
    ("query", "iri"),
    [
        (b"a=%C3%BC&b[]=x/y?z", "a=ü&b[]=x/y?z"),
        (b"a=\xfc&b[]=%C3%BC:@!$'()*+,;~", "a=%FC&b[]=ü:@!$'()*+,;~"),
    ],
)
def test_a_query_as_a_part_of_an_iri(query: bytes, iri: str) -> None:
    """Percent-encoded UTF-8 becomes text. A byte beyond ASCII is percent-encoded; nothing else of the query is changed
    by that.
    """
    assert iri_query(query) == iri


@pytest.mark.parametrize(
    ("scheme", "port"),
    # RFC 9110 sections 4.2.1 and 4.2.2, RFC 6455 section 3
    [("http", 80), ("https", 443), ("ws", 80), ("wss", 443)],
)
def test_the_port_of_a_scheme_is_left_out(scheme: str, port: int) -> None:
    """A Host value does not need the port that its scheme has without one; it needs every other port."""
    assert valid_host(f"a.de:{port}", scheme) == "a.de"
    assert valid_host(f"a.de:{523 - port}", scheme) == f"a.de:{523 - port}"


@pytest.mark.parametrize(
    ("host", "valid"),
    [
        ("a.de:65535", "a.de:65535"),
        ("a.de:65536", ""),
        ("a.de:000080", ""),
        ("a.de:0", "a.de:0"),
        ("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]", "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]"),
    ],
)
def test_hosts_at_their_bounds(host: str, valid: str) -> None:
    """A port has 16 bits (RFC 9293 section 3.1). The longest text of an IPv6 address has 45 characters."""
    assert valid_host(host, "http") == valid


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
        "http://a:000080/",
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
        ("..a.de", "x.a.de", False),
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
        ("", "/\ufffd", b"/%FF", b"/%FF"),
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
     "☃א.de", "א☃a.de", "ü" * 58 + ".de", "a." + "ü" * 58, "a\u0301\u200d.ü", "\u0301.de",
     "\u0661\u0628a.com", "\ud800.de", "\xa0.de", "ü" * 1001],
)  # fmt: skip
def test_names_that_are_none(name: str) -> None:
    """A name that UTS 46 cannot encode, or that becomes something else than a domain name, is a ValueError."""
    with pytest.raises(ValueError, match="expected a name that IDNA can encode"):
        idna_host(name)


LABELS = ["a" * 63, "b" * 63, "c" * 63]


def name_of(length: int) -> str:
    """A domain name of that length in ASCII, which begins with ``xn--tda``, the label of ``ü``."""
    return ".".join(["xn--tda", *LABELS, "d" * (length - 7 - 3 * 64 - 1)])


def test_the_longest_domain_name() -> None:
    """A domain name has at most 255 bytes in a message of the DNS (RFC 1035 section 2.3.4): 253 characters, and a dot
    at its end counts no further.
    """
    for name in (name_of(253), name_of(253) + "."):
        assert idna_host(name.replace("xn--tda", "ü")) == name
    for name in (name_of(254), name_of(254) + ".", name_of(253) + ".."):
        with pytest.raises(ValueError, match="expected a name that IDNA can encode"):
            idna_host(name.replace("xn--tda", "ü"))


def test_the_longest_label() -> None:
    """A label has at most 63 bytes (RFC 1035 section 2.3.4), the first one as the last one."""
    for name in (f"{'a' * 63}.ü", f"ü.{'a' * 63}"):
        assert idna_host(name).count("a" * 63) == 1
    for name in (f"{'a' * 64}.ü", f"ü.{'a' * 64}"):
        with pytest.raises(ValueError, match="expected a name that IDNA can encode"):
            idna_host(name)


def test_the_longest_text_that_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of 1,000 characters may be a name, because UTS 46 leaves some of them out; a longer one is not looked at.
    The error shows no more of it.
    """
    soft_hyphens = "\xad" * 996
    assert idna_host(f"ü{soft_hyphens}.de") == "xn--tda.de"

    def no_more(*args: object, **options: object) -> str:
        raise AssertionError

    monkeypatch.setattr("idna.uts46_remap", no_more)
    with pytest.raises(ValueError, match="expected a name that IDNA can encode") as caught:
        idna_host(f"ü{soft_hyphens}x.de")
    assert str(caught.value).startswith("got host 'ü")
    assert len(str(caught.value)) < 1000 * len("\\xad") + 100


def test_a_name_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that a program uses again and again are not encoded anew: an entry of trusted_hosts is read for each
    request.
    """
    import idna

    calls: list[str] = []
    remap = idna.uts46_remap
    monkeypatch.setattr("idna.uts46_remap", lambda name, **options: calls.append(name) or remap(name, **options))
    for _ in range(3):
        assert host_is_trusted("xn--zca.once.example", ["ß.once.example"])
    assert calls == ["ß.once.example"]
