"""What tests/contract/test_chunks.py serves: bodies that yield what is no chunk, at the first step or at a later one.

``/HANDLER/HOW/WHEN/WHAT``: a kind of handler, a kind of body, whether the wrong chunk is the ``first`` or a ``later``
one, and which one it is.
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
"""The bodies that were closed, by their paths."""


class Steps:
    """A sync body; closing it is noted."""

    def __init__(self, chunks: list[Any], name: str) -> None:
        self.chunks, self.name = chunks, name

    def __iter__(self) -> Iterator[Any]:
        yield from self.chunks

    def close(self) -> None:
        """Note it."""
        CLOSED.append(self.name)


class AsyncSteps:
    """An async body; closing it is noted."""

    def __init__(self, chunks: list[Any], name: str) -> None:
        self.chunks, self.name = chunks, name

    async def __aiter__(self) -> AsyncIterator[Any]:
        for chunk in self.chunks:
            yield chunk

    async def aclose(self) -> None:
        """Note it."""
        CLOSED.append(self.name)


class Raw(Response):
    """A response class that gives its chunks itself, unchecked."""

    def iter_encoded(self) -> Iterator[Any]:
        """The chunks as they are."""
        return iter(self.response)


class Kept(Response):
    """A response that sends comments into a silence."""

    keep_alive = 60.0
    keep_alive_chunk = b":\n\n"


class Unwritable:
    """What JSON cannot say."""


def ranged(body: Any, request: Any) -> Response:
    """Bytes 1 to 8 of a body of 100 that flows by."""
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
    """The response of this path."""
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
    """The handler by the first part of the path."""

    def resolve(self, request: Request) -> Any:
        """One of the four."""
        return HANDLERS[request.path.split("/")[1]]


app = ByPath(request_class=Request)
