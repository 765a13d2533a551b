"""What the tests of this folder share: a form's events, and a form, as plain values."""

from __future__ import annotations

from typing import Any

from cardan.core.forms import (
    Field,
    FileEnd,
    FileStart,
    Form,
    MultipartDecoder,
    PartDecoder,
    PartStart,
    UrlencodedDecoder,
    parse_boundary,
    parse_form_type,
)
from cardan.exceptions import HTTPException
from tests.core.machines import outcome, pieces_of

__all__ = ["assert_the_same_parts", "flat", "form_values", "make_machine"]


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


def assert_the_same_parts(content_type: str, body: bytes) -> None:
    """The decoder of any multipart gives the parts, and their data, that the decoder of forms gives.

    Nothing is compared if a form is refused, or if it has a multipart in a part.
    """
    try:
        form = outcome(lambda: make_machine(content_type), [body])
    except HTTPException:  # of the Content-Type
        return
    boundary = parse_boundary(content_type) if isinstance(form, list) else None
    if boundary is None or b"multipart/" in body.lower():
        return
    expected: list[bytes] = []
    for event in form:
        if isinstance(event, (Field, FileStart)):
            expected.append(event.raw if isinstance(event, Field) else b"")
        elif isinstance(event, bytes):
            expected[-1] = event
    for pieces in ([body], pieces_of(body, 1 if len(body) < 10_000 else 97)):
        got: list[bytes] = []
        for event in outcome(lambda: PartDecoder(boundary), pieces):
            if isinstance(event, PartStart):
                got.append(b"")
            elif isinstance(event, bytes):
                got[-1] = event
        assert got == expected
