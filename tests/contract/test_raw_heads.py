"""Heads as servers send them: each value of an environ or scope that may be left out, or written in another way."""

from __future__ import annotations

from typing import Any

import pytest

from cardan.asgi._head import ScopeHead
from cardan.wsgi._head import EnvironHead

ABSENT = object()

ENVIRON: list[tuple[str, dict[str, Any], object]] = [
    ("method", {"REQUEST_METHOD": "PATCH"}, "PATCH"),
    # SERVER_PROTOCOL (RFC 3875 section 4.1.16): INCLUDED is a value without a version
    ("http_version", {"SERVER_PROTOCOL": ABSENT}, "1.1"),
    ("http_version", {"SERVER_PROTOCOL": ""}, "1.1"),
    ("http_version", {"SERVER_PROTOCOL": "INCLUDED"}, "1.1"),
    ("http_version", {"SERVER_PROTOCOL": "HTTP/1.0"}, "1.0"),
    ("http_version", {"SERVER_PROTOCOL": "HTTP/1.1"}, "1.1"),
    ("http_version", {"SERVER_PROTOCOL": "HTTP/2"}, "2"),
    ("http_version", {"SERVER_PROTOCOL": "HTTP/2.0"}, "2"),
    ("http_version", {"SERVER_PROTOCOL": "HTTP/3"}, "3"),
    ("http_version", {"SERVER_PROTOCOL": "HTTP/3.0"}, "3"),
    # PEP 3333: SCRIPT_NAME and PATH_INFO may be empty; they are bytes, decoded as latin-1, of UTF-8
    ("root_path", {"SCRIPT_NAME": ABSENT}, ""),
    ("root_path", {"SCRIPT_NAME": "/"}, ""),
    ("root_path", {"SCRIPT_NAME": "/a"}, "/a"),
    ("root_path", {"SCRIPT_NAME": "/a/"}, "/a"),
    ("root_path", {"SCRIPT_NAME": "/a//"}, "/a"),
    ("root_path", {"SCRIPT_NAME": "//"}, ""),
    ("root_path", {"SCRIPT_NAME": "a"}, "/a"),
    ("root_path", {"SCRIPT_NAME": "a/b/"}, "/a/b"),
    ("root_path", {"SCRIPT_NAME": "/caf\xc3\xa9"}, "/café"),
    ("path", {"PATH_INFO": ABSENT}, ""),
    ("path", {"PATH_INFO": ""}, ""),
    ("path", {"PATH_INFO": "*"}, "*"),
    ("path", {"PATH_INFO": "/caf\xc3\xa9"}, "/café"),
    ("path", {"PATH_INFO": "/\xff"}, "/\ufffd"),
    ("path", {"PATH_INFO": "/\u20ac"}, "/?"),
    ("path", {"PATH_INFO": "http://a.example/b"}, "/b"),
    ("path", {"SCRIPT_NAME": "/a", "PATH_INFO": "/a/b"}, "/a/b"),
    ("query_string", {"QUERY_STRING": ABSENT}, b""),
    ("query_string", {"QUERY_STRING": "a=%20\xe9"}, b"a=%20\xe9"),
    ("query_string", {"QUERY_STRING": "a=\u20ac"}, b"a=?"),
    ("scheme", {"wsgi.url_scheme": ABSENT}, "http"),
    ("scheme", {"wsgi.url_scheme": "https"}, "https"),
    # RAW_URI and REQUEST_URI are no standard: the first is gunicorn's, and both may have a query or an authority
    ("raw_path", {}, None),
    ("raw_path", {"RAW_URI": "/a%2Fb?c"}, b"/a%2Fb"),
    ("raw_path", {"REQUEST_URI": "/a%2Fb?c"}, b"/a%2Fb"),
    ("raw_path", {"RAW_URI": "/raw", "REQUEST_URI": "/request"}, b"/raw"),
    ("raw_path", {"RAW_URI": "", "REQUEST_URI": "/request"}, b"/request"),
    ("raw_path", {"RAW_URI": "http://a.example/b%20c?d"}, b"/b%20c"),
    ("raw_path", {"RAW_URI": "*"}, None),
    ("raw_path", {"RAW_URI": "/\xe9\u20ac"}, b"/\xe9?"),
    # RFC 3875 sections 4.1.14 and 4.1.15: an IPv6 address is in brackets, a port is a text of digits
    ("server", {"SERVER_NAME": ABSENT}, None),
    ("server", {"SERVER_NAME": ""}, None),
    ("server", {"SERVER_NAME": "a.example", "SERVER_PORT": "8000"}, ("a.example", 8000)),
    ("server", {"SERVER_NAME": "a.example", "SERVER_PORT": 8000}, ("a.example", 8000)),
    ("server", {"SERVER_NAME": "a.example", "SERVER_PORT": ABSENT}, ("a.example", None)),
    ("server", {"SERVER_NAME": "a.example", "SERVER_PORT": ""}, ("a.example", None)),
    ("server", {"SERVER_NAME": "a.example", "SERVER_PORT": "\xb2"}, ("a.example", None)),
    ("server", {"SERVER_NAME": "a.example", "SERVER_PORT": "http"}, ("a.example", None)),
    ("server", {"SERVER_NAME": "/run/socket", "SERVER_PORT": "0"}, ("/run/socket", None)),  # granian
    ("server", {"SERVER_NAME": "waitress.invalid", "SERVER_PORT": "/run/socket"}, ("waitress.invalid", None)),
    ("server", {"SERVER_NAME": "[::1]", "SERVER_PORT": "80"}, ("::1", 80)),
    ("client", {}, None),
    ("client", {"REMOTE_ADDR": ""}, None),
    ("client", {"REMOTE_ADDR": "192.0.2.1"}, ("192.0.2.1", 0)),
    ("client", {"REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": ""}, ("192.0.2.1", 0)),
    ("client", {"REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": "5000"}, ("192.0.2.1", 5000)),
    ("client", {"REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": 5000}, ("192.0.2.1", 5000)),
    ("client", {"REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": "\xb2"}, ("192.0.2.1", 0)),
    ("remote_user", {}, None),
    ("remote_user", {"REMOTE_USER": ""}, None),
    ("remote_user", {"REMOTE_USER": "ann"}, "ann"),
    ("concurrency", {}, (False, False, False)),
    ("concurrency", {"wsgi.multithread": True}, (True, False, False)),
    ("concurrency", {"wsgi.multiprocess": 1}, (False, True, False)),
    ("concurrency", {"wsgi.run_once": True}, (False, False, True)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "expected"), ENVIRON)
def test_environs(name: str, values: dict[str, Any], expected: object) -> None:
    """A value that a server leaves out, or writes in its own way, is what the request says of it (PEP 3333)."""
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "SERVER_PROTOCOL": "HTTP/1.1", **values}
    head = EnvironHead({key: value for key, value in environ.items() if value is not ABSENT})
    found = getattr(head, name)
    assert found == expected
    assert type(found) is type(expected)


SCOPE: list[tuple[str, dict[str, Any], object]] = [
    ("method", {"method": "PATCH"}, "PATCH"),
    ("method", {"type": "websocket", "method": ABSENT}, "GET"),  # RFC 6455 section 4.1
    # ASGI HTTP specification 2.5, "HTTP Connection Scope": "one of 1.0, 1.1 or 2"
    ("http_version", {"http_version": ABSENT}, "1.1"),
    ("http_version", {"http_version": None}, "1.1"),
    ("http_version", {"http_version": "1.0"}, "1.0"),
    ("http_version", {"http_version": "2"}, "2"),
    ("http_version", {"http_version": "2.0"}, "2"),
    ("http_version", {"http_version": "3"}, "3"),
    ("http_version", {"http_version": "3.0"}, "3"),
    # "root_path: optional; if missing defaults to """, and path includes it
    ("root_path", {"root_path": ABSENT}, ""),
    ("root_path", {"root_path": None}, ""),
    ("root_path", {"root_path": "/"}, ""),
    ("root_path", {"root_path": "/a"}, "/a"),
    ("root_path", {"root_path": "/a/"}, "/a"),
    ("root_path", {"root_path": "/a//"}, "/a"),
    # uvicorn, hypercorn and daphne pass on a --root-path without a slash, and uvicorn puts it before the path
    ("root_path", {"root_path": "a"}, "/a"),
    ("path", {"path": "a/b", "root_path": "a"}, "/b"),
    ("path", {"path": "a", "root_path": "a"}, ""),
    ("path", {"path": "/a/b", "root_path": "a"}, "/b"),
    ("path", {"path": "/b", "root_path": "a"}, "/b"),
    ("path", {"path": "ab:80", "root_path": "a"}, "ab:80"),
    ("path", {"path": "*", "root_path": "a"}, "*"),
    ("raw_path", {"raw_path": b"a/b%20c", "root_path": "a"}, b"/a/b%20c"),
    ("raw_path", {"raw_path": b"*", "root_path": "a"}, b"*"),
    ("path", {"path": "/a/b", "root_path": "/a"}, "/b"),
    ("path", {"path": "/a/b", "root_path": "/a/"}, "/b"),
    ("path", {"path": "/a/b", "root_path": "/"}, "/a/b"),
    ("path", {"path": "/a/b", "root_path": None}, "/a/b"),
    ("path", {"path": "/a/b", "root_path": ABSENT}, "/a/b"),
    ("path", {"path": "/a", "root_path": "/a"}, ""),
    ("path", {"path": "/ab", "root_path": "/a"}, "/ab"),
    ("path", {"path": "/b", "root_path": "/a"}, "/b"),
    ("path", {"path": "*"}, "*"),
    ("path", {"path": "http://a.example/a/b", "root_path": "/a"}, "/b"),
    ("query_string", {"query_string": ABSENT}, b""),
    ("query_string", {"query_string": None}, b""),
    ("query_string", {"query_string": b"a=%20"}, b"a=%20"),
    ("scheme", {"scheme": ABSENT}, "http"),
    ("scheme", {"scheme": None}, "http"),
    ("scheme", {"scheme": "https"}, "https"),
    ("scheme", {"type": "websocket", "scheme": ABSENT}, "ws"),
    ("scheme", {"type": "websocket", "scheme": "wss"}, "wss"),
    # "raw_path: the original HTTP path component, excluding any query string"; some servers include it
    ("raw_path", {"raw_path": ABSENT}, None),
    ("raw_path", {"raw_path": None}, None),
    ("raw_path", {"raw_path": b""}, b""),
    ("raw_path", {"raw_path": b"/a%2Fb"}, b"/a%2Fb"),
    ("raw_path", {"raw_path": b"/a%2Fb?c"}, b"/a%2Fb"),
    ("raw_path", {"raw_path": b"http://a.example/a%20\xe9"}, b"/a%20\xe9"),
    # "server: a two-item iterable of [host, port]", and port is None for the path of a Unix socket
    ("server", {"server": ABSENT}, None),
    ("server", {"server": None}, None),
    ("server", {"server": ["a.example", 8000]}, ("a.example", 8000)),
    ("server", {"server": ("/run/socket", None)}, ("/run/socket", None)),
    ("server", {"server": ("", None)}, None),
    # granian writes ports as text, and 0 for a Unix socket
    ("server", {"server": ("127.0.0.1", "8000")}, ("127.0.0.1", 8000)),
    ("server", {"server": ("/run/socket", "0")}, ("/run/socket", None)),
    ("client", {"client": ABSENT}, None),
    ("client", {"client": None}, None),
    ("client", {"client": ["192.0.2.1", 5000]}, ("192.0.2.1", 5000)),
    ("client", {"client": ("127.0.0.1", "5000")}, ("127.0.0.1", 5000)),
    ("client", {"client": ("127.0.0.1", None)}, ("127.0.0.1", 0)),
    ("client", {"client": ("", 0)}, None),
    ("client", {"client": ("", "0")}, None),
    ("client", {"client": ["", 0, "more"]}, None),
    ("remote_user", {}, None),
    ("concurrency", {}, (True, False, False)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "expected"), SCOPE)
def test_scopes(name: str, values: dict[str, Any], expected: object) -> None:
    """A key that a server leaves out, or whose value it writes in its own way, is what the request says of it."""
    scope = {"type": "http", "method": "GET", "path": "/", **values}
    head = ScopeHead({key: value for key, value in scope.items() if value is not ABSENT})
    found = getattr(head, name)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "pairs", [[(b"X-Odd", b"\xe9")], [[b"x-ODD", b"\xe9"]], ((b"x-odd", b"\xe9"),), iter([(b"X-odd", b"\xe9")])]
)
def test_header_fields_of_scopes(pairs: Any) -> None:
    """The header fields of a scope are any iterable of pairs (ASGI HTTP specification 2.5); the case of a name does not
    matter, the bytes of a value are latin-1.
    """
    headers = ScopeHead({"type": "http", "method": "GET", "path": "/", "headers": pairs}).headers
    assert headers["x-odd"] == "é"
    assert headers["X-ODD"] == "é"
    assert list(headers) == ["X-Odd"]


@pytest.mark.parametrize("headers", [{}, {"headers": None}, {"headers": []}])
def test_a_scope_without_header_fields(headers: Any) -> None:
    """The key may be missing (ASGI HTTP specification 2.5: "optional; if missing defaults to an empty list")."""
    assert list(ScopeHead({"type": "http", "method": "GET", "path": "/", **headers}).headers) == []


def test_header_fields_of_environs() -> None:
    """The variables that begin with HTTP_, and the two of the body (RFC 3875 sections 4.1.2, 4.1.3 and 4.1.18)."""
    environ = {
        "REQUEST_METHOD": "GET", "HTTP_X_ODD": "\xe9", "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "",
        "HTTPS": "on", "SERVER_NAME": "a.example",
    }  # fmt: skip
    headers = EnvironHead(environ).headers
    assert sorted(headers.items()) == [("Content-Type", "text/plain"), ("X-Odd", "é")]
