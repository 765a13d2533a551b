"""``werkzeug.sansio.response``: the head of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .... import core

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from http import HTTPStatus

__all__ = ["Response"]


class Response(core.Response):
    """Status and header fields of a response, without a body.

    A framework keeps a body of its own in ``response``, and sets the Content-Length.

    >>> response = Response(404, mimetype="text/html")
    >>> response.status, response.content_type, response.content_length
    ('404 Not Found', 'text/html; charset=utf-8', None)
    """

    if not TYPE_CHECKING:
        response = None  # a plain attribute, for whatever the framework puts there

    def __init__(
        self,
        status: int | str | HTTPStatus | None = None,
        headers: Mapping[str, str | Iterable[str]] | Iterable[tuple[str, str]] | None = None,
        mimetype: str | None = None,
        content_type: str | None = None,
    ) -> None:
        nothing: Any = iter(())  # a body whose length is not known
        super().__init__(nothing, status, headers, mimetype, content_type)


def __dir__() -> list[str]:
    return sorted(__all__)
