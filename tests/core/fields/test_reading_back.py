"""The law for the constructors of all classes of field values: what they accept is written and reads back equal."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan import datastructures, structured
from cardan.core.fields import Live, LiveDict, LiveSequence
from cardan.core.fields._reading_back import check_reads_back
from cardan.datastructures import (
    Accept,
    AltService,
    AltServices,
    AuthenticationInfo,
    Authorization,
    CacheControl,
    Challenge,
    CharsetAccept,
    ClearSiteData,
    ContentDisposition,
    ContentRange,
    ContentSecurityPolicy,
    EncodingAccept,
    ETags,
    Forwarded,
    ForwardedElement,
    Headers,
    HeaderSet,
    IfRange,
    LanguageAccept,
    Link,
    Links,
    MediaType,
    MediaTypeParameters,
    MIMEAccept,
    Prefer,
    PreferenceApplied,
    Range,
    RequestCacheControl,
    ResponseCacheControl,
    ServerTiming,
    ServerTimings,
    StrictTransportSecurity,
    UserAgent,
    WWWAuthenticate,
)

# A program may pass anything as text. Most of these characters have a meaning in a field.
texts = st.text(st.sampled_from("abAB12é€\x01\n\r \t,;=\"\\'*%/:-_.[]()<>@{}?\ud800"), max_size=6)
words = st.text(st.sampled_from("abAB-_1"), min_size=1, max_size=4)
some = words | texts
maybe = st.none() | some
pairs = st.dictionaries(some, some, max_size=3)
numbers = st.integers(-2, 30) | st.none() | st.sampled_from([10**17, 10**19, 0.5, True])
schemes = st.sampled_from(["basic", "Bearer", "digest", "X-a"]) | some
#: parameters of credentials and challenges: as they are usual, and others
credentials = pairs | st.fixed_dictionaries(
    {}, optional={"Username": some, "password": some, "realm": some, "nonce": some, "qop": some, "username*": some}
)
qualities = st.floats(allow_nan=True) | st.sampled_from([0, 1, 0.0004, 0.9996, 1 / 3])
zones = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30))])
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=zones)
accepted = st.none() | st.lists(st.tuples(some | st.just("text/html; Q=1; level=1"), qualities), max_size=3)
nodes = st.sampled_from(["unknown", "_x", "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1"]) | some
directives = st.dictionaries(
    st.sampled_from(["max-age", "Max-Stale", "s-maxage", "no-cache", "private", "no-store", "public"]) | some,
    st.none() | st.booleans() | some | numbers | st.just(timedelta(days=1, milliseconds=1)),
    max_size=3,
)
parameters = st.none() | pairs
spans = st.tuples(st.integers(-3, 9), st.none() | st.integers(-3, 9)) | st.tuples(numbers, numbers)
source_lists = some | st.lists(some, max_size=2) | st.just(True)
policies = st.dictionaries(st.sampled_from(["default-src", "Sandbox"]) | some, source_lists, max_size=3)


class Plain(Live[str]):
    """A value of a program whose methods check nothing."""

    @classmethod
    def parse(cls, text: str, /) -> str:
        return text

    @classmethod
    def serialize(cls, state: str, /) -> str:
        return state


class Sizes(LiveDict[int]):
    """A mapping of a program, ``width=5, height=7``, whose parser refuses what is no number."""

    @classmethod
    def parse(cls, text: str, /) -> dict[str, int]:
        pairs = [pair.partition("=") for pair in text.lower().split(",") if pair]
        return {name.strip(): int(size) for name, _, size in pairs}

    @classmethod
    def serialize(cls, state: dict[str, int], /) -> str:
        return ", ".join(f"{name}={size}" for name, size in state.items())


class Steps(LiveSequence[int]):
    """A list of a program, ``1, 2``, whose parser refuses what is no number."""

    @classmethod
    def parse(cls, text: str, /) -> tuple[int, ...]:
        return tuple(int(step) for step in text.split(",") if step)

    @classmethod
    def serialize(cls, state: tuple[int, ...], /) -> str:
        return ", ".join(str(step) for step in state)


def _link(target: str, rel: str | None, others: dict[str, str]) -> Link:
    return Link(target, rel, **others)


def _each(build: Callable[..., Any], *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Callable[[], Any]]:
    """Calls of a constructor with arguments of these strategies."""
    return st.tuples(*arguments).map(lambda given: lambda: build(*given))


element_calls = _each(ForwardedElement, st.none() | nodes, st.none() | nodes, maybe, maybe, pairs)
link_calls = _each(_link, some, maybe, st.dictionaries(words | st.just("title*"), some, max_size=2))
challenge_calls = _each(Challenge, schemes, credentials, maybe)
durations = numbers | st.timedeltas()
authorities = st.sampled_from([":443", "a.example:80", "[::1]:5"]) | some
service_calls = _each(AltService, st.sampled_from(["h3", "w=x:y#z"]) | some, authorities, durations, st.booleans())
metric_calls = _each(ServerTiming, some, st.none() | st.floats(), maybe)
preferences = st.just({"Return": "minimal", "wait": None})
preferred = st.dictionaries(st.sampled_from(["return", "WAIT"]), st.dictionaries(some, maybe, max_size=2), max_size=2)
media_type_calls = _each(MediaType, some, some, parameters)

#: Each class of field values of cardan.datastructures, and calls of its constructor
CALLS: dict[type, st.SearchStrategy[Callable[[], Any]]] = {
    Accept: _each(Accept, accepted),
    AltService: service_calls,
    AltServices: st.lists(service_calls, max_size=2).map(lambda calls: lambda: AltServices(call() for call in calls)),
    AuthenticationInfo: _each(AuthenticationInfo, pairs),
    Authorization: _each(Authorization, schemes, credentials, maybe),
    CacheControl: _each(CacheControl, directives),
    Challenge: challenge_calls,
    CharsetAccept: _each(CharsetAccept, accepted),
    ClearSiteData: _each(ClearSiteData, st.lists(st.sampled_from(["cookies", "*", "storage", "clientHints", "x"]))),
    ContentDisposition: _each(ContentDisposition, some, maybe, parameters | st.just({"FileName": "a"})),
    ContentRange: _each(ContentRange, maybe, numbers, numbers, numbers),
    ContentSecurityPolicy: _each(ContentSecurityPolicy, policies),
    ETags: _each(ETags, st.none() | st.lists(some, max_size=2), st.none() | st.lists(some, max_size=2), st.booleans()),
    EncodingAccept: _each(EncodingAccept, accepted),
    Forwarded: st.lists(element_calls, max_size=2).map(lambda calls: lambda: Forwarded(call() for call in calls)),
    ForwardedElement: element_calls,
    HeaderSet: _each(HeaderSet, st.none() | st.lists(some, max_size=3)),
    IfRange: _each(IfRange, maybe, st.none() | moments, st.booleans()),
    LanguageAccept: _each(LanguageAccept, accepted),
    Link: link_calls,
    Links: st.lists(link_calls, max_size=2).map(lambda calls: lambda: Links(call() for call in calls)),
    MIMEAccept: _each(MIMEAccept, accepted),
    MediaType: media_type_calls,
    MediaTypeParameters: media_type_calls.map(lambda call: lambda: MediaTypeParameters(call())),
    Prefer: _each(Prefer, st.dictionaries(some, maybe, max_size=2)) | _each(Prefer, preferences, preferred),
    PreferenceApplied: _each(PreferenceApplied, st.dictionaries(some, maybe, max_size=2)),
    Range: _each(Range, some, st.lists(spans, max_size=3)),
    RequestCacheControl: _each(RequestCacheControl, directives),
    ResponseCacheControl: _each(ResponseCacheControl, directives),
    ServerTiming: metric_calls,
    ServerTimings: st.lists(metric_calls, max_size=2).map(
        lambda calls: lambda: ServerTimings(call() for call in calls)
    ),
    StrictTransportSecurity: _each(StrictTransportSecurity, durations, st.booleans(), st.booleans()),
    UserAgent: _each(UserAgent, some),
    WWWAuthenticate: _each(WWWAuthenticate, schemes, credentials, maybe)
    | st.lists(challenge_calls, max_size=3).map(lambda calls: lambda: WWWAuthenticate(call() for call in calls)),
}

#: Classes whose objects are members of a list, and how the first member of a list is read
MEMBERS: dict[type, Callable[[str | None], Any]] = {
    ForwardedElement: lambda text: next(iter(Forwarded.from_header(text)), ForwardedElement()),
    Link: lambda text: Links.from_header(text)[0],
}


#: Classes of a program, as authors write them
OWN: dict[type, st.SearchStrategy[Callable[[], Any]]] = {
    Plain: _each(Plain, some | st.sampled_from([" a", "a\t"])),
    Sizes: _each(Sizes, st.dictionaries(some, numbers, max_size=3)),
    Steps: _each(Steps, st.lists(numbers, max_size=3)),
}


def test_every_class_is_tried() -> None:
    """Each class with ``to_header()`` is in CALLS. The enumerations have no constructor of their own."""
    names = [getattr(datastructures, name) for name in datastructures.__all__]
    enumerations = {cls for cls in names if hasattr(cls, "__members__")}
    assert {cls for cls in names if hasattr(cls, "to_header")} - enumerations == CALLS.keys()
    for cls in enumerations:
        assert all(cls.from_header(member.to_header()) is member is copy.deepcopy(member) for member in cls)


@pytest.mark.parametrize("cls", [*CALLS, *OWN], ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_what_a_constructor_accepts_reads_back(cls: Any, data: st.DataObject) -> None:
    """A constructor raises ValueError (TypeError for a wrong type), or the object that it makes can be written, and
    reading what was written gives an equal object. ``Accept(None)`` stands for a field that is not sent. Copies and
    pickles are equal, too, and have the same hash.
    """
    call = data.draw({**CALLS, **OWN}[cls])
    try:
        value = call()
    except (ValueError, TypeError):
        return
    text = None if isinstance(value, Accept) and not value.provided else value.to_header()
    again = MEMBERS.get(cls, getattr(cls, "from_header", None))(text)  # type: ignore[misc]
    assert again == value
    twins = [again, copy.copy(value), copy.deepcopy(value)]
    twins += [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for twin in twins:
        assert type(twin) is cls
        assert twin == value
        assert cls.__hash__ is None or hash(twin) == hash(value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Accept([("a,b", 1)]),
        lambda: Accept([("a;q=0.5", 1)]),
        lambda: Accept([("", 1)]),
        lambda: Accept([("a", float("nan"))]),
        lambda: MIMEAccept([("a/b;q=0.5", 1)]),
        lambda: Range("bytes", []),
        lambda: Range("bytes", [(0, 1)] * 1001),
        lambda: Range("bytes", [(0, 10**19)]),
        lambda: IfRange("a", datetime(2030, 1, 1)),
        lambda: IfRange(weak=True),
        lambda: IfRange("a b"),
        lambda: ContentRange(None, 0, 5, 10),
        lambda: ContentDisposition("attachment", "a", {"filename": "b"}),
        lambda: ContentDisposition("attachment", None, {"filename*": "b"}),
        lambda: ContentDisposition("attachment", "a\nb"),
        lambda: ContentDisposition("attachment", "\ud800"),
        lambda: MediaType("text", "html;x"),
        lambda: MediaType("text", "html", {"a b": "c"}),
        lambda: ETags(["a b"]),
        lambda: HeaderSet(["€"]),
        lambda: UserAgent("a\nb"),
        lambda: CacheControl({"max-age": "abc"}),
        lambda: CacheControl({"max-age": None}),
        lambda: CacheControl({"no-store": "1"}),
        lambda: ResponseCacheControl({"private": "a b"}),
    ],
)
def test_what_would_not_read_back_is_refused(call: Callable[[], object]) -> None:
    """A constructor refuses what the field cannot say."""
    with pytest.raises(ValueError, match=r"^got "):
        call()


@pytest.mark.parametrize("call", [lambda: ETags("ab"), lambda: HeaderSet("ab"), lambda: Forwarded(["a"])])  # type: ignore[list-item]
def test_a_text_is_no_list_of_members(call: Callable[[], object]) -> None:
    """A str where an iterable of members is expected raises TypeError: its characters are not meant."""
    with pytest.raises(TypeError, match=r"^got "):
        call()


@pytest.mark.parametrize(
    ("made", "header"),
    [
        (MediaType("Text", "HTML", {"Charset": "UTF-8"}), "text/html;charset=UTF-8"),
        (Range("Bytes", [(0, 5)]), "bytes=0-4"),
        (ContentRange("Bytes", 0, 5, 10), "bytes 0-4/10"),
        (ContentDisposition("Attachment", "a", {"Size": "5"}), "attachment; filename=a; size=5"),
        (ForwardedElement("a", extensions={"Secret": "b"}), "for=a;secret=b"),
        (IfRange(date=datetime(1994, 11, 6, 8, 49, 37, 999)), "Sun, 06 Nov 1994 08:49:37 GMT"),
        (Accept([("a", 0.0004), ("b", 1 / 3)]), "b;q=0.333, a;q=0.001"),
        (MIMEAccept([("text/html; Level=1", 1)]), "text/html;level=1"),
        (ContentSecurityPolicy({"Default-Src": " 'self' "}), "default-src 'self'"),
        (Link("/a", "next", Title="b"), "</a>; rel=next; title=b"),
        (CacheControl({"Max-Age": 5}), "max-age=5"),  # type: ignore[dict-item]
        (ETags(["a"], star_tag=True), "*"),
        (Challenge("x", {"A": "1", "a": "2"}), "x a=1"),
        (CacheControl({"A": "1", "a": "2"}), "a=1"),
        (MediaType("a", "b", {"C": "1", "c": "2"}), "a/b;c=1"),
        (ContentDisposition("a", None, {"B": "1", "b": "2"}), "a; b=1"),
        (ContentSecurityPolicy({"A": "1", "a": "2"}), "a 1"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_reading_folds_constructing_folds(made: Any, header: str) -> None:
    """Upper and lower case, spaces around a value, parts of seconds and of qualities are as reading gives them."""
    read = MEMBERS.get(type(made), getattr(type(made), "from_header", None))(header)  # type: ignore[misc]
    assert made == read
    for name in ("type", "subtype", "units", "ranges", "parameters", "extensions", "date", "filename"):
        assert getattr(made, name, None) == getattr(read, name, None)
    if isinstance(made, Accept):
        assert list(made) == list(read)


class Lossy(Live[str]):
    """A live value of a program whose writer loses the end of a text."""

    @classmethod
    def parse(cls, text: str, /) -> str:
        return text

    @classmethod
    def serialize(cls, state: str, /) -> str:
        return state[:3]


def test_a_change_reads_back_too() -> None:
    """The law holds for every change of a live value: one that reading the field would not give changes nothing."""
    value = Lossy.from_header("a")
    value.state = "abc"
    with pytest.raises(ValueError, match=r"^got a Lossy that is written as 'abc', expected one that reads back equal$"):
        value.state = "abcd"
    assert value.to_header() == "abc"


def test_the_error_says_what_would_be_written() -> None:
    """The error names the class and the text."""
    with pytest.raises(
        ValueError, match=r"^got a MIMEAccept that is written as 'a,b', expected one that reads back equa"
    ):
        MIMEAccept([("a,b", 1)])
    check_reads_back(Accept([("a", 1)]))


#: Structured fields have the same law: an item that can be made reads back equal
@given(some | st.integers() | st.floats() | st.booleans() | st.binary(max_size=3) | moments, pairs)
def test_items_of_structured_fields(value: Any, params: dict[str, str]) -> None:
    """An item that its constructor accepts reads back equal (RFC 9651 section 4.1), and is copied and pickled equal."""
    try:
        item = structured.Item(value, params)
    except (ValueError, TypeError):
        return
    assert structured.parse_item(item.to_header()) == item
    assert copy.copy(item) == copy.deepcopy(item) == pickle.loads(pickle.dumps(item)) == item
    assert hash(copy.copy(item)) == hash(item)


def _put(value: Any, name: str, item: Any) -> None:
    value[name] = item


#: Live values, and changes of them that take a name and a value
CHANGES: dict[type[Live[Any]], tuple[str, Callable[[Any, str, Any], object]]] = {
    AuthenticationInfo: ("a=b", _put),
    ContentRange: ("bytes 0-4/10", lambda value, name, item: value.set(0, item, None, name)),
    ContentSecurityPolicy: ("default-src a", _put),
    HeaderSet: ("a, b", lambda value, name, item: value.add(name)),
    Links: ("</a>; rel=next", lambda value, name, item: value.append(Link(name, item))),
    MediaTypeParameters: ("text/html; charset=a", _put),
    Plain: ("a", lambda value, name, item: setattr(value, "state", name)),
    PreferenceApplied: ("return=minimal", _put),
    ResponseCacheControl: ("public", _put),
    ServerTimings: ("a;dur=1", lambda value, name, item: value.add(name, None, item)),
    Sizes: ("a=1", _put),
    Steps: ("1, 2", lambda value, name, item: value.append(item)),
    WWWAuthenticate: ("Basic realm=a", lambda value, name, item: value.append(Challenge(name, {"a": item}))),
}


@pytest.mark.parametrize("cls", CHANGES, ids=lambda cls: cls.__name__)
@given(name=some | st.sampled_from(["max-age", "no-store"]), item=some | st.none() | st.integers(-1, 5))
def test_every_change_reads_back(cls: type[Live[Any]], name: str, item: Any) -> None:
    """A change of a live value, bound to headers or not, is refused and changes nothing, or reads back equal."""
    header, change = CHANGES[cls]
    headers = Headers([("X", header)])
    for value in (cls.from_header(header), cls.bound(headers, "X")):
        before = value.copy()
        try:
            change(value, name, item)
        except (ValueError, TypeError):
            assert value == before
        assert cls.from_header(value.to_header()) == value
        assert cls.bound(headers, "X") == cls.from_header(headers.get("X"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: MediaType("text", "plain", {1: "a"}),
        lambda: ContentDisposition("inline", parameters={1: "a"}),
        lambda: Authorization("digest", {1: "a"}),
        lambda: ForwardedElement("a", extensions={1: "b"}),
        lambda: Prefer({1: None}),
        lambda: ContentSecurityPolicy({1: "'self'"}),
    ],
)
def test_a_name_is_text(make: Any) -> None:
    """A name that is not text is refused where the value is made."""
    with pytest.raises(TypeError, match=r"^got the name 1, expected a str$"):
        make()


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (lambda given: MediaType("text", "html", given), {"a": "1"}),
        (lambda given: ContentDisposition("inline", None, given), {"a": "1"}),
        (lambda given: Challenge("digest", given), {"realm": "1", "nonce": "2"}),
        (lambda given: Authorization("digest", given), {"realm": "1"}),
        (lambda given: ForwardedElement(extensions=given), {"a": "1"}),
        (lambda given: Prefer(given), {"a": "1"}),
        (lambda given: Prefer({"a": "1"}, {"a": given}), {"b": "1"}),
        (lambda given: ResponseCacheControl(given), {"max-age": "1"}),
        (lambda given: RequestCacheControl(given), {"max-age": "1"}),
        (lambda given: ContentSecurityPolicy(given), {"img-src": "a.example"}),
        (lambda given: AuthenticationInfo(given), {"nextnonce": "1"}),
        (lambda given: PreferenceApplied(given), {"wait": "1"}),
        (lambda given: structured.Item(1, given), {"a": 1}),
        (lambda given: structured.InnerList([1], given), {"a": 1}),
        (lambda given: structured.InnerList(given), [1]),
        (lambda given: Range("bytes", given), [(0, 1)]),
        (lambda given: ETags(given), ["a"]),
        (lambda given: ETags([], given), ["a"]),
        (lambda given: Accept(given), [("a", 1)]),
        (lambda given: HeaderSet(given), ["a"]),
        (lambda given: ClearSiteData(given), ["cache"]),
        (lambda given: Forwarded(given), [ForwardedElement("a")]),
        (lambda given: Links(given), [Link("/a", rel="next")]),
        (lambda given: ServerTimings(given), [ServerTiming("a")]),
        (lambda given: AltServices(given), [AltService("h3", ":443")]),
        (lambda given: WWWAuthenticate(given), [Challenge("basic", {"realm": "a"})]),
    ],
)
def test_what_was_given_may_be_changed_afterwards(make: Callable[[Any], Any], given: Any) -> None:
    """A constructor keeps no list and no dict of the caller: what becomes of it later does not change the object."""
    made = make(given)
    header = made.to_header()
    if isinstance(given, dict):
        for name in given:
            given[name] = "3"
    else:
        given.clear()
    assert header
    assert made.to_header() == header
