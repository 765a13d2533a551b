"""Sites that were made with other libraries, on real servers of the protocol that they do not speak.

WSGI sites run under uvicorn, ASGI sites under gunicorn with threads. Other bridges run in the same tests: what they
do differently is listed in ``OTHERWISE``, and has to stay so for the test to pass.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from tests.servers import ServerPool

MB = 2**20
WSGI_SITES = ("flask", "django", "bottle")
ASGI_SITES = ("starlette", "fastapi", "quart", "litestar")
CARDAN = [f"{site}_cardan" for site in WSGI_SITES + ASGI_SITES]
#: other bridges, with one site for each direction
OTHERS = ["flask_a2wsgi", "flask_asgiref", "starlette_a2wsgi"]


def form(client: httpx.Client) -> Any:
    """A form arrives."""
    return client.post("form", data={"title": "ä"}).json()


def upload(client: httpx.Client) -> Any:
    """A file of 20 MB arrives whole."""
    return client.post("upload", files={"file": ("f.bin", b"x" * 20 * MB)}).json()


def streaming(client: httpx.Client) -> Any:
    """The first line arrives while the site waits before the second one."""
    with client.stream("GET", "stream") as response:
        lines = response.iter_lines()
        first = next(lines)
        client.get("release")
        return [first, *lines]


def leaving(client: httpx.Client) -> Any:
    """A client that leaves ends the body of the response, within some seconds and exactly once."""
    before = int(client.get("closed").text)
    with client.stream("GET", "endless") as response:
        next(response.iter_lines())
    for _ in range(60):
        if (after := int(client.get("closed").text)) > before:
            return after - before
        time.sleep(0.05)
    return 0


def error_before(client: httpx.Client) -> Any:
    """An error before the start is a 500, also for a client that uploads."""
    return client.get("before").status_code


def error_after(client: httpx.Client) -> Any:
    """After an error in the body the client sees that the response is not complete."""
    with client.stream("GET", "after") as response:
        try:
            return [response.status_code, response.read()]
        except httpx.RemoteProtocolError:
            return [response.status_code, "broken off"]


def cookies(client: httpx.Client) -> Any:
    """Cookies are seen, several are set, and the redirect has the prefix of the mount."""
    response = client.get("cookies", headers={"Cookie": "sent=1"})
    fields = [field.partition(";")[0] for field in response.headers.get_list("Set-Cookie")]
    return [response.status_code, httpx.URL(response.headers["Location"]).path, *fields]


EXPECTED = {
    form: {"title": "ä"},
    upload: {"size": 20 * MB, "name": "f.bin"},
    streaming: ["first", "second"],
    leaving: 1,
    error_before: 500,
    error_after: [200, "broken off"],
    cookies: [302, "/below/stream", "a=1", "b=2"],
}

OTHERWISE = {
    # differs in threads: it has one for all requests
    ("flask_asgiref", streaming): ["first", "held back"],
    # differs in what is closed when the client leaves
    ("flask_a2wsgi", leaving): 0,
    ("starlette_a2wsgi", leaving): 0,
}

#: rows in which other bridges are not compared
LEFT_OUT = {("flask_asgiref", leaving), ("starlette_a2wsgi", error_after)}
ROWS = [(name, row) for name in CARDAN + OTHERS for row in EXPECTED if (name, row) not in LEFT_OUT]


def result_of(row: Any, url: str) -> Any:
    """What a row gives, with a client of its own; the name of the error of a client that gets no answer."""
    with httpx.Client(base_url=f"{url}/below/", timeout=100) as client:
        try:
            return row(client)
        except httpx.HTTPError as error:
            return type(error).__name__


@pytest.mark.real_server
@pytest.mark.parametrize(("name", "row"), ROWS, ids=lambda value: getattr(value, "__name__", value))
def test_a_site(name: str, row: Any, server_pool: ServerPool) -> None:
    """Form, upload, stream, a client that leaves, errors, cookies, redirect and prefix are as they should be."""
    kind = "uvicorn" if name.partition("_")[0] in WSGI_SITES else "gunicorn-gthread"
    server = server_pool.get(kind, f"tests.contract.bridged_sites:{name}", app_dir=ROOT)
    assert result_of(row, server.url) == OTHERWISE.get((name, row), EXPECTED[row])
