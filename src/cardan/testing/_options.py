"""The options that all four transports share, and functions that convert httpx requests and responses."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from threading import TIMEOUT_MAX
from types import NoneType
from typing import TYPE_CHECKING, Any

from ..core._checks import check_type
from ._httpx import httpx
from ._opening import Opening, check_connection, is_version

if TYPE_CHECKING:
    from ._exchange import Answer

__all__ = [
    "Options",
    "agenerate",
    "body_length",
    "check_seconds",
    "known_body",
    "read_timeout",
    "response_of",
    "too_late",
]


@dataclass(slots=True, frozen=True)
class Options:
    """The options of a client; `cardan.testing.Client` describes them. ``raising`` is its ``raise_app_exceptions``."""

    app: Callable[..., Any]
    raising: bool = True
    root_path: str = ""
    client: tuple[str, int] = ("127.0.0.1", 49152)
    http_version: str = "1.1"
    extensions: Mapping[str, Any] | None = None
    spec_version: str = "2.4"
    grace: float = 10.0

    def __post_init__(self) -> None:
        """Check the types, so that a wrong option is an error where the client is made."""
        check_type("raise_app_exceptions", self.raising, bool, "a bool")
        check_connection(self.client, self.http_version)
        check_type("extensions", self.extensions, (Mapping, NoneType), "a mapping of names or None")
        for name, value in (self.extensions or {}).items():
            check_type("a name in extensions", name, str, "a str")
            check_type(f"extensions[{name!r}]", value, (Mapping, NoneType), "a mapping or None")
        check_seconds("grace", self.grace)
        if not isinstance(self.spec_version, str) or not is_version(self.spec_version):
            raise ValueError(f"got spec_version = {self.spec_version!r}, expected a version such as '2.4'")

    def environ(self, request: httpx.Request) -> dict[str, Any]:
        """A new WSGI environ for ``request``. With ``raising`` it asks the application to raise its own exceptions."""
        environ = self._opening(request).environ()
        if self.raising:
            environ["x-wsgiorg.throw_errors"] = True  # WSGI specification "throw_errors" (wsgi.readthedocs.io)
        return environ

    def scope(self, request: httpx.Request, state: dict[str, Any] | None) -> dict[str, Any]:
        """A new ASGI scope for ``request``, with a shallow copy of the lifespan's ``state``."""
        scope = self._opening(request).scope(spec_version=self.spec_version)
        if state is not None:
            scope["state"] = state.copy()
        if self.extensions is not None:
            scope["extensions"] = {name: dict(value or {}) for name, value in self.extensions.items()}
        return scope

    def is_silent(self) -> bool:
        """True if `send` returns after the client has disconnected. Since ASGI HTTP spec 2.4 it raises instead."""
        return tuple(int(part) for part in self.spec_version.split(".")) < (2, 4)

    def _opening(self, request: httpx.Request) -> Opening:
        return Opening.from_request(
            request, root_path=self.root_path, client=self.client, http_version=self.http_version
        )


def check_seconds(name: str, value: Any) -> None:
    """Raise TypeError or ValueError for what is no number of seconds that a thread can wait."""
    check_type(name, value, (int, float), "a number of seconds")
    if not 0 <= value <= TIMEOUT_MAX:  # NaN is not, either
        raise ValueError(f"got {name} = {value!r}, expected 0 to {TIMEOUT_MAX:.0f} seconds")


def known_body(request: httpx.Request) -> bytes | None:
    """The body of the request if it is bytes, or None if it is a stream."""
    try:
        return request.content
    except httpx.RequestNotRead:
        return None


def body_length(request: httpx.Request) -> int | None:
    """The declared Content-Length, or None if there is none or it is not a number."""
    value = request.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None


def agenerate(stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """``stream`` as a generator, which can be closed. A generator is returned unchanged."""

    async def generate() -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk

    return stream if isinstance(stream, AsyncGenerator) else generate()


def read_timeout(request: httpx.Request) -> float | None:
    """Seconds that the client waits for the answer or for the next chunk. None means that it waits for ever."""
    timeout: float | None = request.extensions.get("timeout", {}).get("read")
    return timeout


def too_late(request: httpx.Request) -> httpx.ReadTimeout:
    """The exception for a wait that was too long."""
    return httpx.ReadTimeout(f"the application sent nothing for {read_timeout(request):g} seconds", request=request)


def response_of(
    answer: Answer, stream: httpx.SyncByteStream | httpx.AsyncByteStream, options: Options
) -> httpx.Response:
    """The httpx response for ``answer``, whose body is ``stream``."""
    extensions = {"http_version": f"HTTP/{options.http_version}".encode(), "trailers": [], **answer.extensions}
    return httpx.Response(answer.status, headers=answer.headers, stream=stream, extensions=extensions)
