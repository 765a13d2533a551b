"""The head of a part: folded lines, and the quick reading of usual heads."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core._exceptions import RequestEntityTooLarge
from cardan.core._limits import Limits
from cardan.core.forms import _head as heads
from cardan.core.forms._head import PartHeaders, unfold


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"\r", b"\n", b"a:"]), max_size=14).map(b"".join))
def test_a_fold_reads_as_one_space(block: bytes) -> None:
    """RFC 9112 section 5.2: the white space before the line end, the line end, and the white space after it."""
    assert unfold(block) == re.sub(rb"[ \t]*\r\n[ \t]+", b" ", block)


def test_the_spaces_inside_of_a_line_stay() -> None:
    """Only those beside a line end are part of the fold."""
    assert PartHeaders(b"A: b   c \r\n \t d  e\r\nF:  g")["A"] == "b   c d  e"


TEXTS = st.sampled_from(
    [b"a", b" a ", b"", b"%22", b"\xc3\xa9", b"\xff", b"a\\b", b"a;b", b"C:\\x.txt", b"../x", b"\x7f"]
)
TYPES = [b"text/plain", b" a/b ", b"multipart/mixed"]
ENDS = st.sampled_from([b"", b" ", b"\r\nX: y", *(b"\r\nContent-Type: " + kind for kind in TYPES)])


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
