"""EnvironHead: the head of a request in a WSGI environ (PEP 3333). Each value is decoded when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core._request.head import port_of, rooted, without_authority
from ..core.structures._environ_headers import EnvironHeaders

if TYPE_CHECKING:
    from ..core.structures._headers import HeadersView

__all__ = ["EnvironHead", "decode", "encode", "query_of"]


def decode(value: str) -> str:
    """Decode a string of an environ: PEP 3333 puts bytes into it as latin-1, and the bytes are UTF-8.

    Bytes that are not UTF-8 become U+FFFD.
    """
    return value if value.isascii() else value.encode("latin-1", "replace").decode("utf-8", "replace")


def encode(text: str) -> str:
    """``text`` as a string of an environ: the bytes of UTF-8, decoded as latin-1 (PEP 3333)."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("latin-1")


def query_of(environ: dict[str, Any]) -> bytes:
    """QUERY_STRING as bytes, still encoded."""
    query: str = environ.get("QUERY_STRING", "")
    return query.encode("latin-1", "replace")


class EnvironHead:
    """The head of a WSGI request. It has the attributes of :class:`~cardan.core.RequestHead`."""

    __module__ = "cardan.wsgi"
    __slots__ = ("environ",)

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ

    @property
    def method(self) -> str:
        """REQUEST_METHOD."""
        method: str = self.environ["REQUEST_METHOD"]
        return method

    @property
    def path(self) -> str:
        """PATH_INFO, decoded as UTF-8."""
        path = decode(self.environ.get("PATH_INFO", ""))
        return path if path[:1] == "/" else without_authority(path)

    @property
    def query_string(self) -> bytes:
        """QUERY_STRING as bytes."""
        return query_of(self.environ)

    @property
    def headers(self) -> HeadersView:
        """A view over the HTTP_ variables."""
        return EnvironHeaders(self.environ)

    @property
    def scheme(self) -> str:
        """``wsgi.url_scheme``."""
        scheme: str = self.environ.get("wsgi.url_scheme", "http")
        return scheme

    @property
    def http_version(self) -> str:
        """SERVER_PROTOCOL as ``1.0``, ``1.1``, ``2`` or ``3``."""
        version: str = self.environ.get("SERVER_PROTOCOL", "HTTP/1.1").partition("/")[2]
        return version[:1] if version[:1] in ("2", "3") else version or "1.1"

    @property
    def root_path(self) -> str:
        """SCRIPT_NAME, decoded as UTF-8, without a slash at its end."""
        return rooted(decode(self.environ.get("SCRIPT_NAME", "")))

    @property
    def raw_path(self) -> bytes | None:
        """The path of RAW_URI or REQUEST_URI, which some servers set; None on other servers."""
        target: str | None = self.environ.get("RAW_URI") or self.environ.get("REQUEST_URI")
        path = without_authority((target or "").partition("?")[0])
        return path.encode("latin-1", "replace") if path.startswith("/") else None

    @property
    def server(self) -> tuple[str, int | None] | None:
        """SERVER_NAME, without the brackets of an IPv6 address (RFC 3875 section 4.1.14), and SERVER_PORT."""
        name: str | None = self.environ.get("SERVER_NAME")
        if name and name[0] == "[":
            name = name.strip("[]")
        return (name, port_of(self.environ.get("SERVER_PORT"))) if name else None

    @property
    def client(self) -> tuple[str, int] | None:
        """REMOTE_ADDR and REMOTE_PORT; the port is 0 if the server does not tell it."""
        address: str | None = self.environ.get("REMOTE_ADDR")
        return (address, port_of(self.environ.get("REMOTE_PORT")) or 0) if address else None

    @property
    def remote_user(self) -> str | None:
        """REMOTE_USER (RFC 3875 section 4.1.11)."""
        user: str | None = self.environ.get("REMOTE_USER")
        return user or None

    @property
    def concurrency(self) -> tuple[bool, bool, bool]:
        """``wsgi.multithread``, ``wsgi.multiprocess``, ``wsgi.run_once``."""
        get = self.environ.get
        return bool(get("wsgi.multithread")), bool(get("wsgi.multiprocess")), bool(get("wsgi.run_once"))
