"""cardan.compat.werkzeug.sansio: a request and a response of a framework that has bodies of its own, as Quart does."""

from __future__ import annotations

from typing import Any

import pytest

import cardan.core


def made(wz: Any, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "method": "post",
        "scheme": "https",
        "server": ("10.0.0.1", 8443),
        "root_path": "/app/",
        "path": "/n\xf6tes",
        "query_string": b"page=2&page=3",
        "headers": wz.datastructures.Headers([("Host", "a.example"), ("Cookie", "a=b"), ("Accept", "text/html")]),
        "remote_addr": "192.0.2.1",
    }
    return wz.sansio.request.Request(*{**values, **changes}.values())


def test_a_request_is_made_of_its_values(wz: Any) -> None:
    """The values are attributes, and the URL, the arguments and the fields follow from them."""
    headers = wz.datastructures.Headers([("Host", "a.example"), ("Cookie", "a=b"), ("Accept", "text/html")])
    request = made(wz, headers=headers)
    assert request.headers is headers
    assert (request.method, request.scheme, request.is_secure) == ("POST", "https", True)
    assert (request.server, request.remote_addr) == (("10.0.0.1", 8443), "192.0.2.1")
    assert (request.root_path, request.path, request.query_string) == ("/app", "/n\xf6tes", b"page=2&page=3")
    assert request.url == "https://a.example/app/n\xf6tes?page=2&page=3"
    assert request.args.getlist("page") == ["2", "3"]
    assert request.cookies["a"] == "b"
    assert request.accept_mimetypes.best == "text/html"
    assert list(request.access_route) == ["192.0.2.1"]
    assert made(wz, remote_addr=None).remote_addr is None
    if isinstance(request, cardan.core.Request):  # the port of the client is not known, and 0 says so
        assert (request.client, made(wz, remote_addr=None).client) == (("192.0.2.1", 0), None)


@pytest.mark.parametrize(("host", "server", "url"), [
    ("", ("10.0.0.1", 8443), "https://10.0.0.1:8443/app/"),
    ("b.example:443", None, "https://b.example/app/"),
])  # fmt: skip
def test_the_host(wz: Any, host: str, server: Any, url: str) -> None:
    """The name of the server stands in for a Host that was not sent."""
    headers = wz.datastructures.Headers([("Host", host)] if host else [])
    assert made(wz, headers=headers, server=server).root_url == url


def test_the_values_can_be_assigned(wz: Any) -> None:
    """What is computed of a value after its assignment has the new one. A framework adds attributes of its own."""
    request = made(wz)
    request.root_path, request.path, request.query_string, request.scheme = "", "/", b"a=1", "http"
    request.remote_addr, request.method, request.server = "192.0.2.2", "PUT", None
    request.http_version, request.scope, request.view_args = "2", {"type": "http"}, {"id": 1}
    assert (request.url, request.args.to_dict()) == ("http://a.example/?a=1", {"a": "1"})
    assert (request.remote_addr, request.method, request.server) == ("192.0.2.2", "PUT", None)
    assert (request.http_version, request.scope, request.view_args) == ("2", {"type": "http"}, {"id": 1})
    request.headers = wz.datastructures.Headers([("Host", "b.example"), ("Cookie", "c=d")])
    assert request.cookies["c"] == "d"


def test_an_assignment_after_reading(wz: Any) -> None:
    """An assignment to ``root_path`` changes a URL that was read before. In Werkzeug the URL stays as it was."""
    request = made(wz)
    assert request.url.startswith("https://a.example/app/")
    request.root_path = "/other"
    assert request.url.startswith("https://a.example/app/") is (wz.package == "werkzeug")


def test_a_framework_has_its_own_body(wz: Any) -> None:
    """A subclass defines how the body is read: with ``async`` properties, for example."""

    class Request(wz.sansio.request.Request):  # type: ignore[misc, name-defined]
        @property
        async def form(self) -> dict[str, str]:
            return {"a": "b"}

        async def get_data(self) -> bytes:
            return b"a=b"

    request = Request("POST", "http", None, "", "/", b"", wz.datastructures.Headers(), None)
    with pytest.raises(StopIteration) as stopped:
        request.form.send(None)
    assert stopped.value.value == {"a": "b"}


def test_a_response_has_a_head_only(wz: Any) -> None:
    """Status and header fields are those that are given, without a Content-Length. ``response`` is the framework's."""
    response = wz.sansio.response.Response()
    assert (response.status_code, dict(response.headers.items())) == (
        200,
        {"Content-Type": "text/plain; charset=utf-8"},
    )
    response = wz.sansio.response.Response("404 Gone Away", {"X-A": "1"}, "text/html")
    assert response.status == "404 Gone Away"
    assert response.headers.getlist("X-A") == ["1"]
    assert (response.mimetype, response.content_length) == ("text/html", None)
    assert wz.sansio.response.Response(content_type="a/b").content_type == "a/b"
    response.response = body = object()
    assert response.response is body
    response.content_length = 5
    response.set_cookie("a", "b")
    response.cache_control.max_age = 5
    response.set_etag("x")
    assert response.headers["Content-Length"] == "5"
    assert response.headers["Set-Cookie"] == "a=b; Path=/"
    assert (response.headers["Cache-Control"], response.get_etag()) == ("max-age=5", ("x", False))


def test_other_containers_as_headers() -> None:
    """A mapping and pairs are taken as well; the classes are those of the core."""
    from cardan.compat.werkzeug.sansio.request import Request
    from cardan.compat.werkzeug.sansio.response import Response

    for headers in ({"X-A": "1"}, [("X-A", "1")]):
        request = Request("GET", "http", None, "", "/", b"", headers, None)  # type: ignore[arg-type]
        assert request.headers["x-a"] == "1"
    assert issubclass(Request, cardan.core.Request)
    assert issubclass(Response, cardan.core.Response)


def test_an_assigned_address_has_no_port() -> None:
    """Only the address of the client is given or assigned; its port is not known then, and 0 says so."""
    from cardan.compat.werkzeug.sansio.request import Request

    request = Request("GET", "http", ("a.example", 80), "", "/", b"", {}, "10.0.0.1")  # type: ignore[arg-type]
    assert (request.remote_addr, request.head.client) == ("10.0.0.1", ("10.0.0.1", 0))
    for address, client in (("192.0.2.1", ("192.0.2.1", 0)), (None, None), ("", ("", 0))):
        request.remote_addr = address
        assert (request.remote_addr, request.head.client) == (address, client)
        request = Request("GET", "http", ("a.example", 80), "", "/", b"", {}, address)  # type: ignore[arg-type]
        assert (request.remote_addr, request.head.client) == (address, client)
