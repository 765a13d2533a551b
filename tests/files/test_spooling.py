"""Uploads: small files stay in memory, others are written to disk, and nothing is left behind."""

from __future__ import annotations

import io
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from cardan.core._exceptions import MultipartError
from cardan.core._limits import Limits
from cardan.core.drive import Close, Open, Read, Write, run
from cardan.core.forms import Field, FormReader
from cardan.core.forms._files import is_on_disk
from cardan.files._spooling import BATCH, FileStorage, MemoryBudget, Part, Spooler, SpoolSink
from cardan.files._temporary import MemoryFile, write_all
from tests.core.forms.strange_forms import CT, form, part
from tests.core.forms.test_parts import PartReader, answers, arun, await_

FILE = 'form-data; name="f"; filename="x.txt"'


def spooled(body: bytes, limits: Limits, chunk: int = 65_536) -> list[FileStorage]:
    """The files of a form."""
    spooler = Spooler(limits)
    left = iter([body[start : start + chunk] for start in range(0, len(body), chunk)])

    def perform(step: Any) -> Any:
        if type(step) is Read:
            return next(left, b"")
        if type(step) is Open:
            return spooler.open()
        if type(step) is Write:
            return step.sink.write(step.data)
        assert type(step) is Close
        return step.sink.abort() if step.error else step.sink.finish()

    reader = FormReader(CT, len(body), limits=limits, storage=FileStorage.from_part)
    return [file for _, file in run(reader.run(), perform).files]


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 5000, 3 * BATCH + 7])
@pytest.mark.parametrize("chunk", [1000, 65_536, 2 * BATCH])
def test_a_file_reads_the_same_wherever_it_is(size: int, chunk: int) -> None:
    """A file of ``max_file_memory`` bytes stays in memory, a larger one goes to disk. Both are read in the same way."""
    data = os.urandom(size)
    (file,) = spooled(form(part(FILE, data)), Limits(max_file_memory=100), chunk)
    assert is_on_disk(file) == (size > 100)
    assert (file.size, file.read(), file.stream.seek(0), file.stream.read(7)) == (size, data, 0, data[:7])
    file.stream.seek(0)
    assert b"".join(file.stream) == data
    file.close()
    file.close()
    assert file.stream.closed


def test_all_files_of_a_form_share_the_memory() -> None:
    """If the files exceed max_spool_memory, the next one goes to disk, and its part of the memory is free again."""
    body = form(*[part(FILE, b"x" * 40)] * 5)
    files = spooled(body, Limits(max_file_memory=50, max_spool_memory=100))
    assert list(map(is_on_disk, files)) == [False, False, True, True, True]
    assert [file.read() for file in files] == [b"x" * 40] * 5
    for file in files:
        file.close()


@pytest.mark.parametrize("sizes", [[99], [100], [101], [0, 40, 100], [100, 100, 50], [100, 100, 51]])
def test_files_that_came_whole(sizes: list[int]) -> None:
    """``hold()`` keeps files that came whole in memory if each has at most ``max_file_memory`` and all at most
    ``max_spool_memory`` bytes. Otherwise it keeps none, and counts none.
    """
    limits = Limits(max_file_memory=100, max_spool_memory=250)
    fits = max(sizes) <= 100 and sum(sizes) <= 250
    spooler = Spooler(limits)
    files = [bytes(size) for size in sizes]
    sinks = spooler.hold(files)
    assert (sinks is not None) == fits
    assert spooler._budget.used == (sum(sizes) if fits else 0)
    for sink, data in zip(sinks or [], files):
        assert (sink.on_disk, sink.size, sink.stream.read()) == (False, len(data), data)
        sink.close()
        assert sink.stream.closed


def test_no_limit() -> None:
    """With None, the size of a file alone never sends it to disk."""
    (file,) = spooled(form(part(FILE, b"x" * 1000)), Limits(max_file_memory=None, max_spool_memory=None))
    assert not is_on_disk(file)
    sink = SpoolSink(Limits(max_file_memory=None))
    assert sink.write(b"x") == 1
    sink.close()


def test_would_block_tells_when_the_disk_is_touched() -> None:
    """``would_block()`` is False in memory, True when the file moves to disk, for each MiB on disk, and at the end."""
    sink = SpoolSink(Limits(max_file_memory=100))
    assert (sink.would_block(100), sink.would_block(101), sink.would_block(0)) == (False, True, False)
    sink.write(b"x" * 101)
    assert (sink.would_block(1000), sink.would_block(BATCH - 101), sink.would_block(0)) == (False, True, True)
    sink.write(b"y" * (BATCH - 102))
    assert sink.would_block(1)
    sink.write(b"z")
    assert not sink.would_block(1)
    sink.finish()
    assert sink.stream.read() == b"x" * 101 + b"y" * (BATCH - 102) + b"z"
    sink.close()


def test_a_file_on_disk_is_whole_before_its_end() -> None:
    """The file of a sink on disk has all bytes that were written, also those that were collected, before
    ``finish()``.
    """
    sink = SpoolSink(Limits(max_file_memory=3))
    for data in (b"ab", b"cde", b"f"):
        sink.write(data)
    assert sink.on_disk
    assert sink.stream.read() == b"abcdef"
    sink.close()


def test_a_file_in_memory_is_there_once() -> None:
    """The pieces that a sink has collected are given up when its file is made of them. A file in memory takes its size,
    and not twice as much.
    """
    sink = SpoolSink(Limits(max_file_memory=None))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(20):
            sink.write(bytes([number]) * 100_000)
        stream = sink.stream
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 2_000_000 <= taken < 2_500_000
    assert len(stream.read()) == 2_000_000
    sink.close()


def test_a_file_that_moves_to_disk_says_so() -> None:
    """A file in memory whose descriptor was asked for is on disk afterwards, so that async code reads it in a
    thread.
    """
    sink = SpoolSink(Limits())
    sink.write(b"abc")
    assert not sink.on_disk
    sink.stream.fileno()
    assert sink.on_disk
    assert sink.stream.read() == b"abc"
    sink.close()


def test_a_sink_on_disk_holds_little() -> None:
    """However much is written, at most about 1 MiB is in memory, and there are few system calls."""
    sink = SpoolSink(Limits(max_file_memory=0))
    held = 0
    for _ in range(100):
        sink.write(b"x" * 65_536)
        held = max(held, sum(map(len, sink._chunks)))
    assert held <= BATCH
    sink.close()


def test_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The temporary files have no name, and no descriptor stays open."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    files = spooled(form(*[part(FILE, b"x" * 40)] * 5), Limits(max_file_memory=1))
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == before + 5
    for file in files:
        file.close()
    with pytest.raises(MultipartError):
        spooled(form(*[part(FILE, b"x" * 40)] * 5)[:-4] + b"--BOUND!", Limits(max_file_memory=1))
    assert len(os.listdir("/proc/self/fd")) == before


def test_without_o_tmpfile(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system has no unnamed files, tempfile makes one."""
    monkeypatch.setattr("cardan.files._temporary._O_TMPFILE", 0)
    (file,) = spooled(form(part(FILE, b"x" * 200)), Limits(max_file_memory=100))
    assert file.read() == b"x" * 200
    file.close()


def test_a_file_system_without_o_tmpfile(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file system refuses unnamed files, tempfile makes one."""
    real = os.open

    def refuse(path: Any, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "not supported")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    (file,) = spooled(form(part(FILE, b"x" * 200)), Limits(max_file_memory=100))
    assert file.read() == b"x" * 200
    file.close()


class ShortWriter(io.FileIO):
    """A file that accepts 10 bytes at a time."""

    def write(self, data: Any) -> int:
        return super().write(bytes(data[:10])) or 0


def test_short_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a write accepts fewer bytes, the rest is written as well, and nothing is lost."""
    real = os.writev
    monkeypatch.setattr(os, "writev", lambda fd, buffers: real(fd, [b"".join(buffers)[:7]]))
    chunks = [os.urandom(9) for _ in range(3000)]
    with ShortWriter(str(tmp_path / "f"), "w") as file:
        write_all(file, list(chunks))
    assert (tmp_path / "f").read_bytes() == b"".join(chunks)


def test_saving_to_paths(tmp_path: Path) -> None:
    """FileStorage and Part can be saved to a path or to a file object."""
    (file,) = spooled(form(part(FILE, b"x" * 200)), Limits(max_file_memory=100))
    file.save(tmp_path / file.safe_filename)
    file.stream.seek(0)
    file.save(target := io.BytesIO())
    assert (tmp_path / "x.txt").read_bytes() == target.getvalue() == b"x" * 200
    file.close()
    perform = answers([form(part(FILE, b"data"), part(FILE, b"more"), part(FILE, b"last"))])
    targets = iter([tmp_path / "a", tmp_path / "b", memory := io.BytesIO()])
    for one in PartReader(CT, None, part_class=Part).iter(lambda steps: run(steps, perform)):
        one.save(next(targets))
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"data", b"more")
    assert memory.getvalue() == b"last"


def test_saving_to_paths_in_async_code(tmp_path: Path) -> None:
    """The disk is accessed only through run_sync. The ``write`` of an object may be async."""
    hops = 0

    async def run_sync(function: Any, *args: Any) -> Any:
        nonlocal hops
        hops += 1
        return function(*args)

    perform = answers([form(part(FILE, b"data"), part(FILE, b"more"), part(FILE, b"last"))])
    written: list[bytes] = []

    class Target:
        async def write(self, data: bytes) -> None:
            written.append(bytes(data))

    async def aperform(step: Any) -> bytes:
        return perform(step)

    targets: Any = iter([tmp_path / "p", tmp_path / "p", Target()])

    async def use() -> None:
        async for one in PartReader(CT, None, part_class=Part).aiter(lambda steps: arun(steps, aperform), run_sync):
            await one.asave(next(targets))
        file = spooled(form(part(FILE, b"data")), Limits())[0]
        await file.asave(tmp_path / "f", run_sync=run_sync)

    await_(use())
    assert ((tmp_path / "p").read_bytes(), (tmp_path / "f").read_bytes()) == (b"more", b"data")
    assert b"".join(written) == b"last"
    assert hops == 5


def test_field_is_no_file() -> None:
    """A text field never opens a sink."""
    assert spooled(form(part()), Limits()) == []
    assert Field("a", "1", b"1") == Field("a", "1", b"1")


def test_a_file_on_disk_is_closed_although_its_stream_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The descriptor of an upload is closed, also if the stream over it cannot be."""
    sink = SpoolSink(Limits(max_file_memory=1))
    sink.write(b"data")
    sink.stream.read(1)
    file, stream = sink._file, sink.stream
    assert file is not None

    class Failing:
        def close(self) -> None:
            stream.detach()
            raise OSError("the disk fails")

    monkeypatch.setattr(sink, "_stream", Failing())
    with pytest.raises(OSError, match="the disk fails"):
        sink.close()
    assert file.closed


def test_a_file_that_was_moved_to_disk_is_closed_although_the_disk_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """``close()`` releases the file on disk and the data in memory, also if closing the file on disk raises."""
    file = MemoryFile(b"data")
    disk_number = file.fileno()
    moved: Any = file
    real = moved._disk

    class Failing:
        def close(self) -> None:
            real.close()
            raise OSError("the disk fails")

    moved._disk = Failing()
    with pytest.raises(OSError, match="the disk fails"):
        file.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(disk_number)
    with pytest.raises(ValueError, match="closed"):
        io.BytesIO.getvalue(file)


def test_what_a_file_on_disk_gives_back() -> None:
    """A file that goes to disk gives back exactly the memory that it had taken."""
    budget = MemoryBudget(Limits(max_spool_memory=100))
    sink = SpoolSink(Limits(max_file_memory=10), budget)
    other = SpoolSink(Limits(max_file_memory=10), budget)
    sink.write(b"x" * 10)
    other.write(b"y" * 3)
    assert budget.used == 13
    sink.write(b"x")
    assert (sink.on_disk, budget.used) == (True, 3)
    sink.close()
    other.close()
