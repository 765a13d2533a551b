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

#: name -> the name as it is sent, at most 256 of them: an application sends a few, again and again
_NAMES: dict[str, bytes] = {}
#: field -> the field as it is sent, for fields whose values are no secrets and are few: at most 64 media types, and
#: lengths of at most three digits
_FIELDS: dict[tuple[str, str], tuple[bytes, bytes]] = {}


def encode_headers(fields: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Header fields as ASGI has them: lower-case names, latin-1."""
    known = _FIELDS
    return [known.get(field) or _encode_field(field) for field in fields]


def _encode_field(field: tuple[str, str]) -> tuple[bytes, bytes]:
    name, value = field
    encoded = _NAMES.get(name) or _encode_name(name), value.encode("latin-1")
    if (name == "Content-Type" and len(_FIELDS) < 64) or (name == "Content-Length" and len(value) <= 3):
        _FIELDS[field] = encoded
    return encoded


def _encode_name(name: str) -> bytes:
    encoded = name.lower().encode("latin-1")
    if len(_NAMES) < 256:
        _NAMES[name] = encoded
    return encoded


def whole_messages(response: BaseResponse, method: str, root_url: Callable[[], str]) -> tuple[Message, Message] | None:
    """The two messages of a response that is one bytes object and has nothing to be closed after it; None for others.

    Such a response needs no context and no thread. ``root_url`` gives the root URL of the application.
    """
    if closers_of(response):
        return None
    answer = response.outgoing(method, root_url)
    if type(answer) is not WholeAnswer:
        return None
    return (
        {"type": "http.response.start", "status": answer.status, "headers": encode_headers(answer.headers)},
        {"type": "http.response.body", "body": answer.body},
    )
