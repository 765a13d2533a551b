"""Shortcuts within a function are taken: what they avoid is counted, because their result is that of the long way.

``tests/fast_paths.py`` has the fast paths that one switch turns off. The shortcuts of this file are smaller: a look-up
that spares a parser, a test that spares a copy. If one of them were never taken, nothing but the speed would change.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from cardan.core._limits import Limits
from cardan.core.fields._accept import Accept
from cardan.core.fields._cache_control import ResponseCacheControl
from cardan.core.fields._cookies import dump_cookie, parse_cookie
from cardan.core.fields._dates import http_date
from cardan.core.fields._etags import ETags
from cardan.core.fields._forwarded import Forwarded
from cardan.core.fields._lists import split
from cardan.core.fields._ranges import Range
from cardan.core.forms import FormReader, MultipartDecoder, PartDecoder, parse_form, parse_form_type, parse_urlencoded
from cardan.core.forms._disposition import parse_disposition
from cardan.core.forms._head import _MEMO
from cardan.core.forms._plan import _plans, plan_for
from cardan.core.forms._urlencoded import BLOCK, percent_decode
from cardan.core.structures import EnvironHeaders, Headers, MultiDict, ScopeHeaders
from cardan.structured import parse_item, parse_list
from tests.fast_paths import find

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = "cardan.core.forms"
FIELDS = "cardan.core.fields"
STRUCTURES = "cardan.core.structures"
TYPE = "multipart/form-data; boundary=B"


@pytest.fixture(autouse=True)
def _empty_memo() -> None:
    """No memo holds what other tests have put into it."""
    _plans.clear()
    _MEMO.clear()


def calls(names: str, call: Callable[[], object]) -> int:
    """How often ``call()`` calls the functions that ``names`` has, as :func:`tests.fast_paths.find` takes them."""
    codes = {find(name).__code__ for name in names.split()}
    found: Counter[Any] = Counter()

    def watch(frame: Any, event: str, value: Any) -> None:
        if event == "call" and frame.f_code in codes:
            found[frame.f_code] += 1

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(before)
    return found.total()


def field(name: bytes, more: bytes = b"", value: bytes = b"1") -> bytes:
    """A part as browsers write it."""
    return b'--B\r\nContent-Disposition: form-data; name="' + name + b'"' + more + b"\r\n\r\n" + value + b"\r\n"


def small(number: int) -> bytes:
    """A form of ``number`` text fields, whose names no other test uses."""
    return b"".join(field(b"shortcut%d" % at) for at in range(number)) + b"--B--\r\n"


FILE = field(b"f", b'; filename="a.txt"\r\nContent-Type: text/plain', b"x" * 5000)
MIXED = (b"".join(field(b"a%d" % at, value=b"v" * 50) for at in range(20)) + FILE) * 3 + b"--B--\r\n"


def long_values(number: int) -> bytes:
    """A form of ``number`` text fields of 200 bytes."""
    return b"".join(field(b"shortcut%d" % (at % 50), value=b"v" * 200) for at in range(number)) + b"--B--\r\n"


def feed(body: bytes, size: int, limits: Limits | None = None) -> object:
    decoder = MultipartDecoder("B", limits=limits)
    for at in range(0, len(body), size):
        decoder.feed(body[at : at + size])
    return decoder.close()


def many_bindings() -> object:
    headers = Headers({"Cache-Control": "no-store"})
    cache = ResponseCacheControl.bound(headers, "Cache-Control")
    return [(cache.no_store, cache.public, len(cache), cache.to_header()) for _ in range(9)]


def keep(files: Any) -> Any:
    return [(start.name, data) for start, data in files]


CHOSEN = Accept.from_header("a, b;q=0.5")
LIMITS = Limits()

SPARED: dict[str, tuple[str, Callable[[], object]]] = {
    "a usual head of a text field": (f"{FORMS}._head:read_head", lambda: (_MEMO.clear(), parse_form(TYPE, small(9)))),
    "heads that are known": (f"{FORMS}._fast:_read_part", lambda: parse_form(TYPE, small(9))),
    "heads that are known, in events": (f"{FORMS}._fast:_read_part", lambda: feed(small(9), 10_000)),
    "a usual head of a file": (f"{FORMS}._head:_lines {FORMS}._head:_read_fields", lambda: feed(FILE + b"--B--", 9999)),
    "a usual Content-Disposition": (
        f"{FORMS}._disposition:_parameters",
        lambda: parse_disposition('form-data; name="a"; filename="b"'),
    ),
    "a usual boundary": (f"{FORMS}._content_type:_boundary", lambda: parse_form_type(TYPE)),
    "a usual multipart Content-Type": (
        f"{FORMS}._content_type:parse_form_type",
        lambda: FormReader(TYPE, None).take(small(2), True),
    ),
    "a usual urlencoded Content-Type": (
        f"{FORMS}._content_type:parse_form_type",
        lambda: FormReader("application/x-www-form-urlencoded", None).take(b"a=1", True),
    ),
    "a form whose files are stored at once": (
        f"{FORMS}._decoder:MultipartDecoder.feed",
        lambda: FormReader(TYPE, None, hold=keep).take(FILE + b"--B--", True),
    ),
    "a boundary of letters": (f"{FORMS}._plan:check_boundary", lambda: (MultipartDecoder("--B"), PartDecoder("--B"))),
    "a plan that was made": (
        f"{FORMS}._plan:Plan.__init__",
        lambda: (plan_for(LIMITS, False), plan_for(LIMITS, True)),
    ),
    "pairs of a form that is read in pieces": (
        f"{FORMS}._events:Field.__init__",
        lambda: parse_form("application/x-www-form-urlencoded", [b"a=1&b=", b"2&c=%41"]),
    ),
    "files that cannot be stored at once": (
        f"{FORMS}._fast:take_form",
        lambda: FormReader(TYPE, None).take(FILE + b"--B--", True),
    ),
    "a body without escapes": (f"{FORMS}._urlencoded:_decode_all", lambda: parse_urlencoded(b"a=1&b=x+y")),
    "escapes": ("urllib.parse:unquote_to_bytes", lambda: parse_urlencoded(b"a=%41&b=%2B%26+c&c=%3D")),
    "escapes of a large body": (
        "urllib.parse:unquote_to_bytes cardan.core.forms._urlencoded:_split_each",
        lambda: parse_urlencoded(b"a=" + b"%C3%A9" * BLOCK + b"&b=1"),
    ),
    "escapes alone": ("urllib.parse:unquote_to_bytes", lambda: percent_decode(b"a%20b")),
    "bytes without an escape": (f"{FORMS}._urlencoded:_undo", lambda: percent_decode(b"a b")),
    "one range of bytes": (f"{FIELDS}._ranges:Range._read", lambda: Range.from_header("bytes=0-499")),
    "one entity tag": (f"{FIELDS}._etags:ETags._read", lambda: ETags.from_header('W/"a"')),
    "members without quotes": (f"{FIELDS}._lists:split", lambda: Accept._parsed("a, b;q=0.5, *;q=0")),
    "qualities with one digit": (f"{FIELDS}._accept:read_quality", lambda: Accept._parsed("a;q=0.5,b;q=1.0,c;q=0")),
    "a choice that was made": (
        f"{FIELDS}._accept:Accept._choose {FIELDS}._accept:Accept._match",
        lambda: CHOSEN.best_match(["a", "b"]),
    ),
    "a field that was parsed": (f"{FIELDS}._accept:Accept._parsed", lambda: Accept.from_header("known")),
    "a list without quotes": (f"{FIELDS}._syntax:unescape", lambda: split("a, b")),
    "elements without quotes": (f"{FIELDS}._syntax:unescape", lambda: Forwarded.from_header("for=a;by=b, for=c")),
    "a usual cookie": (
        f"{FIELDS}._syntax:check_token {FIELDS}._cookies:_escape {FIELDS}._cookies:_attributes",
        lambda: dump_cookie("known", "value"),
    ),
    "cookies without quotes": (f"{FIELDS}._cookies:_unquote", lambda: parse_cookie("a=1; b=2")),
    "a date that was written": (f"{FIELDS}._dates:to_timestamp", lambda: http_date(784111777)),
    "a known name of a field": (f"{STRUCTURES}._header_rules:remember", lambda: Headers({"X-Known": "1"})),
    "a known name in a scope": (
        f"{STRUCTURES}._header_rules:wire_name {STRUCTURES}._scope_headers:_are_lower",
        lambda: ScopeHeaders([(b"x-known", b"1")]).get("X-Known"),
    ),
    "fields of a scope that differ": (
        f"{STRUCTURES}._scope_headers:ScopeHeaders._fold",
        lambda: ScopeHeaders([(b"a", b"1"), (b"b", b"2")]).get("a"),
    ),
    "a known name in an environ": (
        f"{STRUCTURES}._header_rules:environ_key",
        lambda: EnvironHeaders({"HTTP_X_KNOWN": "1"}).get("X-Known"),
    ),
    "keys that differ": (
        f"{STRUCTURES}._multidict_reader:MultiDictReader._keep_order",
        lambda: MultiDict([("a", "1"), ("b", "2")]).getlist("a"),
    ),
    "a string without a backslash": (
        "cardan.core._structured_fields.parser:_read_escaped cardan.core._structured_fields.parser:_parameters",
        lambda: (parse_item('"a b"'), parse_list("a, 1, ?0")),
    ),
}

#: How often a function is called at most, where it is called at all.
BOUNDED: dict[str, tuple[str, int, Callable[[], object]]] = {
    "a value that has not changed is not parsed again": (
        f"{FIELDS}._cache_control:CacheControl.parse",
        1,
        many_bindings,
    ),
    "a form in large chunks: the state table reads next to nothing": (
        f"{FORMS}._framing:Framing._read",
        0,
        lambda: feed(MIXED, 100_000),
    ),
    "a form in chunks of 1 KiB: it reads the parts that two chunks share": (
        f"{FORMS}._framing:Framing._read",
        6,
        lambda: feed(MIXED, 1024),
    ),
    "a chunk that is larger than a part may be: its parts are smaller": (
        f"{FORMS}._framing:Framing._read",
        0,
        lambda: feed(long_values(200), 100_000, Limits(max_form_memory_size=400, max_file_size=400)),
    ),
    "data of a file in small chunks: they are passed on": (
        f"{FORMS}._framing:Framing._read",
        3,
        lambda: feed(field(b"f", b'; filename="a"', b"x" * 50_000) + b"--B--", 100),
    ),
    "text fields in small chunks: a part waits for the next chunk": (
        f"{FORMS}._framing:Framing._read",
        3,
        lambda: feed(long_values(200), 300),
    ),
}


@pytest.mark.parametrize("what", SPARED)
def test_what_is_usual_spares_the_long_way(what: str) -> None:
    """A usual value is read or written without the functions that are for the others, from the second time on."""
    names, call = SPARED[what]
    call()
    assert calls(names, call) == 0


LONG = {
    f"{FORMS}._head:read_head": lambda: parse_form(TYPE, field(b"a", b"\r\nX: y") + b"--B--"),
    f"{FORMS}._disposition:_parameters": lambda: parse_disposition("form-data; name=a"),
    f"{FORMS}._framing:Framing._read": lambda: feed(MIXED, 10),
    "urllib.parse:unquote_to_bytes": lambda: percent_decode(b"a%2"),
    f"{FIELDS}._ranges:Range._read": lambda: Range.from_header("bytes=0-1,3-4"),
    f"{STRUCTURES}._scope_headers:ScopeHeaders._fold": lambda: ScopeHeaders([(b"A", b"1")]).get("a"),
}


@pytest.mark.parametrize("name", LONG)
def test_the_long_way_is_counted(name: str) -> None:
    """What is unusual takes the long way, and the count says so: else the tests of this file could not fail."""
    assert calls(name, LONG[name]) > 0


@pytest.mark.parametrize("what", BOUNDED)
def test_what_is_done_seldom(what: str) -> None:
    """Work that is meant for some of the bytes, or for the first of many readings, is not done for all of them."""
    name, most, call = BOUNDED[what]
    call()
    assert calls(name, call) <= most
