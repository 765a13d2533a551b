"""What the library saw of a request, as plain values.

:class:`Receipt` holds what is equal on every server, :class:`Journey` what is not. Both are made from the request;
pages.py shows them, the address /receipt gives the first one as JSON.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from cardan import FileStorage, Request

__all__ = ["FileSeen", "Journey", "Language", "Receipt", "choose_language"]

HASH_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileSeen:
    """One uploaded file; ``safe_filename`` is what it could be stored as, ``size`` is in bytes."""

    field: str
    filename: str
    safe_filename: str
    mimetype: str
    size: int
    sha256: str

    @classmethod
    def of(cls, file: FileStorage) -> FileSeen:
        """Look at ``file``, chunk by chunk: however large it is, it is never in memory as a whole."""
        digest = hashlib.sha256()
        for chunk in file.iter_data(HASH_CHUNK):
            digest.update(chunk)
        return cls(
            field=file.name or "",
            filename=file.filename or "",
            safe_filename=file.safe_filename,
            mimetype=file.mimetype,
            size=file.size,
            sha256=digest.hexdigest(),
        )


@dataclass(frozen=True, slots=True)
class Language:
    """The language of the answer: its words, what the client's Accept-Language said, and who decided."""

    texts: Texts
    accepted: str
    by: str
    """``field``, ``cookie``, ``header`` or ``default``"""


def choose_language(request: Request, field: str = "") -> Language:
    """The form's choice, else the one kept in a cookie, else Accept-Language (RFC 9110 12.5.4), else English."""
    accepted = request.headers.get("Accept-Language", "")
    for by, code in (("field", field), ("cookie", request.cookies.get("language", ""))):
        if code in LANGUAGES:
            return Language(LANGUAGES[code], accepted, by)
    best = request.accept_languages.best_match(list(LANGUAGES))
    return Language(LANGUAGES[best or "en"], accepted, "header" if accepted and best else "default")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What every server must show in the same way."""

    fields: list[tuple[str, str]]
    files: list[FileSeen]
    cookies: list[tuple[str, str]]
    language: Language

    @classmethod
    def of(cls, request: Request) -> Receipt:
        """Read the form and every file of ``request``."""
        files = [FileSeen.of(file) for _, file in request.files.items(multi=True) if file.filename]
        return cls(
            fields=list(request.form.items(multi=True)),
            files=files,
            cookies=list(request.cookies.items(multi=True)),
            language=choose_language(request, request.form.get("language", "")),
        )

    def document(self) -> dict[str, Any]:
        """As JSON takes it; lists of pairs, because names may repeat."""
        return {
            "fields": self.fields,
            "files": [asdict(file) for file in self.files],
            "cookies": self.cookies,
            "language": {
                "chosen": self.language.texts.code,
                "by": self.language.by,
                "accepted": self.language.accepted,
            },
        }


@dataclass(frozen=True, slots=True)
class Journey:
    """How the request came: what differs by server."""

    protocol: str
    """``WSGI`` or ``ASGI``"""
    http: str
    server: str
    host: str
    thread: str

    @classmethod
    def of(cls, request: Request) -> Journey:
        """Look at the environ or the scope, whichever there is."""
        host, thread = request.host, threading.current_thread().name
        if hasattr(request, "environ"):
            environ = request.environ
            server = environ.get("SERVER_SOFTWARE") or server_name()
            return cls("WSGI", environ["SERVER_PROTOCOL"], server, host, thread)
        return cls("ASGI", f"HTTP/{request.scope['http_version']}", server_name(), host, thread)


def server_name() -> str:
    """The program that this process was started as: ASGI has no name for it. ``python -m x`` gives x's folder."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.stem == "__main__" else program.stem
    try:
        return f"{name}/{version(name)}"
    except (PackageNotFoundError, ValueError):
        return name
