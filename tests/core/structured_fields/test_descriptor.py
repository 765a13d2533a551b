"""``structured_field`` makes a structured field an attribute of requests and responses, on both protocols."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest

from cardan import Request, Response
from cardan.datastructures import Headers
from cardan.structured import DisplayString, InnerList, Item, Token, structured_field


def _digests(members: Mapping[str, Item | InnerList]) -> dict[str, bytes] | None:
    found = {key: member.value for key, member in members.items() if isinstance(member, Item)}
    return {key: value for key, value in found.items() if isinstance(value, bytes)} or None


class Fields:
    """Fields of every kind."""

    members = structured_field("X-Members", dict)
    things = structured_field("X-Things", list)
    item = structured_field("X-Item", Item)
    count = structured_field("X-Count", int, default=0)
    ratio = structured_field("X-Ratio", Decimal)
    name = structured_field("X-Name", str)
    word = structured_field("X-Word", Token)
    raw = structured_field("X-Raw", bytes)
    flag = structured_field("X-Flag", bool)
    since = structured_field("X-Since", datetime)
    title = structured_field("X-Title", DisplayString)
    digests = structured_field("X-Digests", dict, _digests, dict, default=None)
    fixed = structured_field("X-Fixed", int, read_only=True)


class Asked(Fields, Request):
    """A request with them."""

    kept = structured_field("X-Things", list, cached=True)


class Answer(Fields, Response):
    """A response with them."""


def wsgi(*fields: tuple[str, str]) -> Asked:
    """A request on WSGI: the server joins fields of one name."""
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET"}
    for name, value in fields:
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return Asked(environ)


def asgi(*fields: tuple[str, str]) -> Asked:
    """A request on ASGI: each field stands in the scope."""
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields]
    return Asked({"type": "http", "method": "GET", "path": "/", "headers": headers}, None)


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_a_request_reads_fields(make: Any) -> None:
    """An attribute has the value of the field; fields of one name are one value (section 4.2)."""
    request = make(
        ("X-Members", "a=1, b"), ("X-Things", "x"), ("X-Things", "(y z), 2"), ("X-Item", '"i";p'), ("X-Count", "3"),
        ("X-Ratio", "0.5"), ("X-Name", '"n"'), ("X-Word", "w"), ("X-Raw", ":aGk=:"), ("X-Flag", "?1"), ("X-Since",
        "@0"),
        ("X-Title", '%"%c3%bc"'), ("X-Digests", "sha-256=:aGk=:, other=1"),
    )  # fmt: skip
    assert request.members == {"a": Item(1), "b": Item(True)}
    assert request.things == (Item(Token("x")), InnerList([Token("y"), Token("z")]), Item(2))
    assert request.kept is request.kept
    assert request.kept == request.things
    assert request.item == Item("i", {"p": True})
    assert (request.count, request.ratio, request.name, request.word) == (3, Decimal("0.5"), "n", "w")
    assert (request.raw, request.flag, request.title) == (b"hi", True, "ü")
    assert request.since == datetime(1970, 1, 1, tzinfo=UTC)
    assert request.digests == {"sha-256": b"hi"}


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_missing_fields(make: Any) -> None:
    """A missing field gives the default: an empty Dictionary, an empty List, None, or what was given."""
    request = make()
    assert (request.members, request.things, request.kept) == ({}, (), ())
    assert (request.item, request.count, request.name, request.digests) == (None, 0, None, None)


@pytest.mark.parametrize("make", [wsgi, asgi])
@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("X-Members", "members", "a=1, B"), ("X-Things", "things", "a,"), ("X-Item", "item", "1 2"),
        ("X-Count", "count", "1.0"), ("X-Count", "count", "?1"), ("X-Count", "count", '"1"'), ("X-Ratio", "ratio", "1"),
        ("X-Name", "name", "token"), ("X-Word", "word", '"string"'), ("X-Raw", "raw", '"a"'), ("X-Flag", "flag", "1"),
        ("X-Since", "since", "1659578233"), ("X-Title", "title", '"plain"'), ("X-Digests", "digests", "a=1"),
    ],
)  # fmt: skip
def test_invalid_fields(make: Any, name: str, attribute: str, value: str) -> None:
    """An invalid field, and one with a value of another type, counts as missing as a whole (sections 2.1 and 4.2)."""
    assert getattr(make((name, value)), attribute) == getattr(make(), attribute)


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_an_item_that_was_sent_twice(make: Any) -> None:
    """Two fields of an Item are an invalid one, not the first of them (section 4.2)."""
    assert make(("X-Count", "1"), ("X-Count", "2")).count == 0


def test_the_parameters_of_a_value_are_ignored() -> None:
    """An attribute of one type ignores parameters: a later version of the field may add some (section 2.1)."""
    assert wsgi(("X-Count", "3;unit=s")).count == 3


def test_a_field_with_functions_of_its_own() -> None:
    """``parse`` and ``dump`` convert the value that is read, and the value that is set. Without ``dump`` the value is
    set as the kind of the field asks.
    """

    class Own(Response):
        celsius = structured_field("X-Kelvin", int, lambda value: value - 273, lambda value: value + 273)
        kelvin = structured_field("X-Kelvin", int, lambda value: value)

    response = Own()
    response.celsius = 20
    assert (response.headers["X-Kelvin"], response.celsius, response.kelvin) == ("293", 20, 293)
    response.kelvin = 300
    assert (response.headers["X-Kelvin"], response.celsius) == ("300", 27)


def test_a_value_is_kept_only_if_it_is_asked_for() -> None:
    """With ``cached``, the field is parsed once for each object; without it, each access parses the field anew."""
    parsed: list[Any] = []

    def parse(value: Any) -> Any:
        parsed.append(value)
        return value

    class Counted(Request):
        kept = structured_field("X-Count", int, parse, cached=True)
        fresh = structured_field("X-Count", int, parse)

    for kind in (wsgi, asgi):
        made = kind(("X-Count", "5"))
        request = Counted(made.environ) if kind is wsgi else Counted(made.scope, None)
        assert (request.kept, request.kept, parsed) == (5, 5, [5])
        parsed.clear()
        assert (request.fresh, request.fresh, parsed) == (5, 5, [5, 5])
        parsed.clear()

    class Changed(Response):
        count = structured_field("X-Count", int)

    response = Changed()
    for value in (5, 6):
        response.headers["X-Count"] = str(value)
        assert response.count == value


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_requests_cannot_be_changed(make: Any) -> None:
    """On a request the attributes are read-only."""
    with pytest.raises(AttributeError, match="read-only"):
        make().count = 1
    with pytest.raises(AttributeError, match="read-only"):
        make().kept = ()


def test_a_response_writes_fields() -> None:
    """Setting an attribute writes the field; None, ``del``, and an empty List or Dictionary remove it (section 4.1)."""
    response = Answer()
    written: list[tuple[str, Any, str]] = [
        ("members", {"a": True, "b": (1, 2)}, "a, b=(1 2)"), ("things", [Token("x"), "y"], 'x, "y"'),
        ("item", Item(1, {"a": 2}), "1;a=2"), ("count", 5, "5"), ("ratio", 1, "1.0"), ("ratio", 0.25, "0.25"),
        ("name", "n", '"n"'), ("word", "w", "w"), ("word", Token("w"), "w"), ("raw", b"hi", ":aGk=:"), ("flag",
        False, "?0"),
        ("since", datetime(1970, 1, 1), "@0"), ("title", "ü", '%"%c3%bc"'), ("digests", {"md5": b""}, "md5=::"),
    ]  # fmt: skip
    for attribute, value, text in written:
        setattr(response, attribute, value)
        name = f"X-{attribute}"
        assert response.headers[name] == text
        delattr(response, attribute)
        assert name not in response.headers
        setattr(response, attribute, value)
        setattr(response, attribute, None)
        assert name not in response.headers
    response.members = {"a": 1}
    response.members = {}
    response.things = [1]
    response.things = []
    assert not {"X-Members", "X-Things"} & set(response.headers.keys())


def test_a_response_reads_several_fields() -> None:
    """Fields that were added one by one are read as one value, and written as one."""
    response = Answer()
    response.headers.add("X-Things", "a")
    response.headers.add("X-Things", "b")
    assert response.things == (Item(Token("a")), Item(Token("b")))
    response.things = [*response.things, 3]
    assert response.headers.getlist("X-Things") == ["a, b, 3"]


@pytest.mark.parametrize(
    ("attribute", "value", "error"),
    [
        ("count", "5", TypeError), ("count", True, TypeError), ("count", 10**15, ValueError), ("flag", 1, TypeError),
        ("name", Token("a"), TypeError), ("name", "ü", ValueError), ("word", "a b", ValueError), ("raw", "a",
        TypeError),
        ("since", 5, TypeError), ("ratio", True, TypeError), ("ratio", float("nan"), ValueError), ("members", "a=1",
        TypeError),
        ("members", {"A": 1}, ValueError), ("things", "a", TypeError), ("things", [None], TypeError), ("item", None,
        None),
    ],
)  # fmt: skip
def test_wrong_values_change_nothing(attribute: str, value: Any, error: type[Exception] | None) -> None:
    """A value of another type raises TypeError, one that cannot be written ValueError; the field stays as it was."""
    response = Answer(headers={f"X-{attribute}": "?1"})
    if error is None:
        setattr(response, attribute, value)
        return
    with pytest.raises(error, match=r"^got "):
        setattr(response, attribute, value)
    assert response.headers[f"X-{attribute}"] == "?1"


def test_wrong_kinds() -> None:
    """Another kind, and a name that is no token, are errors when the attribute is defined."""
    with pytest.raises(TypeError, match=r"got kind=<class 'float'>, expected dict, list, Item, int"):
        structured_field("X-A", float)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="expected a token"):
        structured_field("X A", int)


def test_read_only() -> None:
    """A field that is read-only cannot be set on a response either."""
    with pytest.raises(AttributeError, match="read-only"):
        Answer().fixed = 1


def test_setting_none_where_no_field_is() -> None:
    """None removes a field, as an empty list does; it is no error if there is none."""
    answer = Answer()
    before = list(answer.headers)
    answer.count = None
    answer.things = []
    assert list(answer.headers) == before


@pytest.mark.parametrize("kind", [dict, list])
def test_what_is_missing(kind: Any) -> None:
    """Without a default a missing or invalid field is an empty Dictionary or List; with a parser it is None, or the
    default.
    """

    class Fields:
        def __init__(self, headers: Headers) -> None:
            self.headers = headers

        plain = structured_field("X-A", kind)
        parsed = structured_field("X-A", kind, lambda members: len(members), default=None)
        own = structured_field("X-A", kind, lambda members: len(members), default=-1)

    for headers in (Headers(), Headers({"X-A": "(("})):
        fields = Fields(headers)
        assert (len(fields.plain), fields.parsed, fields.own) == (0, None, -1)
    fields = Fields(Headers({"X-A": "a, b"}))
    assert (len(fields.plain), fields.parsed, fields.own) == (2, 2, 2)
    fields = Fields(Headers([("X-A", "a"), ("X-A", "b, c")]))
    assert (len(fields.plain), fields.parsed, fields.own) == (3, 3, 3)


@pytest.mark.parametrize("error", [ValueError, LookupError, KeyError, ArithmeticError, OverflowError])
def test_the_errors_with_which_a_parser_refuses(error: type[Exception]) -> None:
    """A parser refuses a value by one of three kinds of errors, or by None; another error is a bug, and is raised."""

    def parse(item: Item) -> Any:
        if item.value == 1:
            raise error
        if item.value == 2:
            raise OSError
        return None

    class Fields:
        headers = Headers()
        value = structured_field("X-A", Item, parse, lambda value: value, default="default")

    for text, expected in (("1", "default"), ("3", "default"), ("x", "default")):
        Fields.headers["X-A"] = text
        assert Fields().value == expected
    Fields.headers["X-A"] = "2"
    with pytest.raises(OSError, match=r"^$"):
        Fields().value


class _Level(IntEnum):
    HIGH = 2


class _Float(float):
    """A float that shows its type, as those of numerical libraries do."""

    def __repr__(self) -> str:
        return f"float64({float(self)!r})"


class _Markup(str):
    __slots__ = ()


def test_values_of_derived_classes() -> None:
    """A Decimal is set with any int and float, and a Token with any str, also of a class derived from them."""

    class Derived(Response):
        ratio: Any = structured_field("X-Ratio", Decimal)
        word: Any = structured_field("X-Word", Token)

    response = Derived()
    for value, text in ((_Level.HIGH, "2.0"), (_Float(0.5), "0.5")):
        response.ratio = value
        assert response.headers["X-Ratio"] == text
    response.word = _Markup("gzip")
    assert response.headers["X-Word"] == "gzip"
    for value in (DisplayString("gzip"), _Markup("two words")):
        with pytest.raises((TypeError, ValueError)):
            response.word = value
    assert response.headers["X-Word"] == "gzip"
