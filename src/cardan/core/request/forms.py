"""FormHooks: how a request's form is parsed, and what of that a request class may change.

Takes the Content-Type, the declared length, the limits and settings; gives the routine that parses the form, or finds
it among those that were parsed before under equal settings. Reads nothing itself.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..forms.files import FileStorage
from ..forms.parts import Part
from ..forms.reader import FormReader
from .body import Body, load_form, resumed
from .limits import LIMIT_NAMES
from .opening import OpenedBody

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..drive import Step
    from ..forms.events import FileStart
    from ..forms.form import Form

__all__ = ["MULTIPART", "URLENCODED", "FormHooks", "FormSettings"]

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_FORM_TYPES = frozenset({MULTIPART, URLENCODED})


_hooks_of = attrgetter("make_form_data_parser", "_get_file_stream", "want_form_data_parsed", "file_storage_class")


class FormSettings(tuple[Any, ...]):
    """What a form is parsed with: the class of the request, the mode, the limits of the request itself (None: those of
    its class).

    Equal where forms are shared: where the same hooks, mode and limits hold, whichever class has them. Most are of one
    class, and then nothing else is looked at.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FormSettings):
            return NotImplemented
        return tuple.__eq__(self, other) or self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]

    def _values(self) -> tuple[Any, ...]:
        cls, forms, own = self
        return forms, _hooks_of(cls), {name: getattr(cls, name) for name in LIMIT_NAMES} | (own or {})


class FormHooks(OpenedBody):
    """The settings and hooks of forms."""

    forms: Literal["default", "strict", "silent"] = "default"
    """How forms are read: ``strict`` refuses what no browser sends, ``silent`` gives an empty form for a broken one."""
    file_storage_class: ClassVar[type[FileStorage]] = FileStorage
    """The class of ``files``' values."""
    part_class: ClassVar[type[Part]] = Part
    """The class of what ``iter_parts`` gives."""

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether the body is to be parsed as a form: the Content-Type decides. Override it to decide otherwise."""
        kind = self.content_type
        return kind is not None and (kind == URLENCODED or self.mimetype in _FORM_TYPES)

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
            hold=self._hold_files,
        )

    def _form_settings(self) -> FormSettings:
        """The parse settings: a form is shared by the requests that have equal ones."""
        own = self._own_limits if "_is_limited" in self.__dict__ else None
        return FormSettings((type(self), self.forms, own))

    def _form_steps(self, body: Body, first: bytes = b"", *, begun: bool = False) -> Generator[Step, Any, Form]:
        self._admit(body)
        length = self._declared_length
        steps = self.make_form_data_parser(length).run()
        if first:
            steps = resumed(steps, first, more=True)
        announced = self._announces_body(length)
        return load_form(body, self._form_settings(), steps, announced=announced, begun=begun)

    def _store_file(self, part: FileStart, sink: Any, size: int) -> FileStorage:
        """What the form has for one file."""
        mode = self._mode
        file = self.file_storage_class.from_part(part, sink, size)
        if mode == "sync":
            return file.bind(mode)
        return file.bind(None if mode == "either" else mode, self._run_sync)

    def _hold_files(self, files: list[tuple[FileStart, bytes]]) -> list[tuple[str, FileStorage]] | None:
        """What the form has for files that came whole, each under its name; None where they go through the steps."""
        sinks = self._hold([data for _, data in files])
        if sinks is None:
            return None
        return [(part.name, self._store_file(part, sink, len(data))) for (part, data), sink in zip(files, sinks)]

    def _hold(self, files: list[bytes]) -> list[Any] | None:
        """Complete sinks for the data of ``files``, without a step; None where that may block or is not ours to do."""
        return None

    def _opens_sinks_as(self, cls: type[FormHooks]) -> bool:
        """Whether :meth:`_get_file_stream` is the one of ``cls``: no subclass, and no instance, has another."""
        return getattr(self._get_file_stream, "__func__", None) is cls._get_file_stream

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> Any:
        """The sink of one file of the form: an object with ``write(bytes)``, plain or async. The hook to override.

        Where the file is complete it is read from the sink's ``stream``, or from the sink itself, from the position at
        which the sink was when it was opened. A sink that cannot be read is closed then. Where parsing fails it is left
        by ``__aexit__`` or ``__exit__`` with the error if it has one, else by ``abort()``, else by ``close()``.
        """
        raise NotImplementedError

    def _open_file(self, part: Any) -> Any:
        return self._get_file_stream(self._safe_length, part.headers.get("Content-Type"), part.filename, None)
