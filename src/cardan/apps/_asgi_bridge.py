"""A bridge: an ASGI application as a handler of requests that came over WSGI.

The application runs as one task in the event loop of the process, in a context of its own. The thread of the request
waits for that task: it reads the body of the request for ``receive()``, and gets one message of ``send()`` after the
other. ``send()`` returns when the server asks for more, so an application is never faster than its client.

The handler is a ``def`` that returns an ordinary response. The length of the body, errors that servers would misread,
and the rest of an upload that the application leaves unread are therefore treated as those of every other handler.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from .. import _crossing as crossing
from .._response import Response
from ..asgi._hints import EXTENSION as EARLY_HINT
from ..asgi._messages import AppAnswer, NobodyTakes, comes_of_leaving
from ..core._buffers import CHUNK_SIZE
from ..core._exceptions import ClientDisconnected
from ..core._request.exchange import GIVEN_ON
from ..core._request.head import announces_body
from ..core._response.of_application import response_of, without_length
from ..core._scopes import make_scope
from ..core._urls import whole_raw_path
from ..core._waiting import checkpoint
from ..wsgi._head import EnvironHead
from ._nested_lifespans import NestedLifespans
from ._protocols import wrong_side

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, MutableMapping

    from .._request import Request
    from ..asgi._messages import Message
    from ..types import ASGIApplication, Scope

__all__ = ["lifespan_of", "scope_for", "served_by"]


def served_by(app: ASGIApplication, portal: Callable[[], crossing.Portal]) -> Callable[[Request], Response]:
    """The handler that gives a request to ``app``, which runs in the loop of ``portal``."""

    def handler(request: Request) -> Response:
        if not hasattr(request, "environ"):
            raise wrong_side("wsgi.from_asgi", "wsgi")
        return _Call(app, request, portal()).response()

    return handler


def scope_for(request: Request) -> Scope:
    """The scope of a request that was opened on an environ; with the environ in ``wsgi.environ``."""
    environ = request.environ
    head = EnvironHead(environ)
    root = head.root_path
    scope = make_scope(
        head,
        path=root + head.path,
        raw_path=whole_raw_path(root, head.path, head.raw_path),
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in head.headers.items()],
        server=head.server,
    )
    extensions: dict[str, Any] = {EARLY_HINT: {}} if "wsgi.early_hints" in environ else {}
    return {**scope, "state": request.state, "extensions": extensions, "wsgi.environ": environ, GIVEN_ON: True}


@asynccontextmanager
async def lifespan_of(app: ASGIApplication) -> AsyncGenerator[Mapping[str, Any], None]:
    """The lifespan of ``app``, entered and left as the specification of lifespans says; gives its state.

    Raises the error of ``app`` if it fails to start or to shut down, or :exc:`RuntimeError` with its message.
    """
    told, stop = crossing.make_event(), crossing.make_event()
    calls = iter(("lifespan.startup", "lifespan.shutdown"))
    kept: dict[str, Any] = {}
    failed: list[str] = []
    started = False

    async def receive() -> Message:
        if (kind := next(calls)) == "lifespan.shutdown":
            await stop.wait()
        return {"type": kind}

    async def send(message: Message) -> None:
        nonlocal started
        if message["type"].endswith(".failed"):
            failed.append(message["message"])
        else:
            started = True
        told.set()

    async def run() -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        try:
            await NestedLifespans([app], scope, lambda _, state: kept.update(state)).run(receive, send)
        finally:
            told.set()

    def check() -> None:
        task.result()
        if failed:
            raise RuntimeError(f"got a lifespan that failed: {failed[0] or 'it gave no reason'}")

    task = crossing.ApplicationTask(run)
    try:
        await told.wait()
        if not started:
            await task.wait()
            check()
        yield kept
    finally:
        stop.set()
        await task.wait()
    check()


#: the text of the OSError of ``send()``
_LEFT: Final = "the client has left before it had the whole response"


class _Call:
    """One call of an ASGI application, for one request over WSGI.

    The thread of the request begins it by :meth:`response`, takes the chunks of the body, and ends it by :meth:`close`.
    ``_receive`` and ``_send`` are called in the loop.
    """

    def __init__(self, app: ASGIApplication, request: Request, portal: crossing.Portal) -> None:
        self._app = app
        self._request = request
        self._scope = scope_for(request)
        self._conversation = crossing.Conversation(portal, crossing.OwnContext(copy_context()))
        self._task: crossing.ConversationTask | None = None
        self._kept: bytes | None = None
        self._pieces: Iterator[bytes] | None = None
        self._rest: int | None = None
        self._answer = AppAnswer()
        self._chunk = b""
        self._has_all_sent = False
        """Whether the application has sent its last message."""
        self._has_left = False
        self._broken_off: ClientDisconnected | None = None
        """The error of the body, if the client has broken off its upload. The application was told by a disconnect."""
        self._is_over = False
        """Whether the application can receive nothing more but ``http.disconnect``."""
        self._over: Any = None
        """An event that is set then, if a task waits for it."""
        self._asked: Any = None

    # --- in the thread of the request ---

    def response(self) -> Response:
        """Start the application, and give its response as soon as the first chunk of the body has come."""
        self._preload()
        self._task = self._conversation.start(self._run)
        try:
            chunk = self._next()
        except BaseException:
            self.close()
            raise
        answer = self._answer
        if self._has_all_sent:
            response = response_of(Response, chunk, answer.status, answer.headers, self.close)
            without_length(response, self._request.method)
            response.call_on_close(self.close)  # the application may go on, with a background task for example
            return response
        self._chunk = chunk
        return response_of(Response, self, answer.status, answer.headers, self.close)

    def _preload(self) -> None:
        """Read a small body now, so that ``receive()`` need not come to this thread. Not one that is to be invited."""
        request, environ = self._request, self._request.environ
        if not announces_body(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")):
            self._kept = b""
            return
        self._rest = request.content_length
        if self._rest is not None and self._rest <= CHUNK_SIZE and "HTTP_EXPECT" not in environ:
            self._kept = b"".join(request.iter_data())

    def __iter__(self) -> _Call:
        return self

    def __next__(self) -> bytes:
        if self._chunk:
            chunk, self._chunk = self._chunk, b""
            return chunk
        if self._has_all_sent:
            raise StopIteration
        asked, self._asked = self._asked, None  # the application waits for it, in _hand_over()
        self._conversation.post(asked.set)
        return self._next()

    def _next(self) -> bytes:
        """The next chunk. Raises the error of the application, also if that has returned too early.

        If the client has broken off its upload, an application that gives up has made no error:
        :exc:`ClientDisconnected` is raised, as by every handler that reads such a body.
        """
        assert self._task is not None
        message = self._conversation.listen()
        if message is self._task:
            broken_off, self._broken_off = self._broken_off, None
            try:
                self._task.outcome()
            except Exception as error:
                if broken_off is None or not comes_of_leaving(error):
                    raise
            if broken_off is not None:
                raise broken_off
            self._answer.close()
        chunk: bytes = message
        return chunk

    def close(self) -> None:
        """Wait for the end of the application.

        If the response is not complete, the client has left. The application is told so, by ``http.disconnect`` and an
        OSError of ``send()``. If it then waits for something else it is cancelled.
        """
        task, self._task = self._task, None
        self._broken_off = None
        if task is None:
            return
        try:
            if self._has_all_sent:
                while not task.ended:
                    self._conversation.listen()
                task.outcome()
            elif not task.ended:
                self._conversation.do(self._tell_left)
                while not task.ended:
                    if self._conversation.listen(crossing.PATIENCE) is crossing.IDLE:
                        self._conversation.end(task)
                try:
                    task.outcome()
                except BaseException as error:
                    if not (crossing.is_cancellation(error) or comes_of_leaving(error)):
                        crossing.log_lost("an error after the client has left", error)
        finally:
            self._conversation.leave()

    # --- in the loop ---

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        finally:
            self._end_input()  # for tasks of the application that outlive it

    def _end_input(self) -> None:
        self._is_over = True
        if self._over is not None:
            self._over.set()

    def _tell_left(self) -> None:
        self._has_left = True
        self._end_input()
        asked, self._asked = self._asked, None  # an event that is set keeps no task waiting in _send()
        if asked is not None:
            asked.set()

    async def _receive(self) -> MutableMapping[str, Any]:
        kept, self._kept = self._kept, None
        if kept is not None:
            self._rest = 0
            return {"type": "http.request", "body": kept, "more_body": False}
        if self._rest != 0 and not self._is_over:
            try:
                data: bytes = await self._conversation.run_sync(self._read)
            except ClientDisconnected as error:
                self._broken_off = error
                self._has_left = True
                self._end_input()
            else:
                self._rest = 0 if not data else None if self._rest is None else self._rest - len(data)
                return {"type": "http.request", "body": data, "more_body": self._rest != 0}
        if self._is_over:
            await checkpoint()
        else:
            if self._over is None:  # an event of trio is neither true nor false
                self._over = crossing.make_event()
            await self._over.wait()
        return {"type": "http.disconnect"}

    def _read(self) -> bytes:
        if self._pieces is None:
            self._pieces = self._request.iter_data()
        return next(self._pieces, b"")

    async def _send(self, message: Message) -> None:
        while (asked := self._asked) is not None:  # another task of the application sends as well
            await asked.wait()
        if self._has_left:
            raise NobodyTakes(_LEFT)
        starts = self._answer.state == "start"
        if message["type"] == EARLY_HINT and EARLY_HINT in self._scope["extensions"]:
            if starts:  # later, servers take none
                links = [link.decode("latin-1") for link in message["links"]]
                await self._conversation.run_sync(self._request.send_early_hints, links)
            return
        chunk = self._answer.feed(message)
        if self._answer.has_body:
            if not self._has_all_sent:  # trailer fields may follow: WSGI has none, and the scope has not offered any
                self._has_all_sent = True
                self._end_input()
                self._conversation.put(chunk)
        elif not starts:
            await self._hand_over(chunk)

    async def _hand_over(self, chunk: bytes) -> None:
        """Give a chunk to the thread, and return when the server asks for the next one."""
        if not chunk:  # there is nothing to send; other tasks of the loop must have their turn
            await checkpoint()
            return
        asked = self._asked = crossing.make_event()
        self._conversation.put(chunk)
        await asked.wait()
        if self._has_left:
            raise NobodyTakes(_LEFT)
