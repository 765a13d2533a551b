"""Cookies: parsing the Cookie field and writing the Set-Cookie field."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._cookies import (
    _usual_attributes,
    cookie_identity,
    dump_cookie,
    parse_cookie,
    prefix_demands,
)
from tests.corpora import corpus_json


def test_the_corpus_of_browsers() -> None:
    """http-state: the parser gives the cookies that browsers send, in all 135 rows.

    In the rows of deviations.json it takes off the outer quotes, which browsers leave.
    """
    quoted = json.loads((Path(__file__).parent / "deviations.json").read_text("utf-8"))["http-state-quotes"]["rows"]
    rows = [row for row in corpus_json("http-state", "data/parser.json") if row["sent"]]
    for row in rows:
        sent = [(cookie["name"], cookie["value"]) for cookie in row["sent"]]
        header = "; ".join(f"{name}={value}" for name, value in sent).encode().decode("latin-1")
        if row["test"] in quoted:
            assert any(value[:1] == value[-1:] == '"' for _, value in sent)
            sent = [(name, value[1:-1] if value[:1] == value[-1:] == '"' else value) for name, value in sent]
        assert parse_cookie(header) == sent, row["test"]
    assert len(rows) == 135


def test_hostile_rows_of_the_corpus() -> None:
    """http-state: every Set-Cookie value, read as a Cookie field, is parsed without an exception."""
    for row in corpus_json("http-state", "data/parser.json"):
        for value in row["received"]:
            assert isinstance(parse_cookie(value.encode().decode("latin-1")), list)


def test_the_examples_of_the_rfc() -> None:
    """The examples of RFC 6265 section 3.1 are parsed."""
    case = corpus_json("rfc-examples")["rfc6265_cookie"][2]
    assert parse_cookie(case["cookie"]) == [tuple(pair) for pair in case["parsed"]]


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        (None, []),
        ("", []),
        (";; ; ", []),
        ("a=b", [("a", "b")]),
        ("a = b ;\tc=d", [("a", "b"), ("c", "d")]),
        ("a=b=c", [("a", "b=c")]),
        ("a=", [("a", "")]),
        ("a=1; a=2", [("a", "1"), ("a", "2")]),
        ('a={"x": [1, 2]}', [("a", '{"x": [1, 2]}')]),
        ('a="x;y"', [("a", '"x'), ("", 'y"')]),
        ('a="John Smith"', [("a", "John Smith")]),
        ('a="b\\"c"', [("a", 'b"c')]),
        ('a="b\\\\"', [("a", "b\\")]),
        ('a="b\\\\\\"; c="d"', [("a", '"b\\\\\\"'), ("c", "d")]),
        ('a="b\\c"', [("a", "b\\c")]),
        ('a="\\400\\08"', [("a", "\\400\\08")]),
        ('a=""', [("a", "")]),
        ('a="', [("a", '"')]),
        ('a="b', [("a", '"b')]),
        ('a=b"', [("a", 'b"')]),
        ('a=b"c"', [("a", 'b"c"')]),
        ('a="b\\"', [("a", '"b\\"')]),
        ('a="b" "c"', [("a", 'b" "c')]),
        ('"a"="b"', [('"a"', "b")]),
        ('a="\xc3\xa9\\054"', [("a", "é,")]),
        ('a="b\\040c"', [("a", "b c")]),
        ('a="\\303\\251"', [("a", "é")]),
        ('a="\\377"', [("a", "\ufffd")]),
        ("a=\xc3\xa9", [("a", "é")]),
        ("a=\xe9", [("a", "\ufffd")]),
        ("a=€", [("a", "€")]),
        ("\xa0a\xa0=\x85b", [("\ufffda\ufffd", "\ufffdb")]),
        ("a=b\x1cc=d", [("a", "b\x1cc=d")]),
    ],
)
def test_reading(header: str | None, cookies: list[tuple[str, str]]) -> None:
    r"""``;`` separates cookies, the first ``=`` separates name and value, and spaces and tabs are stripped, as in RFC
    6265bis section 5.8.3. Outer quotes go, with the escapes ``\"``, ``\\`` and ``\ooo`` between them; an unpaired quote
    stays.
    """
    assert parse_cookie(header) == cookies


@pytest.mark.parametrize(
    "header",
    ["=__Host-a=b", "==__Host-a=b", '"__Secure-c"=d', "\x85__Host-a=b", "\xa0__Host-a=b", "__Host-a", "= __Host-a=b"],
)
def test_no_trick_makes_a_prefixed_name(header: str) -> None:
    """A cookie without a name has the name ``""``. No other characters than spaces and tabs are stripped. No value can
    therefore look like a prefixed name.
    """
    assert [name for name, _ in parse_cookie(header) if name.lower().startswith(("__host-", "__secure-"))] == []


def set_cookie(**options: Any) -> str:
    return dump_cookie("a", "b", **options)


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({}, "a=b; Path=/"),
        ({"path": None}, "a=b"),
        ({"path": "/x y/é?"}, "a=b; Path=/x%20y/%C3%A9?"),
        ({"path": "/a b"}, "a=b; Path=/a%20b"),
        ({"path": "/%20"}, "a=b; Path=/%20"),
        ({"max_age": 5}, "a=b; Max-Age=5; Path=/"),
        ({"max_age": timedelta(minutes=1)}, "a=b; Max-Age=60; Path=/"),
        ({"max_age": 0, "expires": 0}, "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"),
        ({"expires": datetime(2027, 1, 1, tzinfo=UTC)}, "a=b; Expires=Fri, 01 Jan 2027 00:00:00 GMT; Path=/"),
        ({"expires": "Fri, 01 Jan 2027 00:00:00 GMT"}, "a=b; Expires=Fri, 01 Jan 2027 00:00:00 GMT; Path=/"),
        ({"domain": ".example.org"}, "a=b; Domain=example.org; Path=/"),
        ({"domain": "bücher.example"}, "a=b; Domain=xn--bcher-kva.example; Path=/"),
        ({"secure": True, "httponly": True}, "a=b; Secure; HttpOnly; Path=/"),
        ({"samesite": "lax"}, "a=b; Path=/; SameSite=Lax"),
        ({"samesite": "None", "secure": True}, "a=b; Secure; Path=/; SameSite=None"),
        ({"partitioned": True, "secure": True}, "a=b; Secure; Path=/; Partitioned"),
        ({"partitioned": True}, "a=b; Secure; Path=/; Partitioned"),
        ({"partitioned": True, "samesite": "None"}, "a=b; Secure; Path=/; SameSite=None; Partitioned"),
        ({"max_age": -1}, "a=b; Max-Age=0; Path=/"),
        ({"max_age": -0.5}, "a=b; Max-Age=0; Path=/"),
        ({"max_age": timedelta(seconds=-1)}, "a=b; Max-Age=0; Path=/"),
        ({"max_age": timedelta(milliseconds=-1)}, "a=b; Max-Age=0; Path=/"),
        ({"max_age": 1.9}, "a=b; Max-Age=1; Path=/"),
        ({"max_age": timedelta(seconds=1.9)}, "a=b; Max-Age=1; Path=/"),
        ({"max_age": 10**400}, f"a=b; Max-Age={10**400}; Path=/"),
        ({"expires": "Sunday, 06-Nov-94 08:49:37 GMT"}, "a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/"),
        ({"expires": "Sun Nov  6 08:49:37 1994"}, "a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/"),
        ({"path": "/" + "a" * 1023}, f"a=b; Path=/{'a' * 1023}"),
        ({"domain": "127.0.0.1"}, "a=b; Domain=127.0.0.1; Path=/"),
        ({"domain": "a_b.example."}, "a=b; Domain=a_b.example; Path=/"),
        ({"domain": "faß.de"}, "a=b; Domain=xn--fa-hia.de; Path=/"),
        ({"domain": ".FAẞ.de"}, "a=b; Domain=xn--fa-hia.de; Path=/"),
        ({"domain": "☃.a_b.example"}, "a=b; Domain=xn--n3h.a_b.example; Path=/"),
        ({"domain": "日本語。jp"}, "a=b; Domain=xn--wgv71a119e.jp; Path=/"),
    ],
)
def test_writing(options: dict[str, Any], header: str) -> None:
    """Set-Cookie is written as in RFC 6265bis section 4.1, and Partitioned as in CHIPS."""
    assert set_cookie(**options) == header


@pytest.mark.parametrize(
    "options",
    [
        {"path": "/;x"},
        {"path": "/\r\nX: y"},
        {"path": "/\0"},
        {"path": "/é;x"},
        {"domain": "a;b"},
        {"domain": "a\nb"},
        {"domain": "a/b"},
        {"domain": "."},
        {"expires": "x; HttpOnly"},
        {"expires": "x\n"},
        {"expires": "é"},
        {"samesite": "Laxer"},
        {"samesite": "None"},
        {"expires": 10**18},
        {"expires": "tomorrow"},
        {"expires": ""},
        {"expires": "Sun, 31 Feb 1994 08:49:37 GMT"},
        {"expires": float("nan")},
        {"expires": datetime(1600, 12, 31)},
        {"expires": "Sun, 06 Nov 1494 08:49:37 GMT"},
        {"max_age": float("inf")},
        {"max_age": float("nan")},
        {"path": ""},
        {"path": "x"},
        {"path": "x/"},
        {"path": " /"},
        {"path": "/" + "a" * 1024},
        {"path": "/" + "é" * 200},
        {"domain": "a..b"},
        {"domain": "..a.example"},
        {"domain": "a.example.."},
        {"expires": "Sun, 06 Nov 1994 08:49:3\uff17 GMT"},
        {"expires": "Sun, 06 Nov 1994 08:49:37 GMT\xa0"},
        {"domain": "-a.example"},
        {"domain": "a-.example"},
        {"domain": "a b.example"},
        {"domain": "a.example:80"},
        {"domain": "http://a.example"},
        {"domain": "*.a.example"},
        {"domain": f"{'a' * 64}.example"},
        {"domain": ".".join(["a" * 60] * 5)},
        {"domain": "é" * 64 + ".example"},
        {"domain": "ü..example"},
        {"domain": "ü b.example"},
        {"domain": "\u2100.ü.example"},
        {"domain": "ü@evil.example"},
    ],
    ids=str,
)
def test_attributes_that_a_browser_would_refuse(options: dict[str, Any]) -> None:
    """A value that would inject an attribute, one that browsers ignore (RFC 6265bis sections 5.1.1 and 5.6), and
    attributes that contradict each other are refused.
    """
    with pytest.raises(ValueError, match=r"got "):
        set_cookie(**options)


@pytest.mark.parametrize("key", ["", "a b", "a=b", "a;b", "a\n", "é", "a,b"])
def test_names_are_tokens(key: str) -> None:
    """A name that is not a token is refused (RFC 6265bis section 4.1.1)."""
    with pytest.raises(ValueError, match=r"^got cookie name "):
        dump_cookie(key, "x")


@pytest.mark.parametrize(
    ("key", "options", "fits"),
    [
        ("__Secure-a", {}, False),
        ("__Secure-a", {"secure": True}, True),
        ("__secure-a", {}, False),
        ("__Host-a", {"secure": True}, True),
        ("__Host-a", {"secure": True, "domain": ""}, True),
        ("__Host-a", {"secure": True, "domain": None}, True),
        ("__Host-a", {"secure": True, "path": "/x"}, False),
        ("__HOST-a", {"secure": True, "domain": "example.org"}, False),
        ("__Host-a", {}, False),
        ("__Http-a", {"secure": True}, False),
        ("__Http-a", {"secure": True, "httponly": True}, True),
        ("__Host-Http-a", {"secure": True, "httponly": True, "path": "/x"}, False),
        ("__Host-Http-a", {"secure": True, "httponly": True}, True),
        ("__other", {}, True),
    ],
)
def test_prefixes_keep_their_promise(key: str, options: dict[str, Any], fits: bool) -> None:
    """A cookie that lacks an attribute which its prefix requires is refused (RFC 6265bis section 4.1.3): browsers
    ignore it.
    """
    if fits:
        assert dump_cookie(key, "x", **options).startswith(f"{key}=x")
    else:
        with pytest.raises(ValueError, match=r"^got cookie "):
            dump_cookie(key, "x", **options)


def test_size() -> None:
    """Name and value of together 4096 bytes are accepted, of more are refused: browsers ignore larger cookies. The
    bytes are counted as they are sent, a value between quotes with its escapes.
    """
    assert dump_cookie("a", "b" * 4095).startswith("a=b")
    assert dump_cookie("abc", "é" * 511 + "bc").startswith("abc=")  # two bytes of four characters, and two quotes
    with pytest.raises(ValueError, match=r"^got cookie 'abc' of 4097 bytes"):
        dump_cookie("abc", "é" * 511 + "bcde")
    with pytest.raises(ValueError, match=r"^got cookie 'a' of 4097 bytes, expected at most 4096$"):
        dump_cookie("a", "b" * 4096)


@given(st.text(max_size=200))
def test_any_text_comes_back(value: str) -> None:
    """Any text as a value, among other cookies, is parsed back. The written value is ASCII without ``;``."""
    pair = dump_cookie("a", value, path=None)
    assert pair.isascii()
    assert ";" not in pair
    assert parse_cookie(f"x=1; {pair}; y=2") == [("x", "1"), ("a", value), ("y", "2")]


@given(st.text(st.characters(max_codepoint=255)))
def test_the_general_way_is_the_oracle(header: str) -> None:
    """The parser gives the same as a plain split at each ``;`` and at the first ``=``."""
    text = header.encode("latin-1").decode("utf-8", "replace")
    expected = []
    for part in text.split(";"):
        name, sign, value = part.partition("=")
        if not sign:
            name, value = "", name
        if sign or value.strip(" \t"):
            expected.append((name.strip(" \t"), value.strip(" \t")))
    assert parse_cookie(header) == expected or "\\" in header


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=";"), max_size=20))
def test_what_the_standard_library_quotes_is_read(value: str) -> None:
    """``http.cookies`` writes any text between quotes, with its own escapes: it reads back equal."""
    cookie: SimpleCookie = SimpleCookie({"a": value})
    assert parse_cookie(cookie.output(header="", attrs=[]).strip()) == [("a", value)]


@pytest.mark.parametrize(
    ("samesite", "written"),
    [("strict", "Strict"), ("Strict", "Strict"), ("LAX", "Lax"), ("lax", "Lax"), ("none", "None"), ("NONE", "None")],
)
def test_the_values_of_same_site(samesite: str, written: str) -> None:
    """The values are those of RFC 6265bis section 4.1.2.7, in upper or lower case."""
    assert set_cookie(samesite=samesite, secure=True) == f"a=b; Secure; Path=/; SameSite={written}"


def test_the_first_date_of_a_cookie() -> None:
    """A year before 1601 is no year of a cookie's date (RFC 6265bis section 5.1.1)."""
    assert set_cookie(expires=datetime(1601, 1, 1)) == "a=b; Expires=Mon, 01 Jan 1601 00:00:00 GMT; Path=/"
    with pytest.raises(ValueError, match=r"^got expires "):
        set_cookie(expires=datetime(1600, 12, 31, 23, 59, 59))


@pytest.mark.parametrize(
    ("prefix", "demands"),
    [
        ("", (False, False, False)),
        ("__", (False, False, False)),
        ("__Secure-", (True, False, False)),
        ("__Host-", (True, True, False)),
        ("__Http-", (True, False, True)),
        ("__Host-Http-", (True, True, True)),
    ],
)
def test_what_a_prefix_demands(prefix: str, demands: tuple[bool, bool, bool]) -> None:
    """The four prefixes and their attributes (RFC 6265bis section 4.1.3): Secure; no Domain and the path /; HttpOnly.
    Browsers compare a prefix without regard to case, and only at the start of the name.
    """
    for name in (prefix, f"{prefix}a", f"{prefix.upper()}a", f"{prefix.lower()}a"):
        assert prefix_demands(name) == demands
    assert prefix_demands(f"a{prefix}") == (False, False, False)


def test_the_options_that_are_checked() -> None:
    """An option of another type is a TypeError: a str is no bool, and a bool is no number."""
    wrong: list[dict[str, Any]] = [
        {"path": b"/"}, {"domain": 5}, {"samesite": True}, {"secure": "yes"}, {"httponly": 1}, {"partitioned": "no"},
        {"max_age": "5"}, {"max_age": True}, {"expires": True}, {"expires": b"x"},
    ]  # fmt: skip
    for options in wrong:
        (name,) = options
        with pytest.raises(TypeError, match=rf"^got {name} = .*, expected "):
            set_cookie(**options)
    with pytest.raises(TypeError, match=r"^got a cookie value of type int, expected a str$"):
        dump_cookie("a", 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [({"httponly": True}, {"httponly": 1}), ({"secure": False}, {"secure": 0}), ({"max_age": 1}, {"max_age": True})],
)
def test_what_is_remembered_lets_nothing_pass(right: dict[str, Any], wrong: dict[str, Any]) -> None:
    """In Python 1 equals True. A wrong option is refused after the right one, which equals it, was used."""
    set_cookie(**right)
    with pytest.raises(TypeError):
        set_cookie(**wrong)


def test_what_makes_two_cookies_the_same() -> None:
    """A cookie with the same name, domain, path and partition replaces another one (RFC 6265bis section 5.7, CHIPS)."""
    assert cookie_identity("a=1; Domain=.Example.ORG; Path=/x; Secure") == ("a", "example.org", "/x", "")
    assert cookie_identity(" a =2; PATH= /x ; domain=example.org;Partitioned") == (
        "a", "example.org", "/x", "partitioned",
    )  # fmt: skip
    assert cookie_identity("a") == ("a", "", "", "")
    assert cookie_identity("a=1; Path=/a; Path=/b; Max-Age=5") == ("a", "", "/b", "")


def test_only_what_users_share_is_remembered() -> None:
    """The memo of attributes holds nothing that may belong to one user: a path or a domain of its own is not kept."""
    before = _usual_attributes.cache_info()
    dump_cookie("a", "b", domain="one.example")
    dump_cookie("a", "b", path="/one")
    assert _usual_attributes.cache_info() == before
    dump_cookie("a", "b", max_age=123_456)
    dump_cookie("a", "c", max_age=123_456)
    after = _usual_attributes.cache_info()
    assert (after.hits - before.hits, after.misses - before.misses, after.maxsize) == (1, 1, 64)


OCTETS = {0x21, *range(0x23, 0x2C), *range(0x2D, 0x3B), *range(0x3C, 0x5C), *range(0x5D, 0x7F)}
"""The ``cookie-octet`` of RFC 6265bis section 4.1.1."""


@pytest.mark.parametrize("code", range(256))
def test_which_characters_of_a_value_are_written_as_they_are(code: int) -> None:
    """A value of ``cookie-octet`` is written as it is, any other between quotes, each byte of its UTF-8 that is none as
    an escape.
    """
    char = chr(code)
    escaped = "".join(chr(byte) if byte in OCTETS else f"\\{byte:03o}" for byte in f".{char}".encode())
    written = f".{char}" if code in OCTETS else f'"{escaped}"'
    assert dump_cookie("a", f".{char}", path=None) == f"a={written}"
    assert parse_cookie(f"a={written}") == [("a", f".{char}")]


@pytest.mark.parametrize("code", range(256))
def test_which_characters_of_a_path_are_written_as_they_are(code: int) -> None:
    """In a path spaces, quotes, ``#`` and all that is not ASCII are percent-encoded, as browsers write URLs; control
    characters and ``;`` would end the attribute, and are refused.
    """
    char = chr(code)
    if code < 32 or char in ";\x7f":
        with pytest.raises(ValueError, match=r"^got path .*, expected no control characters and no ';'$"):
            set_cookie(path=f"/{char}")
    else:
        encoded = "".join(f"%{byte:02X}" for byte in char.encode()) if char in ' "#' or code > 126 else char
        assert set_cookie(path=f"/{char}") == f"a=b; Path=/{encoded}"


@pytest.mark.parametrize("char", "ABCXYZabcxyz0189_-.: ~!*")
def test_which_characters_a_domain_may_have(char: str) -> None:
    """The labels of a host name have letters, digits, hyphens within, and underscores, which hosts in use have."""
    for domain, fits in (
        (f"{char}a.example", char.isalnum() or char == "_"),
        (f"a{char}a.example", char.isalnum() or char in "_-."),
        (f"a{char}.example", char.isalnum() or char == "_"),
        (f"example.a{char}", char.isalnum() or char == "_" or char == "."),
    ):
        if fits or (domain.startswith(".") and char == "."):  # a dot before it is taken off
            assert set_cookie(domain=domain) == f"a=b; Domain={domain.strip('.')}; Path=/"
        else:
            with pytest.raises(ValueError, match=r"^got domain .*, expected a host name$"):
                set_cookie(domain=domain)
    assert set_cookie(domain=f"{'a' * 63}.example").startswith("a=b; Domain=aaa")
