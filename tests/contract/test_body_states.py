"""Every way to read a body, after every other way: from sync and async code, on WSGI, asyncio and trio.

The law is two tables: which state the first use of a body leads to, and what each name gives in each state. They are
read from the guide ``docs/guides/body-states.md``. They hold on both protocols, and for every request object over the
same request.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cardan.testing import Client

from . import request_apps
from .conftest import IN_PROCESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "body-states.md"
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
FORMS = ("urlencoded", "multipart", "empty")
READERS = list(request_apps.READERS)
FIRST = ["nothing yet", "load", "load(form=False)", *READERS]


QUERY: list[list[Any]] = [["first", None], ["then", None]]
"""The query of each request, which is in ``values`` as well; its values do not matter here."""


def guide_table(title: str) -> dict[str, dict[str, str]]:
    """The table of the guide whose first column has this title: the cells by row and column, without backticks.

    A row for several names stands here once for each of them.
    """
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith(f"| {title} |"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    columns = rows[0][1:]
    return {
        name.removesuffix("()"): dict(zip(columns, cells, strict=True))
        for names, *cells in rows[2:]
        for name in names.split(", ")
    }


STATE_AFTER = guide_table("first use")
GIVES = guide_table("name")
COLUMNS = {
    "multipart": "multipart form",
    "empty": "multipart form",
    "urlencoded": "urlencoded form",
    "json": "JSON",
    "text": "anything else",
}
#: what async code loads before it uses a name; :func:`request_apps.aread_twice` does the same
LOADED_WITH = {
    **dict.fromkeys(("form", "files", "values", "data"), "load"),
    **dict.fromkeys(("get_data", "text", "json"), "load(form=False)"),
}


def test_the_tables_are_complete() -> None:
    """The guide has a row for each name that reads the body."""
    assert sorted(STATE_AFTER) == sorted(FIRST)
    assert sorted(GIVES) == sorted(READERS)


def state_after(first: str, content: str, kind: str) -> str:
    """The state of a body after its first use."""
    if kind == "async":
        if first in GIVES and GIVES[first]["unread, in async code"] == "WrongMode":
            return "unread"
        if first == "get_data(cache=False)":  # it is not loaded before: BodyNotLoaded
            return "unread"
        first = LOADED_WITH.get(first, first)
    return STATE_AFTER[first][COLUMNS[content]]


def expected(state: str, then: str, content: str, kind: str) -> list[Any]:
    """What a name gives in a state: a cell of the guide's second table, after the rules on the Content-Type."""
    cell = GIVES[then]["unread, in async code" if (state, kind) == ("unread", "async") else state]
    if cell in ("BodyNotLoaded", "WrongMode"):
        return ["raise", cell]
    if (then == "json" and content != "json") or (then == "iter_parts" and not BODIES[content][0].startswith("mul")):
        return ["raise", "UnsupportedMediaType"]
    if then in ("form", "files", "values") and content not in FORMS:
        return ["ok", QUERY if then == "values" else []]
    is_form = content in FORMS
    given: dict[str, Any] = {
        "bytes": BODIES[content][1].decode("latin-1"),
        "empty": "",
        "bytes, empty for a form": "" if is_form else BODIES[content][1].decode("latin-1"),
        "value": VALUES[content].get(then),
        "form": [*QUERY, *VALUES[content].get("form", [])] if then == "values" else VALUES[content].get(then, []),
        "parts": VALUES[content].get(then, []),
    }
    return ["ok", given[cell]] if cell in given else ["raise", cell]


def without_args(answer: list[Any]) -> list[Any]:
    """``answer`` without the values of the query, as in :data:`QUERY`."""
    if answer[0] == "ok" and isinstance(answer[1], list):
        return ["ok", [[name, None if name in ("first", "then") else value] for name, value in answer[1]]]
    return answer


PLACES = [f"{server}-{kind}" for server in IN_PROCESS for kind in ("def", "async")]
# in sync code load() is WrongMode, and the properties read: test_request_members.py says so
BEGINNINGS = [
    (place, first) for place in PLACES for first in FIRST if place.endswith("async") or not first.startswith("load")
]


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Iterator[tuple[str, httpx.Client]]:
    """A kind of handler and a client of it."""
    server, _, kind = request.param.rpartition("-")
    protocol, _, backend = server.partition("-")
    app = request_apps.read_twice if kind == "def" else request_apps.aread_twice
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:
        yield kind, client


@pytest.mark.parametrize(("place", "first"), BEGINNINGS, indirect=["place"])
@pytest.mark.parametrize("content", BODIES)
def test_what_each_name_gives_after_each_first_use(place: tuple[str, httpx.Client], content: str, first: str) -> None:
    """Every name gives what the tables of the guide say, also on a second request object over the same request."""
    kind, client = place
    mimetype, body = BODIES[content]
    state = state_after(first, content, kind)
    wrong = {}
    for then in READERS:
        answer = client.post(
            "/", params={"first": first, "then": then}, content=body, headers={"Content-Type": mimetype}
        )
        own, others = json.loads(answer.content)
        wanted = expected(state, then, content, kind)
        same_file = first == then == "stream" and kind == "def"  # one file a request object, at its end now
        if without_args(own) != (["ok", ""] if same_file else wanted):
            wrong[then] = (own, wanted)
        consumed = state == "unread" and (then, wanted[0]) in OTHERS_MISS
        if not consumed and without_args(others) not in (wanted, after(then, wanted, state)):
            wrong[f"{then} by another"] = (others, wanted)
    assert wrong == {}


OTHERS_MISS: set[tuple[str, str]] = {
    (name, "ok") for name in ("stream", "iter_data", "iter_parts", "get_data(cache=False)")
}
"""Names that consume an unread body: the second request object finds nothing."""


def after(then: str, wanted: list[Any], state: str) -> list[Any]:
    """What the same name gives the second time."""
    return ["ok", ""] if then == "data" and state == "unread" and wanted == ["ok", ""] else wanted
