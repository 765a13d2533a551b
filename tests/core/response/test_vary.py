"""Vary: names of request fields are added to it."""

from __future__ import annotations

import pytest

from cardan.core._response.vary import add_vary
from cardan.datastructures import Headers


@pytest.mark.parametrize(
    ("there", "then"),
    [
        ([], ["Origin"]),
        (["Cookie"], ["Cookie, Origin"]),
        (["Cookie", "Accept"], ["Cookie, Accept, Origin"]),
        (["origin"], ["origin"]),
        (["*"], ["*"]),
        (["Cookie", "*"], ["Cookie", "*"]),
        ([""], ["Origin"]),
    ],
)
def test_vary(there: list[str], then: list[str]) -> None:
    """A name is added once; ``*`` has all names."""
    fields = Headers([("Vary", value) for value in there])
    add_vary(fields, "Origin")
    assert fields.getlist("Vary") == then
