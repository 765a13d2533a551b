"""Status codes, their phrases, and status lines read and written."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from cardan.core._status import PHRASES, STATUS_LINES, checked_code, parse_status, status_line

#: The HTTP Status Code Registry of IANA, without the temporary 104 and the
#: unused 306 and 418.
REGISTRY = {
    100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints",
    200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
    205: "Reset Content", 206: "Partial Content", 207: "Multi-Status", 208: "Already Reported", 226: "IM Used",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
    305: "Use Proxy", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
    409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
    421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked", 424: "Failed Dependency",
    425: "Too Early", 426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout", 505: "HTTP Version Not Supported", 506: "Variant Also Negotiates",
    507: "Insufficient Storage", 508: "Loop Detected", 510: "Not Extended", 511: "Network Authentication Required",
}  # fmt: skip


def test_the_phrases_are_those_of_the_registry() -> None:
    """Each code of the registry has its phrase, letter for letter, and no other code has one but 418 (RFC 2324)."""
    assert {**REGISTRY, 418: "I'm a teapot"} == PHRASES


@pytest.mark.parametrize("status", HTTPStatus, ids=str)
def test_each_code_of_the_standard_library_has_a_phrase(status: HTTPStatus) -> None:
    """A member of :class:`http.HTTPStatus` can be given as a status."""
    assert status.value in PHRASES


@pytest.mark.parametrize("code", [100, 599, HTTPStatus.OK])
def test_a_code(code: int) -> None:
    """The five classes go from 100 to 599 (RFC 9110 section 15). A code of an enumeration becomes a plain int."""
    assert checked_code(code) == code
    assert type(checked_code(code)) is int
    assert parse_status(f"{int(code)} x") == (code, f"{int(code)} x")


@pytest.mark.parametrize("code", [True, "200", 200.0, None])
def test_what_is_no_code(code: Any) -> None:
    """A bool, a text and a float are no status codes."""
    with pytest.raises(TypeError, match=r"^got the status code .*, expected an int$"):
        checked_code(code)


@pytest.mark.parametrize("code", [99, 600, -1])
def test_a_code_of_no_class(code: int) -> None:
    """A number that is in none of the five classes is refused."""
    with pytest.raises(ValueError, match=rf"^got the status code {code}, expected one from 100 to 599$"):
        checked_code(code)


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
        ("404 a\tb", (404, "404 a\tb")),
        ("404 \x80\xff", (404, "404 \x80\xff")),
        ("\t404 \x85a\xa0 ", (404, "404 \x85a\xa0")),
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
        "\xa0404 x",
        "\x85",
    ],
)
def test_what_is_no_status(text: str) -> None:
    """A text without a code from 100 to 599 (RFC 9110 section 15) is refused, and one that a status line cannot hold
    (RFC 9112 section 4).
    """
    with pytest.raises(ValueError, match=r"^got .*, expected "):
        parse_status(text)
