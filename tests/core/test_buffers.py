"""The machines accept any bytes-like object. They give bytes, and keep no buffer that may change."""

from __future__ import annotations

import array
import mmap
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from cardan import core
from cardan.core import Response, ResponseFinalizer
from cardan.core._buffers import add_piece, as_bytes, is_bytes_like
from cardan.core._limits import Limits
from cardan.core._response.range_cutter import RangeCutter, plan_ranges
from cardan.core.drive import Close, Open, Read, Write, arun, run
from cardan.core.forms import (
    BodyReader,
    Field,
    FileEnd,
    FileStart,
    FormBuilder,
    FormReader,
    MemorySink,
    MultipartDecoder,
    MultipartEncoder,
    PartDecoder,
    PartEncoder,
    PartEnd,
    PartReader,
    PartStart,
    UrlencodedDecoder,
    parse_form,
)
from cardan.core.forms._machine import MultipartMachine
from cardan.core.structures._scope_headers import ScopeHeaders
from cardan.files._spooling import SpoolSink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

CT = "multipart/form-data; boundary=B"
URL = "application/x-www-form-urlencoded"
FORM = (
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n' + b"0123456789" * 9 + b"\r\n--B--\r\n"
)


class Sub(bytes):
    """A subclass of bytes."""


def mapped(data: bytes) -> mmap.mmap:
    """A bytes-like object whose memory the operating system maps."""
    memory = mmap.mmap(-1, len(data))
    memory[:] = data
    return memory


KINDS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "subclass": Sub,
    "bytearray": bytearray,
    "memoryview": lambda data: memoryview(bytearray(data)),
    "slice": lambda data: memoryview(b"xx" + data)[2:],
    "step": lambda data: memoryview(bytes(byte for one in data for byte in (one, 0)))[::2],
    "array": lambda data: array.array("B", data),
    "mmap": mapped,
}
kinds = pytest.mark.parametrize("kind", KINDS)


def pieces_of(data: bytes, kind: str, size: int = 7) -> Iterator[Any]:
    """Give ``data`` in pieces of a kind. A mutable piece is overwritten when the next one is requested."""
    for start in range(0, len(data), size):
        piece = KINDS[kind](data[start : start + size])
        yield piece
        if kind in ("bytearray", "array", "mmap"):
            piece[:] = type(piece)("B", b"#" * len(piece)) if kind == "array" else b"#" * len(piece)
        elif kind == "memoryview":
            piece.obj[:] = b"#" * len(piece)


class Feeding:
    """A source that uses one buffer for all pieces, as a parser that reads from a socket into one buffer."""

    def __init__(self, data: bytes, size: int = 7) -> None:
        self.data, self.size, self.buffer = data, size, bytearray(size)

    def __iter__(self) -> Iterator[memoryview]:
        for start in range(0, len(self.data), self.size):
            piece = self.data[start : start + self.size]
            self.buffer[: len(piece)] = piece
            yield memoryview(self.buffer)[: len(piece)]
        self.buffer[:] = bytes(self.size)


def fed(machine: Any, pieces: Any) -> list[Any]:
    """Return the results of a machine for ``pieces`` and for the end. Adjacent bytes are joined."""
    out: list[Any] = []
    for event in [event for piece in pieces for event in machine.feed(piece)] + list(machine.close()):
        if type(event) is bytes and out and type(out[-1]) is bytes:
            out[-1] += event
        else:
            out.append(event)
    return out


@kinds
def test_as_bytes(kind: str) -> None:
    """Any bytes-like object is converted to the bytes of its memory. Numbers and text are refused."""
    piece = KINDS[kind](b"abc")
    assert is_bytes_like(piece)
    assert (as_bytes(piece), type(as_bytes(piece))) == (b"abc", bytes)
    assert as_bytes(memoryview(array.array("H", [1, 2]))) == array.array("H", [1, 2]).tobytes()
    for wrong in ("text", 3, None, [1, 2], {}, object()):
        assert not is_bytes_like(wrong)
        with pytest.raises(TypeError, match=f"got {type(wrong).__name__}, expected bytes"):
            as_bytes(wrong)  # type: ignore[arg-type]


MACHINES: dict[str, tuple[Callable[[], Any], bytes]] = {
    "MultipartDecoder": (lambda: MultipartDecoder("B"), FORM),
    "MultipartDecoder, strict": (lambda: MultipartDecoder("B", form_rules="strict"), FORM),
    "MultipartMachine": (lambda: MultipartMachine("B"), FORM),
    "PartDecoder": (lambda: PartDecoder("B"), FORM),
    "UrlencodedDecoder": (UrlencodedDecoder, b"a=1&b=%C3%BC&c=3"),
    "ResponseFinalizer": (lambda: ResponseFinalizer("GET", 200, []), b"0123456789"),
    "RangeCutter": (lambda: RangeCutter(plan_ranges([(1, 9), (12, 20)], 26, None)), b"abcdefghijklmnopqrstuvwxyz"),
}


@pytest.mark.parametrize("name", MACHINES)
@kinds
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_machines(name: str, kind: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each machine gives the same for pieces of any bytes-like kind as for bytes, even if the pieces are overwritten
    later.
    """
    monkeypatch.setattr("cardan.core._response.range_cutter.make_boundary", lambda: "B")
    make, data = MACHINES[name]
    expected = list(map(repr, fed(make(), pieces_of(data, "bytes", size))))
    assert list(map(repr, fed(make(), pieces_of(data, kind, size)))) == expected
    assert list(map(repr, fed(make(), Feeding(data, size)))) == expected


@pytest.mark.parametrize("name", [*MACHINES, "BodyReader"])
@pytest.mark.parametrize("wrong", [3, None, [1]])
def test_machines_refuse(name: str, wrong: Any) -> None:
    """A piece that is not bytes-like raises a TypeError that names its type. A number does not become NUL bytes."""
    machine: Any = BodyReader(content_length=None) if name == "BodyReader" else MACHINES[name][0]()
    with pytest.raises(TypeError, match=f"got .*{type(wrong).__name__}, expected bytes"):
        machine.feed(wrong)


@pytest.mark.parametrize("name", [*MACHINES, "BodyReader"])
def test_machines_of_a_request_refuse_text(name: str) -> None:
    """Text raises TypeError where bytes are expected. Only the body of a response may be text."""
    machine: Any = BodyReader(content_length=None) if name == "BodyReader" else MACHINES[name][0]()
    if name == "ResponseFinalizer":
        assert fed(machine, ["ü"])[1].data == "ü".encode()
    else:
        with pytest.raises(TypeError, match="got str, expected bytes"):
            machine.feed("a=1")


@kinds
def test_body_reader(kind: str) -> None:
    """BodyReader counts bytes, not the items of a buffer, and gives bytes."""
    reader = BodyReader(content_length=8)
    piece = KINDS[kind](b"1234")
    assert (type(reader.feed(piece)), reader.received) == (bytes, 4)
    assert reader.feed(memoryview(array.array("I", [7]))) == array.array("I", [7]).tobytes()  # one item, four bytes
    assert (reader.received, reader.state) == (8, "complete")


@kinds
def test_events_of_files(kind: str) -> None:
    """FormBuilder and the encoders accept any bytes-like object as data of a file or part; MultipartEncoder accepts one
    as data of a field too.
    """
    start, data = FileStart("f", "x", None), KINDS[kind](b"data")
    assert FormBuilder().feed([start, data, FileEnd()]) == [start, b"data", FileEnd()]
    encoder = MultipartEncoder("B")
    pieces = encoder.feed([Field("a", "1", KINDS[kind](b"1")), start, data, FileEnd()])
    assert {type(piece) for piece in pieces} == {bytes}
    assert parse_form(CT, b"".join([*pieces, *encoder.close()])).getlist_raw("a") == [b"1"]
    assert PartEncoder("multipart/mixed", "B").feed([PartStart(), data, PartEnd()])[1] == b"data"


@kinds
def test_sinks(kind: str) -> None:
    """Data that is written to a sink is copied if it could change."""
    for sink in (MemorySink(), SpoolSink(Limits(max_file_memory=10)), SpoolSink(Limits())):
        for piece in pieces_of(b"0123456789abcdef", kind):
            assert sink.write(piece) == len(piece)
        assert (sink.size, sink.stream.read()) == (16, b"0123456789abcdef")
        sink.close()


@kinds
@pytest.mark.parametrize("size", [7, 1000])
def test_whole_forms(kind: str, size: int) -> None:
    """FormReader, PartReader and parse_form accept pieces of any bytes-like kind, for a whole form and in pieces."""

    def perform_with(pieces: Iterator[Any]) -> Callable[[Any], Any]:
        def perform(step: Any) -> Any:
            match step:
                case Read():
                    return next(pieces, b"")
                case Open():
                    return MemorySink()
                case Write(sink, data):
                    assert type(data) is bytes
                    return sink.write(data)
                case Close():
                    return None

        return perform

    content = b"0123456789" * 9
    for form in (
        run(FormReader(CT, len(FORM)).run(), perform_with(pieces_of(FORM, kind, size))),
        parse_form(CT, pieces_of(FORM, kind, size)),
        parse_form(CT, KINDS[kind](FORM)),
    ):
        assert (form.fields, form.files[0][1].read()) == ([("a", "value")], content)
    urlencoded = run(FormReader(URL, None).run(), perform_with(pieces_of(b"a=1&b=%C3%BC", kind, size)))
    assert urlencoded.fields == parse_form(URL, KINDS[kind](b"a=1&b=%C3%BC")).fields == [("a", "1"), ("b", "ü")]
    steps = perform_with(pieces_of(FORM, kind, size))
    parts = [(part.name, part.read()) for part in PartReader(CT, None).iter(lambda routine: run(routine, steps))]
    assert parts == [("a", b"value"), ("f", content)]
    assert {type(data) for _, data in parts} == {bytes}


HEAD = core.RequestHead("POST", headers=ScopeHeaders([(b"content-type", CT.encode())]))
DOORS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "get_data": (lambda request: request.get_data(), FORM),
    "get_data, not kept": (lambda request: request.get_data(cache=False), FORM),
    "text": (lambda request: request.text, FORM.decode()),
    "form": (lambda request: request.form["a"], "value"),
    "files": (lambda request: request.files["f"].read(), b"0123456789" * 9),
    "iter_data": (lambda request: b"".join(request.iter_data()), FORM),
    "iter_data, sized": (lambda request: b"".join(request.iter_data(11)), FORM),
    "stream": (lambda request: request.stream.read(), FORM),
    "iter_parts": (lambda request: [part.read() for part in request.iter_parts()], [b"value", b"0123456789" * 9]),
}


@kinds
@pytest.mark.parametrize("door", DOORS)
def test_core_request(kind: str, door: str) -> None:
    """Every method of the core request that reads the body accepts any bytes-like kind, for a whole body and for an
    iterable.
    """
    read, expected = DOORS[door]
    for body in (KINDS[kind](FORM), pieces_of(FORM, kind)):
        found = read(core.Request(HEAD, body))
        assert (found, type(found)) == (expected, type(expected))
    assert read(core.Request(HEAD, Feeding(FORM))) == expected


@pytest.mark.anyio
@kinds
async def test_core_request_awaiting(kind: str) -> None:
    """Every async method of the core request that reads the body accepts any bytes-like kind."""

    async def pieces() -> AsyncIterator[Any]:
        for piece in pieces_of(FORM, kind):
            yield piece
            await anyio.lowlevel.checkpoint()

    request = await core.Request(HEAD, pieces()).load()
    assert (request.form["a"], await request.files["f"].aread()) == ("value", b"0123456789" * 9)
    request = await core.Request(HEAD, pieces()).load(form=False)
    assert (request.get_data(), type(request.get_data())) == (FORM, bytes)
    for size in (None, 11):
        found = [piece async for piece in core.Request(HEAD, pieces()).aiter_data(size)]
        assert b"".join(found) == FORM
        assert {type(piece) for piece in found} == {bytes}
    parts = [await part.aread() async for part in core.Request(HEAD, pieces()).aiter_parts()]
    assert parts == [b"value", b"0123456789" * 9]


@pytest.mark.parametrize("wrong", ["text", 3, None, 0, ""])
def test_core_request_refuses(wrong: Any) -> None:
    """A piece that is not bytes-like raises TypeError, even if the piece is false."""
    expected = f"got {type(wrong).__name__}, expected bytes"
    with pytest.raises(TypeError, match=expected):
        core.Request(core.RequestHead("POST"), iter([b"1", wrong])).get_data()

    async def use() -> None:
        async def pieces() -> AsyncIterator[Any]:
            yield b"1"
            yield wrong

        with pytest.raises(TypeError, match=expected):
            await core.Request(core.RequestHead("POST"), pieces()).load()

    anyio.run(use)


@kinds
@pytest.mark.parametrize("late", [False, True])
def test_body_filter(kind: str, late: bool) -> None:
    """A body filter may give any bytes-like object and use it again later. Another type raises TypeError."""

    class Lower:
        buffer = bytearray()

        def feed(self, data: bytes) -> Any:
            assert type(data) is bytes
            self.buffer[:] = data.lower() if not late else b""
            self.rest = getattr(self, "rest", b"") + data.lower()
            return KINDS[kind](bytes(self.buffer)) if kind != "bytearray" and self.buffer else self.buffer

        def close(self) -> Any:
            return KINDS[kind](self.rest) if late else b""

    class Filtering(core.Request):
        def make_body_filter(self) -> Any:
            return Lower()

    assert Filtering(core.RequestHead("POST"), iter([b"AB", b"CD"])).get_data() == b"abcd"

    class Wrong(core.Request):
        def make_body_filter(self) -> Any:
            class Texts(Lower):
                def feed(self, data: bytes) -> Any:
                    return "text"

            return Texts()

    with pytest.raises(TypeError, match="got str, expected bytes"):
        Wrong(core.RequestHead("POST"), b"AB").get_data()


@kinds
def test_responses(kind: str) -> None:
    """A response accepts any bytes-like object as body, as chunk, in its stream and in ``data``, and gives bytes."""
    source = KINDS[kind](b"abc")
    assert (Response(source).get_data(), Response(source).is_sequence) == (b"abc", True)
    assert Response([source, "d"]).get_data() == b"abcd"
    assert Response(iter([source])).get_data() == b"abc"
    assert list(Response(pieces_of(b"0123456789", kind)).iter_encoded()) == [b"0123456", b"789"]
    response = Response()
    response.set_data(source)
    assert (response.get_data(), response.headers["Content-Length"]) == (b"abc", "3")
    assert (response.stream.write(source), response.get_data()) == (3, b"abcabc")
    replaced = Response("x")
    replaced.response = source
    assert replaced.get_data() == b"abc"
    if kind in ("bytearray", "memoryview", "array", "mmap"):
        changed = Response(source)
        (source.obj if kind == "memoryview" else source)[0] = ord("#")
        assert changed.get_data() == b"abc"


@pytest.mark.parametrize("wrong", [3, None, [1, 2], {"a": 1}])
def test_data_of_a_response_is_no_number(wrong: Any) -> None:
    """``set_data()`` refuses an object that is neither text nor bytes. A number does not become NUL bytes."""
    response = Response("before")
    with pytest.raises(TypeError, match=f"got a chunk of type {type(wrong).__name__}, expected bytes or text"):
        response.set_data(wrong)
    assert response.get_data() == b"before"


def test_json_of_another_module() -> None:
    """``dumps()`` of a JSON module may give text or a bytes-like object. Another type raises TypeError."""

    class Module:
        result: Any = bytearray(b"[1]")

        @classmethod
        def dumps(cls, value: Any) -> Any:
            return cls.result

    class Other(Response):
        json_module = Module

    assert Other.from_json(1).get_data() == b"[1]"
    Module.result = 3
    with pytest.raises(TypeError, match="got a chunk of type int"):
        Other.from_json(1)


@pytest.mark.anyio
async def test_steps_of_a_form_that_are_awaited() -> None:
    """``arun()`` accepts pieces that are views of one buffer."""
    pieces = iter(Feeding(FORM))

    async def perform(step: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        match step:
            case Read():
                return next(pieces, b"")
            case Open():
                return MemorySink()
            case Write(sink, data):
                return sink.write(data)
            case _:
                return None

    form = await arun(FormReader(CT, len(FORM)).run(), perform)
    assert (form.fields, form.files[0][1].read()) == ([("a", "value")], b"0123456789" * 9)


@pytest.mark.parametrize(
    "sizes", [[1] * 9000, [2, 4094, 1, 5000, 3, 4], [4096, 1], [1, 4095, 1], [70_000, 70_000], []], ids=str
)
def test_small_pieces_are_joined(sizes: list[int]) -> None:
    """A list of pieces has the same bytes in the end; two neighbours in it have more than 4096 bytes together, and a
    large piece is not copied.
    """
    added = [bytes([at % 256]) * size for at, size in enumerate(sizes)]
    pieces: list[bytes] = []
    for piece in added:
        add_piece(pieces, piece)
    assert b"".join(pieces) == b"".join(added)
    assert min([len(one) + len(two) for one, two in pairwise(pieces)], default=4097) > 4096
    assert [piece for piece in added if len(piece) > 4096] == [piece for piece in pieces if len(piece) > 4096]
    assert {id(piece) for piece in added if len(piece) > 4096} <= {id(piece) for piece in pieces}
