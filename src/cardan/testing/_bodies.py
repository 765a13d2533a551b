"""Makes request bodies from values: bytes, JSON, urlencoded forms and multipart forms.

The functions take the arguments of a test request, and return the bytes of the body and its Content-Type. The same
values always give the same bytes. They raise TypeError for a value that cannot be a body, and if two kinds of body are
given at once.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from types import NoneType
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlencode

from ..core._buffers import Buffer, as_bytes, is_bytes_like
from ..core._checks import check_type, pairs
from ..core.fields._syntax import OWS
from ..core.forms._content_type import MULTIPART_TYPE, URLENCODED_TYPE
from ..files._file_types import guess_type

__all__ = [
    "NOTHING",
    "Content",
    "Readable",
    "Values",
    "bytes_of",
    "dump_json",
    "encode_body",
    "encode_multipart",
    "file_parts",
    "free_boundary",
    "is_file",
    "is_multipart",
    "pairs_of",
    "text_pairs",
]

NOTHING: Any = object()  # the default of the argument `json`, for which None is a value

FORM = URLENCODED_TYPE


class Readable(Protocol):
    """A binary file."""

    def read(self) -> bytes:
        """All bytes from the current position."""
        ...


Values: TypeAlias = Mapping[str, object] | Iterable[tuple[str, object]]
"""Names and values: a mapping, in which a list stands for several values, or pairs."""
Content: TypeAlias = str | Buffer | Readable | Iterable[Buffer]
"""The content of a body or of a file: text, bytes, a binary file, or an iterable of bytes."""


def is_multipart(content_type: str | None) -> bool:
    """True if ``content_type`` is that of a multipart form."""
    check_type("content_type", content_type, (str, NoneType), "a str or None")
    return content_type is not None and content_type.partition(";")[0].strip(OWS).lower() == MULTIPART_TYPE


def encode_body(
    data: Content | Mapping[str, object] | None,
    form: Values | None,
    files: Values | None,
    json: object,
    *,
    multipart: bool = False,
) -> tuple[bytes | None, str | None]:
    """The body and its Content-Type.

    The body is None if no argument gives one. The Content-Type is None if ``data`` is not a form. ``data`` is bytes,
    text, an iterable of bytes, a binary file, or a mapping. A mapping is a form: its values that are files, tuples or
    FileStorages are the ``files``, all others are the ``form``. A form with files is multipart, and so is every form if
    ``multipart`` is true.
    """
    kinds = [data is not None, form is not None or files is not None, json is not NOTHING]
    if sum(kinds) > 1:
        raise TypeError("got more than one of data, form or files, and json, expected one")
    if kinds[2]:
        return dump_json(json), "application/json"
    if isinstance(data, Mapping):
        found = pairs_of(data)
        form = [pair for pair in found if not is_file(pair[1])]
        files = [pair for pair in found if is_file(pair[1])]
    elif data is not None:
        return bytes_of(data), None
    if files or (multipart and form is not None):
        return encode_multipart(pairs_of(form or ()), pairs_of(files or ()))
    return (None, None) if form is None else (urlencode(text_pairs(pairs_of(form))).encode(), FORM)


def dump_json(value: object) -> bytes:
    """``value`` as JSON in the form that httpx sends: compact, and with characters outside ASCII unescaped."""
    return jsonlib.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def pairs_of(values: Any) -> list[tuple[Any, Any]]:
    """``values`` as pairs.

    It is a mapping, in which a list stands for several values, a MultiDict, or already pairs. Raises TypeError for
    anything else. A text of two letters is no pair.
    """
    if hasattr(values, "lists"):
        return [(key, value) for key, several in values.lists() for value in several]
    if not isinstance(values, Mapping):
        return pairs("the values", values)
    return [(key, one) for key, value in values.items() for one in (value if isinstance(value, list) else [value])]


def is_file(value: object) -> bool:
    """True if ``value`` in a form stands for a file: it is a tuple, or can be read."""
    return isinstance(value, tuple) or hasattr(value, "read")


def text_pairs(given: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """The pairs with true, false and an empty text in place of True, False and None, as httpx sends them in a form."""
    words = {True: "true", False: "false", None: ""}
    return [(key, words[value] if value is None or isinstance(value, bool) else value) for key, value in given]


def bytes_of(content: Any) -> bytes:
    """The bytes of text, bytes, a binary file, or an iterable of bytes."""
    if hasattr(content, "read"):
        content = content.read()
    if isinstance(content, str):
        return content.encode()
    if is_bytes_like(content):
        return as_bytes(content)
    if not isinstance(content, Iterable):
        raise TypeError(f"got a body of type {type(content).__name__}, expected bytes, text, a file or an iterable")
    return b"".join(map(as_bytes, content))


def encode_multipart(fields: list[tuple[Any, Any]], files: list[tuple[Any, Any]]) -> tuple[bytes, str]:
    """A multipart/form-data body (RFC 7578) and its Content-Type."""
    from ..core.forms import Field, FileEnd, FileStart, MultipartEncoder
    from ..core.forms._head import PartHeaders

    events: list[Any] = []
    for name, value in text_pairs(fields):
        raw = as_bytes(value) if is_bytes_like(value) else str(value).encode()
        events.append(Field(name, raw.decode("utf-8", "replace"), raw))
    for name, value in files:
        filename, content, headers = file_parts(value)
        events += [FileStart(name, filename, PartHeaders(headers)), *([content] if content else ()), FileEnd()]
    encoder = MultipartEncoder(free_boundary(events))
    return b"".join([*encoder.feed(events), *encoder.close()]), encoder.content_type


def free_boundary(events: Iterable[Any]) -> str:
    """A boundary that does not occur in the data. The same data always gives the same boundary."""
    data = b"\n".join(event if isinstance(event, bytes) else getattr(event, "raw", b"") for event in events)
    number = 0
    while (boundary := f"cardan-testing-{number}").encode() in data:
        number += 1
    return boundary


def file_parts(value: Any) -> tuple[str, bytes, bytes]:
    """The filename, the content and the header block of a file.

    ``value`` is the content; or a tuple ``(filename, content[, content_type[, headers]])`` as in httpx; or the same
    tuple with content and filename exchanged, as in Werkzeug; or an object with the attributes ``filename``,
    ``content_type`` and ``stream``.
    """
    if not isinstance(value, tuple):
        stream = getattr(value, "stream", value)
        filename = getattr(value, "filename", None) or PurePath(str(getattr(stream, "name", "upload"))).name
        value = (filename, stream, getattr(value, "content_type", None))
    first, second, content_type, headers = (*value, None, None)[:4]
    if not isinstance(first, str):
        first, second = second or "upload", first
    fields = dict(headers or {})
    if all(name.lower() != "content-type" for name in fields):
        fields = {"Content-Type": content_type or guess_type(first), **fields}
    return first, bytes_of(second), "\r\n".join(f"{name}: {text}" for name, text in fields.items()).encode()
