"""Forms: the machines that count, decode and assemble the body of a form. They do no I/O.

::

    bytes -> BodyReader -> MultipartDecoder | UrlencodedDecoder -> FormBuilder -> Form
             `------------------------- FormReader ------------------------'
    bytes -> PartDecoder, for multiparts that are no forms
"""

from __future__ import annotations

from ._body_reader import BodyReader, parse_content_length
from ._content_type import FormType, parse_boundary, parse_form_type
from ._decoder import MultipartDecoder
from ._encoder import MultipartEncoder, PartEncoder
from ._events import Field, FileEnd, FileStart, FormEvent, PartEnd, PartEvent, PartStart
from ._filenames import safe_filename
from ._files import FileStorage
from ._form import FileEvent, Form, FormBuilder
from ._head import PartHeaders
from ._parse import parse_form
from ._part_decoder import PartDecoder
from ._parts import Part, PartReader
from ._plan import FormRules
from ._reader import FormReader
from ._sinks import MemoryBudget, MemorySink, Sink
from ._urlencoded import UrlencodedDecoder, parse_urlencoded

__all__ = [
    "BodyReader",
    "Field",
    "FileEnd",
    "FileEvent",
    "FileStart",
    "FileStorage",
    "Form",
    "FormBuilder",
    "FormEvent",
    "FormReader",
    "FormRules",
    "FormType",
    "MemoryBudget",
    "MemorySink",
    "MultipartDecoder",
    "MultipartEncoder",
    "Part",
    "PartDecoder",
    "PartEncoder",
    "PartEnd",
    "PartEvent",
    "PartHeaders",
    "PartReader",
    "PartStart",
    "Sink",
    "UrlencodedDecoder",
    "parse_boundary",
    "parse_content_length",
    "parse_form",
    "parse_form_type",
    "parse_urlencoded",
    "safe_filename",
]


def __dir__() -> list[str]:
    return sorted(__all__)
