"""A request that is cancelled while its body is loaded before the handler."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cardan import Application, Request, Response, middleware
from cardan.testing import RequestBuilder

seen: list[str] = []


@middleware(buffer=True)
def buffering(request: Request) -> Any:
    seen.append("middleware")
    yield


def handler(request: Request) -> Response:
    seen.append("handler")
    return Response()


async def async_handler(request: Request) -> Response:
    seen.append("handler")
    return Response()


@pytest.mark.anyio
@pytest.mark.parametrize("view", [handler, async_handler])
@pytest.mark.parametrize("options", [{"load": True}, {"middleware": [buffering]}])
async def test_a_cancellation_goes_on(view: Any, options: dict[str, Any]) -> None:
    """A cancellation while the body is loaded ends the request: it is no error that a middleware could answer, no code
    of the application runs, and nothing is sent.
    """
    app: Application[Request] = Application(view, **options)
    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"100")]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    messages = [{"type": "http.request", "body": b"a=1", "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:
        if not messages:
            scopes[0].cancel()
            await anyio.sleep_forever()
        return messages.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    seen.clear()
    with anyio.CancelScope() as cancelled:
        scopes = [cancelled]
        await app(scope, receive, send)
        raise AssertionError("got an end of the request, expected a cancellation")
    assert cancelled.cancelled_caught
    assert (seen, sent) == ([], [])


@pytest.mark.parametrize("view", [handler, async_handler])
def test_a_cancellation_of_something_else(view: Any) -> None:
    """If ``receive`` awaits what was cancelled elsewhere, loading fails as by every other error: the middleware sees
    it, and the application answers.
    """
    log: list[str] = []

    @middleware
    def around(request: Request) -> Any:
        try:
            yield
        except RuntimeError as error:
            log.append(str(error))
            raise

    class Answering(Application[Request]):
        def on_exception(self, request: Request, error: Exception) -> Response:
            return Response("answered", 500)

    async def receive() -> Any:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    async def send(message: Any) -> None:
        sent.append(message)

    sent: list[Any] = []
    app = Answering(view, load=True, middleware=[around])
    with pytest.raises(RuntimeError, match="cancelled elsewhere"):
        asyncio.run(app(RequestBuilder("/", method="POST", data="x").scope(), receive, send))
    assert len(log) == 1
    assert "cancelled elsewhere" in log[0]
    assert sent[1]["body"] == b"answered"


@pytest.mark.parametrize("way", ["file", "part"])
def test_a_save_that_is_cancelled_closes_its_file(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``Task.cancel()`` while a worker thread opens the target: the file that was opened is closed."""
    opened: list[Any] = []
    real = Path.open

    def opening(self: Path, *args: Any, **options: Any) -> Any:
        loop.call_soon_threadsafe(tasks[0].cancel)
        asyncio.run_coroutine_threadsafe(anyio.lowlevel.checkpoint(), loop).result()
        opened.append(real(self, *args, **options))
        return opened[-1]

    @Request.application
    async def app(request: Request) -> Response:
        if way == "file":
            await request.load()
            await request.files["f"].asave(tmp_path / "saved")
        else:
            async for part in request.aiter_parts():
                await part.asave(tmp_path / "saved")
        raise AssertionError("got an end of the request, expected a cancellation")

    builder = RequestBuilder("/", method="POST", files={"f": ("x", b"data")})

    async def receive() -> Any:
        return {"type": "http.request", "body": builder.body, "more_body": False}

    async def send(message: Any) -> None:
        raise AssertionError(f"got {message}, expected none")

    async def main() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        tasks.append(asyncio.ensure_future(app(builder.scope(), receive, send)))
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]

    loop: Any = None
    tasks: list[Any] = []
    monkeypatch.setattr(Path, "open", opening)
    asyncio.run(main())
    assert [file.closed for file in opened] == [True]
