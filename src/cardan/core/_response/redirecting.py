"""redirect(): a response that sends the client elsewhere (RFC 9110 section 15.4)."""

from __future__ import annotations

from typing import TypeVar, overload

from .._checks import check_type
from .._status import PHRASES
from .._urls import reference_to_uri
from .response import Response as CoreResponse

__all__ = ["redirect"]

R = TypeVar("R", bound=CoreResponse)

_STATUSES = frozenset({201, 301, 302, 303, 305, 307, 308})


@overload
def redirect(location: str, status: int = ...) -> CoreResponse: ...
@overload
def redirect(location: str, status: int = ..., *, response_class: type[R]) -> R: ...
def redirect(location: str, status: int = 302, *, response_class: type[CoreResponse] = CoreResponse) -> CoreResponse:
    """Return a response that redirects to ``location``, a URI or an IRI, relative or absolute.

    ``status`` is 301, 302, 303, 305, 307 or 308, or 201 for a resource that was created. 303 asks for a GET, 307 and
    308 for the same method again. ``response_class`` is the class of the response. Raises :exc:`ValueError` for another
    status, and for a location that cannot be encoded. It does not check where ``location`` leads: check an address that
    a user gave.
    """
    check_type("location", location, str, "a URI or an IRI as a str")
    if not (isinstance(response_class, type) and issubclass(response_class, CoreResponse)):
        raise TypeError(f"got response_class = {response_class!r}, expected a class of responses")
    check_type("status", status, int, "an int")
    if status not in _STATUSES:
        raise ValueError(f"got redirect status {status!r}, expected one of {sorted(_STATUSES)}")
    uri = reference_to_uri(location)  # raises ValueError, also for text that the page could not have
    from html import escape  # imports a table of all entities, which few programs need

    shown, target = escape(location), escape(uri)
    page = (
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
        '<meta name=viewport content="width=device-width, initial-scale=1">\n'
        '<meta name=color-scheme content="light dark">\n'
        f"<title>{PHRASES[status]}</title>\n<h1>{PHRASES[status]}</h1>\n"
        f'<p>You are being sent to <a href="{target}">{shown}</a>.</p>\n'
    )
    response = response_class(page, status, mimetype="text/html")
    response.location = uri
    return response
