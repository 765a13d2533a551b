"""Shared code of the fuzzers of header fields: read a field, and check the rule for what was read.

A fuzzer of fields calls :func:`fuzz` with the readers of one family of fields, each with its rule. The inputs come from
:mod:`_bytes`, and begin with the seeds of the family and the hostile shapes in tests/core/fields/readers.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import _bytes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "core" / "fields"))

from readers import READERS, WORST

__all__ = ["Law", "fuzz", "same_again"]

Law = Callable[[str, Any], None]
"""Looks at a text and at what was read from it; raises AssertionError if that breaks the rule."""

CHARACTERS = "ab=;,\"\\'*%01 \t/-:<>[]()qWZé\x85\xa0\x00\r\n\x7f"
#: the longest field, in characters: an input of this length already shows a slow reader
LONGEST = 500


def fuzz(doc: str, seeds: Iterable[str], laws: dict[str, Law]) -> None:
    """Run until the time is over. ``laws`` maps the name of a reader to the check of its results."""

    def law(data: bytes) -> None:
        text = data[:LONGEST].decode("latin-1")
        for name, check in laws.items():
            try:
                check(text, READERS[name](text))
            except Exception as error:
                error.add_note(f"{name}({text!r})")
                raise

    pool = [*seeds, *(head + unit * 3 + tail for head, unit, tail in WORST)]
    _bytes.fuzz(doc, law, [text.encode("latin-1") for text in pool], [each.encode("latin-1") for each in CHARACTERS])


def same_again(text: str, value: Any, read: Callable[[str], Any]) -> None:
    """If a value is written and read again, it is equal."""
    header = value.to_header()
    assert not set(header) & set("\r\n\0"), header
    assert read(header) == value, header
