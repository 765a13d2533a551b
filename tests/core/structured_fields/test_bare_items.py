"""Tokens and display strings are checked when they are made, and are text like any other."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, localcontext

import pytest

from cardan.structured import DisplayString, Item, Token


@pytest.mark.parametrize("text", ["", "1a", "a b", "a,", "é", "-a", '"a"', "a;b", "a\n", "(a)", "a=b"])
def test_texts_that_are_no_token(text: str) -> None:
    """A Token is checked when it is made (section 3.3.4)."""
    with pytest.raises(ValueError, match=r"got token .*, expected a letter or"):
        Token(text)


def test_a_display_string_with_a_lone_surrogate() -> None:
    """UTF-8 has no lone surrogates, so that a display string has none (section 4.1.11)."""
    with pytest.raises(ValueError, match=r"got display string .*, expected text without lone surrogates"):
        DisplayString("\ud800")


@pytest.mark.parametrize("kind", [Token, DisplayString])
def test_they_are_text(kind: type[str]) -> None:
    """A Token and a DisplayString equal the same str, find it in a dict, and show their type in ``repr()``."""
    made = kind("gzip")
    assert made == "gzip"
    assert {"gzip": 1}[made] == 1
    assert repr(made) == f"{kind.__name__}('gzip')"
    assert type(str(made)) is str


@pytest.mark.parametrize("context", [Context(prec=2), Context(prec=5, traps=[Inexact])])
@pytest.mark.parametrize("text", ["999999999999.5", "-123456.789", "-0.0", "0.25"])
def test_a_decimal_is_written_in_any_context(context: Context, text: str) -> None:
    """A Decimal is written as it is, whatever precision and traps the program has chosen for its own numbers."""
    with localcontext(context):
        written = Item(Decimal(text)).to_header()
    assert written == Item(Decimal(text)).to_header()
    assert Decimal(written) == Decimal(text)
