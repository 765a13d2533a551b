"""The application of tests/crossing/test_starvation.py: uploads to a ``def`` handler, plain requests, idle streams."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from cardan import Application, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

begun = 0
lock = threading.Lock()


def handler(request: Request) -> Response:
    """POST: the length of the body. GET: how many uploads have begun. GET /events: one event, then silence."""
    global begun
    if request.method == "POST":
        with lock:
            begun += 1
        return Response(str(len(request.get_data())))
    if request.path == "/events":
        return Response.from_events(events())
    return Response(str(begun))


def events() -> Iterator[str]:
    """One event; then it waits for as long as a test may take."""
    yield "first"
    time.sleep(3)
    yield "last"


app = Application(handler)
small = Application(handler, threads=2, waiting_threads=4, stream_threads=4)
