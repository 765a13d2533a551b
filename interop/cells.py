"""One cell of the table: a row that one client sends to one server."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from interop.marks import LONGEST, Marks
from interop.rows import Seen

if TYPE_CHECKING:
    from pathlib import Path

    from interop.clients import Exchange
    from interop.rows import Row

__all__ = ["Cell", "fill"]

#: seconds after which a client is taken to hang
LIMIT = 20
NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Cell:
    """``differences`` say what is not as expected; ``detail`` is the error of the client."""

    differences: list[str]
    detail: str = ""
    hangs: bool = False
    """whether the client did not come back"""


def fill(row: Row, exchange: Exchange, url: str, folder: Path) -> Cell:
    """Send the requests of a row. ``url`` ends in a slash; ``folder`` is where the application leaves its marks."""
    mark = f"mark{next(NUMBERS)}"
    marks = Marks(mark, str(folder))
    found: list[list[Seen] | str] = []

    def run() -> None:
        try:
            found.append(exchange(url, f"?mark={mark}", [sent for sent, _ in row.exchanges], marks.release))
        except Exception as error:
            found.append(repr(error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LIMIT)
    if not found:
        return Cell(["no answer"], f"nothing after {LIMIT} s", hangs=True)
    if isinstance(found[0], str):
        return Cell(["no answer"], found[0])
    differences, errors = [], []
    for number, ((_, expected), seen) in enumerate(zip(row.exchanges, found[0], strict=True)):
        if difference := expected.difference(seen):
            differences.append(difference + (f", request {number + 1}" if number else ""))
            errors.append(seen.error)
    if not differences and row.closes and not is_left(marks):
        differences.append("goes on")
    return Cell(differences, "; ".join(filter(None, errors)))


def is_left(marks: Marks) -> bool:
    """Whether the application closes the body before its end, because the client has left."""
    end = time.monotonic() + LONGEST + 3
    while not marks.closed and time.monotonic() < end:
        time.sleep(0.02)
    return marks.closed == "left"
