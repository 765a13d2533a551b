"""The application of tests/contract/test_chunks.py: bodies that yield an invalid chunk, at the first step or later.

``/HANDLER/HOW/WHEN/WHAT``: the kind of handler, the kind of body, whether the invalid chunk is the ``first`` or a
``later`` one, and the chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cardan import Application, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

WRONG: dict[str, Any] = {
    "number": 3,
    "large": 300_000_000,
    "none": None,
    "zero": 0,
    "list": [1, 2],
    "object": object(),
}
CLOSED: list[str] = []
"""The paths of the bodies that were closed."""


class Steps:
    """A sync body that records that it was closed."""

    def __init__(self, chunks: list[Any], name: str) -> None:
        self.chunks, self.name = chunks, name

    def __iter__(self) -> Iterator[Any]:
        yield from self.chunks

    def close(self) -> None:
        """Record the path."""
        CLOSED.append(self.name)


class AsyncSteps:
    """An async body that records that it was closed."""

    def __init__(self, chunks: list[Any], name: str) -> None:
        self.chunks, self.name = chunks, name

    async def __aiter__(self) -> AsyncIterator[Any]:
        for chunk in self.chunks:
            yield chunk

    async def aclose(self) -> None:
        """Record the path."""
        CLOSED.append(self.name)


class Raw(Response):
    """A response class that gives its chunks itself, without checks."""

    def iter_encoded(self) -> Iterator[Any]:
        """The chunks unchanged."""
        return iter(self.response)


class Kept(Response):
    """A response that sends comments while its body is silent."""

    keep_alive = 60.0
    _keep_alive_chunk = b":\n\n"


class Unwritable:
    """A value that JSON cannot represent."""


def ranged(body: Any, request: Any) -> Response:
    """Bytes 1 to 8 of a stream of 100 bytes."""
    response = Response(body)
    return response.make_conditional(request, accept_ranges=True, complete_length=100)


HOWS: dict[str, Callable[[Any, Any], Response]] = {
    "stream": lambda body, request: Response(body),
    "kept": lambda body, request: Kept(body),
    "raw": lambda body, request: Raw(body),
    "range": ranged,
    "events": lambda body, request: Response.from_events(body),
    "ndjson": lambda body, request: Response.from_ndjson(body),
}


def respond(request: Any, kind: Any) -> Response:
    """The response for this path."""
    _, how, when, what = request.path.strip("/").split("/")
    wrong = Unwritable() if how in ("events", "ndjson") else WRONG[what]
    return HOWS[how](kind(["first", wrong, "last"] if when == "later" else [wrong, "last"], request.path), request)


def sync_body(request: Any) -> Response:
    """A sync body from a ``def`` handler."""
    return respond(request, Steps)


async def async_body(request: Any) -> Response:
    """An async body from an ``async def`` handler."""
    return respond(request, AsyncSteps)


def async_body_of_def(request: Any) -> Response:
    """An async body from a ``def`` handler."""
    return respond(request, AsyncSteps)


async def sync_body_of_async(request: Any) -> Response:
    """A sync body from an ``async def`` handler."""
    return respond(request, Steps)


HANDLERS: dict[str, Any] = {
    "def": sync_body,
    "async": async_body,
    "def-async": async_body_of_def,
    "async-def": sync_body_of_async,
}


class ByPath(Application[Request]):
    """Chooses the handler by the first part of the path."""

    def resolve(self, request: Request) -> Any:
        """One of the four handlers."""
        return HANDLERS[request.path.split("/")[1]]


app = ByPath(request_class=Request)
