"""Server-Timing, and the parameters that it consists of."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan import Response
from cardan.core.fields._parameters import parse_parameters
from cardan.core.fields._server_timing import ServerTiming, ServerTimings

metrics = st.builds(
    ServerTiming,
    st.text("abcXYZ-", min_size=1, max_size=6),
    st.none() | st.floats(0, 1e9) | st.integers(0, 10**9),
    st.none() | st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=8),
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, []),
        ("", []),
        ("miss, db;dur=53, app;dur=47.2", [("miss", None, None), ("db", 53, None), ("app", 47.2, None)]),
        ("customView, dc;desc=atl", [("customView", None, None), ("dc", None, "atl")]),
        ('cache;desc="Cache Read";dur=23.2', [("cache", 23.2, "Cache Read")]),
        ("total;dur=123.4", [("total", 123.4, None)]),
        ('a;desc="x, y; z" ; DUR = 5;dur=6;new=7;;', [("a", 5, "x, y; z")]),
        ("a;dur=soon;desc, b;dur=-1, c;dur=1e400, d;dur=1_0", [("a", None, None), ("b", None, None), ("c", None, None),
                                                               ("d", None, None)]),
        ('"a";dur=1, a b, =c, d=1, e', [("e", None, None)]),
    ],
)  # fmt: skip
def test_reading(header: str | None, expected: list[tuple[str, float | None, str | None]]) -> None:
    """The examples of W3C Server Timing section 2 are read.

    The first of several equal parameters counts, unknown ones are ignored (section 4).
    """
    assert list(ServerTimings.from_header(header)) == [ServerTiming(*values) for values in expected]


def test_parameters() -> None:
    """Parts end at a semicolon outside of quotes. Names are in lower case, a part without ``=`` has no value."""
    text = 'A;b = c ;d="e;\\"f";; g;h=;=i;j="k'
    assert parse_parameters(text) == [
        ("a", None), ("b", "c"), ("d", 'e;"f'), ("g", None), ("h", ""), ("", "i"), ("j", "k"),
    ]  # fmt: skip


@given(st.lists(metrics, max_size=3))
def test_metrics_come_back(members: list[ServerTiming]) -> None:
    """Metrics that are written and read again are equal, and can be pickled and copied."""
    field = ServerTimings(members)
    assert ServerTimings.from_header(field.to_header()) == field
    assert pickle.loads(pickle.dumps(field)) == copy.deepcopy(field) == field


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("a b",), ValueError), (("",), ValueError), (("a", -1), ValueError), (("a", float("inf")), ValueError),
     (("a", float("nan")), ValueError), (("a", None, "b\r\n"), ValueError), (("a", None, "\u20ac"), ValueError),
     ((5,), TypeError), (("a", "5"), TypeError), (("a", True), TypeError), (("a", 5, 6), TypeError)],
)  # fmt: skip
def test_wrong_metrics(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    """What cannot be written is refused where the object is made."""
    with pytest.raises(error, match=r"^got "):
        ServerTiming(*arguments)


def test_of_a_response() -> None:
    """The metrics are a live list, and several fields of one name are one list."""
    response = Response()
    response.server_timing.add("db", 53.25, "two queries")
    response.server_timing.append(ServerTiming("app", 47))
    assert response.headers["Server-Timing"] == 'db;dur=53.25;desc="two queries", app;dur=47'
    response.headers.add("Server-Timing", "total")
    assert [metric.name for metric in response.server_timing] == ["db", "app", "total"]
    response.server_timing[0] = ServerTiming("miss")
    assert response.headers.getlist("Server-Timing") == ["miss, app;dur=47, total"]
    response.server_timing = [ServerTiming("a")]
    assert str(response.server_timing[0]) == response.headers["Server-Timing"] == "a"
    response.server_timing.clear()
    assert "Server-Timing" not in response.headers


def test_a_metric_cannot_be_changed() -> None:
    """Metrics are values: they can be hashed, and a change raises AttributeError."""
    metric = ServerTiming("db", 5, "x")
    assert len({metric, ServerTiming("db", 5.0, "x"), ServerTiming("db")}) == 2
    for name in ("name", "duration", "description"):
        with pytest.raises(AttributeError):
            setattr(metric, name, getattr(metric, name))


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0", 0), ("53.2", 53.2), ("1e3", 1000), ("+5", 5), ("0" * 39 + "5", 5), ("0" * 40 + "5", None), ("1_0", None),
        ("5\xa0", None), ("\xb2", None), ("-1", None), ("nan", None), ("inf", None), ("1e999", None), ("", None),
        ("x", None),
    ],
)  # fmt: skip
def test_durations(text: str, duration: float | None) -> None:
    """A duration is a number in ASCII, finite and not negative. The metric of another one has no duration."""
    assert ServerTiming.from_header(f"a;dur={text}") == ServerTiming("a", duration)


def test_a_metric_with_a_control_character_is_none() -> None:
    """Text that a header field must not contain makes no metric, in whichever parameter it is."""
    for wrong in ('a;desc="b\x01"', "a\n", "a;x=\x7f", "a;desc=\u20ac"):
        assert ServerTiming.from_header(wrong) is None


def test_a_duration_beyond_every_float() -> None:
    """A duration that no float can say is refused with a ValueError, as infinity is."""
    with pytest.raises(ValueError, match="expected a finite number"):
        ServerTiming("db", 10**400)
