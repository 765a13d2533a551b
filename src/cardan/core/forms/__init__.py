"""Request bodies: counted, decoded, assembled. Sans-IO: bytes and events in, events and values out.

::

    bytes -> BodyReader -> MultipartDecoder | UrlencodedDecoder -> FormBuilder -> Form
             `------------------------- FormReader ------------------------'
"""

from __future__ import annotations

from .body_reader import BodyReader, parse_content_length
from .builder import FileEvent, FormBuilder
from .content_type import FormType, parse_form_type
from .decoder import Forms, MultipartDecoder
from .encoder import MultipartEncoder
from .events import Field, FileEnd, FileStart, FormEvent
from .filenames import safe_filename
from .files import FileStorage
from .form import Form
from .memory_sink import MemoryBudget, MemorySink
from .parse import parse_form
from .part import Part
from .parts import PartReader
from .reader import FormReader
from .urlencoded import parse_urlencoded
from .urlencoded_decoder import UrlencodedDecoder

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
