"""BodyAccess: the doors to a request's body, one API for sync and async code.

``data``, ``text``, ``json``, ``form``, ``files``, ``values`` are plain properties. In sync mode they read; in async
mode ``await request.load()`` reads, and before it they raise :exc:`BodyNotLoaded`. What a door does stands once, as a
routine in :mod:`.body`; here it is run by calling or by awaiting.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar

from ..body.body_reader import BodyReader, parse_content_length
from ..body.file_storage import FileStorage
from ..body.form_reader import FormReader
from ..drive import arun, run
from ..exceptions import BadRequest, BodyNotLoaded, UnsupportedMediaType, WrongMode
from ..structures import CombinedMultiDict, ImmutableMultiDict
from .body import Body, DataReader, check_raw, load_form, load_raw
from .cached import cached
from .limits import LimitsMixin
from .perform import perform, performer
from .sources import BytesSource
from .stream import BodyStream

if TYPE_CHECKING:
    import io
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

    from ..body.events import FileStart
    from ..body.form import Form
    from ..body.part_reader import Part, PartReader
    from ..drive import Step
    from ..structures.headers_view import HeadersView

__all__ = ["BodyAccess", "Mode"]

T = TypeVar("T")
Mode = Literal["sync", "async", "either"]

_FORM_TYPES = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


class BodyAccess(LimitsMixin):
    """The body of a request; mixed into :class:`~cardan.core.request.BaseRequest`."""

    forms: Literal["default", "strict", "silent"] = "default"
    """How forms are read: ``strict`` refuses what no browser sends, ``silent`` gives an empty form for a broken one."""
    json_module: ClassVar[Any] = json
    """What ``json`` parses with: anything with ``loads``."""
    parameter_storage_class: type[Any] = ImmutableMultiDict
    """The class of ``args`` and ``form``."""
    file_storage_class: ClassVar[type[FileStorage]] = FileStorage
    """The class of ``files``' values."""
    disable_data_descriptor: bool = False
    """True: ``data`` raises AttributeError, so that nothing is buffered by accident."""
    shallow: bool = False
    """True: whatever would consume the body raises RuntimeError."""

    if TYPE_CHECKING:
        headers: HeadersView
        args: ImmutableMultiDict[str, str]
        method: str
        mimetype: str

    _mode: Mode
    _run_sync: Callable[..., Any] | None

    # --- the shared state and the drivers ---

    def _open_body(self) -> Body:
        """The body's shared state; an adapter's request finds it in the environ or scope."""
        raise NotImplementedError

    @property
    def _body(self) -> Body:
        if self.shallow:
            raise RuntimeError("got an access to the body of a shallow request, expected none: set shallow = False first")
        self._body_touched = True
        return self._open_body()

    def _run(self, body: Body, steps: Generator[Step, Any, T]) -> T:
        return run(steps, performer(body.source, self._open_file))

    async def _arun(self, body: Body, steps: Generator[Step, Any, T]) -> T:
        return await arun(steps, perform(body.source, self._open_file, self._run_sync))

    def _enter(self, mode: Mode) -> None:
        """Whoever handles the request now is sync or async code; so are the files that were parsed before."""
        self._mode = mode
        body = self._known_body()
        for form in body.forms.values() if body is not None else ():
            for _, file in getattr(form, "files", ()):
                file.bind(None if mode == "either" else mode, self._run_sync)

    def _no_await(self, name: str, twin: str) -> None:
        if self._mode == "sync":
            raise WrongMode(f"got {name} in sync code, expected {twin}")

    def _no_block(self, name: str, twin: str) -> None:
        if self._mode == "async":
            raise WrongMode(f"got {name} in async code, expected {twin}")

    @property
    def _declared_length(self) -> int | None:
        return parse_content_length(self.headers.get("Content-Length"))

    # --- loading ---

    async def load(self, *, form: bool = True) -> Self:
        """Read the body, so that the plain properties work in async code; parse it if it is a form, else keep it.

        ``form=False`` keeps the bytes whatever they are: what a middleware wants that must not eat the body.
        Calling it again costs nothing; concurrent callers share one read. Returns the request. Raises
        :exc:`RequestEntityTooLarge`, :exc:`BadRequest`, :exc:`ClientDisconnected`; :exc:`WrongMode` in sync code.
        """
        self._no_await("load()", "the properties themselves: they read")
        body = self._body
        while body.busy:
            await self._wait_for(body)
        body.busy = True
        try:
            if form and self.want_form_data_parsed:
                await self._arun(body, self._form_steps(body))
            elif body.taken != "form":
                await self._arun(body, self._raw_steps(body, keep=True))
        finally:
            body.busy = False
            if body.waiter is not None:
                body.waiter.set()
                body.waiter = None
        return self

    async def _wait_for(self, body: Body) -> None:
        if body.waiter is None:
            body.waiter = self._make_event()
        await body.waiter.wait()

    def _make_event(self) -> Any:
        raise RuntimeError("got a second load() while the first one runs, expected one task to load the body")

    def _load_sync(self, *, form: bool = True) -> None:
        """What ``load()`` does, for an adapter that loads before a sync handler."""
        body = self._body
        if form and self.want_form_data_parsed:
            self._run(body, self._form_steps(body))
        elif body.taken != "form":
            self._run(body, self._raw_steps(body, keep=True))

    def _raw_steps(self, body: Body, *, keep: bool) -> Generator[Step, Any, bytes]:
        return load_raw(body, self._declared_length, self.limits, keep=keep)

    def _need_loaded(self, name: str, loaded: bool, error: BaseException | None) -> None:
        if error is not None:
            raise error
        if not loaded:
            raise BodyNotLoaded(f"got {name} before the body was loaded, expected `await request.load()` first")

    # --- the body as bytes ---

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Any:
        """The whole body as bytes, or as text (UTF-8, U+FFFD for what is not) with ``as_text``.

        It is kept for every other door unless ``cache`` is false. After the form was parsed it is empty; with
        ``parse_form_data`` a form is parsed first. Raises as :meth:`load` does; 413 past ``max_data_memory``.
        """
        body = self._body
        if parse_form_data and self.want_form_data_parsed:
            self._parsed("data")
        if self._mode == "async":
            self._need_loaded("data", body.raw is not None or body.taken == "form", body.error)
        raw = self._run(body, self._raw_steps(body, keep=cache))
        return raw.decode("utf-8", "replace") if as_text else raw

    @property
    def data(self) -> bytes:
        """The body as bytes; ``b""`` where it is a form (then ``form`` and ``files`` have it)."""
        if self.disable_data_descriptor:
            raise AttributeError("data is disabled on this request class: use stream, iter_data() or form")
        raw: bytes = self.get_data(parse_form_data=True)
        return raw

    @property
    def text(self) -> str:
        """The body as text: UTF-8, with U+FFFD for what is not."""
        text: str = self.get_data(as_text=True)
        return text

    # --- JSON ---

    @property
    def is_json(self) -> bool:
        """Whether the Content-Type is ``application/json`` or ``application/*+json`` (RFC 6839 section 3.1)."""
        mimetype = self.mimetype
        return mimetype == "application/json" or (mimetype.startswith("application/") and mimetype.endswith("+json"))

    @property
    def json(self) -> Any:
        """The body parsed as JSON (RFC 8259). Raises 415 for another Content-Type, 400 for what is not JSON."""
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body parsed as JSON. ``force`` ignores the Content-Type, ``silent`` gives None for what is wrong with it.

        ``NaN`` and ``Infinity`` are refused, of a duplicate key the last value wins, a byte order mark is accepted.
        """
        known = self.__dict__
        if cache and "_json" in known:
            return known["_json"]
        if not (force or self.is_json):
            return None if silent else self.on_json_loading_failed(None)
        data = self.get_data(cache=cache)
        try:
            value = _load_json(self.json_module, data)
        except (ValueError, RecursionError) as error:
            return None if silent else self.on_json_loading_failed(error)
        if cache:
            known["_json"] = value
        return value

    def on_json_loading_failed(self, error: Exception | None) -> Any:
        """Called for what is not JSON; ``error`` is None where the Content-Type is not. What it returns is ``json``."""
        if error is None:
            raise UnsupportedMediaType(f"got Content-Type {self.mimetype!r}, expected application/json")
        if isinstance(error, RecursionError):
            raise BadRequest("the body is not JSON: it is nested too deeply") from error
        raise BadRequest(f"the body is not JSON: {error}") from error

    # --- forms ---

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether the body is to be parsed as a form: the Content-Type decides. Override it to decide otherwise."""
        return self.mimetype in _FORM_TYPES

    def make_form_data_parser(self, content_length: int | None) -> FormReader:
        """The parser of this request's form: the one hook to replace it. Takes the declared length in bytes."""
        return FormReader(
            self.headers.get("Content-Type", ""),
            content_length,
            limits=self.limits,
            forms=self.forms,
            storage=self._store_file,
        )

    def _store_file(self, part: FileStart, sink: Any, size: int) -> FileStorage:
        """What the form has for one file."""
        mode = self._mode
        return self.file_storage_class.from_part(part, sink, size).bind(None if mode == "either" else mode, self._run_sync)

    def _form_key(self) -> tuple[Any, ...]:
        cls = type(self)
        return (self.limits, self.forms, cls.make_form_data_parser, cls._get_file_stream, cls.want_form_data_parsed)

    def _form_steps(self, body: Body) -> Generator[Step, Any, Form]:
        parser = self.make_form_data_parser(self._announced_length())
        return load_form(body, self._form_key(), parser.run())

    def _announced_length(self) -> int | None:
        """The declared length for the parser: 0 where no body was announced at all (RFC 9112 section 6.3)."""
        length = self._declared_length
        return 0 if length is None and not self._may_have_body else length

    @property
    def _may_have_body(self) -> bool:
        """Whether a body without a Content-Length was announced: chunked, or HTTP/2 and later, where nothing says."""
        return True

    def _parsed(self, name: str) -> Form | None:
        """The parsed form, None where the body is none."""
        body = self._body
        if self._mode == "async":
            known = body.raw is not None or self._form_key() in body.forms
            self._need_loaded(name, known or body.taken == "form", body.error)
        if not self.want_form_data_parsed:
            return None
        return self._run(body, self._form_steps(body))

    @cached
    def form(self) -> ImmutableMultiDict[str, str]:
        """The fields of the form that are not files; empty where the Content-Type is none of a form."""
        form = self._parsed("form")
        return _storage(self.parameter_storage_class, form.fields if form is not None else [])

    @cached
    def files(self) -> ImmutableMultiDict[str, FileStorage]:
        """The files of a multipart form, name to :class:`FileStorage`."""
        form = self._parsed("files")
        return _storage(ImmutableMultiDict, form.files if form is not None else [])

    @cached
    def values(self) -> CombinedMultiDict[str, str]:
        """``args`` and ``form`` in one; without ``form`` on GET and HEAD."""
        form = self.form
        return CombinedMultiDict([self.args] if self.method in ("GET", "HEAD") else [self.args, form])

    def _get_file_stream(
        self, total_content_length: int | None, content_type: str | None, filename: str | None = None,
        content_length: int | None = None,
    ) -> Any:
        """The sink of one file of the form: an object with ``write(bytes)``, plain or async. The hook to override."""
        raise NotImplementedError

    def _open_file(self, part: Any) -> Any:
        return self._get_file_stream(self._safe_length, part.headers.get("Content-Type"), part.filename, None)

    @property
    def _safe_length(self) -> int | None:
        try:
            return self._declared_length
        except BadRequest:
            return None

    # --- the body as a stream ---

    def _data_reader(self, door: str, size: int | None) -> DataReader:
        body = self._body
        if body.error is not None:
            raise body.error
        if body.raw is not None:
            body = _replay(body, self)
        else:
            reader = BodyReader(content_length=self._declared_length, limits=self.limits)
            body.take(door)
            return DataReader(body, reader, size)
        return DataReader(body, BodyReader(content_length=None, limits=self.limits), size)

    def iter_data(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body piece by piece, nothing stored: every piece but the last has ``chunk_size`` bytes.

        Without a size each piece is what came. Raises :exc:`BodyConsumed` where another door was first, 413 and
        400 while reading, :exc:`WrongMode` in async code (there: ``aiter_data``).
        """
        self._no_block("iter_data()", "aiter_data()")
        reader = self._data_reader("iter_data()", chunk_size)
        return iter(lambda: self._run(reader.body, reader.next()), b"")

    def aiter_data(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """The awaiting twin of :meth:`iter_data`; :exc:`WrongMode` in sync code."""
        self._no_await("aiter_data()", "iter_data()")
        reader = self._data_reader("aiter_data()", chunk_size)

        async def pieces() -> AsyncIterator[bytes]:
            while piece := await self._arun(reader.body, reader.next()):
                yield piece

        return pieces()

    def _part_reader(self, door: str) -> tuple[Body, PartReader]:
        from ..body.part_reader import PartReader

        if self.mimetype != "multipart/form-data":
            raise UnsupportedMediaType(f"got Content-Type {self.mimetype!r}, expected multipart/form-data")
        reader = PartReader(
            self.headers.get("Content-Type", ""), self._declared_length, limits=self.limits, forms=self.forms
        )
        body = self._body
        if body.error is not None:
            raise body.error
        if body.raw is not None:
            return _replay(body, self), reader
        body.take(door)
        return body, reader

    def iter_parts(self) -> Iterator[Part]:
        """The parts of a multipart form one by one, nothing stored; what is not read of a part is skipped.

        Raises 415 for another Content-Type, otherwise as :meth:`iter_data`.
        """
        self._no_block("iter_parts()", "aiter_parts()")
        body, reader = self._part_reader("iter_parts()")
        return reader.iter(lambda steps: self._run(body, steps))

    def aiter_parts(self) -> AsyncIterator[Part]:
        """The awaiting twin of :meth:`iter_parts`."""
        self._no_await("aiter_parts()", "iter_parts()")
        body, reader = self._part_reader("aiter_parts()")
        return reader.aiter(lambda steps: self._arun(body, steps), self._run_sync)

    @property
    def stream(self) -> io.BufferedIOBase:
        """The body as a file, bounded by its length and the limits; empty after the form was parsed.

        One stream a request: it is the door that consumes. In async code it is there after ``load()``.
        """
        body = self._body
        if body.raw is not None:
            from_start: io.BufferedIOBase = BodyStream.over(body.raw)
            return from_start
        if body.taken == "form" and body.error is None:
            return BodyStream.over(b"")
        self._no_block("stream", "`await request.load()` before it, or aiter_data()")
        known: io.BufferedIOBase | None = self.__dict__.get("_stream")
        if known is None:
            reader = self._data_reader("stream", None)
            known = self.__dict__["_stream"] = BodyStream.reading(lambda: self._run(reader.body, reader.next()))
        return known

    # --- the end ---

    def close(self) -> None:
        """Close the files of this request's form; may be called again."""
        if (body := self._known_body()) is not None:
            body.close()

    async def aclose(self) -> None:
        """The awaiting twin of :meth:`close`: files on disk are closed in a worker thread."""
        if (body := self._known_body()) is None:
            return
        if self._run_sync is not None and any(getattr(form, "files", None) for form in body.forms.values()):
            await self._run_sync(body.close)
        else:
            body.close()

    def _known_body(self) -> Body | None:
        """The body's state if there is one already."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def _storage(cls: type[Any], pairs: list[tuple[str, Any]]) -> Any:
    return cls._from_pairs(pairs) if hasattr(cls, "_from_pairs") else cls(pairs)


def _replay(body: Body, request: BodyAccess) -> Body:
    """A body of its own over the bytes kept, so that a stream over them consumes nothing."""
    assert body.raw is not None
    return Body(BytesSource(check_raw(body.raw, request.limits, memory=False)))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"got {name}, which JSON does not have")


def _load_json(module: Any, data: bytes) -> Any:
    """RFC 8259: UTF-8 with or without a byte order mark (section 8.1: a parser may ignore it), no NaN (section 6)."""
    text = data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8")
    if module is json:
        return _DECODER.decode(text)
    return module.loads(text)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
