"""The environ that is made of the head of a request (PEP 3333, "environ Variables")."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from cardan.core import RequestHead
from cardan.core._environs import make_environ, server_name, server_of


def made(headers: list[tuple[bytes, bytes]] = [], **values: Any) -> dict[str, Any]:  # noqa: B006  -- is not changed
    """An environ of a head with these values."""
    return make_environ(
        RequestHead(**values),
        path=b"/caf\xc3\xa9",
        raw_path=b"/app/caf%C3%A9",
        headers=headers,
        server=("a.example", 81),
    )


def test_all_variables() -> None:
    """The variables of PEP 3333 and RFC 3875 section 4.1, with the usual two for the target as it was sent. What is
    beyond ASCII is bytes as latin-1. The application may be called by other threads, and the input ends with the body.
    """
    environ = made(
        method="PUT",
        root_path="/\xe4pp",
        query_string=b"a=\xff",
        scheme="https",
        http_version="2",
        client=("192.0.2.7", 4711),
    )
    assert environ == {
        "REQUEST_METHOD": "PUT",
        "SCRIPT_NAME": "/\xc3\xa4pp",
        "PATH_INFO": "/caf\xc3\xa9",
        "QUERY_STRING": "a=\xff",
        "REQUEST_URI": "/app/caf%C3%A9?a=\xff",
        "RAW_URI": "/app/caf%C3%A9?a=\xff",
        "SERVER_NAME": "a.example",
        "SERVER_PORT": "81",
        "SERVER_PROTOCOL": "HTTP/2",
        "REMOTE_ADDR": "192.0.2.7",
        "REMOTE_PORT": "4711",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    assert all(type(value) is str for name, value in environ.items() if name.isupper())


def test_what_is_not_told() -> None:
    """Without a query the target has no question mark, and a client that is not known has no variables."""
    environ = made()
    assert (environ["REQUEST_URI"], environ["RAW_URI"]) == ("/app/caf%C3%A9", "/app/caf%C3%A9")
    assert (environ["QUERY_STRING"], environ["SCRIPT_NAME"]) == ("", "")
    assert not {"REMOTE_ADDR", "REMOTE_PORT"} & environ.keys()


def test_fields() -> None:
    """Each field is a variable (RFC 3875 section 4.1.18), two of them without HTTP_. Fields of one name are joined by
    commas (RFC 9110 section 5.3), cookies by semicolons (RFC 6265 section 5.4). A name with an underscore is left out,
    because it would be that of a field with a hyphen. Only ASCII letters become upper case: a sharp s, which no name
    may have, would become the SS of another name.
    """
    environ = made(
        [
            (b"Content-Type", b"text/plain"),
            (b"content-length", b"3"),
            (b"X-A", b"1"),
            (b"x-a", b"2"),
            (b"Cookie", b"a=1"),
            (b"cookie", b"b=2"),
            (b"X_A", b"forged"),
            (b"X-B", b"\xff"),
            (b"X-Pa\xdf", b"forged"),
        ]
    )
    assert {name: value for name, value in environ.items() if name not in made()} == {
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "HTTP_X_A": "1, 2",
        "HTTP_COOKIE": "a=1; b=2",
        "HTTP_X_B": "\xff",
        "HTTP_X_PA\xdf": "forged",
    }


@pytest.mark.parametrize(
    ("values", "host", "server"),
    [
        ({"server": ("s.example", 8000)}, "a.example:81", ("s.example", 8000)),
        ({"server": ("/run/app.sock", None)}, "a.example", ("/run/app.sock", 80)),
        ({"server": ("s.example", None), "scheme": "https"}, "", ("s.example", 443)),
        ({"scheme": "wss", "server": ("s.example", None)}, "", ("s.example", 443)),
        ({"scheme": "gopher", "server": ("s.example", None)}, "", ("s.example", 80)),
        ({}, "a.example:81", ("a.example", 80)),
        ({}, "a.example", ("a.example", 80)),
        ({}, "[2001:db8::1]", ("[2001:db8::1]", 80)),
        ({"scheme": "https"}, "[::1]:81", ("[::1]", 443)),
        ({}, "", ("localhost", 80)),
        ({"server": ("s.example", 0)}, "", ("s.example", 0)),
    ],
)
def test_the_server(values: dict[str, Any], host: str, server: tuple[str, int]) -> None:
    """The server that the head tells, else the name in Host. Without a port it is that of the scheme: both variables
    must be there (PEP 3333).
    """
    assert server_of(RequestHead(**values), host) == server


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.example", "a.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("/run/a:b.sock", "/run/a:b.sock"),
    ],
)
def test_the_name_of_a_server(name: str, shown: str) -> None:
    """An IPv6 address stands between brackets (RFC 3875 section 4.1.14); the path of a socket does not."""
    assert server_name(name) == shown
