"""PreparedResponse: a response with the header fields of an earlier one, which were checked when that one was made.

Checking the fields of a response takes longer than reading a small file. An application that answers with the same
fields again and again, such as one that serves the files of a folder, checks them once. The response may be changed: if
its fields, its status or the length of its body were changed, everything is checked as usual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..structures._headers import pairs_of, trusted_headers
from .base import BaseResponse
from .outgoing import WholeAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .finalizer import ResponseFinalizer

__all__ = ["PreparedFields", "PreparedResponse", "prepare"]


class PreparedFields(NamedTuple):
    """The header fields of a response with status 200 that declares the length of its body."""

    pairs: list[tuple[str, str]]
    """The fields as the program set them."""
    final: list[tuple[str, str]]
    """The fields as they are sent."""
    length: int
    """The Content-Length in bytes."""


class PreparedResponse(BaseResponse):
    """A response with status 200, a body of bytes, and fields that were checked before."""

    def __init__(self, fields: PreparedFields, body: bytes) -> None:
        super().__init__(body, 200)
        self._fields = fields
        self._headers = trusted_headers(fields.pairs.copy())

    def outgoing(
        self, method: str, request_url: Callable[[], str] | None = None, *, trailers_over: str | None = None
    ) -> WholeAnswer | ResponseFinalizer:
        """As :meth:`BaseResponse.outgoing`, without a check of the fields if nothing was changed."""
        answer = self._unchanged(method)
        return answer if answer is not None else super().outgoing(method, request_url, trailers_over=trailers_over)

    def _unchanged(self, method: str) -> WholeAnswer | None:
        """The fast path of :meth:`outgoing`: the fields as they were checked; None if anything was changed."""
        fields, headers, body = self._fields, self._headers, self._body
        if (
            method == "GET"
            and self._code == 200
            and body is not None
            and len(body) == fields.length
            and headers is not None
            and pairs_of(headers) == fields.pairs
            and not self.autocorrect_location_header
            and not self._trailers
        ):
            return WholeAnswer(200, fields.final.copy(), body)
        return None


def prepare(response: BaseResponse) -> PreparedFields | None:
    """The fields of ``response``, checked; None if its status is not 200 or it declares no length.

    Raises :exc:`ValueError` for a field that must not be sent.
    """
    length = response.headers.get("Content-Length")
    if response.status_code != 200 or length is None:
        return None
    outgoing = response.outgoing("GET")
    final = outgoing.headers if isinstance(outgoing, WholeAnswer) else outgoing.head.headers
    return PreparedFields(response.headers.to_wsgi_list(), list(final), int(length))
