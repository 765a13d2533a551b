"""FormReader: a body -> a :class:`Form`. All forms are parsed here, however bytes are read and files are written.

Takes the Content-Type, the declared length, the limits and the mode. :meth:`FormReader.take` parses a whole small form
at once. :meth:`FormReader.run` parses any form: it yields steps (:mod:`cardan.core.drive`) and returns the form. It
raises what the machines raise: ClientDisconnected, RequestEntityTooLarge, UrlencodedError and, unless the mode is
``silent``, MultipartError. However it ends, every sink that was opened gets its ``Close``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from .._buffers import READ_SIZE
from .._exceptions import HTTPException, MultipartError
from .._limits import Limits
from ..drive import Close, Open, Read, Write
from ._body_reader import DEFAULTS, BodyReader
from ._content_type import MULTIPART_TYPE, URLENCODED, URLENCODED_TYPE, parse_form_type
from ._decoder import MultipartDecoder
from ._events import FileStart
from ._fast import take_form, take_pairs
from ._files import FileStorage
from ._form import Form, FormBuilder
from ._plan import check_form_rules, least_read, plan_for
from ._sinks import rewind, start_of
from ._urlencoded import PairsDecoder, UrlencodedDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias

    from ..drive import Step
    from ._fast import Taken
    from ._form import FileEvent
    from ._plan import FormRules, Plan

    Hold: TypeAlias = Callable[[list[tuple[FileStart, bytes]]], list[tuple[str, Any]] | None]
    """Takes files whose data are complete; gives the name and the value of each in the form. None: they must be stored
    step by step."""

__all__ = ["Form", "FormReader"]

_WANT: Final = Read(READ_SIZE)

#: How many bytes are searched for the first file of a form, if files cannot be stored at once.
NEAR_START: Final = 2048

#: The limits that are left to the builder: none, because the decoder has counted parts and files.
_COUNTED: Final = Limits(max_form_parts=None, max_files=None)
_MULTIPART: Final = f"{MULTIPART_TYPE}; boundary="


class FormReader:
    """Parses one form.

    ``content_length`` is the declared length in bytes: None for a body of unknown length (chunked), 0 if there is no
    body. ``storage(part, sink, size)`` makes the form's value for a file. ``hold`` may store complete files,
    given as ``(part, data)`` pairs, and returns their names and values in the form. If it returns None, or is None,
    files are opened, written and closed by steps.

    :meth:`take` parses a whole small form at once, :meth:`run` parses any form step by step. After a first read call
    :meth:`take`. If it returns None, call :meth:`start_with` with the same bytes, and then :meth:`run`. A subclass that
    overrides :meth:`run` gets every form through it.
    """

    __module__ = "cardan.core.forms"

    builder_class: ClassVar[type[FormBuilder]] = FormBuilder
    """What makes the form of its events, which are then :data:`FormEvent` objects in both kinds of form. A subclass
    that sets another class gets every form through :meth:`run`."""

    # class attributes and no slots: most readers never need another value
    _first: bytes = b""
    _ended: bool = False
    _open: FileStart | None = None
    _size: int = 0
    _start: int = 0

    def __init__(
        self,
        content_type: str | None,
        content_length: int | None,
        *,
        limits: Limits | None = None,
        form_rules: FormRules = "default",
        storage: Callable[[FileStart, Any, int], Any] = FileStorage.from_part,
        hold: Hold | None = None,
    ) -> None:
        self.content_type = content_type
        self.limits = limits or DEFAULTS
        if form_rules != "default":
            check_form_rules(form_rules)
        self.form_rules: FormRules = form_rules
        self.storage = storage
        self.hold = hold
        self._length = content_length

    def take(self, data: bytes, ended: bool) -> Form | None:
        """The form, if ``data`` is a whole body and a usual form that exceeds no limit; else None.

        ``ended`` says whether the body is known to have ended after ``data``. None does not mean that the form is
        refused: nothing was changed, and :meth:`run` parses the same bytes. Only an error of ``hold`` is raised.
        """
        length = self._length
        if type(self).run is not FormReader.run or self.builder_class is not FormBuilder:
            return None
        if not ended or not data or (length is not None and length != len(data)):
            return None
        plan = plan_for(self.limits, self.form_rules == "strict")
        if len(data) > plan.whole:
            return None
        try:
            taken = self._take(data, plan)
        except (HTTPException, UnicodeError):
            return None
        if taken is None:
            return None
        form, files = taken
        if not plan.admits_form(len(data), form.fields, files):
            return None
        if files:
            held = None if self.hold is None else self.hold(files)
            if held is None:
                return None
            form.files = held
        return form

    def _take(self, data: bytes, plan: Plan) -> Taken | None:
        """The form with its fields, and its files, before their limits are checked; None if the form is unusual."""
        content_type = self.content_type or ""
        if content_type == URLENCODED_TYPE:
            return take_pairs(data, plan)
        boundary = content_type[30:].encode() if content_type.startswith(_MULTIPART) else b""
        if not plan.is_usual_boundary(boundary):
            kind = parse_form_type(content_type, strict=plan.strict)
            if kind is URLENCODED:
                return take_pairs(data, plan)
            boundary = b"" if kind is None else kind.boundary.encode()
            if not plan.is_usual_boundary(boundary):
                return None
        if self.hold is None and data.find(b'filename="', 0, NEAR_START) >= 0:  # do not split its data in vain
            return None
        return take_form(b"\r\n--" + boundary, data, plan)

    def start_with(self, data: bytes, ended: bool) -> None:
        """Have :meth:`run` parse ``data`` first: the bytes of the body that were read already.

        ``ended``: the body has ended after them, nothing else is read.
        """
        self._first = data
        self._ended = ended

    def run(self) -> Generator[Step, Any, Form]:
        """The steps of parsing; see the module. If the Content-Type is not that of a form, the form is empty."""
        sinks: list[Any] = []
        try:
            kind = parse_form_type(self.content_type, strict=self.form_rules == "strict")
            if kind is None:
                return Form()
            reader = BodyReader(content_length=self._length, limits=self.limits)
            decoder: MultipartDecoder | UrlencodedDecoder
            if kind is URLENCODED:
                decoder_class = PairsDecoder if self.builder_class is FormBuilder else UrlencodedDecoder
                decoder = decoder_class(limits=self.limits, form_rules=self.form_rules)
            else:
                decoder = MultipartDecoder(kind.boundary, limits=self.limits, form_rules=self.form_rules)
            return (yield from self._parse(reader, decoder, sinks))
        except MultipartError as error:
            yield from _close_all(sinks, error)
            if self.form_rules != "silent":
                raise
            return Form()
        except GeneratorExit:
            raise  # the generator was closed: no step can be performed any more
        except BaseException as error:
            yield from _close_all(sinks, error)
            raise

    def _parse(
        self, reader: BodyReader, decoder: MultipartDecoder | UrlencodedDecoder, sinks: list[Any]
    ) -> Generator[Step, Any, Form]:
        """The steps after the decoder was chosen. Errors are raised in the order of the bytes that cause them, however
        the body is cut.
        """
        builder = self.builder_class(limits=_COUNTED)
        first, ended = self._first, self._ended
        self._first = b""
        data, error = _count(reader, first) if first or ended else (yield from _read(reader, decoder))
        while data:
            try:
                events = decoder.feed(data)
            except HTTPException:
                yield from self._store(builder.feed(getattr(decoder, "accepted", [])), builder, sinks)
                raise
            if files := builder.feed(events):
                yield from self._store(files, builder, sinks)
            if error is not None or ended:
                break
            data, error = yield from _read(reader, decoder)
        if error is None:
            try:
                reader.close()
            except HTTPException as lost:
                error = lost
        if error is not None:
            if isinstance(decoder, UrlencodedDecoder):
                decoder.flush()
            raise error
        if self._length != 0 or reader.received:
            builder.feed(decoder.close())
        return builder.close()

    def _store(self, events: list[FileEvent], builder: FormBuilder, sinks: list[Any]) -> Generator[Step, Any, None]:
        for event in events:
            if type(event) is bytes:
                self._size += len(event)
                yield Write(sinks[-1], event)
            elif type(event) is FileStart:
                self._open = event
                self._size = 0
                sinks.append((yield Open(event)))
                self._start = start_of(sinks[-1])
            else:
                assert self._open is not None
                sink = sinks[-1]
                if (yield Close(sink, None, self._start)) is not sink and not getattr(sink, "rewinds", False):
                    rewind(sink, self._start)
                builder.add_file(self._open.name, self.storage(self._open, sink, self._size))


def _read(
    reader: BodyReader, decoder: MultipartDecoder | UrlencodedDecoder
) -> Generator[Step, Any, tuple[bytes, HTTPException | None]]:
    """About as many bytes as ``decoder`` wants, ``b""`` at the end of the body; and the error that follows them."""
    decoder._least = least_read(reader.received)
    size = min(READ_SIZE, reader.want, decoder.want)
    try:
        data = yield _WANT if size == READ_SIZE else Read(size)
    except HTTPException as error:  # the client disconnected: what came before may be wrong, too
        return b"", error.with_traceback(None)
    return _count(reader, data)


def _count(reader: BodyReader, data: bytes) -> tuple[bytes, HTTPException | None]:
    """The bytes of ``data`` that the limits on the body allow, and the error that follows them."""
    try:
        return reader.feed(data), None
    except HTTPException as error:
        # the reader keeps the error, whose frames lead to the request: that would be a reference cycle
        return reader.accepted, error.with_traceback(None)


def _close_all(sinks: list[Any], error: BaseException) -> Generator[Step, Any, None]:
    """The steps that close every sink, even if closing one of them fails or is cancelled. Errors of closing are
    dropped; a cancellation is raised at the end.
    """
    stop: BaseException | None = None
    for sink in sinks:
        try:
            yield Close(sink, error)
        except GeneratorExit:
            raise  # the generator was closed: no step can be performed any more
        except Exception:
            continue
        except BaseException as other:
            stop = stop or other
    if stop is not None:
        try:
            raise stop
        finally:
            del stop  # its traceback holds this frame: no cycle
