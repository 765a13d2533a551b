"""BodyAccess: the body of a response, buffered or streamed, as the application reads and changes it.

A body that was given as text or bytes is one bytes object until ``response`` is accessed. Accessing ``data`` collects a
sync iterable, unless ``implicit_sequence_conversion`` is off. An async iterable has to be collected by ``await``
(``amake_sequence``, ``aget_data``, ``afreeze``); until then the sync names raise :exc:`WrongMode`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, TypeAlias, overload

from .._buffers import as_bytes, is_bytes_like
from .._closing import aclose_all
from .._exceptions import WrongMode
from .encoding import AsyncChunks, closer, encode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from .._buffers import Buffer
    from ..structures._headers import Headers
    from .trailers import Trailers

__all__ = ["BodyAccess", "JSONCodec", "ResponseBody", "check_json_module"]

ResponseBody: TypeAlias = "str | Buffer | Iterable[str | Buffer] | AsyncIterable[str | Buffer] | None"


class JSONCodec(Protocol):
    """What ``json_module`` of a response may be: a module, or any object, with ``loads`` and ``dumps``."""

    def loads(self, text: bytes, /) -> Any:
        """The value of a JSON text. Raises :exc:`ValueError` for what is not JSON."""
        ...

    def dumps(self, value: Any, /) -> str | bytes:
        """A value as a JSON text."""
        ...


def check_json_module(module: object) -> None:
    """Raise :exc:`TypeError` for what can neither read nor write JSON."""
    if not any(callable(getattr(module, name, None)) for name in ("loads", "dumps")):
        raise TypeError(f"got json_module = {module!r}, expected a module, or an object, with loads() and dumps()")


class BodyAccess:
    """The body of a response; mixed into :class:`BaseResponse`."""

    implicit_sequence_conversion: bool = True
    """If False, no access to the body consumes its iterable."""
    automatically_set_content_length: bool = True
    """Whether Content-Length is set if the body is buffered."""
    json_module: ClassVar[JSONCodec] = json
    """The module, or any object, whose ``loads`` and ``dumps`` read and write JSON. ``dumps`` may return bytes."""
    direct_passthrough: bool = False

    # Several threads may read one response at once. An object that is made by reading is therefore stored in one atomic
    # step (``dict.setdefault``), and the body of bytes is removed last: a thread that does not find it finds the list.
    _body: bytes | None
    _iterable: Any  # absent until a body of bytes is accessed as a list
    _was_bytes: bool = False  # whether the list was made here from a body of bytes
    _headers: Headers | None
    _made_headers: Headers  # made by the first thread that accesses them
    _hooks: list[Callable[[], Any]] | None
    _made_hooks: list[Callable[[], Any]]  # likewise
    _trailers: Trailers | None = None
    _made_trailers: Trailers  # likewise
    _own_length: str | None  # the Content-Length that was set here and not by the application

    if TYPE_CHECKING:

        @property
        def headers(self) -> Headers:
            """The header fields."""
            ...

        @property
        def mimetype(self) -> str | None:
            """The media type."""
            ...

        def _finish_frozen(self, no_etag: bool) -> None:
            """Set the fields that a frozen response has."""

    def _set_response(self, response: Any) -> None:
        if response is None:
            self._set_bytes(b"")
        elif isinstance(response, str):
            self._set_bytes(response.encode())
        elif isinstance(response, (bytes, bytearray, memoryview)) or _is_buffer(response):
            self._set_bytes(as_bytes(response))
        elif isinstance(response, (Iterable, AsyncIterable)) and not isinstance(response, Mapping):
            self._iterable, self._body, self._was_bytes = response, None, False
        else:
            hint = " (or from_json)" if isinstance(response, Mapping) else ""
            kind = type(response).__name__
            raise TypeError(f"got a response of type {kind}, expected text, bytes or an iterable of them{hint}")

    def _set_bytes(self, body: bytes) -> None:
        self._body = body
        self.__dict__.pop("_iterable", None)
        self._was_bytes = False

    @property
    def response(self) -> list[bytes] | Iterable[str | Buffer] | AsyncIterable[str | Buffer]:
        """The body: a list if it was given as text or bytes, else the iterable that was given. It may be replaced."""
        body = self._body
        if body is not None:
            self.__dict__.setdefault("_iterable", [body] if body else [])
            self._was_bytes = True
            self._body = None
        return self._iterable  # type: ignore[no-any-return]

    @response.setter
    def response(self, value: ResponseBody) -> None:
        self._set_response(value)
        self._drop_own_length()

    def _drop_own_length(self) -> None:
        if self._own_length is not None:
            if self._headers is not None and self._headers.get("Content-Length") == self._own_length:
                del self._headers["Content-Length"]
            self._own_length = None

    # --- what kind of body ---

    @property
    def is_sequence(self) -> bool:
        """Whether the body is buffered, as a list or tuple."""
        return self._body is not None or isinstance(self._iterable, (list, tuple))

    @property
    def is_streamed(self) -> bool:
        """Whether the body has no length, as a generator or an async iterable."""
        return self._body is None and not hasattr(self._iterable, "__len__")

    @property
    def is_async(self) -> bool:
        """Whether the body must be awaited."""
        return self._body is None and isinstance(self._iterable, AsyncIterable)

    # --- its chunks ---

    def iter_encoded(self) -> Iterator[bytes]:
        """The chunks of the body as bytes. Raises :exc:`WrongMode` for an async body."""
        body = self._body
        if body is not None:
            return iter([body] if body else [])
        self._no_await("iter_encoded()", "aiter_encoded()")
        return map(encode, self._iterable)

    def aiter_encoded(self) -> AsyncChunks | AsyncGenerator[bytes, None]:
        """The chunks of a sync or async body as bytes. If you stop before the end, close it with ``aclose()``."""
        return AsyncChunks(self._iterable) if self.is_async else _in_turn(self.iter_encoded())

    def _no_await(self, name: str, twin: str) -> None:
        if self.is_async:
            raise WrongMode(f"got {name} of an async body, expected {twin}")

    # --- buffering it ---

    def make_sequence(self) -> None:
        """Collect the body into a list of bytes. The ``close`` of the iterable becomes the first close hook.

        Raises :exc:`WrongMode` for an async body; use ``await amake_sequence()``.
        """
        if self._body is None:
            self._no_await("make_sequence()", "await amake_sequence()")
            iterable = self._iterable
            self._iterable = list(map(encode, iterable))
            self._close_later(closer(iterable, False))

    async def amake_sequence(self) -> None:
        """Collect the body, sync or async, into a list of bytes. An async iterable is closed here."""
        if not self.is_async:
            self.make_sequence()
            return
        iterable = self._iterable
        try:
            self._iterable = [encode(chunk) async for chunk in iterable]
        finally:
            close = closer(iterable, True)
            await aclose_all([close] if close is not None else [])

    def _close_later(self, close: Callable[[], Any] | None) -> None:
        if close is not None:
            self._hooks = [close, *(self._hooks or ())]

    def _ensure_sequence(self, mutable: bool = False) -> None:
        """Make the body a sequence, a list if ``mutable``. Raises :exc:`RuntimeError` if the settings forbid it."""
        if not self.is_sequence:
            if self.direct_passthrough:
                raise RuntimeError("got an access to a body that is passed through, expected direct_passthrough=False")
            if not self.implicit_sequence_conversion:
                raise RuntimeError("got an access to a streamed body, expected make_sequence() first")
            self._no_await("an access to the body", "`await response.amake_sequence()` before it")
            self.make_sequence()
        if mutable and not isinstance(self.response, list):
            self._iterable = list(self._iterable)

    @overload
    def get_data(self, as_text: Literal[False] = False) -> bytes: ...
    @overload
    def get_data(self, as_text: Literal[True]) -> str: ...
    @overload
    def get_data(self, as_text: bool) -> str | bytes: ...
    def get_data(self, as_text: bool = False) -> str | bytes:
        """The whole body as bytes, or as text. A streamed body is collected.

        Raises :exc:`RuntimeError` if ``implicit_sequence_conversion`` is off or the body is passed through, and
        :exc:`WrongMode` for an async body; use ``await aget_data()``.
        """
        self._ensure_sequence()
        body = self._body
        data = body if body is not None else b"".join(map(encode, self._iterable))
        return data.decode("utf-8", "replace") if as_text else data

    @overload
    async def aget_data(self, as_text: Literal[False] = False) -> bytes: ...
    @overload
    async def aget_data(self, as_text: Literal[True]) -> str: ...
    @overload
    async def aget_data(self, as_text: bool) -> str | bytes: ...
    async def aget_data(self, as_text: bool = False) -> str | bytes:
        """The whole body, sync or async, as bytes or as text. A streamed body is collected."""
        if self.is_async and self.implicit_sequence_conversion and not self.direct_passthrough:
            await self.amake_sequence()
        return self.get_data(as_text)

    def set_data(self, value: str | Buffer) -> None:
        """Replace the body by text or a bytes-like object, and set Content-Length.

        An iterable that was the body is closed with the response. Raises :exc:`TypeError` for any other value.
        """
        data = encode(value)
        if self._body is None:
            self._close_later(closer(self._iterable, self.is_async))
            self._set_bytes(data)
        else:
            self._body = data
        if self.automatically_set_content_length and self._headers is not None:
            self._write_length(len(data))

    def _write_length(self, length: int) -> None:
        self._own_length = self.headers["Content-Length"] = str(length)

    @property
    def data(self) -> bytes:
        """The whole body as bytes, see :meth:`get_data`. It can be set to text or bytes."""
        data: bytes = self.get_data()
        return data

    @data.setter
    def data(self, value: str | Buffer) -> None:
        self.set_data(value)

    @property
    def text(self) -> str:
        """The whole body as text. Bytes that are not UTF-8 become U+FFFD."""
        text: str = self.get_data(as_text=True)
        return text

    @property
    def is_json(self) -> bool:
        """Whether the media type is ``application/json`` or ends with ``+json`` (RFC 6839 section 3.1)."""
        kind = self.mimetype or ""
        return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))

    @property
    def json(self) -> Any:
        """The body parsed as JSON; None if the media type is another one.

        Raises :exc:`ValueError` if it is not JSON.
        """
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False) -> Any:
        """The body parsed as JSON. ``force`` ignores the media type; ``silent`` gives None if the body is not JSON."""
        if not (force or self.is_json):
            return None
        try:
            return self.json_module.loads(self.get_data())
        except ValueError:
            if silent:
                return None
            raise

    def calculate_content_length(self) -> int | None:
        """The length of the body in bytes; None if it cannot be known. A sync iterable is collected for this."""
        if not self.is_sequence:
            if self.direct_passthrough or self.is_async or not self.implicit_sequence_conversion:
                return None
            self.make_sequence()
        return self._buffered_length()

    def _buffered_length(self) -> int | None:
        body = self._body
        if body is not None:
            return len(body)
        if isinstance(self._iterable, (list, tuple)):
            return sum(len(encode(chunk)) for chunk in self._iterable)
        return None

    def _known_length(self) -> int | None:
        """The length of the body if it is known without collecting an iterable, else None."""
        if not self.automatically_set_content_length or self._passes_through:
            return None
        return self._buffered_length()

    @property
    def _passes_through(self) -> bool:
        """Whether the body is an iterable of the application that the server gets unchanged."""
        return self.direct_passthrough and self._body is None and not self._was_bytes

    def freeze(self, no_etag: bool = False) -> Self:
        """Buffer the body and set Content-Length, and ETag unless ``no_etag``. The response can then be pickled.

        Returns the response itself.
        """
        self.make_sequence()
        self._finish_frozen(no_etag)
        return self

    async def afreeze(self, no_etag: bool = False) -> Self:
        """:meth:`freeze` for a body of any kind."""
        await self.amake_sequence()
        self._finish_frozen(no_etag)
        return self


def _is_buffer(response: Any) -> bool:
    """Whether the iterable ``response`` is also bytes-like, such as an array or an mmap.

    For most bodies it is enough to look whether they have a length.
    """
    return hasattr(response, "__len__") and not isinstance(response, (list, tuple)) and is_bytes_like(response)


async def _in_turn(chunks: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        yield chunk
