"""BodyReader and parse_content_length: nothing more, nothing less than declared, never cut short."""

from __future__ import annotations

import sys

import pytest

from cardan.core._exceptions import BadRequest, ClientDisconnected, MachineStateError, RequestEntityTooLarge
from cardan.core._limits import Limits
from cardan.core.forms import BodyReader, parse_content_length
from tests.core.machines import assert_cuts_do_not_matter

DATA = b"0123456789"


@pytest.mark.parametrize("value", ["0", "5", "007", " 5 ", "5\t", "9" * 19])
def test_content_length(value: str) -> None:
    """ASCII digits (RFC 9110 section 8.6), with the white space that a field may have around it."""
    assert parse_content_length(value) == int(value)


@pytest.mark.parametrize(
    "value", ["", " ", "abc", "-5", "-1", "+5", "5, 5", "1_0", "5 5", "0x5", "5.0", "٥", "1" * 31, "5\n"]
)
def test_content_length_that_is_none(value: str) -> None:
    """Whatever int() would make of it: 400, never a guess."""
    with pytest.raises(BadRequest):
        parse_content_length(value)


def test_no_content_length() -> None:
    """A Content-Length that was not sent is None, and not 0."""
    assert parse_content_length(None) is None


@pytest.mark.parametrize(
    ("declared", "allowed", "expected"),
    [
        (10, None, [DATA]),
        (None, None, [DATA]),
        (None, 10, [DATA]),
        (10, 10, [DATA]),
        (9, None, "BadRequest"),
        (0, None, "BadRequest"),
        (11, None, "ClientDisconnected"),
        (None, 9, "RequestEntityTooLarge"),
        (None, 0, "RequestEntityTooLarge"),
        (9, 9, "BadRequest"),
    ],
)
def test_counting(declared: int | None, allowed: int | None, expected: object) -> None:
    """A body of the declared length is read. A shorter, longer or too large one has its error, however it is cut."""
    limits = Limits(max_content_length=allowed)
    assert assert_cuts_do_not_matter(lambda: BodyReader(content_length=declared, limits=limits), DATA) == expected


def test_a_declared_length_past_the_limit_is_refused_at_once() -> None:
    """A declared length above the limit is refused before a byte is read."""
    with pytest.raises(RequestEntityTooLarge) as caught:
        BodyReader(content_length=11, limits=Limits(max_content_length=10))
    assert (caught.value.limit, caught.value.allowed, caught.value.received) == ("max_content_length", 10, 11)


def test_feed_gives_back_what_it_gets() -> None:
    """The very object; ``received`` counts."""
    reader = BodyReader(content_length=None)
    assert reader.feed(DATA) is DATA
    assert reader.received == 10
    assert reader.close() == b""


def test_feed_gives_a_copy_of_a_buffer() -> None:
    """A buffer may be used again: its bytes are copied. What is not bytes-like is refused, and nothing is counted."""
    reader = BodyReader(content_length=None)
    for buffer in (bytearray(DATA), memoryview(bytearray(DATA))):
        piece = reader.feed(buffer)
        buffer[:1] = b"#"
        assert (type(piece), piece) == (bytes, DATA)
    for wrong in ("0123456789", 10, None, [1]):
        with pytest.raises(TypeError, match=f"^got {type(wrong).__name__}, expected bytes$"):
            reader.feed(wrong)  # type: ignore[arg-type]
    assert reader.received == 20


def test_states_and_latching() -> None:
    """reading, complete, closed; or failed, for good."""
    reader = BodyReader(content_length=3)
    assert reader.state == "reading"
    reader.feed(b"123")
    assert reader.state == "complete"
    assert reader.feed(b"") == b""
    reader.close()
    assert reader.state == "closed"
    for call in (reader.close, lambda: reader.feed(b"")):
        with pytest.raises(MachineStateError):
            call()
    reader = BodyReader(content_length=3)
    reader.feed(b"1")
    with pytest.raises(ClientDisconnected, match="the body ended too early: got 1 bytes, expected 3") as first:
        reader.close()
    assert reader.state == "failed"
    with pytest.raises(ClientDisconnected) as again:
        reader.feed(b"")
    assert again.value is first.value


def test_an_error_is_raised_again_at_the_end() -> None:
    """``close()`` after a failed ``feed()`` raises the same error: nobody takes a broken body for a whole one."""
    reader = BodyReader(content_length=3)
    with pytest.raises(BadRequest) as first:
        reader.feed(b"1234")
    with pytest.raises(BadRequest) as again:
        reader.close()
    assert again.value is first.value


def test_how_much_to_ask_for() -> None:
    """``want`` is one byte more than may come, so that one too many is noticed; it is at least one."""
    reader = BodyReader(content_length=5)
    assert reader.want == 6
    reader.feed(b"abc")
    assert reader.want == 3
    reader.feed(b"de")
    assert reader.want == 1
    with pytest.raises(BadRequest):
        reader.feed(b"fgh")
    assert (reader.want, reader.received, reader.accepted) == (1, 8, b"")
    limited = BodyReader(content_length=None, limits=Limits(max_content_length=3))
    assert limited.want == 4
    limited.feed(b"ab")
    assert limited.want == 2
    with pytest.raises(RequestEntityTooLarge):
        limited.feed(b"cdef")
    assert (limited.received, limited.accepted) == (6, b"c")
    assert BodyReader(content_length=None).want == sys.maxsize


def test_another_limit() -> None:
    """A limit of another name may take the place of ``max_content_length``; None is no limit."""
    reader = BodyReader(content_length=None, limits=Limits(max_content_length=1), limit=("max_data_memory", 3))
    assert reader.feed(b"abc") == b"abc"
    with pytest.raises(RequestEntityTooLarge) as caught:
        reader.feed(b"d")
    assert (caught.value.limit, caught.value.allowed) == ("max_data_memory", 3)
    with pytest.raises(RequestEntityTooLarge, match=r"got 4, expected at most 3 \(max_data_memory\)"):
        BodyReader(content_length=4, limit=("max_data_memory", 3))
    assert BodyReader(content_length=3, limit=("max_data_memory", 3)).feed(b"abc") == b"abc"
    free = BodyReader(content_length=None, limits=Limits(max_content_length=1), limit=("max_data_memory", None))
    assert free.feed(b"abc") == b"abc"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0", 0), ("007", 7), ("0" * 30 + "5", 5), ("9" * 19, 10**19 - 1), ("0" * 5 + "9" * 19, 10**19 - 1),
        (" 5\t", 5),
        ("0" * 40, 0), (None, None),
    ],
)  # fmt: skip
def test_content_lengths(text: str | None, length: int | None) -> None:
    """A Content-Length is digits (RFC 9110 section 8.6): at most 19 without the zeros before them."""
    assert parse_content_length(text) == length


@pytest.mark.parametrize("text", ["1" + "0" * 19, "0" * 9 + "1" + "0" * 19, "", " ", "\u0661", "\xb2", "5 5", "0x5"])
def test_what_is_no_content_length(text: str) -> None:
    """A number that no body can have, and text that is no number in ASCII digits, are a 400."""
    with pytest.raises(BadRequest, match=r"got (a )?Content-Length"):
        parse_content_length(text)
