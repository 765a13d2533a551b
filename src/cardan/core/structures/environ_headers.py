"""The header fields of a WSGI environ, as a live view.

Takes the environ (PEP 3333); returns what it holds under ``HTTP_*``, ``CONTENT_TYPE`` and ``CONTENT_LENGTH``.
Raises nothing of its own. Never copies, never changes the environ.

An empty ``CONTENT_TYPE`` or ``CONTENT_LENGTH`` is absent: PEP 3333 lets servers set them so. Their twins under
``HTTP_CONTENT_*`` are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .header_rules import _environ_keys, environ_key, environ_title
from .headers import HeadersView, ImmutableHeadersMixin

__all__ = ["EnvironHeaders"]

_CONTENT = ("CONTENT_TYPE", "CONTENT_LENGTH")


class EnvironHeaders(ImmutableHeadersMixin, HeadersView):
    """The header fields of ``environ``, a mapping as PEP 3333 describes it. Reads it anew each time.

    A name with an underscore is never found: an environ cannot tell it from the name with a hyphen.
    """

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

    def __reduce__(self) -> Any:
        return type(self), ({key: self.environ[key] for key in self._keys()},)
