"""The guide "Moving from Werkzeug": each line of its tables is run in Werkzeug and here, on the same requests."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx
import pytest
import werkzeug.exceptions
import werkzeug.test
import werkzeug.utils
import werkzeug.wrappers
from werkzeug import debug
from werkzeug.middleware import dispatcher, profiler, proxy_fix, shared_data

from cardan import (
    Application,
    Mount,
    ProxyFix,
    Request,
    Response,
    StaticFiles,
    abort,
    exceptions,
    redirect,
    send_file,
)
from cardan.compat.werkzeug.utils import secure_filename
from cardan.files import send_from_directory
from cardan.testing import PROTOCOLS, Client
from tests.guide_tables import HEADERS, TARGET, body_for, rows, value_here, view
from tests.guides.test_flask import fields, plain
from tests.servers import EXAMPLES

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
    """In each row, the code of Werkzeug and that of cardan give the same value."""
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
    """In each row, the code of Werkzeug and that of cardan send the same status and the same header fields and, unless
    it is an error or a redirect, the same body.
    """
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


# What stands around the views


def around(text: str) -> None:
    """The table "Around the views" has a row that begins with ``text``."""
    assert any(row[0].startswith(text) for row in rows(PAGE, "Around the views")), text


def answered(app: Any, path: str, **sent: Any) -> list[tuple[int, str]]:
    """What an application answers on the protocols that it speaks: on WSGI, or with ``both`` on ASGI, too."""
    found = []
    for protocol in PROTOCOLS if sent.pop("both", True) else PROTOCOLS[:1]:
        with Client(app, protocol, base_url="http://testserver") as client:
            answer = client.request(sent.get("method", "GET"), path, headers=sent.get("headers"), data=sent.get("data"))
            found.append((answer.status_code, answer.text))
    return found


HELLO = Application(lambda request: Response(f"{request.root_path}{request.path} {request.host} {request.remote_addr}"))


def test_proxies() -> None:
    """``ProxyFix`` of Werkzeug and of cardan believe the same header fields."""
    around("`ProxyFix(app")
    sent = {"headers": {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "a.example"}}
    theirs = answered(proxy_fix.ProxyFix(HELLO, x_for=1, x_host=1), "/x", both=False, **sent)
    assert theirs == [(200, "/x a.example 192.0.2.7")]
    assert answered(ProxyFix(HELLO, x_for=1, x_host=1), "/x", **sent) == theirs * 2


def test_directories_and_mounts(tmp_path: Path) -> None:
    """Files are sent from the same URLs, and the application gets the other requests; a mounted one gets its prefix."""
    around("`SharedDataMiddleware(app")
    around("`DispatcherMiddleware(app")
    (tmp_path / "a.txt").write_text("file")
    shared = shared_data.SharedDataMiddleware(HELLO, {"/static": str(tmp_path)})
    mounts = [
        (shared, Mount({"/static": StaticFiles(tmp_path), "/": HELLO})),
        (dispatcher.DispatcherMiddleware(HELLO, {"/api": HELLO}), Mount({"/api": HELLO, "/": HELLO})),
    ]
    for old, new in mounts:
        for path in ("/static/a.txt", "/x", "/api/x"):
            theirs = answered(old, path, both=False)
            assert answered(new, path) == theirs * 2
    assert answered(shared, "/static/a.txt", both=False) == [(200, "file")]


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("max_content_length", 1, 413),
        ("max_form_memory_size", 1, 413),
        ("max_form_parts", 1, 413),
        ("trusted_hosts", ["a.example"], 400),
    ],
)
def test_attributes_of_request_classes(name: str, value: Any, status: int) -> None:
    """An attribute of a request class refuses the same requests in Werkzeug and in cardan."""
    around("`trusted_hosts`" if name == "trusted_hosts" else "`max_content_length`, `max_form_memory_size`")
    kinds: Any = {"headers": {"Content-Type": "multipart/form-data; boundary=B"}}
    body = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nlong\r\n' * 2 + "--B--\r\n"
    old = type("Old", (werkzeug.wrappers.Request,), {name: value})
    new = type("New", (Request,), {name: value})

    @old.application  # type: ignore[attr-defined, untyped-decorator, unused-ignore]
    def theirs(request: Any) -> Any:
        return werkzeug.wrappers.Response(request.host + str(request.form))

    ours = Application(lambda request: Response(request.host + str(request.form)), request_class=new)
    for app, protocols in ((theirs, PROTOCOLS[:1]), (ours, PROTOCOLS)):
        for protocol in protocols:
            with Client(app, protocol) as client:
                assert client.post("/", content=body, **kinds).status_code == status


def test_redirecting_to_a_slash() -> None:
    """A redirect to a slash has the same status, and leads to the same URL, in Werkzeug and in cardan."""
    around("`append_slash_redirect(environ)`")
    line = view(next(row[1] for row in rows(PAGE, "Around the views") if "append_slash" in row[0]), OURS)
    for path in ("/a", "/a/b?c=%20d"):
        theirs = werkzeug.utils.append_slash_redirect(werkzeug.test.create_environ(path, "http://testserver"))
        for protocol in PROTOCOLS:
            request = Request.from_values(path, protocol=protocol)
            ours = line(request)
            assert ours.status_code == theirs.status_code
            base = f"http://testserver{path}"
            assert urljoin(base, ours.location) == urljoin(base, theirs.location)


def test_what_wraps_wsgi_applications() -> None:
    """The debugger, the profiler and the test client of Werkzeug take an application of cardan."""
    around("`DebuggedApplication(app)`")
    around("`werkzeug.test.Client(app)`")
    wrapped = [HELLO, debug.DebuggedApplication(HELLO), profiler.ProfilerMiddleware(HELLO, stream=io.StringIO())]
    for app in wrapped:
        assert werkzeug.test.Client(app).get("/x").text.startswith("/x localhost")
    assert [text.startswith("/x testserver") for _, text in answered(HELLO, "/x")] == [True, True]


@pytest.mark.real_server
def test_the_server_of_werkzeug() -> None:
    """``werkzeug.run_simple()`` serves an application of cardan."""
    around("`run_simple(")
    code = "import hello, werkzeug; werkzeug.run_simple('127.0.0.1', 0, hello.app)"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=EXAMPLES, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            lines = (re.search(r"Running on (http://127\.0\.0\.1:\d+)", line) for line in server.stderr)
            url = next(found[1] for found in lines if found)
            assert httpx.get(f"{url}/?name=Ada").text == "Hello Ada!"
        finally:
            server.kill()
