"""An application for real servers: it writes, and waits for another request before it writes again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from cardan import Application

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse

released = threading.Event()
ended = threading.Event()
seen: list[str] = []


def site(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """What the path names: ``/write``, ``/endless``, ``/release`` or ``/seen``."""
    path = environ["PATH_INFO"]
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/write":
        write(b"first")
        released.wait(20)
        write(b"second")
        return [b"third"]
    if path == "/endless":
        try:
            while True:
                write(b"x" * 65_536)
        except OSError as error:
            seen.append(type(error).__mro__[1].__name__)
            ended.set()
            raise
    if path == "/release":
        released.set()
    if path == "/seen":
        ended.wait(20)
    return [repr(seen).encode()]


app = Application.from_wsgi(site)
