"""Response: :class:`BaseResponse` with every mixin, and methods that make a response from a value or a stream."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from .base import BaseResponse, ResponseStatus
from .etag import ETagResponseMixin
from .events import KEEP_ALIVE, ServerSentEvent, encode_event, encoded_body, seconds
from .json_body import json_bytes, json_line
from .mixins import CommonResponseDescriptorsMixin, CORSResponseMixin, SecurityPolicyMixin, WWWAuthenticateMixin
from .stream import ResponseStreamMixin

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping
    from datetime import timedelta

__all__ = ["Response"]

#: the fields of a stream: no-store, because each stream differs; X-Accel-Buffering, because nginx would collect it
_LIVE: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Response(
    CommonResponseDescriptorsMixin,
    ETagResponseMixin,
    ResponseStreamMixin,
    WWWAuthenticateMixin,
    CORSResponseMixin,
    SecurityPolicyMixin,
    BaseResponse,
):
    """The response to use."""

    __module__ = "cardan.core"

    @classmethod
    def from_json(
        cls,
        obj: object,
        /,
        status: ResponseStatus = 200,
        headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
        *,
        dumps: Callable[[Any], str | bytes] | None = None,
        default: Callable[[Any], Any] | None = None,
    ) -> Self:
        """``obj`` as ``application/json`` (RFC 8259), in UTF-8, written by ``dumps`` or ``json_module.dumps``.

        ``default`` is called with each value that JSON cannot represent, such as a datetime, and returns one to write
        in its place. Without it such a value is a :exc:`TypeError`. NaN and Infinity are a :exc:`ValueError`. If
        another ``json_module`` or ``dumps`` is used, that decides about such values; ``json_module.dumps`` is called
        with ``default``, too. Raises :exc:`TypeError` if both ``dumps`` and ``default`` are given.

        >>> from datetime import date
        >>> Response.from_json({"day": date(2026, 11, 29)}, default=str).data
        b'{"day":"2026-11-29"}'
        """
        data = json_bytes(obj, cls.json_module, dumps, default)
        return cls(data, status, headers, content_type="application/json")

    @classmethod
    def from_events(
        cls,
        it: Iterable[Any] | AsyncIterable[Any],
        /,
        *,
        keep_alive: float | timedelta | None = 15,
        retry: float | timedelta | None = None,
        default: Callable[[Any], Any] | None = None,
    ) -> Self:
        """A stream of server-sent events (WHATWG HTML section 9.2) from a sync or async iterable.

        An item is a :class:`ServerSentEvent`, text, or any value that JSON can represent. After a silence of
        ``keep_alive`` a comment is sent; None means never. (For a sync iterable on WSGI no comment is sent, because its
        thread is busy.) ``retry`` is the time after which the client shall connect again. Both are numbers of seconds
        or timedeltas. ``default`` writes what JSON cannot represent, as for :meth:`from_json`. The iterable is closed
        when the client leaves, also if it was never started.
        """
        first = b"" if retry is None else ServerSentEvent(retry=retry).encode()
        change = partial(encode_event, dumps=partial(json_bytes, module=cls.json_module, default=default))
        body = encoded_body(it, change, first)
        response = cls(body, headers=_LIVE, content_type="text/event-stream; charset=utf-8")
        response.keep_alive = seconds("keep_alive", keep_alive)
        response._keep_alive_chunk = KEEP_ALIVE
        return response

    @classmethod
    def from_ndjson(
        cls, it: Iterable[Any] | AsyncIterable[Any], /, *, default: Callable[[Any], Any] | None = None
    ) -> Self:
        """A stream of JSON texts, one for each line (``application/x-ndjson``), from a sync or async iterable.

        Line ends that ``json_module`` writes between the members of a value become spaces, so that a value is one line.
        ``default`` writes what JSON cannot represent, as for :meth:`from_json`. As events, the lines are not stored by
        caches (``Cache-Control``), and not held back by proxies (``X-Accel-Buffering``).
        """
        module = cls.json_module
        body = encoded_body(it, lambda item: json_line(json_bytes(item, module, None, default)))
        return cls(body, headers=_LIVE, content_type="application/x-ndjson")
