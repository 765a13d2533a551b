"""What ``Request.from_values`` makes a request of: an environ, or a scope and a ``receive``.

A `RequestBuilder` has the values that a client sends. The functions here add what only servers say: the keys of an
environ (PEP 3333, "environ Variables"), a body that is read from a file, and a declared length that need not be true.
They raise TypeError for values of another type.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from ..core._buffers import CHUNK_SIZE
from ..core._checks import check_type

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ._builder import RequestBuilder

__all__ = ["DEFAULT_CLIENT", "ErrorsStream", "declare_body", "environ_for", "scope_and_receive_for"]

DEFAULT_CLIENT = ("127.0.0.1", 49152)


class ErrorsStream(Protocol):
    """A text file that errors are written to, ``wsgi.errors`` (PEP 3333, "Input and Error Streams")."""

    def write(self, text: str, /) -> object:
        """Write ``text``."""
        ...


def declare_body(builder: RequestBuilder, input_stream: BinaryIO | None, content_length: int | None) -> BinaryIO:
    """Set the Content-Length of the request, and return the file that has its body.

    Without ``content_length`` it is what is left in ``input_stream``; a file that cannot seek does not tell, and then
    there is no Content-Length.
    """
    check_type("content_length", content_length, (int, NoneType), "a number of bytes or None")
    if content_length is not None and content_length < 0:
        raise ValueError(f"got content_length = {content_length}, expected at least 0")
    if input_stream is None:
        if content_length is not None:
            _set_length(builder, content_length)
        return io.BytesIO(builder.body)
    if not hasattr(input_stream, "read"):
        raise TypeError(f"got input_stream = {input_stream!r}, expected a binary file")
    _set_length(builder, _rest_of(input_stream) if content_length is None else content_length)
    return input_stream


def _rest_of(stream: Any) -> int | None:
    if not getattr(stream, "seekable", lambda: hasattr(stream, "seek"))():
        return None
    here: int = stream.tell()
    end: int = stream.seek(0, io.SEEK_END)
    stream.seek(here)
    return end - here


def _set_length(builder: RequestBuilder, length: int | None) -> None:
    fields = [pair for pair in builder.opening.headers if pair[0].lower() != b"content-length"]
    if length is not None:
        fields.append((b"Content-Length", str(length).encode()))
    builder.opening.headers = fields


def environ_for(
    builder: RequestBuilder,
    body: BinaryIO,
    *,
    errors_stream: ErrorsStream | None = None,
    flags: Mapping[str, bool],
    base: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A new environ. ``base`` has keys that the request does not set, ``overrides`` keys that it may set.

    ``flags`` are ``multithread``, ``multiprocess`` and ``run_once``. An address of the client in ``base`` takes the
    place of the usual one.
    """
    check_type("environ_base", base, (Mapping, NoneType), "a mapping or None")
    check_type("environ_overrides", overrides, (Mapping, NoneType), "a mapping or None")
    environ = {**(base or {}), **builder.environ()}
    if base and builder.opening.client == DEFAULT_CLIENT:
        environ.update({key: base[key] for key in ("REMOTE_ADDR", "REMOTE_PORT") if key in base})
    environ["wsgi.input"] = body
    if errors_stream is not None:
        if not hasattr(errors_stream, "write"):
            raise TypeError(f"got errors_stream = {errors_stream!r}, expected a text file")
        environ["wsgi.errors"] = errors_stream
    environ.update({f"wsgi.{name}": value for name, value in flags.items()})
    return {**environ, **(overrides or {})}


def scope_and_receive_for(
    builder: RequestBuilder, environ: dict[str, Any], *, translate: bool
) -> tuple[dict[str, Any], Callable[[], Awaitable[dict[str, Any]]]]:
    """A new scope, and a ``receive`` that reads the body from ``wsgi.input``, at most as much as was declared.

    With ``translate`` the scope says the same as ``environ``, whose keys may have been replaced. Keys that are neither
    variables of CGI nor keys of WSGI are then keys of the scope, too.
    """
    scope = builder.scope()
    body: BinaryIO = environ["wsgi.input"]
    if translate:
        from .._request import Request
        from ..apps._asgi_bridge import scope_for

        own = {key: value for key, value in environ.items() if not (key.isupper() or key.startswith("wsgi."))}
        said = scope_for(Request(environ, populate_request=False))
        scope = {**own, **{key: said[key] for key in scope}}
    declared = [value for name, value in scope["headers"] if name == b"content-length" and value.isdigit()]
    return scope, _reading(body, int(declared[0]) if declared else None)


def _reading(body: BinaryIO, length: int | None) -> Callable[[], Awaitable[dict[str, Any]]]:
    left, ended = length, False

    async def receive() -> dict[str, Any]:
        nonlocal left, ended
        if ended:
            return {"type": "http.disconnect"}
        size = CHUNK_SIZE if left is None else min(CHUNK_SIZE, left)
        data = body.read(size) if size else b""
        if left is not None:
            left -= len(data)
        ended = not data or left == 0
        return {"type": "http.request", "body": data, "more_body": not ended}

    return receive
