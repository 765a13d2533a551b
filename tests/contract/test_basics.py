"""Request line and headers, ways to read the body, and answers are the same on every server, in sync and async
handlers.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import IN_PROCESS

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

FIELDS = [("title", "a b"), ("x", "1"), ("x", "ü€")]


def open_files(client: httpx.Client) -> int:
    """The number of unnamed temporary files that the server has open.

    In process, those of the test runner are included.
    """
    count: int = client.get("/def/open_files").json()
    return count


def ended(client: httpx.Client, expected: list[str]) -> list[str]:
    """The names that have ended. Waits for the expected number: a server closes after the client has the last byte."""
    seen: list[str] = []
    deadline = time.monotonic() + 10
    while len(seen) < len(expected) and time.monotonic() < deadline:
        seen += client.get("/def/ended").json()
        time.sleep(0.01)
    return seen


def files_closed(client: httpx.Client, before: int) -> bool:
    """True if no more files are open than before. Asks again: a server closes after the client has the last byte."""
    return any(open_files(client) <= before or time.sleep(0.02) for _ in range(500))


def test_head(client: httpx.Client, kind: str) -> None:
    """The values of the request line and the headers are the same everywhere."""
    answer = client.get(
        f"/{kind}/head?a=1&a=2&b=%C3%BC",
        headers={"X-Test": "yes", "Cookie": "c=1; d=2", "Accept-Language": "fr, de;q=0.5", "Host": "example.com:8080"},
    ).json()
    assert answer["method"] == "GET"
    assert answer["path"] == f"/{kind}/head"
    assert answer["args"] == [["a", "1"], ["a", "2"], ["b", "ü"]]
    assert answer["cookies"] == [["c", "1"], ["d", "2"]]
    assert (answer["x"], answer["host"], answer["language"]) == ("yes", "example.com:8080", "de")
    assert answer["url"] == f"http://example.com:8080/{kind}/head?a=1&a=2&b=ü"
    assert answer["length"] is None


def test_urlencoded_form(client: httpx.Client, kind: str) -> None:
    """A urlencoded form gives its pairs in order, decoded as UTF-8."""
    answer = client.post(f"/{kind}/form", data={"title": "a b", "x": ["1", "ü€"]}).json()
    assert answer == {"fields": [list(pair) for pair in FIELDS], "files": [], "data": 0}


@pytest.mark.parametrize("size", [0, 1, 400_000, 700_000, 3_000_000])
def test_upload(client: httpx.Client, kind: str, size: int) -> None:
    """Files of any size arrive complete, in memory and on disk, together with fields."""
    before = open_files(client)
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    answer = client.post(
        f"/{kind}/form",
        data={"title": "a b"},
        files=[("f", ("ü 1.bin", content)), ("g", ("b.txt", b"text", "text/plain"))],
    ).json()
    assert answer["fields"] == [["title", "a b"]]
    digest = hashlib.sha256(content).hexdigest()
    assert answer["files"][0] == ["f", "ü 1.bin", "application/octet-stream", size, digest]
    assert answer["files"][1] == ["g", "b.txt", "text/plain", 4, hashlib.sha256(b"text").hexdigest()]
    assert files_closed(client, before)


@pytest.mark.parametrize("size", [0, 1, 65_536, 1_000_000])
def test_data(client: httpx.Client, kind: str, size: int) -> None:
    """The body arrives as it was sent, with a length and without one (chunked)."""
    body = b"0123456789abcdef" * (size // 16) + b"x" * (size % 16)
    assert client.post(f"/{kind}/data", content=body).content == body
    chunked = client.post(f"/{kind}/data", content=iter([body[:7], body[7:]]))
    assert chunked.content == body


def test_text(client: httpx.Client, kind: str) -> None:
    """``text`` is decoded as UTF-8, with U+FFFD for invalid bytes."""
    response = client.post(f"/{kind}/text", content="ü€".encode() + b"\xff")
    assert response.text == "ü€\ufffd"
    assert response.headers["x-length"] == "3"


def test_json(client: httpx.Client, kind: str) -> None:
    """JSON is read and written. Another type gives 415 and invalid JSON gives 400, both as problem documents."""
    value = {"a": [1, 2.5, None, "ü"]}
    assert client.post(f"/{kind}/echo_json", json=value).json() == value
    assert client.post(f"/{kind}/echo_json", content="{}").status_code == 415
    for body in (b"{", b"NaN", b"[" * 100_000, b"\xff", b""):
        response = client.post(f"/{kind}/echo_json", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 400
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == 400
    bom = client.post(f"/{kind}/echo_json", content=b"\xef\xbb\xbf1", headers={"Content-Type": "application/json"})
    assert bom.json() == 1


def test_stream(client: httpx.Client, kind: str) -> None:
    """All chunks but the last have the requested size, no matter how the body was divided on its way."""
    body = bytes(range(256)) * 21
    for content in (body, iter([body[:100], body[100:4000], body[4000:]])):
        answer = client.post(f"/{kind}/stream", content=content).json()
        assert answer == {"sizes": [1000] * 5 + [376], "sha256": hashlib.sha256(body).hexdigest()}


def test_parts(client: httpx.Client, kind: str) -> None:
    """The parts of a form arrive one by one, and are not stored. A part that is not read is skipped."""
    files = [("f", ("a", b"x" * 100_000)), ("skip", ("b", b"y" * 200_000)), ("f", ("c", b"z"))]
    answer = client.post(f"/{kind}/parts", data={"t": "1"}, files=files).json()
    assert answer == [["t", None, 1], ["f", "a", 100_000], ["skip", "b", None], ["f", "c", 1]]


def test_unread_body(client: httpx.Client, kind: str) -> None:
    """A handler does not have to read the body."""
    response = client.post(f"/{kind}/unread", content=b"x" * 1000)
    assert (response.status_code, response.text) == (202, "did not look")


def test_fields_of_a_response(client: httpx.Client, kind: str) -> None:
    """The status, repeated fields and cookies are sent as they were set."""
    response = client.get(f"/{kind}/cookie")
    assert (response.status_code, response.text) == (201, "ok")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-length"] == "2"
    assert response.headers.get_list("x-two") == ["a", "b"]
    first, second = response.headers.get_list("set-cookie")
    assert first.startswith("a=")
    assert "HttpOnly" in first
    assert second.startswith("b=")
    assert {"Max-Age=60", "SameSite=Lax"} <= set(second.split("; "))


@pytest.mark.parametrize("code", [200, 204, 205, 304, 404])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_bodies_by_status(client: httpx.Client, kind: str, code: int, method: str) -> None:
    """HEAD, 204, 205 and 304 have no body (RFC 9110 sections 6.4.1, 15.3.6, 15.4.5), and the right header fields."""
    response = client.request(method, f"/{kind}/status?code={code}")
    assert response.status_code == code
    has_body = method == "GET" and code in (200, 404)
    assert response.content == (b"body" if has_body else b"")
    expected = {200: "4", 404: "4", 205: "0", 204: None, 304: None}[code]
    assert response.headers.get("content-length") == expected
    assert ("content-type" in response.headers) == (code not in (204, 304))
    assert ("last-modified" in response.headers) == (code != 304)


def test_http_errors(client: httpx.Client, kind: str) -> None:
    """An HTTP error that is raised or returned is the answer. Its members are in the problem document."""
    raised = client.get(f"/{kind}/fail?kind=http", headers={"Accept": "application/json"})
    assert raised.status_code == 409
    assert raised.json() == {"type": "about:blank", "title": "Conflict", "status": 409, "detail": "not now", "left": 3}
    declared = client.get(f"/{kind}/fail?kind=declared")
    assert (declared.status_code, declared.headers["content-type"]) == (409, "application/problem+json")
    assert declared.json() == {
        "type": "/problems/out-of-stock", "title": "Sold out", "status": 409, "detail": "not now", "left": 3,
        "instance": "/orders/17",
    }  # fmt: skip
    returned = client.get(f"/{kind}/fail?kind=return", headers={"Accept": "text/html"})
    assert returned.status_code == 404
    assert returned.headers["content-type"].startswith("text/html")
    assert client.get(f"/{kind}/no-such-view").status_code == 404
    missing = client.get(f"/{kind}/fail")
    assert missing.status_code == 400
    assert "kind" in missing.text


@pytest.mark.parametrize("what", ["defect", "type", "missing", "misspelt"])
def test_defects(client: httpx.Client, kind: str, what: str) -> None:
    """Any other exception gives the server's 500, as a wrong result and an error with wrong members do."""
    assert client.get(f"/{kind}/fail?kind={what}").status_code == 500
    assert client.get(f"/{kind}/cookie").status_code == 201


def test_awaitable_from_a_def(client: httpx.Client, kind: str) -> None:
    """If a ``def`` handler returns an awaitable, it is awaited, and the body is in async mode."""
    assert client.post(f"/{kind}/awaitable", content=b"12345").text == "awaited 5"


def test_response_as_application(serve: Callable[..., httpx.Client]) -> None:
    """A Response is itself an application."""
    client = serve("response_app")
    for _ in range(2):
        response = client.get("/any/where")
        assert (response.text, response.headers["x-test"]) == ("served by itself", "yes")


def test_context(client: httpx.Client, kind: str) -> None:
    """The handler, the body and the hooks of one request share one context, which no other request sees."""
    client.get("/def/ended")
    for _ in range(2):
        assert client.get(f"/{kind}/context").text == "none set"
    assert ended(client, ["hook set"] * 2) == ["hook set"] * 2


def test_load_option(serve: Callable[..., httpx.Client]) -> None:
    """``load=True`` loads the body before the handler is called."""
    assert serve("loaded").post("/", content=b"abc").text == "abc"


def limit_of(response: httpx.Response) -> tuple[int, Any]:
    """The status, and the limit that the description names."""
    text = response.text
    return response.status_code, next((name for name in LIMITS if name in text), None)


LIMITS = ["max_content_length", "max_form_memory_size", "max_form_memory_total", "max_form_parts", "max_files",
          "max_file_size", "max_data_memory"]  # fmt: skip


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("where", ["form", "data", "stream", "text"])
def test_content_length_limit(serve: Callable[..., httpx.Client], kind: str, where: str, chunked: bool) -> None:
    """With a limit of N, N bytes are accepted in every way to read, and N + 1 are a 413. No value is truncated."""
    client = serve("small")
    allowed = {"data": 2000, "text": 2000}.get(where, 4000)
    name = {"data": "max_data_memory", "text": "max_data_memory"}.get(where, "max_content_length")
    kinds = {"Content-Type": "application/x-www-form-urlencoded"} if where == "form" else {}
    for size, passes in ((allowed - 1, True), (allowed, True), (allowed + 1, False)):
        body = b"&" * size
        content: Any = iter([body[:10], body[10:]]) if chunked else body
        response = client.post(f"/{kind}/{where}", content=content, headers=kinds)
        assert limit_of(response) == ((200, None) if passes else (413, name))


def test_form_limits(serve: Callable[..., httpx.Client], kind: str) -> None:
    """Each limit of a form gives a 413 that names it, for urlencoded and multipart forms."""
    client = serve("small")
    url = f"/{kind}/form"
    before = open_files(client)
    assert limit_of(client.post(url, data={"a": "x" * 501})) == (413, "max_form_memory_size")
    assert limit_of(client.post(url, data={"a": "x" * 499, "b": "x" * 499})) == (413, "max_form_memory_total")
    assert limit_of(client.post(url, data={str(n): "x" for n in range(6)})) == (413, "max_form_parts")
    assert limit_of(client.post(url, data={"a": "x" * 501}, files={"f": b""})) == (413, "max_form_memory_size")
    assert limit_of(client.post(url, files={str(n): b"" for n in range(3)})) == (413, "max_files")
    assert limit_of(client.post(url, files={"f": b"x" * 1501})) == (413, "max_file_size")
    assert client.post(url, files={"f": b"x" * 1500}).status_code == 200
    assert files_closed(client, before)


def test_broken_form(client: httpx.Client, kind: str) -> None:
    """A broken multipart form is a 400 with a reason. It gives no partial form and leaves no open file."""
    before = open_files(client)
    good = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + b"x" * 600_000 + b"\r\n--B--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    assert client.post(f"/{kind}/form", content=good, headers=headers).status_code == 200
    for cut in (20, 100, 300_000, len(good) - 5):
        response = client.post(f"/{kind}/form", content=good[:cut], headers=headers)
        assert response.status_code == 400
        assert len(response.text) > 20
    assert files_closed(client, before)


# real servers refuse such a request themselves, each in its own way
@pytest.mark.parametrize("transport", IN_PROCESS, indirect=True)
@pytest.mark.parametrize("length", ["abc", "-5", "5, 5", "+5", "1_0", "9" * 30])
def test_invalid_content_length(serve: Callable[..., httpx.Client], kind: str, length: str) -> None:
    """A Content-Length that is not a number is a 400; it is not treated as 0."""
    response = serve(raise_app_exceptions=False).post(
        f"/{kind}/data", content=b"12345", headers={"Content-Length": length}
    )
    assert response.status_code == 400


def test_problem_document_is_json(client: httpx.Client, kind: str) -> None:
    """The document of an error is valid JSON with the members of RFC 9457."""
    response = client.get(f"/{kind}/nowhere", headers={"Accept": "application/problem+json"})
    assert json.loads(response.content)["title"] == "Not Found"
