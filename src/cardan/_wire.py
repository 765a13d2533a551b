"""WireMixin: what would be sent for a response over WSGI or ASGI. It is for tests, and for code that sends it itself.

Takes an environ or a scope; gives status, header fields and body, as the finalizer of core makes them.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Self

from . import core
from .core._checks import cannot_take
from .core._response.finalizer import Chunk, Head
from .core._response.of_application import response_of, without_length
from .core._response.outgoing import finalizer_of
from .core._response.trailers import joined
from .core.structures._headers import Headers, trusted_headers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, MutableMapping

__all__ = ["WireMixin"]


class WireMixin(core.BaseResponse):
    """The methods of a response for one protocol, and the same methods for the other one."""

    # --- WSGI ---

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """A copy of the header fields as they would be sent. Raises the errors that sending would raise."""
        method = environ.get("REQUEST_METHOD", "GET")
        return trusted_headers(finalizer_of(self, method, _wsgi_url(environ)).head.headers)

    def get_app_iter(self, environ: dict[str, Any]) -> Iterable[bytes]:
        """The body for a server: empty if none is sent; the iterable itself with ``direct_passthrough``."""
        finalizer = finalizer_of(self, environ.get("REQUEST_METHOD", "GET"), _wsgi_url(environ))
        if finalizer.sends_body and self.direct_passthrough:
            body: Any = self.response
            return body  # type: ignore[no-any-return]
        finalizer.feed(b"")
        return _Closing(self, self.iter_encoded() if finalizer.sends_body else iter(()), finalizer)

    def get_wsgi_response(self, environ: dict[str, Any]) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Body, status line and header fields, as for ``start_response``."""
        return self.get_app_iter(environ), self.status, self.get_wsgi_headers(environ).to_wsgi_list()

    @classmethod
    def from_app(cls, app: Callable[..., Iterable[bytes]], environ: dict[str, Any], buffered: bool = False) -> Self:
        """The response of a WSGI application, including what it sends by ``write()``.

        What is written before the application returns is kept in memory until then, because the caller gets the
        response only then. :meth:`.Application.from_wsgi` sends it at once.

        The application runs to the first bytes of its body, because it may replace the head until then (PEP 3333,
        "Error Handling"). The body of the response gives one block for each block of the application. Closing the
        response closes the iterable of the application. With ``buffered`` the whole body is read at once. Raises the
        errors that the application raises before its response starts, and :exc:`TypeError` for a block of text.
        """
        from .wsgi._calling import call_app

        if not callable(app):
            raise TypeError(f"got an application of type {type(app).__name__}, expected a WSGI application")
        try:
            status, headers, body = call_app(app, environ)
        except TypeError as error:
            if cannot_take(app, 2):
                raise _other_protocol(app, "a WSGI application: afrom_app() takes an ASGI application") from error
            raise
        response = response_of(cls, body, status, headers, body.close)
        if buffered:
            try:
                response.response = list(response.iter_encoded())
            finally:
                body.close()
            without_length(response, environ.get("REQUEST_METHOD"))
        return response

    @classmethod
    def force_type(cls, response: object, environ: dict[str, Any] | None = None) -> Self:
        """``response`` as an object of this class.

        A response of this class is returned itself. For another response, the result is a new object that shares its
        attributes; the other object keeps its class. With ``environ``, ``response`` may be a WSGI application, which is
        called. Raises :exc:`TypeError` for anything else.
        """
        if environ is not None and not isinstance(response, core.BaseResponse) and callable(response):
            app: Any = response
            return cls.from_app(app, environ)
        return super().force_type(response)

    # --- ASGI ---

    def get_asgi_headers(self, scope: MutableMapping[str, Any]) -> list[tuple[bytes, bytes]]:
        """The header fields as they would be sent: lower-case names, bytes."""
        from .asgi._messages import encode_headers, over

        return encode_headers(finalizer_of(self, scope["method"], _asgi_url(scope), over(scope)).head.headers)

    async def get_asgi_messages(self, scope: MutableMapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """The messages that would be sent; the response is closed when the generator ends.

        If a loop over the generator may end early, close the generator (:func:`contextlib.aclosing`).
        """
        from .asgi._messages import over, start_message, trailers_message

        head = Head(0, "", [])
        events = self.aiter_events(scope["method"], request_url=_asgi_url(scope), trailers_over=over(scope))
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Head):
                    head = event
                    yield {**start_message(event)}
                elif isinstance(event, Chunk):
                    yield {"type": "http.response.body", "body": event.data, "more_body": True}
                else:
                    yield {"type": "http.response.body", "body": b"", "more_body": False}
                    if head.trailers:
                        yield {**trailers_message(head, event)}

    @classmethod
    async def afrom_app(
        cls,
        app: Callable[..., Awaitable[None]],
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]] | None = None,
    ) -> Self:
        """The response that an ASGI application sends. ``receive`` gives the body of the request; None: no body. After
        the last message of its response, the application receives a disconnect, as from a server.

        The body of the response is buffered, because an ASGI application runs until it has sent everything. It sends
        trailer fields if the extensions of ``scope`` offer it; they become those of the response.
        """
        from .asgi._calling import call_app

        if not callable(app):
            raise TypeError(f"got an application of type {type(app).__name__}, expected an ASGI application")
        try:
            status, headers, chunks, trailers = await call_app(app, scope, receive)
        except TypeError as error:
            if cannot_take(app, 3):
                raise _other_protocol(app, "an ASGI application: from_app() takes a WSGI application") from error
            raise
        response = response_of(cls, chunks, status, headers)
        without_length(response, scope["method"])
        if trailers is not None:
            response.headers.remove("Trailer")  # made anew for the server that the response is sent to
            response.trailers = joined(trailers)
        return response

    @classmethod
    async def aforce_type(cls, response: object, scope: MutableMapping[str, Any] | None = None) -> Self:
        """The awaiting twin of :meth:`force_type`. With ``scope``, ``response`` may be an ASGI application."""
        if scope is not None and not isinstance(response, core.BaseResponse) and callable(response):
            app: Any = response
            return await cls.afrom_app(app, scope)
        return super().force_type(response)


def _other_protocol(app: object, expected: str) -> TypeError:
    return TypeError(f"got an application of type {type(app).__name__} with other parameters, expected {expected}")


class _Closing:
    """The body of :meth:`WireMixin.get_app_iter`. It checks the length; closing it closes the response."""

    def __init__(self, response: core.BaseResponse, chunks: Iterator[bytes], finalizer: core.ResponseFinalizer) -> None:
        self._response = response
        self._chunks = chunks
        self._finalizer = finalizer

    def __iter__(self) -> Iterator[bytes]:
        empty = True
        for chunk in self._chunks:
            empty = False
            # a block for each block, also for an empty one (PEP 3333, "Middleware Handling of Block Boundaries")
            yield from [event.data for event in self._finalizer.feed(chunk) if isinstance(event, Chunk)] or [b""]
        self._finalizer.close()
        if empty:  # some servers send nothing before the first chunk
            yield b""

    def close(self) -> None:
        """Close the response."""
        self._response.close()


def _wsgi_url(environ: dict[str, Any]) -> Callable[[], str]:
    def request_url() -> str:
        from ._request import Request

        return Request(environ, populate_request=False).url

    return request_url


def _asgi_url(scope: MutableMapping[str, Any]) -> Callable[[], str]:
    def request_url() -> str:
        from .asgi._head import ScopeHead

        return core.BaseRequest(ScopeHead(scope)).url

    return request_url
