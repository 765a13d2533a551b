"""KeptTrailers: the trailer fields of an application whose caller is no server, but makes a response of what it sends.

WSGI has no place for trailer fields: the caller puts this object into the environ, and the WSGI adapter fills it. Over
ASGI the caller fills it from the messages.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from .trailers import joined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .base import BaseResponse

__all__ = ["KEPT", "KeptTrailers"]

#: the key of the object in an environ
KEPT: Final = "cardan.trailers"


class KeptTrailers:
    """The trailer fields that an application announces, and sends at the end, for a caller that is no server.

    ``over`` is the HTTP version of the request.
    """

    __slots__ = ("fields", "names", "over")

    def __init__(self, over: str) -> None:
        self.over = over
        self.names: Iterable[str] = ()
        """The names that were announced."""
        self.fields: list[tuple[str, str]] = []
        """What was sent."""

    def get(self, name: str) -> str | None:
        """The value of the field, after the end of the body; None if it was not sent."""
        lower = name.lower()
        return next((value for known, value in joined(self.fields).items() if known.lower() == lower), None)

    def hand_on(self, response: BaseResponse) -> None:
        """Give ``response``, which is made of what the application sends, trailer fields with these values."""
        if self.names:
            response.headers.remove("Trailer")  # made anew where the response is sent
            response.trailers = {name: partial(self.get, name) for name in self.names}
