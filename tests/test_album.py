"""The photo album of the tutorial (``examples/album``): what its own tests leave out, and real servers.

Its own tests, and those of the chapters, stand beside the code and are run from there.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import socket
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from album.app import create_app
from album.request import AlbumRequest
from album.sessions import MONTH, Session, Signer

from cardan.testing import PROTOCOLS, Client
from tests.house import ROOT
from tests.servers import EXAMPLES, free_port, start
from tests.test_deployed import NGINX, accepts, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cardan.types import ProtocolName

SECRET = "a secret for tests"
PNG = b"\x89PNG\r\n\x1a\n and the rest of a picture"
ACCOUNT = {"name": "ada", "password": "correct horse"}


@pytest.fixture(params=PROTOCOLS)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    with Client(create_app(tmp_path, SECRET), request.param, headers={"Accept": "text/html"}) as client:
        yield client


def token(client: httpx.Client, url: str = "") -> dict[str, str]:
    """The token of the forms."""
    found = re.search('name="token" value="([^"]+)"', client.get(f"{url}/login").text)
    assert found is not None
    return {"token": found[1]}


def make_album(client: httpx.Client, url: str = "") -> str:
    """Make an account and an album; gives the path of the album."""
    client.post(f"{url}/register", data={**token(client, url), **ACCOUNT})
    return client.post(f"{url}/albums", data={**token(client, url), "title": "Sea"}).headers["Location"]


def test_every_redirect_stays_here(client: Client) -> None:
    """Wherever a form sends the browser, the Location is a path of the album."""
    album = make_album(client)
    forms = [
        ("/albums", {"title": ""}),
        ("/albums", {"title": "//evil.example"}),
        (f"{album}/photos", {}),
        ("/logout?next=//evil.example", {}),
        ("/login?next=//evil.example", ACCOUNT),
        ("/logout", {}),
        ("/login", {**ACCOUNT, "password": "x"}),
        ("/register", ACCOUNT),
        ("/albums", {"title": "x"}),
    ]
    for path, data in forms:
        answer = client.post(path, data={**token(client), **data})
        assert answer.status_code == 303
        assert re.fullmatch("/([a-z]+(/[A-Za-z0-9_-]+)?)?", answer.headers["Location"]), path


@pytest.mark.parametrize(
    "value", [None, "", "x", "\xe9", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")]
)
@pytest.mark.parametrize("has_session", [False, True])
def test_tokens(client: Client, value: str | None, has_session: bool) -> None:
    """A form without the token of its session is refused, whatever it has in its place."""
    if has_session:
        client.get("/login")
    data = ACCOUNT if value is None else {**ACCOUNT, "token": value}
    assert client.post("/register", data=data).status_code == 403
    assert "Sign out" not in client.get("/").text


def test_token_of_another_browser(client: Client) -> None:
    """Each session has a token of its own, and a new one after signing in."""
    first = token(client)
    client.cookies.clear()
    second = token(client)
    assert first != second
    assert client.post("/register", data={**first, **ACCOUNT}).status_code == 403
    assert client.post("/register", data={**second, **ACCOUNT}).status_code == 303
    assert token(client) not in (first, second)


def test_cookies_of_others(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cookie that is not signed with the secret, or is too old, is no session."""
    genuine = Signer(SECRET).dumps(Session(user="ada"))
    assert "Sign out" in client.get("/", headers={"Cookie": f"session={genuine}"}).text
    payload = genuine.partition(".")[0]
    forged = [
        Signer("other").dumps(Session(user="ada")),
        payload,
        f"{payload}.x.y",
        "",
        "\xe9",
        genuine[:-1],
        "." * 4000,
    ]
    for cookie in forged:
        answer = client.get("/", headers={"Cookie": f"session={cookie}".encode()})
        assert (answer.status_code, "Sign in" in answer.text) == (200, True), cookie
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + MONTH + 2)
    assert "Sign in" in client.get("/", headers={"Cookie": f"session={genuine}"}).text


def test_ids_that_are_none(client: Client) -> None:
    """A path that names no album and no photo is a 404, and reaches no file."""
    for name in ("..%2f..%2fetc%2fpasswd", "..", "%00", "album.sqlite", "..%2falbum.sqlite", "x" * 5000, "%ff", "'--"):
        for target in (f"/albums/{name}", f"/photos/{name}", f"/photos/{name}/remove"):
            answer = client.get("/", extensions={"target": target.encode()})
            assert answer.status_code in (404, 405), target
            assert "SQLite" not in answer.text


def test_messages_fit_a_cookie(client: Client) -> None:
    """Messages that no page has shown do not add up: the cookie stays one that browsers keep."""
    album = make_album(client)
    form = token(client)
    for _ in range(3):
        client.post(f"{album}/photos", data=form, files={"photos": ("\U0001f30a" * 200 + ".png", PNG)})
    for path in re.findall('/photos/[^"/]+/remove', client.get(album).text) * 2:
        answer = client.post(path, data=form)
        assert len(answer.headers.get("Set-Cookie", "")) < 4096
        assert answer.status_code in (303, 404)


def test_what_strangers_can_send(client: Client) -> None:
    """A client that has not signed in can send small forms only, whether their length is declared or not."""
    fields = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=iter([bytes(9000)] * 2), headers=fields).status_code == 413
    assert client.post("/albums/x/photos", files={"photos": bytes(50_000)}).status_code == 413


def test_names_of_files(client: Client, tmp_path: Path) -> None:
    """The name that a client gives to a file is text on the page, and nothing on the disk."""
    album = make_album(client)
    names = ['"><script>alert(1)</script>.png', "../../x.png", "/etc/x.png", "a\0b.png", "NUL", "", ".", "x" * 3000]
    files = [("photos", (name, PNG)) for name in names]
    answer = client.post(f"{album}/photos", data=token(client), files=files, follow_redirects=True)
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    stored = sorted(path.name for path in (tmp_path / "photos").iterdir())
    assert stored == sorted(set(re.findall('src="/photos/([A-Za-z0-9_-]{16})"', answer.text)))
    assert len(list(tmp_path.rglob("*"))) == len(stored) + 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_main(protocol: ProtocolName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy the cookie is sent over https only, and other hosts are refused."""
    monkeypatch.setenv("ALBUM_SECRET", SECRET)
    monkeypatch.setenv("ALBUM_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("ALBUM_HOSTS", "album.example")
    monkeypatch.setenv("ALBUM_PROXIES", "1")
    monkeypatch.delitem(sys.modules, "album.main", raising=False)
    app = importlib.import_module("album.main").app
    monkeypatch.delitem(sys.modules, "album.main")
    assert not (tmp_path / "data").exists()
    sent = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "album.example", "X-Forwarded-For": "203.0.113.9"}
    with Client(app, protocol, headers={"Accept": "text/html"}) as client:
        answer = client.get("/login", headers=sent)
        assert (answer.status_code, "; Secure" in answer.headers["Set-Cookie"]) == (200, True)
        refused = client.get("/login", headers={**sent, "X-Forwarded-Host": "evil.example"})
        assert (refused.status_code, "<h1>Bad Request</h1>" in refused.text) == (400, True)


@pytest.mark.real_server
def test_one_album_on_two_servers(tmp_path: Path) -> None:
    """gunicorn and uvicorn serve one folder with one secret: sessions, albums and photos are shared."""
    environ = {"ALBUM_SECRET": SECRET, "ALBUM_FOLDER": str(tmp_path / "data"), "ALBUM_HOSTS": "127.0.0.1"}
    servers = [
        start(kind, "album.main:app", app_dir=EXAMPLES, log_dir=tmp_path, **environ)
        for kind in ("gunicorn-gthread", "uvicorn")
    ]
    try:
        with httpx.Client(headers={"Accept": "text/html"}, timeout=100) as client:
            album = make_album(client, servers[0].url)
            for sender, reader in (servers, servers[::-1]):
                form, files = token(client, sender.url), [("photos", ("sea.png", PNG + bytes(100_000)))] * 2
                answer = client.post(f"{sender.url}{album}/photos", data=form, files=files)
                assert answer.status_code == 303
                photo = re.findall('src="(/photos/[^"]+)"', client.get(f"{reader.url}{album}").text)[-1]
                assert client.get(f"{reader.url}{photo}").content == PNG + bytes(100_000)
                large = [("photos", ("sea.png", PNG + bytes(AlbumRequest.max_file_size or 0)))]
                assert client.post(f"{sender.url}{album}/photos", data=form, files=large).status_code == 413
                assert client.get(f"{sender.url}/static/style.css").status_code == 200
                assert client.get(f"{sender.url}/", headers={"Host": "evil.example"}).status_code == 400
    finally:
        for server in servers:
            server.stop()


@pytest.mark.real_server
@pytest.mark.parametrize("kind", ["gunicorn-gthread", "uvicorn"])
def test_behind_nginx(kind: str, tmp_path: Path) -> None:
    """``nginx.conf`` of the example works: addresses, large uploads, the number of logins, other hosts."""
    if NGINX is None:
        pytest.skip("server nginx is not installed")
    host, port, log = "album.example.com", free_port(), tmp_path / "nginx.log"
    environ = {
        "ALBUM_SECRET": SECRET,
        "ALBUM_FOLDER": str(tmp_path / "data"),
        "ALBUM_HOSTS": host,
        "ALBUM_PROXIES": "1",
    }
    # uvicorn reads this where --no-proxy-headers is an argument in the tutorial
    server = start(kind, "album.main:app", app_dir=EXAMPLES, log_dir=tmp_path, FORWARDED_ALLOW_IPS="", **environ)
    conf = (EXAMPLES / "album/nginx.conf").read_text("utf-8")
    conf = conf.replace("127.0.0.1:8001", f"127.0.0.1:{server.port}").replace("listen 80", f"listen 127.0.0.1:{port}")
    temporary = "".join(f"{name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy"))
    user = "user root;\n" if os.getuid() == 0 else ""
    main = tmp_path / "main.conf"
    main.write_text(
        f"daemon off;\n{user}pid {tmp_path}/nginx.pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{conf}\n}}\n"
    )
    try:
        with running([NGINX, "-c", str(main), "-e", str(tmp_path / "error.log")], log) as nginx:
            wait_until(lambda: accepts(socket.AF_INET, ("127.0.0.1", port)), nginx, log)
            headers = {"Accept": "text/html", "Host": host, "X-Forwarded-For": "203.0.113.9"}
            transport = httpx.HTTPTransport(local_address="127.0.0.2")
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=100, transport=transport
            ) as client:
                album = make_album(client)
                form = token(client)
                files = [("photos", ("sea.png", PNG + bytes(2_000_000)))]
                assert client.post(f"{album}/photos", data=form, files=files).status_code == 303
                photo = re.findall('src="(/photos/[^"]+)"', client.get(album).text)[-1]
                assert len(client.get(photo).content) == len(PNG) + 2_000_000
                assert 503 in [client.get("/login").status_code for _ in range(20)]
                with pytest.raises(httpx.RemoteProtocolError):
                    client.get("/", headers={"Host": "evil.example"})
    finally:
        server.stop()
    assert "new account ada from 127.0.0.2" in server.log()


CHAPTERS = {
    "routes": "album_steps/chapter1",
    "forms": "album_steps/chapter2",
    "uploads": "album_steps/chapter3",
    "accounts": "album",
    "tests": "album",
    "deployment": "album",
}


def shown(page: str) -> set[str]:
    """The lines of code that a chapter shows, without their indentation: those it quotes, and those in its text."""
    text = (ROOT / "docs/tutorial" / f"{page}.md").read_text("utf-8")
    found = set(re.findall("`([^`\n]+)`", text))
    for path, options in re.findall(r"^```\{literalinclude\} (\S+)\n((?::.*\n)*)```$", text, re.MULTILINE):
        source = (ROOT / "docs/tutorial" / path).read_text("utf-8")
        option = {name: value.strip("\"'") for name, value in re.findall(r"^:([a-z-]+): (.*)$", options, re.MULTILINE)}
        lines = source.splitlines()
        if "pyobject" in option:
            node: ast.AST = ast.parse(source)
            for name in option["pyobject"].split("."):
                node = next(child for child in ast.iter_child_nodes(node) if getattr(child, "name", None) == name)
            assert isinstance(node, ast.ClassDef | ast.FunctionDef)
            lines = lines[min([node, *node.decorator_list], key=lambda n: n.lineno).lineno - 1 : node.end_lineno]
        if "start-at" in option:
            lines = lines[next(n for n, line in enumerate(lines) if option["start-at"] in line) :]
        if "end-before" in option:
            lines = lines[: next(n for n, line in enumerate(lines) if n and option["end-before"] in line)]
        if "lines" in option:
            assert option["lines"] == "1"
            lines = lines[:1]
        found |= {line.strip() for line in lines}
    return found


def test_chapters_show_the_whole_album() -> None:
    """The chapters show every line of the album as it is at the end of each chapter."""
    known: set[str] = set()
    for page, folder in CHAPTERS.items():
        known |= shown(page)
        for path in (EXAMPLES / folder).rglob("*.*"):
            if path.suffix not in (".py", ".html", ".css", ".conf") or path.name == "__init__.py":
                continue
            if (page, path.name) in [
                ("accounts", "test_album.py"),
                ("accounts", "nginx.conf"),
                ("tests", "nginx.conf"),
            ]:
                continue  # a later chapter shows it
            code = re.sub('^""".*?"""\n', "", path.read_text("utf-8"), count=1, flags=re.DOTALL)
            lines = {line.strip() for line in code.splitlines() if not line.lstrip().startswith("# ---")}
            assert lines - known == set(), (page, path.name)


@pytest.mark.parametrize("page", ["routes", "forms", "uploads", "tests"])
def test_chapters_say_how_many_tests_pass(page: str) -> None:
    """The number in ``python -m pytest`` of a chapter: each test runs on both protocols, and for each parameter."""
    tree = ast.parse((EXAMPLES / CHAPTERS[page] / "test_album.py").read_text("utf-8"))
    number = 0
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            rows = [part for call in node.decorator_list for part in ast.walk(call) if isinstance(part, ast.List)]
            number += len(PROTOCOLS) * (len(rows[0].elts) if rows else 1)
    assert f"\n{number} passed\n" in (ROOT / "docs/tutorial" / f"{page}.md").read_text("utf-8")
