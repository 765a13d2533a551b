"""Live values: no change is ever lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from cardan.core.fields._cache_control import ResponseCacheControl
from cardan.core.fields._csp import ContentSecurityPolicy
from cardan.core.fields._links import Link, Links
from cardan.core.fields._live import Live
from cardan.core.fields._ranges import ContentRange
from cardan.core.fields._www_authenticate import WWWAuthenticate
from cardan.core.structures import Headers, HeaderSet

CLASSES: list[type[Live[Any]]] = [
    ResponseCacheControl, ContentSecurityPolicy, Links, ContentRange, WWWAuthenticate, HeaderSet,
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
