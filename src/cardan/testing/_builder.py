"""RequestBuilder makes an environ, a scope, core's `RequestHead` or an httpx request from the same arguments.

It is for testing code that takes one of these. To test an application, use `cardan.testing.Client`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

from ..core._checks import check_type
from ..core._urls import DEFAULT_PORTS, iri_to_uri
from ._bodies import NOTHING, Content, Values, encode_body, is_multipart, pairs_of, text_pairs
from ._opening import Opening, check_connection

if TYPE_CHECKING:
    import httpx

    from ..core._request.head import RequestHead

__all__ = [
    "Fields",
    "RequestBuilder",
    "SupportsHeader",
    "SupportsItems",
    "auth_field",
    "content_length",
    "cookie_field",
    "merge",
    "raw_fields",
    "split_target",
    "split_url",
    "to_bytes",
]

PATH_SAFE = "/%:;=@!$&'()*+,~"  # RFC 3986, section 3.3; a % is assumed to begin an escape
QUERY_SAFE = PATH_SAFE + "?[]"


class SupportsItems(Protocol):
    """A container of header fields, such as `cardan.datastructures.Headers`."""

    def items(self) -> Iterable[tuple[str, str]]:
        """The names and values of all fields."""
        ...


class SupportsHeader(Protocol):
    """An object that can be the value of a header field, such as `cardan.datastructures.Authorization`."""

    def to_header(self) -> str:
        """The text of the field."""
        ...


Fields: TypeAlias = Mapping[str, str] | SupportsItems | Iterable[tuple[str | bytes, str | bytes]]
"""Header fields: a mapping, another container with ``items()``, or pairs of text or bytes."""


class RequestBuilder:
    """A request, described by values.

    The result is stored in two attributes, which can be changed: ``opening`` (everything before the body) and ``body``
    (bytes).

    - ``path``: bytes are used unchanged. Characters of a text that a URL does not allow are percent-encoded. A ``?``
      begins the query, and a ``#`` in a text the fragment, which is dropped, because clients do not send it. The text
      may also be a whole URL.
    - ``base_url``: scheme and host, without query and fragment. Its path is the path under which the application is
      mounted; ``root_path``, which is not percent-encoded, takes precedence over it.
    - ``query_string``, if ``path`` has no query: text, bytes, a mapping (a list stands for several values), or pairs.
    - ``headers``: a mapping or pairs of text or bytes. Text is encoded as Latin-1 if possible, otherwise as UTF-8.
      These fields take precedence over those that follow from the other arguments.
    - ``data``: bytes, text, a file or an iterable of bytes. A mapping is treated as a ``form``.
    - ``form``: a mapping or pairs. It is urlencoded. It is multipart if there are ``files``, or if that is the
      ``content_type``, which then gets the boundary.
    - ``files``: a mapping or pairs, whose values are the content of a file or a tuple
      ``(filename, content[, content_type[, headers]])``.
    - ``json``: any JSON value.
    - ``auth``: user and password, or the text of the Authorization field, or an object with ``to_header()``.
    - ``cookies``: a mapping or pairs.

    Content-Length is sent with every body, and as 0 if a POST, PUT or PATCH has no body. It is not sent if ``headers``
    contains Content-Length or Transfer-Encoding.

    Raises TypeError if two kinds of body are given at once, and for values of other types. Raises ValueError for a port
    above 65535, for a query that is given twice or in ``base_url``, and for text that is no version of HTTP.

    >>> builder = RequestBuilder("/notes?page=2", method="POST", form={"title": "a b"})
    >>> builder.body
    b'title=a+b'
    >>> builder.environ()["QUERY_STRING"]
    'page=2'
    """

    __module__ = "cardan.testing"

    def __init__(
        self,
        path: str | bytes = "/",
        base_url: str | None = None,
        query_string: str | bytes | Values | None = None,
        method: str = "GET",
        *,
        headers: Fields | None = None,
        data: Content | Mapping[str, object] | None = None,
        form: Values | None = None,
        files: Values | None = None,
        json: object = NOTHING,
        auth: tuple[str, str] | str | SupportsHeader | None = None,
        cookies: Values | None = None,
        content_type: str | None = None,
        root_path: str | None = None,
        http_version: str = "1.1",
        client: tuple[str, int] = ("127.0.0.1", 49152),
    ) -> None:
        check_type("path", path, (str, bytes), "a str or bytes")
        check_type("base_url", base_url, (str, NoneType), "a str or None")
        check_type("method", method, str, "a str")
        check_type("root_path", root_path, (str, NoneType), "a str or None")
        check_connection(client, http_version)
        base, path = split_url(path, base_url)
        port = base.port  # split_url() has refused what is none
        root = unquote(base.path).rstrip("/") if root_path is None else root_path
        raw_path, query = split_target(path, query_string)
        multipart = is_multipart(content_type)
        body, body_type = encode_body(data, form, files, json, multipart=multipart)
        if multipart and body_type is not None:
            content_type = body_type  # with the boundary
        fields = raw_fields(headers)
        computed = {
            "Host": base.netloc.rpartition("@")[2] or "testserver",
            "Content-Type": content_type or body_type,
            "Content-Length": content_length(method, body, fields),
            "Authorization": auth_field(auth),
            "Cookie": cookie_field(cookies),
        }
        self.body: bytes = body or b""
        """The body, as it is sent."""
        self.opening: Opening = Opening(
            method=method,
            # clients send "/" for an empty path (RFC 9112 section 3.2.1)
            raw_path=quote(root, safe=PATH_SAFE.replace("%", "")).encode() + raw_path or b"/",
            query_string=query,
            headers=merge(computed, fields),
            scheme=base.scheme or "http",
            http_version=http_version,
            root_path=root,
            server=(base.hostname or "testserver", port or DEFAULT_PORTS.get(base.scheme, 80)),
            client=client,
        )
        """The request line, the header fields and what the server says, from which each request is made."""

    def environ(self, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A new WSGI environ with the body in ``wsgi.input``. ``overrides`` replace or add keys."""
        environ = self.opening.environ()
        environ["wsgi.input"] = io.BytesIO(self.body)
        environ.update(overrides or {})
        return environ

    def scope(self, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A new ASGI scope. ``overrides`` replace or add keys."""
        return self.opening.scope(overrides)

    def receive(self, size: int | None = None) -> Callable[[], Awaitable[dict[str, Any]]]:
        """A new ASGI ``receive``. It gives the body in messages of ``size`` bytes, and then `http.disconnect`.

        If ``size`` is None, the whole body is one message. Raises :exc:`ValueError` for a size below 1.
        """
        if size is not None and size < 1:
            raise ValueError(f"got size {size}, expected at least 1 byte")
        step = size or len(self.body) or 1
        pieces = [self.body[at : at + step] for at in range(0, len(self.body), step)] or [b""]
        messages = iter([(piece, number < len(pieces)) for number, piece in enumerate(pieces, 1)])

        async def receive() -> dict[str, Any]:
            for body, more_body in messages:
                return {"type": "http.request", "body": body, "more_body": more_body}
            return {"type": "http.disconnect"}

        return receive

    def head(self) -> RequestHead:
        """Core's `RequestHead`, for ``cardan.core.Request(builder.head(), builder.body)``."""
        return self.opening.head()

    def request(self) -> httpx.Request:
        """An httpx request for ``Client.send``. The application gets the same values from it. Needs httpx."""
        from ._httpx import httpx

        opening = self.opening
        target = opening.raw_path + (b"?" + opening.query_string if opening.query_string else b"")
        url = f"{opening.scheme}://{opening.server[0]}:{opening.server[1]}/"
        if ":" in opening.server[0]:
            url = f"{opening.scheme}://[{opening.server[0]}]:{opening.server[1]}/"
        request = httpx.Request(opening.method, url, content=self.body, extensions={"target": target})
        request.headers = httpx.Headers(opening.headers)
        return request


def split_url(path: str | bytes, base_url: str | None) -> tuple[SplitResult, str | bytes]:
    """The base URL and the path. Both come from ``path`` if it is a whole URL and there is no ``base_url``."""
    if isinstance(path, str) and base_url is None and path.lower().startswith(("http://", "https://")):
        url = urlsplit(path)
        base_url = f"{url.scheme}://{url.netloc}"
        path = path[len(base_url) :] or "/"
    base = urlsplit(iri_to_uri(base_url or "http://testserver"))
    if base.query or base.fragment:
        raise ValueError(f"got base_url = {base_url!r}, expected one without query and fragment")
    return base, path


def split_target(path: str | bytes, query_string: str | bytes | Values | None) -> tuple[bytes, bytes]:
    """The path and the query of the request target, both encoded."""
    if query_string is not None and ("?" if isinstance(path, str) else b"?") in path:  # type: ignore[operator]
        raise ValueError("got a query in path and a query_string, expected one of them")
    raw_path = path if isinstance(path, bytes) else quote(path.partition("#")[0], safe=PATH_SAFE + "?[]").encode()
    if query_string is None:
        raw_path, _, query = raw_path.partition(b"?")
    elif isinstance(query_string, bytes):
        query = query_string
    elif isinstance(query_string, str):
        query = quote(query_string, safe=QUERY_SAFE).encode()
    else:
        query = urlencode(text_pairs(pairs_of(query_string))).encode()
    return raw_path, query


def merge(computed: dict[str, str | None], fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The fields in ``computed`` whose names do not occur in ``fields``, followed by ``fields``."""
    given = {name.lower() for name, _ in fields}
    own = raw_fields([(name, value) for name, value in computed.items() if value is not None])
    return [pair for pair in own if pair[0].lower() not in given] + fields


def raw_fields(headers: Fields | None) -> list[tuple[bytes, bytes]]:
    """Header fields as bytes. Raises TypeError for anything but a mapping or pairs of text or bytes."""
    if isinstance(headers, dict):
        items: Iterable[tuple[str | bytes, str | bytes]] = pairs_of(headers)
    elif hasattr(headers, "items"):
        items = cast("SupportsItems", headers).items()
    else:
        items = pairs_of(headers if headers is not None else ())
    return [(to_bytes(name), to_bytes(value)) for name, value in items]


def to_bytes(text: str | bytes) -> bytes:
    """``text`` in Latin-1 if this is possible, otherwise in UTF-8; bytes are returned unchanged."""
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"got {text!r} in a header field, expected a str or bytes")
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


def auth_field(auth: tuple[str, str] | str | SupportsHeader | None) -> str | None:
    """The value of Authorization.

    A pair of user and password gives Basic (RFC 7617, in UTF-8). Text is used unchanged. Any other object gives its
    ``to_header()``.
    """
    if isinstance(auth, tuple):
        return "Basic " + base64.b64encode(":".join(auth).encode()).decode("ascii")
    if auth is None or isinstance(auth, str):
        return auth
    if not hasattr(auth, "to_header"):
        raise TypeError(f"got auth = {auth!r}, expected a str, a tuple of user and password, or an Authorization")
    return str(auth.to_header())


def cookie_field(cookies: Values | None) -> str | None:
    """The value of Cookie. Names and values are not encoded."""
    return "; ".join(f"{name}={value}" for name, value in pairs_of(cookies)) if cookies else None
