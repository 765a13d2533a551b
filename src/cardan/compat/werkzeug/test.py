"""``werkzeug.test``: environs from values, and a client for WSGI applications. It does not need httpx.

New tests use :mod:`cardan.testing`, whose client serves both protocols.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, overload
from urllib.parse import SplitResult, urljoin, urlsplit

from ...core.fields._dates import utc_now
from ...core.fields._syntax import parse_integer
from ...datastructures import Headers
from ...http import dump_cookie, parse_cookie, parse_date
from ...wsgi._calling import call_app
from ._values import ValuesBuilder, encode_multipart, stream_encode_multipart
from .wrappers import BaseRequest, Request, Response

if TYPE_CHECKING:
    from datetime import datetime
    from wsgiref.types import WSGIApplication, WSGIEnvironment


__all__ = [
    "Client",
    "ClientRedirectError",
    "Cookie",
    "EnvironBuilder",
    "TestResponse",
    "create_environ",
    "encode_multipart",
    "run_wsgi_app",
    "stream_encode_multipart",
]

R = TypeVar("R", bound=BaseRequest)

REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})


# --- environs ---


class EnvironBuilder(ValuesBuilder):
    """Makes environs and requests from values. The parameters are also attributes, which can be changed.

    ``path`` may have a query, and ``base_url`` gives scheme, host and the path under which the application is mounted.
    ``query_string`` is text or a mapping, which is then in ``args``. ``data`` is the body: text, bytes or a binary
    file; or a mapping, whose texts become ``form`` and whose files become ``files``. A file is a binary file or a tuple
    ``(file, filename[, content_type])``. ``json`` is a value that is sent as JSON. ``auth`` is a pair of user and
    password, or an object with ``to_header()``. ``environ_base`` has defaults for the environ, and
    ``environ_overrides`` replaces values of it.

    Raises :exc:`TypeError` if two of ``data``, ``json`` and ``input_stream`` are given, and :exc:`ValueError` if two
    queries are given.

    >>> builder = EnvironBuilder("/notes?page=2", method="POST", data={"title": "a b"})
    >>> request = builder.get_request()
    >>> request.args["page"], request.form["title"]
    ('2', 'a b')
    """

    request_class: ClassVar[type[Request]] = Request

    @overload
    def get_request(self, cls: None = None) -> Request: ...
    @overload
    def get_request(self, cls: type[R]) -> R: ...
    def get_request(self, cls: type[BaseRequest] | None = None) -> BaseRequest:
        """A request of the class ``cls``, by default of ``request_class``."""
        return (cls or self.request_class)(self.get_environ())


def create_environ(*args: Any, **kwargs: Any) -> WSGIEnvironment:
    """A new environ. The arguments are those of :class:`EnvironBuilder`."""
    builder = EnvironBuilder(*args, **kwargs)
    try:
        return builder.get_environ()
    finally:
        builder.close()


# --- the client ---


def run_wsgi_app(
    app: WSGIApplication, environ: WSGIEnvironment | BaseRequest, buffered: bool = False
) -> tuple[Iterable[bytes], str, Headers]:
    """Call an application. Returns the body, the status line and the header fields.

    ``environ`` may also be a request; it is copied. With ``buffered`` the whole body is read, and closed. Otherwise the
    body has to be closed.
    """
    values = environ.environ if isinstance(environ, BaseRequest) else environ
    status, headers, body = call_app(app, dict(values))
    try:
        fields = Headers(headers)
        if not buffered:
            return body, status, fields
        chunks = list(body)
    except BaseException:
        body.close()
        raise
    body.close()
    return chunks, status, fields


class TestResponse(Response):
    """What :class:`Client` gives: a response with the ``request``, and the ``history`` of redirects before it."""

    __test__ = False  # pytest: this is no test
    default_mimetype = None

    def __init__(
        self,
        response: Iterable[bytes],
        status: str,
        headers: Headers,
        request: BaseRequest,
        history: tuple[TestResponse, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(response, status, headers, **kwargs)
        self.request = request
        self.history = history

    @property
    def text(self) -> str:
        """The body as text."""
        return self.get_data(as_text=True)


class ClientRedirectError(Exception):
    """A redirect leads to a URL from which the client was redirected before."""


@dataclass
class Cookie:
    """A cookie that a :class:`Client` keeps. ``key`` and ``value`` are as they were sent."""

    key: str
    value: str
    decoded_key: str
    decoded_value: str
    expires: datetime | None
    max_age: int | None
    domain: str
    origin_only: bool
    path: str
    secure: bool
    http_only: bool
    same_site: str | None

    @classmethod
    def from_header(cls, header: str, domain: str, path: str) -> Cookie:
        """The cookie of a Set-Cookie field that was sent by ``domain`` in answer to a request for ``path``.

        Attributes are read as browsers do (RFC 6265 section 5.2): one with a value that is not valid is ignored.
        """
        pair, _, rest = header.partition(";")
        key, _, value = pair.partition("=")
        decoded_key, decoded_value = next(iter(parse_cookie(pair).items()), (key.strip(), value.strip()))
        attributes: dict[str, str | None] = {}
        for attribute in rest.split(";"):
            name, equals, text = attribute.partition("=")
            attributes[name.strip().lower()] = text.strip() if equals else None
        age = attributes.get("max-age") or ""
        seconds = parse_integer(age.removeprefix("-"))
        own_domain = (attributes.get("domain") or "").removeprefix(".").lower()
        own_path = attributes.get("path") or ""
        return cls(
            key.strip(), value.strip(), decoded_key, decoded_value, parse_date(attributes.get("expires")),
            -seconds if seconds is not None and age[0] == "-" else seconds, own_domain or domain, not own_domain,
            own_path if own_path[:1] == "/" else path.rpartition("/")[0] or "/",
            "secure" in attributes, "httponly" in attributes, attributes.get("samesite"),
        )  # fmt: skip

    @property
    def is_deleted(self) -> bool:
        """Whether the server has deleted the cookie: its time is over. Max-Age counts before Expires (RFC 6265
        section 5.3).
        """
        if self.max_age is not None:
            return self.max_age <= 0
        return self.expires is not None and self.expires <= utc_now()

    def is_sent_to(self, domain: str, path: str) -> bool:
        """Whether the cookie is sent with a request to this domain and path (RFC 6265 section 5.4)."""
        own = self.domain.lstrip(".")
        same = domain == own or (not self.origin_only and domain.endswith(f".{own}"))
        return same and (path == self.path or path.startswith(self.path.rstrip("/") + "/"))


class Client:
    """A client that calls a WSGI application in this process.

    The responses are of :class:`TestResponse`, or of a subclass of both it and ``response_wrapper``. With
    ``use_cookies`` it keeps the cookies of responses. ``allow_subdomain_redirects`` lets it follow redirects to
    subdomains.

    ::

        client = Client(application)
        response = client.post("/notes", data={"title": "a"}, follow_redirects=True)
        assert response.status_code == 200
    """

    def __init__(
        self,
        application: Any,
        response_wrapper: type[Response] | None = None,
        use_cookies: bool = True,
        allow_subdomain_redirects: bool = False,
    ) -> None:
        self.application = application
        if response_wrapper is None or issubclass(TestResponse, response_wrapper):
            response_wrapper = TestResponse
        elif not issubclass(response_wrapper, TestResponse):
            response_wrapper = type("WrapperTestResponse", (TestResponse, response_wrapper), {})
        self.response_wrapper = cast("type[TestResponse]", response_wrapper)
        self.allow_subdomain_redirects = allow_subdomain_redirects
        self._cookies: dict[tuple[str, str, str], Cookie] | None = {} if use_cookies else None

    # --- cookies ---

    def get_cookie(self, key: str, domain: str = "localhost", path: str = "/") -> Cookie | None:
        """The cookie with this name that was set for exactly this domain and path; None if there is none."""
        return self._kept.get((domain, path, key))

    def set_cookie(
        self,
        key: str,
        value: str = "",
        *,
        domain: str = "localhost",
        origin_only: bool = True,
        path: str = "/",
        **kwargs: Any,
    ) -> None:
        """Keep a cookie, as if a response had set it. ``kwargs`` are other arguments of ``dump_cookie``.

        It is sent to subdomains of ``domain``, too, unless ``origin_only``.
        """
        cookie = Cookie.from_header(dump_cookie(key, value, path=path, **kwargs), domain, path)
        cookie.origin_only = origin_only
        self._keep(cookie)

    def delete_cookie(self, key: str, *, domain: str = "localhost", path: str = "/") -> None:
        """Delete a cookie if it is there."""
        self._kept.pop((domain, path, key), None)

    @property
    def _kept(self) -> dict[tuple[str, str, str], Cookie]:
        if self._cookies is None:
            raise TypeError("this client keeps no cookies, expected one made with use_cookies=True")
        return self._cookies

    def _keep(self, cookie: Cookie) -> None:
        key = (cookie.domain, cookie.path, cookie.decoded_key)
        if cookie.is_deleted:
            self._kept.pop(key, None)
        else:
            self._kept[key] = cookie

    # --- requests ---

    def open(self, *args: Any, buffered: bool = False, follow_redirects: bool = False, **kwargs: Any) -> TestResponse:
        """Send a request. The arguments are those of :class:`EnvironBuilder`, or one builder, environ or request.

        ``buffered`` reads the whole body and closes it. ``follow_redirects`` follows redirects; the responses before
        the last one are in its ``history``.
        """
        response = self._send(self._request_of(args, kwargs), buffered)
        seen: set[tuple[str | None, int]] = set()
        history: list[TestResponse] = []
        while follow_redirects and response.status_code in REDIRECTS:
            if not buffered:
                response.make_sequence()
                response.close()
            step = response.location, response.status_code
            if step in seen:
                raise ClientRedirectError(f"got a second redirect {step[1]} to {step[0]}, expected each at most once")
            seen.add(step)
            response.history = tuple(history)
            history.append(response)
            response = self.resolve_redirect(response, buffered)
        response.history = tuple(history)
        return response

    def _request_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> BaseRequest:
        if len(args) == 1 and not kwargs:
            given = args[0]
            if isinstance(given, BaseRequest):
                return given
            if isinstance(given, dict):
                given = EnvironBuilder.from_environ(given)
            if isinstance(given, EnvironBuilder):
                return given.get_request()
            if not isinstance(given, str):
                kind = f"{type(given).__module__}.{type(given).__qualname__}"
                raise TypeError(f"got {kind}, expected a path, an environ, or a request or builder of cardan")
        builder = EnvironBuilder(*args, **kwargs)
        try:
            return builder.get_request()
        finally:
            builder.close()

    def _send(self, request: BaseRequest, buffered: bool) -> TestResponse:
        body, status, headers = self.run_wsgi_app(request.environ, buffered)
        return self.response_wrapper(body, status, headers, request=request)

    def run_wsgi_app(self, environ: WSGIEnvironment, buffered: bool = False) -> tuple[Iterable[bytes], str, Headers]:
        """Call the application with the cookies that are kept. Returns body, status line and header fields."""
        self._add_cookies_to_wsgi(environ)
        body, status, headers = run_wsgi_app(self.application, environ, buffered)
        url = _url_of(environ)
        self._update_cookies_from_response(url.hostname or "localhost", url.path, headers.getlist("Set-Cookie"))
        return body, status, headers

    def resolve_redirect(self, response: TestResponse, buffered: bool = False) -> TestResponse:
        """Follow the redirect of ``response``, by :meth:`open`: a subclass may have its own."""
        return self.open(self._redirected(response), buffered=buffered)

    # these two have the names of Werkzeug's: subclasses call them, Flask's for example

    def _add_cookies_to_wsgi(self, environ: WSGIEnvironment) -> None:
        """Set the Cookie field of ``environ`` to the cookies that are sent to its URL."""
        if self._cookies is None:
            return
        url = _url_of(environ)
        domain = url.hostname or "localhost"
        sent = [
            f"{cookie.key}={cookie.value}" for cookie in self._cookies.values() if cookie.is_sent_to(domain, url.path)
        ]
        if sent:
            environ["HTTP_COOKIE"] = "; ".join(sent)
        else:
            environ.pop("HTTP_COOKIE", None)

    def _update_cookies_from_response(self, server_name: str, path: str, headers: list[str]) -> None:
        """Keep the cookies of the Set-Cookie fields ``headers``, which ``server_name`` has sent for ``path``."""
        if self._cookies is not None:
            for header in headers:
                self._keep(Cookie.from_header(header, server_name, path))

    def _redirected(self, response: TestResponse) -> EnvironBuilder:
        """A builder of the request that follows a redirect."""
        before = EnvironBuilder.from_environ(response.request.environ)
        url = urlsplit(urljoin(before.base_url + before.path.lstrip("/"), response.location or ""))
        host, name = url.hostname or "", before.server_name
        if host != name:
            if not host.endswith(f".{name}"):
                raise RuntimeError(f"got a redirect to {host!r}, expected one to {name!r}: no other host is asked")
            if not self.allow_subdomain_redirects:
                raise RuntimeError(f"got a redirect to {host!r}, expected allow_subdomain_redirects=True for that")
        before.url_scheme, before.host = url.scheme, url.netloc.rpartition("@")[2]
        root = before.script_root
        if url.path == root or url.path.startswith(f"{root}/"):
            before.path = url.path[len(root) :] or "/"
        else:
            before.path, before.script_root = url.path, ""
        before.query_string = url.query
        before.request_uri = before.path + (f"?{url.query}" if url.query else "")
        if response.status_code not in (307, 308):
            if before.method != "HEAD":
                before.method = "GET"
            before.input_stream = None
            before.content_type = before.content_length = None
            before.headers.remove("Transfer-Encoding")
        elif before.input_stream is not None and before.input_stream.seekable():
            before.input_stream.seek(0)
        return before

    def get(self, *args: Any, **kw: Any) -> TestResponse:
        """:meth:`open` with the method GET."""
        return self.open(*args, **{**kw, "method": "GET"})

    def post(self, *args: Any, **kw: Any) -> TestResponse:
        """:meth:`open` with the method POST."""
        return self.open(*args, **{**kw, "method": "POST"})

    def put(self, *args: Any, **kw: Any) -> TestResponse:
        """:meth:`open` with the method PUT."""
        return self.open(*args, **{**kw, "method": "PUT"})

    def delete(self, *args: Any, **kw: Any) -> TestResponse:
        """:meth:`open` with the method DELETE."""
        return self.open(*args, **{**kw, "method": "DELETE"})

    def patch(self, *args: Any, **kw: Any) -> TestResponse:
        """:meth:`open` with the method PATCH."""
        return self.open(*args, **{**kw, "method": "PATCH"})

    def options(self, *args: Any, **kw: Any) -> TestResponse:
        """:meth:`open` with the method OPTIONS."""
        return self.open(*args, **{**kw, "method": "OPTIONS"})

    def head(self, *args: Any, **kw: Any) -> TestResponse:
        """:meth:`open` with the method HEAD."""
        return self.open(*args, **{**kw, "method": "HEAD"})

    def trace(self, *args: Any, **kw: Any) -> TestResponse:
        """:meth:`open` with the method TRACE."""
        return self.open(*args, **{**kw, "method": "TRACE"})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.application!r}>"


def _url_of(environ: WSGIEnvironment) -> SplitResult:
    return urlsplit(Request(environ, populate_request=False).url)


def __dir__() -> list[str]:
    return sorted(__all__)
