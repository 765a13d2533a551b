"""The source text of a function or class as HTML, with its keywords, names, texts and comments marked."""

from __future__ import annotations

import inspect
import io
import keyword
import tokenize
from html import escape as e
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["lines_of", "source_of"]

KINDS = {tokenize.STRING: "text", tokenize.COMMENT: "note", tokenize.NUMBER: "number"}


def lines_of(shown: Callable[..., Any]) -> int:
    """The number of lines of the source."""
    return inspect.getsource(shown).count("\n")


def source_of(shown: Callable[..., Any]) -> str:
    """The source as it runs, each token that has a kind in a ``span`` of this class."""
    source = inspect.getsource(shown)
    starts = [0]  # the place of each line in the text
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    html, end, before = "", 0, ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = KINDS.get(token.type, "")
        if token.type == tokenize.NAME and keyword.iskeyword(token.string):
            kind = "keyword"
        elif before in ("def", "class"):
            kind = "name"
        before = token.string
        if kind:
            start, stop = (starts[row - 1] + column for row, column in (token.start, token.end))
            html += f'{e(source[end:start])}<span class="{kind}">{e(source[start:stop])}</span>'
            end = stop
    return html + e(source[end:])
