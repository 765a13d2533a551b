"""The album, over WSGI and over ASGI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from cardan.testing import PROTOCOLS, Client

from .app import create_app
from .request import AlbumRequest

PNG = b"\x89PNG\r\n\x1a\n and the rest of a picture"


@pytest.fixture(params=PROTOCOLS)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """A browser that has never been here."""
    app = create_app(tmp_path, "a secret for tests")
    with Client(app, request.param, headers={"Accept": "text/html"}) as client:
        yield client


def post(
    client: Client, path: str, data: Mapping[str, str], **files: Any
) -> httpx.Response:
    """Send a form with the token of its page, and load the page that follows."""
    page = client.get("/login").text
    found = re.search('name="token" value="([^"]+)"', page)
    assert found is not None
    form = {"token": found[1], **data}
    return client.post(path, data=form, follow_redirects=True, **files)


def register(client: Client, name: str) -> httpx.Response:
    """Make an account, which signs in."""
    return post(client, "/register", {"name": name, "password": "correct horse"})


def add_album(client: Client, title: str = "By the sea") -> str:
    """Make an album; gives its path."""
    return post(client, "/albums", {"title": title}).url.path


def add_photo(client: Client, album: str, name: str, data: bytes) -> httpx.Response:
    """Add a photo to an album; gives the page of the album."""
    return post(client, f"{album}/photos", {}, files={"photos": (name, data)})


# --- pages ---


def test_home(client: Client) -> None:
    """The first page invites to sign in, and has the headers of every page."""
    answer = client.get("/")
    assert (answer.status_code, "Sign in" in answer.text) == (200, True)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert (
        client.get("/static/style.css").headers["Content-Type"].startswith("text/css")
    )


def test_errors(client: Client) -> None:
    """A browser gets a page of the album, another client what it accepts."""
    missing = client.get("/albums/none")
    assert missing.status_code == 404
    assert "There is no such album." in missing.text
    assert '<a href="/login">' in missing.text
    assert missing.headers["Cache-Control"] == "private, no-cache"
    refused = client.get("/logout")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
    answer = client.get("/albums/none", headers={"Accept": "application/json"})
    assert answer.json()["detail"] == "There is no such album."


# --- accounts ---


def test_account(client: Client) -> None:
    """An account is made, left, and entered with its password only."""
    assert "ada <button>Sign out" in register(client, "ada").text
    assert "Sign in" in post(client, "/logout", {}).text
    wrong = post(client, "/login", {"name": "ada", "password": "wrong horse"})
    assert "do not belong together" in wrong.text
    assert "do not belong together" not in client.get("/login").text
    right = post(client, "/login", {"name": "ada", "password": "correct horse"})
    assert "ada <button>Sign out" in right.text


def test_name_is_taken(client: Client) -> None:
    """There is one account for each name."""
    register(client, "ada")
    post(client, "/logout", {})
    assert "The name ada is taken." in register(client, "ada").text


def test_cookie(client: Client) -> None:
    """Scripts cannot read the cookie, other sites cannot use it."""
    client.get("/login")
    register(client, "ada")
    cookie = client.post("/logout").headers.get("Set-Cookie")
    assert cookie is None  # without the token nothing happens
    fields = client.get("/login", headers={"Cookie": ""}).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= set(fields.split("; "))
    forged = client.get("/", headers={"Cookie": "session=e30.abc.def"})
    assert forged.status_code == 200


# --- albums and photos ---


def test_photo(client: Client) -> None:
    """A photo is stored, shown, sent back as it was, and removed."""
    register(client, "ada")
    album = add_album(client)
    page = add_photo(client, album, "../sea.png", PNG).text
    found = re.search('<img src="(/photos/[^"]+)" alt="sea.png"', page)
    assert found is not None
    photo = client.get(found[1])
    assert photo.content == PNG
    assert photo.headers["Content-Type"] == "image/png"
    assert photo.headers["X-Content-Type-Options"] == "nosniff"
    part = client.get(found[1], headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.text) == (206, "PNG")
    assert "sea.png was removed." in post(client, f"{found[1]}/remove", {}).text
    assert client.get(found[1]).status_code == 404


def test_no_photo(client: Client) -> None:
    """What is not a photo is refused, whatever it is called."""
    register(client, "ada")
    page = add_photo(client, add_album(client), "sea.png", b"<script>alert(1)</script>")
    assert "Not a JPEG, PNG, GIF or WebP: 1 of the files." in page.text
    assert "<img" not in page.text


def test_titles_are_escaped(client: Client) -> None:
    """A title is text, not HTML."""
    register(client, "ada")
    add_album(client, "<script>alert(1)</script>")
    page = client.get("/").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_limits(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo that is too large is a 413, and a stranger can send small forms only."""
    stranger = client.post("/albums/x/photos", files={"photos": bytes(20_000)})
    assert (stranger.status_code, "max_content_length" in stranger.text) == (413, True)
    register(client, "ada")
    monkeypatch.setattr(AlbumRequest, "max_file_size", 100)
    large = add_photo(client, add_album(client), "sea.png", PNG + bytes(100))
    assert (large.status_code, "max_file_size" in large.text) == (413, True)


def test_others(client: Client) -> None:
    """Only the owner of an album changes it, and only by a form of this site."""
    assert add_album(client) == "/login"
    register(client, "ada")
    album = add_album(client)
    assert client.post(f"{album}/photos", files={"photos": PNG}).status_code == 403
    post(client, "/logout", {})
    register(client, "bob")
    assert add_photo(client, album, "sea.png", PNG).status_code == 403
    assert "<img" not in client.get(album).text
