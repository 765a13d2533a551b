"""The doors of a body: every one, after every other one, from sync and async code, on WSGI, asyncio and trio.

The law is a table: what was first (rows), what is asked now, and so what comes; it is written out here once, as a
function, and holds for both protocols and for every request object over the same request.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cardan.testing import Client

from . import request_apps
from .conftest import IN_PROCESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

MULTIPART = (
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nfile\r\n--B--\r\n'
)
BODIES = {
    "urlencoded": ("application/x-www-form-urlencoded", b"a=1&b=2"),
    "multipart": ("multipart/form-data; boundary=B", MULTIPART),
    "json": ("application/json", b'{"a": 1}'),
    "text": ("text/plain", b"some text"),
    "empty": ("multipart/form-data; boundary=B", b""),
}
VALUES: dict[str, dict[str, Any]] = {
    "urlencoded": {"form": [["a", "1"], ["b", "2"]]},
    "multipart": {"form": [["a", "1"]], "files": [["f", "file"]], "iter_parts": [["a", None], ["f", "x"]]},
    "json": {"json": {"a": 1}},
    "text": {},
    "empty": {"iter_parts": []},
}
FIRST = [
    "nothing", "load", "load(form=False)", "get_data", "data", "json", "text", "form", "files", "values",
    "get_data(cache=False)", "stream", "iter_data", "iter_parts",
]  # fmt: skip
DOORS = list(request_apps.SYNC_DOORS)
PROPERTIES = ("data", "get_data", "get_data(cache=False)", "text", "json", "form", "files", "values")


def state_after(first: str, content: str, kind: str) -> str:
    """``fresh``, ``buffered``, ``form``, ``gone``: what the first door made of the body."""
    is_form = content in ("urlencoded", "multipart", "empty")
    if first == "nothing":
        return "fresh"
    if first == "json" and kind == "def":
        return "buffered" if content == "json" else "fresh"  # 415 is known without a look at the body
    if first in ("get_data", "text", "json", "load(form=False)"):
        return "buffered"
    if first == "data" or first == "load":
        return "form" if is_form else "buffered"
    if first in ("form", "files", "values"):
        return "form" if is_form else ("fresh" if kind == "def" else "buffered")
    if first == "iter_parts":
        return "gone" if content in ("multipart", "empty") else "fresh"
    if first in ("stream", "get_data(cache=False)") and kind == "async":
        return "fresh"  # WrongMode and BodyNotLoaded: nothing was read
    return "gone"


def expected(state: str, then: str, content: str, kind: str) -> list[Any]:
    """The table."""
    mimetype, body = BODIES[content]
    is_form = content in ("urlencoded", "multipart", "empty")
    text = body.decode("latin-1")
    if state == "fresh" and kind == "async" and then in PROPERTIES:
        return ["raise", "BodyNotLoaded"]
    if state == "fresh" and kind == "async" and then == "stream":
        return ["raise", "WrongMode"]
    if then == "json" and content != "json":
        return ["raise", "UnsupportedMediaType"]
    if then == "iter_parts" and not mimetype.startswith("multipart"):
        return ["raise", "UnsupportedMediaType"]
    if then in ("form", "files", "values") and not is_form:
        return ["ok", [["first", None], ["then", None]] if then == "values" else []]
    if state == "gone" or (state == "form" and then in ("iter_data", "iter_parts")):
        return ["raise", "BodyConsumed"]
    if state == "form" and then in ("data", "get_data", "get_data(cache=False)", "text", "stream"):
        return ["ok", ""]
    if then == "data" and is_form and state == "fresh":
        return ["ok", ""]
    if then in ("form", "files", "iter_parts", "json"):
        return ["ok", VALUES[content].get(then, [])]
    if then == "values":
        return ["ok", [["first", None], ["then", None], *VALUES[content].get("form", [])]]
    return ["ok", text]


def without_args(answer: list[Any]) -> list[Any]:
    """``values`` has the query, too: its values do not matter here."""
    if answer[0] == "ok" and isinstance(answer[1], list):
        return ["ok", [[name, None if name in ("first", "then") else value] for name, value in answer[1]]]
    return answer


PLACES = [f"{door}-{kind}" for door in IN_PROCESS for kind in ("def", "async")]
# in sync code load() is WrongMode, and the properties read: test_request_members.py says so
BEGINNINGS = [
    (place, first) for place in PLACES for first in FIRST if place.endswith("async") or not first.startswith("load")
]


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Iterator[tuple[str, httpx.Client]]:
    """A kind of handler and a client of it."""
    door, _, kind = request.param.rpartition("-")
    protocol, _, backend = door.partition("-")
    app = request_apps.doors if kind == "def" else request_apps.adoors
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:
        yield kind, client


@pytest.mark.parametrize(("place", "first"), BEGINNINGS, indirect=["place"])
@pytest.mark.parametrize("content", BODIES)
def test_doors(place: tuple[str, httpx.Client], content: str, first: str) -> None:
    """Every door after ``first`` says what the table says; a second request object over the request says the same."""
    kind, client = place
    mimetype, body = BODIES[content]
    state = state_after(first, content, kind)
    wrong = {}
    for then in DOORS:
        answer = client.post(
            "/", params={"first": first, "then": then}, content=body, headers={"Content-Type": mimetype}
        )
        own, others = json.loads(answer.content)
        wanted = expected(state, then, content, kind)
        same_file = first == then == "stream" and kind == "def"  # one file a request object, at its end now
        if without_args(own) != (["ok", ""] if same_file else wanted):
            wrong[then] = (own, wanted)
        consumed = state == "fresh" and (then, wanted[0]) in OTHERS_MISS
        if not consumed and without_args(others) not in (wanted, after(then, wanted, state)):
            wrong[f"{then} by another"] = (others, wanted)
    assert wrong == {}


OTHERS_MISS: set[tuple[str, str]] = {
    (door, "ok") for door in ("stream", "iter_data", "iter_parts", "get_data(cache=False)")
}
"""Doors that consume: what is asked a second time is not there."""


def after(then: str, wanted: list[Any], state: str) -> list[Any]:
    """What the same door says the second time."""
    return ["ok", ""] if then == "data" and state == "fresh" and wanted == ["ok", ""] else wanted
