"""Types of the header fields, of the containers and of the functions in ``cardan.http``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, assert_type

from cardan import Request, Response, core
from cardan.core.fields import Live, LiveSequence, live_field
from cardan.core.structures import CallbackDict, iter_multi_items
from cardan.datastructures import (
    AltService,
    AltServices,
    AuthenticationInfo,
    Authorization,
    ClearSiteData,
    ContentRange,
    EncodingAccept,
    EnvironHeaders,
    ETags,
    Headers,
    ImmutableMultiDict,
    LanguageAccept,
    Link,
    MIMEAccept,
    MultiDict,
    Prefer,
    PreferenceApplied,
    Range,
    ReferrerPolicy,
    RequestCacheControl,
    ServerTiming,
    ServerTimings,
    StrictTransportSecurity,
)
from cardan.http import parse_accept_header, parse_cookie
from cardan.structured import TargetedCacheControl, targeted_cache_control


def getters(request: Request, headers: Headers, environ: EnvironHeaders) -> None:
    """The getters give the type of the converter, of the default, or None."""
    for fields in (headers, environ):
        assert_type(fields.get("a"), str | None)
        assert_type(fields.get("a", "b"), str)
        assert_type(fields.get("a", type=int), int | None)
        assert_type(fields.get("a", 1, type=int), int)
        assert_type(fields.getlist("a"), list[str])
        assert_type(fields.getlist("a", type=int), list[int])
    assert_type(headers["a"], str)
    assert_type(headers[0], tuple[str, str])
    assert_type(request.accept_mimetypes, MIMEAccept)
    assert_type(request.accept_languages, LanguageAccept)
    assert_type(request.authorization, Authorization | None)
    assert_type(request.cache_control, RequestCacheControl)
    assert_type(request.cache_control.max_stale, int | Literal[True] | None)
    assert_type(request.if_none_match, ETags)
    assert_type(request.if_modified_since, datetime | None)
    assert_type(request.range, Range | None)


class Level(Live[int]):
    @classmethod
    def parse(cls, text: str, /) -> int:
        return int(text or 0)

    @classmethod
    def serialize(cls, state: int, /) -> str:
        return str(state)


class Steps(LiveSequence[int]):
    @classmethod
    def parse(cls, text: str, /) -> tuple[int, ...]:
        return ()

    @classmethod
    def serialize(cls, state: tuple[int, ...], /) -> str:
        return ""


class SiteResponse(Response):
    example_cdn = targeted_cache_control("ExampleCDN-Cache-Control")
    level = live_field("X-Level", Level)
    steps = live_field("X-Steps", Steps)


def decided(request: Request) -> None:
    """The decision on a conditional request takes the header fields of every request."""
    asked = core.Conditions.from_headers(request.headers)
    assert_type(asked, core.Conditions)
    decision = core.decide(request.method, asked, core.Representation(etag='"v1"', length=5))
    assert_type(decision, core.Decision)
    assert_type(decision.ranges, list[tuple[int, int]])
    assert_type(decision.status, int | None)


def own_values(response: SiteResponse) -> None:
    """A live value of a class of one's own has the type of its state."""
    assert_type(response.level, Level)
    assert_type(response.level.state, int)
    assert_type(response.steps[0], int)
    assert_type(Level.from_header("1"), Level)
    response.level.state = 5
    response.level = 5
    response.steps = [1, 2]
    response.level.state = "5"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


def attributes(request: Request, response: SiteResponse) -> None:
    """Attributes of requests and responses have the classes of their values."""
    assert_type(request.content_range, ContentRange)
    assert_type(request.early_data, bool)
    assert_type(request.prefer, Prefer)
    assert_type(request.prefer.return_, Literal["minimal", "representation"] | None)
    assert_type(request.prefer["a"], str | None)
    assert_type(response.alt_svc, AltServices)
    assert_type(response.authentication_info, AuthenticationInfo)
    assert_type(response.clear_site_data, ClearSiteData)
    assert_type(response.cdn_cache_control, TargetedCacheControl)
    assert_type(response.example_cdn.max_age, int | None)
    assert_type(response.preference_applied, PreferenceApplied)
    assert_type(response.referrer_policy, ReferrerPolicy | None)
    assert_type(response.server_timing, ServerTimings)
    assert_type(response.server_timing[0], ServerTiming)
    assert_type(response.server_timing[:1], list[ServerTiming])
    response.alt_svc = [AltService("h3", ":443", timedelta(hours=1))]
    response.clear_site_data = ["cookies"]
    response.cdn_cache_control = {"no-store": None}
    response.example_cdn.max_age = timedelta(hours=1)
    response.strict_transport_security = StrictTransportSecurity(5)
    response.server_timing.append("db")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def containers() -> None:
    """The methods that change a container, and ``|``, keep the types of keys and values."""
    d = MultiDict({"a": "1"})
    d.update({"a": ["2", "3"], "b": "4"})
    d.update([("a", "6")], c="5")
    assert_type(d.setdefault("e", "5"), str)
    assert_type(d | {"a": "2"}, MultiDict[str, str])
    frozen: ImmutableMultiDict[str, int] = ImmutableMultiDict([("a", 1)])
    assert_type(frozen.copy(), MultiDict[str, int])
    assert_type(iter_multi_items(d), Iterable[tuple[str, str]])
    changed = CallbackDict({"a": 1})
    assert_type(changed.setdefault("b", 2), int)
    changed.update(a=2)
    changed |= {"b": 3}
    d.update(3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


def links() -> None:
    """The parameters of a link are keyword arguments of any name."""
    assert_type(Link("/a", rel="next", target="b").parameters, Mapping[str, str])
    Link(target="/a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def functions() -> None:
    """A function with a class as its argument gives an object of this class."""
    assert_type(parse_accept_header("gzip", EncodingAccept), EncodingAccept)
    assert_type(parse_cookie("a=1"), MultiDict[str, str])
    assert_type(parse_cookie("a=1", dict), dict[str, str])


def bodies(response: Response) -> None:
    """The body is bytes, or text where it is requested as text."""
    assert_type(response.get_data(), bytes)
    assert_type(response.get_data(as_text=True), str)
    response.set_cookie("a", "b", max_age=timedelta(days=1))
    response.set_cookie("a", "b", max_age="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    response.delete_cookie("a", secure=True)
