"""A handler that gives no response is a mistake that ``on_exception`` sees, over both protocols."""

from __future__ import annotations

from typing import Any

import pytest

from cardan import Application
from cardan.testing import Client


async def nothing(request: Any) -> Any:
    """Gives None."""


def nothing_in_a_thread(request: Any) -> Any:
    """Gives None."""


async def returned(request: Any) -> Any:
    return 3


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
@pytest.mark.parametrize("handler", [nothing, nothing_in_a_thread, returned])
def test_on_exception_sees_a_handler_that_gives_no_response(protocol: Any, handler: Any) -> None:
    """``on_exception`` is called for it, over both protocols and for every kind of handler."""
    seen: list[Exception] = []

    class Watched(Application[Any]):
        def on_exception(self, request: Any, error: Exception) -> None:
            seen.append(error)

    with Client(Watched(handler), protocol) as client, pytest.raises(TypeError, match="expected a Response"):
        client.get("/")
    assert [type(error) for error in seen] == [TypeError]
