"""The messages of ASGI, and those of a response that is sent whole.

They stand apart from :mod:`.sending`, which loads anyio: a response of one bytes object needs none of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.response.outgoing import WholeAnswer, closers_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import TypeAlias

    from ..core.response.base import BaseResponse

    Message: TypeAlias = MutableMapping[str, Any]
    Scope: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]

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


def whole_messages(response: BaseResponse, method: str) -> tuple[Message, Message] | None:
    """The two messages of a response that is one bytes object and has nothing to be closed after it; None for others.

    Such a response needs no context, no thread and no URL.
    """
    if response.autocorrect_location_header or closers_of(response):
        return None
    answer = response.outgoing(method)
    if type(answer) is not WholeAnswer:
        return None
    return (
        {"type": "http.response.start", "status": answer.status, "headers": encode_headers(answer.headers)},
        {"type": "http.response.body", "body": answer.body},
    )
