"""Errors of other libraries that know their response, for example those of ``werkzeug.routing``."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

from .._request import BaseRequest
from .._response import Response
from ..core._checks import check_type
from ..core._exceptions import HTTPException, default_exceptions
from ..core._response.of_application import response_of
from ..wsgi._calling import call_app
from ._delegation import environ_of

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

__all__ = ["ForeignError", "foreign_error"]


class ForeignError(Protocol):
    """An exception that knows its status and its response, which is a WSGI application."""

    @property
    def code(self) -> int | None:
        """The status code."""
        ...

    def get_response(self, environ: dict[str, Any], /) -> WSGIApplication:
        """The response for an environ (PEP 3333)."""
        ...


def foreign_error(error: ForeignError, request: BaseRequest) -> HTTPException:
    """Return the HTTPException for an error of another library, such as what ``werkzeug.routing`` raises.

    ``error`` has a ``code``, and a ``get_response(environ)`` that returns a WSGI application. The result has the class
    of this code and the response of ``error``. Return it from :meth:`Application.resolve`: then middleware sees the
    response, and :meth:`Application.on_error` gets the error::

        def resolve(self, request):
            try:
                endpoint, values = urls.bind("shop.example").match(request.path, request.method)
            except werkzeug.exceptions.HTTPException as error:
                return foreign_error(error, request)
            return partial(VIEWS[endpoint], **values)

    Raises :exc:`TypeError` for an error that has no ``code`` or no ``get_response``.
    """
    if not (hasattr(error, "code") and callable(getattr(error, "get_response", None))):
        kind = type(error)
        raise TypeError(
            f"got an error of type {kind.__module__}.{kind.__qualname__}, expected one with a code and get_response(),"
            " as those of Werkzeug have"
        )
    check_type("request", request, BaseRequest, "a request")
    # The response to a HEAD is cut when it is sent. An error page has no use for the body of the request.
    environ = {**environ_of(request), "REQUEST_METHOD": "GET", "wsgi.input": BytesIO()}
    status, headers, body = call_app(error.get_response(environ), environ)
    try:
        data = b"".join(body)
    finally:
        body.close()
    cls = default_exceptions.get(error.code or 0, HTTPException)
    found = cls(response=response_of(Response, data, status, headers))
    if cls is HTTPException:
        found.__dict__["code"] = error.code
    return found
