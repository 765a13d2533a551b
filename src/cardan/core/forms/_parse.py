"""parse_form: a form in one call, for scripts and tests."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from .._buffers import as_bytes, is_bytes_like
from ..drive import Close, Open, Read, Write, run
from ._body_reader import DEFAULTS
from ._files import FileStorage
from ._reader import FormReader
from ._sinks import MemoryBudget, MemorySink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .._buffers import Buffer
    from .._limits import Limits
    from ..drive import Step
    from ._events import FileStart
    from ._form import Form
    from ._plan import FormRules

__all__ = ["parse_form"]


def parse_form(
    content_type: str,
    chunks: Buffer | Iterable[Buffer],
    *,
    content_length: int | None = None,
    limits: Limits | None = None,
    form_rules: FormRules = "default",
) -> Form:
    """The form in ``chunks``: one bytes-like object, or an iterable of them. Files are kept in memory, together at most
    ``max_spool_memory`` bytes. ``content_length`` is the declared length in bytes, if there is one. Raises as
    :class:`FormReader`.

    >>> form = parse_form("application/x-www-form-urlencoded", [b"a=1&b=", b"2"])
    >>> form.fields
    [('a', '1'), ('b', '2')]
    """
    limits = limits or DEFAULTS
    source: Iterator[bytes]
    more: bytes | None
    if type(chunks) is bytes:  # nearly always, and quicker than what follows
        source, data, more = iter(()), chunks, None
    else:
        pieces: Any = (chunks,) if is_bytes_like(chunks) else chunks
        source = map(as_bytes, pieces)
        data, more = next(source, b""), next(source, None)
    budget = MemoryBudget(limits)
    reader = FormReader(content_type, content_length, limits=limits, form_rules=form_rules, hold=partial(_hold, budget))
    form = reader.take(data, more is None)
    if form is not None:
        return form
    return run(reader.run(), _performer(filter(None, chain((data, more), source)), budget))


def _hold(budget: MemoryBudget, files: list[tuple[FileStart, bytes]]) -> list[tuple[str, Any]] | None:
    if not budget.take(sum([len(data) for _, data in files])):
        return None
    return [(part.name, FileStorage.from_part(part, MemorySink.holding(data), len(data))) for part, data in files]


def _performer(source: Iterator[bytes], budget: MemoryBudget) -> Callable[[Step], Any]:
    def perform(step: Step) -> Any:
        if type(step) is Read:
            return next(source, b"")
        if type(step) is Open:
            return MemorySink(budget)
        if type(step) is Write:
            return step.sink.write(step.data)
        assert type(step) is Close
        return step.sink.close() if step.error is not None else None

    return perform


parse_form.__module__ = "cardan.core.forms"  # help() and pickles name it as users import it
