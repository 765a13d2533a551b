"""Server-Timing (W3C Server Timing): how long the parts of the work of a server have taken.

Parsing takes linear time and never raises: a metric whose name is no token is skipped, and the first of several equal
parameters counts (section 4). Writing raises :exc:`ValueError` for a value that a header field must not contain.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from sys import float_info
from typing import Self

from .._checks import check_type
from ._lists import split
from ._live import LiveMembers
from ._parameters import parse_parameters
from ._syntax import OWS, check_token, check_value, is_text, is_token, quote_if_needed

__all__ = ["ServerTiming", "ServerTimings"]


@dataclass(frozen=True, slots=True)
class ServerTiming:
    """One metric: a name, a duration in milliseconds or None, and a description or None.

    >>> ServerTiming("db", 53.2, "two queries").to_header()
    'db;dur=53.2;desc="two queries"'
    """

    name: str
    duration: float | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        check_type("name", self.name, str, "a str")
        check_token(self.name, "metric")
        if self.duration is not None:
            check_type("duration", self.duration, (int, float), "a number of milliseconds")
            if not 0 <= self.duration <= float_info.max:  # an int may be larger
                raise ValueError(f"got duration {self.duration!r}, expected a finite number, and none below zero")
            object.__setattr__(self, "duration", float(self.duration))
        if self.description is not None:
            check_type("description", self.description, str, "a str")
            check_value(self.description, "description")

    @classmethod
    def from_header(cls, value: str | None, /) -> Self | None:
        """Parse one metric. None and an invalid value give None."""
        text = value or ""
        parameters = parse_parameters(text)
        name = text.partition(";")[0].strip(OWS)
        if not is_token(name) or not is_text(text):
            return None
        found: dict[str, str | None] = {}
        for key, content in parameters[1:]:
            found.setdefault(key, content)
        return cls(name, _milliseconds(found.get("dur")), found.get("desc"))

    def to_header(self) -> str:
        """Return the metric as it is written in the field."""
        text = self.name
        if self.duration is not None:
            text += f";dur={repr(self.duration).removesuffix('.0')}"
        if self.description is not None:
            text += f";desc={quote_if_needed(self.description)}"
        return text

    def __str__(self) -> str:
        return self.to_header()


class ServerTimings(LiveMembers[ServerTiming]):
    """The metrics of a response, a mutable sequence. It is live: every change is written to the field.

    >>> timings = ServerTimings([ServerTiming("miss")])
    >>> timings.add("db", 53)
    >>> timings.to_header()
    'miss, db;dur=53'
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()
    _member = ServerTiming

    @classmethod
    def parse(cls, text: str, /) -> tuple[ServerTiming, ...]:
        return tuple(metric for member in split(text) if (metric := ServerTiming.from_header(member)) is not None)

    def add(self, name: str, duration: float | None = None, description: str | None = None) -> None:
        """Add a metric: its name, its duration in milliseconds, and a description."""
        self.append(ServerTiming(name, duration, description))


def _milliseconds(text: str | None) -> float | None:
    if text is None or len(text) > 40 or "_" in text or not text.isascii():
        return None
    try:
        duration = float(text)
    except ValueError:
        return None
    return duration if 0 <= duration < inf else None


ServerTiming.__module__ = "cardan.datastructures"
