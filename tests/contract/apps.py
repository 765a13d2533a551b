"""The application of the contract tests. Real servers can import it. Each view exists as ``def`` and as ``async def``.

``/def/NAME`` and ``/async/NAME`` are the same view. Most views are written once and run after the request was loaded.
Views that stream differ between sync and async code, so they are written twice, under one name.
"""

from __future__ import annotations

import contextvars
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio

from cardan import Application, Handler, Request, Response, ServerSentEvent, abort
from cardan.exceptions import HTTPException, NotFound

VIEWS: dict[str, Handler[Request]] = {}
ENDED: list[str] = []
"""What bodies and hooks say when they end; `/def/ended` gives it and forgets it."""
CHOICE: contextvars.ContextVar[str] = contextvars.ContextVar("CHOICE", default="none")


def view(function: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Serve ``function`` unchanged under /def/, and after loading the request under /async/."""
    name = function.__name__

    async def twin(request: Request) -> Any:
        await request.load()
        return function(request)

    VIEWS[f"/def/{name}"] = function
    VIEWS[f"/async/{name}"] = twin
    return function


def sync_view(function: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Serve a ``def`` handler under /def/."""
    VIEWS[f"/def/{function.__name__}"] = function
    return function


def async_view(function: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Serve an ``async def`` handler, whose name begins with "a", under /async/."""
    VIEWS[f"/async/{function.__name__[1:]}"] = function
    return function


class Small(Request):
    """Limits that are small enough for a test."""

    max_content_length = 4000
    max_form_memory_size = 500
    max_form_memory_total = 900
    max_form_parts = 5
    max_files = 2
    max_file_size = 1500
    max_data_memory = 2000


class Contract(Application[Request]):
    """Chooses the view by the path alone."""

    def resolve(self, request: Request) -> Handler[Request]:
        """The view for this path."""
        try:
            return VIEWS[request.path]
        except KeyError:
            raise NotFound(f"no view {request.path}") from None


@view
def head(request: Request) -> Response:
    """The values of the request line and the headers."""
    return Response.from_json({
        "method": request.method,
        "path": request.path,
        "args": list(request.args.items(multi=True)),
        "cookies": list(request.cookies.items(multi=True)),
        "x": request.headers.get("X-Test"),
        "host": request.host,
        "url": request.url,
        "language": request.accept_languages.best_match(["en", "de"]),
        "length": request.content_length,
        "type": request.mimetype,
    })  # fmt: skip


def _form(request: Request, contents: list[bytes]) -> Response:
    files = [
        [name, file.filename, file.mimetype, file.size, hashlib.sha256(content).hexdigest()]
        for (name, file), content in zip(request.files.items(multi=True), contents, strict=True)
    ]
    return Response.from_json(
        {"fields": list(request.form.items(multi=True)), "files": files, "data": len(request.data)}
    )


@sync_view
def form(request: Request) -> Response:
    """The values of the form."""
    return _form(request, [file.read() for _, file in request.files.items(multi=True)])


@async_view
async def aform(request: Request) -> Response:
    """The values of the form, in async code."""
    await request.load()
    return _form(request, [await file.aread() for _, file in request.files.items(multi=True)])


@view
def data(request: Request) -> Response:
    """Answer with the body of the request, as bytes."""
    return Response(request.get_data(), mimetype="application/octet-stream")


@view
def echo_json(request: Request) -> Response:
    """Answer with the JSON value of the request."""
    return Response.from_json(request.json)


@view
def text(request: Request) -> Response:
    """Answer with the body as text, and the number of its characters in a header field."""
    return Response(request.text, headers={"X-Length": len(request.text)})


@sync_view
def stream(request: Request) -> Response:
    """Answer with the checksum of a streamed body and the sizes of its chunks."""
    sizes, digest = [], hashlib.sha256()
    for chunk in request.iter_data(1000):
        sizes.append(len(chunk))
        digest.update(chunk)
    return Response.from_json({"sizes": sizes, "sha256": digest.hexdigest()})


@async_view
async def astream(request: Request) -> Response:
    """The same in async code."""
    sizes, digest = [], hashlib.sha256()
    async for chunk in request.aiter_data(1000):
        sizes.append(len(chunk))
        digest.update(chunk)
    return Response.from_json({"sizes": sizes, "sha256": digest.hexdigest()})


@sync_view
def parts(request: Request) -> Response:
    """Answer with the parts of a form in their order. Parts named "skip" are not read."""
    seen = [
        [part.name, part.filename, None if part.name == "skip" else len(part.read())] for part in request.iter_parts()
    ]
    return Response.from_json(seen)


@async_view
async def aparts(request: Request) -> Response:
    """The same in async code."""
    seen: list[Any] = []
    async for part in request.aiter_parts():
        seen.append([part.name, part.filename, None if part.name == "skip" else len(await part.aread())])
    return Response.from_json(seen)


@sync_view
def unread(request: Request) -> Response:
    """Answer without reading the body."""
    return Response("did not look", 202)


@async_view
async def aunread(request: Request) -> Response:
    """The same in async code."""
    return Response("did not look", 202)


@view
def cookie(request: Request) -> Response:
    """Set two cookies, the status and header fields."""
    response = Response("ok", "201 Created", {"X-Two": "a"}, mimetype="text/html")
    response.headers.add("X-Two", "b")
    response.set_cookie("a", "1 2", httponly=True)
    response.set_cookie("b", "ü", max_age=60, samesite="Lax")
    return response


class OutOfStock(HTTPException):
    """An error with a member that it declares."""

    code = 409
    type = "/problems/out-of-stock"
    title = "Sold out"
    left: int


@view
def fail(request: Request) -> Response:
    """Raise the exception that the query names."""
    kind = request.args["kind"]
    if kind == "http":
        abort(409, "not now", members={"left": 3})
    if kind == "declared":
        raise OutOfStock("not now", left=3, instance="/orders/17")
    if kind == "missing":
        raise OutOfStock  # type: ignore[call-arg]
    if kind == "misspelt":
        abort(429, retry_afer=3)  # type: ignore[call-overload]
    if kind == "return":
        return NotFound("nothing there")  # type: ignore[return-value]
    if kind == "type":
        return "text"  # type: ignore[return-value]
    raise RuntimeError("a defect")


@view
def status(request: Request) -> Response:
    """Answer with the status in the query and a body, which must not be sent with some of them."""
    return Response(
        "body", int(request.args["code"]), {"ETag": '"x"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    )


@view
def chunks(request: Request) -> Response:
    """Answer with a generator as the body, and record its end and the hooks."""

    def body() -> Iterator[bytes | str]:
        try:
            for number in range(int(request.args.get("n", 3))):
                yield f"chunk {number}\n" if number % 2 else f"chunk {number}\n".encode()
        finally:
            ENDED.append("body")

    response = Response(body())
    response.call_on_close(lambda: ENDED.append("hook 1"))

    @response.call_on_close
    async def hook() -> None:
        await anyio.sleep(0)
        ENDED.append("hook 2")

    return response


@view
def achunks(request: Request) -> Response:
    """Answer with an async generator as the body."""

    async def body() -> AsyncIterator[bytes]:
        try:
            for number in range(int(request.args.get("n", 3))):
                await anyio.sleep(0)
                yield f"chunk {number}\n".encode()
        finally:
            await anyio.sleep(0)
            ENDED.append("abody")

    response = Response(body())
    response.call_on_close(lambda: ENDED.append("hook"))
    return response


@view
def events(request: Request) -> Response:
    """Server-sent events without an end."""

    async def ticks() -> AsyncIterator[ServerSentEvent]:
        number = int(request.last_event_id or 0)
        try:
            while True:
                number += 1
                yield ServerSentEvent({"n": number}, id=str(number))
                await anyio.sleep(0.01)
        finally:
            await anyio.sleep(0)
            ENDED.append("events")

    return Response.from_events(ticks(), keep_alive=15)


@view
def broken(request: Request) -> Response:
    """A body that fails before or after its first chunk."""

    def body() -> Iterator[bytes]:
        if request.args["when"] == "after":
            yield b"some"
        raise RuntimeError("the body broke")

    response = Response(body())
    response.call_on_close(lambda: ENDED.append("broken closed"))
    return response


@sync_view
def late(request: Request) -> Response:
    """The body of the response reads the body of the request."""
    return Response(chunk.upper() for chunk in request.iter_data())


@async_view
async def alate(request: Request) -> Response:
    """The same in async code."""

    async def body() -> AsyncIterator[bytes]:
        async for chunk in request.aiter_data():
            yield chunk.upper()

    return Response(body())


@view
def context(request: Request) -> Response:
    """A context variable that the handler sets has its value in the body and the hooks, and in no other request."""
    before = CHOICE.get()
    CHOICE.set("set")

    def body() -> Iterator[str]:
        yield f"{before} {CHOICE.get()}"

    response = Response(body())
    response.call_on_close(lambda: ENDED.append(f"hook {CHOICE.get()}"))
    return response


@view
def ended(request: Request) -> Response:
    """The names of the bodies and hooks that have ended since the last call."""
    seen, ENDED[:] = list(ENDED), []
    return Response.from_json(seen)


@view
def open_files(request: Request) -> Response:
    """The number of files of uploads that this process has open."""
    here = f"/proc/{os.getpid()}/fd"
    names = [os.readlink(f"{here}/{fd}") for fd in os.listdir(here) if os.path.islink(f"{here}/{fd}")]
    return Response.from_json(sum("(deleted)" in name and "/tmp" in name for name in names))


@view
def slow(request: Request) -> Response:
    """Answer after a moment."""
    time.sleep(0.05)
    return Response("slow")


@sync_view
def protocol(request: Request) -> Response:
    """The protocol of this request."""
    return Response.from_json(sorted(json.loads(json.dumps([hasattr(request, "environ"), hasattr(request, "scope")]))))


def returns_awaitable(request: Request) -> Any:
    """A ``def`` handler that returns an awaitable, as a decorator or a lambda does."""

    async def inner() -> Response:
        await request.load()
        return Response(f"awaited {len(request.data)}")

    return inner()


VIEWS["/def/awaitable"] = VIEWS["/async/awaitable"] = returns_awaitable

app = Contract()
small = Contract(request_class=Small)
loaded = Application(lambda request: Response(request.get_data()), load=True)
response_app = Response("served by itself", headers={"X-Test": "yes"})


class Teapot(HTTPException):
    """An HTTP error that the application defines."""

    code = 418
    description = "short and stout"
