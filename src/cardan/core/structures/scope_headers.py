"""The header fields of an ASGI scope, as a view.

Takes the scope's ``headers`` (ASGI spec: an iterable of two-item iterables of bytes; names should be lower-case
but are found in any case); returns text, latin-1 as PEP 3333 has it, so that both protocols give equal values.
Raises nothing of its own. Never changes the list; decodes a value each time it is asked for and not before.

The first look-up makes an index (one pass at C speed, the price of two searches among ten fields): whoever asks for
two fields is ahead already, and a list of 10,000 fields costs one pass, however often it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .header_rules import MEMO_ENTRIES, MEMO_NAME_LENGTH, _wire_names, wire_name, wire_title
from .headers import HeadersView, ImmutableHeadersMixin

__all__ = ["ScopeHeaders"]

# absent when empty, as PEP 3333 has it and an environ cannot tell
_CONTENT = (b"content-type", b"content-length")

RawHeaders = list[tuple[bytes, bytes]]

# Names that were seen to be lower-case already: asking a set is quicker than folding each name of each request.
_lower_names: set[bytes] = set()


class ScopeHeaders(ImmutableHeadersMixin, HeadersView):
    """The header fields of ``raw``: pairs of bytes, as in ``scope["headers"]`` or from h11 and h2.

    The list is looked at when a field is first asked for, and must not be changed after that.
    """

    __slots__ = ("_index", "_raw", "_several")

    _index: dict[bytes, bytes] | None
    """Lower-case name to value, several of them joined; None until the first look-up."""
    _several: dict[bytes, list[bytes]]
    """The values of each name; set where the index has fewer entries than the list."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw: RawHeaders = raw if type(raw) is list else list(raw)
        self._index = None

    def _make_index(self) -> dict[bytes, bytes]:
        raw = self._raw
        index: dict[bytes, bytes] = dict(raw)
        if len(index) != len(raw) or not (_lower_names.issuperset(index) or _are_lower(index)):
            index = self._fold()
        self._index = index
        return index

    def _fold(self) -> dict[bytes, bytes]:
        several: dict[bytes, list[bytes]] = {}
        for name, value in self._raw:
            several.setdefault(name.lower(), []).append(value)
        self._several = several
        return {name: (b"; " if name == b"cookie" else b", ").join(values) for name, values in several.items()}

    def _find(self, name: str) -> str | None:
        index = self._index
        if index is None:
            index = self._make_index()
        key = _wire_names.get(name)
        if key is None:
            key = wire_name(name)
        value = index.get(key)
        if not value:
            return None if value is None or key in _CONTENT else ""
        return value.decode("latin-1")

    def _find_all(self, name: str) -> list[str]:
        value = self._find(name)
        if value is None:
            return []
        if len(self._index or ()) == len(self._raw):
            return [value]
        return [one.decode("latin-1") for one in self._several[wire_name(name)]]

    def _names(self) -> list[bytes]:
        index = self._make_index() if self._index is None else self._index
        return [name for name, value in index.items() if value or name not in _CONTENT]

    def __iter__(self) -> Iterator[str]:
        return iter([wire_title(name) for name in self._names()])

    def __len__(self) -> int:
        return len(self._names())

    def __reduce__(self) -> Any:
        return type(self), (list(self._raw),)


def _are_lower(names: Iterable[bytes]) -> bool:
    """Whether no name has an upper-case letter; remembers those that have none."""
    names = list(names)
    joined = b"".join(names)
    if joined != joined.lower():
        return False
    if len(_lower_names) >= MEMO_ENTRIES:
        _lower_names.clear()
    _lower_names.update([name for name in names[:MEMO_ENTRIES] if len(name) <= MEMO_NAME_LENGTH])
    return True
