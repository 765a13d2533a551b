"""Cache-Control of requests and of responses."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._cache_control import CacheControl, Directive, RequestCacheControl, ResponseCacheControl
from cardan.core.structures import Headers

names = st.text("abcxyz-", min_size=1, max_size=8)
values = st.none() | st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=8)


def test_request() -> None:
    """The directives of requests (RFC 9111 section 5.2.1) are attributes."""
    cache = RequestCacheControl.from_header('No-Cache, MAX-AGE=60, max-stale, min-fresh="5", only-if-cached, x=y')
    assert (cache.no_cache, cache.no_store, cache.max_age, cache.max_stale) == (True, False, 60, True)
    assert (cache.min_fresh, cache.only_if_cached, cache.no_transform, cache["x"]) == (5, True, False, "y")
    assert RequestCacheControl.from_header("max-stale=9").max_stale == 9
    assert RequestCacheControl.from_header("max-stale=x").max_stale is None
    assert RequestCacheControl.from_header(None).max_stale is None
    turned = RequestCacheControl.from_header("x=y, only-if-cached, min-fresh=5, max-stale, max-age=60, no-cache")
    assert turned == cache
    assert hash(turned) == hash(cache) == hash(cache.copy())


def test_a_request_cannot_be_changed() -> None:
    """Every method that changes a mapping raises TypeError."""
    cache = RequestCacheControl.from_header("no-cache")
    changes: list[Callable[[], object]] = [
        lambda: cache.__setitem__("a", "b"),
        lambda: cache.__delitem__("no-cache"),
        lambda: setattr(cache, "no_store", True),
        lambda: delattr(cache, "no_cache"),
        *[getattr(cache, name) for name in ("clear", "pop", "popitem", "setdefault", "update")],
    ]
    for change in changes:
        with pytest.raises(TypeError, match=r"^RequestCacheControl cannot be changed$"):
            change()
    assert cache.to_header() == "no-cache"
    assert not isinstance(cache, MutableMapping)


def test_response() -> None:
    """The directives of responses (RFC 9111 section 5.2.2, RFC 5861, RFC 8246) are attributes and can be set."""
    cache = ResponseCacheControl()
    cache.public = True
    cache.max_age = timedelta(hours=1)
    cache.s_maxage = 5
    cache.no_cache = "set-cookie"
    cache.private = True
    cache.immutable = cache.must_revalidate = True
    cache.stale_while_revalidate = 30
    assert cache.to_header() == (
        'public, max-age=3600, s-maxage=5, no-cache="set-cookie", private, '
        "immutable, must-revalidate, stale-while-revalidate=30"
    )
    assert (cache.max_age, cache.no_cache, cache.private, cache.public) == (3600, "set-cookie", True, True)
    cache.public = False
    cache.max_age = None
    del cache.private
    cache.no_cache = None
    assert cache.to_header() == "s-maxage=5, immutable, must-revalidate, stale-while-revalidate=30"
    cache.max_age = 0
    assert cache.max_age == 0


@pytest.mark.parametrize(
    ("header", "state"),
    [
        (None, {}),
        ("", {}),
        ("a, b=1, A=2", {"a": None, "b": "1"}),
        ("max-age=5, max-age=6", {"max-age": "5"}),
        ('private="a, b", community="UCI"', {"private": "a, b", "community": "UCI"}),
        (", ,=,a=", {"a": ""}),
    ],
)
def test_reading(header: str | None, state: dict[str, str | None]) -> None:
    """Names ignore case, unknown directives are kept, and the first of several equal directives counts (RFC 9111
    section 4.2.1).
    """
    assert dict(CacheControl.from_header(header)) == state


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1_0", "", "٣"])
def test_numbers_are_ascii_digits(value: str) -> None:
    """A duration that is not a number in ASCII digits reads as None."""
    assert CacheControl.from_header(f"max-age={value}").max_age is None


def test_large_numbers() -> None:
    """A number above 2**31 reads as 2**31 (RFC 9111 section 1.2.2)."""
    assert CacheControl.from_header("max-age=99999999999999999999").max_age == 2**31


def test_live() -> None:
    """Every change is written to the headers at once. Two live objects and direct assignments to the headers see each
    other's changes.
    """
    headers = Headers()
    one = ResponseCacheControl.bound(headers, "Cache-Control")
    two = ResponseCacheControl.bound(headers, "Cache-Control")
    assert "Cache-Control" not in headers
    one.max_age = 5
    two.no_store = True
    assert headers["Cache-Control"] == "max-age=5, no-store"
    headers["Cache-Control"] = "private"
    one.max_age = 6
    assert headers["Cache-Control"] == "private, max-age=6"
    assert two.private is True
    two.clear()
    assert "Cache-Control" not in headers
    assert not one
    one["x"] = "y"
    assert headers["Cache-Control"] == "x=y"


def test_several_fields_are_one() -> None:
    """Several fields are read as one (RFC 9110 section 5.3). A change writes a single field."""
    headers = Headers([("Cache-Control", "a"), ("X", "y"), ("cache-control", "b")])
    cache = ResponseCacheControl.bound(headers, "Cache-Control")
    assert set(cache) == {"a", "b"}
    cache.public = True
    assert headers.getlist("Cache-Control") == ["a, b, public"]


@pytest.mark.parametrize(("name", "value"), [("a b", None), ("a", "x\r\ny"), ("", "x"), ("a", "€")])
def test_a_change_that_cannot_be_written_changes_nothing(name: str, value: str | None) -> None:
    """A change with an invalid value raises ValueError; the object and the headers keep their state."""
    headers = Headers([("Cache-Control", "public")])
    cache = ResponseCacheControl.bound(headers, "Cache-Control")
    with pytest.raises(ValueError, match=r"^got "):
        cache[name] = value
    assert headers["Cache-Control"] == "public"
    assert dict(cache) == {"public": None}
    with pytest.raises(ValueError, match=r"^got "):
        CacheControl({name: value})
    with pytest.raises(ValueError, match=r"^got duration "):
        cache.max_age = -1


@given(st.dictionaries(names, values, max_size=4))
def test_fields_come_back(state: dict[str, str | None]) -> None:
    """A field that is written and parsed again gives an equal object. A copy is not bound to headers."""
    cache = CacheControl(state)
    assert CacheControl.from_header(cache.to_header()) == cache
    assert dict(cache) == state
    headers = Headers()
    live = ResponseCacheControl.bound(headers, "Cache-Control")
    live.update(state)
    for twin in (copy.copy(live), copy.deepcopy(live), live.copy(), pickle.loads(pickle.dumps(live))):
        assert dict(twin) == state
        twin["more"] = None
    assert dict(live) == state


FLAGS = {
    CacheControl: ["no-store", "no-transform"],
    RequestCacheControl: ["no-cache", "no-store", "no-transform", "only-if-cached"],
    ResponseCacheControl: [
        "immutable", "must-revalidate", "must-understand", "no-store", "no-transform", "proxy-revalidate", "public",
    ],
}  # fmt: skip
SECONDS = {
    CacheControl: ["max-age", "stale-if-error"],
    RequestCacheControl: ["max-age", "max-stale", "min-fresh", "stale-if-error"],
    ResponseCacheControl: ["max-age", "s-maxage", "stale-if-error", "stale-while-revalidate"],
}
FIELDS = {ResponseCacheControl: ["no-cache", "private"]}


def rows(table: dict[type[CacheControl], list[str]]) -> list[tuple[type[CacheControl], str]]:
    return [(cls, name) for cls, names in table.items() for name in names]


@pytest.mark.parametrize(("cls", "name"), rows(FLAGS))
def test_a_directive_without_a_value(cls: type[CacheControl], name: str) -> None:
    """Each directive without a value has an attribute, which is True only if the field has this directive (RFC 9111
    sections 5.2.1 and 5.2.2, RFC 8246 section 2). It takes no value.
    """
    attribute = name.replace("-", "_")
    others = ", ".join(other for other in FLAGS[cls] if other != name)
    assert getattr(cls.from_header(f"x, {name}"), attribute) is True
    assert getattr(cls.from_header(f"x, {others}"), attribute) is False
    assert cls([(name, None)]).to_header() == name
    with pytest.raises(ValueError, match=rf"^got {name}='1', expected no value$"):
        cls({name: "1"})
    if issubclass(cls, ResponseCacheControl):
        cache = cls()
        setattr(cache, attribute, True)
        assert cache.to_header() == name
        setattr(cache, attribute, False)
        assert cache.to_header() == ""


@pytest.mark.parametrize(("cls", "name"), rows(SECONDS))
def test_a_directive_with_a_number_of_seconds(cls: type[CacheControl], name: str) -> None:
    """Each directive whose value is a number of seconds has an attribute, which is an int (RFC 9111 sections 5.2.1 and
    5.2.2, RFC 5861 sections 3 and 4). It takes nothing else than a number.
    """
    attribute = name.replace("-", "_")
    assert getattr(cls.from_header(f"x=1, {name}=7"), attribute) == 7
    assert getattr(cls.from_header("x=1"), attribute) is None
    assert cls({name: "7"}).to_header() == f"{name}=7"
    for wrong in ("soon", "-1", "", True):
        if name != "max-stale" or wrong is not True:
            with pytest.raises(ValueError, match=rf"^got {name}=.*, expected a number of seconds$"):
                cls({name: wrong})  # type: ignore[dict-item]
    if issubclass(cls, ResponseCacheControl):
        cache = cls()
        setattr(cache, attribute, timedelta(minutes=2))
        assert cache.to_header() == f"{name}=120"
        delattr(cache, attribute)
        assert cache.to_header() == ""


@pytest.mark.parametrize(("cls", "name"), rows(FIELDS))
def test_a_directive_with_names_of_fields(cls: type[CacheControl], name: str) -> None:
    """``no-cache`` and ``private`` of a response have the names of fields as their value, always in quotes, or none
    (RFC 9111 sections 5.2.2.4 and 5.2.2.7).
    """
    for text, header in (("etag", f'{name}="etag"'), ("a, b", f'{name}="a, b"'), (None, name)):
        cache = cls({name: text})
        assert cache.to_header() == header
        assert getattr(cls.from_header(header), name.replace("-", "_")) == (text or True)
    assert getattr(cls.from_header("x"), name.replace("-", "_")) is None
    with pytest.raises(ValueError, match=rf"^got field name in {name} 'a b', expected a token$"):
        cls({name: "x, a b"})


@pytest.mark.parametrize("cls", [CacheControl, RequestCacheControl, ResponseCacheControl])
def test_the_directives_are_those_of_the_registry(cls: type[CacheControl]) -> None:
    """The tables of this file have every directive that is an attribute, so that none is without a test."""
    names = {name for name in dir(cls) if isinstance(getattr(cls, name), Directive)}
    tables = [*FLAGS[cls], *SECONDS[cls], *FIELDS.get(cls, [])]
    assert names == {name.replace("-", "_") for name in tables}


def test_max_stale_of_a_request() -> None:
    """``max-stale`` is the one directive whose number of seconds may be missing (RFC 9111 section 5.2.1.2)."""
    assert RequestCacheControl({"max-stale": None}).to_header() == "max-stale"
    assert RequestCacheControl.from_header("max-stale=5").max_stale == 5
    assert RequestCacheControl.from_header("max-stale").max_stale is True
    assert RequestCacheControl.from_header("x").max_stale is None


def test_truth_as_a_value() -> None:
    """True stands for a directive without a value, as it does for the attributes; False stands for none."""
    given: Any = {"no-store": True, "x": True}
    assert CacheControl(given).to_header() == "no-store, x"
    wrong: Any = {"max-age": False}
    with pytest.raises(ValueError, match=r"^got max-age=False, expected a number of seconds$"):
        CacheControl(wrong)
    wrong = {"x": False}
    with pytest.raises(TypeError, match=r"^got x=False, expected a str, an int or None$"):
        CacheControl(wrong)
    assert dict(CacheControl.from_header('a b=1, "c"=2, d')) == {"d": None}
