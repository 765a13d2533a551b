# pyright: reportUnnecessaryTypeIgnoreComment=true
"""Type checkers find misspelt attributes, and values that a limit or a setting cannot have.

Each comment that ignores an error stands for one that mypy and pyright both report.
"""

from __future__ import annotations

from typing import assert_type

from cardan import Application, Request, Response, core
from cardan.core.forms import MultipartDecoder
from cardan.files import StaticFiles


class ApiRequest(Request):
    """A request class with limits, a mode for forms, and an attribute of its own."""

    max_content_length = 2_000_000
    max_file_size = None
    form_rules = "strict"
    user: str


class Wrong(Request):
    """Values that no checker accepts."""

    max_content_length = "2 MB"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    form_rules = "stric"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    charset = "latin-1"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


class WrongResponse(Response):
    """Responses are always sent as UTF-8."""

    charset = "latin-1"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


def limits(request: Request, mine: ApiRequest, cores: core.Request) -> None:
    """A limit can be set on a request; a misspelt one, or one of another type, is found."""
    request.max_content_length = 1
    request.max_content_length = None
    request.form_rules = "silent"
    assert_type(cores.max_form_parts, int | None)
    request.max_content_length = "1"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    request.max_conten_length = 1  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    cores.max_conten_length = 1  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    mine.max_conten_length = 1  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Request.max_conten_length = 1  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    request.form_rules = "stric"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    MultipartDecoder("B", form_rules="stric")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def attributes(request: Request, mine: ApiRequest, app: Application, files: StaticFiles) -> None:
    """An attribute of the user's own is declared in a class; a name that nobody declared is found."""
    mine.user = "Ada"
    mine.usr = "Ada"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    request.body_timout = 3  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    app.middlewares = ()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    files.max_aeg = 3  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
