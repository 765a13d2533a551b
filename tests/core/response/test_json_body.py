"""JSON as a body."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest

from cardan.core import Response

simple = SimpleNamespace(loads=json.loads, dumps=lambda value, **options: json.dumps(value, **options))


@dataclasses.dataclass
class Point:
    """A class of a program's own."""

    x: int


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
    """A value that JSON has no form for is an error before anything is sent. It says what came, and what helps."""
    for value in (datetime(2026, 1, 1), UUID(int=1), Decimal(1), Point(1), {1}, b"bytes", object()):
        kind = re.escape(type(value).__qualname__)
        for document in (value, [{"a": value}]):
            with pytest.raises(TypeError, match=rf"^got \S*{kind} in a JSON value, .*default=.*json_module"):
                Response.from_json(document)
            with pytest.raises(TypeError, match=rf"^got \S*{kind} in a JSON value"):
                b"".join(Response.from_ndjson([document]).iter_encoded())
            with pytest.raises(TypeError, match=rf"^got \S*{kind} in a JSON value"):
                b"".join(Response.from_events([document]).iter_encoded())


def test_default() -> None:
    """``default`` gets each such value, and what it returns is written in its place, at any depth."""
    value = {"a": [Decimal("1.50"), UUID(int=1)], "b": Point(2)}

    def plain(value: object) -> object:
        return dataclasses.asdict(value) if isinstance(value, Point) else str(value)

    expected = {"a": ["1.50", str(UUID(int=1))], "b": {"x": 2}}
    assert Response.from_json(value, default=plain).json == expected
    assert Response.from_json(["\ud800", Point(2)], default=plain).data == b'["\\ud800",{"x":2}]'
    assert json.loads(b"".join(Response.from_ndjson([value], default=plain).iter_encoded())) == expected
    event = b"".join(Response.from_events([value], default=plain).iter_encoded())
    assert json.loads(event.removeprefix(b"data: ")) == expected
    with pytest.raises(ValueError, match="not JSON compliant"):
        Response.from_json([Point(1)], default=lambda value: float("nan"))
    with pytest.raises(TypeError, match="got dumps and default, expected only one"):
        Response.from_json(1, dumps=json.dumps, default=str)
    with pytest.raises(TypeError, match="got default = 3, expected a function"):
        Response.from_json(1, default=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("module", [orjson, json, simple])
def test_default_of_another_module(module: Any) -> None:
    """Another ``json_module`` gets ``default`` as a keyword, and only if there is one."""

    class Own(Response):
        json_module = module

    assert Own.from_json([Decimal("1.5")], default=str).json == ["1.5"]
    assert Own.from_json([1]).data == b"[1]"


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
    """A lone surrogate in JSON is written as an escape, because UTF-8 has no form for it."""
    assert Response.from_json("ä\ud800").data == b'"\\u00e4\\ud800"'


@pytest.mark.parametrize("name", ["from_json", "from_events", "from_ndjson"])
def test_the_first_argument_has_no_name(name: str) -> None:
    """What a response is made from is a positional argument only, so that its name may change."""
    parameters = inspect.signature(getattr(Response, name)).parameters.values()
    assert [parameter.kind is parameter.POSITIONAL_ONLY for parameter in parameters] == [
        True, *[False] * (len(parameters) - 1),
    ]  # fmt: skip
