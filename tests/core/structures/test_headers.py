"""Headers: header fields that can be changed."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, assert_type

import pytest

from cardan.core.structures import EnvironHeaders, Headers, HeadersView, MultiDict, ScopeHeaders

PAIRS = [("A", "1"), ("b", "2"), ("a", "3"), ("C", "4")]


@pytest.fixture
def headers() -> Headers:
    return Headers(PAIRS)


@pytest.mark.parametrize(
    "source",
    [
        PAIRS,
        iter(PAIRS),
        tuple(PAIRS),
        Headers(PAIRS),
        MultiDict([("A", "1"), ("b", "2"), ("C", "4"), ("A", "3")]),
        {"A": ["1", "3"], "b": 2, "C": ("4",), "D": None, "E": [], "F": [None]},
        ScopeHeaders([(b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"c", b"4")]).copy(),
    ],
)
def test_construction(source: Any) -> None:
    """Headers are made from pairs, from a mapping of values or of lists of values, or from other headers. None gives
    no field.
    """
    assert Headers(source) == Headers(PAIRS)


def test_construction_copies() -> None:
    """The argument of the constructor is copied."""
    pairs = list(PAIRS)
    first = Headers(pairs)
    second = Headers(first)
    second["A"] = "9"
    pairs.clear()
    assert list(first.items()) == PAIRS


@pytest.mark.parametrize("pairs", [[("A\n", "b")], [("A", "b\r\n")], {"A": ["b", "\0"]}])
def test_construction_checks(pairs: Any) -> None:
    """The constructor refuses a name or value that a header field must not contain."""
    with pytest.raises(ValueError, match=r"^got "):
        Headers(pairs)


def test_order_case_and_duplicates_are_kept(headers: Headers) -> None:
    """The order of the fields, the case of their names, and several fields of one name are kept."""
    assert list(headers.items()) == headers.to_wsgi_list() == PAIRS
    assert list(headers) == list(headers.keys()) == ["A", "b", "a", "C"]
    assert list(headers.values()) == ["1", "2", "3", "4"]
    assert len(headers) == len(headers.items()) == 4
    assert isinstance(headers, MutableMapping)
    assert isinstance(headers, HeadersView)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"A": "1", "b": " 2\t", "a": "3", "C": "\xe4"},
        {"A": "1", "B": 2},
        {"A": "1", "B": ["2", "3"], "C": None},
        {"A": "1", "B b": "2"},
        {"A": "1", "B": "2\n"},
        {"A": "1", "B": "\u20ac"},
        {"A": "1", 2: "3"},
        {"A": "1", "B": b"2"},
    ],
)
def test_strings_have_the_general_way_as_oracle(fields: dict[str, Any]) -> None:
    """A dict and a list give the same fields, or the same error, as an equal mapping and an equal tuple."""

    def outcome(defaults: Mapping[str, Any] | list[tuple[str, Any]] | tuple[tuple[str, Any], ...]) -> object:
        headers = Headers({"X": "y"})
        try:
            headers.extend(defaults)
        except (TypeError, ValueError) as error:
            return type(error), str(error), list(headers.items())
        return list(headers.items()), list(Headers(defaults).items())

    assert outcome(fields) == outcome(MappingProxyType(fields))
    pairs = [*fields.items(), *fields.items()]
    assert outcome(pairs) == outcome(tuple(pairs))


def test_reading(headers: Headers) -> None:
    """Names are found in any case and several fields read as one. A missing field raises a plain KeyError, which
    becomes a 500 response, not a 400: it is a fault of the program.
    """
    assert headers["a"] == headers["A"] == "1, 3"
    assert headers.getlist("A") == headers.get_all("a") == ["1", "3"]
    assert headers.get("B") == "2"
    assert headers.get("x") is None
    assert headers.getlist("x") == []
    assert "c" in headers
    assert "x" not in headers
    with pytest.raises(KeyError) as caught:
        headers["x"]
    assert type(caught.value) is KeyError


def test_types(headers: Headers) -> None:
    """``type=`` converts the value. ValueError and TypeError give the default."""
    assert assert_type(headers.get("B", 0, type=int), int) == 2
    assert assert_type(headers.get("B"), str | None) == "2"
    assert headers.get("A", 5, type=int) == 5
    assert headers.getlist("A", type=int) == [1, 3]


def test_set_cookie_is_not_joined() -> None:
    """The values of Set-Cookie are not joined (RFC 9110 section 5.3)."""
    headers = Headers([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Cookie", "a"), ("cookie", "b")])
    assert headers["set-cookie"] == "a=1"
    assert headers.getlist("set-cookie") == ["a=1", "b=2"]
    assert headers["cookie"] == "a; b"


def test_positions(headers: Headers) -> None:
    """A position or a slice selects fields by their place, as in Werkzeug."""
    assert assert_type(headers[0], tuple[str, str]) == ("A", "1")
    assert assert_type(headers[1:3], Headers) == Headers([("b", "2"), ("a", "3")])
    headers[0] = ("X", 5)
    headers[2:] = [("Y", "6")]
    assert list(headers.items()) == [("X", "5"), ("b", "2"), ("Y", "6")]
    del headers[0]
    del headers[1:]
    assert list(headers.items()) == [("b", "2")]
    with pytest.raises(IndexError):
        headers[5]
    with pytest.raises(ValueError, match=r"^got field name"):
        headers[0] = ("X Y", "5")
    with pytest.raises(ValueError, match=r"^got "):
        headers[0:1] = [("X", "\n")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a", [("a", "9"), ("b", "2"), ("C", "4")]),
        ("B", [("A", "1"), ("B", "9"), ("a", "3"), ("C", "4")]),
        ("c", [("A", "1"), ("b", "2"), ("a", "3"), ("c", "9")]),
        ("D", [*PAIRS, ("D", "9")]),
    ],
)
def test_set(headers: Headers, name: str, expected: list[tuple[str, str]]) -> None:
    """``set()`` replaces the first field of the name in its place and removes the others. Without such a field it adds
    one at the end.
    """
    other = headers.copy()
    headers[name] = "9"
    other.set(name, 9)
    assert list(headers.items()) == list(other.items()) == expected


@pytest.mark.parametrize("name", ["a", "A", "nothing"])
def test_none_deletes(headers: Headers, name: str) -> None:
    """Setting None removes all fields of the name, as ``remove()`` and ``del`` do. A missing name is not an error."""
    ways: list[Callable[[Headers], object]] = [
        lambda h: h.__setitem__(name, None),
        lambda h: h.set(name, None),
        lambda h: h.set(name, None, a="b"),
        lambda h: h.setlist(name, []),
        lambda h: h.update({name: None}),
        lambda h: h.remove(name),
        lambda h: h.__delitem__(name),
        lambda h: h.pop(name, None),
    ]
    expected = [pair for pair in PAIRS if pair[0].lower() != name.lower()]
    for way in ways:
        other = headers.copy()
        way(other)
        assert list(other.items()) == expected


def test_add(headers: Headers) -> None:
    """``add()`` adds a field at the end, whether or not the name exists. None adds nothing."""
    headers.add("A", "5")
    headers.add_header("a", 6)
    headers.add("A", None)
    assert list(headers.items()) == [*PAIRS, ("A", "5"), ("a", "6")]


def test_parameters() -> None:
    """Keyword arguments become parameters of the value (RFC 9110 section 5.6.6), as in Werkzeug."""
    headers = Headers()
    headers.set("Content-Disposition", "attachment", filename='a "b".txt')
    assert headers["Content-Disposition"] == 'attachment; filename="a \\"b\\".txt"'
    headers.add("X-A", "b", max_age=5, left_out=None)
    assert headers["X-A"] == "b; max-age=5"
    with pytest.raises(ValueError, match=r"^got "):
        headers.set("X-A", "b", c="d\r\n")
    assert headers["X-A"] == "b; max-age=5"


def test_setlist(headers: Headers) -> None:
    """``setlist()`` puts the first value in the place of the name and the others at the end."""
    headers.setlist("a", ["7", 8])
    headers.setlist("D", ["9"])
    assert list(headers.items()) == [("a", "7"), ("b", "2"), ("C", "4"), ("a", "8"), ("D", "9")]


def test_defaults(headers: Headers) -> None:
    """``setdefault()`` and ``setlistdefault()`` set a missing field, and return the value in any case."""
    assert headers.setdefault("a", "9") == "1, 3"
    assert headers.setdefault("D", 5) == "5"
    assert headers.setlistdefault("a", ["9"]) == ["1", "3"]
    assert headers.setlistdefault("E", ["6", 7]) == ["6", "7"]
    assert list(headers.items()) == [*PAIRS, ("D", "5"), ("E", "6"), ("E", "7")]
    with pytest.raises(TypeError, match=r"^got no default for F, expected str or int$"):
        headers.setdefault("F")


def test_extend(headers: Headers) -> None:
    """``extend()`` adds all fields. An underscore in a keyword becomes a hyphen."""
    headers.extend([("a", "5")])
    headers.extend({"D": ["6", "7"]}, x_y="8")
    headers.extend(Headers({"a": "9"}))
    assert headers.to_wsgi_list()[4:] == [("a", "5"), ("D", "6"), ("D", "7"), ("x-y", "8"), ("a", "9")]


def test_extend_is_all_or_nothing(headers: Headers) -> None:
    """If ``extend()`` refuses one pair, it adds no other pair."""
    with pytest.raises(ValueError, match=r"^got "):
        headers.extend([("D", "5"), ("E", "\n")])
    assert list(headers.items()) == PAIRS


def test_extend_with_itself(headers: Headers) -> None:
    """``headers.extend(headers)`` doubles the fields."""
    headers.extend(headers)
    assert list(headers.items()) == PAIRS * 2
    headers.update(headers)
    assert headers.getlist("A") == ["1", "3", "1", "3"]


def test_update(headers: Headers) -> None:
    """``update()`` sets all fields. A name in headers or in a list can have several fields; of pairs, the last one
    counts.
    """
    headers.update({"a": "5", "D": ["6", "7"], "b": None}, x_y="8")
    assert list(headers.items()) == [("a", "5"), ("C", "4"), ("D", "6"), ("D", "7"), ("x-y", "8")]
    headers.update([("a", "6"), ("A", "7")])
    assert headers.getlist("a") == ["7"]
    headers.update(Headers([("a", "1"), ("d", "8"), ("A", "2")]))
    assert headers.getlist("a") == ["1", "2"]
    assert headers.getlist("d") == ["8"]
    headers.update(EnvironHeaders({"HTTP_A": "9"}))
    assert headers.getlist("a") == ["9"]


def test_pop(headers: Headers) -> None:
    """``pop()`` removes all fields of a name, the field at a position, or without an argument the last field."""
    assert assert_type(headers.pop("A"), str) == "1, 3"
    assert assert_type(headers.pop("A", None), str | None) is None
    assert assert_type(headers.pop("A", "d"), str) == "d"
    with pytest.raises(KeyError):
        headers.pop("A")
    assert assert_type(headers.pop(), tuple[str, str]) == ("C", "4")
    assert headers.pop(0) == ("b", "2")
    with pytest.raises(IndexError):
        headers.pop()
    with pytest.raises(KeyError, match="there are no fields"):
        headers.popitem()


def test_popitem_and_clear(headers: Headers) -> None:
    """``popitem()`` removes the last field, and ``clear()`` removes all fields."""
    assert headers.popitem() == ("C", "4")
    headers.clear()
    assert not headers
    assert list(headers) == []


class Mine(Headers):
    """A subclass without slots."""


@pytest.mark.parametrize("cls", [Headers, Mine])
@pytest.mark.parametrize(
    "duplicate",
    [
        lambda h: h.copy(),
        copy.copy,
        copy.deepcopy,
        *[lambda h, p=p: pickle.loads(pickle.dumps(h, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)],
        lambda h: type(h)(h),
        lambda h: h | {},
    ],
)
def test_copies(cls: type[Headers], duplicate: Callable[[Headers], Headers]) -> None:
    """A copy is equal, of the same class, and independent."""
    headers = cls(PAIRS)
    other = duplicate(headers)
    assert type(other) is cls
    assert list(other.items()) == PAIRS
    other["A"] = "9"
    other.add("D", "5")
    assert list(headers.items()) == PAIRS
    headers.clear()
    assert len(other) == 4


def test_union(headers: Headers) -> None:
    """``|`` gives an updated copy and ``|=`` updates. Both accept mappings, and ``|=`` accepts pairs too."""
    both = headers | {"A": "9", "D": ["5", "6"]}
    assert list(both.items()) == [("A", "9"), ("b", "2"), ("C", "4"), ("D", "5"), ("D", "6")]
    assert list(headers.items()) == PAIRS
    same = headers
    headers |= {"A": "9"}
    headers |= [("B", "8")]
    assert same is headers
    assert list(headers.items()) == [("A", "9"), ("B", "8"), ("C", "4")]
    with pytest.raises(TypeError):
        headers | [("A", "b")]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("pairs", "equal"),
    [
        (PAIRS, True),
        ([("c", "4"), ("a", "1"), ("B", "2"), ("A", "3")], True),
        ([("A", "3"), ("b", "2"), ("a", "1"), ("C", "4")], False),
        ([("A", "1, 3"), ("b", "2"), ("C", "4")], False),
        (PAIRS[:3], False),
        ([*PAIRS, ("C", "4")], False),
    ],
)
def test_equality(headers: Headers, pairs: list[tuple[str, str]], equal: bool) -> None:
    """The order of the values of one name matters (RFC 9110 section 5.3). The order of the names and their case do
    not.
    """
    assert (headers == Headers(pairs)) is equal
    assert (headers != Headers(pairs)) is not equal


def test_equality_with_others(headers: Headers) -> None:
    """Headers equal only other containers of headers, and are not hashable."""
    assert headers != PAIRS
    assert headers != dict(headers)
    with pytest.raises(TypeError, match="unhashable"):
        hash(headers)


def test_text(headers: Headers) -> None:
    """``str()`` gives the fields as HTTP/1.1 writes them, ``repr()`` gives an expression that makes equal headers."""
    assert str(headers) == "A: 1\r\nb: 2\r\na: 3\r\nC: 4\r\n\r\n"
    assert repr(headers) == "Headers([('A', '1'), ('b', '2'), ('a', '3'), ('C', '4')])"


WRITES: list[Callable[[Headers, Any, Any], object]] = [
    lambda h, name, value: h.__setitem__(name, value),
    lambda h, name, value: h.set(name, value),
    lambda h, name, value: h.add(name, value),
    lambda h, name, value: h.add_header(name, value),
    lambda h, name, value: h.setlist(name, ["x", value]),
    lambda h, name, value: h.setdefault(name, value),
    lambda h, name, value: h.setlistdefault(name, [value]),
    lambda h, name, value: h.extend([(name, value)]),
    lambda h, name, value: h.extend({name: value}),
    lambda h, name, value: h.update([(name, value)]),
    lambda h, name, value: h.update({name: [value]}),
    lambda h, name, value: h.__ior__({name: value}),
    lambda h, name, value: h | {name: value},
    lambda h, name, value: h.__setitem__(0, (name, value)),
    lambda h, name, value: h.__setitem__(slice(0, 1), [(name, value)]),
    lambda h, name, value: Headers([(name, value)]),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("X Y", "a", ValueError),
        ("X:", "a", ValueError),
        ("X\r\n", "a", ValueError),
        ("X", "a\nb", ValueError),
        ("X", "a\r\nSet-Cookie: b", ValueError),
        ("X", "\0", ValueError),
        ("X", "\u20ac", ValueError),
        ("X", b"a", TypeError),
        ("X", 1.5, TypeError),
        ("X", True, TypeError),
    ],
)
def test_every_door_is_watched(
    headers: Headers, write: Callable[[Headers, Any, Any], object], name: Any, value: Any, error: type[Exception]
) -> None:
    """Every method that sets a field refuses an invalid name or value. The headers then keep their state."""
    with pytest.raises(error, match=r"^got "):
        write(headers, name, value)
    assert list(headers.items()) == PAIRS


def test_trusted_takes_the_list_itself() -> None:
    """``_trusted()`` keeps the given list itself and checks nothing."""
    pairs = [("A", "1")]
    headers = Mine._trusted(pairs)
    assert headers._list is pairs
    assert type(headers) is Mine


def test_work_is_linear(assert_linear: Callable[..., None]) -> None:
    """Many fields, of one name or of different names, are built, read, replaced and removed in linear time."""
    assert_linear(lambda n: [("A", "1")] * n, Headers)
    assert_linear(lambda n: [(f"A-{i}", "1") for i in range(n)], Headers)
    calls: list[Callable[[Headers], object]] = [
        lambda h: h["a"],
        lambda h: h.getlist("a"),
        lambda h: h.set("A", "2"),
        lambda h: h.pop("A"),
        lambda h: h.setlist("A", ["1"] * len(h)),
        lambda h: h == h.copy(),
        str,
    ]
    for call in calls:
        assert_linear(lambda n: Headers([("A", "1")] * n), call)


def test_one_name_is_replaced_many_times_in_linear_time(assert_linear: Callable[..., None]) -> None:
    """``update()`` with pairs of one name, or of many, takes one pass over the fields and the pairs."""

    def update(both: tuple[Headers, list[tuple[str, str]]]) -> None:
        headers, pairs = both
        headers.update(pairs)

    assert_linear(lambda n: (Headers([("A", "1")] * n), [("A", "2")] * n), update)
    assert_linear(lambda n: (Headers([(f"A-{i}", "1") for i in range(n)]), [(f"A-{i}", "2") for i in range(n)]), update)
    assert_linear(lambda n: (Headers([("A", "1")] * n), [(f"A{i % 2}", "2") for i in range(n)]), update)


@pytest.mark.parametrize("pair", ["ab", b"ab", ("a",), ("a", "b", "c"), [], 5, None], ids=repr)
@pytest.mark.parametrize("several", [list, tuple, iter])
def test_what_is_no_pair_is_no_field(pair: Any, several: Callable[[Any], Any]) -> None:
    """A field is a pair of a name and a value. A text of two letters is an iterable of two, and no pair."""
    headers = Headers(PAIRS)
    for write in (Headers, headers.extend, headers.update):
        with pytest.raises(TypeError, match=r"^got \w+ as a header field, expected a pair of a name and a value$"):
            write(several([("X", "1"), pair]))
    for text in ("ab", b"ab", 5):
        with pytest.raises(
            TypeError, match=r"^got \w+ as headers, expected a mapping, or pairs of a name and a value$"
        ):
            headers.update(text)  # type: ignore[arg-type]
    assert list(headers.items()) == PAIRS


def test_a_field_that_is_popped() -> None:
    """``pop()`` removes all fields of a name, or the field at a position, which is the last one by default."""
    headers = Headers([("A", "1"), ("B", "2"), ("a", "3"), ("C", "4")])
    assert headers.pop("a") == "1, 3"
    assert headers.pop() == ("C", "4")
    assert headers.pop(0) == ("B", "2")
    assert len(headers) == 0
    with pytest.raises(IndexError):
        headers.pop()


@pytest.mark.parametrize("view", [
    Headers({"A": "1"}), EnvironHeaders({"HTTP_A": "1"}), ScopeHeaders([(b"a", b"1")]),
])  # fmt: skip
@pytest.mark.parametrize("name", [5, None, b"a", ("a",)])
def test_no_field_has_a_name_that_is_no_text(view: Any, name: Any) -> None:
    """``get()`` gives the default for what can be no name, and ``getlist()`` no values, as in other mappings."""
    assert view.get(name) is None
    assert view.get(name, "default", int) == "default"
    assert view.getlist(name) == []
    assert name not in view
