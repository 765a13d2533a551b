"""URL and host of a request."""

from __future__ import annotations

from typing import Any

import pytest

from cardan.core import Request, RequestHead
from cardan.exceptions import SecurityError


def make(host: bytes | None = b"a.de", **values: Any) -> Request:
    """A request with a Host."""
    headers = [] if host is None else [(b"host", host)]
    return Request(RequestHead(headers=headers, **values))


@pytest.mark.parametrize(
    ("sent", "host"),
    [
        (b"a.de", "a.de"), (b"a.de:80", "a.de"), (b"a.de:443", "a.de:443"), (b"a.de:8080", "a.de:8080"),
        (b"a_b.de", "a_b.de"), (b"A.De", "A.De"), (b"a.de.", "a.de."), (b"1.2.3.4", "1.2.3.4"),
        (b"[::1]", "[::1]"), (b"[::1]:8000", "[::1]:8000"), (b"[2001:db8::1]:80", "[2001:db8::1]"),
        (b"a.de:", "a.de"), (b"", ""), (None, ""),
        (b"a.de/x", ""), (b"a.de?x", ""), (b"a.de#x", ""), (b"u@a.de", ""), (b"a b", ""), (b"a.de:99999", ""),
        (b"a.de:abc", ""), (b"a.de:-1", ""), (b"[::1", ""), (b"[::1]x", ""), (b"[:::::]", ""), (b"[::\x83]:80", ""),
        (b"::1", ""), (b"a\\b", ""), (b"a,b", ""), (b"a%2fb", ""), (b"\xfc.de", ""), (b"a.de\x00", ""), (b"[]", ""),
        (b"a.de\n", ""), (b"<a>", ""),
    ],
)  # fmt: skip
def test_host(sent: bytes | None, host: str) -> None:
    """Validated characters, port and brackets; the scheme's own port is left out; what is not valid is empty."""
    request = make(sent, server=("srv", 8000))
    assert request.host == host
    assert request.host_url == f"http://{host or 'srv:8000'}/"
    assert request.path == "/"


@pytest.mark.parametrize(
    ("sent", "trusted", "good"),
    [
        (b"a.de", ["a.de"], True), (b"A.DE.", ["a.de"], True), (b"a.de:8080", ["a.de"], True),
        (b"a.de:8080", ["a.de:8080"], True), (b"a.de:8081", ["a.de:8080"], False), (b"x.a.de", [".a.de"], True),
        (b"a.de", [".a.de"], True), (b"xa.de", [".a.de"], False), (b"x.a.de", ["a.de"], False), (b"a.de", [], False),
        (b"[::1]:80", ["[::1]"], True), (b"evil.de", ["a.de"], False), (None, ["a.de"], False),
        (b"a.de/x", ["a.de"], False), (b"a.de@evil.de", ["a.de"], False),
    ],
)  # fmt: skip
def test_trusted_hosts(sent: bytes | None, trusted: list[str], good: bool) -> None:
    """An untrusted or missing Host is a SecurityError, also for every URL; an empty list trusts nothing."""
    request = make(sent)
    request.trusted_hosts = trusted
    if good:
        assert request.host
        assert request.url.startswith("http://")
        return
    for name in ("host", "host_url", "root_url", "base_url", "url"):
        with pytest.raises(SecurityError):
            getattr(request, name)


def test_urls() -> None:
    """The URLs of a request, as a whole and in parts, are IRIs (RFC 3987)."""
    request = make(
        b"a.de:8080", scheme="https", root_path="/app ü", path="/x/ü €?#", query_string=b"q=%C3%BC&r=%FF&s=a b\xff"
    )
    assert request.root_path == request.script_root == "/app ü"
    assert request.host_url == "https://a.de:8080/"
    assert request.root_url == request.url_root == "https://a.de:8080/app%20ü/"
    assert request.base_url == "https://a.de:8080/app%20ü/x/ü%20€%3F%23"
    assert request.url == request.base_url + "?q=ü&r=%FF&s=a%20b%FF"
    assert request.full_path == "/x/ü €?#?q=ü&r=%FF&s=a%20b%FF"
    assert request.is_secure


def test_full_path_always_has_a_question_mark() -> None:
    """``full_path`` ends with a question mark if there is no query, as in the original design."""
    assert make(path="/x").full_path == "/x?"


@pytest.mark.parametrize("path", ["//evil.de/x", "///evil.de/x", "evil.de/x", "/\\evil.de"])
def test_no_open_redirect(path: str) -> None:
    """A path of several slashes never becomes a host."""
    request = make(path=path)
    assert request.path[:1] == "/"
    assert request.path[1:2] != "/"
    assert request.url.startswith("http://a.de/")


@pytest.mark.parametrize(
    ("server", "authority"),
    [
        (("srv", 80), "srv"),
        (("srv", 81), "srv:81"),
        (("::1", 81), "[::1]:81"),
        (("/run/s", None), "localhost"),
        (None, "localhost"),
    ],
)
def test_without_a_host_urls_have_the_server(server: Any, authority: str) -> None:
    """HTTP/1.0 needs no Host: URLs use the server's name; a Unix socket has none."""
    assert make(None, server=server).url == f"http://{authority}/"


def test_host_attack_never_changes_the_path() -> None:
    """``Host: a/b?`` is not believed."""
    assert make(b"a.de/b?", path="/real", server=("srv", 80)).url == "http://srv/real"
