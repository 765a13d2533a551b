"""Parameters that follow a semicolon: ``dc;desc="Cache Read";dur=23.2`` (RFC 9110 section 5.6.6).

The parser takes linear time and never raises. It decodes no extended values (RFC 8187): the fields that use this module
have none; :mod:`._options` is for those that do.
"""

from __future__ import annotations

import re

from ._lists import _pair
from ._syntax import OWS, unescape

__all__ = ["parse_parameters"]

# One part: text without semicolons and quotes, and quoted strings. The last quoted string may lack its closing quote.
_part = re.compile(r'(?:[^";]+|"[^"\\]*(?:\\.[^"\\]*)*+\\?"?)++', re.DOTALL)


def parse_parameters(text: str) -> list[tuple[str, str | None]]:
    """Return the parts between semicolons as pairs of name and value, in order.

    A part without ``=`` has the value None. Names are in lower case, and can be any text: the caller checks them. Empty
    parts are skipped.
    """
    result: list[tuple[str, str | None]] = []
    for part in _part.findall(text):
        pair = _pair.match(part)
        if pair is not None:
            value = pair[3].strip(OWS) if pair[2] is None else unescape(pair[2])
            result.append((pair[1].strip(OWS).lower(), value))
        elif name := part.strip(OWS):
            result.append((name.lower(), None))
    return result
