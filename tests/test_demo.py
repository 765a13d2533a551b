"""The demo: one object whose pages and receipts are the same on both protocols, in process and on real servers."""

from __future__ import annotations

import hashlib
import html
import inspect
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from upload import app, handlers
from upload.app import make_app
from upload.handlers import UploadRequest, receipt, turn
from upload.pages import SCRIPTED
from upload.servers import Servers
from upload.texts import LANGUAGES

from cardan.testing import PROTOCOLS, Client
from tests.servers import EXAMPLES, Demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cardan import ProtocolName

PHOTO = ("Zürich <b>.png", b"\x89PNG" + bytes(range(256)) * 40, "image/png")
TEXT = ("notes.txt", b"two\r\nlines", "text/plain")
FORM = {"name": "Ada <script>", "message": "one\r\ntwo"}

#: the origins of both servers, and those of the page over each protocol
ORIGINS = {"WSGI": "http://127.0.0.1:8001", "ASGI": "http://127.0.0.1:8000"}
BOTH = make_app(Servers({"WSGI": 8001, "ASGI": 8000}, ("127.0.0.1", "localhost")))


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> ProtocolName:
    return request.param


@pytest.fixture
def client(protocol: ProtocolName) -> Iterator[Client]:
    """A browser at the page of one of the two servers."""
    with Client(BOTH, protocol=protocol, base_url=ORIGINS[protocol.upper()]) as client:
        client.headers["Accept"] = "text/html"
        yield client


def post(client: httpx.Client, path: str, **options: Any) -> httpx.Response:
    return client.post(path, data=FORM, files=[("files", PHOTO), ("files", TEXT)], **options)


# --- languages ---


@pytest.mark.parametrize(
    ("accepted", "code", "word"),
    [
        ("de-CH, de;q=0.9, en;q=0.5", "de", "Nachricht"),
        ("fr", "fr", "Fichiers"),
        ("en-GB", "en", "Message"),
        ("ja, *;q=0.1", "en", "Message"),
        ("", "en", "Message"),
    ],
)
def test_the_page_speaks_the_language_that_is_accepted(client: Client, accepted: str, code: str, word: str) -> None:
    """Accept-Language chooses among three languages. If it asks for another language only, the page is in English."""
    page = client.get("/", headers={"Accept-Language": accepted})
    assert page.status_code == 200
    assert f'<html lang="{code}">' in page.text
    assert page.headers["Content-Language"] == code
    assert word in page.text


def test_a_language_that_was_chosen_is_kept_until_the_browser_shall_ask_again(client: Client) -> None:
    """A link keeps a language in a cookie, which takes precedence over Accept-Language. The link "as my browser asks"
    removes the cookie. Both go back to the page.
    """
    client.headers["Accept-Language"] = "de"
    for link, code, kept in [("/?language=fr", "fr", "fr"), ("/?language=", "de", ""), ("/?language=xx", "de", "")]:
        chosen = client.get(link)
        assert (chosen.status_code, chosen.headers["Location"]) == (303, "/")
        page = client.get("/")
        assert f'<html lang="{code}">' in page.text
        assert f'<a href="/?language={kept}"' in page.text.partition(' aria-current="true"')[0].rpartition("<li>")[2]
        assert page.text.count("aria-current") == 1
    assert not client.cookies


def test_each_language_has_all_texts() -> None:
    """The texts in each language have the same places to fill in, and the same errors."""

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {status: tuple(map(shape, texts)) for status, texts in value.items()}
        return str(value).count("{}"), bool(value)

    shapes = [{name: shape(value) for name, value in asdict(texts).items()} for texts in LANGUAGES.values()]
    assert shapes[0] == shapes[1] == shapes[2]
    assert [texts.bytes(n) for texts in LANGUAGES.values() for n in (999, 1500, 100_000_000)] == [
        "999 B", "1.5 kB", "100 MB", "999 B", "1,5 kB", "100 MB", "999 B", "1,5 kB", "100 MB",
    ]  # fmt: skip


def test_the_script_gets_the_texts_that_it_uses() -> None:
    """The page hands the script the texts that the script uses, and no others."""
    script = (EXAMPLES / "upload/assets/upload.js").read_text()
    assert set(re.findall(r"texts\.([a-z_]+)", script)) == set(SCRIPTED)


# --- the page ---


@pytest.mark.parametrize("shown", [receipt, UploadRequest, turn])
def test_the_page_shows_the_source_that_runs(client: Client, shown: Callable[..., Any]) -> None:
    """The page quotes the function and the class that serve the form, with markup around the tokens and nothing else.
    They fit beside the form: a function has at most fifteen lines, and no line is wider than the column.
    """
    quoted = re.findall("<pre[^>]*><code>(.*?)</code></pre>", client.get("/").text, re.DOTALL)
    source = inspect.getsource(shown)
    assert source in [html.unescape(re.sub("<[^>]*>", "", each)) for each in quoted]
    assert source.count("\n") <= 15
    assert max(map(len, source.splitlines())) <= 65


def test_the_page_offers_both_servers(client: Client, protocol: ProtocolName) -> None:
    """The page names the server that it came from, links to the other one, and has a button for each of them, which
    needs no script.
    """
    page = client.get("/").text
    mine, other = protocol.upper(), {"wsgi": "ASGI", "asgi": "WSGI"}[protocol]
    assert f'<body data-protocol="{mine}">' in page
    assert f'<a href="{ORIGINS[other]}/">See it over {other}</a>' in page
    for name, origin in ORIGINS.items():
        assert f'<button formaction="{origin}/" value="{name}">Send over {name}</button>' in page


def test_the_page_of_a_single_server(protocol: ProtocolName) -> None:
    """Where no second server is known, the page has one button, and links to itself only."""
    with Client(app, protocol=protocol) as client:
        page = client.get("/")
        assert page.text.count("formaction=") == page.text.count('<button formaction="/" ') == 1
        assert "See it over" not in page.text
        assert "form-action 'self'" in page.headers["Content-Security-Policy"].split("; ")


class Outline(HTMLParser):
    """What an assistive technology has of a page: its names, labels, references and headings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[str | None]:
        return [attributes[name] for _, attributes in self.tags for name in names if name in attributes]


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_the_page_is_named_for_everybody(client: Client, path: str) -> None:
    """A page has one first heading and no gap between the levels of headings. Ids are unique, and what labels and
    ARIA attributes refer to exists. Every input has a label. What changes by itself is announced.
    """
    outline = Outline(client.get(path).text)
    ids = outline.all("id")
    assert len(ids) == len(set(ids))
    references = " ".join(str(value) for value in outline.all("for", "aria-describedby", "aria-labelledby"))
    assert set(references.split()) <= set(ids)
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(below - level <= 1 for level, below in zip([0, *levels], levels))
    labelled = set(outline.all("for"))
    for tag, attributes in outline.tags:
        assert tag not in ("input", "textarea", "select") or attributes["id"] in labelled
    if path == "/":
        assert outline.all("role").count("status") == 5
        assert outline.all("role").count("alert") == 2


def test_the_page_may_load_and_send_to_both_servers_only(client: Client) -> None:
    """The policy of the page allows no inline script or style, no other source than its own server, and besides it only
    the other server as the target of forms and scripts. The page has nothing inline.
    """
    page = client.get("/")
    policy = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    both = f"'self' {ORIGINS['WSGI']} {ORIGINS['ASGI']}"
    assert policy == {
        "default-src": "'none'", "style-src": "'self'", "script-src": "'self'", "img-src": "'self'",
        "base-uri": "'none'", "frame-ancestors": "'none'", "connect-src": both, "form-action": both,
    }  # fmt: skip
    for tag, attributes in Outline(page.text).tags:
        assert tag != "style"
        assert tag != "script" or attributes["src"] == "/upload.js"
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_a_host_that_is_not_known_is_not_repeated(client: Client) -> None:
    """The name of another host, which anybody can send, comes into no address of the page and into no policy."""
    page = client.get("/", headers={"Host": "evil.example:8000"})
    assert "evil.example" not in page.headers["Content-Security-Policy"]
    assert "evil.example" not in str(Outline(page.text).tags)


@pytest.mark.parametrize("path", ["/style.css", "/upload.js", "/icon.svg"])
def test_assets(client: Client, path: str) -> None:
    """The page's style sheet, script and icon are served by the demo with the right types, as the page's policy
    requires. They load nothing from elsewhere.
    """
    answer = client.get(path)
    kind = {"css": "text/css", ".js": "text/javascript", "svg": "image/svg+xml"}[path[-3:]]
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
    assert not re.search(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)[a-z]", answer.text.replace("// ", "")), "external"


# --- colours ---

STYLE = (EXAMPLES / "upload/assets/style.css").read_text()

#: what stands on what, by the names of custom properties
SURFACES = ("paper", "card", "tint")
TEXTS = [(text, on) for text in ("ink", "soft", "petrol", "petrol-deep", "copper", "bad") for on in SURFACES]
TEXTS += [("ink", "marked"), ("on-petrol", "petrol"), ("on-petrol", "petrol-deep"), ("on-steel", "steel")]
SHAPES = [(shape, on) for shape in ("line", "petrol", "copper", "steel") for on in SURFACES] + [("copper", "marked")]


def palettes() -> dict[str, dict[str, str]]:
    """The colours of the page by day and by night."""
    day, night = re.findall(r":root \{([^}]*)\}", STYLE)
    colours = re.compile(r"--([a-z-]+): (#[0-9a-f]{6})\b")
    return {"light": dict(colours.findall(day)), "dark": dict(colours.findall(night))}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, "contrast ratio" and "relative luminance")."""

    def luminance(colour: str) -> float:
        channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_is_that_of_wcag() -> None:
    """The ratio of black and white is 21. A colour of equal luminance has the ratio 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#0f5a62", "#0f5a62") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrasts(scheme: str) -> None:
    """Text has a contrast of 4.5 to what it stands on, borders, the focus ring, the drawing and the marks have 3 (WCAG
    2.2, 1.4.3 and 1.4.11), by day and by night.
    """
    palette = palettes()[scheme]
    for pairs, least in [(TEXTS, 4.5), (SHAPES, 3)]:
        for one, other in pairs:
            assert contrast(palette[one], palette[other]) >= least, (one, other)


def test_every_colour_has_a_name() -> None:
    """The style sheet uses colours by the names whose contrast is tested. Only shadows are left out, and the mask,
    whose colour is not seen. Nothing is made paler by opacity, but the input for files, which cannot be seen at all.
    """
    day, night = palettes().values()
    assert day.keys() == night.keys()
    used = set(re.findall(r"var\(--([a-z-]+)\)", STYLE))
    assert used - {"mono", "shadow"} <= day.keys()
    rules = re.sub(r":root \{[^}]*\}|mask: [^;]*;", "", STYLE)
    assert not re.findall(r"#[0-9a-f]{3,8}\b|rgba?\(|hsl|color-mix", rules)
    assert re.findall(r"opacity: [^;]*", rules) == ["opacity: 0"]


# --- receipts ---


def test_the_result_shows_what_was_sent(client: Client) -> None:
    """A browser without scripts gets the receipt as a page: the fields, and the size, type and checksum of each file.
    All values are escaped.
    """
    page = post(client, "/")
    assert page.status_code == 200
    for _, content, mimetype in (PHOTO, TEXT):
        assert hashlib.sha256(content).hexdigest() in page.text
        assert f"{LANGUAGES['en'].bytes(len(content))}, {mimetype}" in page.text
    assert "Ada &lt;script&gt;" in page.text
    assert "Zürich &lt;b&gt;.png" in page.text
    assert "<b>.png" not in page.text


def test_a_form_without_files_will_do(client: Client) -> None:
    """If no file was chosen, a browser sends an empty part, and the receipt has no file."""
    parts = 'name="name"\r\n\r\nAda', 'name="files"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n'
    body = "".join(f"--b\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert client.post("/", content=body, headers=headers).status_code == 200
    answer = client.post("/receipt", content=body, headers=headers)
    assert answer.json() == {"fields": [["name", "Ada"]], "files": []}
    assert "The form was empty." in client.post("/").text


def test_the_receipts_are_equal_byte_by_byte() -> None:
    """A form gives the same receipt over WSGI and ASGI. Server and time are in the field Server-Timing instead."""
    bodies = set()
    for protocol in PROTOCOLS:
        with Client(app, protocol=protocol) as client:
            answer = post(client, "/receipt")
            bodies.add(answer.content)
            assert re.fullmatch(rf'{protocol.upper()};desc="[^"]+";dur=[0-9.]+', answer.headers["Server-Timing"])
    assert len(bodies) == 1
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "fields": [["name", "Ada <script>"], ["message", "one\r\ntwo"]],
        "files": [
            {"name": name, "type": mimetype, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content, mimetype in (PHOTO, TEXT)
        ],
    }


def test_nothing_is_kept(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload that was written to disk is gone when the receipt is there: no file and no descriptor is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = client.post("/receipt", files={"files": ("large.bin", bytes(2_000_000))})
    assert answer.json()["files"][0]["size"] == 2_000_000
    assert list(tmp_path.iterdir()) == []
    descriptors = Path("/proc/self/fd")  # Linux
    opened = [os.readlink(fd) for fd in descriptors.iterdir() if fd.is_symlink()] if descriptors.exists() else []
    assert not [path for path in opened if path.startswith(str(tmp_path))]


def test_the_page_of_the_other_server_may_read_the_answers_and_no_other_page(
    client: Client, protocol: ProtocolName
) -> None:
    """The page of one server is another origin for the other server. CORS lets its script send the form and read the
    answer, without cookies; a script of any other page is refused.
    """
    other = ORIGINS["ASGI" if protocol == "wsgi" else "WSGI"]
    allow, asks = "Access-Control-Allow-Origin", {"Access-Control-Request-Method": "POST"}
    for path in ("/receipt", "/turn"):
        assert client.options(path, headers={"Origin": other, **asks}).headers[allow] == other
        refused = client.options(path, headers={"Origin": "http://evil.example", **asks})
        assert (refused.status_code, allow in refused.headers) == (403, False)
    answer = post(client, "/receipt", headers={"Origin": other})
    assert answer.headers[allow] == other
    assert answer.headers["Access-Control-Expose-Headers"] == "Server-Timing"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    for origin in ("http://evil.example", "http://127.0.0.1:9000", "null"):
        assert allow not in post(client, "/receipt", headers={"Origin": origin}).headers


# --- errors ---


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/", 405), ("GET", "/receipt", 405)]
)
@pytest.mark.parametrize("code", LANGUAGES)
def test_errors_are_told_in_the_language_of_the_page(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    """A browser gets an error as a page with a link to the form, in its language. Programs, and the script of the page,
    get a problem document with the same sentences, and with the reason that the library gives.
    """
    client.headers["Accept-Language"] = code
    title, detail = LANGUAGES[code].errors[status]
    if path != "/receipt":
        page = client.request(method, path)
        assert page.status_code == status
        assert f'<html lang="{code}">' in page.text
        for text in (f'<p class="code">{status}</p>', title, detail, '<a class="button" href="/">'):
            assert text in html.unescape(page.text)
        assert ("allow" in page.headers) == (status == 405)
    answer = client.request(method, path, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.headers["Content-Language"] == code
    assert {"title": title, "detail": detail, "status": status}.items() <= answer.json().items()
    assert ("allow" in answer.headers) == (status == 405)


def test_a_broken_form_is_a_400_with_a_reason(client: Client) -> None:
    """A body without its last boundary gives an error, and no incomplete receipt."""
    body = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda'
    for path in ("/", "/receipt"):
        answer = client.post(path, content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
        assert answer.status_code == 400
        assert "The form is broken" in answer.text


def test_what_is_too_large_is_refused_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """The 413 of both servers is the same, byte by byte. It names the limit in the language of the page, which the
    script puts into the query.
    """
    monkeypatch.setattr(UploadRequest, "max_content_length", 1000)
    form = {"name": "a" * 1995}
    bodies = set()
    for protocol in PROTOCOLS:
        with Client(BOTH, protocol=protocol) as client:
            answer = client.post("/receipt?language=de", data=form, headers={"Accept": "application/json"})
            assert answer.status_code == 413
            bodies.add(answer.content)
            page = client.post("/", data=form, headers={"Accept": "text/html"})
            assert (page.status_code, "The server accepts at most 1 kB" in page.text) == (413, True)
    assert len(bodies) == 1
    assert answer.json() == {
        "type": "about:blank",
        "title": "Das ist zu viel",
        "status": 413,
        "detail": "Der Server nimmt höchstens 1 kB (max_content_length) an.",
        "reason": "got 2000, expected at most 1000 (max_content_length)",
    }


# --- events ---


def test_one_turn_is_twelve_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream of events is the same over both protocols."""
    monkeypatch.setattr(handlers, "PAUSE", 0)
    bodies = set()
    for protocol in PROTOCOLS:
        with Client(BOTH, protocol=protocol) as client:
            answer = client.get("/turn")
            assert answer.headers["Content-Type"].partition(";")[0] == "text/event-stream"
            bodies.add(answer.text)
    assert bodies == {"".join(f'id: {n}\ndata: {{"angle":{30 * n}}}\n\n' for n in range(1, 13))}


# --- real servers ---


@pytest.mark.real_server
def test_make_demo(demo: Demo, tmp_path: Path) -> None:
    """A file of 32 MB gives equal receipts on both servers, and their memory does not grow with its size."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        for n in range(32):
            file.write(bytes([n]) * 1_000_000)
    want = hashlib.sha256(path.read_bytes()).hexdigest()
    bodies = set()
    for url in (demo.asgi_url, demo.wsgi_url):
        post_file(url, PHOTO[1])  # all modules are loaded after this request
        before = demo.peak_memory()
        body = post_file(url, path)
        assert httpx.Response(200, content=body).json()["files"][0]["sha256"] == want
        bodies.add(body)
        assert demo.peak_memory() - before < 12_000_000
    assert len(bodies) == 1


def post_file(url: str, source: Path | bytes) -> bytes:
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        answer = httpx.post(f"{url}receipt", files={"files": ("large.bin", file)}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.real_server
def test_the_first_lines_say_what_to_open_and_what_to_try(demo: Demo) -> None:
    """The launcher prints both addresses with their protocols, something to try in the browser, and two commands."""
    lines = demo.log().splitlines()
    for url, name in [(demo.wsgi_url, "WSGI, gunicorn"), (demo.asgi_url, "ASGI, uvicorn")]:
        assert [line for line in lines if url in line and line.endswith(name)]
        assert f"    curl -F name=Ada -F files=@README.md {url}receipt" in lines
    assert [line for line in lines if "send a form over both, and compare the receipts" in line]


@pytest.mark.real_server
@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_the_launcher_stops_both(tmp_path: Path, sig: signal.Signals) -> None:
    """One signal stops both servers with status 0, and nothing listens on their ports afterwards."""
    with Demo(tmp_path) as demo:
        httpx.get(demo.asgi_url)
        assert demo.stop(sig) == 0, demo.log()
        for port in demo.ports:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=2)
    assert "Traceback" not in demo.log()


@pytest.mark.real_server
def test_a_taken_port_is_said_in_one_sentence() -> None:
    """If a port is taken, the launcher prints one sentence and starts nothing."""
    with socket.socket() as blocker:
        blocker.bind(("127.0.0.1", 0))
        blocker.listen()
        port = blocker.getsockname()[1]
        command = [sys.executable, str(EXAMPLES / "serve_both.py"), "--uvicorn-port", str(port), "--gunicorn-port", "1"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert result.returncode == 1
    assert f"port {port} is taken; choose another for uvicorn: make demo UVICORN_PORT=9000\n" in result.stderr
