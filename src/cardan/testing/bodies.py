"""Request bodies from values: bytes, JSON, urlencoded and multipart forms.

Takes what a test has at hand; returns the bytes and their Content-Type. The same values give the same bytes. Raises
TypeError for what is no body, or for two kinds of body at once.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from ..core.buffers import as_bytes, is_bytes_like
from ..files.file_types import guess_type

__all__ = [
    "NOTHING",
    "bytes_of",
    "dump_json",
    "encode_body",
    "encode_multipart",
    "file_parts",
    "free_boundary",
    "is_file",
    "pairs_of",
    "text_pairs",
]

NOTHING: Any = object()  # for `json`, whose None is a value

FORM = "application/x-www-form-urlencoded"


def encode_body(data: Any, form: Any, files: Any, json: Any) -> tuple[bytes | None, str | None]:
    """Body and Content-Type; body None where there is no argument for one, type None where ``data`` has none.

    ``data`` is bytes, text, an iterable of bytes, a binary file, or a mapping: a form, whose files, tuples and
    FileStorages are its ``files``.
    """
    kinds = [data is not None, form is not None or files is not None, json is not NOTHING]
    if sum(kinds) > 1:
        raise TypeError("got more than one of data, form or files, and json, expected one")
    if kinds[2]:
        return dump_json(json), "application/json"
    if isinstance(data, Mapping):
        pairs = pairs_of(data)
        form = [pair for pair in pairs if not is_file(pair[1])]
        files = [pair for pair in pairs if is_file(pair[1])]
    elif data is not None:
        return bytes_of(data), None
    if files:
        return encode_multipart(pairs_of(form or ()), pairs_of(files))
    return (None, None) if form is None else (urlencode(text_pairs(pairs_of(form))).encode(), FORM)


def dump_json(value: Any) -> bytes:
    """As httpx: compact, and not escaped."""
    return jsonlib.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def pairs_of(values: Any) -> list[tuple[Any, Any]]:
    """The pairs of a mapping (a list as value gives several), of a MultiDict, or of an iterable of pairs."""
    if hasattr(values, "lists"):
        return [(key, value) for key, several in values.lists() for value in several]
    if not isinstance(values, Mapping):
        return [(key, value) for key, value in values]
    return [(key, one) for key, value in values.items() for one in (value if isinstance(value, list) else [value])]


def is_file(value: Any) -> bool:
    """Tells whether a value in a form stands for a file."""
    return isinstance(value, tuple) or hasattr(value, "read")


def text_pairs(pairs: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Pairs with the text that a form writes for their values: JSON's words for True, False and None."""
    words = {True: "true", False: "false", None: ""}
    return [(key, words[value] if value is None or isinstance(value, bool) else value) for key, value in pairs]


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
    from ..core.forms.head import PartHeaders

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
    """A boundary that is in none of the data, the same for the same data."""
    data = b"\n".join(event if isinstance(event, bytes) else getattr(event, "raw", b"") for event in events)
    number = 0
    while (boundary := f"cardan-testing-{number}").encode() in data:
        number += 1
    return boundary


def file_parts(value: Any) -> tuple[str, bytes, bytes]:
    """Filename, content and header block of a file.

    A file is content, or a tuple ``(filename, content[, content_type[, headers]])`` as in httpx, or the same with the
    first two exchanged as in Werkzeug, or has ``filename``, ``content_type`` and ``stream``.
    """
    if not isinstance(value, tuple):
        stream = getattr(value, "stream", value)
        filename = getattr(value, "filename", None) or PurePath(str(getattr(stream, "name", "upload"))).name
        value = (filename, stream, getattr(value, "content_type", None))
    first, second, content_type, headers = (*value, None, None)[:4]
    if not isinstance(first, str):
        first, second = second or "upload", first
    content_type = content_type or guess_type(first)
    fields = {"Content-Type": content_type, **dict(headers or {})}
    return first, bytes_of(second), "\r\n".join(f"{name}: {text}" for name, text in fields.items()).encode()
