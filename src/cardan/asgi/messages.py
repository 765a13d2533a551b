"""The header fields of ASGI messages. Apart from sending, which needs anyio: an answer in one piece does not."""

from __future__ import annotations

__all__ = ["encode_headers"]

_NAMES: dict[str, bytes] = {}


def encode_headers(fields: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Header fields as ASGI has them: lower-case names, latin-1."""
    names = _NAMES
    return [(names.get(name) or _wire_name(name), value.encode("latin-1")) for name, value in fields]


def _wire_name(name: str) -> bytes:
    """Names are remembered, at most 256 of them: an application sends a few, again and again."""
    known = name.lower().encode("latin-1")
    if len(_NAMES) < 256:
        _NAMES[name] = known
    return known
