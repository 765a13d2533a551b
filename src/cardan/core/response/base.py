"""BaseResponse: status, header fields and a body, for any number of sendings over either protocol.

Takes text, bytes, or an iterable of them, sync or async. What is sent is decided by
:class:`~cardan.core.response.finalizer.ResponseFinalizer`; a response never writes anywhere itself. Nothing of one
sending is kept on the response.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeAlias

from ..fields.cookies import dump_cookie
from ..status import parse_status, status_line
from ..structures.headers import Headers
from .body import BodyAccess, ResponseBody
from .closing import aclose_all, close_all
from .content_type import checked, with_charset
from .encoding import closer, encode
from .finalizer import ResponseFinalizer, check_length, final_fields, has_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from .finalizer import ResponseEvent

__all__ = ["BaseResponse", "ResponseBody", "ResponseStatus"]

ResponseStatus: TypeAlias = "int | str | HTTPStatus | None"


class BaseResponse(BodyAccess):
    """A response. ``response`` is its body: text, bytes, an iterable or an async iterable of them, or None.

    ``status`` is a code, a :class:`~http.HTTPStatus` or a line like ``"404 Not Found"``; ``headers`` are copied.
    ``mimetype`` gets ``; charset=utf-8`` where it is text, ``content_type`` is taken as it is and wins.
    ``direct_passthrough``: the iterable goes to the server unchanged (for ``wsgi.file_wrapper``).
    """

    charset: ClassVar[str] = "utf-8"
    default_status: ClassVar[int] = 200
    default_mimetype: ClassVar[str | None] = "text/plain"
    autocorrect_location_header: bool = False
    """True: a relative Location is joined with the application's root URL. RFC 9110 section 10.2.2 allows it as is."""
    max_cookie_size: ClassVar[int] = 4093
    """Bytes of a Set-Cookie beyond which browsers may drop it: a warning; 0: none. RFC 6265 section 6.1 says 4096."""
    keep_alive: float | None = None
    """Seconds of silence after which :attr:`keep_alive_chunk` is sent; None: never."""
    keep_alive_chunk: bytes = b""

    _content_type: str | None = None
    _reason: str | None = None

    def __init__(
        self,
        response: ResponseBody = None,
        status: ResponseStatus = None,
        headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        if type(response) is str:
            self._body = response.encode()
        elif type(response) is bytes:
            self._body = response
        else:
            self._set_response(response)
        if status is None:
            self._code = self.default_status
        elif type(status) is int:
            self._code = status
        else:
            self.status = status
        if direct_passthrough:
            self.direct_passthrough = True
        if headers:
            self._set_headers(headers, mimetype, content_type)
        elif content_type is not None:
            self._content_type = checked(content_type)
        elif mimetype is not None:
            self._content_type = with_charset(mimetype)
        elif self.default_mimetype is not None:
            self._content_type = with_charset(self.default_mimetype)

    def _set_headers(self, headers: Any, mimetype: str | None, content_type: str | None) -> None:
        fields = self._headers = Headers(headers)
        pairs = fields._list
        names = [name.lower() for name, _ in pairs]
        typed = "content-type" in names
        if mimetype is None and not typed:
            mimetype = self.default_mimetype
        if content_type is not None:
            content_type = checked(content_type)
        elif mimetype is not None:
            content_type = with_charset(mimetype)
        if typed and content_type is not None:
            fields["Content-Type"] = content_type
        elif content_type is not None:
            pairs.append(("Content-Type", content_type))
        if "content-length" not in names:
            self._add_length(pairs)

    def _add_length(self, pairs: list[tuple[str, str]]) -> None:
        """A body of text or bytes declares its length, where the program did not."""
        if self._body is not None and self.automatically_set_content_length:
            self._own_length = length = str(len(self._body))
            pairs.append(("Content-Length", length))

    # --- status and headers ---

    @property
    def status_code(self) -> int:
        """The status code; setting it sets the reason phrase of RFC 9110."""
        return self._code

    @status_code.setter
    def status_code(self, code: int) -> None:
        self._code = int(code)
        self._reason = None

    @property
    def status(self) -> str:
        """The status line's code and phrase, ``"404 Not Found"``. A custom phrase travels on WSGI only.

        Set with a code, an :class:`~http.HTTPStatus` or such a string; raises ValueError for an empty one.
        """
        return status_line(self._code) if self._reason is None else f"{self._code} {self._reason}".rstrip()

    @status.setter
    def status(self, status: str | int | HTTPStatus) -> None:
        if isinstance(status, int):
            self.status_code = status
            return
        if not isinstance(status, str):
            raise TypeError(f"got a status of type {type(status).__name__}, expected an int or a str")
        self._code, line = parse_status(status)
        self._reason = None if line == status_line(self._code) else line.partition(" ")[2]

    @property
    def headers(self) -> Headers:
        """The header fields; changes are what is sent."""
        headers = self._headers
        if headers is None:
            kind = self._content_type
            headers = self._headers = Headers._trusted([("Content-Type", kind)] if kind is not None else [])
            self._add_length(headers._list)
        return headers

    @headers.setter
    def headers(self, headers: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        self._headers = Headers(headers)
        self._own_length = None

    @property
    def content_type(self) -> str | None:
        """The Content-Type as it is sent; None removes it."""
        return self._content_type if self._headers is None else self._headers.get("Content-Type")

    @content_type.setter
    def content_type(self, value: str | None) -> None:
        self.headers["Content-Type"] = value

    @property
    def mimetype(self) -> str | None:
        """The media type without parameters, in lower case; setting one of text adds ``; charset=utf-8``."""
        kind = self.content_type
        return kind.partition(";")[0].strip().lower() if kind else None

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        self.content_type = with_charset(value)

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: Any = None,
        expires: datetime | str | float | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Add a Set-Cookie (RFC 6265bis section 4.1); ``max_age`` in seconds or a timedelta, None: for the session.

        Raises :exc:`ValueError` for what a browser would refuse.
        """
        cookie = dump_cookie(
            key, value, max_age=max_age, expires=expires, path=path, domain=domain, secure=secure,
            httponly=httponly, samesite=samesite, partitioned=partitioned,
        )  # fmt: skip
        if self.max_cookie_size and len(cookie) > self.max_cookie_size:
            import warnings

            message = f"got a cookie {key!r} of {len(cookie)} bytes, browsers keep {self.max_cookie_size}"
            warnings.warn(message, stacklevel=2)
        self.headers.add("Set-Cookie", cookie)

    def delete_cookie(self, key: str, path: str | None = "/", domain: str | None = None, **attributes: Any) -> None:
        """Make the browser forget a cookie; ``path`` and ``domain`` must be those that it was set with."""
        self.set_cookie(key, "", max_age=0, expires=0, path=path, domain=domain, **attributes)

    def _finish_frozen(self, no_etag: bool) -> None:
        self._write_length(self._buffered_length() or 0)

    # --- sending ---

    def plain(self, method: str) -> tuple[str, int, bytes] | None:
        """Content-Type, Content-Length and body of an answer that is nothing but these: the adapters' straight path.

        None where there is more: other fields, a status without a body, a stream, something to close afterwards.
        """
        body, kind, code = self._body, self._content_type, self._code
        if body is None or kind is None or self._headers is not None or self._hooks is not None:
            return None
        if not self.automatically_set_content_length or code in (204, 205, 304) or not 200 <= code < 1000:
            return None
        return kind, len(body), (body if method != "HEAD" else b"")

    def whole(
        self, method: str, root_url: Callable[[], str] | None = None
    ) -> tuple[list[tuple[str, str]], bytes] | None:
        """Header fields and body as they are sent in answer to ``method``, where the body is buffered; else None.

        The short way beside :meth:`finalizer`, which is its oracle: most responses are one bytes object.
        """
        body = self._body
        if body is None:
            if not isinstance(self._iterable, (list, tuple)) or self.direct_passthrough:
                return None
            body = b"".join(map(encode, self._iterable))
        code, length = self._code, len(body) if self.automatically_set_content_length else None
        fields, declared = final_fields(code, self._pairs(root_url, length), length)
        if not has_body(method, code):
            return fields, b""
        check_length(len(body) if declared is not None else None, declared)
        return fields, body

    def finalizer(
        self, method: str, root_url: Callable[[], str] | None = None, *, length: int | None = None
    ) -> ResponseFinalizer:
        """The machine for one sending of this response; ``root_url`` gives the application's root for ``Location``."""
        return ResponseFinalizer(method, self._code, self._pairs(root_url, length), length=length, reason=self._reason)

    def _pairs(self, root_url: Callable[[], str] | None, length: int | None) -> list[tuple[str, str]]:
        """The header fields as they are now."""
        fields = self.headers._list
        own = self._own_length
        if own is not None and length is not None and own != str(length):  # the list was changed since we wrote it
            fields = [(name, value) for name, value in fields if name.lower() != "content-length" or value != own]
        if self.autocorrect_location_header and root_url is not None and "Location" in self.headers:
            from urllib.parse import urljoin

            location = urljoin(root_url(), self.headers["Location"])
            fields = [(name, location if name.lower() == "location" else value) for name, value in fields]
        return fields

    def iter_events(self, method: str, *, root_url: Callable[[], str] | None = None) -> Iterator[ResponseEvent]:
        """Head, chunks and end in answer to ``method``; the response is closed when the iterator ends."""
        try:
            finalizer = self.finalizer(method, root_url, length=self._known_length())
            if finalizer.sends_body:
                for chunk in self.iter_encoded():
                    yield from finalizer.feed(chunk)
            yield from finalizer.close()
        finally:
            self.close()

    async def aiter_events(
        self,
        method: str,
        *,
        root_url: Callable[[], str] | None = None,
        run_sync: Callable[..., Awaitable[Any]] | None = None,
    ) -> AsyncIterator[ResponseEvent]:
        """The awaiting twin of :meth:`iter_events`; a sync body and sync hooks run in ``run_sync``, if given."""
        closers = self.closers()
        try:
            finalizer = self.finalizer(method, root_url, length=self._known_length())
            if finalizer.sends_body:
                chunks = self.aiter_encoded() if run_sync is None or self.is_async else self._in_threads(run_sync)
                closers.insert(0, chunks.aclose)
                async for chunk in chunks:
                    for event in finalizer.feed(chunk):
                        yield event
            for event in finalizer.close():
                yield event
        finally:
            await aclose_all(closers, run_sync)

    async def _in_threads(self, run_sync: Callable[..., Awaitable[Any]]) -> AsyncGenerator[bytes, None]:
        chunks = self.iter_encoded()
        while (chunk := await run_sync(next, chunks, None)) is not None:
            yield chunk

    # --- the end ---

    def call_on_close(self, hook: Callable[[], Any]) -> Callable[[], Any]:
        """Run ``hook``, plain or async, after each sending of the response, in order; returns it (a decorator)."""
        if self._hooks is None:
            self._hooks = []
        self._hooks.append(hook)
        return hook

    def closers(self) -> list[Callable[[], Any]]:
        """What has to run when the response was sent: the body's own close, then the hooks."""
        closers: list[Callable[[], Any]] = []
        if self._body is None:
            close = closer(self._iterable, self.is_async)
            if close is not None:
                closers.append(close)
        if self._hooks:
            closers += self._hooks
        return closers

    def close(self) -> None:
        """Close the body and run the hooks; :exc:`WrongMode` where one of them is async (``aclose``)."""
        close_all(self.closers())

    async def aclose(self) -> None:
        """Close the body and run the hooks, plain and async."""
        await aclose_all(self.closers())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    # --- copies ---

    @classmethod
    def force_type(cls, response: Any) -> Self:
        """``response`` if it is of this class already, else a new object of this class.

        The new one shares body, header fields and what else the other has; the other keeps its class. Raises
        :exc:`TypeError` for what is no response.
        """
        if isinstance(response, cls):
            return response
        if not isinstance(response, BaseResponse):
            raise TypeError(f"got {type(response).__name__}, expected a response")
        response.headers  # noqa: B018 - made now, so that both have the same
        new = cls.__new__(cls)
        new.__dict__.update(response.__dict__)
        return new

    def __copy__(self) -> Self:
        return self._like({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy

        if not self.is_sequence:
            self._refuse_copy("deepcopy")
        return self._like({name: deepcopy(value, memo) for name, value in self.__dict__.items() if name != "_hooks"})

    def _like(self, values: dict[str, Any]) -> Self:
        """A copy with header fields and close hooks of its own."""
        new = type(self).__new__(type(self))
        new.__dict__.update({**self.__dict__, **values})
        new.__dict__.pop("_stream", None)
        if new._headers is not None:
            new._headers = new._headers.copy()
        if new._hooks is not None:
            new._hooks = list(new._hooks)
        return new

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the close hooks, which belong to this process. Needs a buffered body: ``freeze()``."""
        if not self.is_sequence:
            self._refuse_copy("pickle")
        return {name: value for name, value in self.__dict__.items() if name not in ("_hooks", "_stream")}

    def _refuse_copy(self, verb: str) -> NoReturn:
        raise TypeError(f"got a streamed body, expected a buffered one to {verb}: call freeze() first")

    def __repr__(self) -> str:
        size = f"{self._known_length()} bytes" if self.is_sequence else "streamed"
        return f"<{type(self).__name__} {size} [{self.status}]>"
