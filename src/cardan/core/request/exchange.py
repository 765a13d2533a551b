"""Exchange: what all request objects over one request share. It sits in the environ or scope under :data:`KEY`.

One exchange for each request; in it one :class:`Body` for each *source* that a body was opened on: a middleware
that puts another ``wsgi.input`` or ``receive`` in the place of the server's has made another body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from .body import Body

    B = TypeVar("B", bound=Body)

__all__ = ["KEY", "NOBODY", "REQUEST_KEY", "Exchange", "StandIn", "find_exchange", "known_body"]

KEY: Final = "cardan.exchange"
"""The private key that the exchange has in an environ or scope."""

REQUEST_KEY: Final = "cardan.request"
"""The key that a request stores itself under (``populate_request``)."""


class StandIn:
    """What replays ``body``: the ``wsgi.input`` or the ``receive`` that others get after it was opened."""

    __slots__ = ("body",)

    def __init__(self, body: Body) -> None:
        self.body = body


class Exchange:
    """One request and its answer, as far as the objects that handle it must agree.

    It refers to neither request nor environ nor scope, and the sources of its bodies refer to it weakly, so that
    nothing here makes a cycle. What is seldom written to has class-level defaults in place of a constructor's: one of
    these is made for every request.
    """

    opened: list[Body]
    """The bodies that were opened, each at the first access."""
    replays: tuple[Any, ...] = ()
    """The stand-ins for ``receive`` that were asked for."""
    state: MutableMapping[str, Any] | None
    """What the lifespan yielded, a copy for this request."""
    holders: int
    """How many applications keep the files of the bodies open."""
    run_sync: Callable[..., Awaitable[Any]] | None = None
    """Runs a blocking callable for async code: in the request's own thread on WSGI, in a worker thread on ASGI."""
    token: Any = None
    """The event loop that ``receive`` belongs to, for reads from other threads."""
    watched: bool = False
    """Whether a task watches for the client's leaving, which has to be ended with the request."""
    left: bool = False
    """Whether sending the response has failed because the client left."""
    leave_event: Any = None
    """What tasks wait for that wait for the client's leaving, where a server does not tell of it (WSGI)."""
    release: Callable[[], Any] | None = None
    """Sets :attr:`leave_event` from any thread; called when the request is over."""
    over: bool = False
    """Whether the request is over, for those who wait for :attr:`leave_event`."""
    lease: Any = None
    """The handler's place among the worker threads, given back while it waits for the client."""

    def __init__(self) -> None:
        self.opened = []
        self.state = None
        self.holders = 0

    @property
    def disconnected(self) -> bool:
        """Whether the client is known to have left."""
        return self.left or any(body.disconnected for body in self.opened)

    @property
    def files(self) -> list[Any]:
        """The files of all forms of all bodies."""
        found: list[Any] = []
        for body in self.opened:
            if body.forms or body.filtered:
                found += body.files
        return found

    def run_blocking(self, run_sync: Callable[..., Awaitable[Any]]) -> None:
        """Async code handles the request from now on: what blocks is run by ``run_sync``."""
        self.run_sync = run_sync
        for body in self.opened:
            body.run_sync = run_sync

    def open(self, body: B) -> B:
        """Add ``body``, unless another thread has opened one on the same origin; returns the one that is to be used."""
        self.opened.append(body)
        first: Any = next(known for known in self.opened if known.origin is body.origin)
        opened: B = first
        return opened

    def find(self, origin: Any) -> Body | None:
        """The body that was opened on ``origin`` (``wsgi.input`` or ``receive``, by identity), or on its stand-in."""
        if isinstance(origin, StandIn):
            return origin.body
        for body in self.opened:
            if body.origin is origin:
                return body
        return None

    def end(self) -> None:
        """The request is over: wake what waits for the client to leave, unless an application holds it still."""
        if self.release is not None and not self.holders:
            self.over = True
            release, self.release = self.release, None
            release()

    def close(self) -> None:
        """Close the files of the bodies' forms, unless an application still holds them.

        The first error is raised after all were closed.
        """
        if self.holders:
            return
        first: Exception | None = None
        for body in self.opened:
            try:
                body.close()
            except Exception as error:
                first = first or error
        if first is not None:
            raise first


def find_exchange(carrier: MutableMapping[str, Any]) -> Exchange:
    """What the request objects over this environ or scope share, made at the first access."""
    exchange: Exchange | None = carrier.get(KEY)
    return carrier.setdefault(KEY, Exchange()) if exchange is None else exchange


def known_body(carrier: MutableMapping[str, Any], origin: Any) -> Body | None:
    """The state of the body that comes from ``origin``, if it was opened."""
    exchange: Exchange | None = carrier.get(KEY)
    return None if exchange is None else exchange.find(origin)


#: what a source is told by that outlives its exchange
NOBODY: Final = Exchange()
