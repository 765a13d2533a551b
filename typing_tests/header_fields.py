"""Types that mypy and pyright infer for attributes made by ``header_field()``."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any, assert_type

from cardan import Request, Response, header_field
from cardan.datastructures import HeaderSet
from cardan.http import http_date, parse_date


def parse_tags(text: str) -> list[str]:
    return text.split(",")


def dump_tags(tags: list[str]) -> str:
    return ",".join(tags)


class ApiRequest(Request):
    version = header_field("X-Version", int, default=1)
    tenant = header_field("X-Tenant")
    region = header_field("X-Region", default="eu")
    tags = header_field("X-Tags", lambda text: text.split(","), cached=True)


class ApiResponse(Response):
    tags = header_field("X-Tags", parse_tags, dump_tags)
    more = header_field("X-More", parse_tags, dump_tags, default=())
    price = header_field("X-Price", Decimal, str)
    sunset = header_field("Sunset", parse_date, http_date)
    joined = header_field("X-Joined", lambda text: text.split(","), ",".join)
    short = header_field("X-Short", lambda text: text.split(","), lambda tags: str(tags))
    info = header_field("X-Data", json.loads, json.dumps)


def readers(request: ApiRequest, response: ApiResponse) -> None:
    """The value has the type that the parser gives, or the type of the default."""
    assert_type(request.version, int)
    assert_type(request.tenant, str | None)
    assert_type(request.region, str)
    assert_type(request.tags, list[str] | None)
    assert_type(response.tags, list[str] | None)
    assert_type(response.price, Decimal | None)
    assert_type(response.sunset, datetime | None)
    assert_type(response.joined, list[str] | None)
    assert_type(response.short, list[str] | None)
    assert_type(response.vary, HeaderSet)
    assert_type(response.info, Any | None)
    if response.more:
        assert_type(response.more[0], str)


def writers(response: ApiResponse) -> None:
    """An attribute is set with what the dumper takes, with the text of the field, or with None."""
    response.tags = ["a", "b"]
    response.tags = "a,b"
    response.tags = None
    response.sunset = datetime(2030, 1, 1)
    response.sunset = date(2030, 1, 1)
    response.price = Decimal(1)
    response.joined = ("a", "b")
    response.tags = 1  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    response.sunset = b""  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
