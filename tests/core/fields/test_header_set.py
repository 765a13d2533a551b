"""HeaderSet: the tokens of a field as an ordered set."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable, MutableSet
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan import Response
from cardan.core.structures import Headers, HeaderSet


@pytest.fixture
def vary() -> HeaderSet:
    return HeaderSet(["Accept", "cookie", "ACCEPT", "X"])


def test_reading(vary: HeaderSet) -> None:
    """Case is ignored; the order and the first spelling of each token are kept."""
    assert list(vary) == ["Accept", "cookie", "X"]
    assert vary.to_header() == str(vary) == "Accept, cookie, X"
    assert "COOKIE" in vary
    assert "z" not in vary
    assert 5 not in vary  # type: ignore[comparison-overlap]
    assert len(vary) == 3
    assert vary[0] == "Accept"
    assert vary.find("X") == vary.index("x") == 2
    assert vary.index("ACCEPT") == 0
    assert vary.find("z") == -1
    with pytest.raises(IndexError):
        vary.index("z")
    assert vary.as_set() == {"accept", "cookie", "x"}
    assert vary.as_set(preserve_casing=True) == {"Accept", "cookie", "X"}
    assert vary
    assert not HeaderSet()
    assert isinstance(vary, MutableSet)
    assert repr(vary) == "HeaderSet(['Accept', 'cookie', 'X'])"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (None, []),
        ("", []),
        ("a", ["a"]),
        ("a, B ,,a, \t", ["a", "B"]),
        ('"a b", c', ["a b", "c"]),
        ("*", ["*"]),
    ],
)
def test_from_header(text: str | None, tokens: list[str]) -> None:
    """The parser accepts every value (RFC 9110 section 5.6.1). A set that is written and parsed again is equal."""
    read = HeaderSet.from_header(text)
    assert list(read) == tokens
    assert list(HeaderSet.from_header(read.to_header())) == tokens


@given(st.text(st.characters(max_codepoint=255)))
def test_garbage_never_raises(text: str) -> None:
    """Any text is parsed. The items are strings, and the set contains each of them."""
    found = HeaderSet.from_header(text)
    assert [item for item in found if item not in found] == []


def test_changing(vary: HeaderSet) -> None:
    """A HeaderSet can be changed like a set, and by position like a list."""
    vary.add("X")
    vary.add("Y")
    vary.update(["y", "Z"])
    assert list(vary) == ["Accept", "cookie", "X", "Y", "Z"]
    vary.remove("COOKIE")
    vary.discard("y")
    vary.discard("nothing")
    with pytest.raises(KeyError):
        vary.remove("nothing")
    vary[0] = "B"
    del vary[1]
    assert list(vary) == ["B", "Z"]
    vary.clear()
    assert list(vary) == []
    assert vary.to_header() == ""


def test_set_operators() -> None:
    """The operators of sets work, and ignore case."""
    one = HeaderSet(["A", "B"])
    assert list(one | {"c"}) == ["A", "B", "c"]
    assert list(one & HeaderSet(["a", "x"])) == ["a"]
    one -= {"b"}
    assert list(one) == ["A"]


def test_what_is_no_token() -> None:
    """Operators and comparisons take sets of anything. A new member has to be text."""
    strange: Any = {5, None}
    one = HeaderSet(["A", "5"])
    one -= strange
    one.discard(strange.pop())
    assert list(one) == ["A", "5"]
    assert one != {"a", 5}
    assert one == {"a", "5"}
    assert one.find(5) == -1  # type: ignore[arg-type]
    for change in (one.add, lambda value: one.update([value]), lambda value: HeaderSet([value])):
        with pytest.raises(TypeError, match=r"^got 5 as a member, expected a str$"):
            change(5)  # type: ignore[no-untyped-call]


def test_equality() -> None:
    """Two header sets are equal if they have the same tokens, in whatever case and order."""
    assert HeaderSet(["A", "B"]) == HeaderSet(["b", "a"]) == {"a", "B"}
    assert HeaderSet(["A"]) != HeaderSet(["A", "B"])
    assert HeaderSet(["A"]) != ["A"]
    with pytest.raises(TypeError, match="unhashable"):
        hash(HeaderSet())


CHANGES: list[Callable[[HeaderSet], object]] = [
    lambda s: s.add("new"),
    lambda s: s.update(["new", "newer"]),
    lambda s: s.discard("x"),
    lambda s: s.remove("x"),
    lambda s: s.clear(),
    lambda s: s.__setitem__(0, "new"),
    lambda s: s.__delitem__(0),
]
NO_CHANGES: list[Callable[[HeaderSet], object]] = [
    lambda s: s.add("x"),
    lambda s: s.update(["X", "y"]),
    lambda s: s.discard("nothing"),
    lambda s: s.find("x"),
    lambda s: HeaderSet((), s._on_update).clear(),
    list,
]


@pytest.mark.parametrize("change", CHANGES)
def test_on_update(change: Callable[[HeaderSet], object]) -> None:
    """``on_update`` is called once after each change, with the set."""
    seen: list[list[str]] = []
    tokens = HeaderSet(["x", "y"], lambda changed: seen.append(list(changed)))
    change(tokens)
    assert seen == [list(tokens)]


@pytest.mark.parametrize("no_change", NO_CHANGES)
def test_no_update(no_change: Callable[[HeaderSet], object]) -> None:
    """A call that changes nothing does not call ``on_update``."""
    seen: list[object] = []
    no_change(HeaderSet(["x", "y"], seen.append))
    assert seen == []


def test_two_live_sets_lose_no_update() -> None:
    """Two live sets of one field, and a direct assignment to the headers, see each other's changes."""
    headers = Headers({"Vary": "A"})
    one, two = HeaderSet.bound(headers, "Vary"), HeaderSet.bound(headers, "Vary")
    one.add("B")
    two.add("C")
    headers.add("Vary", "D")
    one.add("E")
    assert headers["Vary"] == "A, B, C, D, E"
    assert list(one) == list(two) == ["A", "B", "C", "D", "E"]
    two.clear()
    assert "Vary" not in headers
    one.add("F")
    assert headers["Vary"] == "F"


@pytest.mark.parametrize("bad", ["a\r\n", "\0", "\u20ac"])
def test_what_must_not_go_on_the_wire(bad: str) -> None:
    """A token that a header field must not contain is refused by a bound set at once, and by ``to_header()`` of any
    set. The set and the headers keep their state.
    """
    headers = Headers({"Vary": "A"})
    bound = HeaderSet.bound(headers, "Vary")
    with pytest.raises(ValueError, match=r"^got "):
        bound.add(bad)
    assert list(bound) == ["A"]
    with pytest.raises(ValueError, match=r"^got "):
        HeaderSet([bad]).to_header()


SETS_OF_A_RESPONSE = {
    "vary": "Vary",
    "allow": "Allow",
    "content_language": "Content-Language",
    "access_control_allow_headers": "Access-Control-Allow-Headers",
    "access_control_allow_methods": "Access-Control-Allow-Methods",
    "access_control_expose_headers": "Access-Control-Expose-Headers",
}


@pytest.mark.parametrize("member", ["Accept, Cookie", "", "a b", '"a"', "a;q=1", "a/b", "\xe9", " a"])
@pytest.mark.parametrize("attribute", SETS_OF_A_RESPONSE)
def test_a_field_of_tokens_takes_tokens(attribute: str, member: str) -> None:
    """Every set of a response refuses a member that is not a token, whichever way it is set (RFC 9110 section 5.6.2).

    Such a member would be sent as a quoted string, which no recipient of the field understands.
    """
    response, name = Response(), SETS_OF_A_RESPONSE[attribute]
    setattr(response, attribute, ["one", "*"])
    tokens: HeaderSet = getattr(response, attribute)
    ways: list[Callable[[], object]] = [
        lambda: tokens.add(member),
        lambda: tokens.update(["two", member]),
        lambda: tokens.__setitem__(0, member),
        lambda: tokens.__ior__({member}),
        lambda: setattr(response, attribute, [member]),
        lambda: setattr(response, attribute, HeaderSet([member])),
    ]
    for way in ways:
        with pytest.raises(ValueError, match=f"^{re.escape(f'got {name} member {member!r}, expected a token')}$"):
            way()
        assert response.headers[name] == "one, *"


def test_a_text_is_no_set_of_tokens() -> None:
    """A str in place of several tokens raises TypeError everywhere: it is an iterable of letters, and ``Vary: G, E, T``
    would be of no use to a cache.
    """
    response = Response(headers={"Vary": "one"})
    alone = HeaderSet(["one"])
    ways: list[Callable[[], object]] = [partial(HeaderSet, "GET")]
    for tokens in (response.vary, alone):
        ways += [partial(tokens.update, "GET"), partial(tokens.__ior__, "GET")]  # type: ignore[arg-type]
    for way in ways:
        with pytest.raises(TypeError, match=r"^got 'GET' as the members, expected an iterable of them$"):
            way()
    assert (response.headers["Vary"], list(alone)) == ("one", ["one"])


def test_a_field_keeps_what_it_had() -> None:
    """A member that is no token and was in the field before stays, and does not forbid changes of others."""
    response = Response(headers={"Vary": '"a b", c'})
    response.vary |= {"d"}
    response.vary.discard("c")
    assert response.headers["Vary"] == '"a b", d'


def test_copies(vary: HeaderSet) -> None:
    """A copy is equal and independent, and does not call ``on_update``."""
    seen: list[object] = []
    vary = HeaderSet(vary, seen.append)
    for again in (copy.copy(vary), vary.copy(), copy.deepcopy(vary), pickle.loads(pickle.dumps(vary))):
        assert again == vary
        again.add("new")
    assert "new" not in vary
    assert seen == []


def test_operators_give_the_same_class() -> None:
    """``|``, ``&``, ``-`` and ``^`` give an object of the class of the left operand, also of a subclass."""

    class Mine(HeaderSet):
        pass

    for kind in (HeaderSet, Mine):
        one = kind(["A", "B"])
        for result in (one | {"c"}, one & {"A"}, one - {"A"}, one ^ {"c"}):
            assert type(result) is kind
