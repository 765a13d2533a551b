"""What runs where: each row of the table of the guide ``docs/guides/sync-async.md``, tried on both protocols."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from cardan import Application, Request, Response
from cardan.testing import PROTOCOLS, Client
from tests.guide_tables import rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from cardan.types import ProtocolName

TABLE = {row[0]: row[1:] for row in rows("sync-async.md", "What runs where", "docs/guides")}
#: the rows that a request of an application with each kind of handler shows; the other rows are shown by both kinds
OF_KIND = {
    "def": {
        "handler": "a `def` handler",
        "middleware": "a `def` middleware around a `def` handler",
        "on_error": "`on_error`, `on_exception`, for a `def` handler",
    },
    "async def": {
        "handler": "an `async def` handler",
        "middleware": "a `def` middleware around an `async def` handler",
        "on_error": "`on_error`, `on_exception`, for an `async def` handler",
    },
}


class Site(Application[Request]):
    """An application that notes in which thread each part of it runs."""

    def __init__(self, kind: str, *, is_async_around: bool) -> None:
        self.seen: list[tuple[str, int]] = []
        self.names = OF_KIND[kind]
        self.view = self.sync_view if kind == "def" else self.async_view
        super().__init__(
            middleware=[self.async_around] if is_async_around else [self.sync_around],
            lifespan=lambda app: self.async_lifespan() if is_async_around else self.sync_lifespan(),
        )

    def note(self, row: str) -> None:
        """The code of this row runs here."""
        self.seen.append((row, threading.get_ident()))

    @contextmanager
    def sync_lifespan(self) -> Iterator[dict[str, Any]]:
        """Notes its start-up."""
        self.note("start-up of a sync lifespan")
        yield {}

    @asynccontextmanager
    async def async_lifespan(self) -> AsyncIterator[dict[str, Any]]:
        """Notes its start-up and its shutdown."""
        self.note("an async lifespan")
        yield {}
        self.note("an async lifespan")

    def sync_around(self, request: Request) -> Iterator[Any]:
        """A sync middleware."""
        self.note(self.names["middleware"])
        yield
        self.note(self.names["middleware"])

    async def async_around(self, request: Request) -> AsyncIterator[Any]:
        """An async middleware."""
        self.note("an `async def` middleware")
        yield
        self.note("an `async def` middleware")

    def resolve(self, request: Request) -> Any:
        """Notes that it runs."""
        self.note("`resolve()`")
        return self.view

    def on_error(self, request: Request, error: Any) -> Response:
        """Notes that it runs."""
        self.note(self.names["on_error"])
        return super().on_error(request, error)

    def on_exception(self, request: Request, error: Exception) -> Response:
        """Notes that it runs."""
        self.note(self.names["on_error"])
        return Response("failed", 500)

    def sync_view(self, request: Request) -> Response:
        """A response with hooks of both kinds; its path says which body it has."""
        self.note(self.names["handler"])
        if request.path == "/missing":
            request.args["missing"]
        if request.path == "/broken":
            raise ZeroDivisionError
        response = Response(self.sync_body() if request.path == "/sync" else self.async_body())
        response.call_on_close(lambda: self.note("a plain close hook"))

        @response.call_on_close
        async def hook() -> None:
            self.note("an `async def` close hook")

        return response

    async def async_view(self, request: Request) -> Response:
        """The same in async code."""
        return self.sync_view(request)

    def sync_body(self) -> Iterator[str]:
        """Two steps."""
        self.note("the steps of a sync body")
        yield "a"
        self.note("the steps of a sync body")

    async def async_body(self) -> AsyncIterator[str]:
        """Two steps."""
        self.note("the steps of an async body")
        yield "a"
        self.note("the steps of an async body")


def places(kind: str, protocol: ProtocolName, *, is_async_around: bool) -> dict[str, set[str]]:
    """By row, in which kind of thread its code has run."""
    site = Site(kind, is_async_around=is_async_around)
    callers: set[int] = set()

    def called(environ: Any, start_response: Any) -> Any:
        callers.add(threading.get_ident())
        return site.wsgi_app(environ, start_response)

    async def acalled(scope: Any, receive: Any, send: Any) -> None:
        callers.add(threading.get_ident())
        await site.asgi_app(scope, receive, send)

    app: Any = called if protocol == "wsgi" else acalled
    try:
        with Client(app, protocol, raise_app_exceptions=False) as client:
            for path in ("/sync", "/async", "/missing", "/broken"):
                client.get(path)
        loops = {thread.ident for thread in threading.enumerate() if thread.name == "cardan-asyncio"}
    finally:
        site.close()

    def place(ident: int) -> str:
        if protocol == "asgi":
            return "the event loop" if ident in callers else "a worker thread"
        return "the request's thread" if ident in callers else "the loop of the process" if ident in loops else "?"

    found: dict[str, set[str]] = {}
    for row, ident in site.seen:
        found.setdefault(row, set()).add(place(ident))
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_table_of_the_guide(protocol: ProtocolName) -> None:
    """The code of each row runs in the place that the table names, and every row is tried."""
    found: dict[str, set[str]] = {}
    for kind in OF_KIND:
        for is_async_around in (False, True):
            for row, where in places(kind, protocol, is_async_around=is_async_around).items():
                found.setdefault(row, set()).update(where)
    column = PROTOCOLS.index(protocol)
    told = {row: {cells[column].partition(",")[0]} for row, cells in TABLE.items()}
    assert found == told
