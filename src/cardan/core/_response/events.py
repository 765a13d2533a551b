"""Server-sent events (WHATWG HTML section 9.2) and newline-delimited JSON, made from sync and async iterables.

Takes events, text, and values that JSON can represent; gives UTF-8, each event in one chunk. Raises :exc:`ValueError`
for a field that contains a line break, which would end the field. No task is started. Closing a body closes the
generator of the application at once.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, Any, Final

from .._closing import aclose_all
from .._pickling import slots_state
from .encoding import closer
from .json_body import json_bytes

__all__ = ["AsyncEncodedBody", "EncodedBody", "ServerSentEvent", "encode_event", "encoded_body", "seconds"]

#: a comment, which every client ignores (section 9.2.6); it keeps proxies from closing a silent connection
KEEP_ALIVE: Final = b":\n\n"

# the three line ends of an event stream (section 9.2.5); str.splitlines() knows ten more
_line_ends = re.compile("\r\n|\r|\n").split
#: JSON has no form for it, and a copy and a pickle of an event keep it
_NO_DATA: Any = ...

#: what a timedelta can say, 2.7 million years
_MOST_SECONDS: Final = timedelta.max.total_seconds()
_ends_field = re.compile("[\r\n\0\ud800-\udfff]").search


class ServerSentEvent:
    """One event: ``data`` is text, or a value that JSON can represent.

    The browser sends ``id`` back as Last-Event-ID when it connects again; ``""`` makes it forget the id. ``event`` is
    the type of the event; the default is ``message``. ``retry``, in seconds or as a timedelta, tells the browser how
    long to wait before it connects again. Clients ignore ``comment``. Raises :exc:`ValueError` for an id or event
    with CR, LF, NUL (which browsers ignore) or a lone surrogate, and for a negative ``retry``. Browsers do not dispatch
    an event without data. Raises :exc:`TypeError` for values of other types; data that JSON cannot represent is an
    error when the event is sent. An attribute that is set later is checked, too.
    """

    __module__ = "cardan"
    __slots__ = ("comment", "data", "event", "id", "retry")
    __getstate__ = slots_state

    data: object
    event: str | None
    id: str | None
    retry: float | None
    comment: str | None

    def __init__(
        self,
        data: object = _NO_DATA,
        *,
        event: str | None = None,
        id: str | None = None,
        retry: float | timedelta | None = None,
        comment: str | None = None,
    ) -> None:
        put = object.__setattr__  # events are made in large numbers, and __setattr__() takes several times as long
        put(self, "data", data)
        put(self, "event", event if event is None else _one_line("event", event))
        put(self, "id", id if id is None else _one_line("id", id))
        put(self, "retry", seconds("retry", retry))
        put(self, "comment", comment if comment is None else _text("comment", comment))

    if not TYPE_CHECKING:  # a checker that saw this method would accept the assignment of any name

        def __setattr__(self, name: str, value: Any) -> None:
            check = _CHECKS.get(name)
            object.__setattr__(self, name, value if check is None else check(name, value))

    def encode(self, dumps: Callable[[Any], bytes] = json_bytes) -> bytes:
        """The event as bytes, with the empty line that ends it; ``dumps`` writes JSON."""
        lines: list[str] = []
        if self.comment is not None:
            lines += [f": {line}" for line in _line_ends(self.comment)]
        if self.retry is not None:
            lines.append(f"retry: {round(self.retry * 1000)}")  # the stream has milliseconds
        if self.event is not None:
            lines.append(f"event: {self.event}")
        if self.id is not None:
            lines.append(f"id: {self.id}")
        if self.data is not _NO_DATA:
            lines += _data_lines(self.data, dumps)
        return _joined(lines)

    def _fields(self) -> tuple[object, ...]:
        return self.data, self.event, self.id, self.retry, self.comment

    def __eq__(self, other: object) -> bool:
        return self._fields() == other._fields() if isinstance(other, ServerSentEvent) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it can be changed, and so can its data

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.encode()!r}>"


def _data_lines(data: object, dumps: Callable[[Any], bytes]) -> list[str]:
    text = data if isinstance(data, str) else dumps(data).decode()
    return [f"data: {line}" for line in _line_ends(text)]


def _joined(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


def _text(name: str, text: str | None) -> str | None:
    if text is not None and not isinstance(text, str):
        raise TypeError(f"got {name} of type {type(text).__name__}, expected a str")
    return text


def _one_line(name: str, text: str | None) -> str | None:
    found = _text(name, text)
    if found is not None and _ends_field(found):
        raise ValueError(f"got {name} {text!r}, expected no CR, LF, NUL and lone surrogates")
    return found


def seconds(name: str, value: float | timedelta | None) -> float | None:
    """A duration in seconds; None stays None. ``name`` is that of the parameter.

    Raises :exc:`TypeError` for a value of another type, and :exc:`ValueError` if it is negative or not finite.
    """
    if value is None:
        return None
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if not isinstance(number, (int, float)):
        raise TypeError(f"got {name} {value!r}, expected a number of seconds or a timedelta")
    if not 0 <= number < inf:
        raise ValueError(f"got {name} {value!r}, expected a duration that is finite and not below zero")
    if number > _MOST_SECONDS:  # neither milliseconds nor a clock can say it
        raise ValueError(f"got {name} {value!r}, expected a duration of at most {_MOST_SECONDS:.0f} seconds")
    return number


#: what checks the attributes of an event, also those that are set after it was made
_CHECKS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "event": _one_line, "id": _one_line, "retry": seconds, "comment": _text,
}  # fmt: skip


def encode_event(item: Any, dumps: Callable[[Any], bytes] = json_bytes) -> bytes:
    """One item of a stream as bytes. An item that is not an event becomes the data of an event."""
    return item.encode(dumps) if isinstance(item, ServerSentEvent) else _joined(_data_lines(item, dumps))


class EncodedBody:
    """The chunk ``first``, then ``change(item)`` for each item of a sync iterable, which is closed once."""

    def __init__(self, source: Iterable[Any], change: Callable[[Any], bytes], first: bytes = b"") -> None:
        self._source = source
        self._change = change
        self._first = (first,) if first else ()
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return chain(self._first, map(self._change, self._source))

    def close(self) -> None:
        """Close the iterable, also if no item was taken from it."""
        if not self._closed:
            self._closed = True
            close = closer(self._source, False)
            if close is not None:
                close()


class AsyncEncodedBody:
    """The chunk ``first``, then ``change(item)`` for each item of an async iterable; see :class:`EncodedBody`."""

    def __init__(self, source: AsyncIterable[Any], change: Callable[[Any], bytes], first: bytes = b"") -> None:
        self._source = source
        self._change = change
        self._first = first
        self._closed = False

    def __aiter__(self) -> _AsyncSteps:
        return _AsyncSteps(self)

    async def aclose(self) -> None:
        """Close the iterable, also if no item was taken from it."""
        if not self._closed:
            self._closed = True
            close = closer(self._source, True)
            await aclose_all([close] if close is not None else [])


class _AsyncSteps(AsyncIterator[bytes]):
    """One pass over an :class:`AsyncEncodedBody`."""

    __slots__ = ("_body", "_first", "_steps")

    def __init__(self, body: AsyncEncodedBody) -> None:
        self._body = body
        self._first = body._first
        self._steps = aiter(body._source)

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        return self._body._change(await self._steps.__anext__())

    async def aclose(self) -> None:
        """End this pass. If the iterable is its own iterator, this closes the iterable."""
        if self._steps is self._body._source:
            await self._body.aclose()
        else:
            close = closer(self._steps, True)
            await aclose_all([close] if close is not None else [])


def encoded_body(source: Any, change: Callable[[Any], bytes], first: bytes = b"") -> EncodedBody | AsyncEncodedBody:
    """``source``, sync or async, as a body that gives ``change(item)`` for each item.

    Raises :exc:`TypeError` if it is no iterable of items. A mapping is none: only its keys would be sent.
    """
    if isinstance(source, AsyncIterable):
        return AsyncEncodedBody(source, change, first)
    if isinstance(source, Iterable) and not isinstance(source, (str, bytes, bytearray, memoryview, Mapping)):
        return EncodedBody(source, change, first)
    raise TypeError(f"got {type(source).__name__}, expected an iterable or an async iterable of items")
