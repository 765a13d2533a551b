"""Accept: which media types a client wants (RFC 9110 section 12.5.1).

Takes and gives as :mod:`~cardan.core.fields.accept`. A range is ``*/*``, ``type/*`` or ``type/subtype``, the last
also with parameters; of the ranges that match, the most specific one decides.
"""

from __future__ import annotations

from .accept import Accept, read_quality, write_member
from .options import parse_options

__all__ = ["MIMEAccept"]


class MIMEAccept(Accept):
    """The media ranges of Accept, their parameters in the order of their names.

    A value is a media type, with parameters or without: ``accept.quality("text/html;level=1")``. Types and
    parameters compare in any case. A range without parameters matches a type with any.
    """

    __slots__ = ()

    _anything = "*/*"

    @classmethod
    def _read_member(cls, value: str, parameters: str) -> tuple[str, float | None]:
        _, pairs = parse_options(f"{value};{parameters}")
        quality = 1.0 if (weight := pairs.pop("q", None)) is None else read_quality(weight)
        return write_member(value.strip(" \t"), sorted(pairs.items())) if quality is not None else value, quality

    @classmethod
    def _specificity(cls, value: str) -> int:
        if "*" in value:
            return 0 if value[:2] == "*/" or value == "*" else 1
        return 2 + value.count(";")

    @classmethod
    def _normal(cls, value: str) -> str:
        if ";" not in value:
            return "*/*" if value == "*" else value.lower()
        kind, parameters = _split(value)
        return write_member(kind, sorted(parameters.items()))

    def _match(self, value: str) -> tuple[int, float] | None:
        kind, parameters = _split(value)
        candidates = (kind, kind.partition("/")[0] + "/*", "*/*")
        best: tuple[int, float] | None = None
        for item, quality, specificity in self._ranges:
            if best is not None and (specificity, quality) <= best:
                continue
            if item in candidates or (specificity > 2 and parameters and _includes(item, kind, parameters)):
                best = (specificity, quality)
        return best

    @property
    def accept_html(self) -> bool:
        """Whether HTML is named, itself, as XHTML or by a wildcard."""
        return "text/html" in self or self.accept_xhtml

    @property
    def accept_xhtml(self) -> bool:
        """Whether XHTML or XML is named, or a wildcard."""
        return "application/xhtml+xml" in self or "application/xml" in self

    @property
    def accept_json(self) -> bool:
        """Whether JSON is named, or a wildcard."""
        return "application/json" in self


def _includes(item: str, kind: str, parameters: dict[str, str]) -> bool:
    wanted, conditions = _split(item)
    return wanted == kind and conditions.items() <= parameters.items()


def _split(value: str) -> tuple[str, dict[str, str]]:
    if ";" not in value:
        return value.lower(), {}
    kind, parameters = parse_options(value)
    return kind.lower(), {name: text.lower() for name, text in parameters.items()}
