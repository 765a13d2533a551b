"""Form and FormBuilder: a parsed form, and the machine that builds it from form events.

The builder takes lists of events from a decoder and keeps the fields. It returns the events of files (FileStart, bytes,
FileEnd) to its caller, which stores the data. Raises :exc:`~cardan.exceptions.RequestEntityTooLarge` for a form
that exceeds ``max_form_parts`` or ``max_files``, whichever decoder the events come from, and :exc:`MachineStateError`
for misuse and for a file that does not end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from .._buffers import as_bytes, is_bytes_like
from .._exceptions import MachineStateError, RequestEntityTooLarge
from .._pickling import slots_state
from ._body_reader import DEFAULTS
from ._events import Field, FileEnd, FileStart
from ._files import release_all
from ._head import OneLineHeaders

if TYPE_CHECKING:
    from .._limits import Limits
    from ._events import FormEvent

__all__ = ["FileEvent", "Form", "FormBuilder"]

FileEvent = FileStart | bytes | FileEnd

FIELDS: Final = "fields"
FILE: Final = "file"
FAILED: Final = "failed"
CLOSED: Final = "closed"


class Form:
    """A parsed form: ``fields`` and ``files`` as ``(name, value)`` pairs, in the order in which they were sent.

    ``special`` maps the position of a field in ``fields`` to its :class:`Field`, if that says more than the pair: bytes
    that are not text, or header fields besides Content-Disposition.
    """

    __module__ = "cardan.core.forms"
    __slots__ = ("fields", "files", "special")
    __getstate__ = slots_state

    def __init__(
        self,
        fields: list[tuple[str, str]] | None = None,
        files: list[tuple[str, Any]] | None = None,
        special: dict[int, Field] | None = None,
    ) -> None:
        self.fields = fields if fields is not None else []
        self.files = files if files is not None else []
        self.special = special if special is not None else {}

    def raw(self, index: int) -> bytes:
        """The value of ``fields[index]`` as bytes, before they were decoded."""
        field = self.special.get(index)
        return self.fields[index][1].encode() if field is None else field.raw

    def getlist_raw(self, name: str) -> list[bytes]:
        """The values of all fields with this name as bytes, in order."""
        return [self.raw(index) for index, (key, _) in enumerate(self.fields) if key == name]

    def close(self) -> None:
        """Close the files that were not detached. If closing fails, the first error is raised after all were closed."""
        release_all([file for _, file in self.files])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Form):
            return NotImplemented
        return (self.fields, self.files, self.special) == (other.fields, other.files, other.special)

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        return f"<Form fields={len(self.fields)} files={len(self.files)}>"


class FormBuilder:
    """Builds one :class:`Form`: :meth:`feed` it events, :meth:`add_file` each file that was stored, :meth:`close` it.

    States: ``fields``, ``file`` (one is open), ``failed``, ``closed``.
    """

    __module__ = "cardan.core.forms"
    __slots__ = ("_error", "_files", "form", "limits", "state")

    _EVENTS: ClassVar[dict[str, dict[type, str]]] = {
        FIELDS: {FileStart: FILE},
        FILE: {bytes: FILE, FileEnd: FIELDS},
    }
    """State -> the events of a file that are allowed in it, each with the state that follows."""

    def __init__(self, *, limits: Limits | None = None) -> None:
        self.limits = limits or DEFAULTS
        self.form: Form = Form()
        """What has been built so far."""
        self._files = 0
        self._error: RequestEntityTooLarge | None = None
        self.state: str = FIELDS
        """The name of the current state."""

    def feed(self, events: list[FormEvent]) -> list[FileEvent]:
        """Keep the fields among ``events`` and return the rest."""
        if self._error is not None:
            raise self._error
        if self.state is CLOSED:
            raise MachineStateError("got feed() in state 'closed', expected no more")
        fields = self.form.fields
        before, files = len(fields), self._files
        rest: list[FileEvent] = []
        if events and isinstance(events[0], tuple):  # of a PairsDecoder
            fields += events  # type: ignore[arg-type]
            events = []
        for event in events:
            if type(event) is not Field:
                rest.append(event)  # type: ignore[arg-type]  # it does not narrow by `is not`
                continue
            value, headers = event.value, event.headers
            if (
                type(headers) is not OneLineHeaders and headers is not None and not headers._is_one_line
            ) or "\ufffd" in value:
                self.form.special[len(fields)] = event
            fields.append((event.name, value))
        if rest:
            self._watch(rest)
        parts, limits = len(fields) + self._files, self.limits
        if (limits.max_form_parts is not None and parts > limits.max_form_parts) or (
            limits.max_files is not None and self._files > limits.max_files
        ):
            self._refuse(events, before, files)
        return rest

    def add_file(self, name: str, file: Any) -> None:
        """Add a file that was stored: the form has it as ``(name, file)``."""
        self.form.files.append((name, file))

    def close(self) -> Form:
        """The form, after all its events were fed. Raises :exc:`MachineStateError` if a file has not ended."""
        if self._error is not None:
            raise self._error
        if self.state is not FIELDS:
            raise MachineStateError(f"got close() in state {self.state!r}, expected 'fields'")
        self.state = CLOSED
        return self.form

    def _watch(self, events: list[FileEvent]) -> None:
        """Check the order of the events of files: each file begins, has data and ends before the next one begins."""
        for at, event in enumerate(events):
            kind = type(event)
            after = self._EVENTS[self.state].get(kind)
            if after is None:
                if self.state is FILE and is_bytes_like(event):
                    events[at] = as_bytes(event)
                    continue
                raise MachineStateError(f"got {kind.__name__} in state {self.state!r}, expected another event")
            self._files += kind is FileStart
            self.state = after

    def _refuse(self, events: list[FormEvent], fields: int, files: int) -> NoReturn:
        """Raise 413 for the limit that is exceeded first; ``fields`` and ``files`` were counted before ``events``."""
        allowed, most = self.limits.max_form_parts, self.limits.max_files
        following = iter(events)
        while (allowed is None or fields + files <= allowed) and (most is None or files <= most):
            kind = type(next(following))
            fields += kind is Field
            files += kind is FileStart
        limit = "max_form_parts"
        if allowed is None or fields + files <= allowed:
            limit, allowed = "max_files", most
        self._error = RequestEntityTooLarge(limit=limit, allowed=allowed)
        self.state = FAILED
        raise self._error
