"""Targeted cache control: directives for one kind of cache."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan import Response
from cardan.structured import TargetedCacheControl, targeted_cache_control


class SiteResponse(Response):
    example_cdn = targeted_cache_control("ExampleCDN-Cache-Control", doc="One network.")


@pytest.mark.parametrize(
    ("header", "state"),
    [
        (None, {}),
        ("", {}),
        ("max-age=60", {"max-age": "60"}),
        ("max-age=600, must-revalidate", {"max-age": "600", "must-revalidate": None}),
        ("none", {"none": None}),
        ('no-store, no-cache="set-cookie, a"', {"no-store": None, "no-cache": "set-cookie, a"}),
        ("private;x=1, max-age=5;y", {"private": None, "max-age": "5"}),
        ("max-age=1, max-age=2", {"max-age": "2"}),
        ('x=1, y="a b", z=tok', {"x": "1", "y": "a b", "z": "tok"}),
        # the field is no Dictionary: it counts as missing
        ("max-age=60,", {}),
        ("Max-Age=60", {}),
        ("max-age=", {}),
        ("max-age=60; no-store, =1", {}),
        # values of a wrong type
        ("max-age=60.5, no-store", {"no-store": None}),
        ('max-age="60", s-maxage=-1, public=?0, no-store=1, private=5, x=?0, y=:aa==:, z=(a b)', {}),
    ],
)
def test_reading(header: str | None, state: dict[str, str | None]) -> None:
    """A value that is no Dictionary counts as missing, parameters and values of a wrong type are not consumed.

    RFC 9213 section 2.1.
    """
    assert dict(TargetedCacheControl.from_header(header)) == state


def test_the_examples() -> None:
    """The examples of RFC 9213 section 3.1 are written by attributes, beside Cache-Control."""
    response = SiteResponse()
    response.cache_control.max_age, response.cache_control.s_maxage = 60, 120
    response.cdn_cache_control.max_age = 600
    response.cdn_cache_control.must_revalidate = True
    response.example_cdn.max_age = 20
    assert response.headers["Cache-Control"] == "max-age=60, s-maxage=120"
    assert response.headers["CDN-Cache-Control"] == "max-age=600, must-revalidate"
    assert response.headers["ExampleCDN-Cache-Control"] == "max-age=20"
    response.cdn_cache_control = {"no-store": None}
    assert response.headers["CDN-Cache-Control"] == "no-store"
    response.cdn_cache_control.no_cache = "set-cookie"
    assert response.headers["CDN-Cache-Control"] == 'no-store, no-cache="set-cookie"'
    response.cdn_cache_control.clear()
    assert "CDN-Cache-Control" not in response.headers
    assert SiteResponse.example_cdn.__doc__ == "One network."


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("max-age", "soon", "got max-age='soon', expected a number of seconds"),
        ("max-age", None, "got max-age=None, expected a number of seconds"),
        ("max-age", "1.5", "got max-age='1.5', expected a number of seconds"),
        ("max-age", "9" * 16, f"got max-age='{'9' * 16}', expected a number of seconds"),
        ("no-store", "1", "got no-store='1', expected no value"),
        ("a b", None, "got "),
        ("9", None, "got "),
        ("x", "\u00e4", "got "),
        ("x", "a\r\nb", "got "),
    ],
)
def test_values_that_cannot_be_written(name: str, value: Any, text: str) -> None:
    """A directive with a value of a wrong type is refused, and the field keeps its value (RFC 9213 section 2.1)."""
    response = Response()
    response.cdn_cache_control.public = True
    with pytest.raises(ValueError) as caught:
        response.cdn_cache_control[name] = value
    assert str(caught.value).startswith(text)
    assert response.headers["CDN-Cache-Control"] == "public"
    with pytest.raises(ValueError):
        TargetedCacheControl({name: value})


@given(
    st.dictionaries(
        st.text("abcxyz-", min_size=1, max_size=6).filter(lambda name: name[0] != "-"),
        st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8) | st.integers().map(str),
        max_size=4,
    )
)
def test_fields_come_back(state: dict[str, str | None]) -> None:
    """A field that is written and read again is equal; text that looks like another type stays text."""
    cache = TargetedCacheControl(state)
    assert TargetedCacheControl.from_header(cache.to_header()) == cache
    assert pickle.loads(pickle.dumps(cache)) == copy.deepcopy(cache) == cache


@pytest.mark.parametrize(
    ("name", "text", "written"),
    [
        ("private", "5", 'private="5"'),
        ("no-cache", "set-cookie", 'no-cache="set-cookie"'),
        ("max-age", "5", "max-age=5"),
        ("x", "5", "x=5"),
        ("x", "05", 'x="05"'),
        ("x", "-5", "x=-5"),
        ("x", "999999999999999", "x=999999999999999"),
        ("x", "9999999999999999", 'x="9999999999999999"'),
        ("x", "a/b", "x=a/b"),
        ("x", "a b", 'x="a b"'),
        ("x", None, "x"),
    ],
)
def test_the_type_of_a_value(name: str, text: str | None, written: str) -> None:
    """A number of seconds is an Integer, names of fields are a String (RFC 9213 section 2.1); what another has is an
    Integer, a Token or a String, whichever says it.
    """
    cache = TargetedCacheControl({name: text})
    assert cache.to_header() == written
    assert TargetedCacheControl.from_header(written) == cache


FLAGS = "immutable must-revalidate must-understand no-store no-transform proxy-revalidate public"


@pytest.mark.parametrize("name", FLAGS.split())
def test_directives_without_a_value(name: str) -> None:
    """A directive that has no value is the Boolean true; with a value of another type it is skipped (RFC 9213 section
    2.1), and refused when it is set.
    """
    assert TargetedCacheControl({name: None}).to_header() == name
    assert dict(TargetedCacheControl.from_header(f"{name}, x")) == {name: None, "x": None}
    for value in ("1", "?0", "a", '"a"'):
        assert dict(TargetedCacheControl.from_header(f"{name}={value}, x")) == {"x": None}
    with pytest.raises(ValueError, match=rf"^got {name}='1', expected no value$"):
        TargetedCacheControl({name: "1"})


@pytest.mark.parametrize("name", ["max-age", "s-maxage", "stale-if-error", "stale-while-revalidate"])
def test_directives_with_seconds(name: str) -> None:
    """A directive with seconds is an Integer that is not negative; any other value is skipped, and refused."""
    assert dict(TargetedCacheControl.from_header(f"{name}=0, x")) == {name: "0", "x": None}
    for value in ("?1", "-1", "1.0", "a", '"1"', "(1)"):
        assert dict(TargetedCacheControl.from_header(f"{name}={value}, x")) == {"x": None}
    with pytest.raises(ValueError, match=rf"^got {name}=.*, expected a number of seconds$"):
        TargetedCacheControl({name: "a"})
