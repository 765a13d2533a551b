"""What one request can cost at most, computed from its limits: the table of ``docs/guides/security.md``.

    python -m tests.costs        writes the table into the page

A :class:`Cost` is one row. Its ``bound`` is computed from a request class; None means that nothing bounds it.
``tests/contract/test_costs.py`` tries to exceed each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardan import Request
from tests.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = ROOT / "docs/guides/security.md"
BEGIN, END = "<!-- costs: written by python -m tests.costs -->\n", "<!-- end of costs -->\n"
MIB = 1_048_576
#: What is read, decoded or written at once, and the objects of a request, whatever its size.
FIXED = 4 * MIB
#: A part that is not a file: its name, its value and its places in the containers of the form.
PART = 2048
#: Text takes up to four bytes for each byte of its UTF-8, and for a moment five, beside two copies of its bytes.
TEXT = 7
#: A field is made in the same way; a urlencoded one has a further copy of its bytes, and one of the decoded text.
FIELD = 14
#: What is made of the query, the cookies and the header fields, for each byte of them, also if all attributes of a
#: field are read and it is written again.
HEAD = 160
#: What a server accepts of them: 64 KiB in uvicorn with h11, less in most others.
HEAD_SIZE = 65_536
#: What Python's json makes of the worst text: a list with one member takes 2 bytes of JSON.
JSON = 52


def times(*factors: int | None) -> int | None:
    """The product; None, no bound, if a factor has none."""
    product = 1
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return product


def plus(*terms: int | None) -> int | None:
    """The sum; None, no bound, if a term has none."""
    total = 0
    for term in terms:
        if term is None:
            return None
        total += term
    return total


def least(*bounds: int | None) -> int | None:
    """The smallest bound; None if there is none."""
    known = [bound for bound in bounds if bound is not None]
    return min(known) if known else None


@dataclass(frozen=True, slots=True)
class Cost:
    """A row: what is spent, the formula as readers see it, and the formula as a function."""

    name: str
    formula: str
    bound: Callable[[type[Request]], int | None]
    unit: str = "bytes"


COSTS = {
    cost.name: cost
    for cost in [
        Cost(
            "memory: `get_data()`, `data`",
            "2 × `max_data_memory` + 4 MiB",
            lambda cls: plus(times(2, cls.max_data_memory), FIXED),
        ),
        Cost(
            "memory: `text`",
            f"{TEXT} × `max_data_memory` + 4 MiB",
            lambda cls: plus(times(TEXT, cls.max_data_memory), FIXED),
        ),
        Cost(
            "memory: `json`",
            f"{JSON} × `max_data_memory` + 4 MiB",
            lambda cls: plus(times(JSON, cls.max_data_memory), FIXED),
        ),
        Cost(
            "memory: `form`, `files`",
            f"{FIELD} × `max_form_memory_total` + `max_spool_memory` + `max_file_memory` + 2 KiB × `max_form_parts` "
            "+ 5 × `max_files` × `max_part_header_size` + 4 MiB",
            lambda cls: plus(
                times(FIELD, cls.max_form_memory_total),
                cls.max_spool_memory,
                cls.max_file_memory,
                times(PART, cls.max_form_parts),
                times(5, cls.max_files, cls.max_part_header_size),
                FIXED,
            ),
        ),
        Cost("memory: `iter_data()`, `iter_parts()`, or a body that is not read", "4 MiB", lambda cls: FIXED),
        Cost(
            "memory: query, cookies, header fields",
            f"{HEAD} × their size, which the server limits: 64 KiB is usual",
            lambda cls: HEAD * HEAD_SIZE,
        ),
        Cost("open files", "`max_files`", lambda cls: cls.max_files, "files"),
        Cost(
            "disk",
            "`max_content_length`, or `max_files` × `max_file_size`",
            lambda cls: least(cls.max_content_length, times(cls.max_files, cls.max_file_size)),
        ),
        Cost(
            "bytes that are read and discarded after a body was refused",
            "`max_drain_size` + 1 MiB",
            lambda cls: plus(cls.max_drain_size, MIB),
        ),
        Cost("seconds for which a refused body is read", "`drain_timeout`", lambda cls: int(cls.drain_timeout), "s"),
        Cost("threads at the same time", "1 of the server on WSGI, 1 worker thread on ASGI", lambda cls: 1, "thread"),
    ]
}


def written(bound: int | None, unit: str) -> str:
    """A bound as readers see it."""
    if bound is None:
        return "no bound"
    if unit == "bytes":
        return f"{bound / 1e6:,.0f} MB"
    return f"{bound} {unit}"


class Api(Request):
    """The last column of the table: limits that a JSON API or a site with small forms may set."""

    max_content_length = 1_000_000
    max_data_memory = 1_000_000
    max_form_memory_total = 1_000_000
    max_files = 10
    max_drain_size = 10_000_000


def table() -> str:
    """The table of the page."""
    lines = ["| cost of one request | at most | by default | with the limits below |", "|---|---|---|---|"]
    for cost in COSTS.values():
        default, small = (written(cost.bound(cls), cost.unit) for cls in (Request, Api))
        lines.append(f"| {cost.name} | {cost.formula} | {default} | {small} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
