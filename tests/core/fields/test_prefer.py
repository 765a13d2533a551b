"""Prefer and Preference-Applied."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan import Request, Response
from cardan.core.fields._prefer import Prefer, PreferenceApplied

names = st.text("abcXYZ-", min_size=1, max_size=6)
values = st.none() | st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=6)


@pytest.mark.parametrize(
    ("header", "expected", "parameters"),
    [
        (None, {}, {}),
        ("", {}, {}),
        ("respond-async, wait=100", {"respond-async": None, "wait": "100"}, {}),
        ('foo; some-parameter=""', {"foo": None}, {"foo": {"some-parameter": None}}),
        ('foo=""; some-parameter', {"foo": None}, {"foo": {"some-parameter": None}}),
        ("foo; some-parameter", {"foo": None}, {"foo": {"some-parameter": None}}),
        ("handling=lenient", {"handling": "lenient"}, {}),
        ('return=representation; Foo="some value"', {"return": "representation"}, {"return": {"foo": "some value"}}),
        ("return=minimal, RETURN=representation", {"return": "minimal"}, {}),
        ('a = "b;c,d" ; e = f ; E=g;;, b', {"a": "b;c,d", "b": None}, {"a": {"e": "f"}}),
        ('"a"=b, =c, a b, c', {"c": None}, {}),
    ],
)
def test_reading(header: str | None, expected: dict[str, Any], parameters: dict[str, Any]) -> None:
    """The examples of RFC 7240 sections 2 and 4 are read.

    Names ignore case, an empty value is no value, and the first of several equal preferences counts (section 2).
    """
    prefer = Prefer.from_header(header)
    assert dict(prefer) == expected
    assert {name: found for name in prefer if (found := prefer.parameters_of(name))} == parameters


def test_registered_preferences() -> None:
    """The four preferences of RFC 7240 section 4 are attributes; values keep their case, and others read as None."""
    prefer = Prefer.from_header("Respond-Async, wait=100, Return=minimal, handling=strict")
    assert (prefer.respond_async, prefer.wait, prefer.return_, prefer.handling) == (True, 100, "minimal", "strict")
    assert "RETURN" in prefer
    prefer = Prefer.from_header("wait=soon, return=Minimal, handling")
    assert (prefer.respond_async, prefer.wait, prefer.return_, prefer.handling) == (False, None, None, None)


def wsgi(*lines: str) -> Request:
    return Request({"REQUEST_METHOD": "GET", "HTTP_PREFER": ",".join(lines)})


def asgi(*lines: str) -> Request:
    headers = [(b"prefer", line.encode()) for line in lines]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers}, None)


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_of_a_request(make: Any) -> None:
    """Several fields are one list (RFC 7240 section 2). The attribute cannot be set."""
    request = make("respond-async", "wait=100; x", "handling=lenient")
    assert dict(request.prefer) == {"respond-async": None, "wait": "100", "handling": "lenient"}
    assert request.prefer is request.prefer
    with pytest.raises(AttributeError):
        request.prefer = Prefer()


@given(st.dictionaries(names, values, max_size=3), st.dictionaries(names, values, max_size=2))
def test_preferences_come_back(state: dict[str, str | None], more: dict[str, str | None]) -> None:
    """A field that is written and read again is equal, and can be pickled, copied and hashed."""
    prefer = Prefer(state, dict.fromkeys(state, more))
    again = Prefer.from_header(prefer.to_header())
    assert again == prefer == pickle.loads(pickle.dumps(prefer)) == copy.deepcopy(prefer)
    assert hash(again) == hash(prefer)
    applied = PreferenceApplied(state)
    assert PreferenceApplied.from_header(applied.to_header()) == applied


@pytest.mark.parametrize(
    "arguments",
    [({"a b": None},), ({"": None},), ({"a": "b\r\nc"},), ({"a": "\u20ac"},), ({"a": None}, {"a": {"b c": "d"}}),
     ({"a": None}, {"b": {"c": "d"}})],
)  # fmt: skip
def test_wrong_preferences(arguments: tuple[Any, ...]) -> None:
    """What cannot be written is refused where the object is made."""
    with pytest.raises(ValueError, match=r"^got "):
        Prefer(*arguments)


def test_equality() -> None:
    """Two objects with the same preferences and parameters are equal; nothing else is equal to a preference."""
    prefer = Prefer({"wait": "10", "respond-async": None}, {"wait": {"unit": "s"}})
    same = Prefer({"respond-async": None, "Wait": "10"}, {"wait": {"unit": "s"}})
    assert prefer == same
    assert hash(prefer) == hash(same)
    assert prefer != Prefer({"wait": "10", "respond-async": None})
    assert prefer != "wait=10; unit=s, respond-async"


def test_applied() -> None:
    """What the server has followed is a live mapping (RFC 7240 section 3)."""
    response = Response()
    response.preference_applied["return"] = "representation"
    response.preference_applied["Respond-Async"] = ""
    assert response.headers["Preference-Applied"] == "return=representation, respond-async"
    assert dict(response.preference_applied) == {"return": "representation", "respond-async": None}
    assert dict(PreferenceApplied.from_header("a=1, A=2, b, =c, d=")) == {"a": "1", "b": None, "d": None}
    with pytest.raises(ValueError, match=r"^got preference 'a b', expected a token$"):
        response.preference_applied["a b"] = None
    response.preference_applied.clear()
    assert "Preference-Applied" not in response.headers
