"""FormReader: a body -> a Form. The one routine that parses forms, whoever reads the bytes and writes the files.

Takes the Content-Type, the declared length, the limits and the mode; :meth:`FormReader.run` yields steps
(:mod:`cardan.core.drive`) and returns the :class:`Form`. Raises what the machines raise: ClientDisconnected,
RequestEntityTooLarge and, unless the mode is ``silent``, MultipartError and UrlencodedError. However it ends, no
file that it opened is left without its ``Close``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..drive import Close, Open, Read, Write
from ..exceptions import HTTPException, MultipartError, UrlencodedError
from .body_reader import DEFAULTS, BodyReader
from .builder import FormBuilder
from .content_type import URLENCODED, parse_form_type
from .decoder import Forms, MultipartDecoder
from .events import FileEnd, FileStart
from .files import FileStorage
from .form import Form
from .sinks import rewind, start_of
from .straight_form import straight_form
from .urlencoded_decoder import PairsDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..drive import Step
    from ..limits import Limits
    from .builder import FileEvent
    from .straight_form import Hold

__all__ = ["READ_SIZE", "Form", "FormReader"]

#: What one read asks for: what servers read from a socket at once; a spooled upload holds a few of these.
READ_SIZE = 262_144
_WANT: Final = Read(READ_SIZE)
_END: Final = (b"", None)


class FormReader:
    """Parses one form.

    ``content_length`` is the declared length in bytes: None where there is a body of unknown length (chunked), 0
    where there is no body. ``storage(part, sink, size)`` makes what the form has for a file. ``hold`` may take files
    that came whole, ``(part, data)`` each, and give what the form has for them; where it gives None, or is not there,
    files are opened, written and closed by steps.
    """

    __slots__ = ("_length", "_open", "_size", "_start", "content_type", "forms", "hold", "limits", "storage")

    def __init__(
        self,
        content_type: str | None,
        content_length: int | None,
        *,
        limits: Limits | None = None,
        forms: Forms = "default",
        storage: Callable[[FileStart, Any, int], Any] = FileStorage.from_part,
        hold: Hold | None = None,
    ) -> None:
        self.content_type = content_type
        self.limits = limits or DEFAULTS
        self.forms: Forms = forms
        self.storage = storage
        self.hold = hold
        self._length = content_length
        self._open: FileStart | None = None
        self._size = 0
        self._start = 0

    def run(self) -> Generator[Step, Any, Form]:
        """The steps of parsing; see the module. A Content-Type that is no form gives an empty one, unread."""
        sinks: list[Any] = []
        try:
            kind = parse_form_type(self.content_type, strict=self.forms == "strict")
            if kind is None:
                return Form()
            reader = BodyReader(content_length=self._length, limits=self.limits)
            decoder: MultipartDecoder | PairsDecoder
            if kind is URLENCODED:
                decoder = PairsDecoder(limits=self.limits, forms=self.forms)
            else:
                decoder = MultipartDecoder(kind.boundary, limits=self.limits, forms=self.forms)
            data, error = yield from _read(reader, decoder.want)
            ahead = None
            if data and error is None and (kind is URLENCODED or _is_closed(data, kind.boundary.encode())):
                room = decoder.room_after(data)
                if room >= 0:  # it may be all, and exceeds no limit: so its end is asked for
                    ahead = yield from _read(reader, room + 1)
                if ahead == _END:
                    form = straight_form(self.content_type or "", data, self.limits, self.forms, self.hold)
                    if form is not None:
                        reader.close()
                        return form
            return (yield from self._parse(reader, decoder, sinks, data, error, ahead))
        except (MultipartError, UrlencodedError) as error:
            yield from _close_all(sinks, error)
            if self.forms != "silent":
                raise
            return Form()
        except GeneratorExit:
            raise  # the driver is gone: nobody is left to perform a step
        except BaseException as error:
            yield from _close_all(sinks, error)
            raise

    def _parse(
        self,
        reader: BodyReader,
        decoder: MultipartDecoder | PairsDecoder,
        sinks: list[Any],
        data: bytes,
        error: HTTPException | None,
        ahead: tuple[bytes, HTTPException | None] | None,
    ) -> Generator[Step, Any, Form]:
        """``data`` was read first, then ``error`` was raised; ``ahead`` is what the next read gave, if it was made.

        Errors are raised in the order of the bytes that they are about, however the body was cut.
        """
        builder = FormBuilder(limits=self.limits)
        while data:
            try:
                events = decoder.feed(data)
            except HTTPException:
                yield from self._store(builder.feed(getattr(decoder, "accepted", [])), builder, sinks)
                raise
            if files := builder.feed(events):
                yield from self._store(files, builder, sinks)
            if error is not None:
                break
            data, error = (yield from _read(reader, decoder.want)) if ahead is None else ahead
            ahead = None
        if error is None:
            try:
                reader.close()
            except HTTPException as lost:
                error = lost
        if error is not None:
            if isinstance(decoder, PairsDecoder):
                decoder.flush()
            raise error
        if self._length != 0 or reader.received:
            builder.feed(decoder.close())
        return builder.close()

    def _store(self, events: list[FileEvent], builder: FormBuilder, sinks: list[Any]) -> Generator[Step, Any, None]:
        at = 0
        while at < len(events):
            event = events[at]
            at += 1
            if type(event) is bytes:
                self._size += len(event)
                yield Write(sinks[-1], event)
            elif type(event) is FileStart:
                if self.hold is not None and (length := self._take_whole(events[at : at + 2], event, builder)):
                    at += length
                    continue
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

    def _take_whole(self, following: list[FileEvent], start: FileStart, builder: FormBuilder) -> int:
        """Store a file whose events came together, without a step; how many follow its start, 0: take the steps."""
        assert self.hold is not None
        kinds = [type(event) for event in following]
        if FileEnd not in kinds:
            return 0
        data = following[0] if kinds[0] is bytes else b""
        held = self.hold([(start, data)])  # type: ignore[list-item]  # it does not narrow by `is`
        if held is None:
            return 0
        builder.add_file(*held[0])
        return kinds.index(FileEnd) + 1


def _is_closed(data: bytes, boundary: bytes) -> bool:
    """Whether ``data`` ends with the last boundary of a multipart body."""
    return data.endswith((b"--\r\n", b"--")) and data.endswith(boundary, 0, data.rfind(b"--"))


def _read(reader: BodyReader, want: int) -> Generator[Step, Any, tuple[bytes, HTTPException | None]]:
    """The next bytes, some ``want`` of them, ``b""`` at the end of the body; and the error that follows them."""
    size = min(READ_SIZE, reader.want, want)
    try:
        return reader.feed((yield _WANT if size == READ_SIZE else Read(size))), None
    except HTTPException as error:
        return reader.accepted, error


def _close_all(sinks: list[Any], error: BaseException) -> Generator[Step, Any, None]:
    """Every sink is closed, also where closing another one fails; what went wrong first is what is raised."""
    for sink in sinks:
        try:
            yield Close(sink, error)
        except Exception:
            continue
