"""ETagResponseMixin: validators, caching directives, and the answer to a conditional request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from .._checks import check_type
from .._exceptions import HTTPException, PreconditionFailed, RequestedRangeNotSatisfiable
from .._problem import document
from ..fields._cache_control import ResponseCacheControl
from ..fields._dates import http_date, parse_date, utc_now
from ..fields._descriptors import header_field, live_field
from ..fields._etags import quote_etag, unquote_etag
from ..fields._ranges import ContentRange
from ..structures._environ_headers import EnvironHeaders
from ..structures._scope_headers import ScopeHeaders
from .base import BaseResponse
from .conditional import SAFE, Conditions, Representation, RequestLike, decide
from .encoding import encode
from .range_bodies import AsyncCutBody, CutBody, PartsBody, Seekable
from .range_cutter import Plan, plan_ranges
from .vary import add_vary

__all__ = ["ETagResponseMixin", "head_of", "make_conditional_on"]

#: the fields that describe the representation, say how long it is fresh, or sign it. An error in its place has none.
_OF_REPRESENTATION: Final = (
    "Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Range", "Content-Disposition",
    "Content-Location", "Content-Digest", "Content-MD5", "Repr-Digest", "Digest", "ETag", "Last-Modified",
    "Age", "Cache-Control", "Surrogate-Control", "Expires", "Pragma", "Signature", "Signature-Input",
)  # fmt: skip
#: the fields with a digest of the body, which that of a part or of no body is not (RFC 9530 section 2)
_OF_WHOLE_BODY: Final = ("Content-Digest", "Content-MD5")


class ETagResponseMixin(BaseResponse):
    """Entity tags, conditional answers, ranges."""

    cache_control = live_field("Cache-Control", ResponseCacheControl, doc="Directives (RFC 9111 section 5.2.2).")
    accept_ranges = header_field("Accept-Ranges", doc="``bytes`` or ``none`` (RFC 9110 section 14.3).")
    content_range = live_field("Content-Range", ContentRange, doc="Which part this is (RFC 9110 section 14.4).")

    def get_etag(self) -> tuple[str, bool] | tuple[None, None]:
        """The opaque tag and whether it is weak; ``(None, None)`` without one."""
        return unquote_etag(self.headers.get("ETag"))

    def set_etag(self, etag: str, weak: bool = False) -> None:
        """Set the ETag (RFC 9110 section 8.8.3); raises :exc:`ValueError` for quotes and control characters in it."""
        check_type("weak", weak, bool, "a bool")
        self.headers["ETag"] = quote_etag(etag, weak)

    def add_etag(self, overwrite: bool = False, weak: bool = False) -> None:
        """Set an ETag made from the body, which is collected for this, unless there is an ETag already."""
        check_type("overwrite", overwrite, bool, "a bool")
        if overwrite or "ETag" not in self.headers:
            from hashlib import blake2b

            self.set_etag(blake2b(self.get_data(), digest_size=16, usedforsecurity=False).hexdigest(), weak)

    def _finish_frozen(self, no_etag: bool) -> None:
        super()._finish_frozen(no_etag)
        if not no_etag:
            self.add_etag()

    def make_conditional(
        self,
        request_or_environ: RequestLike | Mapping[str, Any],
        accept_ranges: bool | str = False,
        complete_length: int | None = None,
    ) -> Self:
        """Make this the answer to a conditional request, which may ask for a 304, 412, 206 or 416 in place of a 200.

        Takes a request, an environ or a scope. For methods other than GET, HEAD and QUERY nothing changes.
        ``accept_ranges`` (True means ``"bytes"``) is announced. Ranges are served to GET (RFC 9110 section 14.2) if the
        length is known: the body is buffered, the body has a length, or ``complete_length`` is given. Ranges of a
        streamed body are cut out while it is sent. Sets Date, and Content-Length if it is known. Returns the response
        itself.
        """
        method, headers = head_of(request_or_environ)
        if method in SAFE:
            if "Date" not in self.headers:
                self.headers["Date"] = http_date(utc_now())
            self._make_conditional(
                method, headers, "bytes" if accept_ranges is True else accept_ranges, complete_length
            )
        return self

    def _make_conditional(
        self, method: str, headers: Mapping[str, Any], unit: str | Literal[False], complete_length: int | None = None
    ) -> None:
        length = self._complete_length(complete_length)
        if length is not None and self.automatically_set_content_length and "Content-Length" not in self.headers:
            self._write_length(length)
        if unit:
            self.accept_ranges = unit
        there = Representation(
            status=self.status_code,
            etag=self.headers.get("ETag"),
            last_modified=parse_date(self.headers.get("Last-Modified")),
            length=length if unit == "bytes" else None,
            any_order=self.is_sequence or hasattr(self._iterable, "ranged"),
            date=parse_date(self.headers.get("Date")),
        )
        decision = decide(method, Conditions.from_headers(headers), there)
        if decision.status == 206:
            assert length is not None
            coding = self.headers.get("Content-Encoding")
            self._become_partial(plan_ranges(decision.ranges, length, self.content_type, coding))
        elif decision.status == 304:
            self.status_code = 304
            self._drop_digests()
        elif decision.status is not None:
            self._become_error(decision.status, length, headers)

    def _complete_length(self, given: int | None) -> int | None:
        if given is not None:
            return given
        if self._body is None and hasattr(self._iterable, "ranged"):
            length: int = self._iterable.length
            return length
        return self._buffered_length()

    def _become_partial(self, plan: Plan) -> None:
        self.status_code = 206
        headers = self.headers
        headers["Content-Range"] = plan.content_range
        headers["Content-Length"] = plan.length
        headers["Content-Type"] = plan.content_type
        if len(plan.pieces) > 1:
            headers.remove("Content-Encoding")
        self._drop_digests()
        self._own_length = None
        if self.is_sequence:
            data = self._body if self._body is not None else b"".join(map(encode, self._iterable))
            pieces = [piece.prefix + data[piece.start : piece.stop] for piece in plan.pieces]
            self._set_bytes(b"".join([*pieces, plan.suffix]))
            return
        source = self._iterable
        if isinstance(source, Seekable):
            self._iterable = PartsBody(source, plan) if len(plan.pieces) > 1 else _ranged(source, plan)
        else:
            self._iterable = AsyncCutBody(source, plan) if self.is_async else CutBody(source, plan)

    def _drop_digests(self) -> None:
        """Remove the digests of the whole body, which are not those of what is sent."""
        for name in _OF_WHOLE_BODY:
            self.headers.remove(name)
            if self._trailers:
                self._trailers.pop(name, None)

    def _become_error(self, status: int, length: int | None, asked: Mapping[str, Any]) -> None:
        headers = self.headers
        for name in [*_OF_REPRESENTATION, *(name for name in headers if name.lower().endswith("-cache-control"))]:
            headers.remove(name)
        if self._trailers:
            self._trailers.clear()
        self._own_length = None
        self.status_code = status
        self.direct_passthrough = False
        error = _error_of(status, length)
        headers.update(error.get_headers())
        self.content_type, body = document(error, _Asked(asked))
        add_vary(headers, "Accept")
        self.set_data(body)


def _error_of(status: int, length: int | None) -> HTTPException:
    return PreconditionFailed() if status == 412 else RequestedRangeNotSatisfiable(length=length)


class _Asked:
    """The header fields of a request, from which :func:`document` selects the format of an error."""

    def __init__(self, headers: Mapping[str, Any]) -> None:
        self.headers = headers


def _ranged(source: Seekable, plan: Plan) -> Any:
    return source.ranged(plan.pieces[0].start, plan.pieces[0].stop)


def head_of(request_or_environ: RequestLike | Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    """Return the method and the headers of a request, of a WSGI environ or of an ASGI scope."""
    request: Any = request_or_environ
    if hasattr(request, "headers"):
        return request.method, request.headers
    if not isinstance(request, Mapping):
        raise TypeError(f"got {type(request).__name__}, expected a request, a WSGI environ or an ASGI scope")
    if "REQUEST_METHOD" in request:
        return request["REQUEST_METHOD"], EnvironHeaders(request)
    if "method" not in request:
        raise TypeError("got a mapping without a method, expected a WSGI environ or an ASGI scope")
    return request["method"], ScopeHeaders(request.get("headers") or ())


def make_conditional_on(
    response: ETagResponseMixin, method: str, headers: Mapping[str, Any], unit: str | Literal[False]
) -> None:
    """Do what :meth:`ETagResponseMixin.make_conditional` does, without a Date field: the server sets that.

    ``method`` and ``headers`` are those of the request. ``unit`` is the unit of the ranges that the body can give;
    False if it gives none.
    """
    response._make_conditional(method, headers, unit)
