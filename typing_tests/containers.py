"""What the type checkers know of the containers that cannot be changed, and of ``|``."""

from __future__ import annotations

from typing import assert_type

from cardan import Request
from cardan.core.structures import (
    CombinedMultiDict,
    EnvironHeaders,
    Headers,
    HeaderSet,
    HeadersView,
    ImmutableDict,
    ImmutableList,
    ImmutableMultiDict,
    ImmutableOrderedMultiDict,
    ImmutableTypeConversionDict,
    MultiDict,
    OrderedMultiDict,
    ScopeHeaders,
    TypeConversionDict,
)


class Mine(ImmutableMultiDict[str, str]):
    """A subclass by a user."""


def several_values(d: ImmutableMultiDict[str, str], ordered: ImmutableOrderedMultiDict[str, str], mine: Mine) -> None:
    """Every change of an immutable MultiDict is an error, also in a subclass. It is read as a dict is."""
    d["a"] = "1"  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    del d["a"]  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    d |= {"a": "2"}  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    d.add("a", "b")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.clear()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.pop("a")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.popitem()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.poplist("a")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.popitemlist()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.setdefault("a", "b")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.setlist("a", ["b"])  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.setlistdefault("a", ["b"])  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.update(a="b")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    ordered["a"] = "1"  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    ordered.add("a", "b")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    mine["a"] = "1"  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    mine.add("a", "b")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert_type(d["a"], str)
    assert_type(d.copy(), MultiDict[str, str])
    plain: dict[str, str] = d
    assert_type(plain["a"], str)


def one_value(
    d: ImmutableDict[str, int], converting: ImmutableTypeConversionDict[str, int], items: ImmutableList[int]
) -> None:
    """Every change of an immutable dict or list is an error."""
    d["a"] = 1  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    del d["a"]  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    d |= {"a": 1}  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    d.clear()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.pop("a")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.popitem()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.setdefault("a", 1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    d.update(a=1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    converting["a"] = 1  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    converting |= {"a": 1}  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    converting.update(a=1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    items[0] = 1  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    del items[0]  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    items += [1]  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    items *= 2  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    items.append(1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    items.clear()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    items.extend([1])  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    items.insert(0, 1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    items.pop()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    items.remove(1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    items.reverse()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    items.sort()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert_type(items.copy(), list[int])


def views(
    environ: EnvironHeaders, scope: ScopeHeaders, any_of_them: HeadersView, both: CombinedMultiDict[str, str]
) -> None:
    """Every change of a view is an error."""
    environ["A"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    del environ["A"]  # type: ignore[attr-defined]  # pyright: ignore[reportIndexIssue]
    environ |= {"A": "b"}  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    environ.add("A", "b")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    scope["A"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    del scope["A"]  # type: ignore[attr-defined]  # pyright: ignore[reportIndexIssue]
    scope |= {"A": "b"}  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    scope.setlist("A", ["b"])  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    any_of_them["A"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    any_of_them |= {"A": "b"}  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    any_of_them.update(A="b")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    both["a"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    del both["a"]  # type: ignore[attr-defined]  # pyright: ignore[reportIndexIssue]
    both |= {"a": "b"}  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    both.add("a", "b")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def of_a_request(request: Request) -> None:
    """So is every change of what a request contains."""
    request.args["a"] = "b"  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    request.form.add("a", "b")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    request.files.clear()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    request.values["a"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    request.cookies["a"] = "b"  # type: ignore[misc]  # pyright: ignore[reportIndexIssue]
    request.headers["A"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    request.access_route.append("b")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    request.mimetype_params["a"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    request.cache_control["a"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    request.cache_control.max_age = 3  # type: ignore[arg-type]  # pyright: ignore[reportAttributeAccessIssue]
    request.cache_control.no_cache = True  # type: ignore[arg-type]  # pyright: ignore[reportAttributeAccessIssue]
    request.cache_control.update(a="b")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    request.args = ImmutableMultiDict({"a": "b"})  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def unions(
    d: MultiDict[str, str],
    frozen: ImmutableMultiDict[str, str],
    ordered: OrderedMultiDict[str, str],
    frozen_ordered: ImmutableOrderedMultiDict[str, str],
    mine: Mine,
) -> None:
    """``|`` gives an object of the class of its left operand; a view of headers gives Headers."""
    assert_type(d | {"a": "b"}, MultiDict[str, str])
    assert_type(frozen | {"a": ["b", "c"]}, ImmutableMultiDict[str, str])
    assert_type(frozen | d, ImmutableMultiDict[str, str])
    assert_type(ordered | {"a": "b"}, OrderedMultiDict[str, str])
    assert_type(frozen_ordered | frozen, ImmutableOrderedMultiDict[str, str])
    assert_type(mine | {"a": "b"}, Mine)
    assert_type(CombinedMultiDict([d, frozen]) | {"a": "b"}, CombinedMultiDict[str, str])
    d |= {"a": "b"}
    assert_type(d, MultiDict[str, str])


def unions_of_dicts(
    d: TypeConversionDict[str, int],
    frozen: ImmutableDict[str, int],
    frozen_converting: ImmutableTypeConversionDict[str, int],
    headers: Headers,
    environ: EnvironHeaders,
) -> None:
    """The same holds for dicts with one value for each key, and for headers."""
    assert_type(d | {"a": 1}, TypeConversionDict[str, int])
    assert_type(frozen | {"a": 1}, ImmutableDict[str, int])
    assert_type(frozen_converting | {"a": 1}, ImmutableTypeConversionDict[str, int])
    assert_type(headers | {"A": "b"}, Headers)
    assert_type(environ | {"A": "b"}, Headers)
    headers |= {"A": "b"}
    assert_type(headers, Headers)


def sets(allow: HeaderSet) -> None:
    """So it is with the operators of a HeaderSet."""
    assert_type(allow | {"GET"}, HeaderSet)
    assert_type(allow & {"GET"}, HeaderSet)
    assert_type(allow - {"GET"}, HeaderSet)
    assert_type(allow ^ allow, HeaderSet)
    allow |= {"GET"}
    assert_type(allow, HeaderSet)


def several_values_from_lists() -> None:
    """A dict of lists makes a MultiDict of their items."""
    made = MultiDict({"a": ["b", "c"]})
    assert_type(made, MultiDict[str, str])
    made.add("x", "y")
