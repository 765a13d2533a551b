"""Forms: the machines that count, decode and assemble the body of a form. They do no I/O.

::

    bytes -> BodyReader -> MultipartDecoder | UrlencodedDecoder -> FormBuilder -> Form
             `------------------------- FormReader ------------------------'
"""

from __future__ import annotations

from .body_reader import BodyReader, parse_content_length
from .content_type import FormType, parse_form_type
from .decoder import MultipartDecoder
from .encoder import MultipartEncoder
from .events import Field, FileEnd, FileStart, FormEvent
from .filenames import safe_filename
from .files import FileStorage
from .form import FileEvent, Form, FormBuilder
from .parse import parse_form
from .parts import Part, PartReader
from .plan import Forms
from .reader import FormReader
from .sinks import MemoryBudget, MemorySink
from .urlencoded import UrlencodedDecoder, parse_urlencoded

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
    "FormType",
    "Forms",
    "MemoryBudget",
    "MemorySink",
    "MultipartDecoder",
    "MultipartEncoder",
    "Part",
    "PartReader",
    "UrlencodedDecoder",
    "parse_content_length",
    "parse_form",
    "parse_form_type",
    "parse_urlencoded",
    "safe_filename",
]
