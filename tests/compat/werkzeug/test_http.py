"""cardan.compat.werkzeug.http: the names that are only here. ``tests/test_http.py`` tests the others."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import werkzeug.http

import cardan.http
from cardan.compat.werkzeug import http

ONLY_HERE = {
    "COEP", "COOP", "HTTP_STATUS_CODES", "dump_csp_header", "parse_authorization_header", "parse_date",
    "parse_set_header", "parse_www_authenticate_header",
}  # fmt: skip


def test_the_functions_are_those_of_cardan() -> None:
    """Every other name is the function of :mod:`cardan.http`."""
    for name in set(http.__all__) - ONLY_HERE:
        assert getattr(http, name) is getattr(cardan.http, name)


def test_csp(wz: Any) -> None:
    """A Content-Security-Policy is written as it was read."""
    text = "default-src 'self'; img-src *"
    assert wz.http.dump_csp_header(wz.http.parse_csp_header(text)) == text


def test_a_set_tells_its_changes(wz: Any) -> None:
    """``on_update`` is called with the set after each change."""
    told: list[str] = []
    names = wz.http.parse_set_header("a, b", lambda changed: told.append(changed.to_header()))
    names.add("c")
    names.add("d")
    assert told == ["a, b, c", "a, b, c, d"]
    assert not wz.http.parse_set_header(None)


#: what Werkzeug spells otherwise than RFC 9110, RFC 4918 and RFC 6585, and the codes that are not registered
SPELLED_OTHERWISE = {203, 207, 306, 414, 449, 511}
#: the phrases that RFC 9110 has changed, which later versions of the standard library follow
CHANGED = {413, 416, 422}


def test_status_codes() -> None:
    """The code and the phrase of each status, as the standard library has them. Werkzeug has the same, but for some
    spellings and two codes that nobody has registered.
    """
    assert dict(http.HTTP_STATUS_CODES) == {each.value: each.phrase for each in HTTPStatus}
    for code in {*http.HTTP_STATUS_CODES, *werkzeug.http.HTTP_STATUS_CODES} - SPELLED_OTHERWISE - CHANGED:
        assert http.HTTP_STATUS_CODES[code].lower() == werkzeug.http.HTTP_STATUS_CODES[code].lower()
    assert {306, 449}.isdisjoint(http.HTTP_STATUS_CODES)


def test_the_members_of_policies() -> None:
    """COEP and COOP have every member of Werkzeug's, with the same value, which is that of the field."""
    for name in ("COEP", "COOP"):
        ours, theirs = getattr(http, name), getattr(werkzeug.http, name)
        assert len(theirs) >= 2
        assert {each.name: each.value for each in theirs}.items() <= {each.name: each.value for each in ours}.items()


def test_the_parsers_of_the_original_design() -> None:
    """Authorization and WWW-Authenticate have functions, as they had in the original design."""
    found = http.parse_authorization_header("Basic QWRhOng=")
    assert found is not None
    assert (found.username, found.password) == ("Ada", "x")
    assert http.parse_authorization_header(None) is None
    challenges = http.parse_www_authenticate_header('Basic realm="staff"')
    assert challenges is not None
    assert challenges.realm == "staff"
    assert http.parse_www_authenticate_header("") is None
    assert http.COEP.REQUIRE_CORP.value == "require-corp"
    assert http.COOP.SAME_ORIGIN.value == "same-origin"


def test_dates(wz: Any) -> None:
    """Dates that :mod:`email.utils` reads are read, too. A date is aware; what is no date is None."""
    for text in ("Sun, 06 Nov 1994 09:49:37 +0100", "6 Nov 1994 08:49:37 -0000", "Sunday, 06-Nov-94 08:49:37 GMT"):
        assert wz.http.parse_date(text).timestamp() == 784111777
    for text in (None, "", "x", "Sun, 99 Nov 1994 09:49:37 +0100", "Sun, 06 Nov 1994 09:49:37 +9999"):
        assert wz.http.parse_date(text) is None
