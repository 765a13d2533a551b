"""What the request's contract tests serve. Each handler exists as ``def`` and as ``async def`` (``a...``)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from cardan import Request, Response
from cardan.exceptions import HTTPException

__all__ = ["READERS", "aask", "aread_twice", "ask", "read_twice"]


def _pairs(multi: Any) -> list[list[Any]]:
    return [[name, value if isinstance(value, str) else "file"] for name, value in multi.items(multi=True)]


READERS: dict[str, Callable[[Request], Any]] = {
    "data": lambda request: request.data.decode("latin-1"),
    "get_data": lambda request: request.get_data().decode("latin-1"),
    "get_data(cache=False)": lambda request: request.get_data(cache=False).decode("latin-1"),
    "text": lambda request: request.text,
    "json": lambda request: request.json,
    "form": lambda request: _pairs(request.form),
    "files": lambda request: _pairs(request.files),
    "values": lambda request: _pairs(request.values),
    "stream": lambda request: request.stream.read().decode("latin-1"),
    "iter_data": lambda request: b"".join(request.iter_data(3)).decode("latin-1"),
    "iter_parts": lambda request: [[part.name, part.filename] for part in request.iter_parts()],
}
"""The ways to read a body by name. Each gives what was read in a form that JSON has."""


async def _aiter_data(request: Request) -> str:
    return b"".join([piece async for piece in request.aiter_data(3)]).decode("latin-1")


async def _aiter_parts(request: Request) -> list[Any]:
    return [[part.name, part.filename] async for part in request.aiter_parts()]


AREADERS: dict[str, Callable[[Request], Awaitable[Any]]] = {"iter_data": _aiter_data, "iter_parts": _aiter_parts}


def ask(request: Request, name: str) -> list[Any]:
    """What this way to read the body gives, or the name of the exception that it raises."""
    try:
        return ["ok", READERS[name](request)]
    except (HTTPException, RuntimeError) as error:
        return ["raise", type(error).__name__]


async def aask(request: Request, name: str) -> list[Any]:
    """The same in async code: the iterators have async twins there."""
    if name not in AREADERS:
        return ask(request, name)
    try:
        return ["ok", await AREADERS[name](request)]
    except (HTTPException, RuntimeError) as error:
        return ["raise", type(error).__name__]


@Request.application
def read_twice(request: Request) -> Response:
    """Read the body by ``first``, then by ``then``, on this request and on another object over the same one."""
    first, then = request.args["first"], request.args["then"]
    if first != "nothing yet":
        ask(request, first)
    other = type(request)(request.environ if hasattr(request, "environ") else request.scope, request._asgi_receive)
    return Response.from_json([ask(request, then), ask(other, then)])


@Request.application
async def aread_twice(request: Request) -> Response:
    """The same in async code, which loads the body before it uses a property."""
    first, then = request.args["first"], request.args["then"]
    if first in ("load", "form", "files", "values", "data"):
        await request.load()
    elif first in ("get_data", "text", "json", "load(form=False)"):
        await request.load(form=False)
    if first not in ("nothing yet", "load", "load(form=False)"):
        await aask(request, first)
    other = type(request)(request.environ if hasattr(request, "environ") else request.scope, request._asgi_receive)
    return Response.from_json([await aask(request, then), await aask(other, then)])


def digest(data: bytes) -> str:
    """A short name for long bytes."""
    return hashlib.sha256(data).hexdigest()
