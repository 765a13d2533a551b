"""The protocols themselves: what is left when there is no library at all. Every body is read, every answer is fixed."""

from __future__ import annotations

import json
from typing import Any

from scenarios import SCENARIOS, Scenario

PACKAGE = None
PAGE_HEADERS = [("ETag", '"v42"'), ("Set-Cookie", "seen=1; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax")]


def _answer(scenario: Scenario) -> tuple[list[tuple[str, str]], bytes]:
    expected = scenario.expected
    body = expected if isinstance(expected, bytes) else json.dumps(expected).encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return headers + (PAGE_HEADERS if scenario.name == "page" else []), body


def _wsgi(scenario: Scenario) -> Any:
    headers, body = _answer(scenario)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", list(headers))
        return [body]

    return app


def _asgi(scenario: Scenario) -> Any:
    headers, body = _answer(scenario)
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            more = True
            while more:
                message = await receive()
                more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": list(raw)})
        await send({"type": "http.response.body", "body": body})

    return app


WSGI = {name: _wsgi(scenario) for name, scenario in SCENARIOS.items()}
ASGI = {name: _asgi(scenario) for name, scenario in SCENARIOS.items()}
BARE_WSGI, BARE_ASGI = WSGI, ASGI
