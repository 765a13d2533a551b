"""Ranges cut out of a body that flows by."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cardan.core._response import range_cutter as range_cutter
from cardan.core._response.range_bodies import AsyncCutBody, CutBody, PartsBody
from cardan.core._response.range_cutter import Plan, RangeCutter, plan_ranges

BODY = bytes(range(48, 48 + 30))
SETS = [[(0, 30)], [(0, 1)], [(29, 30)], [(5, 9)], [(0, 2), (2, 4)], [(1, 2), (4, 5), (20, 30)], [(0, 5), (6, 7)]]


@pytest.fixture(autouse=True)
def _boundary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(range_cutter, "make_boundary", lambda: "B")


def wire(ranges: list[tuple[int, int]]) -> bytes:
    """What goes on the wire, written out."""
    if len(ranges) == 1:
        return BODY[slice(*ranges[0])]
    parts = [
        f"--B\r\nContent-Type: text/x\r\nContent-Range: bytes {a}-{b - 1}/30\r\n\r\n".encode() + BODY[a:b] + b"\r\n"
        for a, b in ranges
    ]
    return b"".join(parts) + b"--B--\r\n"


def cut(plan: Plan, chunks: list[bytes]) -> bytes:
    cutter = RangeCutter(plan)
    return b"".join([data for chunk in chunks for data in cutter.feed(chunk)] + cutter.close())


@pytest.mark.parametrize("ranges", SETS)
def test_whole_byte_by_byte_and_every_cut(ranges: list[tuple[int, int]]) -> None:
    """The law of cuts; RFC 9110 section 14.6 for several ranges; the length is known before."""
    plan = plan_ranges(ranges, 30, "text/x")
    expected = wire(ranges)
    assert plan.length == len(expected)
    assert cut(plan, [BODY]) == expected
    assert cut(plan, [bytes([byte]) for byte in BODY]) == expected
    for at in range(31):
        assert cut(plan, [BODY[:at], b"", BODY[at:]]) == expected


def test_fields_of_one_and_of_several() -> None:
    """One range: Content-Range in the head; several: multipart/byteranges, each with its own."""
    one = plan_ranges([(0, 2)], 30, "text/x", "gzip")
    assert (one.content_type, one.content_range) == ("text/x", "bytes 0-1/30")
    two = plan_ranges([(0, 2), (4, 5)], 30, None, "gzip")
    assert (two.content_type, two.content_range) == ("multipart/byteranges; boundary=B", None)
    assert two.pieces[0].prefix == b"--B\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-1/30\r\n\r\n"


def test_nothing_is_wanted_after_the_last_range() -> None:
    """State ``end`` is reached with the last byte, not with the body's end."""
    cutter = RangeCutter(plan_ranges([(0, 2)], 30, None))
    assert cutter.feed(b"01") == [b"01"]
    assert cutter.state == "end"
    assert cutter.feed(b"234") == []


class Source:
    """A body that counts."""

    length = 30

    def __init__(self) -> None:
        self.given = 0
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        for byte in BODY:
            self.given += 1
            yield bytes([byte])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk

    def ranged(self, start: int, stop: int) -> list[bytes]:
        return [BODY[start:stop]]

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("ranges", SETS)
@pytest.mark.parametrize("kind", [CutBody, PartsBody])
def test_sync_bodies(kind: Any, ranges: list[tuple[int, int]]) -> None:
    """Ranges cut from a stream, or taken in parts, give the same bytes. No byte after the last range is read; the
    source is closed once.
    """
    source = Source()
    body = kind(source, plan_ranges(ranges, 30, "text/x"))
    assert b"".join(body) == wire(ranges)
    assert source.given <= ranges[-1][1]
    body.close()
    assert source.closed == 1
    if kind is CutBody:  # the other one leaves that to its source
        body.close()
        assert source.closed == 1


@pytest.mark.anyio
@pytest.mark.parametrize("ranges", SETS)
async def test_async_body(ranges: list[tuple[int, int]]) -> None:
    """Ranges can be cut out of an async stream, too. It is closed once, also if it was never begun."""
    source = Source()
    body = AsyncCutBody(source, plan_ranges(ranges, 30, "text/x"))
    assert b"".join([chunk async for chunk in body]) == wire(ranges)
    never = AsyncCutBody(Source(), plan_ranges(ranges, 30, None))
    for _ in range(2):
        await body.aclose()
        await never.aclose()
    assert source.closed == never._source.closed == 1  # type: ignore[attr-defined]


class Steps:
    """An async iterator that cannot be closed."""

    def __init__(self, data: bytes) -> None:
        self._left = list(data)

    def __aiter__(self) -> Steps:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return bytes([self._left.pop(0)])


class Passes:
    """An async iterable whose passes cannot be closed."""

    def __aiter__(self) -> Steps:
        return Steps(BODY)


@pytest.mark.anyio
@pytest.mark.parametrize("ranges", SETS)
async def test_bodies_that_cannot_be_closed(ranges: list[tuple[int, int]]) -> None:
    """A body without ``close()`` needs none, nor does a pass over one."""
    plan = plan_ranges(ranges, 30, "text/x")
    body = CutBody([BODY], plan)
    assert b"".join(body) == wire(ranges)
    body.close()
    for source in (Steps(BODY), Passes()):
        cut_body = AsyncCutBody(source, plan)
        assert b"".join([chunk async for chunk in cut_body]) == wire(ranges)
        await cut_body.aclose()


@pytest.mark.anyio
async def test_a_body_that_is_shorter_than_its_ranges() -> None:
    """If the body ends early, so does what was cut: the announced length shows that something is missing."""
    plan = plan_ranges([(2, 9)], 30, "text/x")
    assert b"".join(CutBody([b"0123", b"45"], plan)) == b"2345"
    assert b"".join([chunk async for chunk in AsyncCutBody(Steps(b"012345"), plan)]) == b"2345"


@given(st.binary(max_size=60), st.data())
def test_any_ranges_any_cuts(body: bytes, data: st.DataObject) -> None:
    """The cutter gives what slicing gives."""
    edges = sorted(data.draw(st.sets(st.integers(0, len(body)), min_size=2))) if body else []
    ranges = list(zip(edges[::2], edges[1::2]))
    assume(ranges)
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, len(body))))), len(body)]
    plan = plan_ranges(ranges, len(body), None)
    expected = b"".join([piece.prefix + body[piece.start : piece.stop] for piece in plan.pieces] + [plan.suffix])
    assert cut(plan, [body[a:b] for a, b in itertools.pairwise(cuts)]) == expected
    assert plan.length == len(expected)
