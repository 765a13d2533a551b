"""Status codes, their phrases, and status lines read and written."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from cardan.core._status import PHRASES, STATUS_LINES, parse_status, status_line

# RFC 9110 renamed three of them; Python 3.13 follows.
RENAMED = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
# RFC 9110 section 15.5.15 on 414, RFC 2295 on 506; the standard library spells these otherwise on some versions.
SPELLED = {414: "URI Too Long", 418: "I'm a teapot"}


@pytest.mark.parametrize("status", HTTPStatus, ids=str)
def test_each_code_of_the_standard_library_has_a_phrase(status: HTTPStatus) -> None:
    """The phrase is that of the standard library, less those that RFC 9110 renamed."""
    expected = (RENAMED | SPELLED).get(status.value, status.phrase)
    assert PHRASES[status.value].lower() == expected.lower()


def test_a_status_line_is_a_code_and_a_phrase() -> None:
    """The reason phrase of each code (RFC 9112 section 4). An unregistered code has the phrase "Unknown"."""
    assert (status_line(404), status_line(299)) == ("404 Not Found", "299 Unknown")
    assert {code: line.split(" ", 1) for code, line in STATUS_LINES.items()} == {
        code: [str(code), phrase] for code, phrase in PHRASES.items()
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("404 Not Found", (404, "404 Not Found")),
        ("404", (404, "404 Not Found")),
        ("404  gone fishing ", (404, "404 gone fishing")),
        ("299", (299, "299 Unknown")),
    ],
)
def test_parse(text: str, expected: tuple[int, str]) -> None:
    """The code and the line."""
    assert parse_status(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "200 a\r\nb",
        "200 \0",
        "200 a\x01b",
        "200 a\x7f",
        "\x1f200 a",
        "200 \x0b",
        "200 \u0100",
        "gone fishing",
        "1234 x",
        "0 x",
        "99",
        "600 x",
        "999",
        "\xd9\xa4\xd9\xa0",
    ],
)
def test_what_is_no_status(text: str) -> None:
    """A text without a code from 100 to 599 (RFC 9110 section 15) is refused, and one that a status line cannot hold
    (RFC 9112 section 4).
    """
    with pytest.raises(ValueError, match=r"^got .*, expected "):
        parse_status(text)
