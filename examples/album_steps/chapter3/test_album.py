"""The album, over WSGI and over ASGI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardan.testing import PROTOCOLS, Client

from .app import Site
from .request import AlbumRequest

PNG = b"\x89PNG\r\n\x1a\n and the rest of a picture"


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


def add_album(client: Client) -> str:
    """Make an album; gives its path."""
    return client.post("/albums", data={"title": "By the sea"}).headers["Location"]


def test_photo(client: Client) -> None:
    """A photo is stored, shown, and sent back as it was."""
    album = add_album(client)
    files = {"photos": ("../sea.png", PNG)}
    page = client.post(f"{album}/photos", files=files, follow_redirects=True)
    found = re.search('<img src="(/photos/[^"]+)" alt="sea.png"', page.text)
    assert found is not None
    photo = client.get(found[1])
    assert photo.content == PNG
    assert photo.headers["Content-Type"] == "image/png"
    part = client.get(found[1], headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.text) == (206, "PNG")


def test_no_photo(client: Client) -> None:
    """What is not a photo is refused, whatever it is called."""
    album = add_album(client)
    files = {"photos": ("sea.png", b"<script>alert(1)</script>")}
    answer = client.post(f"{album}/photos", files=files)
    assert (answer.status_code, "Not a JPEG" in answer.text) == (400, True)
    assert "<img" not in client.get(album).text


def test_limits(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo that is too large is a 413."""
    monkeypatch.setattr(AlbumRequest, "max_file_size", 100)
    files = {"photos": ("sea.png", PNG + bytes(100))}
    answer = client.post(f"{add_album(client)}/photos", files=files)
    assert (answer.status_code, "max_file_size" in answer.text) == (413, True)


def test_errors(client: Client) -> None:
    """A page that is not there is a 404, and a method that it does not have a 405."""
    answer = client.get("/albums/none")
    assert (answer.status_code, "no such album" in answer.text) == (404, True)
    assert client.get("/none").status_code == 404
    answer = client.post("/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
