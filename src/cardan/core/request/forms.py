"""FormHooks: how a request's form is parsed, and what of that a request class may change.

Takes the Content-Type, the declared length, the limits and settings; gives the routine that parses the form, or finds
it among those that were parsed before under equal settings. Reads nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..body.file_storage import FileStorage
from ..body.form_reader import FormReader
from ..body.part import Part
from .body import Body, load_form, resumed
from .opening import OpenedBody

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..body.events import FileStart
    from ..body.form import Form
    from ..drive import Step

__all__ = ["MULTIPART", "URLENCODED", "FormHooks"]

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_FORM_TYPES = frozenset({MULTIPART, URLENCODED})


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
