"""Types of what programs use every day, and no other file of this folder looks at."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, MutableMapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, assert_type

import anyio
import anyio.from_thread
import anyio.to_thread
import httpx
import trio

from cardan import (
    FileStorage,
    Part,
    Request,
    Response,
    ServerSentEvent,
    StaticFiles,
    core,
    redirect,
    safe_join,
    send_file,
)
from cardan.core import Chunk, End, Head, HeadLike, RequestHead, ResponseFinalizer
from cardan.core.forms import MultipartDecoder, PartDecoder, PartEncoder, PartEnd, PartStart, parse_boundary
from cardan.datastructures import Challenge, HeaderSet, HeadersView, ImmutableMultiDict, Link
from cardan.files import guess_type, send_from_directory, wrap_file
from cardan.testing import AsyncClient, Client, RequestBuilder, lint
from cardan.types import AsyncStream


class Page(Response):
    """A response class of a program."""


def bodies(request: Request) -> None:
    """Each way to read a body has one type."""
    assert_type(request.data, bytes)
    assert_type(request.text, str)
    assert_type(request.json, Any)
    assert_type(request.form, ImmutableMultiDict[str, str])
    assert_type(request.form["a"], str)
    assert_type(request.form.get("a"), str | None)
    assert_type(request.form.getlist("a", type=int), list[int])
    assert_type(request.args.get("page", 1, type=int), int)
    for piece in request.iter_data(8):
        assert_type(piece, bytes)
    for part in request.iter_parts():
        assert_type(part, Part)
        assert_type(part.filename, str | None)
        assert_type(part.read(), bytes)
    assert_type(request.stream.read(), bytes)
    assert_type(request.content_length, int | None)
    assert_type(request.remote_addr, str | None)
    assert_type(request.disconnected, bool)


async def async_bodies(request: Request, file: FileStorage) -> None:
    """The twins give the same types, awaited."""
    assert_type(await request.load(), Request)
    assert_type(await request.load(form=False), Request)
    assert_type(request.aiter_parts(), AsyncStream[Part])
    async for piece in request.aiter_data():
        assert_type(piece, bytes)
    async for part in request.aiter_parts():
        assert_type(await part.aread(), bytes)
        await part.asave(Path("x"))
    assert_type(await file.aread(), bytes)
    assert_type(await file.aread(3), bytes)
    async with request.cancel_on_disconnect():
        await request.wait_disconnected()


def files(file: FileStorage, path: Path) -> None:
    """A file is stored under a path, or written to an open file."""
    assert_type(file.filename, str | None)
    assert_type(file.safe_filename, str)
    assert_type(file.size, int)
    file.save(path / file.safe_filename)
    file.save(io.BytesIO())
    assert_type(safe_join("a", "b"), str | None)
    assert_type(guess_type("a.txt"), str)
    assert_type(send_file(path, None, response_class=Page), Page)
    assert_type(send_from_directory(path, "a", None), Response)
    wrap_file({}, io.BytesIO())
    StaticFiles(path, index=None, precompressed=["gzip"], max_age=60)


def responses(response: Response) -> None:
    """Every class method gives an object of its own class."""
    assert_type(Response.from_json({"a": 1}, 201), Response)
    assert_type(Page.from_json([1], status=201, headers={"A": "b"}), Page)
    assert_type(Page.from_events(events()), Page)
    assert_type(Page.from_events(sync_events(), keep_alive=None), Page)
    assert_type(Page.from_ndjson([{"a": 1}]), Page)
    assert_type(redirect("/", 303), Response)
    assert_type(redirect("/", response_class=Page), Page)
    assert_type(response.status_code, int)
    assert_type(response.status, str)
    assert_type(response.headers.get("A"), str | None)
    assert_type(response.get_data(), bytes)

    @response.call_on_close
    def hook() -> None:
        """A hook stays what it is."""

    hook()


async def events() -> AsyncIterator[ServerSentEvent | str]:
    """Events, and text that becomes the data of one."""
    yield ServerSentEvent({"n": 1}, id="1", event="tick", retry=3)
    yield "text"


def sync_events() -> Iterator[ServerSentEvent]:
    """The same from sync code."""
    yield ServerSentEvent("tick")


async def on_core_alone(response: core.Response) -> None:
    """A server or a framework on the core."""
    head = RequestHead.from_target(b"GET", b"/a?b", [(b"host", b"a.example")], http_version="1.1")
    assert_type(head, RequestHead)
    like: HeadLike = head
    request = core.Request(like, b"body")
    assert_type(request.head, HeadLike)
    assert_type(await request.load(), core.Request)
    assert_type(request.path, str)
    for event in response.iter_events("GET"):
        if isinstance(event, Head):
            assert_type(event.status, int)
        elif isinstance(event, Chunk):
            assert_type(event.data, bytes)
        else:
            assert_type(event, End)
    async for event in response.aiter_events("GET"):
        assert_type(event, Head | Chunk | End)
    async with aclosing(response.aiter_events("GET", run_sync=trio.to_thread.run_sync, library=trio)) as sent:
        assert_type(sent, AsyncGenerator[Head | Chunk | End, None])
    response.aiter_events("GET", run_sync=anyio.to_thread.run_sync, library=anyio)
    finalizer = ResponseFinalizer("GET", 200, [("A", "b")])
    assert_type(finalizer.feed(b"x"), list[Head | Chunk | End])
    MultipartDecoder("boundary").feed(b"x")
    assert_type(PartDecoder("boundary").feed(b"x"), list[PartStart | bytes | PartEnd])
    assert_type(PartEncoder("multipart/related").feed([PartStart({"A": "1"}), b"x", PartEnd()]), list[bytes])
    assert_type(PartEncoder(boundary="B").content_type, str)
    assert_type(parse_boundary("multipart/mixed; boundary=B"), str | None)


def tests(client: Client, app: Any) -> None:
    """The clients are those of httpx."""
    assert_type(client.get("/"), httpx.Response)
    with client.stream("GET", "/") as response:
        assert_type(response, httpx.Response)
    with client as entered:
        assert_type(entered, Client)
    base: httpx.Client = client
    other: httpx.AsyncClient = AsyncClient(app, "asgi")
    del base, other
    builder = RequestBuilder("/", method="POST", form={"a": "1"})
    assert_type(builder.environ(), dict[str, Any])
    assert_type(builder.scope(), dict[str, Any])
    assert_type(builder.head(), RequestHead)
    Client(lint.wsgi(app))
    Client(lint.asgi(app), backend="trio")


def fields_with_lists(response: Response) -> None:
    """A live field is set with its own class, with what makes one, with text, or with None."""
    response.vary = ["Accept", "Cookie"]
    response.vary = response.allow
    response.vary = "Accept"
    response.vary = None
    response.cache_control = {"max-age": "5"}
    response.www_authenticate = Challenge("basic", {"realm": "staff"})
    response.www_authenticate = [Challenge("a"), Challenge("b")]
    response.link = [Link("/a", rel="next")]
    assert_type(response.vary, HeaderSet)


def heads(view: HeadersView) -> None:
    """A head takes header fields in every form that servers have them in."""
    assert_type(RequestHead(headers=view).headers, HeadersView)
    RequestHead(headers={"Host": "a.example"})
    RequestHead(headers=[("Host", "a.example")])
    RequestHead(headers=[(b"Host", bytearray(b"a.example"))])
    head = RequestHead.from_target("GET", "/dev/a", {"Host": "a.example"}, root_path="/dev", client=("10.0.0.1", 4711))
    request = core.Request(head, b"", make_event=anyio.Event, state={"user": "ann"})
    assert_type(request.state, MutableMapping[str, Any])
    assert_type(request.disconnected, bool)


async def sync_code(request: core.Request) -> None:
    """The result of sync code in a thread has the type of the function's."""
    length = await core.call_in_thread(
        lambda request: len(request.get_data()),
        request,
        run_sync=anyio.to_thread.run_sync,
        wait=anyio.from_thread.run,
    )
    assert_type(length, int)
    assert_type(core.Informational(103, [("Link", "</a.css>; rel=preload")]).headers, list[tuple[str, str]])
