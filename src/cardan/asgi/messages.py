"""The messages of a response that is one piece: what most requests are answered with, made without anyio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

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


def whole_messages(
    response: BaseResponse, method: str, root_url: Callable[[], str] | None = None
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """``http.response.start`` and ``http.response.body`` where the body is buffered; None where it streams."""
    whole = response.whole(method, root_url)
    if whole is None:
        return None
    return (
        {"type": "http.response.start", "status": response.status_code, "headers": encode_headers(whole[0])},
        {"type": "http.response.body", "body": whole[1]},
    )
