"""Outgoing: the way out of a response, for both adapters and for programs that send a response themselves.

:meth:`Outgoing.outgoing` gives either a :class:`WholeAnswer`, whose body is one bytes object, or the
:class:`~cardan.core._response.finalizer.ResponseFinalizer` that the chunks of a streamed body go through. Both follow
the same rules, which are written once, in :mod:`cardan.core._response.final_head`. Sending changes nothing of a
response, so that it can be sent any number of times.
"""

from __future__ import annotations

from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from .._checks import check_type
from .._closing import aclose_all, close_all
from ..structures._headers import pairs_of
from .body import BodyAccess
from .encoding import END, closer, encode
from .final_head import final_fields, has_body
from .finalizer import ResponseFinalizer, check_length
from .kept_alive import KeptAlive
from .trailers import Trailers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Mapping

    from .encoding import AsyncChunks
    from .finalizer import ResponseEvent
    from .pumping import AsyncLibrary
    from .trailers import TrailerValue

__all__ = [
    "Outgoing",
    "WholeAnswer",
    "closed_together",
    "closers_of",
    "finalizer_of",
    "keep_alive_chunk",
    "whole_answer",
]


@dataclass(slots=True)
class WholeAnswer:
    """A response whose body is one bytes object: everything that is sent, checked and final."""

    status: int
    """The status code."""
    headers: list[tuple[str, str]]
    """The header fields, as pairs of text."""
    body: bytes
    """The body; empty where none is sent, in answer to HEAD for example."""


_new = object.__new__
#: methods whose answers may have no body, whatever their status
_BODILESS: Final = frozenset({"HEAD", "CONNECT"})

R = TypeVar("R", bound="Outgoing")


class Outgoing(BodyAccess):
    """How a response is sent and closed; mixed into :class:`~cardan.core._response.BaseResponse`."""

    autocorrect_location_header: bool = False
    """If True, a relative Location is joined with the URL of the request, as clients do (RFC 9110 section 10.2.2)."""
    keep_alive: float | None = None
    """Seconds of silence after which a comment of an event stream is sent; None: never."""

    _keep_alive_chunk: bytes = b""

    _has_own_headers: bool = False
    """Whether a subclass overrides :attr:`headers`; its fields are then sent of every response."""
    _code: int
    _content_type: str | None
    _reason: str | None

    def outgoing(
        self, method: str, request_url: Callable[[], str] | None = None, *, trailers_over: str | None = None
    ) -> WholeAnswer | ResponseFinalizer:
        """What is sent for this response, as the answer to a request with ``method``.

        Gives a :class:`WholeAnswer` if the body is buffered (text, bytes, or a list of them) and no trailer fields are
        sent, else the :class:`ResponseFinalizer` that the chunks of the body go through. ``request_url`` gives the URL
        of the request; it is asked for a relative ``Location`` if :attr:`autocorrect_location_header` is set.
        ``trailers_over`` is the HTTP version of a server that can send trailer fields, see :class:`ResponseFinalizer`.

        Raises :exc:`ValueError` for a status or a field that must not be sent, and :exc:`ContentLengthError` for a
        buffered body that is longer or shorter than its Content-Length.

        >>> from cardan.core import Response
        >>> answer = Response("Hello").outgoing("GET")
        >>> answer.headers
        [('Content-Type', 'text/plain; charset=utf-8'), ('Content-Length', '5')]
        >>> answer.body
        b'Hello'
        """
        return self._plain(method) or self._checked(method, request_url, trailers_over)

    def _plain(self, method: str) -> WholeAnswer | None:
        """The fast path of :meth:`outgoing`, for a body of bytes and no header field besides Content-Type."""
        if (
            self._headers is None
            and (body := self._body) is not None
            and (kind := self._content_type) is not None
            and not self._has_own_headers
            and ((code := self._code) == 200 or (200 <= code < 600 and code not in (204, 205, 304)))
            and self.automatically_set_content_length is True
        ):
            answer = _new(WholeAnswer)  # without its constructor, which would be one more call
            answer.status = code
            answer.headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
            if method == "GET" or method not in _BODILESS:
                answer.body = body
            elif method == "HEAD":
                answer.body = b""
            else:
                return None
            return answer
        return None

    def _checked(
        self, method: str, request_url: Callable[[], str] | None, trailers_over: str | None = None
    ) -> WholeAnswer | ResponseFinalizer:
        """The slow path of :meth:`outgoing`, for every response."""
        body = self._body
        if body is None:
            if not isinstance(self._iterable, (list, tuple)) or self._passes_through:
                return self._finalizer(method, request_url, trailers_over=trailers_over)
            body = b"".join(map(encode, self._iterable))
        code, length = self._code, len(body) if self.automatically_set_content_length else None
        if self._trailers and trailers_over is not None:
            finalizer = self._finalizer(method, request_url, length, trailers_over)
            if finalizer.head.trailers:
                return finalizer
        fields, declared = final_fields(method, code, self._pairs(request_url, length), length)
        if not has_body(method, code):
            return WholeAnswer(code, fields, b"")
        check_length(len(body) if declared is not None else None, declared)
        return WholeAnswer(code, fields, body)

    def _finalizer(
        self,
        method: str,
        request_url: Callable[[], str] | None,
        length: int | None = None,
        trailers_over: str | None = None,
    ) -> ResponseFinalizer:
        """The machine for one sending of this response. ``length`` is that of the body, None if it is not known."""
        finalizer = ResponseFinalizer(
            method,
            self._code,
            self._pairs(request_url, length),
            length=length,
            reason=self._reason,
            # a stream may name one when it is too late, which the finalizer sees
            trailers=self._trailers if self._body is not None else self.trailers,
            trailers_over=trailers_over,
        )
        if self._body is None and finalizer.sends_body and finalizer.declared is not None:
            body: Any = self._iterable
            if hasattr(body, "ranged"):  # a file, which the server may send itself: then nobody counts its bytes
                check_length(body.length, finalizer.declared)
        return finalizer

    def _pairs(self, request_url: Callable[[], str] | None, length: int | None) -> list[tuple[str, str]]:
        """The header fields as they are now."""
        check_type("automatically_set_content_length", self.automatically_set_content_length, bool, "a bool")
        fields = pairs_of(self.headers)
        own = self._own_length
        if own is not None and length is not None and own != str(length):  # the list was changed since then
            fields = [(name, value) for name, value in fields if name.lower() != "content-length" or value != own]
        if request_url is not None and self.autocorrect_location_header and "Location" in self.headers:
            from urllib.parse import urljoin

            location = urljoin(request_url(), self.headers["Location"])
            fields = [(name, location if name.lower() == "location" else value) for name, value in fields]
        return fields

    @property
    def trailers(self) -> Trailers:
        """The fields that follow the body (RFC 9110 section 6.5), where the server can send them.

        Their names are set before the response starts, so that its head announces them. A value may be a function,
        which is called when the body has ended. Nothing is sent over WSGI, on HTTP/1.0, in answer to HEAD, and with a
        status that has no body; on HTTP/1.1 not with a Content-Length.

        >>> from cardan.core import Response
        >>> response = Response(iter(["a", "b"]))
        >>> response.trailers["Server-Timing"] = "total;dur=12"
        >>> *_, end = response.iter_events("GET", trailers_over="1.1")
        >>> end.trailers
        [('Server-Timing', 'total;dur=12')]
        """
        trailers = self._trailers
        if trailers is None:
            self.headers  # noqa: B018 - made now, because the fast path is for responses without
            trailers = self._trailers = self.__dict__.setdefault("_made_trailers", Trailers())  # atomic, as for headers
        return trailers

    @trailers.setter
    def trailers(self, fields: Mapping[str, TrailerValue] | Iterable[tuple[str, TrailerValue]]) -> None:
        given = Trailers(fields)
        trailers = self.trailers  # the same object: while the body runs, what sends the response has it
        trailers.clear()
        trailers.update(given)

    def iter_events(
        self, method: str, *, request_url: Callable[[], str] | None = None, trailers_over: str | None = None
    ) -> Generator[ResponseEvent, None, None]:
        """Head, chunks and end in answer to ``method``; the response is closed when the generator ends.

        A server that may leave the loop early, because its client did, closes the generator::

            with closing(response.iter_events(request.method)) as events:
                for event in events:
                    ...

        The response is closed by this generator once its first event was asked for; a server that gives up before that
        calls :meth:`close`. ``request_url`` gives the URL of the request for ``Location``. ``trailers_over`` is the
        HTTP version of a server that sends the trailer fields of :class:`End`. Raises what the body raises,
        :exc:`ValueError` for fields that must not be sent, :exc:`ContentLengthError` for a body that is longer or
        shorter than declared, :exc:`WrongMode` for an async body.
        """
        try:
            finalizer = self._finalizer(method, request_url, self._known_length(), trailers_over)
            if finalizer.sends_body:
                if self.keep_alive is not None:
                    yield from finalizer.feed(b"")  # a client is told at once that the stream is open
                for chunk in self.iter_encoded():
                    yield from finalizer.feed(chunk)
            yield from finalizer.close()
        finally:
            self.close()

    async def aiter_events(
        self,
        method: str,
        *,
        request_url: Callable[[], str] | None = None,
        trailers_over: str | None = None,
        run_sync: Callable[..., Awaitable[Any]] | None = None,
        library: AsyncLibrary | None = None,
    ) -> AsyncGenerator[ResponseEvent, None]:
        """The awaiting twin of :meth:`iter_events`, to be closed by :func:`contextlib.aclosing`.

        ``run_sync`` runs a plain callable in a worker thread (``trio.to_thread.run_sync``): with it a sync body and
        sync hooks run there. ``library`` is :mod:`trio` or :mod:`anyio`: with it the cleanup is shielded from
        cancellation, and a response that has :attr:`keep_alive` gives a :class:`Chunk` with a comment after each
        silence. The body of such a response then runs in a task of its own, which has ended when the generator is
        closed::

            events = response.aiter_events(method, run_sync=trio.to_thread.run_sync, library=trio)
            async with aclosing(events):
                async for event in events:
                    ...

        Without it no comment is sent, and an async body runs in the task of the caller.
        """
        closers = closers_of(self)
        try:
            finalizer = self._finalizer(method, request_url, self._known_length(), trailers_over)
            if finalizer.sends_body:
                chunks = self._chunks(run_sync, library, closers)
                closers.insert(0, chunks.aclose)
                if self.keep_alive is not None:
                    for event in finalizer.feed(b""):  # a client is told at once that the stream is open
                        yield event
                async for chunk in chunks:
                    for event in finalizer.feed(chunk):
                        yield event
            for event in finalizer.close():
                yield event
        finally:
            with library.CancelScope(shield=True) if library is not None else nullcontext():
                await aclose_all(closers, run_sync)

    def _chunks(
        self,
        run_sync: Callable[..., Awaitable[Any]] | None,
        library: AsyncLibrary | None,
        closers: list[Callable[[], Any]],
    ) -> KeptAlive | AsyncChunks | AsyncGenerator[bytes, None]:
        """The chunks of the body.

        A task that drives the body also closes it; then its closer is removed from ``closers``.
        """
        is_async = self.is_async
        # a sync body that does not run in a thread blocks the loop: nothing can be sent meanwhile
        if self.keep_alive is None or library is None or not (is_async or run_sync):
            return self.aiter_encoded() if is_async or run_sync is None else self._in_threads(run_sync)
        body = self.response if is_async else self._in_threads(run_sync)  # type: ignore[arg-type]
        if is_async:
            del closers[: hasattr(body, "aclose")]
        return KeptAlive(body, self.keep_alive, self._keep_alive_chunk, library)

    async def _in_threads(self, run_sync: Callable[..., Awaitable[Any]]) -> AsyncGenerator[bytes, None]:
        chunks = self.iter_encoded()
        while (chunk := await run_sync(next, chunks, END)) is not END:
            yield chunk

    # --- the end ---

    def call_on_close(self, hook: Callable[[], Any]) -> Callable[[], Any]:
        """Run ``hook``, plain or async, after each sending of the response, in order; returns it (a decorator).

        If a middleware answers with another response, ``hook`` runs after that one was sent.
        """
        hooks = self._hooks
        if hooks is None:
            hooks = self._hooks = self.__dict__.setdefault("_made_hooks", [])
        hooks.append(hook)
        return hook

    def close(self) -> None:
        """Close the body and run the hooks. Raises :exc:`WrongMode` if one of them is async; use :meth:`aclose`."""
        close_all(closers_of(self))

    async def aclose(self) -> None:
        """Close the body and run the hooks, plain and async."""
        await aclose_all(closers_of(self))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def finalizer_of(
    response: Outgoing, method: str, request_url: Callable[[], str] | None, trailers_over: str | None = None
) -> ResponseFinalizer:
    """The machine for one sending of a response, also for one whose body is a single bytes object."""
    return response._finalizer(method, request_url, response._known_length(), trailers_over)


def whole_answer(response: Outgoing, method: str) -> WholeAnswer | None:
    """The answer of a response that an adapter can send at once: it is whole, and nothing is closed after it.

    None for other responses, and for those that need the URL of the request or have trailer fields: the adapter then
    prepares what running hooks and streams needs, and asks :meth:`Outgoing.outgoing`. Raises what that raises.
    """
    answer = response._plain(method)
    if answer is not None and response._hooks is None:
        return answer
    if response.autocorrect_location_header or response._trailers or closers_of(response):
        return None
    outgoing = response.outgoing(method)
    return outgoing if isinstance(outgoing, WholeAnswer) else None


def keep_alive_chunk(response: Outgoing) -> bytes:
    """What is sent after each silence of :attr:`Outgoing.keep_alive` seconds."""
    return response._keep_alive_chunk


def closed_together(response: R, other: Outgoing) -> R:
    """A response that is sent in place of ``other``: also what ``other`` would have closed is closed after it.

    It is a copy of ``response``, which may be shared by many requests; ``response`` itself if nothing has to be closed.
    A closer that both have is called once, and only after the body, which may be made of the other one's.
    """
    own = closers_of(response)
    closers = [close for close in closers_of(other) if close not in own]
    if closers:
        response = copy(response)
        for close in closers:
            response.call_on_close(close)
    return response


def closers_of(response: Outgoing) -> list[Callable[[], Any]]:
    """What has to be called when ``response`` was sent, plain or async: the body's own close, then the hooks."""
    closers: list[Callable[[], Any]] = []
    if response._body is None:
        close = closer(response._iterable, response.is_async)
        if close is not None:
            closers.append(close)
    if response._hooks:
        closers += response._hooks
    return closers
