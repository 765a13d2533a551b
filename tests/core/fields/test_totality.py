"""All parsers of fields: invalid input gives an empty value, and what was read can be written.

That each of them takes linear time is tested in tests/test_linear.py, with the shapes of ``WORST`` among others.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._syntax import is_text
from tests.core.fields.readers import READERS

latin = st.text(st.characters(max_codepoint=255), max_size=60)
likely = st.text(st.sampled_from("ab=;,\"\\'*%01 \t/-:<>[]()qWé\x85\x00\r\n"), max_size=60)


@pytest.mark.parametrize("name", READERS)
@given(text=latin | likely)
def test_garbage_never_raises(name: str, text: str) -> None:
    """Every parser accepts any latin-1 text, and its result can be used."""
    repr(READERS[name](text))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("text", ["\u0661", "\u212a=\u212a", "\ud800", "€;€,€", "\u2028"])
def test_text_beyond_latin1_never_raises(name: str, text: str) -> None:
    """Every parser accepts text beyond latin-1: a server never gives it, but a program may."""
    READERS[name](text)


# The parsers that give an object with to_header() even for an empty field, and those that give None for it
WRITABLE = [name for name, read in READERS.items() if hasattr(read(""), "to_header")]
SOMETIMES_WRITABLE = {
    "authorization": "Bearer x",
    "challenge": "Basic realm=a",
    "content_disposition": "attachment",
    "coop": "same-origin",
    "fetch_dest": "image",
    "media_type": "a/b",
    "media_type.extract": "a/b",
    "range": "bytes=0-1",
}


@pytest.mark.parametrize("name", WRITABLE)
@given(text=likely)
def test_what_is_read_can_be_written(name: str, text: str) -> None:
    """A value that was parsed can be written, and is read back equal: a field that other code has set can always be
    changed.
    """
    value = READERS[name](text)
    written = value.to_header()
    assert is_text(written)
    assert READERS[name](written) == value


@pytest.mark.parametrize("name", SOMETIMES_WRITABLE)
@given(text=likely)
def test_what_is_read_can_be_written_where_there_is_a_value(name: str, text: str) -> None:
    """A parser that gives None for an invalid field gives otherwise a value that is written and read back equal."""
    assert is_text(READERS[name](SOMETIMES_WRITABLE[name]).to_header())
    value = READERS[name](text)
    assert value is None or (is_text(value.to_header()) and READERS[name](value.to_header()) == value)
