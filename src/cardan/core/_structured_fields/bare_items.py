"""The bare items of structured fields (RFC 9651 section 3.3): which Python types they have, and how they are written.

A bare item is an int (Integer), a :class:`~decimal.Decimal` (Decimal), a str (String), a :class:`Token`, bytes (Byte
Sequence), a bool (Boolean), an aware datetime (Date) or a :class:`DisplayString`.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final, Self, TypeAlias

from ..fields._dates import to_timestamp

__all__ = ["EPOCH", "AnyBareItem", "BareItem", "DisplayString", "Token", "check_key", "to_bare", "write_bare"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_INTEGER: Final = 999_999_999_999_999
_MAX_DECIMAL: Final = 10**12
_THOUSANDTH: Final = Decimal("0.001")
# the precision that twelve digits and three more need, whatever the context of the program is
_DECIMALS: Final = Context(prec=30, rounding=ROUND_HALF_EVEN)

_is_key = re.compile(r"[a-z*][a-z0-9_\-.*]*").fullmatch
_is_token = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*").fullmatch
_escape = re.compile(r'(["\\])').sub
_percent = re.compile(rb"[^ !#$&-~]").sub
_is_string = re.compile(r"[ -~]*").fullmatch


class Token(str):
    """A short word such as ``gzip`` or ``text/html`` (RFC 9651 section 3.3.4). It is written without quotes.

    Raises :exc:`ValueError` for text that is no token: it begins with a letter or ``*`` and has no spaces.
    """

    __module__ = "cardan.structured"
    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not _is_token(text):
            raise ValueError(
                f"got token {text!r}, expected a letter or * and then letters, digits or !#$%&'*+-.^_`|~:/"
            )
        return super().__new__(cls, text)

    def __repr__(self) -> str:
        return f"Token({str.__repr__(self)})"


class DisplayString(str):
    """Text with any characters of Unicode (RFC 9651 section 3.3.8). It is written in UTF-8, percent-encoded.

    Raises :exc:`ValueError` for a lone surrogate, which UTF-8 cannot express.

    >>> from cardan.structured import Item
    >>> Item(DisplayString("füü")).to_header()
    '%"f%c3%bc%c3%bc"'
    """

    __module__ = "cardan.structured"
    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"got display string {text!r}, expected text without lone surrogates") from None
        return super().__new__(cls, text)

    def __repr__(self) -> str:
        return f"DisplayString({str.__repr__(self)})"


BareItem: TypeAlias = int | Decimal | str | bytes | bool | datetime
"""What the value of an item, or of a parameter, is after reading."""
AnyBareItem: TypeAlias = BareItem | float | bytearray | memoryview
"""What can be written as a bare item."""


def check_key(key: object) -> str:
    """Return the key of a Dictionary, or the name of a parameter (RFC 9651 section 3.1.2).

    Raises :exc:`ValueError` for another text, :exc:`TypeError` for what is no str.
    """
    if not isinstance(key, str):
        raise TypeError(f"got key {key!r} of a structured field, expected a str")
    if not _is_key(key):
        raise ValueError(
            f"got key {key!r} of a structured field, expected a small letter or * and then small letters, digits, "
            "_, -, . or *"
        )
    return str.__str__(key)


def to_bare(value: object) -> BareItem:
    """The value as reading gives it. Raises ValueError or TypeError for what cannot be written."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        for kind in (Token, DisplayString):
            if isinstance(value, kind):
                return value if type(value) is kind else kind(str.__str__(value))
        if not _is_string(value):
            raise ValueError(
                f"got string {value!r} in a structured field, expected printable ASCII; other text is a DisplayString"
            )
        return str.__str__(value)
    if isinstance(value, int):
        if not -_MAX_INTEGER <= value <= _MAX_INTEGER:
            raise ValueError("got a larger integer in a structured field, expected at most 15 digits")
        return int(value)
    if isinstance(value, float | Decimal):
        return _to_decimal(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, datetime):
        try:
            return EPOCH + timedelta(seconds=to_timestamp(value))
        except OverflowError:  # the zone of the time is beyond the first or the last year
            raise ValueError(f"got {value!r} in a structured field, expected a date in the years 1 to 9999") from None
    raise TypeError(
        f"got {value!r} in a structured field, expected an int, Decimal, float, str, Token, bytes, bool, datetime or "
        "DisplayString"
    )


def _to_decimal(value: float | Decimal) -> Decimal:
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if number.is_finite() and number.copy_abs() < _MAX_DECIMAL:  # abs() rounds as the program's context says
        rounded = number.quantize(_THOUSANDTH, context=_DECIMALS)
        if rounded.copy_abs() < _MAX_DECIMAL:
            return rounded
    raise ValueError(f"got {value!r} in a structured field, expected a number with at most 12 digits before the point")


def write_bare(value: BareItem) -> str:
    """The text of a bare item as :func:`to_bare` or a parser gives it."""
    return _WRITE[type(value)](value)


def _write_string(value: str) -> str:
    return '"' + (_escape(r"\\\1", value) if '"' in value or "\\" in value else value) + '"'


def _write_decimal(value: Decimal) -> str:
    whole, _, rest = f"{value or value.copy_abs():.3f}".partition(".")  # zero has no sign (RFC 9651 section 4.1.5)
    return f"{whole}.{rest.rstrip('0') or '0'}"


def _write_display(value: str) -> str:
    text = _percent(lambda found: b"%%%02x" % found[0][0], value.encode())
    return f'%"{text.decode("ascii")}"'


_WRITE: Final[dict[type, Callable[[Any], str]]] = {
    bool: lambda value: "?1" if value else "?0",
    int: str,
    Decimal: _write_decimal,
    str: _write_string,
    Token: str.__str__,
    bytes: lambda value: f":{b2a_base64(value, newline=False).decode('ascii')}:",
    datetime: lambda value: f"@{to_timestamp(value)}",
    DisplayString: _write_display,
}
