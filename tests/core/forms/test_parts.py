"""PartReader and Part: a body part by part, in sync and async code alike, nothing stored."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from cardan.core._exceptions import (
    BodyConsumed,
    ClientDisconnected,
    MultipartError,
    RequestEntityTooLarge,
    WrongMode,
)
from cardan.core._limits import Limits
from cardan.core.drive import Read, arun, run
from cardan.core.forms import PartReader
from tests.core.forms.strange_forms import CT, form, part
from tests.core.machines import cuts, pieces_of

FILE = 'form-data; name="f"; filename="../x.txt"'
BODY = form(
    part(),
    part(FILE, b"0123456789" * 3, "Content-Type: Text/Plain; charset=utf-8"),
    part('form-data; name="b"', b"2"),
    part(FILE, b""),
)
ALL = [("a", None, b"1"), ("f", "../x.txt", b"0123456789" * 3), ("b", None, b"2"), ("f", "../x.txt", b"")]


def answers(chunks: list[bytes]) -> Callable[[Any], bytes]:
    """Performs reads from ``chunks``; anything else must not be asked for."""
    left = iter(chunks)

    def perform(step: Any) -> bytes:
        assert type(step) is Read
        assert step.whole is False
        return next(left, b"")

    return perform


def sync_parts(chunks: list[bytes], **options: Any) -> Any:
    """The parts of ``chunks``, by calling."""
    perform = answers(chunks)
    return PartReader(CT, options.pop("length", None), **options).iter(lambda steps: run(steps, perform))


def async_parts(chunks: list[bytes], run_sync: Any = None, **options: Any) -> Any:
    """The parts of ``chunks``, by awaiting."""
    perform = answers(chunks)

    async def aperform(step: Any) -> bytes:
        return perform(step)

    return PartReader(CT, None, **options).aiter(lambda steps: arun(steps, aperform), run_sync)


def read_all(parts: Any) -> list[Any]:
    """Name, filename and data of all parts."""
    return [(p.name, p.filename, p.read()) for p in parts]


def await_(coroutine: Any) -> Any:
    """Run a coroutine that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waited")


def test_every_part_at_every_cut() -> None:
    """Names, filenames and data do not depend on where the body is cut."""
    for chunks in [[BODY], *cuts(BODY)]:
        assert read_all(sync_parts([c for c in chunks if c])) == ALL


def test_the_async_twin() -> None:
    """Parts that are read in async code have the same names, filenames and data as in sync code."""

    async def collect() -> list[Any]:
        return [(p.name, p.filename, await p.aread()) async for p in async_parts(pieces_of(BODY, 7))]

    assert await_(collect()) == ALL


def test_attributes() -> None:
    """A part has what its head says: Content-Type, media type with its parameters, filename and header fields."""
    parts = [(p, p.mimetype, p.safe_filename, p.content_type) for p in sync_parts([BODY])]
    field, mimetype, _, content_type = parts[0]
    assert (mimetype, content_type, repr(field)) == ("", None, "<Part 'a' filename=None>")
    file, mimetype, safe, content_type = parts[1]
    assert (mimetype, safe, content_type) == ("text/plain", "x.txt", "Text/Plain; charset=utf-8")
    assert (dict(field.mimetype_params), dict(file.mimetype_params)) == ({}, {"charset": "utf-8"})
    assert file.headers["content-disposition"] == FILE


def test_what_is_not_read_is_skipped() -> None:
    """Parts may be left unread or half read."""
    names = []
    for p in sync_parts(pieces_of(BODY, 5)):
        names.append(p.name)
        if p.filename:
            next(p.iter_data(3), None)
    assert names == ["a", "f", "b", "f"]


@pytest.mark.parametrize("size", [1, 4, 29, 30, 31, None])
def test_iter_data_sizes(size: int | None) -> None:
    """With a size, every piece but the last has that size. Without one, no piece is empty."""
    for chunks in cuts(BODY, splits=100):
        for p in sync_parts([c for c in chunks if c]):
            pieces = list(p.iter_data(size))
            assert all(pieces)
            if size is not None:
                assert all(len(piece) == size for piece in pieces[:-1])
                assert all(len(piece) <= size for piece in pieces)
            assert p.read() == b""


@pytest.mark.parametrize("size", [1, 4, 29, 30, 31, 1000])
def test_a_number_of_bytes(size: int) -> None:
    """``read(size)`` gives that many bytes, fewer at the end. So what copies a file in pieces copies a part, too."""
    copies = []
    for p in sync_parts(pieces_of(BODY, 7)):
        assert p.read(0) == b""
        shutil.copyfileobj(p, target := io.BytesIO(), size)
        assert p.read(size) == p.read() == b""
        copies.append((p.name, p.filename, target.getvalue()))
    assert copies == ALL

    async def collect() -> list[Any]:
        return [[await p.aread(2), await p.aread()] async for p in async_parts(pieces_of(BODY, 7))]

    assert await_(collect()) == [[data[:2], data[2:]] for _, _, data in ALL]


@pytest.mark.parametrize("size", [1, 2, 5, 10])
def test_no_more_is_read_than_was_asked_for(size: int) -> None:
    """As soon as so many bytes of a part have come they are given: a client that sends slowly is not waited for."""
    body = form(part(FILE, b"0123456789"))
    head, data = body.partition(b"0123456789")[0], [b"01234", b"56789"]
    chunks = iter([head, *data, body[len(head) + 10 :]])
    taken: list[bytes] = []

    def perform(step: Any) -> bytes:
        taken.append(next(chunks, b""))
        return taken[-1]

    for p in PartReader(CT, None).iter(lambda steps: run(steps, perform)):
        for number, piece in enumerate(p.iter_data(size), 1):
            assert piece == b"0123456789"[(number - 1) * size : number * size]
            if number * size <= 10:
                assert len(taken) == 1 + -(-number * size // 5)


def test_data_after_data() -> None:
    """``iter_data`` and ``read`` go on where the call before them stopped."""
    found = next(p for p in sync_parts(pieces_of(BODY, 9)) if p.filename == "../x.txt")
    assert next(found.iter_data(4)) == b"0123"
    assert found.read() == (b"0123456789" * 3)[4:]


def test_file_data_pass_uncopied() -> None:
    """A piece of a file is the very object that was read."""
    head, data, tail = part(FILE, b"x")[:-2], b"y" * 1000, b"\r\n--BOUND--"
    (file,) = list(_first(sync_parts([head, data, tail])))
    assert any(piece is data for piece in file)


def _first(parts: Any) -> Any:
    for p in parts:
        yield list(p.iter_data())


def test_a_part_that_was_passed_is_gone() -> None:
    """Reading a part raises BodyConsumed after the next part was asked for, because its data were skipped."""
    parts = sync_parts([BODY])
    first = next(parts)
    next(parts)
    with pytest.raises(BodyConsumed, match="got a read of part 'a'"):
        first.read()
    last = list(parts)[-1]
    with pytest.raises(BodyConsumed):
        last.read()


def test_the_wrong_twin_raises() -> None:
    """Blocking names in async code, awaiting ones in sync code: WrongMode, when called."""
    p = next(sync_parts([BODY]))
    for call in (p.aread, lambda: p.asave(io.BytesIO()), p.aiter_data):
        with pytest.raises(WrongMode, match="in sync code, expected"):
            call()
    p = await_(async_parts([BODY]).__anext__())
    for call in (p.read, p.iter_data, lambda: p.save(io.BytesIO())):
        with pytest.raises(WrongMode, match="in async code, expected"):
            call()


def test_fields_are_bounded_by_the_form_and_files_by_memory() -> None:
    """A field is limited by max_form_memory_size, a file read whole by max_data_memory. N + 1 bytes are a 413."""
    with pytest.raises(RequestEntityTooLarge) as caught:
        list(sync_parts([form(part(data=b"xxx"))], limits=Limits(max_form_memory_size=2)))
    assert caught.value.limit == "max_form_memory_size"
    assert read_all(sync_parts([BODY], limits=Limits(max_data_memory=30))) == ALL
    with pytest.raises(RequestEntityTooLarge) as caught:
        read_all(sync_parts([BODY], limits=Limits(max_data_memory=29)))
    assert caught.value.limit == "max_data_memory"
    field = form(part(data=b"x" * 99))
    assert read_all(sync_parts([field], limits=Limits(max_data_memory=2))) == [("a", None, b"x" * 99)]


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        (BODY, Limits(max_content_length=len(BODY) - 20)),
        (BODY, Limits(max_form_parts=3)),
        (BODY.replace(b'name="b"', b"nothing"), Limits()),
    ],
    ids=["the body is too large", "too many parts", "a part without a name"],
)
def test_the_parts_before_an_error_are_given(body: bytes, limits: Limits) -> None:
    """The error is raised after the parts before it were given, however the body is cut."""

    def read_on(chunks: list[bytes], given: list[Any]) -> None:
        for p in sync_parts(chunks, limits=limits):
            given.append((p.name, p.filename, p.read()))

    found: list[list[Any]] = [[], [], []]
    for size, given in zip((1, 7, len(body)), found):
        with pytest.raises((RequestEntityTooLarge, MultipartError)):
            read_on(pieces_of(body, size), given)
    assert found[0] == found[1] == found[2]
    assert found[0][:2] == ALL[:2]


def test_saving() -> None:
    """To an object with write; in async code plain and async ones, plain ones in memory at once, others by run_sync."""
    target = io.BytesIO()
    for p in sync_parts(pieces_of(BODY, 3)):
        p.save(target)
    assert target.getvalue() == b"1" + b"0123456789" * 3 + b"2"
    hops: list[str] = []

    async def run_sync(function: Any, *args: Any) -> Any:
        hops.append(function.__name__)
        return function(*args)

    class File(io.BytesIO):
        """A target that may block, for all that is known."""

    class Async(io.BytesIO):
        async def write(self, data: bytes) -> int:  # type: ignore[override]
            return super().write(data)

    async def save(target: Any, run_sync: Any) -> bytes:
        async for p in async_parts(pieces_of(BODY, 3), run_sync):
            await p.asave(target)
        value: bytes = target.getvalue()
        return value

    assert await_(save(io.BytesIO(), None)) == target.getvalue()
    assert hops == []
    assert await_(save(File(), run_sync)) == target.getvalue()
    assert hops == ["write"] * 3
    with pytest.raises(RuntimeError, match="expected a request made with run_sync="):
        await_(save(File(), None))
    assert await_(save(Async(), run_sync)) == target.getvalue()


def test_truncation_and_errors() -> None:
    """A body that ends early: ClientDisconnected or 400, and never a part that seems complete."""
    for at in range(1, len(BODY) - 4):
        with pytest.raises(MultipartError):
            read_all(sync_parts([BODY[:at]]))
        with pytest.raises(ClientDisconnected):
            read_all(sync_parts([BODY[:at]], length=len(BODY)))


def test_other_content_types() -> None:
    """Only multipart/form-data has parts."""
    for kind in ("text/plain", None, "application/x-www-form-urlencoded", "multipart/form-data"):
        with pytest.raises(MultipartError):
            PartReader(kind, None)


def test_bad_chunk_size() -> None:
    """A size below 1 is the program's fault."""
    with pytest.raises(ValueError, match="expected at least 1 byte"):
        list(next(sync_parts([BODY])).iter_data(0))


def test_an_empty_body_that_was_not_announced_has_no_parts() -> None:
    """A body whose declared length is 0 has no parts."""
    assert list(sync_parts([], length=0)) == []
