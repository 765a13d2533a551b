"""BaseRequest and Request: one class with declared attributes, and what it keeps on the object."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

import pytest

from cardan import Request as BothRequest
from cardan import core
from cardan.core import RequestHead
from cardan.core._request import fields

BODIES = {
    "urlencoded": (b"application/x-www-form-urlencoded", b"a=1"),
    "multipart": (
        b"multipart/form-data; boundary=B",
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nfile\r\n--B--\r\n',
    ),
    "json": (b"application/json", b'{"a": 1}'),
    "text": (b"text/plain", b"some text"),
}


def fields_of(content: str) -> list[tuple[bytes, bytes]]:
    content_type, body = BODIES[content]
    return [(b"host", b"a.example"), (b"content-type", content_type), (b"content-length", b"%d" % len(body))]


def on_core(content: str) -> core.Request:
    return core.Request(RequestHead("POST", headers=fields_of(content)), BODIES[content][1])  # type: ignore[arg-type]


def on_wsgi(content: str) -> BothRequest:
    content_type, body = BODIES[content]
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "wsgi.input": io.BytesIO(body)}
    return BothRequest(environ | {"CONTENT_TYPE": content_type.decode(), "CONTENT_LENGTH": str(len(body))})


def on_asgi(content: str) -> BothRequest:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": BODIES[content][1], "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": fields_of(content)}
    return BothRequest(scope, receive)


def read_every_member(request: core.Request) -> None:
    """Read each attribute, and call each way to read the body. A second reading way may find nothing left."""
    for name in dir(type(request)):
        if not name.startswith("__"):
            with suppress(Exception):
                getattr(request, name)
    for call in (request.get_data, request.get_json, request.iter_data, request.iter_parts):
        with suppress(Exception):
            call()


def undeclared(request: core.Request) -> list[str]:
    """The keys of the request's ``__dict__`` that no class declares: neither as an attribute nor by an annotation."""
    declared = {name for cls in type(request).__mro__ for name in (*vars(cls), *vars(cls).get("__annotations__", ()))}
    return sorted(set(vars(request)) - declared)


@pytest.mark.parametrize("content", BODIES)
@pytest.mark.parametrize("make", [on_core, on_wsgi])
def test_a_request_keeps_nothing_under_an_undeclared_name(make: Callable[[str], core.Request], content: str) -> None:
    """After every member was read, each key of the ``__dict__`` is declared on a class of the request."""
    request = make(content)
    request.max_files = 3
    read_every_member(request)
    assert len(vars(request)) > 20  # else the members were not read
    assert undeclared(request) == []


@pytest.mark.anyio
@pytest.mark.parametrize("content", BODIES)
async def test_in_async_code_neither(content: str) -> None:
    """The same for a request on an ASGI scope, whose body is loaded first."""
    request = on_asgi(content)
    request.body_timeout = None
    loaded: Awaitable[BothRequest] = request.load()
    read_every_member(await loaded)
    assert len(vars(request)) > 20
    assert undeclared(request) == []
    await request.aclose()


def test_an_undeclared_key_is_found() -> None:
    """The search of this file finds a key that no class declares."""
    request = on_core("text")
    request.__dict__["unheard_of"] = 1
    assert undeclared(request) == ["unheard_of"]


def test_the_classes_of_a_request_are_few() -> None:
    """The method resolution order of a request has at most ten classes, and the usual mixins are among them."""
    assert len(BothRequest.__mro__) <= 10
    for mixin in (
        fields.AcceptMixin,
        fields.AuthorizationMixin,
        fields.ETagRequestMixin,
        fields.UserAgentMixin,
        fields.CommonRequestDescriptorsMixin,
    ):
        assert issubclass(BothRequest, mixin)
