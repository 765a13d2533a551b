"""The album, over WSGI and over ASGI."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cardan.testing import PROTOCOLS, Client

from .app import app


@pytest.fixture(params=PROTOCOLS)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of the album."""
    with Client(app, request.param) as client:
        yield client


def test_home(client: Client) -> None:
    """The first page has a link to each album."""
    answer = client.get("/")
    assert answer.status_code == 200
    assert '<a href="/albums/sea">By the sea</a>' in answer.text


def test_album(client: Client) -> None:
    """An album has a page."""
    assert "<h1>In the hills</h1>" in client.get("/albums/hills").text


def test_errors(client: Client) -> None:
    """A page that is not there is a 404, and a method that it does not have a 405."""
    answer = client.get("/albums/none")
    assert (answer.status_code, "no such album" in answer.text) == (404, True)
    assert client.get("/none").status_code == 404
    answer = client.post("/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
