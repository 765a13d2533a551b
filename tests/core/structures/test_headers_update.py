"""Headers.update: the fields of several names are set at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.structures import Headers

names = st.sampled_from(["A", "a", "B", "C"])
values = st.sampled_from(["1", "2", None]) | st.lists(st.sampled_from(["3", "4"]), max_size=3)


@given(
    st.lists(st.tuples(names, st.sampled_from(["x", "y"])), max_size=6), st.lists(st.tuples(names, values), max_size=6)
)
def test_it_is_setlist_for_one_name_after_the_other(
    fields: list[tuple[str, str]], changes: list[tuple[str, str | list[str] | None]]
) -> None:
    """The result is that of ``setlist()`` for each name in turn: the first value takes the place of the first field of
    the name, the others go to the end.
    """
    one_by_one = Headers(fields)
    for name, value in changes:
        one_by_one.setlist(name, value if isinstance(value, list) else [] if value is None else [value])
    at_once = Headers(fields)
    at_once.update(changes)
    assert list(at_once.items()) == list(one_by_one.items())


def test_one_that_is_refused_changes_nothing() -> None:
    """All names and values are checked before the first field is set."""
    headers = Headers({"A": "1"})
    with pytest.raises(ValueError, match=r"got field name 'b c', expected a token \(RFC 9110 section 5.6.2\)"):
        headers.update([("A", "2"), ("b c", "3")])
    assert list(headers.items()) == [("A", "1")]
