"""The header fields of a response as attributes: every row of the response mixins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cardan.core import Response
from cardan.core.fields import _dates as dates
from cardan.core.fields._cors import COOP, CORP

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT_NOON = "Thu, 01 Jan 2026 12:00:00 GMT"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "clock", lambda: NOON.timestamp() + 0.5)


@pytest.mark.parametrize(
    ("attribute", "field", "value", "text", "read"),
    [
        ("age", "Age", 60, "60", timedelta(minutes=1)),
        ("age", "Age", timedelta(hours=1), "3600", timedelta(hours=1)),
        ("content_encoding", "Content-Encoding", "gzip", "gzip", "gzip"),
        ("content_length", "Content-Length", 3, "3", 3),
        ("content_location", "Content-Location", "/ä", "/%C3%A4", "/%C3%A4"),
        ("content_md5", "Content-MD5", "abc", "abc", "abc"),
        ("date", "Date", NOON, AT_NOON, NOON),
        ("date", "Date", NOON.timestamp(), AT_NOON, NOON),
        ("expires", "Expires", NOON, AT_NOON, NOON),
        ("last_modified", "Last-Modified", int(NOON.timestamp()), AT_NOON, NOON),
        ("location", "Location", "x", "x", "x"),
        ("retry_after", "Retry-After", 60, "60", NOON + timedelta(minutes=1)),
        ("retry_after", "Retry-After", timedelta(minutes=1), "60", NOON + timedelta(minutes=1)),
        ("retry_after", "Retry-After", NOON, AT_NOON, NOON),
        ("accept_ranges", "Accept-Ranges", "bytes", "bytes", "bytes"),
        ("access_control_allow_origin", "Access-Control-Allow-Origin", "*", "*", "*"),
        ("access_control_allow_credentials", "Access-Control-Allow-Credentials", True, "true", True),
        ("access_control_max_age", "Access-Control-Max-Age", 600, "600", 600),
        ("access_control_max_age", "Access-Control-Max-Age", timedelta(minutes=10), "600", 600),
        ("cross_origin_opener_policy", "Cross-Origin-Opener-Policy", COOP.SAME_ORIGIN, "same-origin", COOP.SAME_ORIGIN),
        ("cross_origin_resource_policy", "Cross-Origin-Resource-Policy", CORP.SAME_SITE, "same-site", CORP.SAME_SITE),
    ],
)
def test_plain_fields(attribute: str, field: str, value: Any, text: str, read: Any) -> None:
    """Setting writes the field at once, reading types it, None removes it, and so does del."""
    response = Response()
    setattr(response, attribute, value)
    assert response.headers[field] == text
    assert getattr(response, attribute) == read
    setattr(response, attribute, None)
    assert field not in response.headers
    setattr(response, attribute, value)
    delattr(response, attribute)
    assert field not in response.headers
    assert getattr(response, attribute) in (None, False, COOP.UNSAFE_NONE)


@pytest.mark.parametrize("attribute", ["age", "content_length", "date", "expires", "last_modified", "retry_after"])
@pytest.mark.parametrize("text", ["", "x", "-1", "1_0", "Thu, 99 Jan 2026 12:00:00 GMT", "\x85"])
def test_garbage_reads_as_nothing(attribute: str, text: str) -> None:
    """Reading an attribute of a field whose text is not valid gives None, and does not raise."""
    response = Response()
    response.headers[attribute.replace("_", "-")] = text
    assert getattr(response, attribute) is None


def test_retry_after_never_overflows() -> None:
    """A Retry-After of any number of digits reads as a date, and does not raise OverflowError."""
    response = Response(headers={"Retry-After": "9" * 400})
    assert isinstance(response.retry_after, datetime)


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        ("allow", "Allow"), ("content_language", "Content-Language"), ("vary", "Vary"),
        ("access_control_allow_headers", "Access-Control-Allow-Headers"),
        ("access_control_allow_methods", "Access-Control-Allow-Methods"),
        ("access_control_expose_headers", "Access-Control-Expose-Headers"),
    ],
)  # fmt: skip
def test_live_sets(attribute: str, field: str) -> None:
    """HeaderSets, live: two views of one field never lose an update; emptied, the field is gone."""
    response = Response()
    one, two = getattr(response, attribute), getattr(response, attribute)
    one.add("A")
    two.add("B")
    assert response.headers[field] == "A, B"
    response.headers[field] = "C"
    one.add("D")
    assert response.headers[field] == "C, D"
    two.clear()
    assert field not in response.headers
    setattr(response, attribute, ["x", "y"])
    assert response.headers[field] == "x, y"


def test_mimetype_params() -> None:
    """``mimetype_params`` is live: changing it changes Content-Type, and keeps the media type."""
    response = Response("x", mimetype="text/html")
    response.mimetype_params["charset"] = "latin-1"
    assert response.mimetype_params == {"charset": "latin-1"}
    assert response.content_type is not None
    assert response.content_type.startswith("text/html")
    assert response.mimetype == "text/html"


def test_cache_control() -> None:
    """Row cache_control: mutable, written back, the field deleted when empty."""
    response = Response()
    response.cache_control.max_age = 60
    response.cache_control.public = True
    assert response.headers["Cache-Control"] == "max-age=60, public"
    response.cache_control.max_age = None
    response.cache_control.public = False
    assert "Cache-Control" not in response.headers


def test_content_range() -> None:
    """Row content_range: always an object; set() and unset(); set with a string or None."""
    response = Response()
    assert response.content_range.units is None
    response.content_range.set(0, 5, 10)
    assert response.headers["Content-Range"] == "bytes 0-4/10"
    response.content_range.unset()
    assert "Content-Range" not in response.headers
    response.content_range = "bytes */5"  # type: ignore[assignment]
    assert response.content_range.length == 5


def test_www_authenticate() -> None:
    """Row www_authenticate: parsed, live, removed when emptied."""
    response = Response(status=401)
    response.www_authenticate.set_basic("here")
    assert response.headers["WWW-Authenticate"].lower().startswith("basic realm=")
    response.www_authenticate.clear()
    assert "WWW-Authenticate" not in response.headers


def test_content_security_policy() -> None:
    """``content_security_policy`` is live: setting a directive changes the field."""
    response = Response()
    response.content_security_policy["default-src"] = "'self'"
    assert response.headers["Content-Security-Policy"] == "default-src 'self'"


def test_etags() -> None:
    """``set_etag()`` sets an ETag. ``add_etag()`` computes one if there is none, or with ``overwrite=True``."""
    response = Response("x")
    assert response.get_etag() == (None, None)
    response.set_etag("a", weak=True)
    assert (response.headers["ETag"], response.get_etag()) == ('W/"a"', ("a", True))
    response.add_etag()
    assert response.get_etag() == ("a", True)
    response.add_etag(overwrite=True)
    tag = response.get_etag()
    assert tag == Response(["x"]).freeze().get_etag() != Response("y").freeze().get_etag()
    response.add_etag(overwrite=True, weak=True)
    assert response.get_etag() == (tag[0], True)
    with pytest.raises(ValueError, match="got etag"):
        response.set_etag('a"b')


def test_mixin_names() -> None:
    """The mixins have the names of the original design."""
    from cardan.core import _response

    names = ("ETagResponseMixin", "ResponseStreamMixin", "CommonResponseDescriptorsMixin", "WWWAuthenticateMixin")
    assert all(issubclass(Response, getattr(_response, name)) for name in names)
    assert issubclass(Response, _response.BaseResponse)
