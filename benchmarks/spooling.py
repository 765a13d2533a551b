"""Reads a form as a request does, with large files on disk, but without a request object."""

from __future__ import annotations

from typing import Any

from cardan.core import Limits
from cardan.core.drive import Open, Read, Write, run
from cardan.core.forms import FormReader
from cardan.files._spooling import FileStorage, Spooler

__all__ = ["spool"]

LIMITS = Limits()


def spool(content_type: str, chunks: list[bytes]) -> int:
    """Read the form to its end and close it. Returns the number of its fields and files."""
    left, spooler = iter(chunks), Spooler(LIMITS)

    def perform(step: Any) -> Any:
        kind = type(step)
        if kind is Read:
            return next(left, b"")
        if kind is Write:
            return step.sink.write(step.data)
        return spooler.open() if kind is Open else step.sink.finish()

    form = run(FormReader(content_type, None, limits=LIMITS, storage=FileStorage.from_part).run(), perform)
    count = len(form.fields) + len(form.files)
    form.close()
    return count
