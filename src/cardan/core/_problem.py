"""The body of a response to an HTTP error: problem details (RFC 9457), HTML or plain text.

:func:`document` takes a :class:`Problem` (every :exc:`~cardan.exceptions.HTTPException` is one) and the request,
and returns a content type and bytes. No member makes it raise, or changes another member: one that JSON cannot
represent is written as text, and one that has no text as the name of its class. If a member contains an exception, only
the name of the exception's class is written, because its text may contain a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias

from ._members import exception_in
from .fields._accept_media import MIMEAccept
from .fields._live import HasHeaders
from .fields._media_types import parse_media_type

__all__ = ["ERROR_FORMATS", "ErrorFormat", "Problem", "ResponseLike", "document", "paragraph", "problem_details"]

ErrorFormat: TypeAlias = Literal["auto", "problem", "html", "text"]
ERROR_FORMATS: Final[tuple[ErrorFormat, ...]] = ("auto", "problem", "html", "text")
"""The formats of the body that describes an error: by the Accept field, problem details, HTML, plain text."""

#: The formats that a media range covers, and how specific it is. Clients that accept other JSON read a problem, too.
_COVERS: Final[dict[str, tuple[tuple[ErrorFormat, int], ...]]] = {
    "application/problem+json": (("problem", 3),),
    "application/json": (("problem", 2),),
    "application/*": (("problem", 1),),
    "text/html": (("html", 3),),
    "application/xhtml+xml": (("html", 2),),
    "text/plain": (("text", 3),),
    "text/*": (("text", 1), ("html", 1)),
    "*/*": (("text", 0), ("html", 0), ("problem", 0)),
    "*": (("text", 0), ("html", 0), ("problem", 0)),
}
_OTHER_JSON: Final[tuple[tuple[ErrorFormat, int], ...]] = (("problem", 2),)

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
    def type(self) -> str | None:
        """The URI of the kind of problem, None for ``about:blank``."""
        ...

    @property
    def title(self) -> str | None:
        """The short name of the kind of problem, None for the reason phrase."""
        ...

    @property
    def instance(self) -> str | None:
        """The URI of this occurrence of the problem, or None."""
        ...

    def get_description(self) -> str:
        """The description as HTML."""
        ...

    def get_members(self) -> Mapping[str, object]:
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


def document(
    error: Problem, request: HasHeaders | Mapping[str, Any] | None = None, kind: ErrorFormat = "auto"
) -> tuple[str, bytes]:
    """Return the content type and the body of a response that describes ``error``.

    For ``"auto"``, the Accept field of ``request`` (a request, an environ or a scope) selects the format, as
    :meth:`~cardan.exceptions.HTTPException.get_response` explains.
    """
    if kind == "auto":
        kind = _preferred(error, request)
    if kind == "problem":
        return "application/problem+json", problem_details(error)
    if kind == "html":
        return "text/html; charset=utf-8", _html(error).encode("utf-8", "replace")
    return "text/plain; charset=utf-8", _plain(error).encode("utf-8", "replace")


def _preferred(error: Problem, request: HasHeaders | Mapping[str, Any] | None) -> ErrorFormat:
    """Return the format with the highest quality in Accept. Of equal ones, a format that Accept names precedes one that
    only a wildcard covers. If none is acceptable, the result is one that is not refused (RFC 9110 section 15.5.7).
    """
    sent = parse_media_type(_field_of(request, "Content-Type"))
    order: tuple[ErrorFormat, ...] = ("text", "problem", "html")
    if error.get_members() or (sent is not None and sent.is_json):
        order = ("problem", "text", "html")
    found: dict[ErrorFormat, tuple[int, int, float]] = {}  # how specific the member is, its place, its quality
    for place, (name, quality) in enumerate(MIMEAccept.from_header(_field_of(request, "Accept"))):
        kind, semicolon, _ = name.lower().partition(";")
        if semicolon and not quality:  # refuses a type with certain parameters only
            continue
        for covered, specific in _COVERS.get(kind) or (_OTHER_JSON if kind.endswith("+json") else ()):
            if covered not in found or specific > found[covered][0]:
                found[covered] = specific, place, quality
    accepted: list[ErrorFormat] = [kind for kind in order if kind in found and found[kind][2]]
    if accepted:
        best: ErrorFormat = min(accepted, key=lambda kind: found[kind][1])  # members are in descending order of quality
        return best
    others: list[ErrorFormat] = [kind for kind in order if kind not in found]
    return others[0] if others else order[0]


def _field_of(request: HasHeaders | Mapping[str, Any] | None, name: str) -> str | None:
    """Return a header field of a request, a WSGI environ or an ASGI scope; None if it was not sent."""
    if request is None:
        return None
    if not isinstance(request, Mapping):
        if not hasattr(request, "headers"):
            kind = type(request).__name__
            raise TypeError(f"got {kind}, expected a request, a WSGI environ, an ASGI scope or None")
        return request.headers.get(name)
    value: str | None
    if "type" not in request:  # an environ (PEP 3333)
        key = name.upper().replace("-", "_")
        value = request.get(key if key == "CONTENT_TYPE" else f"HTTP_{key}")
        return value
    wanted = name.lower().encode()
    return ", ".join([sent.decode("latin-1") for key, sent in request.get("headers") or () if key == wanted]) or None


def problem_details(error: Problem) -> bytes:
    """Return the problem document as JSON (RFC 9457 section 3).

    It has ``type``, ``title``, ``status``, ``detail`` and ``instance``, then other members. A member with one of these
    names is left out. The default type ``about:blank`` (section 4.2.1) says that the status describes the problem.
    """
    problem: dict[str, Any] = {
        "type": error.type or "about:blank",
        "title": error.title or error.name,
        "status": error.code or 500,
        "detail": error.description,
        "instance": error.instance,
    }
    for name, value in error.get_members().items():
        problem.setdefault(name, value)
    for name in ("detail", "instance"):
        if problem[name] is None:
            del problem[name]
    text = _json(problem)
    if text is None:
        text = "{" + ", ".join(_member(name, value) for name, value in problem.items()) + "}"
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes a JSON escape


def _json(members: dict[str, Any]) -> str | None:
    """The members as JSON, None if JSON cannot represent one of them."""
    from json import dumps

    try:
        return dumps(members, ensure_ascii=False, allow_nan=False, default=_as_text)
    except Exception:  # also what the code of a value raises
        return None


def _member(name: str, value: object) -> str:
    """One member as it stands between the braces of the document, as text if need be."""
    text = (
        _json({name: value})
        or _with_finite_numbers(name, value)
        or _json({name: _as_text(value)})
        or _json({_as_text(name): _as_text(value)})
    )
    assert text is not None
    return text[1:-1]


def _with_finite_numbers(name: str, value: object) -> str | None:
    """The member with NaN and infinity, which JSON does not have (RFC 8259 section 6), as text."""
    try:
        return _json({name: _finite(value)})
    except Exception:  # also what the code of a value raises; RecursionError for a list that contains itself
        return None


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value


def _as_text(value: object) -> str:
    found = exception_in(value)
    try:
        return str(value) if found is None else type(found).__name__
    except Exception:  # very large numbers and very deep lists have no text either
        return type(value).__name__


#: a page that can be read on a phone and at night
_HEAD: Final = (
    "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
    '<meta name=viewport content="width=device-width, initial-scale=1">\n'
    '<meta name=color-scheme content="light dark">\n'
)


def _html(error: Problem) -> str:
    title = (error.title or error.name).translate(_ESCAPES)
    page = f"{error.code or 500} {title}"
    description = error.get_description()
    return f"{_HEAD}<title>{page}</title>\n<h1>{title}</h1>\n" + (f"{description}\n" if description else "")


def paragraph(text: str | None) -> str:
    """Return ``text`` as a paragraph of HTML; ``""`` for no text."""
    return f"<p>{text.translate(_ESCAPES)}</p>" if text else ""


def _plain(error: Problem) -> str:
    title = error.title or error.name
    return f"{title}\n" if not error.description else f"{title}\n\n{error.description}\n"
