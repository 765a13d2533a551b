"""cardan.compat.werkzeug.http: the names that are only here. ``tests/test_http.py`` tests the others."""

from __future__ import annotations

from typing import Any

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


def test_status_codes(wz: Any) -> None:
    """The reason phrases by their codes."""
    assert wz.http.HTTP_STATUS_CODES[200].lower() == "ok"
    assert wz.http.HTTP_STATUS_CODES[404].lower() == "not found"


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
