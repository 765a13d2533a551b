"""The messages of ASGI. Apart from sending, which needs anyio: an answer in one piece does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.response.base import BaseResponse

__all__ = ["encode_headers", "whole_messages"]

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


def whole_messages(response: BaseResponse, method: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Start and body of ``response`` where that is in one piece and nothing has to be closed; else None.

    The straight path beside sending: it needs no context, no thread and no URL.
    """
    plain = response.plain(method)
    if plain is not None:
        kind, length, body = plain
        headers = [(b"content-type", kind.encode("latin-1")), (b"content-length", b"%d" % length)]
    elif response.autocorrect_location_header or response.closers() or (whole := response.whole(method)) is None:
        return None
    else:
        headers, body = encode_headers(whole[0]), whole[1]
    return (
        {"type": "http.response.start", "status": response._code, "headers": headers},
        {"type": "http.response.body", "body": body},
    )
