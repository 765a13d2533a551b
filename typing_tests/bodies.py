"""Types of what reads a body: the twins, and the iterators that can be closed."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import zipfile
from collections.abc import AsyncIterable, AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import aclosing
from typing import IO, Any, BinaryIO, assert_type

import httpx

from cardan import FileStorage, Request, core, middleware
from cardan.datastructures import Link
from cardan.files import BlockingFileStorage, Part
from cardan.types import AsyncStream, Flow


async def twins(request: Request, file: FileStorage, part: Part) -> None:
    """A twin for async code gives a coroutine: it can be awaited, and be made a task. A forgotten await is found."""
    assert_type(await request.load(form=False), Request)
    assert_type(await file.aread(), bytes)
    assert_type(file.read(), bytes)
    assert_type(await part.aread(), bytes)
    without_result: list[Coroutine[Any, Any, None]] = [
        request.wait_disconnected(),
        request.asend_early_hints([Link("/a", rel="preload"), "</b>; rel=preload"]),
        request.aclose(),
        file.asave("name"),
        file.aclose(),
        part.asave("name"),
    ]
    for each in without_result:
        await each
    task = asyncio.create_task(request.load())
    assert_type(await task, Request)
    form = request.load().form  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    file.asave("name")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    del form


def uploads_as_files(file: FileStorage, part: Part) -> None:
    """An uploaded file is a binary file for type checkers: libraries take it."""
    binary: BinaryIO = file
    text: IO[bytes] = file
    assert_type(zipfile.ZipFile(file).namelist(), list[str])
    assert_type(list(io.TextIOWrapper(file, "utf-8")), list[str])
    shutil.copyfileobj(file, io.BytesIO())
    shutil.copyfileobj(part, io.BytesIO())
    assert_type(json.load(file), Any)
    assert_type(file.readline(), bytes)
    assert_type(next(file), bytes)
    assert_type(file.seek(0), int)
    assert_type(file.closed, bool)
    assert_type(file.name, str | None)
    assert_type(file.mimetype_params, Mapping[str, str])
    assert_type(file.sink, Any)
    file.read("5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    file.write("text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    del binary, text


async def positions(file: FileStorage) -> None:
    """``aseek`` is awaited; what needs no waiting is plain."""
    assert_type(await file.aseek(0), int)
    assert_type(file.tell(), int)


class Framework(Request):
    file_storage_class = BlockingFileStorage


def unguarded(request: Framework) -> None:
    """The files have the class that the request says."""
    assert_type(request.files["a"], BlockingFileStorage)


async def iterators(request: Request, plain: core.Request, file: FileStorage, part: Part) -> None:
    """``aclose()`` is there, so that ``contextlib.aclosing`` takes them. So do libraries that take async iterables."""
    assert_type(request.aiter_data(), AsyncStream[bytes])
    assert_type(plain.aiter_data(), AsyncStream[bytes])
    assert_type(file.aiter_data(), AsyncStream[bytes])
    assert_type(part.aiter_data(), AsyncStream[bytes])
    async with aclosing(request.aiter_data()) as pieces:
        async for piece in pieces:
            assert_type(piece, bytes)
    async with aclosing(request.aiter_parts()) as parts:
        async for each in parts:
            assert_type(each.filename, str | None)
    await request.aiter_data().aclose()
    iterable: AsyncIterable[bytes] = request.aiter_data()
    iterator: AsyncIterator[bytes] = part.aiter_data()
    async with httpx.AsyncClient() as client:
        await client.put("http://store.example/", content=iterable)
        await client.put("http://store.example/", content=iterator)
    wrong: AsyncStream[str] = request.aiter_data()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del wrong


def sync_iterators(request: Request) -> Iterator[bytes]:
    """Those of sync code are plain iterators."""
    assert_type(request.iter_data(), Iterator[bytes])
    for part in request.iter_parts():
        assert_type(part.read(), bytes)
    return request.iter_data()


@middleware(buffer=True)
def buffered(request: Request) -> Flow:
    """``buffer`` is an option of a middleware; ``load`` is one of an application only."""
    request.get_data()
    return (yield)


middleware(load=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
