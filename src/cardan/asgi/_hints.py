"""Early hints over ASGI: the extension ``http.response.early_hint``. :mod:`cardan.wsgi._hints` is its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..core._request.exchange import Exchange
    from ._messages import Send

__all__ = ["EXTENSION", "send_early_hints"]

#: the extension of the ASGI specification, and the type of its message
EXTENSION: Final = "http.response.early_hint"


async def send_early_hints(send: Send, values: list[str], exchange: Exchange) -> None:
    """Send a 103 with these values of Link. A client that has left cannot be told: that is noted."""
    try:
        await send({"type": EXTENSION, "links": [value.encode("latin-1") for value in values]})
    except OSError:
        exchange.left = True
