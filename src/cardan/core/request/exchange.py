"""Exchange: what all request objects over one request share. It sits in the environ or scope under :data:`KEY`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from .body import Body

__all__ = ["KEY", "REQUEST_KEY", "Exchange"]

KEY: Final = "cardan.exchange"
"""The private key that the exchange has in an environ or scope."""

REQUEST_KEY: Final = "cardan.request"
"""The key that a request stores itself under (``populate_request``)."""


class Exchange:
    """One request and its answer, as far as the objects that handle it must agree.

    It refers to neither request nor environ nor scope, so that nothing here makes a cycle. Class-level defaults in
    place of a constructor: one is made for every request, and most are never written to.
    """

    body: Body | None = None
    """The body's state, made at the first access."""
    origin: Any = None
    """The input that the body was opened on: ``wsgi.input`` or ``receive``, compared by identity."""
    replay: Any = None
    """What stands in for the input since; the same body counts for it."""
    state: MutableMapping[str, Any] | None = None
    """What the lifespan yielded, a copy for this request."""
    holders: int = 0
    """How many applications keep the files of the body open."""
    disconnected: bool = False
    """Whether the client is known to have left."""
    run_sync: Callable[..., Awaitable[Any]] | None = None
    """Runs a blocking callable for async code: in the request's own thread on WSGI, in a worker thread on ASGI."""
    token: Any = None
    """The event loop that ``receive`` belongs to, for reads from other threads."""
    lease: Any = None
    """The handler's place among the worker threads, given back while it waits for the client."""

    def close(self) -> None:
        """Close the files of the body's forms, unless an application still holds them."""
        if self.body is not None and not self.holders:
            self.body.close()
