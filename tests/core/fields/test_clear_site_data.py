"""Clear-Site-Data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan import Response
from cardan.core.fields._clear_site_data import KINDS, ClearSiteData


@pytest.mark.parametrize(
    ("header", "kinds"),
    [
        (None, []),
        ("", []),
        ('"cache", "cookies", "storage", "executionContexts"', ["cache", "cookies", "executionContexts", "storage"]),
        ('"*"', ["*"]),
        ('"cookies","cookies"', ["cookies"]),
        ('cookies, "Cookies", "new", "cache"', ["cache"]),
        ('"cookies', []),
    ],
)
def test_reading(header: str | None, kinds: list[str]) -> None:
    """Kinds are quoted and their case matters; others are skipped (W3C Clear Site Data sections 3.1 and 4.1)."""
    assert list(ClearSiteData.from_header(header)) == kinds


def test_writing() -> None:
    """Each kind is quoted. A kind that browsers do not know, which would have no effect, raises ValueError."""
    assert ClearSiteData(["storage", "cookies"]).to_header() == '"cookies", "storage"'
    assert ClearSiteData("*").to_header() == '"*"'
    response = Response()
    response.clear_site_data.add("cache")
    response.clear_site_data |= {"cookies"}
    assert response.headers["Clear-Site-Data"] == '"cache", "cookies"'
    for wrong in ("Cookies", "", '"cache"', "a\r\nb"):
        with pytest.raises(ValueError, match=r"^got .*, expected one of \*, cache, "):
            response.clear_site_data.add(wrong)
    assert response.headers["Clear-Site-Data"] == '"cache", "cookies"'
    response.clear_site_data.discard("cache")
    response.clear_site_data.discard("new")
    assert set(response.clear_site_data) == {"cookies"}
    assert "cookies" in response.clear_site_data
    assert "cache" not in response.clear_site_data
    response.clear_site_data.clear()
    assert "Clear-Site-Data" not in response.headers


@given(st.sets(st.sampled_from(KINDS)))
def test_fields_come_back(kinds: set[str]) -> None:
    """A set that is written and read again is equal, in whatever order it was made."""
    field = ClearSiteData(kinds)
    assert ClearSiteData.from_header(field.to_header()) == field == ClearSiteData(sorted(kinds, reverse=True))


@pytest.mark.parametrize(
    "kind",
    ["*", "cache", "clientHints", "cookies", "executionContexts", "prefetchCache", "prerenderCache", "storage"],
)
def test_every_kind_is_read_and_written(kind: str) -> None:
    """The kinds are those of W3C Clear Site Data section 3.1, and those that browsers have added to it."""
    assert list(ClearSiteData.from_header(f'"{kind}"')) == [kind]
    assert ClearSiteData([kind]).to_header() == f'"{kind}"'
