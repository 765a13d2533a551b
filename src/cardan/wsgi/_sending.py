"""Sending a response over WSGI (PEP 3333): the finalizer's events become ``start_response`` and an iterable."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ..core._buffers import CHUNK_SIZE
from ..core._closing import close_all
from ..core._response.encoding import END, encode
from ..core._response.finalizer import Chunk, End, ResponseFinalizer
from ..core._response.kept_trailers import KEPT
from ..core._response.outgoing import closers_of, whole_answer
from ._errors import BrokenResponse, is_misread, throws_errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from .._crossing import RequestContext
    from ..core._response.base import BaseResponse
    from ..core._response.kept_trailers import KeptTrailers

    class RequestThread(Protocol):
        """What :func:`send` needs of the thread of a request: its context, and a way to await from it."""

        context: RequestContext

        def lose(self) -> None:
            """Note that the client has left before it had the whole response."""
            ...

        def wait(self, awaitable: Awaitable[Any], /) -> Any:
            """Await something, return its result."""
            ...

        def iterate(self, response: BaseResponse, /) -> tuple[Iterator[Any], Callable[[], Any]]:
            """The chunks of an async body, and what ends it."""
            ...


__all__ = ["BodyIterator", "send", "send_whole"]


class BodyIterator:
    """The iterable of a response that has something to stream or to close.

    ``next_chunk`` gives the next chunk of the body, or ``END``; :meth:`close` runs the closers once, whether the body
    has ended or not. Both raise :exc:`~.errors.BrokenResponse` in place of an error that the server would take for its
    own, unless ``throws``. ``kept`` gets the trailer fields, if the caller is no server and takes them.
    """

    __slots__ = ("_closers", "_empty", "_finalizer", "_first", "_kept", "_next_chunk", "_runs", "_thread", "_throws")

    def __init__(
        self,
        next_chunk: Callable[[], Any],
        finalizer: ResponseFinalizer | None,
        closers: list[Callable[[], Any]],
        thread: RequestThread,
        throws: bool = False,
        kept: KeptTrailers | None = None,
    ) -> None:
        self._throws = throws
        self._kept = kept
        self._next_chunk = next_chunk
        self._finalizer = finalizer
        self._closers = closers
        self._thread = thread
        self._first: bytes | None = None
        self._empty = True
        """Whether no chunk was given yet. Without one ``b""`` is given: some servers send nothing before a chunk."""
        self._runs = False
        """Whether the body has given a chunk and has neither ended nor failed since."""

    def begin(self) -> None:
        """Run the body to its first chunk before the response starts, so that an error there still becomes a 500."""
        self._first = self._step()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            self._empty = False
            return first
        try:
            data = self._step()
        except BaseException as error:
            self._break(error)
            raise
        if data is None:
            if not self._empty:
                raise StopIteration
            data = b""
        self._empty = False
        return data

    def _step(self) -> bytes | None:
        """The next chunk to send, None at the end.

        An empty chunk of the program is given to the server, which has its turn, as on ASGI: it sends the head, and
        may notice that the client has left (PEP 3333, "Middleware Handling of Block Boundaries").
        """
        finalizer = self._finalizer
        if finalizer is None:
            chunk = self._next_chunk()
            return None if chunk is END else encode(chunk)
        self._runs = False
        if (chunk := self._next_chunk()) is not END:
            events = finalizer.feed(chunk)
            self._runs = True
            return next((event.data for event in events if type(event) is Chunk), b"")
        if self._kept is None:
            finalizer.close()
        else:
            for event in self._thread.context.call(finalizer.close):
                assert type(event) is End  # all chunks were fed before
                self._kept.fields = event.trailers
        return None

    def _break(self, error: BaseException) -> None:
        if is_misread(error) and not self._throws:
            raise BrokenResponse(f"got {type(error).__name__} after the head of the response was sent") from error

    def close(self) -> None:
        """End the body, then run the close hooks; the first error is raised after all ran."""
        closers, self._closers = self._closers, []
        # PEP 3333: close() before the end tells of "an early disconnect of the browser", or of an error of our own
        if self._runs and self._finalizer is not None and not self._finalizer.has_all:
            self._thread.lose()
        if closers:
            try:
                close_all(closers, self._thread.wait)
            except BaseException as error:
                self._break(error)
                raise


def send_whole(
    response: BaseResponse, environ: dict[str, Any], start_response: Callable[..., Any]
) -> list[bytes] | None:
    """Start a response that can be sent at once, and return its body.

    Does nothing and returns None for others, see :func:`whole_answer`.
    """
    answer = whole_answer(response, environ["REQUEST_METHOD"])
    if answer is None:
        return None
    start_response(response.status, answer.headers)
    return [answer.body]


def send(
    response: BaseResponse,
    environ: dict[str, Any],
    start_response: Callable[..., Any],
    thread: RequestThread,
    request_url: Callable[[], str],
    after: list[Callable[[], Any]],
) -> Iterable[bytes]:
    """Start ``response`` and return its iterable: the list ``[body]`` if it is whole and nothing has to be closed.

    The functions in ``after`` run when everything of the response itself is closed. If anything has to be closed, the
    iterable is not a list, because some servers do not call ``close`` on lists.
    """
    closers = [partial(thread.context.call, close) for close in closers_of(response)] + after
    try:
        kept: KeptTrailers | None = environ.get(KEPT)
        over = kept.over if kept is not None else None
        outgoing = response.outgoing(environ["REQUEST_METHOD"], request_url, trailers_over=over)
        if isinstance(outgoing, ResponseFinalizer):
            return _stream(response, outgoing, environ, start_response, thread, closers)
        start_response(response.status, outgoing.headers)
        body = [outgoing.body]
        if not closers:
            return body
        return BodyIterator(partial(next, iter(body), END), None, closers, thread, throws_errors(environ))
    except BaseException:
        close_all(closers, thread.wait)
        raise


def _stream(
    response: BaseResponse,
    finalizer: ResponseFinalizer,
    environ: dict[str, Any],
    start_response: Callable[..., Any],
    thread: RequestThread,
    closers: list[Callable[[], Any]],
) -> Iterable[bytes]:
    only_body = len(closers) == (getattr(response.response, "close", None) is not None)  # there are no hooks
    kept: KeptTrailers | None = environ[KEPT] if finalizer.head.trailers else None
    if kept is not None:
        kept.names = finalizer.head.trailers
    as_file = getattr(response.response, "as_file", None) if finalizer.sends_body and kept is None else None
    passes = response.direct_passthrough and as_file is None and kept is None
    if passes and finalizer.sends_body and only_body and not response.is_async:
        start_response(response.status, finalizer.head.headers)
        passed: Any = response.response  # unchanged: a server knows its own file wrapper, and closes it
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(passed, (list, tuple)):
            return passed or [b""]
        if not isinstance(wrapper, type) or isinstance(passed, wrapper):
            return passed  # type: ignore[no-any-return]
        steps = partial(thread.context.call, next, thread.context.call(iter, passed), END)
        return BodyIterator(steps, None, closers, thread, throws_errors(environ))
    step: Callable[[], Any] = _no_more
    if finalizer.sends_body and response.is_async:
        chunks, end = thread.iterate(response)  # in the loop, and there in the request's context
        closers[: hasattr(response.response, "aclose")] = [end]  # ends the body in the task that drives it
        step = partial(next, chunks, END)
    elif finalizer.sends_body:
        step = partial(thread.context.call, next, thread.context.call(response.iter_encoded), END)
    finalizer.feed(b"")
    iterator = BodyIterator(step, finalizer, closers, thread, throws_errors(environ), kept)
    if as_file is None and finalizer.sends_body and response.keep_alive is None:
        iterator.begin()
    start_response(response.status, finalizer.head.headers)
    wrapper = environ.get("wsgi.file_wrapper")
    if as_file is not None and wrapper is not None and (file := as_file(iterator.close)) is not None:
        wrapped: Iterable[bytes] = wrapper(file, CHUNK_SIZE)
        return wrapped
    return iterator


def _no_more() -> Any:
    """Give ``END`` as the next chunk, for a body that is not sent."""
    return END
