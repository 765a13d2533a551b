"""Fuzzes the decoder of any multipart, of multiparts in multiparts, and its encoder.

The rule: any bytes give the events of parts or a documented error (MultipartError, RequestEntityTooLarge). The result
does not depend on how the bytes are divided. Each part has one begin and one end, in the right order, and none is
deeper than is allowed. What is encoded and decoded again is equal.
"""

from __future__ import annotations

import random
from typing import Any

from _bytes import fuzz

from cardan.core._exceptions import MultipartError, RequestEntityTooLarge
from cardan.core._limits import Limits
from cardan.core.forms import PartDecoder, PartEncoder, PartEnd, PartStart
from tests.core.machines import join_bytes, pieces_of

NARROW = Limits(max_form_parts=4, max_part_headers=2, max_part_header_size=60)
DEPTH = 3
NESTED = (
    b"preamble\r\n--B\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n"
    b"--C\r\nA: 1\r\n\r\nx\r\n--C--\r\n--B\r\n\r\ny\r\n--B--\r\nepilogue"
)
TOKENS = [
    b"--B", b"\r\n--B\r\n", b"\r\n--B--", b"--C", b"\r\n--C\r\n", b"\r\n--C--", b"\r\n", b"\r", b"\n", b"--",
    b"\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=C", b"Content-Type: multipart/related; boundary=B", b"\0", b"\t", b" ",
    b"Content-Transfer-Encoding: base64", b"\xff", NESTED,
]  # fmt: skip


def decode(chunks: list[bytes], limits: Limits) -> list[Any] | str:
    """The events, joined, or the class of a documented error. Any other error is raised."""
    decoder = PartDecoder("B", limits=limits, max_depth=DEPTH)
    events: list[Any] = []
    try:
        for chunk in chunks:
            events += decoder.feed(chunk)
        events += decoder.close()
    except (MultipartError, RequestEntityTooLarge) as error:
        return type(error).__name__
    return join_bytes(events)


def law(body: bytes) -> None:
    rand = random.Random(len(body))
    marks = sorted(rand.choices(range(len(body) + 1), k=3))
    for limits in (Limits(), NARROW):
        expected = decode([body], limits)
        for chunks in (pieces_of(body, 1), [body[a:b] for a, b in zip([0, *marks], [*marks, len(body)])]):
            got = decode(chunks, limits)
            assert got == expected, (got, expected)
        if isinstance(expected, list):
            in_order(expected)
            again(expected)


def in_order(events: list[Any]) -> None:
    depth = 0
    for event in events:
        depth += isinstance(event, PartStart)
        assert 0 < depth <= DEPTH, events
        depth -= isinstance(event, PartEnd)
    assert depth == 0, events


def again(events: list[Any]) -> None:
    encoder = PartEncoder()
    try:
        body = b"".join([*encoder.feed(events), *encoder.close()])
    except ValueError:
        return  # a boundary that begins as the one around it
    decoder = PartDecoder(encoder.boundary, limits=Limits(max_part_header_size=None), max_depth=DEPTH)
    got = join_bytes([*decoder.feed(body), *decoder.close()])
    assert [told(event) for event in got] == [told(event) for event in events], body


def told(event: Any) -> Any:
    return event.headers.copy().to_wsgi_list() if isinstance(event, PartStart) else event


if __name__ == "__main__":
    fuzz(__doc__, law, [NESTED, b"--B\r\nA: 1\r\nB: 2\r\n\r\nx\r\n--B\r\n\r\n\r\n--B--\r\n", b"--B--"], TOKENS)
