"""What may be left of a body when the answer is complete: whether the connection is closed, and how much is drained."""

from __future__ import annotations

import pytest

from cardan.core._request.draining import DrainLimits, closes
from cardan.datastructures import Headers

SMALL = DrainLimits(size=1000, seconds=1.0)


@pytest.mark.parametrize(
    ("status", "version", "fields", "expected"),
    [
        (413, "1.1", {"Content-Length": "1001"}, True),
        (413, "1.1", {"Content-Length": "1000"}, False),
        (413, "1.0", {"Content-Length": "1001"}, True),
        (400, "1.1", {"Transfer-Encoding": "chunked"}, True),
        (399, "1.1", {"Content-Length": "1001"}, False),
        (413, "2", {"Content-Length": "1001"}, False),
        (413, "3", {"Transfer-Encoding": "chunked"}, False),
        (400, "1.1", {}, False),
        (400, "1.1", {"Content-Length": "many"}, False),
        (400, "1.1", {"Content-Length": "-1"}, False),
    ],
)
def test_an_error_before_a_large_body_closes(status: int, version: str, fields: dict[str, str], expected: bool) -> None:
    """The answer to a request of HTTP/1 with more body than is drained has ``Connection: close``, if it is an error. A
    Content-Length that is no number announces no body: the server has not taken it either.
    """
    assert closes(status, version, Headers(fields), SMALL) is expected
