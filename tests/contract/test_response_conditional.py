"""Conditional requests and ranges on both protocols: every row of the table in the specification, with GET and HEAD."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cardan import Application, Request, Response
from cardan.core.fields._dates import utc_now
from cardan.http import check_preconditions, parse_date
from cardan.testing import Client, lint

DATA = b"0123456789"
EARLIER, AT_NOON, LATER = (f"Thu, 01 Jan 2026 {hour}:00:00 GMT" for hour in (11, 12, 13))


def _body(kind: str) -> Any:
    def chunks() -> Iterator[bytes]:
        yield DATA[:4]
        yield DATA[4:]

    async def achunks() -> AsyncIterator[bytes]:
        for chunk in chunks():
            yield chunk

    return {"bytes": DATA, "list": [DATA[:4], DATA[4:]], "sync": chunks(), "async": achunks()}[kind]


def answer_conditionally(request: Request) -> Response:
    """``/KIND?etag=...&modified=...&status=...``: ten bytes as bytes, a list, a sync or an async stream."""
    args = request.args
    response = Response(_body(request.path.lstrip("/")), int(args.get("status", 200)), content_type="text/x")
    response.headers["Content-Language"] = "en"
    if "etag" in args:
        response.headers["ETag"] = args["etag"]
    if "modified" in args:
        response.headers["Last-Modified"] = args["modified"]
    if request.method == "PUT":
        check_preconditions(request, etag=args.get("etag"), last_modified=response.last_modified)
    return response.make_conditional(request, accept_ranges=True, complete_length=10)


app = Application(answer_conditionally)


@pytest.fixture(params=["wsgi", "asgi-asyncio", "asgi-trio"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    protocol, _, backend = str(request.param).partition("-")
    checked = lint.wsgi(app) if protocol == "wsgi" else lint.asgi(app)
    with Client(checked, protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
        yield client


def ask(client: Client, method: str, kind: str, there: dict[str, str], **fields: str) -> httpx.Response:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return client.request(method, f"/{kind}", params=there, headers=headers)


V1 = {"etag": '"v1"', "modified": AT_NOON}
WEAK = {"etag": 'W/"v1"'}
BARE: dict[str, str] = {}
# row of the table -> representation, fields, status; the statuses are for GET and HEAD
ROWS: dict[str, tuple[dict[str, str], dict[str, str], int]] = {
    "If-Match: *, resource exists": (V1, {"If_Match": "*"}, 200),
    "If-Match strong, resource weak": (WEAK, {"If_Match": '"v1"'}, 412),
    "If-Match, resource without ETag": (BARE, {"If_Match": '"v1"'}, 412),
    "If-Match holds and If-None-Match equal": (V1, {"If_Match": '"v1"', "If_None_Match": '"v1"'}, 304),
    "If-Unmodified-Since older than Last-Modified": (V1, {"If_Unmodified_Since": EARLIER}, 412),
    "If-None-Match present, If-Modified-Since ignored": (
        V1,
        {"If_None_Match": '"v0"', "If_Modified_Since": LATER},
        200,
    ),
    "If-None-Match: *, resource exists": (V1, {"If_None_Match": "*"}, 304),
    "If-None-Match matches and Range": (V1, {"If_None_Match": '"v1"', "Range": "bytes=0-1"}, 304),
    "If-Modified-Since": (V1, {"If_Modified_Since": AT_NOON}, 304),
    "Range on a non-2xx": ({**V1, "status": "404"}, {"Range": "bytes=0-1", "If_None_Match": "*"}, 404),
    "Range of an unknown unit": (V1, {"Range": "items=0-1"}, 200),
    "ranges with more bytes than the whole": (V1, {"Range": "bytes=0-5,2-8"}, 200),
    "more bytes than the whole, range by range": (V1, {"Range": "bytes=" + ",".join(["0-0"] * 17)}, 200),
    "If-Range with another date": (V1, {"Range": "bytes=0-1", "If_Range": EARLIER}, 200),
    "If-Range with a weak tag": (WEAK, {"Range": "bytes=0-1", "If_Range": 'W/"v1"'}, 200),
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", ["bytes", "list", "sync", "async"])
@pytest.mark.parametrize("row", ROWS)
def test_row(client: Client, row: str, kind: str, method: str) -> None:
    """The answer has the status of the row. Its body is complete, or empty if it must not have one."""
    there, fields, status = ROWS[row]
    response = ask(client, method, kind, there, **fields)
    assert response.status_code == status
    bodies = {200: DATA, 404: DATA, 412: b"Precondition Failed\n\na precondition of the request does not hold\n"}
    assert response.content == (bodies.get(status, b"") if method == "GET" else b"")
    if status == 304:
        assert not {"content-type", "content-length", "content-language", "last-modified"} & response.headers.keys()
        assert response.headers["etag"] == there["etag"]


RANGES = {
    "one range": ("bytes=2-4", "bytes 2-4/10", b"234"),
    "to the end": ("bytes=8-", "bytes 8-9/10", b"89"),
    "bytes=-1000 of 10 bytes": ("bytes=-1000", "bytes 0-9/10", DATA),
    "ranges that overlap": ("bytes=0-4,3-7", "bytes 0-7/10", b"01234567"),
    "ranges that touch": ("bytes=4-5,2-3", "bytes 2-5/10", b"2345"),
    "If-Range equal": ("bytes=2-4", "bytes 2-4/10", b"234"),
}


@pytest.mark.parametrize("kind", ["bytes", "list", "sync", "async"])
@pytest.mark.parametrize("row", RANGES)
def test_range(client: Client, row: str, kind: str) -> None:
    """206 with Content-Range and the bytes. For HEAD the Range is ignored (RFC 9110 section 14.2)."""
    value, content_range, data = RANGES[row]
    fields = {"Range": value, **({"If_Range": '"v1"'} if row.startswith("If-Range") else {})}
    response = ask(client, "GET", kind, V1, **fields)
    assert (response.status_code, response.headers["content-range"], response.content) == (206, content_range, data)
    assert response.headers["content-length"] == str(len(data))
    head = ask(client, "HEAD", kind, V1, **fields)
    assert (head.status_code, head.headers["content-length"]) == (200, "10")


@pytest.mark.parametrize("kind", ["bytes", "list", "sync", "async"])
@pytest.mark.parametrize("value", ["bytes=-0", "bytes=100-"])
def test_not_satisfiable(client: Client, value: str, kind: str) -> None:
    """416 with ``Content-Range: bytes */10``. For HEAD the Range is ignored."""
    response = ask(client, "GET", kind, V1, Range=value)
    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */10")
    assert response.text == "Range Not Satisfiable\n\nnone of the requested ranges can be satisfied\n"
    assert ask(client, "HEAD", kind, V1, Range=value).status_code == 200


#: fields of a whole answer, and the statuses with which they are sent
OF_WHOLE = {
    "Cache-Control": ("max-age=60", {200, 206, 304}),
    "CDN-Cache-Control": ("max-age=60", {200, 206, 304}),
    "Surrogate-Control": ("max-age=60", {200, 206, 304}),
    "Expires": ("Thu, 01 Jan 2037 12:00:00 GMT", {200, 206, 304}),
    "Age": ("5", {200, 206, 304}),
    "Content-Digest": ("sha-256=:AAAA:", {200}),
    "Content-MD5": ("AAAA", {200}),
    "Repr-Digest": ("sha-256=:AAAA:", {200, 206, 304}),
    "Content-Disposition": ("inline", {200, 206, 304}),
    "Signature": ("a=:AAAA:", {200, 206, 304}),
    "Signature-Input": ("a=()", {200, 206, 304}),
    "Digest": ("sha-256=AAAA", {200, 206, 304}),
    "Pragma": ("no-cache", {200, 206, 304}),
    "Content-Location": ("/x", {200, 206, 304}),
    "Content-Language": ("en", {200, 206}),
    "Last-Modified": (AT_NOON, {200, 206}),
    "ETag": ('"v1"', {200, 206, 304}),
    "Vary": ("Cookie", {200, 206, 304, 412, 416}),
    "Link": ("</a>; rel=b", {200, 206, 304, 412, 416}),
    "Content-Security-Policy": ("default-src 'self'", {200, 206, 304, 412, 416}),
    "Set-Cookie": ("a=b", {200, 206, 304, 412, 416}),
}


@Application
def described(request: Request) -> Response:
    """``/KIND``: ten bytes with all fields of ``OF_WHOLE``."""
    headers = {name: value for name, (value, _) in OF_WHOLE.items()}
    response = Response(_body(request.path.lstrip("/")), headers=headers)
    response.trailers = {"Content-Digest": "sha-256=:AAAA:"}
    return response.make_conditional(request, accept_ranges=True, complete_length=10)


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize("kind", ["bytes", "list", "sync", "async"])
@pytest.mark.parametrize(
    ("asked", "status"),
    [({}, 200), ({"Range": "bytes=0-1"}, 206), ({"Range": "bytes=0-1,5-6,9-9"}, 206), ({"If-None-Match": '"v1"'}, 304),
     ({"If-Match": '"v0"'}, 412), ({"Range": "bytes=50-"}, 416)],
)  # fmt: skip
def test_fields_of_the_whole(protocol: Any, kind: str, asked: dict[str, str], status: int) -> None:
    """An error in place of a representation has none of its fields: freshness (RFC 9111 section 4.2), digests and
    signatures. A part and a 304 have no digest of the whole body (RFC 9530 section 2), but that of the representation
    (section 3), and all that guides a cache (RFC 9110 section 15.4.5). Beside an ETag a 304 needs no Last-Modified.
    """
    with Client(described, protocol=protocol) as client:
        response = client.get(f"/{kind}", headers=asked)
    assert response.status_code == status
    assert {name for name in OF_WHOLE if name in response.headers} == {
        name for name, (_, statuses) in OF_WHOLE.items() if status in statuses
    }


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize(
    ("asked", "status", "title"),
    [({"If-Match": '"v0"'}, 412, "Precondition Failed"), ({"Range": "bytes=50-"}, 416, "Range Not Satisfiable")],
)
def test_an_error_explains_itself(protocol: Any, asked: dict[str, str], status: int, title: str) -> None:
    """RFC 9110 section 15.5: the body of a 412 and of a 416 explains it, in the format of other errors."""
    with Client(described, protocol=protocol) as client:
        for accept, kind in (("application/json", "application/problem+json"), ("text/html", "text/html"), ("", "")):
            response = client.get("/bytes", headers={**asked, "Accept": accept})
            assert (response.status_code, response.headers["Vary"]) == (status, "Cookie, Accept")
            assert response.headers["Content-Type"].startswith(kind or "text/plain")
            assert title in response.text
            if kind == "application/problem+json":
                assert response.json()["status"] == status
        head = client.head("/bytes", headers={**asked, "Accept": "text/html"})
        assert head.content == b""


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (1, 206), (2, 206), (-5, 200)])
def test_if_range_needs_a_strong_date(protocol: Any, seconds: int, status: int) -> None:
    """RFC 9110 sections 13.1.5 and 8.8.2.2: If-Range with a date holds only if the date is at least one second before
    Date. What was modified in the second in which it was sent may be modified once more in that second.
    """
    noon = parse_date(AT_NOON)
    assert noon is not None

    @Application
    def app(request: Request) -> Response:
        response = Response(DATA, headers={"Last-Modified": AT_NOON})
        response.date = noon + timedelta(seconds=seconds)
        return response.make_conditional(request, accept_ranges=True)

    with Client(app, protocol=protocol) as client:
        answer = client.get("/", headers={"Range": "bytes=0-1", "If-Range": AT_NOON})
    assert (answer.status_code, answer.content) == (status, DATA if status == 200 else DATA[:2])


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_last_modified_that_is_set_directly(protocol: Any) -> None:
    """RFC 9110 section 8.8.2.1: Last-Modified is not later than the response, whichever way it was set. What is no date
    is not sent.
    """

    @Application
    def app(request: Request) -> Response:
        value = {"/future": "Thu, 01 Jan 2400 12:00:00 GMT", "/past": AT_NOON, "/none": "yesterday"}[request.path]
        return Response(iter("a") if request.args else "a", headers={"Last-Modified": value})

    with Client(app, protocol=protocol, raise_app_exceptions=False) as client:
        for query in ("", "?stream=1"):
            sent = parse_date(client.get(f"/future{query}").headers["Last-Modified"])
            assert sent is not None
            assert sent <= utc_now()
            assert client.get(f"/past{query}").headers["Last-Modified"] == AT_NOON
            assert client.get(f"/none{query}").status_code == 500


@pytest.mark.parametrize("kind", ["bytes", "list", "sync", "async"])
def test_several_ranges(client: Client, kind: str) -> None:
    """206 with multipart/byteranges; each part has its type and range. A stream can do it in ascending order."""
    response = ask(client, "GET", kind, V1, Range="bytes=0-1,5-6,-1")
    boundary = response.headers["content-type"].removeprefix("multipart/byteranges; boundary=").encode()
    parts = response.content.split(b"--" + boundary)
    assert response.status_code == 206
    assert (parts[0], parts[-1]) == (b"", b"--\r\n")
    assert [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]] == [b"01\r\n", b"56\r\n", b"9\r\n"]
    assert b"Content-Type: text/x\r\nContent-Range: bytes 5-6/10" in parts[2]
    assert response.headers["content-length"] == str(len(response.content))
    assert "content-range" not in response.headers
    descending = ask(client, "GET", kind, V1, Range="bytes=5-6,0-1")
    assert descending.status_code == (206 if kind in ("bytes", "list") else 200)


@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, 200), ({"If_Match": '"v1"'}, 200), ({"If_Match": '"v0"'}, 412), ({"If_None_Match": "*"}, 412),
     ({"If_Unmodified_Since": EARLIER}, 412), ({"If_Modified_Since": LATER}, 200), ({"Range": "bytes=0-0"}, 200)],
)  # fmt: skip
def test_unsafe_methods(client: Client, fields: dict[str, str], status: int) -> None:
    """check_preconditions() gives 412 if an update would be lost. make_conditional does not change a PUT."""
    assert ask(client, "PUT", "bytes", V1, **fields).status_code == status
