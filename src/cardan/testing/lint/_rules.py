"""The rules of HTTP that hold on both protocols.

Each function checks a value of the application, and raises AssertionError if the value breaks a rule.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

__all__ = ["HOP_BY_HOP", "BodyRules", "Judge", "check_field", "check_fields", "check_final_status"]

#: RFC 9110, section 7.6.1; PEP 3333, "Other HTTP Features": only the server may send them
HOP_BY_HOP: Final = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "trailers", "transfer-encoding", "upgrade")
)

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Judge:
    """Remembers the first broken rule, in case the application catches the error."""

    def __init__(self) -> None:
        self.verdict: str | None = None

    def fail(self, sentence: str) -> NoReturn:
        """Raise AssertionError with ``sentence``."""
        self.verdict = self.verdict or sentence
        raise AssertionError(sentence)

    def must(self, good: object, sentence: str) -> None:
        """Raise AssertionError with ``sentence`` if ``good`` is false."""
        if not good:
            self.fail(sentence)

    def close(self) -> None:
        """Raise the first AssertionError again, if there was one."""
        if self.verdict is not None:
            raise AssertionError(self.verdict)


def check_final_status(judge: Judge, status: int) -> None:
    """RFC 9110, section 15: a final status is 200 to 599."""
    judge.must(200 <= status <= 599, f"got status {status}, expected a final one, 200 to 599")


def check_field(judge: Judge, name: str, value: str) -> None:
    """RFC 9110, section 5.1 (names) and 5.5 (values)."""
    judge.must(_TOKEN.fullmatch(name), f"got header name {name!r}, expected a token")
    judge.must(not _CONTROL.search(value), f"got {value!r} as {name}, expected no control characters")
    judge.must(value == value.strip(" \t"), f"got {value!r} as {name}, expected no space around it")
    judge.must(name.lower() not in HOP_BY_HOP, f"got hop-by-hop header {name}, expected the server to send it")


def check_fields(judge: Judge, fields: list[tuple[str, str]], status: int) -> int | None:
    """Check each field. Returns the Content-Length (RFC 9110, section 8.6), or None if there is none."""
    for name, value in fields:
        check_field(judge, name, value)
    lengths = [value for name, value in fields if name.lower() == "content-length"]
    if not lengths:
        return None
    judge.must(len(lengths) == 1, f"got Content-Length {len(lengths)} times, expected it once")
    judge.must(_DIGITS.fullmatch(lengths[0]), f"got Content-Length {lengths[0]!r}, expected digits")
    judge.must(status != 204, "got Content-Length with status 204, expected none")
    return int(lengths[0])


class BodyRules:
    """Checks the length of a body, and that there is none if there must not be one (RFC 9110, section 6.4.1)."""

    def __init__(self, judge: Judge, method: str, status: int, declared: int | None) -> None:
        self._judge = judge
        self._declared = declared
        tunnel = method == "CONNECT" and 200 <= status < 300  # RFC 9110, section 9.3.6
        judge.must(not tunnel or declared is None, f"got Content-Length {declared} in a 2xx to CONNECT, expected none")
        self._kind = f"an answer to {method}" if method == "HEAD" or tunnel else f"a response with status {status}"
        self._bodiless = method == "HEAD" or tunnel or status in (204, 304)
        self._seen = 0

    def feed(self, size: int) -> None:
        """Check ``size`` more bytes."""
        self._seen += size
        allowed = not self._bodiless or not size
        self._judge.must(allowed, f"got a body of {size} bytes in {self._kind}, expected none")
        too_long = self._declared is not None and self._seen > self._declared
        self._judge.must(not too_long, f"got {self._seen} bytes or more, expected Content-Length {self._declared}")

    def close(self) -> None:
        """Check the complete body."""
        short = self._declared is not None and self._seen < self._declared and not self._bodiless
        self._judge.must(not short, f"got {self._seen} bytes, expected Content-Length {self._declared}")
