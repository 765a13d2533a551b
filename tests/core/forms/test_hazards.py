"""What went wrong elsewhere, on bodies: each row would have been caught. Ids are those of the advisories.

Asserted are the results and the work that is counted: what is kept, how many events, how much was read. Not time.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from cardan.core._exceptions import BadRequest, MultipartError, RequestEntityTooLarge
from cardan.core._limits import Limits
from cardan.core.forms import (
    Field,
    MultipartDecoder,
    PartDecoder,
    UrlencodedDecoder,
    parse_content_length,
    parse_form,
    parse_form_type,
)
from cardan.core.forms._disposition import parse_disposition
from cardan.core.forms._framing import LONG_HEAD
from tests.core.forms.forms import flat, form_values
from tests.core.forms.strange_forms import CT, form, part
from tests.core.machines import assert_cuts_do_not_matter, outcome, pieces_of

FILE = 'form-data; name="f"; filename="x"'
MIB = 1 << 20
URL = "application/x-www-form-urlencoded"


class Endless:
    """The same chunk again and again, counted; ends long after any limit."""

    def __init__(self, first: bytes, chunk: bytes, count: int) -> None:
        self.first, self.chunk, self.count = first, chunk, count
        self.read = 0

    def __iter__(self) -> Any:
        self.read = len(self.first)
        yield self.first
        for _ in range(self.count):
            self.read += len(self.chunk)
            yield self.chunk


def kept(decoder: MultipartDecoder) -> int:
    """The bytes that a decoder holds between two feeds."""
    return len(decoder._tail) + sum(map(len, getattr(decoder, "_pieces", ())))


REFUSED = [
    ("CVE-2024-47874", part()[:-2], b"x" * 65_536, "max_form_memory_size", 2 * MIB),
    ("CVE-2026-42561-count", part()[:-7], b"\r\nX-A: b" * 10_000, "max_part_header_size", 200_000),
    ("CVE-2026-42561-size", part()[:-7] + b"\r\nX: ", b"b" * 65_536, "max_part_header_size", 200_000),
    ("CVE-2023-25577", b"", part() * 500, "max_form_parts", 200_000),
    ("CVE-2023-24580", b"", part(FILE, b"") * 500, "max_files", 200_000),
    ("500 files and fields", b"", (part(FILE, b"") + part() * 20) * 50, "max_form_parts", 300_000),
]


@pytest.mark.parametrize(("id", "first", "chunk", "limit", "most"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_without_reading_on(id: str, first: bytes, chunk: bytes, limit: str, most: int) -> None:
    """Far more than a limit allows is refused when little more than the limit was read, with the limit's name."""
    body = Endless(first, chunk, 1000)
    with pytest.raises(RequestEntityTooLarge) as caught:
        parse_form(CT, body)
    assert caught.value.limit == limit
    assert body.read < most


@pytest.mark.parametrize(
    ("id", "chunk", "limit"),
    [
        ("CVE-2026-54283-pairs", b"f0=v&f1=v&" * 6000, "max_form_parts"),
        ("CVE-2026-54283-value", b"x" * 65_536, "max_form_memory_total"),
        ("one name of 50 MB", b"%41" * 20_000, "max_form_memory_total"),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value else "",
)
def test_urlencoded_has_the_same_limits(id: str, chunk: bytes, limit: str) -> None:
    """A million pairs, or one pair of 50 MB: refused, and little more than the limit is read."""
    body = Endless(b"", chunk, 800)
    with pytest.raises(RequestEntityTooLarge) as caught:
        parse_form(URL, body)
    assert caught.value.limit == limit
    assert body.read < 8 * MIB * (3 if b"%" in chunk else 1)


def test_a_value_past_its_limit_is_refused_early() -> None:
    """CVE-2026-54283: as soon as the value is certain to be too long, encoded or not."""
    for chunk in (b"x" * 65_536, b"%41" * 20_000):
        body = Endless(b"a=", chunk, 800)
        with pytest.raises(RequestEntityTooLarge) as caught:
            parse_form(URL, body)
        assert caught.value.limit == "max_form_memory_size"
        assert body.read < 3 * MIB


@pytest.mark.parametrize("size", [1, 1000, 40_000])
@pytest.mark.parametrize("decoder", [MultipartDecoder, PartDecoder])
def test_a_head_without_a_limit_is_not_copied_for_each_piece(
    decoder: type[MultipartDecoder | PartDecoder], size: int
) -> None:
    """A program that sets ``max_part_header_size = None`` reads a head in linear time, however small its pieces are."""
    start = b'--B\r\nContent-Disposition: form-data; name="a"\r\nX-A: '
    end = b"\r\n\r\nvalue\r\n--B--"
    made = decoder("B", limits=Limits(max_part_header_size=None))
    made.feed(start + b"x" * LONG_HEAD)
    made.feed(b"x")
    collected: Any = made._tail
    for _ in range(3):
        assert made.feed(b"x" * size) == []
        assert made._tail is collected
    whole = decoder("B", limits=Limits(max_part_header_size=None))
    expected = whole.feed(start + b"x" * (LONG_HEAD + 1 + 3 * size) + end)
    found = outcome(lambda: made, [end])
    assert repr(found) == repr(expected), "with the same types"


@pytest.mark.parametrize("junk", [b"\r\n", b"a", b"\r", b"\n", b"-", b"--BOUN\r\n", b"\r\n--BOUN"])
@pytest.mark.parametrize("size", [1000, 65_536])
def test_cve_2024_53981_preamble_and_epilogue(junk: bytes, size: int) -> None:
    """CVE-2024-53981, GHSA-mj87-hwqh-73pj: junk around a form is skipped, chunk by chunk, and nothing of it is kept."""
    junk = (junk * (2 * MIB // len(junk)))[: 2 * MIB - 2] + b"\r\n"
    decoder = MultipartDecoder("BOUND")
    events = []
    for chunk in [*pieces_of(junk, size), form(part()), *pieces_of(b"\r\n" + junk, size)]:
        events += decoder.feed(chunk)
        assert kept(decoder) <= 10
    events += decoder.close()
    assert flat(events) == [("a", "1")]


SHAPES = {
    "werkzeug 3.0.1/2.3.8": b"\r" + b"a" * MIB,
    "LF first": b"\n" + b"a" * MIB,
    "CRLF flood": b"\r\n" * (MIB // 2),
    "CR flood": b"\r" * MIB,
    "near boundaries": b"\r\n--BOUN" * (MIB // 8),
    "near boundaries, longer": b"\r\n--BOUN\r\n--BOU\r" * (MIB // 16),
    "hyphens": b"-" * MIB,
    "boundaries in mid-line": b" --BOUND" * (MIB // 8),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1399, 65_536, MIB])
def test_hostile_data_pass_whole_and_in_few_pieces(shape: str, size: int) -> None:
    """A file of the worst data comes out as it is, in at most two events a chunk; no more than a boundary is kept."""
    data = SHAPES[shape]
    decoder = MultipartDecoder("BOUND")
    pieces: list[Any] = []
    chunks = pieces_of(form(part(FILE, data)), size)
    for chunk in chunks:
        pieces += decoder.feed(chunk)
        assert kept(decoder) <= 10
    decoder.close()
    assert len(pieces) <= 2 * len(chunks) + 3
    assert b"".join(piece for piece in pieces if type(piece) is bytes) == data


@pytest.mark.parametrize("tail", [b"\r", b"\n", b"\r\n", b"--", b"\r\n-", b"\r\n--BOUN", b"\r\n--", b"-\r\n", b"\r\r"])
def test_stray_bytes_before_the_boundary(tail: bytes) -> None:
    """werkzeug#3065, netty#17385: data that end like a boundary begins stay as they are, at every cut."""
    body = form(part(FILE, b"data" + tail), part('form-data; name="b"', b"v" + tail))
    got = flat(assert_cuts_do_not_matter(lambda: MultipartDecoder("BOUND"), body))
    assert got == [("f", "x", b"data" + tail), ("b", "v" + tail.decode())]


def test_padding_at_every_cut() -> None:
    """Spaces and tabs after every boundary, the last one too."""
    body = form(part(), part(FILE)).replace(b"BOUND\r\n", b"BOUND \t \r\n").replace(b"BOUND--", b"BOUND-- \t")
    got = assert_cuts_do_not_matter(lambda: MultipartDecoder("BOUND"), body)
    assert flat(got) == [("a", "1"), ("f", "x", b"1")]
    padded = form(part()).replace(b"BOUND\r\n", b"BOUND" + b" " * 65 + b"\r\n")
    assert assert_cuts_do_not_matter(lambda: MultipartDecoder("BOUND"), padded) == "MultipartError"


@pytest.mark.parametrize("length", ["-1", "-5", "5, 5", "1_0", "abc", "1" * 31])
def test_python_multipart_297_negative_content_length(length: str) -> None:
    """python-multipart#297: never taken for "read everything"."""
    with pytest.raises(BadRequest):
        parse_content_length(length)


def test_python_multipart_290_semicolon() -> None:
    """python-multipart#290: ';' smuggles no parameter."""
    assert parse_form(URL, b"a=1;b=2").fields == [("a", "1;b=2")]


def test_python_multipart_291_filename_star() -> None:
    """python-multipart#291: filename* does not override filename (RFC 7578 section 4.2)."""
    name = "form-data; name=f; filename=\"safe.txt\"; filename*=UTF-8''evil.exe"
    assert form_values(parse_form(CT, form(part(name)))) == [("f", "safe.txt", b"1")]


def test_python_multipart_282_boundary() -> None:
    """python-multipart#282: a boundary of 1 MiB."""
    with pytest.raises(RequestEntityTooLarge, match="max_boundary_size"):
        parse_form(f"multipart/form-data; boundary={'b' * MIB}", b"x")


def test_cve_2022_23833_base64() -> None:
    """CVE-2022-23833: base64 is not decoded, so it cannot loop."""
    for stray in (b"A", b"AB", b"ABC", b" \r\n" * 1000):
        body = form(part(FILE, stray, "Content-Transfer-Encoding: base64"))
        assert form_values(parse_form(CT, body)) == [("f", "x", stray)]


def test_cve_2024_30251_part_shorter_than_declared() -> None:
    """CVE-2024-30251: a part's Content-Length beyond the body ends in an error, not in a loop."""
    body = part(FILE, b"data", "Content-Length: 1000")
    for chunks in ([body], pieces_of(body, 1)):
        with pytest.raises(MultipartError):
            parse_form(CT, chunks)


HEADERS = {
    "CVE-2026-28356": 'form-data; name="' + '\\"' * 4000,
    "escapes": 'form-data; name="' + "\\" * 8000,
    "spaces": "form-data; name=a" + " " * 8000 + '"',
    "spaces before =": "form-data; name" + " " * 8000 + "x",
    "quotes": "form-data; name=" + '"' * 8001,
    "parameters": "form-data; " + "a=b; " * 1600,
    "semicolons": "form-data" + ";" * 8000,
    "quote and spaces": 'form-data; name="' + '" ' * 4000,
    "percent": 'form-data; name="' + "%" * 8000 + '"; filename="' + "%2" * 100 + '"',
    "continuations": "form-data; name=a; filename*0*=ISO-8859-15''x; filename*=ISO-8859-1''y",
    "tokens": "form-data; " + "a" * 8000,
}


#: The length of the name that is read, by default and in strict mode; None if the header is refused.
READ = {
    "CVE-2026-28356": (4000, 4000),
    "quotes": (7999, None),
    "quote and spaces": (7998, None),
    "percent": (8000, 8000),
    "continuations": (1, None),
}


@pytest.mark.parametrize("id", HEADERS)
def test_any_header_of_8_kib_is_read_or_refused(id: str) -> None:
    """A long header is read as a short one is, or refused. That it takes linear time is tested in tests/test_linear.py,
    with inputs that are made of the patterns.
    """
    for strict, length in zip((False, True), READ.get(id, (None, None)), strict=True):
        if length is None:
            with pytest.raises(MultipartError, match=r"^400 Bad Request: got "):
                parse_disposition(HEADERS[id], strict=strict)
        else:
            assert len(parse_disposition(HEADERS[id], strict=strict)[0]) == length


def test_a_boundary_after_many_parameters_is_found() -> None:
    """A Content-Type of 100 KB is read in linear time, and its boundary is found."""
    kind = parse_form_type("multipart/form-data; " + "a=b; " * 20_000 + "boundary=B")
    assert kind is not None
    assert kind.boundary == "B"


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=" + '"' * 9999,
        'multipart/form-data; boundary="' + '\\"' * 5000,
        "multipart/form-data; boundary" + " " * 9999,
        "multipart/form-data; a=" + " " * 9999 + '"',
    ],
)
def test_a_content_type_without_a_boundary_is_refused(content_type: str) -> None:
    """A long Content-Type without a readable boundary is a MultipartError, found in linear time."""
    with pytest.raises(MultipartError):
        parse_form_type(content_type)


def test_many_small_fields_against_the_total() -> None:
    """200 fields of 900 bytes: 180,400 bytes with their names; exactly that passes."""
    body = form(*[part(f'form-data; name="{index % 100:02}"', b"x" * 900) for index in range(200)])
    fits = Limits(max_form_memory_total=200 * 902)
    assert len(parse_form(CT, pieces_of(body, 1000), limits=fits).fields) == 200
    with pytest.raises(RequestEntityTooLarge, match="max_form_memory_total"):
        parse_form(CT, pieces_of(body, 1000), limits=Limits(max_form_memory_total=200 * 902 - 1))


def test_a_form_posted_as_windows_1252_is_not_lost() -> None:
    """Names and filenames that are not UTF-8: the form is read, with U+FFFD."""
    body = form(part(b'form-data; name="\xe4"', b"\xf6"), part(b'form-data; name="f"; filename="\xfc.txt"'))
    assert form_values(parse_form(CT, body)) == [("\ufffd", "\ufffd"), ("f", "\ufffd.txt", b"1")]


def test_empty_chunks_change_nothing() -> None:
    """Empty chunks, also several of them at any place, change nothing of what is decoded."""
    body = form(part(), part(FILE))
    chunks = [piece for byte in pieces_of(body, 1) for piece in (byte, b"", b"")]
    assert flat(outcome(lambda: MultipartDecoder("BOUND"), chunks)) == [("a", "1"), ("f", "x", b"1")]
    assert outcome(UrlencodedDecoder, [b"", b"a", b"", b"=1", b""]) == [Field("a", "1", b"1")]


@pytest.mark.parametrize("boundary", [".*", "(a|b)+", "[x]", "$^", "a{9}", "+++", "()", "?"])
def test_a_boundary_is_no_pattern(boundary: str) -> None:
    """Characters that have a meaning in a regular expression are ordinary characters in a boundary."""
    body = form(part(), part(FILE)).replace(b"BOUND", boundary.encode())
    decoder = MultipartDecoder(boundary)
    assert flat([*decoder.feed(body), *decoder.close()]) == [("a", "1"), ("f", "x", b"1")]


def test_a_boundary_with_a_backslash_is_refused() -> None:
    """RFC 2046 section 5.1.1: a backslash is not among the characters of a boundary."""
    with pytest.raises(MultipartError):
        MultipartDecoder("\\d")


def test_random_bytes_are_refused_with_documented_errors() -> None:
    """Nothing but HTTP errors leaves a machine, whatever comes."""
    rand = random.Random(5)
    for _ in range(300):
        data = rand.randbytes(rand.randrange(300))
        for body in (data, b"--BOUND" + data, part() + data, form(part()) + data):
            result = outcome(lambda: MultipartDecoder("BOUND"), [body])
            assert isinstance(result, list) or result in ("MultipartError", "RequestEntityTooLarge")
            assert isinstance(outcome(UrlencodedDecoder, [body]), list)
