"""A filter changes the bytes of a body before anything else reads them: `make_body_filter`."""

from __future__ import annotations

import gc
import io
import weakref
import zlib
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from cardan import Request as BothRequest
from cardan.core import Limits, Request, RequestHead
from cardan.core._request.body import Body, BytesBody
from cardan.core._request.filtering import FilteredBody
from cardan.core.forms._body_reader import BodyReader
from cardan.exceptions import BadRequest, BodyConsumed, ClientDisconnected, RequestEntityTooLarge

FORM = b"application/x-www-form-urlencoded"


class Inflate:
    """A filter that decompresses the body."""

    def __init__(self) -> None:
        self.machine = zlib.decompressobj()

    def feed(self, data: bytes) -> bytes:
        return self.machine.decompress(data)

    def close(self) -> bytes:
        if not self.machine.eof:
            raise ValueError("the compressed data end early")
        return self.machine.flush()


class Inflating(Request):
    """A request class that decompresses a body with the Content-Encoding `deflate`."""

    def make_body_filter(self) -> Inflate | None:
        return Inflate() if self.headers.get("Content-Encoding") == "deflate" else None


def make(body: Any, length: int | None = None, cls: type[Request] = Inflating, encoding: bytes = b"deflate") -> Request:
    """A request with a compressed body."""
    fields = [(b"content-type", FORM), (b"content-encoding", encoding)]
    if length is not None:
        fields.append((b"content-length", b"%d" % length))
    return cls(RequestHead("POST", headers=fields), body)


DATA = b"a=" + b"1" * 5000
SENT = zlib.compress(DATA)


@pytest.mark.parametrize("length", [None, len(SENT)])
@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize("access", ["form", "get_data", "text", "stream", "iter_data"])
def test_every_way_to_read(access: str, step: int, length: int | None) -> None:
    """Every way to read gives the filtered bytes, however the body was cut. Content-Length counts what was sent."""
    request = make([SENT[at : at + step] for at in range(0, len(SENT), step)], length)
    ask: dict[str, Any] = {
        "form": lambda: b"a=" + request.form["a"].encode(),
        "get_data": request.get_data,
        "text": lambda: request.text.encode(),
        "stream": lambda: request.stream.read(),
        "iter_data": lambda: b"".join(request.iter_data(100)),
    }
    assert ask[access]() == DATA
    assert request.content_length == length


@pytest.mark.anyio
async def test_async() -> None:
    """A filter works in async code, too: for `load()` and for `aiter_data()`."""

    async def body() -> Any:
        for at in range(0, len(SENT), 10):
            await anyio.lowlevel.checkpoint()
            yield SENT[at : at + 10]

    assert (await make(body()).load()).form["a"] == "1" * 5000
    assert b"".join([piece async for piece in make(body()).aiter_data()]) == DATA


def test_none_is_no_filter() -> None:
    """If the hook returns None, the body is read as it was sent."""
    assert make(b"a=1", 3, encoding=b"identity").form["a"] == "1"


@pytest.mark.parametrize(
    ("body", "length", "error"),
    [
        (SENT[:-5], None, BadRequest),
        (SENT[:-5], len(SENT), ClientDisconnected),
        (b"garbage", None, BadRequest),
        (SENT, 3, BadRequest),
    ],
)
def test_failures(body: bytes, length: int | None, error: type[Exception]) -> None:
    """An exception of the filter becomes a 400, and so does a truncated body. The second access raises it again."""
    request = make(body, length)
    for _ in range(2):
        with pytest.raises(error) as caught:
            request.form
        assert type(caught.value) is error


@pytest.mark.parametrize(("body", "cause"), [(SENT[:-5], ValueError), (b"garbage", zlib.error)])
def test_the_cause_of_the_error_is_that_of_the_filter(body: bytes, cause: type[Exception]) -> None:
    """The 400 tells a client nothing of the filter; its cause tells the program what the filter has raised."""
    with pytest.raises(BadRequest) as caught:
        make(body).form
    assert type(caught.value.__cause__) is cause
    assert str(caught.value.__cause__) not in str(caught.value)


def test_limits_hold_for_both_sides() -> None:
    """`max_content_length` limits the bytes that were sent and the filtered bytes, because a small body may grow."""

    class Small(Inflating):
        max_content_length = 1000

    with pytest.raises(RequestEntityTooLarge) as caught:
        make(SENT, len(SENT), Small).get_data()
    assert caught.value.received is None  # the head does not tell how many bytes the filter gives
    request = make(b"x" * 1001, 1001, Small)
    for _ in range(2):  # the second access is refused as well
        with pytest.raises(RequestEntityTooLarge):
            request.get_data()


def test_bytes_behind_the_limit() -> None:
    """A body that ends where the limit is, is within it. If more bytes follow, in whatever pieces, that is a 413."""
    for more, error in ((b"", None), (b"x", RequestEntityTooLarge)):

        class Small(Inflating):
            max_content_length = 6

            def make_body_filter(self) -> Any:
                return Passing()

        class Passing:
            def feed(self, data: bytes) -> bytes:
                assert data  # a filter is not called for nothing
                return data

            def close(self) -> bytes:
                return b""

        for pieces in ([b"abcdef", more], [b"abcdef" + more], [b"abc", b"def", more]):
            request = make(pieces, cls=Small)
            if error is None:
                assert request.get_data() == b"abcdef"
            else:
                with pytest.raises(error):
                    request.get_data()


def test_a_hook_that_opens_the_body() -> None:
    """While the hook makes the filter, a second request object may open the body with a filter of its own. The bytes go
    through one of them; the other request says so.
    """

    class Both(BothRequest):
        def make_body_filter(self) -> Any:
            if not opened:
                opened.append(Both(self.environ))
                assert opened[0].data == DATA
            return Inflate()

    opened: list[Any] = []
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(SENT)), "wsgi.input": io.BytesIO(SENT)}
    request = Both(environ)
    with pytest.raises(BodyConsumed, match=r"^got a second filter from make_body_filter\(\), expected one: "):
        request.data
    assert request.data == DATA


def test_shared_by_its_class() -> None:
    """Request objects with the same filter share what was read. For any other class, the body is consumed."""
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": FORM.decode(), "CONTENT_LENGTH": str(len(SENT))}

    class Both(BothRequest):
        def make_body_filter(self) -> Any:
            return Inflate()

    environ["wsgi.input"] = io.BytesIO(SENT)  # type: ignore[assignment]
    first, second = Both(environ), Both(environ)
    assert first.form["a"] == second.form["a"] == "1" * 5000
    with pytest.raises(BodyConsumed, match=r"consumed by make_body_filter\(\)"):
        BothRequest(environ).data


def test_over_a_kept_body() -> None:
    """If another request object has kept the unfiltered body, the filter gets the kept bytes."""

    class Both(BothRequest):
        def make_body_filter(self) -> Any:
            return Inflate()

    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(SENT)), "wsgi.input": io.BytesIO(SENT)}
    plain = BothRequest(environ)
    assert plain.data == SENT
    assert Both(environ).data == DATA
    assert plain.data == SENT


def test_no_cycle() -> None:
    """The filtered body and the body that was sent are no reference cycle: both are freed with the request."""
    request = make(SENT)
    assert request.form
    weak = weakref.ref(request)
    gc.disable()
    try:
        del request
        assert weak() is None
    finally:
        gc.enable()


def test_a_cancelled_read_is_that_of_the_body_that_was_sent() -> None:
    """If no task continues a cancelled read of filtered bytes, none continues the read of those that were sent."""
    abandoned = []

    class Sent(BytesBody):
        def abandon(self) -> None:
            abandoned.append(self)

    sent = Sent(SENT)
    FilteredBody(sent, BodyReader(content_length=None), Inflate()).abandon()
    assert abandoned == [sent]


def test_nothing_is_read_behind_the_limit() -> None:
    """The bytes before the limit pass through the filter. The 413 is then raised at once: no more of the body is read,
    and no byte is given twice.
    """
    asked: list[int] = []

    def body() -> Iterator[bytes]:
        for number in range(5):
            asked.append(number)
            yield b"abcdefghi"

    class Small(Request):
        max_content_length = 6

        def make_body_filter(self) -> Any:
            return Upper()

    class Upper:
        def feed(self, data: bytes) -> bytes:
            return data.upper()

        def close(self) -> bytes:
            raise AssertionError("the body has not ended")

    request = Small(RequestHead("POST"), body())
    data = request.iter_data()
    assert next(data) == b"ABCDEF"
    for _ in range(2):
        with pytest.raises(RequestEntityTooLarge):
            next(data)
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()
    assert asked == [0]


@pytest.mark.anyio
@pytest.mark.parametrize("is_async", [False, True])
async def test_only_what_is_there_is_read(is_async: bool) -> None:
    """A filter may turn a few bytes into more than any limit allows. So the source is never asked to wait until it has
    much, although the whole body is wanted, and is asked for one byte more than the limit at most.
    """

    class Sent(Body):
        def __init__(self) -> None:
            self.asked: list[tuple[int, bool]] = []

        def read(self, size: int, whole: bool) -> bytes:
            self.asked.append((size, whole))
            return b"abc" if len(self.asked) == 1 else b""

        async def aread(self, size: int, whole: bool) -> bytes:
            return self.read(size, whole)

    class Passing:
        def feed(self, data: bytes) -> bytes:
            return data

        def close(self) -> bytes:
            return b""

    sent = Sent()
    reader = BodyReader(content_length=None, limits=Limits(max_content_length=10))
    body = FilteredBody(sent, reader, Passing())
    for expected in (b"abc", b""):
        assert (await body.aread(1000, True) if is_async else body.read(1000, True)) == expected
    assert sent.asked == [(11, False), (8, False)]
    assert body.ended
