"""The head of a part: folded lines, and the quick reading of usual heads."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cardan.core._exceptions import MultipartError, RequestEntityTooLarge
from cardan.core._limits import Limits
from cardan.core.forms import _head as heads
from cardan.core.forms import parse_form
from cardan.core.forms._head import PartHeaders, unfold
from cardan.core.structures import Headers


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"\r", b"\n", b"a:"]), max_size=14).map(b"".join))
def test_a_fold_reads_as_one_space(block: bytes) -> None:
    """RFC 9112 section 5.2: the white space before the line end, the line end, and the white space after it."""
    assert unfold(block) == re.sub(rb"[ \t]*\r\n[ \t]+", b" ", block)


def test_the_spaces_inside_of_a_line_stay() -> None:
    """Only those beside a line end are part of the fold."""
    assert PartHeaders(b"A: b   c \r\n \t d  e\r\nF:  g")["A"] == "b   c d  e"


def test_names_of_fields_of_a_part() -> None:
    """The case of a name does not matter, also where fields with one name are counted, listed and joined."""
    headers = PartHeaders(b"x-a: 1\r\ncontent-type: text/plain\r\nX-A: 2")
    assert (list(headers), len(headers)) == (["X-A", "Content-Type"], 2)
    assert dict(headers) == {"X-A": "1, 2", "Content-Type": "text/plain"}
    other = PartHeaders(b"Content-Type:text/plain\r\nX-A: 1\r\nX-A: 2")
    assert headers == Headers(list(other.items())) == other == headers
    assert headers != PartHeaders(b"x-a: 2\r\ncontent-type: text/plain\r\nX-A: 1")


TEXTS = st.sampled_from(
    [b"a", b" a ", b"", b"%22", b"\xc3\xa9", b"\xff", b"a\\b", b"a;b", b"C:\\x.txt", b"../x", b"\x7f"]
)
TYPES = [b"text/plain", b" a/b ", b"multipart/mixed"]
ENDS = st.sampled_from([b"", b" ", b"\r\nX: y", *(b"\r\nContent-Type: " + kind for kind in TYPES)])


@example(name=b"a", filename=b"b", end=b"\r\nContent-Type: Multipart/Mixed", strict=True)
@given(name=TEXTS, filename=st.none() | TEXTS, end=ENDS, strict=st.booleans())
def test_a_usual_head_is_read_as_every_head(name: bytes, filename: bytes | None, end: bytes, strict: bool) -> None:
    """What is read at once of a head that browsers write is what is read of it field by field."""
    block = b'Content-Disposition: form-data; name="' + name + b'"'
    block += end if filename is None else b'; filename="' + filename + b'"' + end
    quick = heads._plain_head(b"\r\n" + block, strict)
    if quick is not None:
        slow = heads._read_fields(block, block.split(b"\r\n"), strict)
        assert [getattr(quick, part) for part in quick.__slots__] == [getattr(slow, part) for part in slow.__slots__]


@pytest.mark.parametrize("allowed", [1, 2, None])
@pytest.mark.parametrize("strict", [False, True])
def test_a_head_of_one_field_is_within_every_limit(allowed: int | None, strict: bool) -> None:
    """However many fields a part may have, the usual head of a text field is read as the same."""
    block = b'\r\nContent-Disposition: form-data; name="a"'
    head = heads.parse_part_head(block, strict=strict, limits=Limits(max_part_headers=allowed))
    usual = heads.parse_part_head(block, strict=strict, limits=Limits())
    assert (head.name, head.filename, dict(head.headers)) == ("a", None, dict(usual.headers))
    longer = block + b"\r\nX-Other: 1"
    if allowed == 1:
        with pytest.raises(RequestEntityTooLarge):
            heads.parse_part_head(longer, strict=strict, limits=Limits(max_part_headers=allowed))
    else:
        assert heads.parse_part_head(longer, strict=strict, limits=Limits(max_part_headers=allowed)).name == "a"


def test_a_usual_head_of_a_file_has_two_fields() -> None:
    """A ``max_part_headers`` of 1 refuses the usual head of a file, which is read at once where the limit allows it."""
    block = b'\r\nContent-Disposition: form-data; name="a"; filename="b"\r\nContent-Type: text/plain'
    assert heads.parse_part_head(block, strict=False, limits=Limits(max_part_headers=2)).filename == "b"
    with pytest.raises(RequestEntityTooLarge, match="max_part_headers"):
        heads.parse_part_head(block, strict=False, limits=Limits(max_part_headers=1))


def test_the_longest_padding() -> None:
    """Up to 64 spaces and tabs may follow a boundary (RFC 2046 section 5.1.1)."""
    block = b'\r\nContent-Disposition: form-data; name="a"'
    assert heads.parse_part_head(b" \t" * 32 + block, strict=False, limits=Limits()).name == "a"
    with pytest.raises(MultipartError, match="expected CRLF"):
        heads.parse_part_head(b" " * 65 + block, strict=False, limits=Limits())


def test_the_first_of_two_content_types_counts() -> None:
    """The first Content-Type of a text field decides on its codec; a second one changes nothing."""
    block = b'\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset='
    first, second = block + b"latin-1", b"\r\nContent-Type: text/plain; charset=utf-8"
    assert heads.parse_part_head(first + second, strict=False, limits=Limits()).codec == "latin-1"


def test_a_folded_head_stays_as_it_was_sent() -> None:
    """``raw`` of the headers is the block itself; only their values are unfolded."""
    block = b'Content-Disposition: form-data;\r\n\tname="a"'
    headers = heads.parse_part_head(b"\r\n" + block, strict=False, limits=Limits()).headers
    assert (headers.raw, headers["Content-Disposition"]) == (block, 'form-data; name="a"')


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("utf-8", "\ufffd\ufffd"), ("UTF8", "\ufffd\ufffd"), ("us-ascii", "\ufffd\ufffd"), ("ascii", "\ufffd\ufffd"),
        ("iso-8859-1", "\x80\xe9"), ("ISO-8859-1", "\x80\xe9"), ("latin-1", "\x80\xe9"), ("latin1", "\x80\xe9"),
        ("windows-1252", "\u20ac\xe9"), ("cp1252", "\u20ac\xe9"), ("shift_jis", "\ufffd\ufffd"), ("", "\ufffd\ufffd"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "written", ["text/plain; charset={}", 'text/plain;CharSet = "{}"; a=b', "text/plain, charset={}"]
)
def test_the_charset_of_a_text_field(label: str, text: str, written: str) -> None:
    """The charsets in which browsers have posted forms are read (RFC 7578 section 5.1.2); any other one is UTF-8.
    Strict mode has UTF-8, and ASCII, which is a part of it, only.
    """
    head = f'Content-Disposition: form-data; name="a"\r\nContent-Type: {written.format(label)}'
    body = b"--B\r\n" + head.encode() + b"\r\n\r\n\x80\xe9\r\n--B--\r\n"
    kind = "multipart/form-data; boundary=B"
    assert parse_form(kind, body).fields == [("a", text)]
    if label.lower() in ("utf-8", "utf8", "us-ascii", "ascii"):
        ascii_only = body.replace(b"\x80\xe9", b"x")
        assert parse_form(kind, ascii_only, form_rules="strict").fields == [("a", "x")]
    else:
        with pytest.raises(MultipartError, match=f"got charset '{label.lower()}' in a part, expected utf-8$"):
            parse_form(kind, body, form_rules="strict")


@pytest.mark.parametrize(
    ("encoding", "fits"),
    [("7bit", True), ("8bit", True), ("BINARY", True), ("base64", False), ("quoted-printable", False), ("x", False)],
)
def test_the_transfer_encoding_of_a_part(encoding: str, fits: bool) -> None:
    """7bit, 8bit and binary are no transformation (RFC 2045 section 6.2). Others are ignored by default (RFC 7578
    section 4.7), and refused in strict mode.
    """
    head = b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: ' + encoding.encode()
    body = b"--B\r\n" + head + b"\r\n\r\neA==\r\n--B--\r\n"
    kind = "multipart/form-data; boundary=B"
    assert parse_form(kind, body).fields == [("a", "eA==")]
    if fits:
        assert parse_form(kind, body, form_rules="strict").fields == [("a", "eA==")]
    else:
        with pytest.raises(MultipartError, match="got Content-Transfer-Encoding "):
            parse_form(kind, body, form_rules="strict")


@pytest.mark.parametrize("strict", [False, True])
def test_which_heads_are_remembered(strict: bool) -> None:
    """A head goes into the memo if it is that of a text field in UTF-8, with at most 192 bytes and 4 lines: so what the
    memo takes is bounded, and it has nothing of one client alone.
    """
    first = b'\r\nContent-Disposition: form-data; name="a"'

    def is_kept(head: bytes) -> bool:
        memo: heads.Memo = {}
        heads.read_head(head, memo, strict, Limits())
        return head in memo

    assert is_kept(first)
    assert is_kept(first + b"\r\nA: 1" * 3)
    assert not is_kept(first + b"\r\nA: 1" * 4)
    padding = 192 - len(first + b"\r\nA: ")
    assert is_kept(first + b"\r\nA: " + b"x" * padding)
    assert not is_kept(first + b"\r\nA: " + b"x" * (padding + 1))
    assert not is_kept(first + b'; filename="x"')
    assert is_kept(first + b"\r\nContent-Type: text/plain; charset=utf-8")
    if strict:
        assert not is_kept(first + b"\r\nContent-Length: 1")
    else:
        assert not is_kept(first + b"\r\nContent-Type: text/plain; charset=latin-1")
        assert not is_kept(b" " + first)


def test_the_memo_is_emptied_when_it_is_full() -> None:
    """A client that sends ever new names cannot make the memo grow beyond 512 heads."""
    memo: heads.Memo = {}
    for number in range(512):
        heads.remember(b"%d" % number, ("", PartHeaders(b""), 0), memo)
    assert len(memo) == 512
    heads.remember(b"new", ("", PartHeaders(b""), 0), memo)
    assert [*memo] == [b"new"]


@pytest.mark.parametrize(
    ("limits", "shared"),
    [
        (Limits(), True),
        (Limits(max_part_header_size=None, max_part_headers=None), True),
        (Limits(max_part_header_size=192, max_part_headers=4), True),
        (Limits(max_part_header_size=191), False),
        (Limits(max_part_headers=3), False),
    ],
)
def test_a_memo_is_shared_by_those_who_may_read_all_that_it_holds(limits: Limits, shared: bool) -> None:
    """With limits that refuse a head of 192 bytes or 4 lines, no head is known that another request has read. Strict
    mode has a memo of its own.
    """
    memo, strict = heads.choose_memo(False, limits), heads.choose_memo(True, limits)
    assert memo is not strict
    assert (memo is heads.choose_memo(False, limits), strict is heads.choose_memo(True, limits)) == (shared, shared)
    assert (memo is heads.choose_memo(False, Limits())) is shared
