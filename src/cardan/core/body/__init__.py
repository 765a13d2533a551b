"""Request bodies: counted, decoded, assembled. Sans-IO: bytes and events in, events and values out.

::

    bytes -> BodyReader -> MultipartDecoder | UrlencodedDecoder -> FormBuilder -> Form
             `------------------------- FormReader ------------------------'
"""

from __future__ import annotations

from .body_reader import BodyReader, parse_content_length
from .content_type import FormType, parse_form_type
from .events import Field, FileEnd, FileStart, FormEvent
from .file_storage import FileStorage
from .form import Form
from .form_builder import FileEvent, FormBuilder
from .form_reader import FormReader
from .memory_sink import MemoryBudget, MemorySink
from .multipart_decoder import Forms, MultipartDecoder
from .multipart_encoder import MultipartEncoder
from .parse import parse_form
from .part import Part
from .part_reader import PartReader
from .safe_filename import safe_filename
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
