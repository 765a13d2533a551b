"""Content-Disposition of messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._content_disposition import ContentDisposition

printable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        (None, "attachment"),
        ("a.txt", 'attachment; filename="a.txt"'),
        ("a b;c.txt", 'attachment; filename="a b;c.txt"'),
        ("50%.txt", 'attachment; filename="50%.txt"'),
        ("%41.txt", "attachment; filename=\"_41.txt\"; filename*=UTF-8''%2541.txt"),
        ('"\\.txt', "attachment; filename=\"__.txt\"; filename*=UTF-8''%22%5C.txt"),
        ("Käse.txt", "attachment; filename=\"Kase.txt\"; filename*=UTF-8''K%C3%A4se.txt"),
        ("食", "attachment; filename=\"download\"; filename*=UTF-8''%E9%A3%9F"),
        ("", 'attachment; filename=""'),
    ],
)
def test_writing(filename: str | None, header: str) -> None:
    """A file name is written once if all recipients read it alike, otherwise twice (RFC 6266 section 4.3 and appendix
    D).
    """
    assert ContentDisposition(filename=filename).to_header() == header
    assert str(ContentDisposition("ATTACHMENT", filename)) == header


@given(printable, st.dictionaries(st.sampled_from(["size", "x-a", "name"]), printable))
def test_names_come_back(filename: str, parameters: dict[str, str]) -> None:
    """Any file name is parsed back. The field is ASCII."""
    disposition = ContentDisposition("attachment", filename, parameters)
    assert disposition.to_header().isascii()
    assert ContentDisposition.from_header(disposition.to_header()) == disposition


@pytest.mark.parametrize("header", [None, "", "; filename=x", '"inline"', "a b; filename=x"])
def test_without_a_type_it_is_none(header: str | None) -> None:
    """A value without a disposition type gives None (RFC 6266 section 4.1)."""
    assert ContentDisposition.from_header(header) is None


@pytest.mark.parametrize("filename", ["a\r\nb", "\0", "é\n", "\x7f"])
def test_control_characters_are_refused(filename: str) -> None:
    """A file name with control characters is refused when it is written."""
    with pytest.raises(ValueError, match=r"^got "):
        ContentDisposition(filename=filename).to_header()
    with pytest.raises(ValueError, match=r"^got disposition type "):
        ContentDisposition(filename)


def test_equality() -> None:
    """Objects are equal if type, file name and parameters are equal."""
    assert ContentDisposition("inline") == ContentDisposition("INLINE")
    assert ContentDisposition("attachment", "a") == ContentDisposition("attachment", "a")
    assert ContentDisposition("attachment", "a") != ContentDisposition("attachment", "b")
    assert ContentDisposition("a", None, {"b": "c"}) != ContentDisposition("a", None, {"b": "d"})
    assert ContentDisposition("inline") != ContentDisposition("attachment")
    assert ContentDisposition("inline") != "inline"
    assert repr(ContentDisposition("inline")) == "<ContentDisposition 'inline'>"
