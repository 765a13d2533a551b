"""Methods on both protocols: case, HEAD, CONNECT and QUERY, and the status codes of an answer.

The applications are called by hand, because clients write the usual methods in upper case.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from cardan import Application, Request, Response
from cardan.files import StaticFiles
from cardan.testing import RequestBuilder, lint

DATA = b"0123456789"
both = pytest.mark.parametrize("protocol", ["wsgi", "asgi"])


def stream() -> Iterator[bytes]:
    yield DATA


async def astream() -> AsyncIterator[bytes]:
    yield DATA


BODIES: dict[str, Any] = {"bytes": lambda: DATA, "list": lambda: [DATA], "sync": stream, "async": astream}


@Application
def app(request: Request) -> Response:
    """``/KIND?status=...``: the method that the handler sees is in the field ``Seen``."""
    status = int(request.args.get("status", 200))
    response = Response(BODIES[request.path.lstrip("/")](), status, {"Seen": request.method})
    if "length" in request.args:
        response.headers["Content-Length"] = request.args["length"]
    if "etag" in request.args:
        response.headers["ETag"] = request.args["etag"]
        response.headers["Last-Modified"] = "Sun, 06 Nov 1994 08:49:37 GMT"
        response.make_conditional(request, accept_ranges=True, complete_length=10)
    return response


def ask(
    protocol: str, method: str, target: str, application: Any = app, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Status, fields (names in lower case) and body of an answer, as the application gives them to the server."""
    path, _, query = target.partition("?")
    builder = RequestBuilder(path, method=method, query_string=query, headers=headers)
    if protocol == "wsgi":
        heads: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, fields: list[tuple[str, str]], exc_info: Any = None) -> Any:
            heads.append((status, fields))

        blocks = lint.wsgi(application.wsgi_app)(builder.environ(), start_response)
        try:
            body = b"".join(blocks)
        finally:
            blocks.close()  # type: ignore[attr-defined]
        status, fields = heads[-1]
        return int(status[:3]), {name.lower(): value for name, value in fields}, body
    messages: list[Any] = []

    async def run() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await lint.asgi(application.asgi_app)(builder.scope(), receive, send)

    asyncio.run(run())
    head = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return messages[0]["status"], head, b"".join(message.get("body", b"") for message in messages[1:])


@both
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize(("method", "body"), [("GET", DATA), ("HEAD", b""), ("head", DATA), ("Head", DATA)])
def test_methods_are_case_sensitive(protocol: str, kind: str, method: str, body: bytes) -> None:
    """Methods are case-sensitive (RFC 9110 section 9.1): ``head`` is not HEAD. The handler sees the method that the
    answer depends on.
    """
    if protocol == "wsgi" and kind == "async":
        kind = "sync"
    status, fields, sent = ask(protocol, method, f"/{kind}")
    assert (status, fields["seen"], sent) == (200, method, body)


@both
def test_a_directory_knows_get_and_head_only(protocol: str, tmp_path: Any) -> None:
    """A method in another case is another method, and not allowed for a file (RFC 9110 section 15.5.6)."""
    (tmp_path / "a.txt").write_bytes(DATA)
    files = StaticFiles(tmp_path)
    assert ask(protocol, "GET", "/a.txt", files)[::2] == (200, DATA)
    assert ask(protocol, "HEAD", "/a.txt", files)[::2] == (200, b"")
    for method in ("get", "head", "QUERY"):
        status, fields, _ = ask(protocol, method, "/a.txt", files)
        assert (status, fields["allow"]) == (405, "GET, HEAD")


@both
@pytest.mark.parametrize(
    "target", ["/bytes", "/list", "/sync", "/bytes?length=10", "/sync?status=204", "/list?status=299"]
)
def test_a_tunnel_has_no_content(protocol: str, target: str) -> None:
    """A 2xx in answer to CONNECT has no Content-Length (RFC 9110 section 8.6) and no content (sections 6.4.1 and
    9.3.6), whatever the program sets.
    """
    status, fields, sent = ask(protocol, "CONNECT", target)
    assert status // 100 == 2
    assert "content-length" not in fields
    assert sent == b""


@both
@pytest.mark.parametrize("kind", ["bytes", "list", "sync"])
def test_a_refused_tunnel_is_explained(protocol: str, kind: str) -> None:
    """Other answers to CONNECT have a body as any answer has (RFC 9110 section 9.3.6)."""
    status, fields, sent = ask(protocol, "CONNECT", f"/{kind}?status=405")
    assert (status, sent) == (405, DATA)
    assert fields.get("content-length", "10") == "10"


@both
@pytest.mark.parametrize(
    ("method", "status"), [("GET", 304), ("HEAD", 304), ("QUERY", 304), ("POST", 200), ("query", 200), ("head", 200)]
)
@pytest.mark.parametrize(
    "condition", [{"If-None-Match": '"a"'}, {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}]
)
def test_query_is_safe(protocol: str, method: str, status: int, condition: dict[str, str]) -> None:
    """QUERY is safe, and can be conditional (RFC 10008 section 2): a client that has the result gets a 304."""
    assert ask(protocol, method, "/bytes?etag=%22a%22", headers=condition)[0] == status


@both
@pytest.mark.parametrize(("method", "status"), [("GET", 206), ("HEAD", 200), ("QUERY", 200), ("get", 200)])
def test_ranges_are_those_of_get(protocol: str, method: str, status: int) -> None:
    """Range is ignored for other methods than GET (RFC 9110 section 14.2)."""
    assert ask(protocol, method, "/bytes?etag=%22a%22", headers={"Range": "bytes=0-1"})[0] == status


@both
@pytest.mark.parametrize("status", [600, 999])
def test_there_is_no_sixth_class(protocol: str, status: int) -> None:
    """A status above 599 is in no class (RFC 9110 section 15) and raises where it is set; the client gets a 500."""

    def handler(request: Request) -> Response:
        with pytest.raises(ValueError, match=f"^got the status code {status}, expected one from 100 to 599$"):
            Response(status=status)
        response = Response()
        with pytest.raises(ValueError, match=f"^got the status code {status}, expected one from 100 to 599$"):
            response.status_code = status
        with pytest.raises(ValueError, match=f"^got the status code {status}, expected one from 100 to 599$"):
            response.status = f"{status} Mine"
        return Response("fine", 599)

    assert ask(protocol, "GET", "/", Application(handler))[::2] == (599, b"fine")
