"""The guide "Moving from Werkzeug": each line of its tables is run in Werkzeug and here, on the same requests."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import werkzeug.exceptions
import werkzeug.utils
import werkzeug.wrappers

from cardan import Application, Response, abort, exceptions, redirect, send_file
from cardan.compat.werkzeug.utils import secure_filename
from cardan.files import send_from_directory
from cardan.testing import PROTOCOLS, Client
from tests.guide_tables import HEADERS, TARGET, body_for, rows, value_here, view
from tests.guides.test_flask import fields, plain

if TYPE_CHECKING:
    from pathlib import Path

    from cardan.types import ProtocolName

PAGE = "werkzeug.md"
THEIRS = vars(werkzeug.exceptions) | vars(werkzeug.utils) | {"Response": werkzeug.wrappers.Response}
OURS = vars(exceptions) | {
    "Response": Response,
    "redirect": redirect,
    "abort": abort,
    "send_file": send_file,
    "send_from_directory": send_from_directory,
}


def answer_in_werkzeug(old: Any, method: str = "GET", **sent: Any) -> httpx.Response:
    """What an application of Werkzeug answers whose every request is answered by one view."""

    @werkzeug.wrappers.Request.application
    def app(request: werkzeug.wrappers.Request) -> Any:
        with request:
            return old(request)

    with Client(app, "wsgi", base_url="http://testserver") as client:
        return client.request(method, TARGET, **sent)


def value_in_werkzeug(old: Any, **sent: Any) -> Any:
    """What a view reads from a request in Werkzeug."""
    got = []

    def read(request: Any) -> Any:
        got.append(old(request))
        return werkzeug.wrappers.Response()

    assert answer_in_werkzeug(read, **sent).status_code == 200
    return got[0]


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The request line and the header fields"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reading_the_head(old: str, new: str, protocol: ProtocolName) -> None:
    """Both lines give the same value, and one that the request decides."""
    theirs = value_in_werkzeug(view(old, {}), headers=HEADERS)
    ours = value_here(view(new, {}), protocol, headers=HEADERS)
    if "for name, value" in old:  # the client decides about their order and case
        theirs, ours = sorted(map(str.lower, theirs)), sorted(map(str.lower, ours))
    assert plain(ours) == plain(theirs)


@pytest.mark.parametrize(
    ("old", "sync", "asynchronous"), rows(PAGE, "The body"), ids=lambda cell: cell.strip("`").replace("request.", "")
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reading_the_body(old: str, sync: str, asynchronous: str, protocol: ProtocolName, tmp_path: Path) -> None:
    """The three lines give the same value; where they save a file, it has the same bytes."""
    values = []
    for name, line in (("werkzeug", old), ("def", sync), ("async", asynchronous)):
        target = tmp_path / name
        names = {"target": target, "secure_filename": secure_filename}
        sent = body_for(line)
        if name == "werkzeug":
            names["secure_filename"] = werkzeug.utils.secure_filename
            value = value_in_werkzeug(view(line, names), **sent)
        else:
            load = name == "async" and "aiter_data" not in line
            value = value_here(view(line, names), protocol, load=load, **sent)
        values.append(target.read_bytes() if target.exists() else value)
    assert values[0] == values[1] == values[2]
    assert values[0] not in (None, b"", "")


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The answer"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_answers(old: str, new: str, protocol: ProtocolName, tmp_path: Path) -> None:
    """Both lines send the same status, the same header fields and the same body, but for what the page says."""
    (tmp_path / "report.txt").write_text("report")
    names = {"path": tmp_path / "report.txt", "folder": tmp_path, "io": io, "json": json}
    theirs = answer_in_werkzeug(view(old, THEIRS | names))
    with Client(Application(view(new, OURS | names)), protocol) as client:
        ours = client.get(TARGET)
    assert ours.status_code == theirs.status_code
    assert ours.headers.get("Location") == theirs.headers.get("Location")
    if ours.is_error or ours.is_redirect:  # their pages differ
        assert ours.headers.get("Allow") == theirs.headers.get("Allow")
        return
    names_of_fields = (
        "Content-Type", "X-Tag", "Set-Cookie", "Cache-Control", "Content-Disposition", "Vary", "Content-Language",
        "Last-Modified",
    )  # fmt: skip
    for name in names_of_fields:
        assert fields(ours, name) == fields(theirs, name), name
    assert ("ETag" in ours.headers) == ("ETag" in theirs.headers)
    if theirs.headers.get("Content-Type") == "application/json":
        assert ours.json() == theirs.json()
    else:
        assert ours.content == theirs.content
