"""The values that the page shows about a request.

:class:`Receipt` holds the values that are equal on every server, :class:`Journey` those that depend on the server. Both
are made from the request. pages.py shows them; the path /receipt gives the receipt as JSON.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from .texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from cardan import FileStorage, Request

__all__ = ["FileSeen", "Journey", "Language", "Receipt", "choose_language"]

HASH_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileSeen:
    """One uploaded file. ``safe_filename`` is a safe name to store it under; ``size`` is in bytes."""

    field: str
    filename: str
    safe_filename: str
    mimetype: str
    size: int
    sha256: str

    @classmethod
    def of(cls, file: FileStorage) -> FileSeen:
        """Read ``file`` chunk by chunk, so that a large file is never in memory as a whole."""
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
    """The language of the answer: its texts, the Accept-Language of the request, and what the choice is based on."""

    texts: Texts
    accepted: str
    by: str
    """``field``, ``cookie``, ``header`` or ``default``"""


def choose_language(request: Request, field: str = "") -> Language:
    """The language of the form, else of the cookie, else of Accept-Language (RFC 9110 12.5.4), else English."""
    accepted = request.headers.get("Accept-Language", "")
    for by, code in (("field", field), ("cookie", request.cookies.get("language", ""))):
        if code in LANGUAGES:
            return Language(LANGUAGES[code], accepted, by)
    best = request.accept_languages.best_match(list(LANGUAGES))
    return Language(LANGUAGES[best or "en"], accepted, "header" if accepted and best else "default")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The values that are equal on every server."""

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

    def document(self) -> dict[str, object]:
        """The receipt for JSON. Fields and cookies are lists of pairs, because names may repeat."""
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
    """How the request was transferred: the values that depend on the server."""

    protocol: str
    """``WSGI`` or ``ASGI``"""
    http: str
    server: str
    host: str
    thread: str

    @classmethod
    def of(cls, request: Request) -> Journey:
        """Read the environ or the scope, depending on the protocol."""
        host, thread = request.host, threading.current_thread().name
        if hasattr(request, "environ"):
            environ = request.environ
            server = environ.get("SERVER_SOFTWARE") or server_name()
            return cls("WSGI", environ["SERVER_PROTOCOL"], server, host, thread)
        return cls("ASGI", f"HTTP/{request.scope['http_version']}", server_name(), host, thread)


def server_name() -> str:
    """Name and version of the program of this process: an ASGI scope does not name its server.

    For ``python -m x`` the name is that of the folder of ``x``.
    """
    program = Path(sys.argv[0])
    name = program.parent.name if program.stem == "__main__" else program.stem
    try:
        return f"{name}/{version(name)}"
    except (PackageNotFoundError, ValueError):
        return name
