"""Exchange: what all request objects over one request share. It sits in the environ or scope under :data:`KEY`.

One exchange for each request; in it one :class:`Opened` for each *source* that a body was opened on: a middleware
that puts another ``wsgi.input`` or ``receive`` in the place of the server's has made another body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from .body import Body

__all__ = ["KEY", "REQUEST_KEY", "Exchange", "Opened", "reference"]

KEY: Final = "cardan.exchange"
"""The private key that the exchange has in an environ or scope."""

REQUEST_KEY: Final = "cardan.request"
"""The key that a request stores itself under (``populate_request``)."""


class Opened:
    """A body that was opened on ``origin`` (``wsgi.input`` or ``receive``, by identity).

    ``replay`` is what stands in for the origin since; it counts for the same body.
    """

    __slots__ = ("body", "origin", "replay")

    def __init__(self, body: Body, origin: Any) -> None:
        self.body = body
        self.origin = origin
        self.replay: Any = None


class Exchange:
    """One request and its answer, as far as the objects that handle it must agree.

    It refers to neither request nor environ nor scope, and what it holds refers to it weakly, so that nothing here
    makes a cycle. Class-level defaults in place of a constructor: one is made for every request, and most are never
    written to.
    """

    opened: tuple[Opened, ...] = ()
    """The bodies that were opened, each at the first access."""
    state: MutableMapping[str, Any] | None = None
    """What the lifespan yielded, a copy for this request."""
    holders: int = 0
    """How many applications keep the files of the bodies open."""
    disconnected: bool = False
    """Whether the client is known to have left."""
    run_sync: Callable[..., Awaitable[Any]] | None = None
    """Runs a blocking callable for async code: in the request's own thread on WSGI, in a worker thread on ASGI."""
    token: Any = None
    """The event loop that ``receive`` belongs to, for reads from other threads."""
    lease: Any = None
    """The handler's place among the worker threads, given back while it waits for the client."""

    @property
    def body(self) -> Body | None:
        """The body that was opened first, if one was."""
        return self.opened[0].body if self.opened else None

    @property
    def files(self) -> list[Any]:
        """The files of all forms of all bodies."""
        return [file for each in self.opened for file in each.body.files]

    def find(self, origin: Any) -> Opened | None:
        """What was opened on ``origin``, or on what stands in for it."""
        for each in self.opened:
            if each.origin is origin or each.replay is origin:
                return each
        return None

    def open(self, body: Body, origin: Any) -> Opened:
        """Remember that ``body`` is what comes from ``origin``."""
        opened = Opened(body, origin)
        self.opened = (*self.opened, opened)
        return opened

    def close(self) -> None:
        """Close the files of the bodies' forms, unless an application still holds them.

        The first error is raised after all were closed.
        """
        if self.holders:
            return
        first: Exception | None = None
        for each in self.opened:
            try:
                each.body.close()
            except Exception as error:
                first = first or error
        if first is not None:
            raise first


_NOBODY: Final = Exchange()


def reference(exchange: Exchange) -> Callable[[], Exchange]:
    """A way back to the exchange that does not keep it; an empty one where it is gone."""
    weak = ref(exchange)
    return lambda: weak() or _NOBODY
