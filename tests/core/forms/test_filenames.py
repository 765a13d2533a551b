"""safe_filename: what is made of a long name is as safe as what is made of a short one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.forms import safe_filename

PIECES = st.sampled_from(["NUL", "con", ".", " ", ".txt", "a", "é", "日", "\\", "/", ":", "x" * 190, "é" * 99, "_"])


@pytest.mark.parametrize("name", ["NUL." + "x" * 300, "NUL." + "x" * 196, "con." + "é" * 150 + ".txt"])
def test_a_long_name_of_a_device(name: str) -> None:
    """The documented 200 bytes count the underscore before a name that is a device on Windows, too."""
    safe = safe_filename(name)
    assert (safe[:1], len(safe.encode()) <= 200) == ("_", True)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_safe_name_stays(name: str) -> None:
    """What was made safe once is what a second look makes of it, and fits."""
    safe = safe_filename(name)
    assert safe_filename(safe) == safe
    assert len(safe.encode()) <= 200
