"""``werkzeug.routing``: Werkzeug's own URL map, whose errors are those of cardan. Werkzeug has to be installed.

``except`` with the classes of :mod:`cardan.compat.werkzeug.exceptions` then finds what the map raises. All other names
are Werkzeug's.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

try:
    from werkzeug import exceptions as theirs
    from werkzeug import routing as original
    from werkzeug.routing import (
        AnyConverter,
        BaseConverter,
        BuildError,
        EndpointPrefix,
        FloatConverter,
        IntegerConverter,
        PathConverter,
        RoutingException,
        Rule,
        RuleFactory,
        RuleTemplate,
        Subdomain,
        Submount,
        UnicodeConverter,
        UUIDConverter,
        ValidationError,
    )
except ImportError:  # pragma: no cover: the tests have Werkzeug; a test in a process of its own has not
    raise ImportError("cardan.compat.werkzeug.routing needs Werkzeug: pip install werkzeug") from None

from ..._request import BaseRequest
from ..._response import Response, redirect
from ...datastructures import MultiDict
from .exceptions import BadHost, BadRequest, HTTPException, MethodNotAllowed, default_exceptions
from .wsgi import get_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from wsgiref.types import WSGIEnvironment

    from werkzeug.wrappers import Request

__all__ = [
    "AnyConverter",
    "BaseConverter",
    "BuildError",
    "EndpointPrefix",
    "FloatConverter",
    "IntegerConverter",
    "Map",
    "MapAdapter",
    "PathConverter",
    "RequestRedirect",
    "RoutingException",
    "Rule",
    "RuleFactory",
    "RuleTemplate",
    "Subdomain",
    "Submount",
    "UUIDConverter",
    "UnicodeConverter",
    "ValidationError",
    "WebsocketMismatch",
]


class RequestRedirect(HTTPException, RoutingException):
    """308: the map has the URL in another form, ``new_url``, to which the response redirects."""

    code = 308

    def __init__(self, new_url: str) -> None:
        super().__init__(new_url)
        self.new_url = new_url

    def get_response(self, request: object = None, scope: object = None, *, environ: object = None) -> Response:
        """The redirect. It does not depend on the parameters. Its status is ``code``, which can be set."""
        return redirect(self.new_url, self.code or 308)


class WebsocketMismatch(BadRequest):
    """400: the rule that matches is for WebSockets and the request is none, or the other way round."""


@contextmanager
def _own_errors() -> Iterator[None]:
    """Raise cardan's error in place of Werkzeug's."""
    try:
        yield
    except original.RequestRedirect as error:
        raise RequestRedirect(error.new_url) from None
    except theirs.MethodNotAllowed as error:
        raise MethodNotAllowed(error.valid_methods) from None
    except original.WebsocketMismatch:
        raise WebsocketMismatch from None
    except theirs.BadHost as error:
        raise BadHost(error.description) from None
    except theirs.HTTPException as error:
        own = default_exceptions.get(error.code or 0)
        if own is None:  # a class of the program
            raise
        raise own(error.description) from None


class MapAdapter(original.MapAdapter):
    """A map for one request; see ``werkzeug.routing.MapAdapter``. Its errors are those of cardan."""

    def dispatch(
        self,
        view_func: Callable[[Any, Mapping[str, Any]], Any],
        path_info: str | None = None,
        method: str | None = None,
        catch_http_exceptions: bool = False,
    ) -> Any:
        """Call ``view_func`` with the endpoint and the values of the URL. A redirect is returned.

        With ``catch_http_exceptions`` other HTTP errors are returned, too. They are applications.
        """
        try:
            endpoint, values = self.match(path_info, method)
            return view_func(endpoint, values)
        except HTTPException as error:
            if catch_http_exceptions or isinstance(error, RequestRedirect):
                return error
            raise

    def match(self, *args: Any, **options: Any) -> Any:
        """The endpoint and the values of the URL; see ``werkzeug.routing.MapAdapter.match``.

        Raises :exc:`NotFound`, :exc:`MethodNotAllowed` and :exc:`RequestRedirect`.
        """
        with _own_errors():
            return super().match(*args, **options)

    def build(self, endpoint: Any, values: Mapping[str, Any] | None = None, *args: Any, **options: Any) -> str:
        """The URL for an endpoint and values; see ``werkzeug.routing.MapAdapter.build``.

        A :class:`~cardan.datastructures.MultiDict` may have several values for a name, which make a query ``a=1&a=2``.
        """
        if isinstance(values, MultiDict):
            lists = values.lists()
            values = {name: several[0] if len(several) == 1 else several for name, several in lists if several}
        return super().build(endpoint, values, *args, **options)

    def test(self, path_info: str | None = None, method: str | None = None) -> bool:
        """Whether the map has the URL, possibly after a redirect."""
        try:
            self.match(path_info, method)
        except RequestRedirect:
            return True
        except HTTPException:
            return False
        return True

    def allowed_methods(self, path_info: str | None = None) -> Iterable[str]:
        """The methods for which the map has the URL."""
        try:
            self.match(path_info, method="--")
        except MethodNotAllowed as error:
            return error.valid_methods or []
        except HTTPException:
            pass
        return []


class Map(original.Map):
    """The rules for URLs; see ``werkzeug.routing.Map``. Its errors are those of cardan."""

    def bind(self, *args: Any, **options: Any) -> MapAdapter:
        """The map for one request; see ``werkzeug.routing.Map.bind``."""
        with _own_errors():
            return _own_adapter(super().bind(*args, **options))

    def bind_to_environ(
        self,
        environ: WSGIEnvironment | BaseRequest | Request,
        server_name: str | None = None,
        subdomain: str | None = None,
    ) -> MapAdapter:
        """The map for the request of an environ, or for a request, on WSGI or on ASGI."""
        values = environ if isinstance(environ, dict) else _environ_of(environ)
        if server_name and subdomain is None and not self.host_matching and _is_foreign(values, server_name):
            # Werkzeug's own warning would name this module, and not the program, for which a filter may be written
            name = get_host(values)
            warnings.warn(f"Current server name {name!r}, expected {server_name!r} or a subdomain of it", stacklevel=2)
            subdomain = "<invalid>"  # no rule has it
        with _own_errors():
            return _own_adapter(super().bind_to_environ(values, server_name, subdomain))


def _is_foreign(environ: WSGIEnvironment, server_name: str) -> bool:
    """Whether the host of the request is neither ``server_name`` nor a subdomain of it."""
    port = ":443" if environ.get("wsgi.url_scheme") in ("https", "wss") else ":80"
    known = server_name.lower().removesuffix(port)
    host = get_host(environ).lower()
    return host != known and not host.endswith(f".{known}")


def _own_adapter(known: original.MapAdapter) -> MapAdapter:
    return MapAdapter(
        known.map, known.server_name, known.script_name, known.subdomain, known.url_scheme, known.path_info,
        known.default_method, known.query_args,
    )  # fmt: skip


def _environ_of(request: BaseRequest | Request) -> WSGIEnvironment:
    """The environ of a request; on ASGI, what the map reads of one."""
    try:
        environ: WSGIEnvironment = request.environ
        return environ
    except AttributeError:
        assert isinstance(request, BaseRequest)
        head = request.head
        name, port = head.server or ("", None)
        host = request.headers.get("Host")
        return {
            **({} if host is None else {"HTTP_HOST": host}),  # without it the host is that of the server
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": head.root_path.encode().decode("latin-1"),
            "PATH_INFO": head.path.encode().decode("latin-1"),
            "QUERY_STRING": head.query_string.decode("latin-1"),
            "HTTP_UPGRADE": request.headers.get("Upgrade", ""),
            "HTTP_CONNECTION": request.headers.get("Connection", ""),
            "SERVER_NAME": name,
            "SERVER_PORT": str(port or ""),
            "wsgi.url_scheme": head.scheme,
        }


def __dir__() -> list[str]:
    return sorted(__all__)
