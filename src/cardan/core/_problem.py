"""The body of a response to an HTTP error: problem details (RFC 9457), HTML or plain text.

:func:`document` takes a :class:`Problem` (every :exc:`~cardan.exceptions.HTTPException` is one) and the request,
and returns a content type and bytes. It never raises: a member that JSON cannot represent is written as text. If a
member contains an exception, only the name of its class is written, because its text may contain a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from .fields._accept_media import MIMEAccept
from .fields._live import HasHeaders
from .fields._media_types import parse_media_type

__all__ = ["Problem", "ResponseLike", "document", "exception_in", "problem_details"]

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class Problem(Protocol):
    """An error that can be described. Every :exc:`~cardan.exceptions.HTTPException` has these attributes."""

    code: ClassVar[int | None]
    """The status code. None is written as 500."""

    @property
    def name(self) -> str:
        """The reason phrase of the status."""
        ...

    @property
    def description(self) -> str | None:
        """The text for the client, or None."""
        ...

    @property
    def members(self) -> Mapping[str, Any]:
        """Other members of the problem document (RFC 9457 section 3.2)."""
        ...


class ResponseLike(Protocol):
    """A response of any class of cardan: :class:`cardan.Response` or another one."""

    @property
    def status_code(self) -> int:
        """The status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields."""
        ...


def document(error: Problem, request: HasHeaders | None = None) -> tuple[str, bytes]:
    """Return the content type and the body of a response that describes ``error``.

    The Accept field of ``request`` selects the format, as :meth:`~cardan.exceptions.HTTPException.get_response`
    explains.
    """
    kind = _preferred(error, request)
    if kind == "json":
        return "application/problem+json", problem_details(error)
    if kind == "html":
        return "text/html; charset=utf-8", _html(error).encode("utf-8", "replace")
    return "text/plain; charset=utf-8", _plain(error).encode("utf-8", "replace")


def _preferred(error: Problem, request: HasHeaders | None) -> str:
    headers: Mapping[str, str] = {} if request is None else request.headers
    accept = MIMEAccept.from_header(headers.get("Accept"))
    for name, quality in accept:  # in descending order of quality
        kind = _kind(name.partition(";")[0].lower()) if quality else None
        if kind is not None:
            return kind
    sent = parse_media_type(headers.get("Content-Type"))
    if (error.members or (sent is not None and sent.is_json)) and not _refuses_json(accept):
        return "json"
    return "text"


def _kind(name: str) -> str | None:
    """Return the format that a media range names: ``json``, ``html`` or ``text``. A wildcard names none."""
    if name == "application/json" or name.endswith("+json"):
        return "json"
    if name in ("text/html", "application/xhtml+xml"):
        return "html"
    return "text" if name == "text/plain" else None


def _refuses_json(accept: MIMEAccept) -> bool:
    return not (accept.quality("application/problem+json") or accept.quality("application/json"))


def problem_details(error: Problem) -> bytes:
    """Return the problem document as JSON (RFC 9457 section 3): ``type``, ``title``, ``status``, ``detail``, members.

    The type is ``about:blank`` (section 4.2.1): the status describes the problem. A member with one of these four names
    is left out.
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
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes a JSON escape


def exception_in(value: object) -> BaseException | None:
    """Return ``value`` if it is an exception, else an exception in a container that JSON would write, or None."""
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
