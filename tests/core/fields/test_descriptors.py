"""header_field, value_field and live_field: header fields as attributes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter, methodcaller
from typing import Any, assert_type

import pytest

from cardan import core
from cardan.core.fields._accept_media import MIMEAccept
from cardan.core.fields._authorization import Authorization, Challenge
from cardan.core.fields._cache_control import ResponseCacheControl
from cardan.core.fields._cors import COOP, dump_credentials, parse_credentials
from cardan.core.fields._dates import http_date, parse_date
from cardan.core.fields._descriptors import (
    FixedSetting,
    check_fixed_settings,
    header_field,
    live_field,
    value_field,
)
from cardan.core.fields._durations import dump_retry_after, parse_retry_after
from cardan.core.fields._etags import ETags
from cardan.core.fields._live import Live
from cardan.core.fields._ranges import ContentRange, Range
from cardan.core.fields._www_authenticate import WWWAuthenticate
from cardan.core.structures import EnvironHeaders, Headers, HeaderSet

COLOURS = {"red": 1}
NONSENSE: Any = attrgetter("nonsense")


class Response:
    """An object whose headers can be changed."""

    def __init__(self, **headers: str) -> None:
        self.headers = Headers({name.replace("_", "-"): value for name, value in headers.items()})

    version = header_field("X-Version", int, default=1)
    weight = header_field("X-Weight", float)
    tenant = header_field("X-Tenant")
    region = header_field("X-Region", default="eu", doc="Where it runs.")
    tags = header_field("X-Tags", lambda value: tuple(value.split(",")), ",".join, default=())
    colour = header_field("X-Colour", COLOURS.__getitem__, default=0, read_only=True)
    date = header_field("Date", parse_date, http_date)
    retry_after = header_field("Retry-After", parse_retry_after, dump_retry_after)
    credentials = header_field("Access-Control-Allow-Credentials", parse_credentials, dump_credentials, default=False)
    coop = value_field("Cross-Origin-Opener-Policy", COOP)
    cache_control = live_field("Cache-Control", ResponseCacheControl)
    content_range = live_field("Content-Range", ContentRange, doc="The part.")
    vary = live_field("Vary", HeaderSet)
    www_authenticate = live_field("WWW-Authenticate", WWWAuthenticate)


class Request:
    """An object whose headers cannot be changed."""

    def __init__(self, **environ: str) -> None:
        self.headers = EnvironHeaders({f"HTTP_{name.upper()}": value for name, value in environ.items()})

    tenant = header_field("X-Tenant")
    version = header_field("X-Version", int, default=1, cached=True)
    accept = value_field("Accept", MIMEAccept, cached=True)
    if_match = value_field("If-Match", ETags)
    range = value_field("Range", Range)
    authorization = value_field("Authorization", Authorization, cached=True)


def test_types() -> None:
    """The type of the attribute is that of the parser's result, or of the default."""
    response, request = Response(), Request()
    assert_type(response.version, int)
    assert_type(response.tenant, str | None)
    assert_type(response.region, str)
    assert_type(response.date, datetime | None)
    assert_type(response.credentials, bool)
    assert_type(response.coop, COOP | None)
    assert_type(response.vary, HeaderSet)
    assert_type(request.accept, MIMEAccept)
    assert_type(request.if_match, ETags)
    assert_type(request.range, Range | None)
    assert_type(request.authorization, Authorization | None)


def test_missing_fields() -> None:
    """A missing field gives the default. A value class parses None."""
    response, request = Response(), Request()
    assert (response.version, response.tenant, response.region, response.tags) == (1, None, "eu", ())
    assert (response.date, response.coop, response.credentials, response.colour) == (None, None, False, 0)
    assert (request.accept, request.if_match, request.range) == (MIMEAccept(None), ETags(), None)
    assert request.authorization is None


def test_fields() -> None:
    """The parser gets the field value. The name of the field is found in any case."""
    request = Request(x_tenant="t", x_version="7", accept="a/b", if_match='"x"', authorization="Bearer y")
    assert (request.tenant, request.version, request.accept.best, "x" in request.if_match) == ("t", 7, "a/b", True)
    assert request.authorization is not None
    assert request.authorization.token == "y"


@pytest.mark.parametrize("text", ["x", "", "1_0", "٣", "1.5", " 1", "9" * 100, "+1"])
def test_garbage_gives_the_default(text: str) -> None:
    """Text that is not an integer in ASCII digits gives the default."""
    response = Response()
    response.headers._list.append(("X-Version", text))
    assert response.version == 1


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("-1.5", -1.5), ("nan", None), ("inf", None), ("1e5", None)])
def test_floats(text: str, value: float | None) -> None:
    """Text that is not a decimal number in ASCII digits gives the default."""
    assert Response(X_Weight=text).weight == value


def test_a_parser_refuses_in_its_own_way() -> None:
    """A parser refuses a value with ValueError, LookupError, ArithmeticError or None. Another exception is a bug and
    reaches the caller.
    """
    assert Response(X_Colour="blue").colour == 0
    assert Response(X_Colour="red").colour == 1
    assert Response(Date="soon").date is None

    class Broken:
        headers = Headers({"X": "y"})
        field = header_field("X", NONSENSE, default=0)

    with pytest.raises(AttributeError, match=r"nonsense"):
        Broken().field


def test_setting_and_deleting() -> None:
    """The dumper writes values, a string is written unchanged, and None and ``del`` remove the field."""
    response = Response()
    response.version = 5
    response.tags = ("a", "b")
    response.date = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    response.retry_after = timedelta(minutes=2)
    response.coop = COOP.SAME_ORIGIN
    response.credentials = True
    assert list(response.headers.items()) == [
        ("X-Version", "5"),
        ("X-Tags", "a,b"),
        ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("Retry-After", "120"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Access-Control-Allow-Credentials", "true"),
    ]
    response.version = None
    response.coop = None
    response.credentials = False
    del response.tags
    del response.tags
    response.date = "Mon, 07 Nov 1994 08:49:37 GMT"
    response.retry_after = 5
    assert list(response.headers) == ["Date", "Retry-After"]


@pytest.mark.parametrize("value", ["a\r\nb", "\0", "€"])
def test_what_must_not_go_on_the_wire_is_refused(value: str) -> None:
    """The headers refuse a value that a header field must not contain, when it is set."""
    response = Response(X_Tenant="t")
    with pytest.raises(ValueError, match=r"^got "):
        response.tenant = value
    assert response.tenant == "t"


def test_requests_are_read_only() -> None:
    """Setting raises AttributeError if the headers cannot be changed, and if the field is read-only."""
    request: Any = Request(x_tenant="t")
    for name in ("tenant", "version", "accept", "if_match"):
        with pytest.raises(AttributeError, match=rf"^Request\.{name} is read-only$"):
            setattr(request, name, "x")
        with pytest.raises(AttributeError, match=r"is read-only$"):
            delattr(request, name)
    with pytest.raises(AttributeError, match=r"^Response\.colour is read-only$"):
        Response().colour = 1


def test_cached_fields_are_parsed_once() -> None:
    """A cached field is parsed once for each object."""
    seen: list[str] = []

    def measure(value: str) -> int:
        seen.append(value)
        return len(value)

    class Counted(Request):
        count = header_field("X-Tenant", measure, default=0, cached=True)

    request = Counted(x_tenant="abc")
    assert (request.count, request.count, Counted().count) == (3, 3, 0)
    assert seen == ["abc"]


@pytest.mark.parametrize("cls", [int, Live, type("Half", (Live,), {"parse": classmethod(str)}), print])
def test_a_live_field_of_another_class(cls: Any) -> None:
    """A class without the methods of Live is refused where the attribute is written, and not when it is first read."""
    with pytest.raises(TypeError, match=r"for X-A, expected a subclass of Live with parse\(\) and serialize\(\)"):
        live_field("X-A", cls)


def test_live_fields() -> None:
    """A live value can be changed in place. It is set with an object of the class, with text, with the argument of the
    class, or with None.
    """
    response = Response()
    response.cache_control.max_age = 5
    first, second = response.vary, response.vary
    first.add("Accept")
    second.add("Cookie")
    response.content_range.set(0, 5, 10)
    response.www_authenticate = WWWAuthenticate("basic", {"realm": "x"})
    assert list(response.headers.values()) == ["max-age=5", "Accept, Cookie", "bytes 0-4/10", 'Basic realm="x"']
    response.vary = ["A", "B"]
    response.cache_control = "no-store"
    response.content_range = None
    response.www_authenticate = Challenge("negotiate")
    assert response.cache_control.no_store
    assert list(response.headers.values()) == ["no-store", "A, B", "Negotiate"]
    response.www_authenticate = [Challenge("a"), Challenge("b")]
    response.vary = []
    del response.cache_control
    assert list(response.headers.values()) == ["A, B"]
    response.www_authenticate = None
    assert len(response.headers) == 0


@pytest.mark.parametrize("name", ["content_range", "cache_control", "last_modified", "age"])
def test_setting_none_where_no_field_is(name: str) -> None:
    """None removes a field; it is no error if there is none."""
    response = core.Response(headers=[("X-Other", "1")], content_type=None)
    before = list(response.headers)
    setattr(response, name, None)
    assert list(response.headers) == before


def test_on_the_class() -> None:
    """On the class the attribute is the descriptor itself, with its docstring."""
    assert Response.tenant.__doc__ == "The ``X-Tenant`` field."
    assert Response.region.__doc__ == "Where it runs."
    assert Response.vary.__doc__ == "The ``Vary`` field. Changes are written to it."
    assert Response.content_range.__doc__ == "The part."
    assert repr(Response.tenant) == "<HeaderField X-Tenant>"
    assert repr(Response.vary) == "<LiveField Vary>"
    assert Request.version.attribute == "version"


@pytest.mark.parametrize("make", [header_field, lambda name: live_field(name, HeaderSet)])
def test_names_are_tokens(make: Any) -> None:
    """A field name that is not a token is refused in the class body, not when the field is used."""
    with pytest.raises(ValueError, match=r"^got field name 'X Y', expected a token$"):
        make("X Y")


@pytest.mark.parametrize(("name", "value"), [
    ("vary", 5), ("vary", [5]), ("allow", 5), ("link", 5), ("link", ["x"]), ("cache_control", 5),
    ("content_security_policy", 5), ("www_authenticate", 5), ("content_range", 5), ("mimetype_params", 5),
    ("mimetype_params", {"a": "b"}), ("age", [5]), ("last_modified", [5]), ("retry_after", [5]), ("location", 5),
    ("content_location", b"/"), ("access_control_max_age", [5]),
])  # fmt: skip
def test_a_field_is_not_set_with_a_value_of_another_type(name: str, value: Any) -> None:
    """A field that is set with a value of another type raises a TypeError that says what came, and changes nothing."""
    response = core.Response("x")
    before = response.headers.to_wsgi_list()
    with pytest.raises(TypeError, match=r"^got [\w-]+ = .*, expected "):
        setattr(response, name, value)
    assert response.headers.to_wsgi_list() == before


@pytest.mark.parametrize(("name", "text"), [
    ("date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("expires", "0"), ("retry_after", "soon"), ("age", "old"),
    ("strict_transport_security", "max-age=5"), ("access_control_allow_credentials", "true"),
    ("access_control_max_age", "-1"), ("location", "/"),
])  # fmt: skip
def test_text_of_a_class_derived_from_str_is_text(name: str, text: str) -> None:
    """A field is set with text of a class derived from ``str``, such as safe markup, as with any other text."""

    class Markup(str):
        __slots__ = ()

    one, other = core.Response("x"), core.Response("x")
    setattr(one, name, Markup(text))
    setattr(other, name, text)
    assert one.headers.to_wsgi_list() == other.headers.to_wsgi_list()
    assert {type(value) for value in one.headers.values()} == {str}


def test_text_that_has_a_form_of_its_own_in_a_field() -> None:
    """The function that writes a value gets a member of an enumeration, and an object that has ``to_header()``."""

    class Level(StrEnum):
        LOW = "0"

    class Tagged(str):
        __slots__ = ()

        def to_header(self) -> str:
            return f"<{self}>"

    class Levels(core.Response):
        level: Any = header_field("X-Level", Level, attrgetter("name"))
        tag: Any = header_field("X-Tag", str, methodcaller("to_header"))

    response = Levels("x")
    response.level, response.tag = Level.LOW, Tagged("a")
    assert (response.headers["X-Level"], response.headers["X-Tag"]) == ("LOW", "<a>")


def test_headers_may_be_a_plain_dict() -> None:
    """Any mutable mapping of header fields can be set: removing a field that is not there is no error."""
    response: Any = Response()
    response.headers = {}
    response.tenant = None
    del response.version
    response.cache_control = None
    response.tenant, response.version = "a", 5
    assert response.headers == {"X-Tenant": "a", "X-Version": "5"}
    response.tenant = response.version = None
    assert response.headers == {}


@pytest.mark.parametrize("name", ["tenant", "version"])
@pytest.mark.parametrize("value", [1.5, True, b"x", ["x"]])
def test_text_and_integers_are_no_other_values(name: str, value: Any) -> None:
    """An attribute without a parser, and one with ``int``, is set with text and integers, as header fields are."""
    response = Response()
    with pytest.raises(TypeError, match=rf"^got {name} = .*, expected a value of the X-{name.title()} field$"):
        setattr(response, name, value)
    assert len(response.headers) == 0


def test_a_setting_with_one_value() -> None:
    """Another value of a fixed setting would have no effect: it is refused on an object, and in a subclass."""

    class Base:
        charset = FixedSetting("utf-8")

    class Same(Base):
        charset = "utf-8"

    class Other(Same):
        charset = "latin-1"

    setting = Base.__dict__["charset"]
    assert (Base.charset, Base().charset) == ("utf-8", "utf-8")
    Base().charset = "utf-8"
    with pytest.raises(TypeError, match=r"^got charset = 'x', expected 'utf-8': another one would have no effect$"):
        Base().charset = "x"
    check_fixed_settings(Base, setting)
    check_fixed_settings(Same, setting)
    with pytest.raises(TypeError, match=r"^got charset = 'latin-1', expected 'utf-8'"):
        check_fixed_settings(Other, setting)
