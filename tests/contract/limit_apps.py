"""The applications for the tests of early refusals and of time-outs: every way to read a body, sync and async.

``/def/WAY`` and ``/async/WAY`` read the body in this way. The query sets limits: ``?max_content_length=1000``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from cardan import Application, Handler, Request, Response
from cardan.exceptions import NotFound, RequestTimeout

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["ASYNC_WAYS", "WAYS", "app", "patient"]


def _read_parts(request: Request) -> str:
    return str(sum(len(part.read()) for part in request.iter_parts()))


def _skip_parts(request: Request) -> str:
    return str(sum(1 for _ in request.iter_parts()))


WAYS: dict[str, Callable[[Request], Any]] = {
    "get_data": lambda request: request.get_data(),
    "uncached": lambda request: request.get_data(cache=False),
    "data": lambda request: request.data,
    "text": lambda request: request.text,
    "json": lambda request: str(request.json),
    "form": lambda request: str(len(request.form)),
    "files": lambda request: str(len(request.files)),
    "values": lambda request: str(len(request.values)),
    "stream": lambda request: request.stream.read(),
    "iter_data": lambda request: str(sum(map(len, request.iter_data()))),
    "iter_data_500": lambda request: str(sum(map(len, request.iter_data(500)))),
    "iter_parts": _read_parts,
    "skip_parts": _skip_parts,
}
"""The ways to a body in sync code."""


async def _aiter_data(request: Request) -> str:
    return str(sum([len(piece) async for piece in request.aiter_data()]))


async def _aiter_data_500(request: Request) -> str:
    return str(sum([len(piece) async for piece in request.aiter_data(500)]))


async def _aread_parts(request: Request) -> str:
    return str(sum([len(await part.aread()) async for part in request.aiter_parts()]))


async def _askip_parts(request: Request) -> str:
    return str(sum([1 async for _ in request.aiter_parts()]))


async def _aiter_part_data(request: Request) -> str:
    return str(sum([len(data) async for part in request.aiter_parts() async for data in part.aiter_data(3)]))


async def _load(request: Request) -> str:
    await request.load()
    return str(len(request.data))


async def _load_raw(request: Request) -> str:
    return str(len((await request.load(form=False)).data))


async def _load_form(request: Request) -> str:
    return str(len((await request.load()).form))


ASYNC_WAYS: dict[str, Callable[[Request], Awaitable[Any]]] = {
    "data": _load,
    "get_data": _load_raw,
    "form": _load_form,
    "files": _load_form,
    "iter_data": _aiter_data,
    "iter_data_500": _aiter_data_500,
    "iter_parts": _aread_parts,
    "skip_parts": _askip_parts,
    "part_data": _aiter_part_data,
}
"""The ways to a body in async code."""


class Limited(Application[Request]):
    """Chooses a handler by kind and way. The limits are in the query."""

    def resolve(self, request: Request) -> Handler[Request]:
        """A handler that sets the limits and then reads."""
        _, kind, name = request.path.split("/", 2)
        if name not in (WAYS if kind == "def" else ASYNC_WAYS):
            raise NotFound

        def view(request: Request) -> Response:
            limit(request)
            return Response(WAYS[name](request))

        async def aview(request: Request) -> Response:
            limit(request)
            return Response(await ASYNC_WAYS[name](request))

        return view if kind == "def" else aview


def limit(request: Request) -> None:
    """Set the limits in the query on the request."""
    for name, value in request.args.items():
        setattr(request, name, int(value))


app = Limited()


class Patient(Application[Request]):
    """Reads in the way that the path names, for at most the seconds in the query. After that it answers 408."""

    def resolve(self, request: Request) -> Handler[Request]:
        """A handler with a time-out."""
        way = ASYNC_WAYS[request.path[1:]]

        async def view(request: Request) -> Response:
            try:
                with anyio.fail_after(float(request.args["seconds"])):
                    return Response(await way(request))
            except TimeoutError:
                raise RequestTimeout from None

        return view


patient = Patient()
