"""RequestBuilder: one set of arguments, made into an environ, a scope, core's head, or an httpx request.

For tests of what takes a request directly; to test an application, use `cardan.testing.Client`. Runs nothing.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

from ._httpx import httpx
from .bodies import NOTHING, encode_body, pairs_of, text_pairs
from .opening import DEFAULT_PORTS, Opening

if TYPE_CHECKING:
    from ..core.request.head import RequestHead

__all__ = [
    "RequestBuilder",
    "auth_field",
    "content_length",
    "cookie_field",
    "merge",
    "raw_fields",
    "split_target",
    "split_url",
    "to_bytes",
]

PATH_SAFE = "/%:;=@!$&'()*+,~"  # RFC 3986, section 3.3; a % is taken for an escape
QUERY_SAFE = PATH_SAFE + "?[]"


class RequestBuilder:
    """A request as values. What is computed is in ``opening`` (the head) and ``body`` (bytes), and can be changed.

    ``path``: text, with what a URL does not allow percent-encoded, a ``?`` beginning the query where ``query_string``
    is None, or a whole URL; or bytes, taken as they are. ``base_url``: scheme, host and, as its path, where the
    application is mounted (or ``root_path``, decoded). ``query_string``: text, bytes, a mapping (lists give several
    values) or pairs. ``headers``: mapping or pairs of text (Latin-1, else UTF-8) or bytes; they win over what follows
    from the other arguments. ``data``: bytes, text, a file or an iterable of bytes; a mapping is a ``form``.
    ``form``: mapping or pairs, urlencoded, or multipart with ``files``: mapping or pairs of content, or of
    ``(filename, content[, content_type[, headers]])``. ``json``: any JSON value. ``auth``: user and password, or the
    text of the field. ``cookies``: mapping or pairs.

    Content-Length is sent with a body, and without one as 0 on POST, PUT and PATCH, unless the headers have it or a
    Transfer-Encoding. Raises TypeError for two kinds of body at once.
    """

    def __init__(
        self,
        path: str | bytes = "/",
        *,
        base_url: str | None = None,
        query_string: Any = None,
        method: str = "GET",
        headers: Any = None,
        data: Any = None,
        form: Any = None,
        files: Any = None,
        json: Any = NOTHING,
        auth: tuple[str, str] | str | None = None,
        cookies: Any = None,
        content_type: str | None = None,
        root_path: str | None = None,
        http_version: str = "1.1",
        client: tuple[str, int] = ("127.0.0.1", 49152),
    ) -> None:
        base, path = split_url(path, base_url)
        root = unquote(base.path).rstrip("/") if root_path is None else root_path
        raw_path, query = split_target(path, query_string)
        body, body_type = encode_body(data, form, files, json)
        fields = raw_fields(headers)
        computed = {
            "Host": base.netloc.rpartition("@")[2] or "testserver",
            "Content-Type": content_type or body_type,
            "Content-Length": content_length(method, body, fields),
            "Authorization": auth_field(auth),
            "Cookie": cookie_field(cookies),
        }
        self.body = body or b""
        self.opening = Opening(
            method=method,
            raw_path=quote(root, safe=PATH_SAFE.replace("%", "")).encode() + raw_path,
            query_string=query,
            headers=merge(computed, fields),
            scheme=base.scheme or "http",
            http_version=http_version,
            root_path=root,
            server=(base.hostname or "testserver", base.port or DEFAULT_PORTS.get(base.scheme, 80)),
            client=client,
        )

    def environ(self, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A new WSGI environ, with the body in ``wsgi.input``; ``overrides`` are put over it."""
        environ = self.opening.environ()
        environ["wsgi.input"] = io.BytesIO(self.body)
        environ.update(overrides or {})
        return environ

    def scope(self, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A new ASGI scope; ``overrides`` are put over it."""
        return self.opening.scope(overrides)

    def receive(self, size: int | None = None) -> Callable[[], Awaitable[dict[str, Any]]]:
        """A new ``receive``: the body in messages of ``size`` bytes (None: in one), then http.disconnect."""
        step = size or len(self.body) or 1
        pieces = [self.body[at : at + step] for at in range(0, len(self.body), step)] or [b""]
        messages = iter([(piece, number < len(pieces)) for number, piece in enumerate(pieces, 1)])

        async def receive() -> dict[str, Any]:
            for body, more_body in messages:
                return {"type": "http.request", "body": body, "more_body": more_body}
            return {"type": "http.disconnect"}

        return receive

    def head(self) -> RequestHead:
        """Core's RequestHead; the body is ``body``."""
        return self.opening.head()

    def request(self) -> httpx.Request:
        """A request for ``Client.send``, which gives the application the same values."""
        opening = self.opening
        target = opening.raw_path + (b"?" + opening.query_string if opening.query_string else b"")
        url = f"{opening.scheme}://{opening.server[0]}:{opening.server[1]}/"
        if ":" in opening.server[0]:
            url = f"{opening.scheme}://[{opening.server[0]}]:{opening.server[1]}/"
        request = httpx.Request(opening.method, url, content=self.body, extensions={"target": target})
        request.headers = httpx.Headers(opening.headers)
        return request


def split_url(path: str | bytes, base_url: str | None) -> tuple[SplitResult, str | bytes]:
    """The base URL, and the path below it; a ``path`` that is a whole URL brings both."""
    if isinstance(path, str) and base_url is None and path.lower().startswith(("http://", "https://")):
        url = urlsplit(path)
        base_url = f"{url.scheme}://{url.netloc}"
        path = path[len(base_url) :] or "/"
    return urlsplit(base_url or "http://testserver"), path


def split_target(path: str | bytes, query_string: Any) -> tuple[bytes, bytes]:
    """The encoded path and query of the request target."""
    raw_path = path if isinstance(path, bytes) else quote(path, safe=PATH_SAFE + "?[]").encode()
    if query_string is None:
        raw_path, _, query = raw_path.partition(b"?")
    elif isinstance(query_string, bytes):
        query = query_string
    elif isinstance(query_string, str):
        query = quote(query_string, safe=QUERY_SAFE).encode()
    else:
        query = urlencode(text_pairs(pairs_of(query_string))).encode()
    return (raw_path if isinstance(path, bytes) else raw_path.replace(b"?", b"%3F")), query


def merge(computed: dict[str, str | None], fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The fields that were computed, where none of that name was given, then those."""
    given = {name.lower() for name, _ in fields}
    own = raw_fields([(name, value) for name, value in computed.items() if value is not None])
    return [pair for pair in own if pair[0].lower() not in given] + fields


def raw_fields(headers: Any) -> list[tuple[bytes, bytes]]:
    """Header fields as bytes."""
    items = pairs_of(headers) if isinstance(headers, dict) else getattr(headers, "items", lambda: headers or ())()
    return [(to_bytes(name), to_bytes(value)) for name, value in items]


def to_bytes(text: str | bytes) -> bytes:
    """Latin-1 where that can be, else UTF-8."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def content_length(method: str, body: bytes | None, fields: list[tuple[bytes, bytes]]) -> str | None:
    """The Content-Length that a client would send."""
    if any(name.lower() == b"transfer-encoding" for name, _ in fields):
        return None
    if body is None and method.upper() not in ("POST", "PUT", "PATCH"):
        return None
    return str(len(body or b""))


def auth_field(auth: Any) -> str | None:
    """Authorization: Basic for a pair (RFC 7617, UTF-8), text as it is, else its ``to_header()``."""
    if isinstance(auth, tuple):
        return "Basic " + base64.b64encode(":".join(auth).encode()).decode("ascii")
    return auth if auth is None or isinstance(auth, str) else str(auth.to_header())


def cookie_field(cookies: Any) -> str | None:
    """Cookie: names and values as they are."""
    return "; ".join(f"{name}={value}" for name, value in pairs_of(cookies)) if cookies else None
