"""Calling a WSGI application (PEP 3333): gives its status, header fields and body, including what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..core._buffers import as_bytes
from ..core._response.finalizer import ContentLengthError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["AppBody", "Sends", "Written", "call_app"]


class Written(list[bytes]):
    """What an application has written, and nobody has sent yet."""

    is_over = False
    """Whether the body has ended, so that nothing more can be written."""

    def take(self) -> list[bytes]:
        """Take what is there. Another thread of the application may be writing meanwhile."""
        return [self.pop(0) for _ in range(len(self))]


class AppBody:
    """The body of an application: what it wrote, then its iterable. Closing it closes the iterable, once."""

    def __init__(
        self, written: Written, chunks: Iterator[bytes], close: Callable[[], Any] | None, is_list: bool
    ) -> None:
        self._written = written
        self._chunks = chunks
        self._close = close
        self._is_list = is_list
        self._steps: Iterator[bytes] | None = None
        self._first = b""

    @classmethod
    def begun(cls, first: bytes, written: Written) -> AppBody:
        """The body of an application that has written ``first``, and has not returned its iterable."""
        body = cls(written, iter(()), None, False)
        body._first = first
        return body

    def go_on(self, rest: AppBody) -> None:
        """Go on with what the application has returned at last."""
        self._chunks, self._close = rest._chunks, rest._close

    def fail(self, error: BaseException) -> None:
        """Fail with ``error``, which the application has raised, when what was written has been sent."""
        self._chunks = _raising([error])

    def take_whole(self, length: int | None) -> bytes | None:
        """The whole body, if it can be had at once; else None, and nothing is lost.

        It can be had if the application gave a list, or if its next chunk has the declared ``length``. In the second
        case :meth:`finish` has to be called when the response was sent.
        """
        if self._is_list:
            data = b"".join(self)
            if length in (None, len(data)):
                return data
            self._chunks = iter([data])
            self._steps = None
            return None
        if length is None or self._written:
            return None
        chunk = next(self._chunks, b"")
        if len(chunk) == length and not self._written:
            return chunk
        self._chunks = _after([chunk], self._chunks)
        return None

    def begin(self) -> None:
        """Take the first chunk, which is there, and keep it for :meth:`take_first`, or for the iteration."""
        self._first = next(filter(None, self), b"")

    def take_first(self) -> bytes:
        """The first chunk, if it was kept and not taken; else ``b""``."""
        first, self._first = self._first, b""
        return first

    @property
    def needs_end(self) -> bool:
        """Whether code of the application still has to run after :meth:`take_whole`."""
        return not self._is_list or self._close is not None

    def finish(self) -> None:
        """Run the iterable to its end and close it, after :meth:`take_whole`.

        Raises :exc:`ContentLengthError` if it gives more than was declared.
        """
        try:
            if any(self):
                raise ContentLengthError("got more bytes from a WSGI application than its Content-Length declares")
        finally:
            self.close()

    def __iter__(self) -> Iterator[bytes]:
        if self._steps is None:
            self._steps = self._run()
        return _after([first], self._steps) if (first := self.take_first()) else self._steps

    def _run(self) -> Iterator[bytes]:
        while True:
            yield from self._written.take()
            try:
                chunk = next(self._chunks)
            except StopIteration:
                break
            yield from self._written.take()  # what was written comes before what is yielded afterwards
            yield chunk
            del chunk  # not kept while the next one is made
        yield from self._written.take()
        self._written.is_over = True

    def close(self) -> None:
        """Close the application's iterable."""
        self._written.is_over = True
        # they refer to this body: an error by its traceback, a generator by its frame
        self._chunks, self._steps = iter(()), None
        close, self._close = self._close, None
        if close is not None:
            close()


def _after(first: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    """``first``, which is emptied, then ``rest``. A chain would keep what it has given."""
    while first:
        yield first.pop(0)
    for chunk in rest:  # "yield from" would call close() of the iterable of an application once more
        yield chunk
        del chunk


def _raising(errors: list[BaseException]) -> Iterator[bytes]:
    raise errors.pop()
    yield


class Sends(Protocol):
    """Sends what an application writes, before the application returns."""

    def __call__(self, status: str, headers: list[tuple[str, str]], data: bytes, written: Written, /) -> bool:
        """Send ``data``, which is not empty. False if it has to be kept in ``written`` instead.

        Raises an :exc:`OSError` if the client has left, and :exc:`ValueError` for a head that cannot be sent.
        """
        ...


class _Start:
    """``start_response``, as an application sees it."""

    def __init__(self, sends: Sends | None) -> None:
        self.status: str | None = None
        self.headers: list[tuple[str, str]] = []
        self.written = Written()
        self.sent = False
        """Whether bytes of the body were given, so that the head cannot be replaced."""
        self._sends = sends

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        try:
            if exc_info is not None and self.sent:
                raise exc_info[1].with_traceback(exc_info[2])
        finally:
            done, exc_info = exc_info is not None, None  # its traceback refers to this frame: a reference cycle
        if self.status is not None and not done:
            raise RuntimeError("got a second start_response() without exc_info, expected one (PEP 3333)")
        self.status, self.headers = status, list(headers)
        return self._write

    def _write(self, data: bytes, /) -> None:
        """The ``write()`` of PEP 3333."""
        data = as_bytes(data)
        if self.written.is_over:
            raise RuntimeError("got write() after the end of the response, expected it before the application returns")
        if data:
            if self._sends is None or not self._sends(self.status or "", self.headers, data, self.written):
                self.written.append(data)
            self.sent = True  # not if the head cannot be sent


def call_app(
    app: Callable[..., Iterable[bytes]],
    environ: dict[str, Any],
    before_body: Callable[[], object] | None = None,
    sends: Sends | None = None,
) -> tuple[str, list[tuple[str, str]], AppBody]:
    """Call ``app``; give its status line, its header fields and its body. The caller has to close the body.

    An application may call ``start_response`` as late as for its first item, and replace the head until it gives the
    first bytes (PEP 3333, "Error Handling"), so that these are read as well. ``before_body()`` is called before that,
    if ``start_response`` was called, because the first bytes of a stream may take long. ``sends`` sends what the
    application writes before it returns; without it, the body keeps that. Raises the errors of the application,
    :exc:`RuntimeError` if it never calls ``start_response``, and :exc:`TypeError` for an item of text.
    """
    start = _Start(sends)
    iterable = app(environ, start)
    close = getattr(iterable, "close", None)
    is_list = isinstance(iterable, (list, tuple))
    first: list[bytes] = []
    try:
        chunks: Iterator[bytes] = map(as_bytes, iterable)
        if before_body is not None and start.status is not None and not is_list:
            before_body()
        while start.status is None or not (is_list or start.sent or (first and first[-1])):
            try:
                first.append(next(chunks))
            except StopIteration:
                if start.status is not None:  # a generator that yields nothing
                    chunks = iter(())  # the iterator is not asked a second time for its end
                    break
                raise RuntimeError(
                    "got no call of start_response(), expected one before the body's first item"
                ) from None
        start.sent = True
    except BaseException:
        if close is not None:
            close()
        raise
    return (
        start.status or "",
        start.headers,
        AppBody(start.written, _after(first, chunks), close, is_list),
    )
