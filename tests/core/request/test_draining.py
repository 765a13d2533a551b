"""What may be left of a body when the answer is complete: whether the connection is closed, and how much is drained."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from cardan import Response
from cardan.core._request.draining import (
    DEFAULTS,
    LARGE,
    NOTHING,
    Drain,
    DrainLimits,
    closes,
    drain_limits_of,
    expects_continue,
    is_inert,
    may_exceed,
)
from cardan.datastructures import Headers

SMALL = DrainLimits(size=1000, seconds=1.0)


@pytest.mark.parametrize(
    ("status", "version", "fields", "expected"),
    [
        (413, "1.1", {"Content-Length": "1001"}, True),
        (413, "1.1", {"Content-Length": "1000"}, False),
        (413, "1.0", {"Content-Length": "1001"}, True),
        (400, "1.1", {"Transfer-Encoding": "chunked"}, True),
        (399, "1.1", {"Content-Length": "1001"}, False),
        (413, "2", {"Content-Length": "1001"}, False),
        (413, "3", {"Transfer-Encoding": "chunked"}, False),
        (400, "1.1", {}, False),
        (400, "1.1", {"Content-Length": "many"}, False),
        (400, "1.1", {"Content-Length": "-1"}, False),
    ],
)
def test_an_error_before_a_large_body_closes(status: int, version: str, fields: dict[str, str], expected: bool) -> None:
    """The answer to a request of HTTP/1 with more body than is drained has ``Connection: close``, if it is an error. A
    Content-Length that is no number announces no body: the server has not taken it either.
    """
    assert closes(status, version, Headers(fields), SMALL) is expected


def test_the_bounds_of_the_guide() -> None:
    """100 MB and five seconds are drained if nothing else is set. A large answer has 64 KiB."""
    assert DrainLimits(size=100_000_000, seconds=5.0) == DEFAULTS
    assert DrainLimits(size=0, seconds=0.0) == NOTHING
    assert LARGE == 64 * 1024


@pytest.mark.parametrize(
    ("size", "seconds", "limits"),
    [
        (1, 0.5, DrainLimits(1, 0.5)),
        (0, 5.0, NOTHING),
        (5, 0, NOTHING),
        (-1, 5.0, NOTHING),
        (5, -1, NOTHING),
    ],
)
def test_a_bound_of_zero_turns_draining_off(size: Any, seconds: Any, limits: DrainLimits) -> None:
    """0 bytes or 0 seconds: nothing is drained."""
    assert drain_limits_of(SimpleNamespace(max_drain_size=size, drain_timeout=seconds)) == limits


@pytest.mark.parametrize("name", ["max_drain_size", "drain_timeout"])
def test_a_bound_that_is_no_number(name: str) -> None:
    """A property of the program may give anything: the error names the setting."""
    request = SimpleNamespace(**{"max_drain_size": 5, "drain_timeout": 5.0, name: "5"})
    with pytest.raises(ValueError, match=f"^got {name} = '5', expected a number; 0 for no drain$"):
        drain_limits_of(request)


def test_what_is_still_wanted() -> None:
    """The bytes that are left of the bound, and none when they or the time are used up."""
    now = [10.0]
    drain = Drain(DrainLimits(100, 5.0), clock=lambda: now[0])
    drain.feed(99)
    assert drain.wanted == 1
    now[0] = 14.999
    assert drain.wanted == 1
    now[0] = 15.0
    assert drain.wanted == 0
    now[0] = 10.0
    drain.feed(5)
    assert drain.wanted == 0


@pytest.mark.parametrize(
    ("value", "waits"),
    [("100-continue", True), (" 100-Continue ", True), ("200-ok", False), ("", False), (None, False)],
)
def test_who_waits_for_the_go_ahead(value: str | None, waits: bool) -> None:
    """RFC 9110 section 10.1.1: the value is compared without case."""
    assert expects_continue(Headers({} if value is None else {"Expect": value})) is waits


@pytest.mark.parametrize(
    ("fields", "size", "may"),
    [
        ({"Content-Length": "10"}, 10, False),
        ({"Content-Length": "11"}, 10, True),
        ({"Content-Length": "0"}, 0, False),
        ({"Content-Length": "1"}, 0, True),
        ({}, 0, False),
        ({"Content-Length": "x"}, 0, False),
        ({"Transfer-Encoding": "chunked"}, 10**9, True),
        ({"Transfer-Encoding": "chunked", "Content-Length": "1"}, 10, True),
    ],
)
def test_how_much_may_follow(fields: dict[str, str], size: int, may: bool) -> None:
    """The declared length counts; a body in a transfer coding may have any (RFC 9112 section 6.3)."""
    assert may_exceed(Headers(fields), size) is may


class File(io.BytesIO):
    """A file that a server may send."""

    def ranged(self, start: int, stop: int) -> bytes:
        return self.getvalue()[start:stop]


@pytest.mark.parametrize(
    ("body", "inert"),
    [("x", True), (b"x", True), ([b"x"], True), (None, True), (File(b"x"), True), (iter([b"x"]), False)],
)
def test_a_response_that_reads_no_request(body: Any, inert: bool) -> None:
    """The body of a response may read that of the request, unless it is there already, or is a file."""
    assert is_inert(Response(body)) is inert


@pytest.mark.parametrize("size", [1000.0, 1000.5])
def test_a_bound_that_is_a_float(size: float) -> None:
    """A bound on the size that is a float counts whole bytes, because a source is asked for a number of them."""
    limits = drain_limits_of(SimpleNamespace(max_drain_size=size, drain_timeout=1))
    assert limits == DrainLimits(1000, 1)
    assert type(Drain(limits).wanted) is int


def test_a_bound_without_an_end() -> None:
    """An infinite bound on the size is one that no body exceeds."""
    limits = drain_limits_of(SimpleNamespace(max_drain_size=float("inf"), drain_timeout=1))
    assert limits.size == float("inf")
    assert not may_exceed(Headers({"Content-Length": "1000"}), limits.size)
