"""redirect(): a response that sends the client elsewhere (RFC 9110 section 15.4)."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from .._status import PHRASES
from .response import Response as CoreResponse

__all__ = ["redirect"]

R = TypeVar("R", bound=CoreResponse)

_CODES = frozenset({201, 301, 302, 303, 305, 307, 308})


@overload
def redirect(location: str, code: int = ..., Response: None = ...) -> CoreResponse: ...
@overload
def redirect(location: str, code: int = ..., *, Response: type[R]) -> R: ...
@overload
def redirect(location: str, code: int, Response: type[R]) -> R: ...
def redirect(location: str, code: int = 302, Response: Any = None) -> Any:
    """Return a response that redirects to ``location``, a URI or an IRI, relative or absolute.

    ``code`` is 301, 302, 303, 305, 307 or 308, or 201 for a resource that was created. ``Response`` is the class of the
    response. 303 asks for a GET, 307 and 308 for the same method again. Raises :exc:`ValueError` for another code, and
    for a location that cannot be encoded. It does not check where ``location`` leads: check an address that a user
    gave.
    """
    if code not in _CODES:
        raise ValueError(f"got redirect status {code}, expected one of {sorted(_CODES)}")
    from html import escape  # imports a table of all entities, which few programs need

    shown = escape(location)
    page = (
        f"<!doctype html>\n<html lang=en>\n<title>{PHRASES[code]}</title>\n<h1>{PHRASES[code]}</h1>\n"
        f'<p>You are being sent to <a href="{shown}">{shown}</a>.</p>\n'
    )
    response = (Response or CoreResponse)(page, code, mimetype="text/html")
    response.location = location
    return response
