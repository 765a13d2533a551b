"""The URL shortener in ``examples/shortener``, before and after its move from Werkzeug: all versions do the same."""

from __future__ import annotations

import difflib
import gc
import io
from importlib import import_module
from typing import TYPE_CHECKING

import httpx
import pytest

from cardan.testing import PROTOCOLS, Client
from tests.house import ROOT
from tests.servers import EXAMPLES, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GUIDE = (ROOT / "docs/coming-from/werkzeug.md").read_text("utf-8")
# Werkzeug leaves the files of a form open until they are collected, which Python warns of
BEFORE = pytest.param(
    ("before", "wsgi"),
    marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
)
VERSIONS = [BEFORE, ("first_step", "wsgi"), *(("after", protocol) for protocol in PROTOCOLS)]


@pytest.fixture(params=VERSIONS, ids="-".join)
def version(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    yield request.param
    if request.param[0] == "before":
        gc.collect()


@pytest.fixture
def client(version: tuple[str, str], tmp_path: Path) -> Iterator[Client]:
    name, protocol = version
    app = import_module(f"shortener.{name}").create_app(str(tmp_path / "links.sqlite"))
    with Client(app, protocol=protocol) as client:
        yield client


def source(name: str) -> list[str]:
    return (EXAMPLES / "shortener" / f"{name}.py").read_text("utf-8").splitlines()


def test_a_link(client: Client) -> None:
    """A link is made, followed and counted. The browser keeps the names of its links."""
    made = client.post("/", data={"url": "https://example.org/a?b=ö", "name": "one"})
    assert (made.status_code, made.headers["Location"]) == (303, "/one/about/")
    assert "httponly" in made.headers["Set-Cookie"].lower()
    for _ in range(2):
        followed = client.get("/one")
        assert (followed.status_code, followed.headers["Location"]) == (302, "https://example.org/a?b=%C3%B6")
    page = client.get("/one/about/").text
    assert '<a href="http://testserver/one">' in page
    assert "followed 2 times" in page
    assert '<a href="/one/about/">one</a>' in client.get("/").text


def test_a_name_is_made_up(client: Client) -> None:
    """A link without a name gets one."""
    page = client.post("/", data={"url": "https://example.org/"}, follow_redirects=True)
    assert page.url.path != "/"
    assert client.get(page.url.path.removesuffix("/about/")).headers["Location"] == "https://example.org/"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"url": "javascript:alert(1)", "name": "x"}, "The URL must begin with"),
        ({"url": "https://example.org/", "name": "a/b"}, "A name has at most"),
        ({"url": "https://example.org/", "name": "taken"}, "The name taken is taken."),
    ],
)
def test_a_link_that_is_refused(client: Client, form: dict[str, str], text: str) -> None:
    """A form that cannot be used is shown again, with the reason and with what was sent."""
    client.post("/", data={"url": "https://example.org/", "name": "taken"})
    page = client.post("/", data=form)
    assert page.status_code == 400
    assert text in page.text
    assert f'value="{form["url"]}"' in page.text


@pytest.mark.parametrize(
    "url",
    ["http://user@a.example/", "https://u:p@a/", "http://a b/", "http://[::1/", "http://a:b/", "http://a:99999/",
     "http:x", "http:///x", "http://a\\b/", "http://a..example/", "http://a.example/\0", "http://a.example/\n",
     f"http://{'a' * 64}.example/"],
)  # fmt: skip
def test_links_that_could_not_be_followed(client: Client, url: str) -> None:
    """A URL that a Location cannot have (RFC 9110 sections 4.2.4 and 10.2.2) is refused when the link is made."""
    assert client.post("/", data={"url": url, "name": "x"}).status_code == 400
    assert client.get("/x").status_code == 404


@pytest.mark.parametrize(
    "url", ["http://a", "https://\xe4.example:8080/\xf6 b?c#d", "http://127.0.0.1?x", "HTTP://a_b.c/"]
)
def test_links_that_can_be_followed(client: Client, url: str) -> None:
    """Every other URL of a web page is a link."""
    client.post("/", data={"url": url, "name": "x"})
    assert client.get("/x").status_code == 302


def test_a_list_of_links(client: Client) -> None:
    """The lines of an uploaded file are links. A line that is no UTF-8 is refused, as any other that is no link."""
    lines = io.BytesIO(b"a https://example.org/a\r\nb ftp://example.org/\nc https://example.org/c\nd https://\xe4.de\n")
    assert client.post("/import", files={"list": ("list.txt", lines)}).text == "2 added, 2 refused\n"
    assert client.get("/c").headers["Location"] == "https://example.org/c"


def test_a_form_without_a_field(client: Client) -> None:
    """A field or a file that the view needs and that was not sent is a 400."""
    assert client.post("/", data={"name": "x"}).status_code == 400
    assert client.post("/import", data={"name": "x"}).status_code == 400


def test_a_link_as_json(client: Client) -> None:
    """A client that has the JSON already gets a 304."""
    client.post("/", data={"url": "https://example.org/", "name": "one"})
    answer = client.get("/one/data")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"name": "one", "url": "https://example.org/", "visits": 0}
    assert client.get("/one/data", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.head("/one/data").content == b""


def test_errors(client: Client) -> None:
    """A link that is not there, a method that is not allowed, and a URL without its last slash."""
    for path in ("/none", "/none/about/", "/none/data", "/a/b/c"):
        missing = client.get(path)
        assert (missing.status_code, missing.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "There is no such link" in missing.text
    refused = client.post("/none")
    assert refused.status_code == 405
    assert {method.strip() for method in refused.headers["Allow"].split(",")} == {"GET", "HEAD"}
    redirect = client.get("/none/about")
    assert (redirect.status_code, redirect.headers["Location"]) == (308, "http://testserver/none/about/")


def test_the_style_sheet(client: Client) -> None:
    """The style sheet is served beside the views."""
    answer = client.get("/static/style.css")
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/css")
    assert "max-width" in answer.text


def test_the_application_below_a_prefix(version: tuple[str, str], tmp_path: Path) -> None:
    """The links of the pages begin with the path under which the application is mounted."""
    name, protocol = version
    app = import_module(f"shortener.{name}").create_app(str(tmp_path / "links.sqlite"))
    with Client(app, protocol=protocol, root_path="/s") as client:
        made = client.post("/", data={"url": "https://example.org/", "name": "one"})
        assert made.headers["Location"] == "/s/one/about/"
        assert '<a href="http://testserver/s/one">' in client.get("/one/about/").text


@pytest.mark.real_server
def test_one_program_on_two_servers(tmp_path: Path) -> None:
    """gunicorn and uvicorn serve the moved program at the same time, with one database."""
    database = str(tmp_path / "links.sqlite")
    servers = [
        start(kind, "shortener.after:app", app_dir=EXAMPLES, log_dir=tmp_path, SHORTENER_DATABASE=database)
        for kind in ("gunicorn-gthread", "uvicorn")
    ]
    try:
        for maker, follower in (servers, servers[::-1]):
            name = f"from-{maker.kind.protocol}"
            made = httpx.post(f"{maker.url}/", data={"url": "https://example.org/ö", "name": name})
            assert (made.status_code, made.headers["Location"]) == (303, f"/{name}/about/")
            followed = httpx.get(f"{follower.url}/{name}")
            assert (followed.status_code, followed.headers["Location"]) == (302, "https://example.org/%C3%B6")
            assert httpx.get(f"{follower.url}/{name}/data").json()["visits"] == 1
            assert f'href="{follower.url}/{name}"' in httpx.get(f"{follower.url}/{name}/about/").text
            assert httpx.get(f"{follower.url}/none").status_code == 404
    finally:
        for server in servers:
            server.stop()


# --- the guide ---


def test_the_first_step_changes_imports_only() -> None:
    """``first_step.py`` is ``before.py`` with the modules of cardan in the place of those that cardan has."""
    before, after = (source(name)[4:] for name in ("before", "first_step"))
    start_of_code = before.index("HERE = Path(__file__).parent")
    assert after[after.index("HERE = Path(__file__).parent") :] == before[start_of_code:]
    moved = [
        line if ".middleware." in line else line.replace("from werkzeug.", "from cardan.compat.werkzeug.")
        for line in before[:start_of_code]
    ]
    assert sorted(filter(None, after[: after.index("HERE = Path(__file__).parent")])) == sorted(filter(None, moved))


def test_the_guide_shows_the_difference() -> None:
    """The guide has the difference between ``before.py`` and ``after.py``."""
    diff = difflib.unified_diff(source("before"), source("after"), "before.py", "after.py", lineterm="", n=1)
    shown = GUIDE.partition("```diff\n")[2].partition("\n```")[0].splitlines()
    assert shown == list(diff)
