"""response.stream."""

from __future__ import annotations

import csv

import pytest

from cardan.core import Response


def test_writing() -> None:
    """Row ResponseStreamMixin.stream: appends to the body, drops Content-Length; text is UTF-8."""
    response = Response("a", headers={"Content-Length": "1"})
    stream = response.stream
    assert response.stream is stream
    assert repr(stream) == f"<the stream of {response!r}>"
    assert stream.write("ä") == 1
    assert stream.write(b"b") == 1
    stream.writelines(["c", b"d"])
    assert (response.data, stream.tell()) == ("aäbcd".encode(), 6)
    assert "Content-Length" not in response.headers
    assert dict(response.outgoing("GET").headers)["Content-Length"] == "6"  # type: ignore[union-attr]


def test_it_is_a_file() -> None:
    """What wants a file to write to can write to it."""
    response = Response(mimetype="text/csv")
    csv.writer(response.stream).writerow(["a", 1])  # type: ignore[arg-type]
    assert response.data == b"a,1\r\n"
    stream = response.stream
    assert (stream.writable(), stream.readable(), stream.seekable(), stream.isatty()) == (True, False, False, False)
    stream.flush()
    stream.close()
    for call in (stream.flush, lambda: stream.write("x")):
        with pytest.raises(ValueError, match="closed file"):
            call()


def test_body_that_must_not_be_collected() -> None:
    """As every look at the body."""
    response = Response(iter(["a"]))
    response.implicit_sequence_conversion = False
    with pytest.raises(RuntimeError):
        response.stream.write("b")
