"""Lints of end-to-end runs: the short form of `python -m proof.lints`, and that faults are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from cardan.testing import RequestBuilder
from proof import lints, lints_plugin
from proof.lints import Entry, Finding

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
BODY = {"type": "http.response.body", "body": b"text"}


def counts(found: list[Finding]) -> Counter[str]:
    return Counter(finding.lint for finding in found)


def test_contract_tests_under_lints() -> None:
    """What the lints find in these tests is in the list."""
    status, found = lints.run(["tests/contract/test_standards_sent.py"])
    assert status == 0
    assert lints.explained(found, lints.entries())[0] == []
    seen = counts(found)
    assert min(seen["wsgi exchanges"], seen["asgi exchanges"], seen["httplint responses"]) > 50


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn"])
def test_real_servers_under_lints(kind: str) -> None:
    """Real servers serve the applications under the lints, and what clients get of them is judged, too."""
    status, found = lints.run(["tests/contract/test_basics.py", "-k", f"test_json and {kind}"])
    assert status == 0
    assert lints.explained(found, lints.entries())[0] == []
    seen = counts(found)
    assert seen["httplint on servers responses"] > 0
    assert seen["wsgi exchanges" if kind == "gunicorn" else "asgi exchanges"] > 0


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Finding]]:
    """What was written in this test."""
    file = tmp_path / "findings"
    monkeypatch.setenv(lints_plugin.FILE, str(file))
    return lambda: lints.findings(file)


TEXT = ("Content-Type", "text/plain")


@pytest.mark.parametrize(
    ("status", "headers", "body", "kinds"),
    [
        ("200 OK", [TEXT], [b"text"], set()),
        ("200 OK", [TEXT, ("Content-Length", "3")], [b"text"], {"wsgi", "httplint"}),
        ("200 OK", [TEXT, ("Connection", "close")], [b"text"], {"wsgi"}),
        ("200 OK", [], [b"text"], {"wsgiref.validate"}),
        ("2 OK", [TEXT], [b"text"], {"wsgi", "wsgiref.validate"}),
        ("200 OK", [TEXT, ("ETag", "no quotes")], [b"text"], {"httplint"}),
        ("304 Not Modified", [("ETag", '"a"')], [b"text"], {"wsgi", "httplint"}),
    ],
)
def test_wsgi(status: str, headers: Any, body: Any, kinds: set[str], written: Callable[[], list[Finding]]) -> None:
    """A broken rule is found, and the server gets the answer all the same."""

    def app(self: object, environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers)
        return body

    heads: list[Any] = []
    chunks = lints_plugin.door_wsgi(app)(None, RequestBuilder("/").environ(), lambda *args: heads.append(args))
    assert list(chunks) == body
    chunks.close()
    assert heads == [(status, headers)]
    found = [each for each in written() if each.lint not in lints.SEEN and each.kind != "FRESHNESS_HEURISTIC"]
    assert {each.lint for each in found} == kinds
    assert counts(written())["wsgi exchanges"] == 1


@pytest.mark.parametrize(
    ("messages", "kinds"),
    [
        ([START, BODY], set()),
        ([START, BODY, BODY], {"asgi"}),
        ([START], {"asgi"}),
        ([{**START, "headers": [(b"Content-Type", b"text/plain")]}, BODY], {"asgi"}),
        ([{**START, "headers": [*START["headers"], (b"content-length", b"3")]}, BODY], {"asgi", "httplint"}),  # type: ignore[misc]
        ([{**START, "headers": [*START["headers"], (b"etag", b"v1")]}, BODY], {"httplint"}),  # type: ignore[misc]
    ],
)
def test_asgi(messages: list[Any], kinds: set[str], written: Callable[[], list[Finding]]) -> None:
    """On ASGI, too, a broken rule is found, and the server gets the messages all the same."""
    sent: list[Any] = []

    async def app(self: object, scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(lints_plugin.door_asgi(app), None, RequestBuilder("/").scope(), receive, send)
    assert sent == messages
    found = [each for each in written() if each.lint not in lints.SEEN and each.kind != "FRESHNESS_HEURISTIC"]
    assert {each.lint for each in found} == kinds


def test_the_list() -> None:
    """A finding needs an entry for its kind and its test; an entry without a finding is shown."""
    one = Finding("httplint", "A", "tests/a.py::test_a[x]", "")
    assert lints.explained([one], []) == ([one], [])
    known = Entry("httplint*", "A", ("tests/a.py::*",), "why")
    other = Entry("asgi", "A", ("*",), "why")
    assert lints.explained([one], [known, other]) == ([], [other])
    assert lints.explained([one], [known._replace(tests=("tests/b.py::*",))])[0] == [one]
    seen = Finding("asgi exchanges", "", "", "")
    assert lints.explained([seen], [])[0] == []


def test_each_entry_has_a_reason() -> None:
    """The list says why for each kind."""
    assert all(len(entry.reason) > 30 for entry in lints.entries())
