"""What an HTTP error looks like: problem details (RFC 9457), HTML or plain text.

Takes a :class:`Problem`, which every :exc:`~cardan.core.exceptions.HTTPException` is, and the request that it answers
(anything with ``headers``, or None); gives a content type and bytes. Never raises: members that JSON cannot say are
written as text. Of an exception among them only the name of its class is written: its text is not for the client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from .fields.accept_media import MIMEAccept
from .fields.media_types import parse_media_type

__all__ = ["Problem", "document", "exception_in", "problem_details"]

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class Problem(Protocol):
    """What a document about an error says; an :exc:`~cardan.core.exceptions.HTTPException` has all of it."""

    code: ClassVar[int | None]
    """The status code; None is written as 500."""

    @property
    def name(self) -> str:
        """The reason phrase of the status."""
        ...

    @property
    def description(self) -> str | None:
        """The text for the reader, if there is one."""
        ...

    @property
    def members(self) -> Mapping[str, Any]:
        """Further members of the problem document (RFC 9457 section 3.2)."""
        ...


def document(error: Problem, request: Any = None) -> tuple[str, bytes]:
    """Return the content type and the body of the response to ``request``."""
    kind = _preferred(error, request)
    if kind == "json":
        return "application/problem+json", problem_details(error)
    if kind == "html":
        return "text/html; charset=utf-8", _html(error).encode("utf-8", "replace")
    return "text/plain; charset=utf-8", _plain(error).encode("utf-8", "replace")


def _preferred(error: Problem, request: Any) -> str:
    headers = {} if request is None else request.headers
    accept = MIMEAccept.from_header(headers.get("Accept"))
    for name, quality in accept:  # the most wanted first
        kind = _kind(name.partition(";")[0].lower()) if quality else None
        if kind is not None:
            return kind
    sent = parse_media_type(headers.get("Content-Type"))
    if (error.members or (sent is not None and sent.is_json)) and not _refuses_json(accept):
        return "json"
    return "text"


def _kind(name: str) -> str | None:
    """What a media range names: JSON, HTML or plain text; a wildcard names none of them."""
    if name == "application/json" or name.endswith("+json"):
        return "json"
    if name in ("text/html", "application/xhtml+xml"):
        return "html"
    return "text" if name == "text/plain" else None


def _refuses_json(accept: MIMEAccept) -> bool:
    return not (accept.quality("application/problem+json") or accept.quality("application/json"))


def problem_details(error: Problem) -> bytes:
    """Return the problem document (RFC 9457 section 3): ``type``, ``title``, ``status``, ``detail``, members.

    The type is ``about:blank`` (section 4.2.1): the problem is what the status says. Members that would take the
    place of one of these four are left out.
    """
    from json import dumps

    problem: dict[str, Any] = {"type": "about:blank", "title": error.name, "status": error.code or 500}
    if error.description is not None:
        problem["detail"] = error.description
    for name, value in error.members.items():
        if name != "detail":
            problem.setdefault(name, value)
    try:
        text = dumps(problem, ensure_ascii=False, allow_nan=False, default=_as_text)
    except (ValueError, TypeError, RecursionError):
        text = dumps({name: _as_text(value) for name, value in problem.items()}, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes the escape that JSON has for it


def exception_in(value: Any) -> BaseException | None:
    """An exception that ``value`` is, or that is in a container that JSON would show; None where there is none."""
    values, seen = [value], set[int]()
    while values:
        value = values.pop()
        if isinstance(value, BaseException):
            return value
        if isinstance(value, (Mapping, list, tuple, set, frozenset)) and id(value) not in seen:
            seen.add(id(value))
            values += [*value, *value.values()] if isinstance(value, Mapping) else value
    return None


def _as_text(value: object) -> str:
    found = exception_in(value)
    return str(value) if found is None else type(found).__name__


def _html(error: Problem) -> str:
    title = f"{error.code or 500} {error.name}".translate(_ESCAPES)
    name = error.name.translate(_ESCAPES)
    out = f"<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>{title}</title>\n<h1>{name}</h1>\n"
    if error.description:
        out += f"<p>{error.description.translate(_ESCAPES)}</p>\n"
    return out


def _plain(error: Problem) -> str:
    return f"{error.name}\n" if not error.description else f"{error.name}\n\n{error.description}\n"
