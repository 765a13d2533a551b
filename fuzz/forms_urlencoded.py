"""Fuzzes the urlencoded decoder and parse_urlencoded.

The rule: in default mode any bytes are a form, as in the WHATWG URL standard. In strict mode they are the same form or
an UrlencodedError. The result does not depend on how the bytes are divided. No pair and no byte of a value is lost.
"""

from __future__ import annotations

import re
from functools import partial

from _bytes import fuzz

from cardan.core._limits import Limits
from cardan.core.forms import UrlencodedDecoder, parse_form, parse_urlencoded
from tests.core.forms.strange_forms import URLENCODED
from tests.core.machines import outcome, pieces_of

URL = "application/x-www-form-urlencoded"
NO_LIMITS = Limits(max_form_parts=None, max_form_memory_size=None, max_form_memory_total=None)
TOKENS = [
    b"&",
    b"=",
    b"+",
    b"%",
    b"%41",
    b"%zz",
    b"%C3%A9",
    b"%00",
    b"\0",
    b"\xff",
    b"\\",
    b"\r\n",
    b"\n",
    b";",
    b"%3D",
    b"%26",
]


def standard(body: bytes) -> list[tuple[bytes, bytes]]:
    """The parser of the WHATWG URL standard, section 5.1, step by step."""
    pairs = []
    for sequence in body.split(b"&"):
        if sequence:
            name, _, value = (piece.replace(b"+", b" ") for piece in sequence.partition(b"="))
            pairs.append((decoded(name), decoded(value)))
    return pairs


def decoded(data: bytes) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), data)


def law(body: bytes) -> None:
    expected = standard(body)
    texts = [(name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in expected]
    assert parse_urlencoded(body) == texts
    for form_rules in ("default", "strict"):
        whole = outcome(partial(UrlencodedDecoder, limits=NO_LIMITS, form_rules=form_rules), [body])
        for size in (1, 3):
            chunks = pieces_of(body, size)
            assert outcome(partial(UrlencodedDecoder, limits=NO_LIMITS, form_rules=form_rules), chunks) == whole
        if form_rules == "default" or isinstance(whole, list):
            assert isinstance(whole, list)
            assert [(event.name, event.value) for event in whole] == texts
            assert [event.raw for event in whole] == [value for _, value in expected]
        else:
            assert whole == "UrlencodedError"
    form = parse_form(URL, body, limits=NO_LIMITS)
    assert form.fields == texts
    assert [form.raw(index) for index in range(len(texts))] == [value for _, value in expected]


if __name__ == "__main__":
    fuzz(__doc__, law, [row.body for row in URLENCODED if len(row.body) < 1500], TOKENS)
