"""A view of the header fields in a WSGI environ (PEP 3333).

The view shows the items ``HTTP_*``, ``CONTENT_TYPE`` and ``CONTENT_LENGTH`` of the environ. It copies nothing and never
changes the environ.

An empty ``CONTENT_TYPE`` or ``CONTENT_LENGTH`` counts as a missing field, because PEP 3333 allows servers to set empty
strings. ``HTTP_CONTENT_TYPE`` and ``HTTP_CONTENT_LENGTH`` are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._header_rules import _environ_keys, environ_key, environ_title
from ._headers import HeadersView, ImmutableHeadersMixin

__all__ = ["EnvironHeaders"]

_CONTENT = ("CONTENT_TYPE", "CONTENT_LENGTH")


class EnvironHeaders(ImmutableHeadersMixin, HeadersView):
    """The header fields in ``environ``. Each access reads the environ, so that later changes are visible.

    A field whose name contains an underscore is never found: the environ has the same key for the name with a hyphen.

    >>> EnvironHeaders({"HTTP_ACCEPT": "*/*", "CONTENT_TYPE": ""})
    EnvironHeaders([('Accept', '*/*')])
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self.environ = environ

    def _find(self, name: str) -> str | None:
        key = _environ_keys.get(name)
        if key is None:
            key = environ_key(name)
        value: str | None = self.environ.get(key)
        if not value and key in _CONTENT:
            return None
        return value

    def _find_all(self, name: str) -> list[str]:
        value = self._find(name)
        return [] if value is None else [value]

    def _keys(self) -> list[str]:
        environ = self.environ
        keys = [key for key in environ if key[:5] == "HTTP_" and environ_title(key)]
        return keys + [key for key in _CONTENT if environ.get(key)]

    def __iter__(self) -> Iterator[str]:
        return iter([environ_title(key) for key in self._keys()])

    def __len__(self) -> int:
        return len(self._keys())

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), ({key: self.environ[key] for key in self._keys()},)
