"""Fuzzes the multipart decoder, in both modes, with the limits of a request and with small ones.

The rule: any bytes give a form or a documented error (MultipartError, RequestEntityTooLarge). The result does not
depend on how the bytes are divided. The fast path gives the same as the state table. A form that is encoded and decoded
again is equal.
"""

from __future__ import annotations

import random
from typing import Any

from _bytes import fuzz

from cardan.core._exceptions import MultipartError, RequestEntityTooLarge
from cardan.core._limits import Limits
from cardan.core.forms import Field, FileStart, MultipartDecoder, MultipartEncoder
from cardan.core.forms._machine import MultipartMachine
from tests.core.forms.strange_forms import MULTIPART, form, part
from tests.core.machines import join_bytes, pieces_of

NARROW = Limits(max_form_parts=4, max_files=2, max_form_memory_size=40, max_form_memory_total=90, max_file_size=60)
TOKENS = [
    b"--BOUND", b"\r\n--BOUND\r\n", b"\r\n--BOUND--", b"\r\n", b"\r", b"\n", b"--", b"\r\n\r\n", b"\0", b'"', b"\\",
    b"Content-Disposition: form-data; name=", b"Content-Type: text/plain; charset=latin-1", b"%22", b"\xff", b" ",
    b"\t",
    b"; filename*=UTF-8''%41", b'; filename="a"', part(), part('form-data; name="f"; filename="x"', b"data"),
]  # fmt: skip
ERRORS = (MultipartError, RequestEntityTooLarge)


def decode(chunks: list[bytes], straight: bool, **options: Any) -> list[Any] | str:
    """The events, joined, or the class of a documented error. Any other error is raised."""
    decoder = (MultipartDecoder if straight else MultipartMachine)("BOUND", **options)
    events: list[Any] = []
    try:
        for chunk in chunks:
            events += decoder.feed(chunk)
        events += decoder.close()
    except ERRORS as error:
        return type(error).__name__
    return join_bytes(events)


def law(body: bytes) -> None:
    rand = random.Random(len(body))
    marks = sorted(rand.choices(range(len(body) + 1), k=3))
    for form_rules in ("default", "strict"):
        for limits in (Limits(), NARROW):
            expected = decode([body], False, form_rules=form_rules, limits=limits)
            for chunks in ([body], pieces_of(body, 1), [body[a:b] for a, b in zip([0, *marks], [*marks, len(body)])]):
                got = decode(chunks, True, form_rules=form_rules, limits=limits)
                assert got == expected, (form_rules, got, expected)
    if isinstance(expected, list):
        again(expected)


def again(events: list[Any]) -> None:
    encoder = MultipartEncoder()
    try:
        body = b"".join([*encoder.feed(events), *encoder.close()])
    except ValueError:
        return  # this name cannot be encoded
    got = join_bytes(MultipartDecoder(encoder.boundary, limits=Limits(max_part_header_size=None)).feed(body))
    assert [names(event) for event in got] == [names(event) for event in events]


def names(event: Any) -> Any:
    if isinstance(event, Field):
        return event.name, event.raw
    return (event.name, event.filename) if isinstance(event, FileStart) else event


if __name__ == "__main__":
    fuzz(__doc__, law, [row.body for row in MULTIPART if len(row.body) < 1500] + [form(part(), part())], TOKENS)
