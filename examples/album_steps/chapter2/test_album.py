"""The album, over WSGI and over ASGI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cardan.testing import PROTOCOLS, Client

from .app import Site


@pytest.fixture(params=PROTOCOLS)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """A client of an album without data."""
    with Client(Site(tmp_path), request.param) as client:
        yield client


def test_album(client: Client) -> None:
    """A new album has a page, to which the browser is sent, and a link to it."""
    answer = client.post("/albums", data={"title": "By the sea"})
    assert answer.status_code == 303
    path = answer.headers["Location"]
    assert "<h1>By the sea</h1>" in client.get(path).text
    assert f'<a href="{path}">By the sea</a>' in client.get("/").text


def test_titles_are_escaped(client: Client) -> None:
    """A title is text, not HTML."""
    data = {"title": "<script>alert(1)</script>"}
    answer = client.post("/albums", data=data, follow_redirects=True)
    for page in (answer.text, client.get("/").text):
        assert "&lt;script&gt;" in page
        assert "<script>" not in page


@pytest.mark.parametrize("data", [{}, {"title": " "}, {"title": "x" * 81}])
def test_forms_that_are_refused(client: Client, data: dict[str, str]) -> None:
    """A form without a title, or with one that is empty or too long, is a 400."""
    assert client.post("/albums", data=data).status_code == 400
    assert "<li>" not in client.get("/").text


def test_errors(client: Client) -> None:
    """A page that is not there is a 404, and a method that it does not have a 405."""
    answer = client.get("/albums/none")
    assert (answer.status_code, "no such album" in answer.text) == (404, True)
    assert client.get("/none").status_code == 404
    answer = client.post("/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
