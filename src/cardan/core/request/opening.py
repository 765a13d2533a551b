"""OpenedBody: a request's body before anything is read of it: its shared state, mode, drivers, lengths, and its end.

Takes what the request class says of its body (:meth:`OpenedBody._open_body`); gives the shared :class:`Body`, and runs
routines by calling or by awaiting. Raises :exc:`BodyNotLoaded`, :exc:`WrongMode`, and :exc:`RuntimeError` for a
shallow request.
"""

from __future__ import annotations

from contextlib import nullcontext
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar

from ..drive import run
from ..exceptions import BadRequest, BodyNotLoaded, RequestEntityTooLarge, WrongMode
from ..forms.body_reader import BodyReader, parse_content_length
from .bodies import BytesBody
from .body import check_raw, check_size, close_async_files
from .cached import cached
from .filtering import FilteredBody
from .limits import LimitsMixin
from .perform import performer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..drive import Step
    from ..structures.headers import HeadersView
    from .body import Body
    from .filtering import BodyFilter

__all__ = ["Mode", "OpenedBody"]

T = TypeVar("T")
Mode = Literal["sync", "async", "either"]


class OpenedBody(LimitsMixin):
    """The body of a request, as far as all that follows stands on it."""

    shallow: bool = False
    """True: whatever would consume the body raises RuntimeError."""

    if TYPE_CHECKING:

        @property
        def headers(self) -> HeadersView:
            """The header fields."""
            ...

        @property
        def _run_sync(self) -> Callable[..., Any] | None: ...

        @property
        def mimetype(self) -> str:
            """The media type."""
            ...

        @property
        def content_type(self) -> str | None:
            """The Content-Type as sent."""
            ...

    _shield: ClassVar[Any] = nullcontext
    """What keeps cleanup from being cancelled: the event loop's business, hence an adapter's."""
    _mode: Mode

    # --- the shared state ---

    def _open_body(self) -> Body:
        """The body's shared state; an adapter's request finds it in the environ or scope."""
        raise NotImplementedError

    def _known_body(self) -> Body | None:
        """The shared state if there is one already."""
        raise NotImplementedError

    @property
    def _body(self) -> Body:
        """The shared state, for a door that opens: from now on the limits are fixed."""
        if self.shallow:
            raise RuntimeError(
                "got an access to the body of a shallow request, expected none: set shallow = False first"
            )
        values = self.__dict__
        body: Body | None = values.get("_opened")
        if body is None:
            _ = self._sent_length  # a Content-Length that is no length is a 400 in every handler, on both protocols
            opened = self._open_body()
            if type(self).make_body_filter is not OpenedBody.make_body_filter:
                opened = self._filter_body(opened)
            first: Body = values.setdefault("_opened", opened)  # another thread may have opened it meanwhile
            return first
        if "_refusal" in values:
            raise copy(values["_refusal"])
        return body

    def make_body_filter(self) -> BodyFilter | None:
        """What the bytes of the body pass through before any door sees them: the hook to decompress, or to watch.

        A new object with ``feed(bytes) -> bytes`` and ``close() -> bytes``, as all machines here; None for none.
        ``max_content_length`` holds for what was sent and for what comes out, Content-Length for what was sent.
        """
        return None

    def _filter_body(self, body: Body) -> Body:
        """The body behind this class's filter; one for all requests whose class has the same."""
        key = type(self).make_body_filter
        found = body.filtered.get(key) if body.filtered else None
        if found is None:
            body_filter = self.make_body_filter()
            if body_filter is None:
                return body
            reader = BodyReader(content_length=self._sent_length, limits=self.limits)
            body.begin("make_body_filter()")
            try:
                found = body.filtered.get(key) if body.filtered else None  # of another thread
                if found is None:
                    if body.raw is None:
                        body.take_begun("make_body_filter()")
                    found = FilteredBody(body if body.raw is None else BytesBody(body.raw), reader, body_filter)
                    body.filtered = {**(body.filtered or {}), key: found}
            finally:
                body.end()
        self.__dict__["_is_filtered"] = True
        return found

    def _loaded(self, name: str) -> Body:
        """The shared state, for a door that gives what was loaded: async code must have loaded it."""
        body = self._body
        if self._mode == "async" and body.waits:
            if (failure := self.__dict__.get("_failure")) is not None:
                raise copy(failure)  # refused unread, by this request's head or limits
            raise BodyNotLoaded(f"got {name} before the body was loaded, expected `await request.load()` first")
        return body

    def _enter(self, mode: Mode) -> None:
        """Whoever handles the request now is sync or async code; so are the files that were parsed before."""
        self.__dict__["_mode"] = mode
        body = self._known_body()
        for file in body.files if body is not None else ():
            file.bind(None if mode == "either" else mode, self._run_sync)

    def _no_await(self, name: str, twin: str) -> None:
        if self._mode == "sync":
            raise WrongMode(f"got {name} in sync code, expected {twin}")

    def _no_block(self, name: str, twin: str) -> None:
        if self._mode == "async":
            raise WrongMode(f"got {name} in async code, expected {twin}")

    # --- the drivers ---

    def _run(self, body: Body, steps: Generator[Step, Any, T]) -> T:
        return run(steps, performer(body, self._open_file))

    @property
    def _run_write(self) -> Callable[..., Any] | None:
        """Runs what writes to a sink and would block; an adapter may tell its own sinks from the application's."""
        return self._run_sync

    # --- lengths ---

    @cached
    def _sent_length(self) -> int | None:
        """The length that was declared for what is sent; raises :exc:`BadRequest` for what is no length.

        None where the body is in a transfer coding, whatever Content-Length says (RFC 9112 section 6.3).
        """
        headers = self.headers
        length = parse_content_length(headers.get("Content-Length"))
        return None if "Transfer-Encoding" in headers else length

    @property
    def _declared_length(self) -> int | None:
        """The length of what the doors read; behind a filter nobody knows it."""
        return None if "_is_filtered" in self.__dict__ else self._sent_length

    @property
    def _safe_length(self) -> int | None:
        try:
            return self._sent_length
        except BadRequest:
            return None

    def _admit(self, body: Body, *, memory: bool = False) -> None:
        """Refuse a body unread, 413, if its declared length exceeds ``max_content_length``, or ``max_data_memory``
        where it is to be held in ``memory``. This request raises the error again at every later access; the body is
        still there for other request objects, which may have other limits.
        """
        if body.fresh and (length := self._declared_length):
            try:
                check_size(length, length, self.limits, memory=memory)
            except RequestEntityTooLarge as error:
                self.__dict__["_refusal"] = copy(error)
                raise

    def _admit_raw(self, raw: bytes, *, memory: bool) -> bytes:
        """``raw``, which was kept, if the limits of this request allow it; else as :meth:`_admit`."""
        try:
            return check_raw(raw, self._declared_length, self.limits, memory=memory)
        except RequestEntityTooLarge as error:
            self.__dict__["_refusal"] = copy(error)
            raise

    def _announces_body(self, length: int | None) -> bool:
        """Whether the head says that there is a body (RFC 9112 section 6.3). HTTP/2 need not say so."""
        return length > 0 if length is not None else "Transfer-Encoding" in self.headers

    def _open_file(self, part: Any) -> Any:
        """The sink of one file of a form."""
        raise NotImplementedError

    # --- the end ---

    def close(self) -> None:
        """Close the files of this request's form; may be called again. Fields and files stay where they are."""
        if (body := self._known_body()) is not None:
            body.close()

    async def aclose(self) -> None:
        """The awaiting twin of :meth:`close`: files on disk are closed in a worker thread."""
        if (body := self._known_body()) is None:
            return
        try:
            with self._shield():
                await close_async_files(body.files)
            if self._run_sync is not None and any(file.on_disk for file in body.files):
                await self._run_sync(body.close)
        finally:  # also when that was cancelled: closing twice costs nothing, an open file does
            body.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()
