"""State that is kept for each request with a context variable, as the guide recommends for thread-local sessions."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from cardan import Application, Request, Response
from cardan.testing import Client

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

KEY: ContextVar[object] = ContextVar("KEY")


class Scoped:
    """A model of SQLAlchemy's ``scoped_session(..., scopefunc=KEY.get)``: one object for each key until its removal."""

    def __init__(self) -> None:
        self.open: dict[object, str] = {}

    def use(self, name: str) -> str:
        """The object of this request. It is made at the first call."""
        return self.open.setdefault(KEY.get(), name)

    def remove(self) -> None:
        """Remove the object of this request."""
        del self.open[KEY.get()]


@pytest.mark.parametrize("place", ["wsgi", "asgi-asyncio", "asgi-trio"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["def", "async"])
def test_each_request_removes_its_own(kind: str, streamed: bool, place: str) -> None:
    """The handler, the body and the hooks use one object, whatever threads they run in. Afterwards it is removed."""
    session = Scoped()

    def sessions(request: Request) -> Generator[None, Response, Response]:
        KEY.set(object())
        response = yield
        response.call_on_close(session.remove)
        return response

    def handler(request: Request) -> Response:
        session.use(request.path)

        def body() -> Iterator[str]:
            for _ in range(3):
                yield session.use("another")

        return Response(body() if streamed else session.use("another") * 3)

    async def ahandler(request: Request) -> Response:
        return handler(request)

    app: Any = Application(handler if kind == "def" else ahandler, middleware=[sessions])
    protocol, _, backend = place.partition("-")
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:
        for path in ("/1", "/2", "/3"):
            assert client.get(path).text == path * 3
    assert session.open == {}
