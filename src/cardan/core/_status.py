"""Status codes and their reason phrases (RFC 9110 section 15 and the IANA registry of status codes)."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["PHRASES", "STATUS_LINES", "checked_code", "is_phrase", "parse_status", "status_line"]

#: Maps each status code to its reason phrase. The phrases of the standard library differ between Python versions.
PHRASES: Final[dict[int, str]] = {
    100: "Continue",
    101: "Switching Protocols",
    102: "Processing",
    103: "Early Hints",
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi-Status",
    208: "Already Reported",
    226: "IM Used",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    305: "Use Proxy",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    418: "I'm a teapot",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    423: "Locked",
    424: "Failed Dependency",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates",
    507: "Insufficient Storage",
    508: "Loop Detected",
    510: "Not Extended",
    511: "Network Authentication Required",
}

#: What a reason phrase contains: tab, space, visible characters, and those beyond ASCII (RFC 9112 section 4)
is_phrase = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch

#: What may stand around a status line. ``str.strip()`` also removes characters that a reason phrase may begin with.
_WHITE_SPACE: Final = " \t"

STATUS_LINES: Final[dict[int, str]] = {code: f"{code} {phrase}" for code, phrase in PHRASES.items()}
"""Maps each status code with a reason phrase to its status line, such as ``404 Not Found``."""


def status_line(code: int) -> str:
    """Return the status line of a code: ``"404 Not Found"`` for 404, ``"299 Unknown"`` for a code without a phrase."""
    return STATUS_LINES.get(code) or f"{code} Unknown"


def checked_code(code: int) -> int:
    """Return a status code as a plain int. Raises :exc:`TypeError` if it is no int.

    Raises :exc:`ValueError` if it is in none of the five classes, 1xx to 5xx (RFC 9110 section 15).
    """
    if not isinstance(code, int) or isinstance(code, bool):
        raise TypeError(f"got the status code {code!r}, expected an int")
    if not 100 <= code <= 599:
        raise ValueError(f"got the status code {int(code)}, expected one from 100 to 599")
    return int(code)


def parse_status(status: str) -> tuple[int, str]:
    """Return the code and the status line of ``"404 Not Found"``, ``"404"`` or a custom ``"404 gone fishing"``.

    Raises :exc:`ValueError` for text without a code, for a code that is not from 100 to 599, and for text with control
    characters or characters beyond latin-1, which a status line must not contain (RFC 9112 section 4).
    """
    text = status.strip(_WHITE_SPACE)
    if not text:
        raise ValueError("got an empty status, expected a code and a reason phrase")
    if not is_phrase(status):
        raise ValueError(f"got status {status!r}, expected latin-1 text without control characters")
    code, _, reason = text.partition(" ")
    if not (code.isascii() and code.isdigit() and len(code) <= 3):
        raise ValueError(f"got status {status!r}, expected a code from 100 to 599 and a reason phrase")
    number = checked_code(int(code))
    return number, f"{number} {reason.strip(_WHITE_SPACE)}" if reason else status_line(number)
