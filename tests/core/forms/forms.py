"""What the tests of this folder share: a form's events, and a form, as plain values."""

from __future__ import annotations

from typing import Any

from cardan.core.forms import Field, FileEnd, FileStart, Form, MultipartDecoder, UrlencodedDecoder, parse_form_type

__all__ = ["flat", "form_values", "make_machine"]


def make_machine(content_type: str, **options: Any) -> Any:
    """The decoder for a Content-Type, None for another type."""
    kind = parse_form_type(content_type, strict=options.get("form_rules") == "strict")
    if kind is None:
        return None
    return MultipartDecoder(kind.boundary, **options) if kind.kind == "multipart" else UrlencodedDecoder(**options)


def flat(events: list[Any] | str) -> list[Any] | str:
    """Events as ``(name, value)`` and ``(name, filename, data)``; the name of an error as it is."""
    if isinstance(events, str):
        return events
    values: list[Any] = []
    for event in events:
        match event:
            case Field(name, value, _, _):
                values.append((name, value))
            case FileStart(name, filename, _):
                values.append((name, filename, b""))
            case bytes():
                name, filename, data = values[-1]
                values[-1] = (name, filename, data + event)
            case _:
                assert type(event) is FileEnd
    return values


def form_values(form: Form) -> list[Any]:
    """The fields, then the files of a form, likewise."""
    return [*form.fields, *((name, file.filename, file.read()) for name, file in form.files)]
