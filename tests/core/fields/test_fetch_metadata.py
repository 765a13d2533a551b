"""What browsers say about where a request comes from."""

from __future__ import annotations

import pytest

from cardan.core.fields.fetch_metadata import FetchDest, FetchMode, FetchSite, parse_fetch_user


@pytest.mark.parametrize("value", [*FetchSite, *FetchMode, *FetchDest])
def test_values_come_back(value: FetchSite | FetchMode | FetchDest) -> None:
    """Written and read they are the same."""
    assert type(value).from_header(value.to_header()) is value
    assert type(value).from_header(f"{value};x") is value


@pytest.mark.parametrize("text", [None, "", "x", "CORS", "cors, cors"])
def test_unknown_values_are_none(text: str | None) -> None:
    """Tokens of structured fields: case counts."""
    assert FetchSite.from_header(text) is None
    assert FetchMode.from_header(text) is None
    assert FetchDest.from_header(text) is None


@pytest.mark.parametrize(("text", "user"), [("?1", True), ("?1;x", True), ("?0", False), ("1", False), (None, False)])
def test_user(text: str | None, user: bool) -> None:
    """A boolean of structured fields."""
    assert parse_fetch_user(text) == user
