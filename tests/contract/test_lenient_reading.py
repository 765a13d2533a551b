"""What clients send that no RFC allows, and that is read nevertheless because only one meaning is possible.

Strict mode refuses such forms. tests/core/forms/strange_forms.py has every case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cardan import Application, Request, Response
from cardan.http import parse_options_header
from cardan.testing import Client

from .conftest import IN_PROCESS

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPE = "multipart/form-data; boundary=X"
WITHOUT_BODIES = (
    b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    b'--X\r\nContent-Disposition: form-data; name="b"; filename="c"\r\n\r\n--X--\r\n'
)


def read(request: Request) -> Response:
    """The form and the names of its files; ``/since``: the answer to a conditional request."""
    if request.path == "/since":
        return Response("x", headers={"Last-Modified": "Sat, 29 Oct 1994 19:43:31 GMT"}).make_conditional(request)
    form = [list(pair) for pair in request.form.items(multi=True)]
    return Response.from_json([form, [[name, file.filename] for name, file in request.files.items(multi=True)]])


async def aread(request: Request) -> Response:
    """The same as an ``async def``."""
    await request.load()
    return read(request)


class Strict(Request):
    form_rules = "strict"


@pytest.fixture(params=IN_PROCESS)
def place(request: pytest.FixtureRequest) -> Any:
    """A protocol, and an event loop."""
    protocol, _, backend = request.param.partition("-")
    return protocol, backend or "asyncio"


@pytest.fixture(params=["def", "async"])
def clients(request: pytest.FixtureRequest, place: Any) -> Iterator[tuple[Client, Client]]:
    """A client of an application in default mode, and one of the same in strict mode."""
    handler: Any = read if request.param == "def" else aread
    default = Client(Application(handler), *place[:1], backend=place[1])
    strict = Client(Application(handler, request_class=Strict), *place[:1], backend=place[1])
    with default, strict:
        yield default, strict


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        (TYPE, b"--X\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--X--\r\n", [[["a", "1"]], []]),
        (TYPE, b"--X\r\nContent-Disposition: form-data; name*=utf-8''%C3%BC\r\n\r\n1\r\n--X--\r\n", [[["ü", "1"]], []]),
        (
            TYPE,
            WITHOUT_BODIES,
            [[["a", ""]], [["b", "c"]]],
        ),
        (
            TYPE + ", charset=utf-8",
            b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--X--\r\n',
            [[["a", "1"]], []],
        ),
    ],
    ids=["another disposition", "name* alone", "parts without a body", "a comma for a semicolon"],
)
def test_form_parts(clients: tuple[Client, Client], content_type: str, body: bytes, expected: Any) -> None:
    """Default mode reads the form, also if the body comes in pieces. Strict mode is 400."""
    default, strict = clients
    headers = {"Content-Type": content_type}
    assert default.post("/", content=body, headers=headers).json() == expected
    pieces = (body[index : index + 3] for index in range(0, len(body), 3))
    assert default.post("/", content=pieces, headers=headers).json() == expected
    assert strict.post("/", content=body, headers=headers).status_code == 400


def test_a_date_with_a_length(clients: tuple[Client, Client]) -> None:
    """Old browsers and proxies add the length of what they have to If-Modified-Since."""
    sent = {"If-Modified-Since": "Sat, 29 Oct 1994 19:43:31 GMT; length=1234"}
    assert clients[0].get("/since", headers=sent).status_code == 304


def test_a_host_with_empty_labels(place: Any) -> None:
    """A host with empty labels is no subdomain of a trusted host, although it ends like one (RFC 1034 section 3.1)."""

    class Trusting(Request):
        trusted_hosts = (".sub.org",)

    with Client(Application(lambda request: Response(request.host), request_class=Trusting), *place[:1]) as client:
        for host, status in [("a.sub.org", 200), ("sub.org", 200), ("..sub.org", 400), ("a..sub.org", 400)]:
            assert client.get("/", headers={"Host": host}).status_code == status


def test_parameters_of_a_part_are_not_latin_1() -> None:
    """``parse_options_header`` reads the headers of parts, too, which are UTF-8. A damaged ``filename*`` does not
    replace a good ``filename``.
    """
    value = 'form-data; name="☃"; filename="ü.txt"; filename*=UTF-8\'\'%FF'
    assert parse_options_header(value) == ("form-data", {"name": "☃", "filename": "ü.txt"})
