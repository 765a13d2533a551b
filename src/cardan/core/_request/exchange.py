"""Exchange: what all request objects of one request share. It is stored in the environ or scope under :data:`KEY`.

There is one exchange for each request. It holds one :class:`Body` for each *source* that a body was opened on. If a
middleware replaces the ``wsgi.input`` or the ``receive`` of the server, it has made another source and another body.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence

    from .body import Body
    from .state import Mode

    B = TypeVar("B", bound=Body)
    Followers: TypeAlias = WeakValueDictionary[int, Any]

__all__ = [
    "DIRECT",
    "GIVEN_ON",
    "KEY",
    "NOBODY",
    "REQUEST_KEY",
    "STATE_KEY",
    "Exchange",
    "StandIn",
    "find_exchange",
    "follow",
    "known_body",
    "state_of",
]

KEY: Final = "cardan.exchange"
"""The private key of the exchange in an environ or scope."""

DIRECT: Final = "cardan.direct"
"""The key that an environ or scope has if the caller is no server, but takes the response as an object.

Its value is the state that the caller gave to the request. An error that ``on_exception`` has answered is not raised
to such a caller, who could not take the answer as well.
"""

GIVEN_ON: Final = "cardan.given_on"
"""The key of an environ or scope that a bridge has made of a request: the application that gives the request on drains
its body. A drain inside would wait for the client without a bound, because a blocking read has none.
"""

REQUEST_KEY: Final = "cardan.request"
"""The key under which a request stores itself in an environ or scope (``populate_request``)."""


STATE_KEY: Final = "cardan.state"
"""The key of a state in the environ of an application inside another one that handles the same request.

Each of them has a lifespan of its own. In a scope, the key ``state`` of the ASGI specification serves for that.
"""


class StandIn:
    """Replays ``body``. Other code gets it as ``wsgi.input`` or ``receive`` after a request has opened the body."""

    __slots__ = ("body",)

    def __init__(self, body: Body) -> None:
        self.body = body


class Exchange:
    """What the objects that handle one request and its answer have to agree on.

    To avoid reference cycles, an exchange does not refer to the request, the environ or the scope, and the sources of
    its bodies refer to it weakly. An exchange is made for every request; to keep that cheap, all attributes have their
    defaults on the class, and there is no constructor.
    """

    opened: Sequence[Body] = ()
    """The bodies that were opened, a list from the first one on. Each is opened at the first access to it."""
    replays: tuple[Any, ...] = ()
    """The replacements for ``receive`` that were asked for."""
    state: MutableMapping[str, Any] | None = None
    """The copy, for this request, of what the lifespan yielded."""
    yielded: Mapping[str, Any] = MappingProxyType({})
    """What of :attr:`state` the lifespan of an application has yielded."""
    holders: int = 0
    """How many applications are handling the request. The files of its forms stay open until there are none."""
    mode: Mode | None = None
    """Whether sync or async code of the application handles the request; None: as its server calls it."""
    followers: Followers | None = None
    """The request objects that were made while the application handled the request. They take its mode."""
    outer: tuple[tuple[Mode | None, Followers | None], ...] = ()
    """Mode and followers of the applications around the one that handles the request now, from the outermost on."""
    run_sync: Callable[..., Awaitable[Any]] | None = None
    """Runs a blocking function for async code: on WSGI in the thread of the request, on ASGI in a worker thread."""
    token: Any = None
    """Identifies the event loop that ``receive`` belongs to, so that other threads can read from it."""
    watched: bool = False
    """Whether a task watches for the client to disconnect. The task has to be ended with the request."""
    answered: bool = False
    """Whether a response is on its way, or the application has ended: no informational response may follow."""
    ongoing: bool = False
    """On ASGI: whether a body may leave a call of ``receive`` running, which has to be ended with the request."""
    left: bool = False
    """Whether sending the response has failed because the client disconnected."""
    begins_early: bool = False
    """On ASGI: whether a handler that keeps its thread may give its response before it returns. The first application
    that it calls takes this permission away.
    """
    leave_event: Any = None
    """On WSGI: the event for tasks that wait for the client to disconnect, which a WSGI server does not report."""
    release: Callable[[], Any] | None = None
    """Sets :attr:`leave_event`, from any thread. It is called when the request is over."""
    over: bool = False
    """On WSGI: whether the request is over, so that no task has to wait for :attr:`leave_event`."""
    lease: Any = None
    """The place of the handler among the worker threads. The handler gives it back while it waits for the client."""

    @property
    def disconnected(self) -> bool:
        """Whether the client is known to have disconnected."""
        return self.left or any(body.disconnected for body in self.opened)

    @property
    def files(self) -> list[Any]:
        """The files of all forms of all bodies."""
        found: list[Any] = []
        for body in self.opened:
            if body.forms or body.filtered:
                found += body.files
        return found

    def begin(self) -> None:
        """Note that one more application handles the request. Its code begins in the mode of the protocol."""
        if self.holders:
            self.outer = (*self.outer, (self.mode, self.followers))
        else:  # what an application before this one has answered was not sent
            self.answered = self.over = False
        self.holders += 1
        self.mode = None
        self.followers = None

    def go_back(self) -> None:
        """Note that the request is again that of an application which has called another one, in its own mode."""
        *outer, (self.mode, self.followers) = self.outer
        self.outer = tuple(outer)

    def take_state(self, yielded: Mapping[str, Any]) -> None:
        """Put what the lifespan of an application has yielded into the state. What the code before it has put there
        stays, but not what the lifespan of an application has yielded that handled the request before.
        """
        state, before = self.state, self.yielded
        self.yielded = yielded
        if state is None:
            self.state = {**yielded}
            return
        for name, value in before.items():
            if name in state and state[name] is value:
                del state[name]
        for name, value in yielded.items():
            state.setdefault(name, value)

    def switch(self, mode: Mode) -> None:
        """Note the mode of the application's code, and give it to all followers."""
        self.mode = mode
        for request in list(self.followers.values()) if self.followers is not None else ():
            _give_mode(request, mode)

    def run_blocking(self, run_sync: Callable[..., Awaitable[Any]]) -> None:
        """Note that async code handles the request now. Blocking functions are run by ``run_sync``."""
        self.run_sync = run_sync
        for body in self.opened:
            body.run_sync = run_sync

    def open(self, body: B) -> B:
        """Add ``body``, and return the body to use: another one if another thread has opened the same origin."""
        origin = body.origin
        opened: list[Any] = self.__dict__.setdefault("opened", [])
        opened.append(body)  # this and the line before are atomic: the first body is the same for all threads
        index = 0
        while opened[index].origin != origin:
            index += 1
        first: B = opened[index]
        return first

    def find(self, origin: Any) -> Body | None:
        """The body that was opened on ``origin``: a ``wsgi.input``, a ``receive`` or a :class:`StandIn` for one.

        None if no body was opened on it. Origins are compared by equality: each ``self.receive`` of a class is another
        object, but they are equal.
        """
        if isinstance(origin, StandIn):
            return origin.body
        for body in self.opened:
            if body.origin == origin:
                return body
        return None

    def wake(self) -> None:
        """Wake the tasks that wait for the client to disconnect, if the request is over."""
        if self.release is not None and self.over:
            release, self.release = self.release, None
            self.leave_event = None  # another application may begin, whose tasks wait anew
            release()


def follow(exchange: Exchange | None, request: Any) -> None:
    """Let a new ``request`` have the mode of the application that handles it, now and later, if there is one.

    So a helper that makes a request object of its own works as the code that calls it.
    """
    if exchange is not None and exchange.holders:
        if exchange.followers is None:
            exchange.followers = WeakValueDictionary()
        exchange.followers[id(request)] = request  # a class of a user's own may have no hash
        if exchange.mode is not None:
            _give_mode(request, exchange.mode)


def _give_mode(request: Any, mode: Mode) -> None:
    request.__dict__["_mode"] = mode


def find_exchange(carrier: MutableMapping[str, Any]) -> Exchange:
    """The exchange of this environ or scope, which is made at the first access."""
    exchange: Exchange | None = carrier.get(KEY)
    return carrier.setdefault(KEY, Exchange()) if exchange is None else exchange


def known_body(carrier: MutableMapping[str, Any], origin: Any) -> Body | None:
    """The body that was opened on ``origin`` in this environ or scope; None if there is none."""
    exchange: Exchange | None = carrier.get(KEY)
    return None if exchange is None else exchange.find(origin)


def state_of(request: Any) -> Mapping[str, Any]:
    """The state that was given to a request of core, or put there. Empty for a request on an environ or scope, whose
    state belongs to the application that handles it.
    """
    given: Mapping[str, Any] = request.__dict__.get("state", {})
    return given


#: The exchange that a source uses after its own is gone: nothing is known of the request any more.
NOBODY: Final = Exchange()
