"""Folded header lines of a part."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from cardan.core.forms.head import PartHeaders, unfold


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"\r", b"\n", b"a:"]), max_size=14).map(b"".join))
def test_a_fold_reads_as_one_space(block: bytes) -> None:
    """RFC 9112 section 5.2: the white space before the line end, the line end, and the white space after it."""
    assert unfold(block) == re.sub(rb"[ \t]*\r\n[ \t]+", b" ", block)


def test_the_spaces_inside_of_a_line_stay() -> None:
    """Only those beside a line end are part of the fold."""
    assert PartHeaders(b"A: b   c \r\n \t d  e\r\nF:  g")["A"] == "b   c d  e"
