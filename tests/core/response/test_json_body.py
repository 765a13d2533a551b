"""JSON as a body."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from cardan.core import Response


def test_from_json() -> None:
    """RFC 8259: UTF-8, no space wasted; status and fields as the constructor takes them."""
    response = Response.from_json({"a": [1, "ä"]}, 201, {"X-A": "1"})
    assert response.data == '{"a":[1,"ä"]}'.encode()
    assert (response.status_code, response.content_type, response.headers["X-A"]) == (201, "application/json", "1")
    assert Response.from_json(None, "418 short and stout").status == "418 short and stout"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_nan(value: Any) -> None:
    """RFC 8259 section 6: there is no NaN."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        Response.from_json(value)


def test_what_json_cannot_say() -> None:
    """The writer's error, before anything is sent."""
    with pytest.raises(TypeError, match="not JSON serializable"):
        Response.from_json({1, 2})


def test_what_contains_itself() -> None:
    """A value without an end is a ValueError, as the standard library has it; an end that is deep is none."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="Circular reference"):
        Response.from_json(endless)
    shared = [1]
    assert Response.from_json([shared, shared]).data == b"[[1],[1]]"


@pytest.mark.parametrize("dumps", [lambda value: json.dumps(value, indent=1), lambda value: b'["x"]'])
def test_dumps(dumps: Any) -> None:
    """``dumps`` gives text or bytes."""
    assert json.loads(Response.from_json(["x"], dumps=dumps).data) == ["x"]


def test_lone_surrogate() -> None:
    """It has no UTF-8; an escape says it."""
    assert Response.from_json("ä\ud800").data == b'"\\u00e4\\ud800"'


@pytest.mark.parametrize("name", ["from_json", "from_events", "from_ndjson"])
def test_the_first_argument_has_no_name(name: str) -> None:
    """What a response is made from is a positional argument only, so that its name may change."""
    parameters = inspect.signature(getattr(Response, name)).parameters.values()
    assert [parameter.kind is parameter.POSITIONAL_ONLY for parameter in parameters] == [
        True, *[False] * (len(parameters) - 1),
    ]  # fmt: skip
