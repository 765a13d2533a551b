"""Types that mypy and pyright infer for attributes made by ``structured_field()``, and mistakes that they must find."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import assert_type

from cardan import Request, Response, structured_field
from cardan.structured import (
    DisplayString,
    InnerList,
    Item,
    Priority,
    Token,
    dump_dictionary,
    dump_item,
    dump_list,
    parse_dictionary,
    parse_item,
    parse_list,
)


def names(members: tuple[Item | InnerList, ...]) -> list[str]:
    return [str(member) for member in members]


def tokens(tags: list[str]) -> list[Token]:
    return [Token(tag) for tag in tags]


class ApiRequest(Request):
    members = structured_field("X-Members", dict, cached=True)
    things = structured_field("X-Things", list)
    item = structured_field("X-Item", Item)
    count = structured_field("X-Count", int)
    sure = structured_field("X-Count", int, default=0)
    ratio = structured_field("X-Ratio", Decimal)
    name = structured_field("X-Name", str)
    word = structured_field("X-Word", Token)
    raw = structured_field("X-Raw", bytes)
    flag = structured_field("X-Flag", bool, default=False)
    since = structured_field("X-Since", datetime)
    title = structured_field("X-Title", DisplayString)
    tags = structured_field("X-Tags", list, names, default=())


class ApiResponse(Response):
    members = structured_field("X-Members", dict)
    things = structured_field("X-Things", list)
    item = structured_field("X-Item", Item)
    count = structured_field("X-Count", int)
    tags = structured_field("X-Tags", list, names, tokens, default=())
    number = structured_field("X-Number", float)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


def readers(request: ApiRequest, response: ApiResponse) -> None:
    """An attribute has the type that the field is defined as, or that of its default."""
    assert_type(request.members, Mapping[str, Item | InnerList])
    assert_type(request.things, tuple[Item | InnerList, ...])
    assert_type(request.item, Item | None)
    assert_type(request.count, int | None)
    assert_type(request.sure, int)
    assert_type(request.ratio, Decimal | None)
    assert_type(request.name, str | None)
    assert_type(request.word, Token | None)
    assert_type(request.raw, bytes | None)
    assert_type(request.flag, bool)
    assert_type(request.since, datetime | None)
    assert_type(request.title, DisplayString | None)
    assert_type(request.tags, list[str] | tuple[()])
    assert_type(response.tags, list[str] | tuple[()])


def writers(response: ApiResponse) -> None:
    """An attribute is set with what can be written."""
    response.members = {"a": 1, "b": (1, "x"), "c": Item(1.5), "d": InnerList([True])}
    response.things = [1, "a", (1, 2), Token("x")]
    response.item = 5
    response.item = None
    response.count = 5
    response.tags = ["a"]
    response.count = "5"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    response.members = ["a"]  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    response.things = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


def known(request: Request, response: Response) -> None:
    """The well-known fields."""
    assert_type(request.content_digest, Mapping[str, bytes])
    assert_type(request.want_repr_digest, Mapping[str, int])
    assert_type(request.priority, Priority)
    assert_type(request.signature_input, Mapping[str, InnerList])
    assert_type(request.idempotency_key, str | None)
    assert_type(response.priority, Priority | None)
    assert_type(response.deprecation, datetime | None)
    assert_type(response.sunset, datetime | None)
    assert_type(response.cache_status, tuple[Item | InnerList, ...])
    assert_type(response.reporting_endpoints, Mapping[str, str])
    response.content_digest = {"sha-256": b"x"}
    response.priority = Priority(1)
    response.priority = 1  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


def functions() -> None:
    """Parsers give values that cannot be changed."""
    assert_type(parse_item("1"), Item)
    assert_type(parse_list("1"), tuple[Item | InnerList, ...])
    assert_type(dump_item(1), str)
    assert_type(dump_list([1, (2, 3)]), str)
    assert_type(dump_dictionary({"a": 1.5}), str)
    parse_dictionary("a")["a"] = Item(1)  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    dump_item(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Item(1).value = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
