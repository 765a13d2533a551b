"""Responses that are made of what another application has sent: a status, header fields and a body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from .base import BaseResponse

    R = TypeVar("R", bound=BaseResponse)

__all__ = ["response_of", "without_length"]


def response_of(
    cls: type[R],
    body: Any,
    status: str | int,
    headers: list[tuple[str, str]],
    close: Callable[[], object] | None = None,
) -> R:
    """A response with exactly the fields that an application gave. Without a Content-Type among them, it has none.

    If ``cls`` raises, because of a status or a field that must not be sent for example, ``close()`` is called: no
    response closes what the application has begun.
    """
    try:
        response = cls(body, status, headers)
    except BaseException:
        if close is not None:
            close()
        raise
    if not any(name.lower() == "content-type" for name, _ in headers):
        response.headers.remove("Content-Type")
    return response


def without_length(response: BaseResponse, method: str | None, *, lacks_bytes: bool = False) -> None:
    """Send no Content-Length of an empty body that another application has given in answer to a HEAD.

    The application may leave out the body that it gives in answer to a GET, whose length a Content-Length has to be
    (RFC 9110 section 8.6). So it is with a body that ``lacks_bytes`` which were dropped. A length that the application
    has declared is sent.
    """
    if method == "HEAD" and response.is_sequence and (lacks_bytes or not response.get_data()):
        response.automatically_set_content_length = False
        response.response = []  # takes back the length of a body of bytes
