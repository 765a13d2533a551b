"""What a process remembers of requests and responses, to be faster for the next ones, is bounded: it does not grow with
the number of values that clients and programs send.
"""

from __future__ import annotations

import asyncio
import sys
from collections import OrderedDict, deque
from types import ModuleType
from typing import Any

import pytest

from cardan import CORS, Application, Compression, Mount, ProxyFix, Request, Response
from cardan.testing import RequestBuilder

#: the most values that one memo may hold
MOST = 1024
MANY = MOST + 100


def held() -> dict[str, int]:
    """How many values the modules and classes of cardan hold: in their containers, and in the caches of functions."""
    found: dict[str, int] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "cardan" or not isinstance(module, ModuleType):
            continue
        spaces: list[tuple[str, Any]] = [(name, vars(module))]
        spaces += [(f"{name}.{each.__name__}", vars(each)) for each in vars(module).values() if isinstance(each, type)]
        for place, space in spaces:
            for key, value in list(space.items()):
                if isinstance(value, (dict, set, list, deque, OrderedDict)):
                    found[f"{place}.{key}"] = len(value)
                elif hasattr(value, "cache_info"):
                    found[f"{place}.{key}"] = value.cache_info().currsize
    return found


def handler(request: Request) -> Response:
    request.max_content_length = 1000 + int(request.args["number"])
    return answer(request)


async def ahandler(request: Request) -> Response:
    request.max_content_length = 1000 + int(request.args["number"])
    await request.load()
    return answer(request)


def answer(request: Request) -> Response:
    number = request.args["number"]
    assert request.form["name"]
    response = Response(
        number.rjust(int(number) + 1000),
        mimetype=f"text/x-{number}",
        headers={f"X-{number}": number, "Content-Language": f"x-{number}", "Cache-Control": f"max-age={number}"},
    )
    response.set_cookie(f"name{number}", number, max_age=int(number))
    response.last_modified = int(number)
    response.set_etag(number)
    return response


def ask(app: Any, protocol: str, number: int, loop: asyncio.Runner) -> None:
    """One request that is unlike all others."""
    builder = RequestBuilder(
        f"/at/{number}",
        query_string=f"number={number}",
        method="POST",
        headers={
            "Host": f"{number}.example",
            "Origin": f"https://{number}.example",
            "Accept": f"text/x-{number}",
            "Accept-Language": f"x-{number}",
            "Accept-Encoding": f"gzip;q=0.{number}",
            "If-None-Match": f'"{number}"',
            "Cookie": f"a{number}={number}",
            "User-Agent": f"agent/{number}",
            f"X-Own-{number}": f"{number}",
            "X-Forwarded-For": f"10.0.{number % 256}.{number // 256}",
        },
        form={"name": f"value {number}"},
    )
    if protocol == "wsgi":
        body = app(builder.environ(), lambda status, headers, exc_info=None: None)
        for _chunk in body:
            pass
        getattr(body, "close", lambda: None)()
        return
    given = [{"type": "http.request", "body": builder.body, "more_body": False}]

    async def receive() -> Any:
        return given.pop()

    async def send(message: Any) -> None: ...

    loop.run(app(builder.scope(), receive, send))


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_it_does_not_grow(protocol: str) -> None:
    """After many requests, no two of which have a value in common, no memo is larger than it may be."""
    app = Mount(
        {"/at": ProxyFix(CORS(Compression(Application(handler if protocol == "wsgi" else ahandler)), origins="*"))}
    )
    with asyncio.Runner() as loop:
        ask(app, protocol, 0, loop)  # loads every module
        before = held()
        for number in range(1, MANY):
            ask(app, protocol, number, loop)
        after = held()
    grown = {place: (before.get(place), count) for place, count in after.items() if before.get(place) != count}
    assert grown  # something is remembered
    assert [place for place, (_, count) in grown.items() if count > MOST] == []
