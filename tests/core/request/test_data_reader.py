"""DataReader: pieces of an exact size, wherever the body was cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core import Request, RequestHead
from cardan.core._request.body import BytesBody
from cardan.core._request.streaming import BodyStream, DataReader
from cardan.core.drive import Read, run
from cardan.core.forms import BodyReader
from cardan.exceptions import RequestEntityTooLarge


def pieces(chunks: list[bytes], size: int | None) -> list[bytes]:
    """The pieces that a reader gives for a body that is received in ``chunks``."""
    reader = DataReader(BytesBody(b""), BodyReader(content_length=None), size)
    coming = iter(chunk for chunk in chunks if chunk)

    def perform(step: Any) -> bytes:
        assert type(step) is Read
        assert step.whole is False
        return next(coming, b"")

    found = []
    while piece := run(reader.next(), perform):
        found.append(piece)
    assert run(reader.next(), perform) == b""
    return found


def cut(data: bytes, size: int) -> list[bytes]:
    """``data`` in pieces of ``size``."""
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 12, 100])
def test_every_cut(size: int) -> None:
    """Whole, byte by byte, at every two-chunk split: the same pieces."""
    data = b"hello, world"
    wanted = cut(data, size)
    assert pieces([data], size) == wanted
    assert pieces(cut(data, 1), size) == wanted
    for at in range(len(data) + 1):
        assert pieces([data[:at], data[at:]], size) == wanted


@given(st.lists(st.binary(max_size=20), max_size=20), st.integers(1, 50))
def test_any_cut(chunks: list[bytes], size: int) -> None:
    """Every piece but the last has the size that was asked for, and nothing is lost."""
    assert pieces(chunks, size) == cut(b"".join(chunks), size)


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_without_a_size(chunks: list[bytes]) -> None:
    """Without a size, each piece is what one read gave."""
    assert pieces(chunks, None) == [chunk for chunk in chunks if chunk]


def test_an_error_is_for_everybody() -> None:
    """A body that exceeds a limit raises instead of giving a short piece. Every later access raises again."""
    request = Request(RequestHead("POST"), [b"12", b"34", b"56"])
    request.max_content_length = 5
    reading = request.iter_data(4)
    assert next(iter(reading)) == b"1234"
    for _ in range(2):
        with pytest.raises(RequestEntityTooLarge):
            next(iter(reading))
    with pytest.raises(RequestEntityTooLarge):
        request.data


def test_how_a_file_asks_for_its_bytes() -> None:
    """A read of ``request.stream`` takes what is there, so that a line or a message is not held back for the next one.
    ``read()`` without a size wants all that is left, so that the source may give it in few large pieces.
    """
    asked: list[bool] = []
    coming = iter([b"ab\ncd", b"ef", b"gh", b"", b"ij", b""])

    def pull(whole: bool) -> bytes:
        asked.append(whole)
        return next(coming)

    stream = BodyStream(pull)
    assert (stream.read(1), stream.readline(), stream.read(9)) == (b"a", b"b\n", b"cd")
    assert asked == [False]
    assert stream.read(9) == b"ef"
    assert asked == [False, False]
    assert stream.readall() == b"gh"
    assert stream.readall() == b"ij"
    assert asked == [False, False, True, True, True, True]
    assert (stream.readable(), stream.writable(), stream.seekable()) == (True, False, False)


def test_what_is_left_of_a_piece_comes_first() -> None:
    """``readall()`` begins with what an earlier read has left, and reads on until the end."""
    asked: list[bool] = []
    coming = iter([b"abc", b"de", b"f", b""])

    def pull(whole: bool) -> bytes:
        asked.append(whole)
        return next(coming)

    stream = BodyStream(pull)
    assert stream.read(1) == b"a"
    assert stream.readall() == b"bcdef"
    assert asked == [False, True, True, True]


def test_a_piece_that_was_read_is_not_kept() -> None:
    """While a program waits for the next piece, the one that it has read to its end takes no memory."""
    piece = bytearray(b"abc")
    coming: Any = iter([piece, b""])
    stream = BodyStream(lambda whole: next(coming))
    assert (stream.read(2), stream.read(2)) == (b"ab", b"c")
    piece.clear()  # raises BufferError as long as a view of it is left
    assert stream.read(2) == b""
