"""Live values: no change is ever lost."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from cardan import Response
from cardan.core.fields import live_field
from cardan.core.fields._cache_control import ResponseCacheControl
from cardan.core.fields._csp import ContentSecurityPolicy
from cardan.core.fields._links import Link, Links
from cardan.core.fields._live import Live
from cardan.core.fields._ranges import ContentRange
from cardan.core.fields._www_authenticate import WWWAuthenticate
from cardan.core.structures import Headers, HeaderSet
from cardan.datastructures import (
    AltServices,
    AuthenticationInfo,
    ClearSiteData,
    MediaType,
    MediaTypeParameters,
    Prefer,
    PreferenceApplied,
    ServerTimings,
    Trailers,
)
from cardan.structured import TargetedCacheControl

CLASSES: list[type[Live[Any]]] = [
    ResponseCacheControl, ContentSecurityPolicy, Links, ContentRange, WWWAuthenticate, HeaderSet, AltServices,
    AuthenticationInfo, ClearSiteData, MediaTypeParameters, PreferenceApplied, ServerTimings, TargetedCacheControl,
]  # fmt: skip


@pytest.mark.parametrize("cls", CLASSES)
def test_the_empty_value(cls: type[Live[Any]]) -> None:
    """A missing field gives an empty value, which is false and is written as ``""``. Reading it does not write a
    field.
    """
    headers = Headers()
    for value in (cls.from_header(None), cls.from_header(""), cls.bound(headers, "X")):
        assert not value
        assert value.to_header() == str(value) == ""
    assert len(headers) == 0


@pytest.mark.parametrize("cls", CLASSES)
def test_values_are_equal_by_what_they_say(cls: type[Live[Any]]) -> None:
    """Values are equal if their states are equal, bound or not. They are not hashable, because they can change."""
    headers = Headers([("X", "bytes 0-1/2")])
    assert cls.bound(headers, "X") == cls.from_header("bytes 0-1/2")
    assert cls.from_header(None) != 5
    with pytest.raises(TypeError, match=r"^unhashable type"):
        hash(cls.from_header(None))


def test_a_view_sees_assignments_to_the_headers() -> None:
    """A live value sees an assignment to the headers, and a removal of the field, at once."""
    headers = Headers()
    links = Links.bound(headers, "Link")
    headers["Link"] = "<a>"
    assert links[0].target == "a"
    headers.add("Link", "<b>")
    assert len(links) == 2
    del headers["Link"]
    assert not links


NAMES = ["a", "b", "c"]


class LostUpdates(RuleBasedStateMachine):
    """Several live values of one field, and the headers, are changed in any order. All of them then give the same
    state.
    """

    views = Bundle("views")

    @initialize()
    def start(self) -> None:
        self.headers = Headers([("Other", "x")])
        self.model: dict[str, str | None] = {}

    @rule(target=views)
    def view(self) -> ResponseCacheControl:
        return ResponseCacheControl.bound(self.headers, "Cache-Control")

    @rule(view=views, name=st.sampled_from(NAMES), value=st.sampled_from([None, "1", "x y"]))
    def set(self, view: ResponseCacheControl, name: str, value: str | None) -> None:
        view[name] = self.model[name] = value

    @rule(view=views, name=st.sampled_from(NAMES))
    def delete(self, view: ResponseCacheControl, name: str) -> None:
        view.pop(name, None)
        self.model.pop(name, None)

    @rule(view=views)
    def clear(self, view: ResponseCacheControl) -> None:
        view.clear()
        self.model.clear()

    @rule(view=views)
    def refused(self, view: ResponseCacheControl) -> None:
        with pytest.raises(ValueError, match=r"^got "):
            view["a"] = "\n"

    @rule(state=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([None, "2"])))
    def assign(self, state: dict[str, str | None]) -> None:
        self.headers["Cache-Control"] = ResponseCacheControl(state).to_header() if state else None
        self.model = dict(state)

    @rule(view=views)
    def look(self, view: ResponseCacheControl) -> None:
        assert dict(view) == self.model
        assert (len(view), bool(view), "a" in view) == (len(self.model), bool(self.model), "a" in self.model)

    @invariant()
    def the_field_says_so(self) -> None:
        values = self.headers.getlist("Cache-Control")
        assert len(values) == bool(self.model)
        assert dict(ResponseCacheControl.from_header(values[0] if values else None)) == self.model
        assert self.headers["Other"] == "x"


TestLostUpdates = LostUpdates.TestCase
TestLostUpdates.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)


def test_links_and_sets_do_not_share_state() -> None:
    """A change of a copy does not change the original."""
    headers = Headers([("Link", "<a>")])
    links = Links.bound(headers, "Link")
    twin = links.copy()
    twin.append(Link("b", "next"))
    assert headers["Link"] == "<a>"


class Level(Live[int]):
    """A value of a program: a number from 1 to 9, and 0 for none."""

    @classmethod
    def parse(cls, text: str, /) -> int:
        return ("", *"123456789").index(text)  # raises ValueError

    @classmethod
    def serialize(cls, state: int, /) -> str:
        return str(state) if state else ""


class OwnResponse(Response):
    level = live_field("X-Level", Level)


def test_a_class_with_two_methods() -> None:
    """``parse`` and ``serialize`` make a live value: it is bound to the field, is set like every other one, and its
    state can be replaced. The empty state removes the field, and a state that does not read back changes nothing.
    """
    response = OwnResponse()
    level, twin = response.level, response.level
    assert (level.state, bool(level)) == (0, False)
    level.state = 3
    assert (response.headers["X-Level"], twin.state, bool(twin), repr(twin)) == ("3", 3, True, "<Level '3'>")
    with pytest.raises(ValueError, match=r"^got a Level that is written as '10', expected one that reads back equal$"):
        level.state = 10
    assert (level.state, twin == Level(3), twin.copy().state) == (3, True, 3)
    response.level = Level(4)
    assert twin.state == 4
    response.level = 5
    assert twin.to_header() == "5"
    twin.state = 0
    assert "X-Level" not in response.headers


@pytest.mark.parametrize("text", ["10", "x", "1, 2"])
def test_a_value_that_the_parser_refuses(text: str) -> None:
    """A field value that ``parse()`` refuses reads as the empty value. The field stays until a change replaces it."""
    response = OwnResponse(headers={"X-Level": text})
    assert (response.level.state, bool(response.level), Level.from_header(text).state) == (0, False, 0)
    assert response.headers["X-Level"] == text
    response.level.state = 2
    assert response.headers["X-Level"] == "2"


def test_several_fields_of_a_class_of_ones_own() -> None:
    """``parse()`` gets the values of several fields of one name as one text (RFC 9110 section 5.3)."""
    response = OwnResponse(headers=[("X-Level", "1"), ("X-Level", "2")])
    assert not response.level
    response.level.state = 3
    assert response.headers.getlist("X-Level") == ["3"]


def test_a_class_without_one_of_the_methods() -> None:
    """A class that lacks ``parse`` or ``serialize`` has no objects."""

    class Half(Live[str]):
        @classmethod
        def parse(cls, text: str, /) -> str:
            return text

    for make in (Half.from_header, lambda text: Half.bound(Headers(), "X")):
        with pytest.raises(TypeError, match="serialize"):
            make("a")


@pytest.mark.parametrize("text", [None, 5, b"5"])
def test_a_serializer_that_gives_no_text(text: Any) -> None:
    """The error names the class and the method of the author, and the field stays as it was."""

    class Odd(Level):
        @classmethod
        def serialize(cls, state: int, /) -> str:
            return text  # type: ignore[no-any-return]

    class OddResponse(Response):
        level = live_field("X-Level", Odd)

    response = OddResponse(headers={"X-Level": "3"})
    with pytest.raises(TypeError, match=rf"^got {text!r} of Odd\.serialize\(\), expected text$"):
        response.level.state = 5
    assert response.headers["X-Level"] == "3"
    with pytest.raises(TypeError, match=r"^got .* of Odd\.serialize\(\), expected text$"):
        Odd(5)


class Text(Live[str]):
    """A field value as it is."""

    @classmethod
    def parse(cls, text: str, /) -> str:
        if text in ("ValueError", "LookupError", "ArithmeticError", "OSError"):
            raise getattr(builtins, text)(text)
        return text

    @classmethod
    def serialize(cls, state: str, /) -> str:
        return state


class OtherText(Text):
    """Another class with the same state."""


class Store(dict[str, str]):
    """Header fields of another library, in which a field that is not there cannot be removed."""

    def getlist(self, key: str, /) -> list[str]:
        return [self[key]] if key in self else []


@pytest.mark.parametrize("state", [" a", "a ", "\ta", "a\t"])
def test_a_state_with_white_space_around_it_is_refused(state: str) -> None:
    """A recipient takes the white space around a field value off (RFC 9110 section 5.5), so that it is not part of a
    state.
    """
    with pytest.raises(ValueError, match=r"expected one that reads back equal$"):
        Text(state)
    assert Text("a b").state == "a b"


@pytest.mark.parametrize("state", ["a\nb", "a\0", "\x7f", "\u20ac"])
def test_a_state_with_a_control_character_is_refused(state: str) -> None:
    """A field value has no control character, and nothing beyond latin-1 (RFC 9110 section 5.5), whatever the class."""
    with pytest.raises(ValueError, match=r"^got value .*, expected no control characters and nothing beyond latin-1$"):
        Text(state)


@pytest.mark.parametrize("name", ["ValueError", "LookupError", "ArithmeticError"])
def test_the_errors_with_which_a_parser_refuses(name: str) -> None:
    """A parser may refuse a field value by three kinds of errors; the value is then empty."""
    assert Text.from_header(name).state == ""
    assert Text.bound(Store({"X": name}), "X").state == ""
    with pytest.raises(OSError, match="OSError"):
        Text.from_header("OSError")


def test_values_of_two_classes_are_not_equal() -> None:
    """Two fields with the same state mean different things."""
    assert Text("a") == Text("a")
    assert Text("a") != OtherText("a")
    assert OtherText("a") != Text("a")
    assert Text("a") != "a"


def test_a_field_that_is_not_there_is_not_removed() -> None:
    """An empty value removes the field if there is one: other code may have removed it since."""
    store = Store()
    value = Text.bound(store, "X")
    value.state = ""
    value.state = "a"
    assert store == {"X": "a"}
    del store["X"]
    value.state = ""
    assert (store, value.state) == ({}, "")


@pytest.mark.parametrize("value", [
    ResponseCacheControl({"public": None}), ContentSecurityPolicy({"img-src": "*"}),
    MediaTypeParameters(MediaType("text", "plain", {"charset": "utf-8"})), Prefer({"wait": "5"}),
    Trailers({"X-Rows": "5"}),
], ids=lambda value: type(value).__name__)  # fmt: skip
@pytest.mark.parametrize("key", [5, None, b"wait"])
def test_no_name_is_anything_but_text(value: Any, key: Any) -> None:
    """A mapping of names is asked for what is no name as a dict is: no such key."""
    assert value.get(key, "default") == "default"
    assert key not in value
    with pytest.raises(KeyError):
        value[key]
    if hasattr(value, "pop"):
        assert value.pop(key, "default") == "default"
        with pytest.raises(KeyError):
            del value[key]
    assert len(value) == 1
