"""A view of the header fields in an ASGI scope.

Values are decoded as latin-1, as PEP 3333 does, so that both protocols give equal text. A value is decoded at each
access. The view never changes the list of the scope.

The first access builds an index of all fields. This costs as much as two searches among ten fields, so that a second
access already gains from it, and 10,000 fields are read only once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from .._buffers import Buffer, as_bytes, is_bytes_like
from ._header_rules import MEMO_ENTRIES, MEMO_NAME_LENGTH, _wire_names, wire_name, wire_title
from ._headers import HeadersView, ImmutableHeadersMixin

__all__ = ["ReceivedHeaders", "ScopeHeaders", "received_headers"]

# These fields count as missing if they are empty. A WSGI environ cannot distinguish the two (PEP 3333).
_CONTENT = (b"content-type", b"content-length")

RawHeaders = list[tuple[bytes, bytes]]

Text: TypeAlias = "str | Buffer"
ReceivedHeaders: TypeAlias = "HeadersView | Mapping[str, str] | Iterable[tuple[Text, Text]]"
"""What a server may give as the header fields of a request: a mapping of text, or pairs of bytes or of text."""

# Names that are known to be in lower case. A search in this set is faster than lower() for each name of each request.
_lower_names: set[bytes] = set()


class ScopeHeaders(ImmutableHeadersMixin, HeadersView):
    """The header fields in ``raw``, pairs of bytes, as in ``scope["headers"]`` (ASGI specification) or from h11 and h2.

    The ASGI specification requires lower-case names; names in another case are found too. Do not change ``raw`` after
    the first access to a field.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("_index", "_raw", "_several")

    _index: dict[bytes, bytes] | None
    """Maps each name in lower case to its joined value. None until the first access."""
    _several: dict[bytes, list[bytes]]
    """Maps each name to the list of its values. It is set only if a name occurs more than once."""

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

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._raw,)


def _are_lower(names: Iterable[bytes]) -> bool:
    """Return whether all names are in lower case. If they are, remember the names."""
    names = list(names)
    joined = b"".join(names)
    if joined != joined.lower():
        return False
    if len(_lower_names) >= MEMO_ENTRIES:
        _lower_names.clear()
    _lower_names.update([name for name in names[:MEMO_ENTRIES] if len(name) <= MEMO_NAME_LENGTH])
    return True


def received_headers(fields: ReceivedHeaders) -> HeadersView:
    """Return header fields as a server has them, as a view; a view stays as it is.

    Text is encoded as latin-1, as PEP 3333 has it. Text with other characters, which a gateway has decoded, is encoded
    as UTF-8. Raises :exc:`TypeError` for what is neither a mapping nor pairs, and for names and values that are neither
    text nor bytes.

    >>> received_headers({"Host": "a.example"})["host"]
    'a.example'
    """
    if isinstance(fields, HeadersView):
        return fields
    if isinstance(fields, str) or not isinstance(fields, Iterable):
        raise TypeError(f"got headers of type {type(fields).__name__}, expected a mapping or pairs")
    given: Any = fields.items() if isinstance(fields, Mapping) else fields
    pairs: list[tuple[Text, Text]] = list(given)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"got {pair!r} among the headers, expected a pair of a name and a value")
    return ScopeHeaders(
        [
            (name if type(name) is bytes else _raw(name), value if type(value) is bytes else _raw(value))
            for name, value in pairs
        ]
    )


def _raw(text: Text) -> bytes:
    if isinstance(text, str):
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return text.encode("utf-8", "replace")
    if not is_bytes_like(text):
        raise TypeError(f"got {text!r} among the headers, expected names and values of type str or bytes")
    return as_bytes(text)
