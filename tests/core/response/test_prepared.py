"""PreparedResponse: whatever the program does to it, what is sent is what a plain response would send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cardan.core import ContentLengthError, Response
from cardan.core._response.outgoing import WholeAnswer
from cardan.core._response.prepared import PreparedResponse, prepare

BODY = b"body { color: red }"
FIELDS = [("Content-Type", "text/css"), ("ETag", '"1"'), ("Content-Length", str(len(BODY)))]


class Prepared(PreparedResponse, Response):
    """Every mixin."""


def plain() -> Response:
    return Response(BODY, headers=FIELDS)


def prepared() -> Prepared:
    fields = prepare(plain())
    assert fields is not None
    return Prepared(fields, BODY)


def sent(response: Any, method: str) -> Any:
    try:
        return response.outgoing(method)
    except (ValueError, ContentLengthError) as error:
        return type(error), str(error)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda response: None,
    "reading": lambda response: (response.headers, response.data, response.response, response.content_type),
    "a field": lambda response: response.headers.add("X", "1"),
    "a field that must not be sent": lambda response: response.headers._list.append(("X", "1\n")),
    "no field": lambda response: response.headers.remove("ETag"),
    "other fields": lambda response: setattr(response, "headers", [("X", "1")]),
    "type": lambda response: setattr(response, "content_type", "a/b"),
    "cookie": lambda response: response.set_cookie("a", "b"),
    "status 304": lambda response: setattr(response, "status_code", 304),
    "status 204": lambda response: setattr(response, "status_code", 204),
    "status with a phrase": lambda response: setattr(response, "status", "200 Fine"),
    "data": lambda response: setattr(response, "data", b"other"),
    "data of the same length": lambda response: setattr(response, "data", b"x" * len(BODY)),
    "chunks": lambda response: setattr(response, "response", [BODY[:3], BODY[3:]]),
    "a body that is too long": lambda response: setattr(response, "response", [BODY, b"more"]),
    "copy": lambda response: response.__copy__(),
    "correction": lambda response: setattr(response, "autocorrect_location_header", True),
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("change", CHANGES)
def test_sent_as_a_plain_response(change: str, method: str) -> None:
    """A PreparedResponse is sent with the same fields, status, body and errors as a plain response."""
    ours, theirs = prepared(), plain()
    theirs._own_length = None  # the program declared the length
    CHANGES[change](ours)
    CHANGES[change](theirs)
    assert sent(ours, method) == sent(theirs, method)
    assert ours.status == theirs.status


def test_one_sending_does_not_change_another() -> None:
    """What an adapter does to the list of fields stays with that answer."""
    response = prepared()
    answer = response.outgoing("GET")
    assert type(answer) is WholeAnswer
    answer.headers.append(("X", "1"))
    response.headers["Y"] = "1"
    assert prepared().outgoing("GET").headers == FIELDS  # type: ignore[union-attr]


def test_what_cannot_be_prepared() -> None:
    """Another status, a body without a declared length, fields that must not be sent."""
    assert prepare(Response(BODY, 404, headers=FIELDS)) is None
    assert prepare(Response(iter([BODY]))) is None
    bad = plain()
    bad.headers._list.append(("X", "1\n"))
    with pytest.raises(ValueError, match="got header field 'X'"):
        prepare(bad)
