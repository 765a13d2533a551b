"""The grammar that all fields share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._syntax import (
    check_token,
    check_value,
    is_token,
    parse_integer,
    quote,
    quote_if_needed,
    unquote,
)

TCHARS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("code", range(256))
def test_tokens_are_made_of_tchar(code: int) -> None:
    """``is_token()`` accepts the characters of RFC 9110 section 5.6.2 and no others; every byte is tested."""
    assert bool(is_token(chr(code))) == (chr(code) in TCHARS)


@pytest.mark.parametrize("text", ["", "a b", "a\n", "é", "a\0", "\u0130"])
def test_what_is_no_token_is_refused(text: str) -> None:
    """The error text names the value and what was expected."""
    with pytest.raises(ValueError) as caught:
        check_token(text)
    assert str(caught.value) == f"got name {text!r}, expected a token"


@pytest.mark.parametrize("text", ["a\r", "a\n", "\0", "\x7f", "€", "\x1b"])
def test_what_is_no_field_value_is_refused(text: str) -> None:
    """Control characters, and characters that are not one byte, are refused (RFC 9110 section 5.5)."""
    with pytest.raises(ValueError, match=r"expected no control characters and nothing beyond latin-1$"):
        check_value(text)
    with pytest.raises(ValueError, match=r"^got value "):
        quote(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("1" + "0" * 30, 10**18),
        ("0" * 100 + "5", 5),
        ("0" * 100, 0),
        ("0" * 100_000 + "5", 5),
        ("0" * 100_000, 0),
        ("9" * 100_000, 10**18),
        (None, None),
        *((text, None) for text in ("", "-1", "+1", "1_0", " 1", "1 ", "1\n", "٣", "²", "1.0", "0x1")),
    ],
)
def test_integers_are_ascii_digits(text: str | None, value: int | None) -> None:
    """Signs, underscores, spaces and digits of other scripts are refused. A large number gives the largest one."""
    assert parse_integer(text) == value


def test_quoting_only_where_needed() -> None:
    """A token is written without quotes. Between quotes only quotes and backslashes are escaped."""
    assert quote_if_needed("abc") == "abc"
    assert quote_if_needed("a b") == '"a b"'
    assert quote_if_needed("") == '""'
    assert quote('a"\\b') == '"a\\"\\\\b"'
    others = "".join(chr(code) for code in (9, *range(32, 127), *range(128, 256)) if chr(code) not in '"\\')
    assert quote(others) == f'"{others}"'


@given(st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]) | st.just("\t")))
def test_quoting_comes_back(text: str) -> None:
    """Text that was quoted is unquoted to the same text."""
    assert unquote(quote(text)) == text


@pytest.mark.parametrize("text", ["a", '"', '"a', 'a"', ""])
def test_what_is_not_quoted_stays(text: str) -> None:
    """Text without quotes around it is not changed by ``unquote()``."""
    assert unquote(text) == text
