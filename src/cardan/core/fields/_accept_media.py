"""Accept: the media types that a client prefers (RFC 9110 section 12.5.1).

The class follows the rules of :mod:`~cardan.core.fields._accept`. A media range is ``*/*``, ``type/*`` or
``type/subtype``; the last form may have parameters. If several ranges match a type, the most specific one gives its
quality.
"""

from __future__ import annotations

from ._accept import Accept, read_quality, write_member
from ._options import parse_options
from ._syntax import OWS

__all__ = ["MIMEAccept"]


class MIMEAccept(Accept):
    """The media ranges of Accept. The parameters of a range are sorted by name.

    The methods take media types with or without parameters: ``accept.quality("text/html;level=1")``. Types and
    parameters are compared without regard to case. A range without parameters matches a type with any parameters.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    _anything = "*/*"

    @classmethod
    def _read_member(cls, value: str, parameters: str) -> tuple[str, float | None]:
        _, pairs = parse_options(f"{value};{parameters}")
        quality = 1.0 if (weight := pairs.pop("q", None)) is None else read_quality(weight)
        return write_member(value.strip(OWS), sorted(pairs.items())) if quality is not None else value, quality

    @classmethod
    def _folded(cls, value: str) -> str:
        if ";" not in value:
            return value
        kind, pairs = parse_options(value)
        return write_member(kind, sorted(pairs.items()))

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
        """True if the client accepts HTML: a range matches ``text/html``, or :attr:`accept_xhtml` is true."""
        return "text/html" in self or self.accept_xhtml

    @property
    def accept_xhtml(self) -> bool:
        """True if a range matches ``application/xhtml+xml`` or ``application/xml``."""
        return "application/xhtml+xml" in self or "application/xml" in self

    @property
    def accept_json(self) -> bool:
        """True if a range matches ``application/json``."""
        return "application/json" in self


def _includes(item: str, kind: str, parameters: dict[str, str]) -> bool:
    wanted, conditions = _split(item)
    return wanted == kind and conditions.items() <= parameters.items()


def _split(value: str) -> tuple[str, dict[str, str]]:
    if ";" not in value:
        return value.lower(), {}
    kind, parameters = parse_options(value)
    return kind.lower(), {name: text.lower() for name, text in parameters.items()}
