"""BodyBase: mode, drivers, loading and the end of a request's body; what all of its doors stand on.

Takes what the request class says of its body (:meth:`BodyBase._open_body`); gives the shared :class:`Body`, and runs
its routines by calling or by awaiting. Raises :exc:`BodyNotLoaded`, :exc:`WrongMode`, and :exc:`RuntimeError` for a
shallow request.
"""

from __future__ import annotations

from contextlib import nullcontext
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar

from ..body.body_reader import BodyReader, parse_content_length
from ..body.file_storage import FileStorage
from ..body.form import Form
from ..body.form_reader import FormReader
from ..body.part import Part
from ..body.urlencoded_decoder import straight_pairs
from ..drive import arun, run
from ..exceptions import BadRequest, BodyNotLoaded, HTTPException, WrongMode
from .body import BATCH, FORM, Body, load_form, load_raw, resumed
from .cached import cached
from .filtering import FilteredSource
from .limits import LimitsMixin
from .perform import perform, performer
from .sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..body.events import FileStart
    from ..drive import Step
    from ..structures.headers_view import HeadersView
    from .filtering import BodyFilter

__all__ = ["BodyBase", "Mode"]

T = TypeVar("T")
Mode = Literal["sync", "async", "either"]

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_FORM_TYPES = frozenset({_MULTIPART, _URLENCODED})
_SMALL = 65_536


class BodyBase(LimitsMixin):
    """The body of a request, below its doors."""

    forms: Literal["default", "strict", "silent"] = "default"
    """How forms are read: ``strict`` refuses what no browser sends, ``silent`` gives an empty form for a broken one."""
    file_storage_class: ClassVar[type[FileStorage]] = FileStorage
    """The class of ``files``' values."""
    part_class: ClassVar[type[Part]] = Part
    """The class of what ``iter_parts`` gives."""
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
            body = self._open_body()
            if type(self).make_body_filter is not BodyBase.make_body_filter:
                body = self._filter_body(body)
            values["_opened"] = body
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
            reader = BodyReader(content_length=self._declared_length, limits=self.limits)
            source = body.source
            if body.raw is not None:
                source = BytesSource(body.raw)
            else:
                body.take("make_body_filter()")
            found = Body(FilteredSource(source, reader, body_filter))
            body.filtered = {**(body.filtered or {}), key: found}
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
        self._mode = mode
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
        return run(steps, performer(body.source, self._open_file))

    async def _arun(self, body: Body, steps: Generator[Step, Any, T]) -> T:
        return await arun(steps, perform(body.source, self._open_file, self._run_sync, self._shield))

    # --- lengths ---

    @cached
    def _declared_length(self) -> int | None:
        """The length of what the doors read; behind a filter nobody knows it."""
        return None if "_is_filtered" in self.__dict__ else parse_content_length(self.headers.get("Content-Length"))

    @property
    def _safe_length(self) -> int | None:
        try:
            return parse_content_length(self.headers.get("Content-Length"))
        except BadRequest:
            return None

    def _announces_body(self, length: int | None) -> bool:
        """Whether the head says that there is a body (RFC 9112 section 6.3). HTTP/2 need not say so."""
        return length > 0 if length is not None else "Transfer-Encoding" in self.headers

    # --- loading ---

    async def load(self, *, form: bool = True) -> Self:
        """Read the body, so that the plain properties work in async code; parse it if it is a form, else keep it.

        ``form=False`` keeps the bytes whatever they are: what a middleware wants that must not eat the body.
        Calling it again costs nothing; concurrent callers share one read, and its failure. Returns the request. Raises
        :exc:`RequestEntityTooLarge`, :exc:`BadRequest`, :exc:`ClientDisconnected`; :exc:`BodyConsumed` where another
        door was first; :exc:`WrongMode` in sync code.
        """
        self._no_await("load()", "the properties themselves: they read")
        body = self._body
        while body.busy:
            await self._wait_for(body)
        body.busy = True
        try:
            first = b"" if (length := self._small_length(body, form)) is None else await self._aread_small(body, length)
            if not first or not self._take_small(body, first, length, form):
                await self._arun(body, self._load_steps(body, form, first))
        except HTTPException as error:
            self.__dict__["_failure"] = copy(error)
            raise
        finally:
            body.busy = False
            waiter, body.waiter = body.waiter, None
            if waiter is not None:
                waiter.set()
        return self

    def _load_sync(self, *, form: bool = True) -> None:
        """What ``load()`` does, for an adapter that loads before a sync handler."""
        body = self._body
        first = b"" if (length := self._small_length(body, form)) is None else self._read_small(body, length)
        if not first or not self._take_small(body, first, length, form):
            self._run(body, self._load_steps(body, form, first))

    def _load_steps(self, body: Body, form: bool, first: bytes = b"") -> Generator[Step, Any, Any]:
        """The routine that loads the body; ``first`` is what was read of it already."""
        if form and self.want_form_data_parsed:
            return self._form_steps(body, first)
        return self._raw_steps(body, keep=True, first=first)

    async def _wait_for(self, body: Body) -> None:
        if body.waiter is None:
            body.waiter = self._make_event()
        await body.waiter.wait()

    def _make_event(self) -> Any:
        """An event of the event loop, with ``wait()`` and ``set()``: an adapter's to give, or a subclass's."""
        raise RuntimeError("got a second load() while the first one runs, expected one task to load the body")

    def _raw_steps(self, body: Body, *, keep: bool, first: bytes = b"") -> Generator[Step, Any, bytes]:
        steps = load_raw(body, self._declared_length, self.limits, keep=keep)
        return resumed(steps, first, more=True) if first else steps

    def _get_raw(self, keep: bool) -> bytes:
        body = self._body
        if keep and body.is_fresh:
            self._load_sync(form=False)
            if body.raw is not None:  # read under this request's own limits
                return body.raw
        return self._run(body, self._raw_steps(body, keep=keep))

    # --- forms ---

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether the body is to be parsed as a form: the Content-Type decides. Override it to decide otherwise."""
        return self.mimetype in _FORM_TYPES

    def make_form_data_parser(self, content_length: int | None) -> FormReader:
        """The parser of this request's form: the one hook to replace it.

        Takes the declared length in bytes, None where none was declared.
        """
        return FormReader(
            self.headers.get("Content-Type", ""),
            content_length,
            limits=self.limits,
            forms=self.forms,
            storage=self._store_file,
        )

    def _form_key(self) -> tuple[Any, ...]:
        """The parse settings: a form is shared by the requests that have equal ones."""
        cls = type(self)
        hooks = (cls.make_form_data_parser, cls._get_file_stream, cls.want_form_data_parsed, cls.file_storage_class)
        return (self.limits, self.forms, *hooks)

    def _form_steps(self, body: Body, first: bytes = b"") -> Generator[Step, Any, Form]:
        length = self._declared_length
        steps = self.make_form_data_parser(length).run()
        if first:
            steps = resumed(steps, first, more=True)
        return load_form(body, self._form_key(), steps, announced=self._announces_body(length))

    def _get_form(self, body: Body) -> Form:
        """The parsed form, in sync code."""
        if body.is_fresh:
            self._load_sync()
        if isinstance(known := body.forms.get(self._form_key()), Form):
            return known
        return self._run(body, self._form_steps(body))

    # --- the straight path of a small body: read at once, and a urlencoded form parsed at once; half the time ---

    def _small_length(self, body: Body, form: bool) -> int | None:
        """The length of a body that may take the straight path, None for any other."""
        if not body.is_fresh or (form and self.mimetype == _MULTIPART):
            return None
        length, limits = self._declared_length, self.limits
        if length is None or not 0 < length <= _SMALL:
            return None
        for allowed in (limits.max_content_length, limits.max_data_memory):
            if allowed is not None and length > allowed:
                return None
        return length

    def _read_small(self, body: Body, length: int) -> bytes:
        """What one read gives, and, where that is all, whatever else comes against the declaration."""
        try:
            data = body.source.read(BATCH, True)
            return data + body.source.read(BATCH, True) if len(data) == length else data
        except BaseException as error:
            body.fail(error)
            raise

    async def _aread_small(self, body: Body, length: int) -> bytes:
        """The awaiting twin of :meth:`_read_small`."""
        try:
            data = await body.source.aread(BATCH, True)
            return data + await body.source.aread(BATCH, True) if len(data) == length else data
        except BaseException as error:
            body.fail(error)
            raise

    def _take_small(self, body: Body, data: bytes, length: int | None, form: bool) -> bool:
        """Whether ``data`` was all, and is parsed or kept now; if not, the routines go on with it."""
        if len(data) != length:
            return False
        if not form or not self.want_form_data_parsed:
            body.raw = data
            return True
        plain = self.forms == "default" and type(self).make_form_data_parser is BodyBase.make_form_data_parser
        if not plain or self.mimetype != _URLENCODED or (pairs := straight_pairs(data, self.limits)) is None:
            return False
        body.taken = FORM
        body.forms[self._form_key()] = Form(pairs)
        return True

    def _store_file(self, part: FileStart, sink: Any, size: int) -> FileStorage:
        """What the form has for one file."""
        mode = self._mode
        return self.file_storage_class.from_part(part, sink, size).bind(
            None if mode == "either" else mode, self._run_sync
        )

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> Any:
        """The sink of one file of the form: an object with ``write(bytes)``, plain or async. The hook to override.

        Where the form is complete the file is read from the sink's ``stream``, or from the sink itself. Where parsing
        fails it is left by ``__aexit__`` or ``__exit__`` with the error if it has one, else by ``abort()``, else by
        ``close()``.
        """
        raise NotImplementedError

    def _open_file(self, part: Any) -> Any:
        return self._get_file_stream(self._safe_length, part.headers.get("Content-Type"), part.filename, None)

    # --- the end ---

    def close(self) -> None:
        """Close the files of this request's form; may be called again."""
        if (body := self._known_body()) is not None:
            body.close()

    async def aclose(self) -> None:
        """The awaiting twin of :meth:`close`: files on disk are closed in a worker thread."""
        if (body := self._known_body()) is None:
            return
        try:
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
