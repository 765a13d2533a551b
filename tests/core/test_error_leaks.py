"""The text of an exception may contain a password, so that no part of it is sent to a client."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from cardan.core._exceptions import (
    BadRequest,
    BadRequestKeyError,
    HTTPException,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
    abort,
)
from cardan.core._problem import document
from cardan.core._request import BaseRequest
from cardan.core._request.head import RequestHead
from cardan.core.structures._scope_headers import ScopeHeaders

SECRET = "postgres://user:password@host"
ACCEPTED = ("application/json", "text/html", "text/plain", "")


def error() -> ConnectionError:
    """An exception whose text contains a secret."""
    return ConnectionError(SECRET)


def documents(exception: HTTPException) -> list[str]:
    """Return everything that a client can get of an error, in every format."""
    requests = [
        BaseRequest(RequestHead("GET", "/", headers=ScopeHeaders([(b"accept", accept.encode())])))
        for accept in ACCEPTED
    ]
    return [document(exception, request)[1].decode() for request in (*requests, None)]


@pytest.mark.parametrize("cls", [InternalServerError, NotFound, ServiceUnavailable, HTTPException])
def test_original_exception(cls: type[HTTPException]) -> None:
    """``original_exception`` is an attribute of the error and part of no document."""
    original = error()
    exception = cls("it could not be saved", original_exception=original, members={"order": 17})
    exception.__cause__ = original
    assert exception.original_exception is original
    assert exception.members == {"order": 17}
    for text in documents(exception):
        assert "it could not be saved" in text
        assert SECRET not in text
        assert "ConnectionError" not in text
    assert cls().original_exception is None


def test_abort_takes_it() -> None:
    """``abort()`` accepts ``original_exception``, and a copy and a pickle keep it."""
    with pytest.raises(InternalServerError) as caught:
        abort(500, original_exception=error())
    assert str(caught.value.original_exception) == SECRET
    assert str(pickle.loads(pickle.dumps(caught.value)).original_exception) == SECRET


@pytest.mark.parametrize(
    "value",
    [error(), [error()], (1, {"a": {error()}}), {"a": [error()]}, {error(): 1}, ExceptionGroup("two", [error()])],
    ids=["itself", "list", "set", "dict", "key", "group"],
)
def test_a_member_that_is_an_exception(value: Any) -> None:
    """A member that is or contains an exception raises a TypeError that names ``original_exception``."""
    with pytest.raises(TypeError, match=r"in the member 'error', expected .* original_exception") as caught:
        InternalServerError(members={"error": value})
    assert SECRET not in str(caught.value)


def test_a_description_that_is_an_exception() -> None:
    """A description that is an exception raises TypeError: ``InternalServerError(error)`` would send its text."""
    with pytest.raises(TypeError, match="got ConnectionError as description"):
        InternalServerError(error())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="got ConnectionError as description"):
        abort(500, error())  # type: ignore[call-overload]


def test_a_key_that_is_an_exception() -> None:
    """A key that is an exception raises TypeError: the description contains the key, so that
    ``BadRequestKeyError(error)`` would send its text.
    """
    with pytest.raises(TypeError, match=r"got ConnectionError as key, expected .* original_exception") as caught:
        BadRequestKeyError(error())
    assert SECRET not in str(caught.value)
    assert BadRequestKeyError("name", original_exception=error()).description == "missing key 'name'"


@pytest.mark.parametrize("name", ["code", "name", "args", "members", "get_response", "response_class", "add_note"])
def test_a_member_with_the_name_of_an_attribute(name: str) -> None:
    """A member with the name of an attribute goes into ``members``, and changes the attribute in no way."""
    exception = BadRequest(members={name: "E17"})
    assert f'"{name}": "E17"' in documents(exception)[0]
    assert getattr(exception, name) != "E17"


def test_members_that_are_added_later() -> None:
    """If an exception is put into ``members`` later, at any depth, the document contains only the name of its class."""
    exception = InternalServerError()
    looped: list[Any] = [error()]
    looped.append(looped)
    for value in (error(), [error()], {"a": [error()]}, {error(): 1}, {1, error()}, looped):
        exception.members = {"error": value}
        for text in documents(exception):
            assert SECRET not in text
    exception.members = {"error": error(), "left": [1, {2}]}
    assert '"error": "ConnectionError"' in documents(exception)[0]
    assert '"left": [1, "{2}"]' in documents(exception)[0]
