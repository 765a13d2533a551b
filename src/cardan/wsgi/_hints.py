"""Early hints over WSGI: ``environ["wsgi.early_hints"]``, which gunicorn has. :mod:`cardan.asgi._hints` is its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core._request.exchange import Exchange

__all__ = ["send_early_hints"]


def send_early_hints(send: Callable[[list[tuple[str, str]]], Any], values: list[str], exchange: Exchange) -> None:
    """Send a 103 with these values of Link. A client that has left cannot be told: that is noted."""
    try:
        send([("Link", value) for value in values])
    except OSError:
        exchange.left = True
