"""Attributes of header fields: what a request on either protocol gives, and what a response on either sends."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest

from cardan import Request, Response
from cardan.core.fields import HeaderField
from cardan.datastructures import (
    AltService,
    ContentRange,
    ReferrerPolicy,
    ServerTiming,
    StrictTransportSecurity,
)
from cardan.exceptions import TooEarly
from cardan.testing import PROTOCOLS, Client, RequestBuilder

protocols = pytest.mark.parametrize("protocol", PROTOCOLS)

#: attribute of a response, what it is set with, the field and its value
SENT: list[tuple[str, Any, str, str]] = [
    ("alt_svc", [AltService("h3", ":443", 3600)], "Alt-Svc", 'h3=":443"; ma=3600'),
    ("authentication_info", {"nextnonce": "a"}, "Authentication-Info", 'nextnonce="a"'),
    ("proxy_authentication_info", {"nextnonce": "a"}, "Proxy-Authentication-Info", 'nextnonce="a"'),
    ("cdn_cache_control", {"max-age": "60"}, "CDN-Cache-Control", "max-age=60"),
    ("clear_site_data", ["cookies"], "Clear-Site-Data", '"cookies"'),
    ("preference_applied", {"return": "minimal"}, "Preference-Applied", "return=minimal"),
    ("referrer_policy", ReferrerPolicy.NO_REFERRER, "Referrer-Policy", "no-referrer"),
    ("server_timing", [ServerTiming("db", 5)], "Server-Timing", "db;dur=5"),
    ("strict_transport_security", StrictTransportSecurity(timedelta(hours=1)), "Strict-Transport-Security",
     "max-age=3600"),
]  # fmt: skip


@Request.application
def send_all(request: Request) -> Response:
    response = Response("x")
    for attribute, value, _, _ in SENT:
        setattr(response, attribute, value)
    return response


@protocols
def test_what_is_sent(protocol: Any) -> None:
    """Each attribute is sent as its field, on both protocols."""
    with Client(send_all, protocol) as client:
        headers = client.get("/").headers
    assert {name: headers[name] for _, _, name, _ in SENT} == {name: value for _, _, name, value in SENT}


@Request.application
def handle(request: Request) -> Response:
    if request.early_data and request.method not in ("GET", "HEAD"):
        raise TooEarly
    part = request.content_range
    body = f"{part.units} {part.start} {part.stop} {part.length}" if part else "whole"
    response = Response(body, 202 if request.prefer.respond_async else 200)
    if request.prefer.return_ == "minimal":
        response.preference_applied["return"] = "minimal"
        response.data = b""
    return response


@protocols
@pytest.mark.parametrize("values", [["1"], ["0"], [""], ["1", "1"], ["yes", "no"]])
def test_early_data(protocol: Any, values: list[str]) -> None:
    """The field counts as 1 whatever its value is, and several of them as one (RFC 8470 section 5.1)."""
    fields = [("Early-Data", value) for value in values]
    with Client(handle, protocol) as client:
        assert client.get("/", headers=fields).status_code == 200
        assert client.post("/", headers=fields).status_code == 425
        assert client.post("/").status_code == 200


@protocols
def test_content_range_of_a_request(protocol: Any) -> None:
    """A request tells which part its body is (RFC 9110 section 14.5); an invalid field counts as missing (14.4)."""
    with Client(handle, protocol) as client:
        for value, expected in {
            "bytes 42-1233/1234": "bytes 42 1234 1234",
            "bytes 42-1233/*": "bytes 42 1234 None",
            "bytes */1234": "bytes None None 1234",
            "bytes 5-1/9": "whole",
            "bytes 0-9/5": "whole",
        }.items():
            assert client.put("/", content=b"x", headers={"Content-Range": value}).text == expected
        assert client.put("/", content=b"x").text == "whole"


def test_content_range_of_a_request_cannot_be_changed() -> None:
    """The ``content_range`` of a request equals one that was made with the same values. Changing it raises TypeError; a
    copy can be changed.
    """
    request = Request({"REQUEST_METHOD": "PUT", "HTTP_CONTENT_RANGE": "bytes 0-4/5"})
    part = request.content_range
    assert part == ContentRange("bytes", 0, 5, 5)
    for change in (part.unset, lambda: part.set(0, 1, 2), lambda: setattr(part, "length", None)):
        with pytest.raises(TypeError, match="the header fields of a request cannot be changed"):
            change()
    copy = part.copy()
    copy.set(0, 1, 2)
    assert (part.stop, copy.stop) == (5, 1)
    with pytest.raises(AttributeError):
        request.content_range = copy  # type: ignore[misc]


@protocols
def test_preferences(protocol: Any) -> None:
    """What the client prefers is read, and what was followed is told (RFC 7240 sections 2 and 3)."""
    with Client(handle, protocol) as client:
        response = client.put("/", headers=[("Prefer", "respond-async"), ("Prefer", "return=minimal")])
    assert (response.status_code, response.content) == (202, b"")
    assert response.headers["Preference-Applied"] == "return=minimal"


#: Attribute of a request, and a value of its field. Attributes with text, a number or a member of an enum are left out.
PARSED = {
    "accept_charsets": "utf-8",
    "accept_encodings": "gzip",
    "accept_languages": "en",
    "accept_mimetypes": "text/html",
    "access_control_request_headers": "x-a",
    "authorization": "Basic YTpi",
    "cache_control": "no-cache",
    "content_digest": "sha-256=:YQ==:",
    "content_range": "bytes 0-4/5",
    "date": "Sun, 06 Nov 1994 08:49:37 GMT",
    "forwarded": "for=192.0.2.1",
    "if_match": '"a"',
    "if_modified_since": "Sun, 06 Nov 1994 08:49:37 GMT",
    "if_none_match": '"a"',
    "if_range": '"a"',
    "if_unmodified_since": "Sun, 06 Nov 1994 08:49:37 GMT",
    "pragma": "no-cache",
    "prefer": "respond-async",
    "priority": "u=1",
    "range": "bytes=0-4",
    "repr_digest": "sha-256=:YQ==:",
    "signature": "a=:YQ==:",
    "signature_input": "a=();created=1",
    "want_content_digest": "sha-256=1",
    "want_repr_digest": "sha-256=1",
}
#: The others: what is equal is good enough.
PLAIN = {
    "access_control_request_method", "content_encoding", "content_md5", "early_data", "idempotency_key",
    "last_event_id", "max_forwards", "origin", "referrer", "sec_fetch_dest", "sec_fetch_mode", "sec_fetch_site",
    "sec_fetch_user",
}  # fmt: skip


def fields_of(cls: type) -> dict[str, Any]:
    """The attributes of a class that are header fields."""
    found = {name: inspect.getattr_static(cls, name) for name in dir(cls)}
    return {name: value for name, value in found.items() if isinstance(value, HeaderField)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@protocols
@pytest.mark.parametrize("attribute", PARSED)
def test_a_field_of_a_request_is_parsed_once(attribute: str, protocol: Any) -> None:
    """Every access to the attribute gives the same object: the fields of a request do not change. That holds for a
    field that was not sent, too.
    """
    name = fields_of(Request)[attribute].name
    for headers in ({name: PARSED[attribute]}, {}):
        builder = RequestBuilder("/", headers=headers)
        request = Request(builder.environ()) if protocol == "wsgi" else Request(builder.scope())
        value = getattr(request, attribute)
        assert getattr(request, attribute) is value
        assert not headers or value


def test_every_field_of_a_request_is_in_a_table() -> None:
    """The tables above name every attribute of a request that is a header field."""
    assert set(fields_of(Request)) == {*PARSED, *PLAIN}
