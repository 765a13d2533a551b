"""A core of `make interop`: some servers, each started once, and the clients that show what is on the wire.

What docs/explanation/interop.md says of these servers is true: each row gives what ``interop/results.json`` holds for
it, with ``def`` handlers and with ``async def`` handlers.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from cardan.testing import Client
from interop import page, raw
from interop.cells import fill
from interop.clients import CLIENTS, encoded
from interop.page import MARKS, PAGE
from interop.rows import ROWS, Expected, Row, Seen, Sent
from interop.servers import SERVERS
from tests.servers import Kind, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Server

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "interop" / "results.json"
#: one server of each kind; tests/test_servers.py has all of them
CORE = ("gunicorn gthread", "waitress", "uvicorn httptools", "hypercorn HTTP/2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("interop")


@pytest.fixture(scope="module", params=CORE)
def server(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[str, Server]]:
    """The name of a server, and the server."""
    name = request.param
    kind = SERVERS[name].kind
    server = start(kind, "interop.site:app", app_dir=ROOT, log_dir=folder, INTEROP_FOLDER=str(folder))
    yield name, server
    server.stop()


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["def", "async"])
def test_every_row(server: tuple[str, Server], kind: str, folder: Path) -> None:
    """Every row gives what the page says, for the socket and, on HTTP/2, for httpx.

    Rows in which the client waits in vain would only take its time.
    """
    name, running = server
    scheme = SERVERS[name].scheme
    url = f"{scheme}{running.url.removeprefix('http')}/{kind}/"
    cells = json.loads(RESULTS.read_text())["servers"][name]["cells"]
    for client in ("socket", "httpx h2") if scheme == "https" else ("socket",):
        expected = {row: cell["cardan"] for row, cell in cells[client].items() if "no end" not in cell["cardan"]}
        with CLIENTS[client].open(folder) as exchange:
            seen = {row: fill(ROWS[row], exchange, url, folder).differences for row in expected}
        assert seen == expected, f"{client}\n{running.log()}"


def test_the_page_shows_the_results() -> None:
    """docs/explanation/interop.md holds what the results say."""
    shown = PAGE.read_text().partition(MARKS[0])[2].partition(MARKS[1])[0]
    assert shown.strip() == page.render(json.loads(RESULTS.read_text())).strip()


def test_nothing_on_the_page_depends_on_cardan() -> None:
    """Where a client sees something else than the table expects, an application without cardan shows the same."""
    servers = json.loads(RESULTS.read_text())["servers"]
    found = [
        (server, client, row)
        for server, of in servers.items()
        for client, cells in of.get("cells", {}).items()
        for row, cell in cells.items()
        for difference in cell["cardan"]
        if page.side(of["cells"], client, row, difference) == "cardan"
    ]
    assert found == []


def test_every_server_and_client_is_on_the_page() -> None:
    """What was not run is named with a reason."""
    results = json.loads(RESULTS.read_text())
    assert list(results["servers"]) == list(SERVERS)
    assert list(results["clients"]) == list(CLIENTS)
    shown = PAGE.read_text()
    assert [name for name in (*SERVERS, *CLIENTS) if name not in shown] == []


OK = Seen(status=200, body=b"a", fields={"content-length": "1"})


@pytest.mark.parametrize(
    ("expected", "seen", "difference"),
    [
        (Expected(body=b"a", fields={"content-length": "1"}), OK, ""),
        (Expected(), Seen(error="reset", whole=False), "no answer"),
        (Expected(whole=False), Seen(status=200, whole=False, late=True), "no end"),
        (Expected(status=413), OK, "status 200"),
        (Expected(whole=False), OK, "looks complete"),
        (Expected(), Seen(status=200, whole=False), "broken off"),
        (Expected(body=b"first\nsecond\n"), Seen(status=200, body=b"first\nheld back\n"), "held back"),
        (Expected(body=b"b"), OK, "another body"),
        (Expected(fields={"content-length": None}), OK, "content-length: 1"),
        (Expected(fields={"etag": '"a"'}), OK, "no etag"),
        (Expected(), Seen(status=200, continued=True), "100 before the answer"),
        (Expected(continued=True), Seen(status=200, continued=True), ""),
    ],
)
def test_differences(expected: Expected, seen: Seen, difference: str) -> None:
    """A cell says in a few words what is not as expected."""
    assert expected.difference(seen) == difference


def test_a_client_that_hangs_and_one_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that hangs or fails does not end the command: its cell of the table says so."""
    import threading

    from interop import cells

    monkeypatch.setattr(cells, "LIMIT", 0.05)
    row = Row(name="one", exchanges=((Sent(path="hello"), Expected()),))
    forever = threading.Event()

    def hang(*arguments: Any) -> list[Seen]:
        forever.wait(20)
        return []

    def fail(*arguments: Any) -> list[Seen]:
        raise RuntimeError("a defect")

    try:
        assert fill(row, hang, "http://127.0.0.1:9/", tmp_path).hangs
    finally:
        forever.set()
    cell = fill(row, fail, "http://127.0.0.1:9/", tmp_path)
    assert (cell.differences, cell.detail) == (["no answer"], "RuntimeError('a defect')")


SAME = {"cardan": ["looks complete"], "raw": ["looks complete"]}
OTHER: dict[str, list[str]] = {"cardan": [], "raw": []}


@pytest.mark.parametrize(
    ("cells", "side"),
    [
        ({"curl": {**SAME, "raw": []}, "socket": {**SAME, "raw": ["no answer"]}}, "cardan"),
        ({"curl": {**SAME, "raw": []}, "socket": {**OTHER, "raw": ["looks complete"]}}, "server"),
        ({"curl": SAME, "socket": SAME, "httpx": OTHER, "aiohttp": OTHER}, "server"),
        ({"curl": SAME, "socket": OTHER, "httpx": SAME}, "server"),
        ({"curl": SAME, "socket": OTHER, "httpx": OTHER}, "client"),
        ({"curl": SAME, "socket": OTHER, "requests": OTHER, "httpx": OTHER, "httpx h2": SAME}, "server"),
        ({"curl": SAME, "socket": OTHER, "httpx h2": OTHER, "Chromium": OTHER}, "client"),
        ({"curl": SAME}, "client"),
    ],
)
def test_side(cells: dict[str, dict[str, list[str]]], side: str) -> None:
    """A difference depends on cardan if the raw application never shows it; on the server if the socket sees it, or
    half of the clients that speak the same version of HTTP, and more than one.
    """
    of_rows = {client: {"error after": cell} for client, cell in cells.items()}
    assert page.side(of_rows, "curl", "error after", "looks complete") == side


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize("name", ["form", "upload", "range", "conditional", "HEAD", "204, 304", "HTTP/1.0"])
def test_the_raw_application_does_the_same(name: str, protocol: Literal["wsgi", "asgi"]) -> None:
    """Where no server stands between, the raw application gives what is expected of the site."""
    with Client(getattr(raw, protocol), protocol=protocol) as client:
        for sent, expected in ROWS[name].exchanges:
            body, fields = encoded(sent)
            answer = client.request(sent.method, f"/def/{sent.path}", content=body, headers=fields)
            seen = Seen(status=answer.status_code, fields=dict(answer.headers), body=answer.content)
            assert expected.difference(seen) == ""


def test_what_is_not_installed_is_named() -> None:
    """The reason says what is missing, and how it can be had from Debian. The page shows it."""
    kind = Kind("one", "wsgi", (), lambda target, port: [])
    assert replace(
        SERVERS["mod_wsgi"], kind=kind, programs=("no-such-program",), debian=("no-such-package",)
    ).missing() == ("no-such-program, no-such-package not installed (apt-get install no-such-package)")
    assert replace(SERVERS["waitress"], kind=replace(kind, needs=("no_such_module",))).missing() == (
        "no_such_module not installed"
    )
    assert replace(CLIENTS["curl"], needs=("no-such-program",)).missing() == (
        "no-such-program not installed (apt-get install curl)"
    )
    results = json.loads(RESULTS.read_text())
    results["servers"]["daphne"] = {"missing": "daphne not installed"}
    del results["clients"]["curl"]
    assert "Not run: daphne (daphne not installed); curl (not asked)." in page.render(results)


def test_a_client_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command goes on without it, and names it with the reason. A server that does not start is named as well."""
    from interop import __main__ as command

    def broken(folder: Path) -> Any:
        raise RuntimeError("no display\nand more")

    class Stopped:
        url = "http://127.0.0.1:9"

        def stop(self) -> None:
            """Nothing runs."""

    def fails(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("one ended at its start:\nno module site\n")

    monkeypatch.setitem(CLIENTS, "curl", replace(CLIENTS["socket"], name="curl", open=broken))
    monkeypatch.setattr(command, "start", lambda *arguments, **options: Stopped())
    clients = command.Clients(["socket", "curl"], tmp_path)
    found = command.ask(SERVERS["waitress"], clients, [ROWS["HEAD"]], tmp_path)
    assert {name: list(rows) for name, rows in found["cells"].items()} == {"socket": ["HEAD"]}
    assert clients.missing == {"curl": "does not start: no display"}
    monkeypatch.setattr(command, "start", fails)
    assert command.ask(SERVERS["waitress"], clients, [], tmp_path) == {"missing": "does not start: no module site"}
