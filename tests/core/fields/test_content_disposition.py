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
        ("日本語.txt", "attachment; filename=\"download.txt\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.txt"),
        (
            "日本 語.tar.gz",
            "attachment; filename=\"download.tar.gz\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%20%E8%AA%9E.tar.gz",
        ),
        ("食.é", "attachment; filename=\"download.e\"; filename*=UTF-8''%E9%A3%9F.%C3%A9"),
        ("食.食", "attachment; filename=\"download\"; filename*=UTF-8''%E9%A3%9F.%E9%A3%9F"),
        ("a.食", "attachment; filename=\"a\"; filename*=UTF-8''a.%E9%A3%9F"),
        ("2-食.txt", "attachment; filename=\"2-.txt\"; filename*=UTF-8''2-%E9%A3%9F.txt"),
        (".é.txt", "attachment; filename=\".e.txt\"; filename*=UTF-8''.%C3%A9.txt"),
        ("=?utf-8?q?a?=", "attachment; filename=\"_?utf-8?q?a?=\"; filename*=UTF-8''%3D%3Futf-8%3Fq%3Fa%3F%3D"),
        ("a=?.txt", "attachment; filename=\"a_?.txt\"; filename*=UTF-8''a%3D%3F.txt"),
        ("a=b?.txt", 'attachment; filename="a=b?.txt"'),
        (".txt", 'attachment; filename=".txt"'),
        ("食", "attachment; filename=\"download\"; filename*=UTF-8''%E9%A3%9F"),
        ("", 'attachment; filename=""'),
    ],
)
def test_writing(filename: str | None, header: str) -> None:
    """A file name is written once if all recipients read it alike, otherwise twice (RFC 6266 section 4.3 and appendix
    D): not if it is beyond ASCII, or looks as RFC 2047 writes text. The first name does not begin with a dot unless the
    name does: such a file is hidden.
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


@pytest.mark.parametrize(
    ("filename", "fallback"),
    [
        ("\u65e5.txt", "download.txt"),
        ("\u65e5. .txt", "download.txt"),
        ("\u65e5", "download"),
        ("\u65e5.", "download"),
        ("\u65e5_ _", "download"),
        (".\u65e5a", ".a"),
        ("\u65e5 a ", "a"),
        ("a\u65e5.", "a"),
        ('\u65e5"a\\b%/', "_a_b__"),
        ("\xe9\u0301.pdf", "e.pdf"),
        ("a=?b", "a_?b"),
    ],
)
def test_the_name_for_old_recipients(filename: str, fallback: str) -> None:
    """A name that is not plain ASCII is written twice (RFC 6266 section 4.3). The first one has the letters that ASCII
    has, and ``download`` for a name of which none is left; it is no hidden file unless the name was.
    """
    value = ContentDisposition("attachment", filename).to_header()
    assert value.startswith(f"attachment; filename=\"{fallback}\"; filename*=UTF-8''")
    again = ContentDisposition.from_header(value)
    assert again is not None
    assert again.filename == filename
    assert ContentDisposition().to_header() == "attachment"
