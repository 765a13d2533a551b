"""Sec-Fetch-*: what a browser tells about the origin of a request."""

from __future__ import annotations

import pytest

from cardan.core.fields._fetch_metadata import FetchDest, FetchMode, FetchSite, parse_fetch_user


@pytest.mark.parametrize("value", [*FetchSite, *FetchMode, *FetchDest])
def test_values_come_back(value: FetchSite | FetchMode | FetchDest) -> None:
    """Every value that is written is parsed back."""
    assert type(value).from_header(value.to_header()) is value
    assert type(value).from_header(f"{value};x") is value


@pytest.mark.parametrize("text", [None, "", "x", "CORS", "cors, cors"])
def test_unknown_values_are_none(text: str | None) -> None:
    """An unknown value gives None. The values are tokens of structured fields, so that case matters."""
    assert FetchSite.from_header(text) is None
    assert FetchMode.from_header(text) is None
    assert FetchDest.from_header(text) is None


@pytest.mark.parametrize(("text", "user"), [("?1", True), ("?1;x", True), ("?0", False), ("1", False), (None, False)])
def test_user(text: str | None, user: bool) -> None:
    """Sec-Fetch-User is a boolean of structured fields: only ``?1`` is true."""
    assert parse_fetch_user(text) == user


SITES = "cross-site same-origin same-site none"
MODES = "cors navigate no-cors same-origin websocket"
DESTINATIONS = (
    "audio audioworklet document embed empty fencedframe font frame iframe image json manifest object paintworklet "
    "report script serviceworker sharedworker style track video webidentity worker xslt"
)


@pytest.mark.parametrize(("kind", "values"), [(FetchSite, SITES), (FetchMode, MODES), (FetchDest, DESTINATIONS)])
def test_the_values_of_the_standard(kind: type[FetchSite | FetchMode | FetchDest], values: str) -> None:
    """The values are those of Fetch Metadata sections 2.1 to 2.3, which takes modes and destinations from Fetch section
    2.2.5; a name is the value in upper case, with underscores.
    """
    expected = {value.upper().replace("-", "_"): value for value in values.split()}
    assert {member.name: member.value for member in kind} == expected
