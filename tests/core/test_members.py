"""The members that an error class declares: parameters of its constructor, checked when an error is made."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    NewType,
    Optional,
    Protocol,
    TypedDict,
    Union,
)

import pytest

from cardan.core._exceptions import BadRequest, BadRequestKeyError, HTTPException, NotFound, TooManyRequests, abort
from cardan.core._members import PARAMETERS
from cardan.core._problem import problem_details
from cardan.core._response.response import Response

if TYPE_CHECKING:
    from decimal import Decimal

Id = NewType("Id", int)
SECRET = "postgres://user:password@host"


class Place(TypedDict):
    line: int


class Sized(Protocol):
    size: int


class OutOfStock(HTTPException):
    code = 409
    description = "not enough in stock"
    left: int


class Reserved(OutOfStock):
    until: str = "tomorrow"
    _shelf: int = 0
    shops: ClassVar[list[str]] = []


class Own(HTTPException):
    """An error with a constructor of its own, which sets its member itself."""

    code = 418
    left: int

    def __init__(self, left: int) -> None:
        super().__init__("it is empty")
        self.left = left


class Every(HTTPException):
    """Types of all kinds."""

    optional: Optional[int] = None  # noqa: UP045
    union: Union[int, str] = 0  # noqa: UP007
    either: int | None = None
    number: float = 0
    anything: Any = None
    nothing: None = None
    word: Literal["a", 1] = "a"
    marked: Annotated[int, "positive"] = 0
    final: Final[int] = 0
    id: Id = Id(0)
    place: Place = {"line": 1}
    numbers: list[int] = []
    pair: tuple[int, str] = (0, "")
    many: tuple[int, ...] = ()
    empty: tuple[()] = ()
    table: dict[str, list[int]] = {}
    names: Sequence[str] = ()
    view: Mapping[str, int] = {}
    kind: type[Exception] = Exception
    tally: Counter[str] = Counter()
    queue: deque[int] = deque()
    point: complex = 0
    sized: Sized | None = None
    price: Decimal | None = None
    """Its type is imported for type checkers only."""


def test_a_declared_member() -> None:
    """A declared member is a parameter, an attribute, and a member of the problem document."""
    error = OutOfStock("only three", left=3)
    assert (error.left, error.description, error.members) == (3, "only three", {})
    assert json.loads(problem_details(error)) == {
        "type": "about:blank", "title": "Conflict", "status": 409, "detail": "only three", "left": 3,
    }  # fmt: skip
    assert OutOfStock(left=3).description == "not enough in stock"


def test_defaults_and_inheritance() -> None:
    """A derived class has the members of its base. A value in the class body is the default. A name that begins with an
    underscore is a parameter, but no member. A ClassVar is neither.
    """
    error = Reserved(left=3, _shelf=7)
    assert (error.left, error.until, error._shelf) == (3, "tomorrow", 7)
    assert error.get_members() == {"left": 3, "until": "tomorrow"}
    assert Reserved(left=3, until="noon").get_members()["until"] == "noon"
    with pytest.raises(TypeError, match=r"^got shops, which is no parameter of Reserved"):
        Reserved(left=3, shops=[])  # type: ignore[call-arg]


def test_an_attribute_that_is_set_later() -> None:
    """The document has the value that the attribute has when the document is written."""
    error = OutOfStock(left=3)
    error.left = 2
    assert error.get_members() == {"left": 2}


def test_a_constructor_of_its_own() -> None:
    """A class with its own constructor decides what it requires. Its members are sent if they have values."""
    assert Own(3).get_members() == {"left": 3}
    assert (Own(3).code, Own(3).description) == (418, "it is empty")

    class Half(HTTPException):
        left: int

        def __init__(self) -> None:
            super().__init__()

    assert Half().get_members() == {}

    class Derived(Own, init=False):
        code = 409

    assert Derived(3).get_members() == {"left": 3}


@pytest.mark.parametrize("cls", [OutOfStock, Reserved])
def test_a_missing_member(cls: Any) -> None:
    """An error without a required member raises TypeError, also if it is raised as a class."""
    with pytest.raises(TypeError, match=rf"^got no left, expected {cls.__name__}\(left=\.\.\.\)$"):
        cls("only three")
    with pytest.raises(TypeError, match=r"^got no left"):
        raise cls


@pytest.mark.parametrize(
    ("cls", "name", "message"),
    [
        (TooManyRequests, "retry_afer", "no parameter of TooManyRequests: did you mean retry_after?"),
        (OutOfStock, "lft", "no parameter of OutOfStock: did you mean left?"),
        (NotFound, "header", "no parameter of NotFound: did you mean headers?"),
        (NotFound, "detail", "no parameter of NotFound, expected the parameter description"),
        (NotFound, "status", "no parameter of NotFound: its class has the status; expected abort(404) for another one"),
        (
            NotFound,
            "status_code",
            "no parameter of NotFound: its class has the status; expected abort(404) for another",
        ),
        (NotFound, "code", "no parameter of NotFound: its class has the status; expected abort(404) for another one"),
        (NotFound, "order", "expected members={'order': ...}, or a class that declares order"),
        (NotFound, "retry_after", "no parameter of NotFound"),
        (HTTPException, "order", "no parameter of HTTPException"),
        (BadRequestKeyError, "ky", "no parameter of BadRequestKeyError: did you mean key?"),
    ],
)
def test_another_keyword(cls: Any, name: str, message: str) -> None:
    """Any other keyword raises TypeError, which names a parameter of a similar name: it would go to the client."""
    with pytest.raises(TypeError) as caught:
        cls(**{"left": 1} if cls is OutOfStock and name != "lft" else {}, **{name: 1})
    assert message in str(caught.value)


def test_abort_with_another_keyword() -> None:
    """``abort()`` refuses what the class of the status code refuses."""
    with pytest.raises(TypeError, match=r"^got retry_afer, which is no parameter of TooManyRequests: did you mean ret"):
        abort(429, retry_afer=3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"^got retry_after, which is no parameter of NotFound"):
        abort(404, retry_after=3)  # type: ignore[call-overload]


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_the_parameters_of_every_error(parameter: str) -> None:
    """The names that a message may suggest are parameters."""
    values: dict[str, Any] = {"members": {}, "headers": {}, "response": Response()}
    assert hasattr(NotFound(**{parameter: values.get(parameter, "x")}), parameter)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("optional", [1, None, True], ["1", 1.0]),
        ("union", [1, "1"], [None, 1.0, b""]),
        ("either", [1, None], ["1"]),
        ("number", [1, 1.5], ["1", 1j, None]),
        ("anything", [1, "1", None], []),
        ("nothing", [None], [0]),
        ("word", ["a", 1], ["b", 2, True, None]),
        ("marked", [1], ["1"]),
        ("final", [1], ["1"]),
        ("id", [1, Id(2)], ["1"]),
        ("place", [{"line": 1}], [1, None]),
        ("numbers", [[], [1, 2]], [["1"], (1,), 1]),
        ("pair", [(1, "a")], [(1,), (1, 2), ("a", 1), [1, "a"]]),
        ("many", [(), (1,), (1, 2)], [("1",), [1]]),
        ("empty", [()], [(1,)]),
        ("table", [{}, {"a": [1]}], [{1: [1]}, {"a": ["1"]}, []]),
        ("names", ["ab", ["a"], ()], [[1], 1, {"a"}]),
        ("view", [{}, {"a": 1}], [{"a": "1"}, 1]),
        ("kind", [ValueError], [1]),
        ("queue", [deque([1])], [deque(["1"]), [1]]),
        ("point", [1, 1.5, 1j], ["1", None]),
        ("tally", [Counter(), Counter("ab")], [{"a": 1}, 1]),
        ("sized", [1, None], []),
        ("price", [1, "1"], []),
    ],
)
def test_types(name: str, good: list[Any], bad: list[Any]) -> None:
    """A value of another type than the annotated one raises TypeError. What values do not show is accepted: the names
    of a protocol, the keys of a typed dict, a type that only type checkers know.
    """
    for value in good:
        assert getattr(Every(**{name: value}), name) is value
    for value in bad:
        with pytest.raises(TypeError, match=rf"^got .* as {name} of Every, expected "):
            Every(**{name: value})
    assert getattr(Every(), name) is getattr(Every, name)


def test_the_message_names_the_type() -> None:
    """The message has the value, the name of the member, and the type as it was written."""
    with pytest.raises(TypeError, match=r"^got '3' as left of OutOfStock, expected int$"):
        OutOfStock(left="3")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^got \['1'\] as numbers of Every, expected list\[int\]$"):
        Every(numbers=["1"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"expected Literal\['a', 1\]$"):
        Every(word="b")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["type", "title", "instance"])
def test_texts_of_the_document(name: str) -> None:
    """``type``, ``title`` and ``instance`` are text: anything else, an exception above all, raises TypeError."""
    for value in (1, b"x", ConnectionError(SECRET)):
        options: dict[str, Any] = {name: value}
        with pytest.raises(TypeError, match=rf"^got {type(value).__name__} as {name}, expected a str$"):
            NotFound(**options)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("type", "the parameter type"),
        ("title", "the parameter title"),
        ("status", "the attribute code of a class"),
        ("detail", "the parameter description"),
        ("instance", "the parameter instance"),
        ("left", "left=..., which is declared"),
    ],
)
def test_names_that_members_must_not_have(name: str, expected: str) -> None:
    """A name that every document has, and one that is declared, is refused in ``members``: it would be ignored."""
    with pytest.raises(TypeError) as caught:
        OutOfStock(left=1, members={name: 1})
    assert str(caught.value) == f"got {name!r} in members, expected {expected}"
    with pytest.raises(TypeError, match=r"^got list as members, expected a mapping$"):
        NotFound(members=[("a", 1)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("status", ..., True),
        ("status", 1, True),
        ("detail", ..., True),
        ("name", ..., True),
        ("args", ..., True),
        ("get_response", ..., True),
        ("title", ..., True),
        ("title", "x", False),
        ("code", 409, False),
        ("description", "x", False),
        ("left", ..., False),
    ],
)
def test_names_that_cannot_be_declared(name: str, value: Any, refused: bool) -> None:
    """A class that declares a member with a name which has a meaning already raises TypeError when it is defined. A
    parameter of every error may be annotated where the class sets it.
    """
    body = {"__annotations__": {name: "int"}, **({} if value is ... else {name: value})}
    if refused:
        with pytest.raises(TypeError, match=rf"^got the member '{name}' in Mine, expected "):
            type("Mine", (HTTPException,), body)
    else:
        type("Mine", (HTTPException,), body)


def test_a_mixin_declares_nothing() -> None:
    """Annotations count in classes that are HTTP errors, as for type checkers."""

    class Mixin:
        owner: int

    class Mine(Mixin, BadRequest):
        left: int

    assert Mine(left=1).get_members() == {"left": 1}
    with pytest.raises(TypeError, match=r"^got owner, which is no parameter"):
        Mine(left=1, owner=2)  # type: ignore[call-arg]


def test_a_class_without_our_constructor() -> None:
    """An error whose constructor does not call the constructor of HTTPException has its members as well."""

    class Silent(OutOfStock):
        more: int

        def __init__(self) -> None:
            self.more = 1

    assert Silent().get_members() == {"more": 1}
    assert Silent().get_headers() == []


@pytest.mark.parametrize("value", [
    ConnectionError(SECRET), [ConnectionError(SECRET)], (ConnectionError(SECRET),), {ConnectionError(SECRET)},
    frozenset([ConnectionError(SECRET)]), {"a": ConnectionError(SECRET)}, {ConnectionError(SECRET): "a"},
    MappingProxyType({"a": [(ConnectionError(SECRET),)]}),
])  # fmt: skip
def test_no_text_of_an_exception(value: Any) -> None:
    """A declared member that is or contains an exception raises TypeError, and the message lacks its text."""
    with pytest.raises(TypeError, match=r"^got ConnectionError in the member 'anything', expected") as caught:
        Every(anything=value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("error", [OutOfStock("x", left=3), Reserved(left=1), Own(2), Every(table={"a": [1]})])
def test_copies(error: HTTPException) -> None:
    """A pickle, a copy and a deep copy have the same members."""
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert (type(twin), twin.description) == (type(error), error.description)
        assert twin.get_members() == error.get_members()


def test_annotations_that_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members are found in a module that does not import annotations from __future__. A type that is defined after the
    class is known when the first error is made.
    """
    source = """
class Mine(HTTPException):
    left: int
    owner: "Later | None" = None
    seen: ClassVar[int] = 0
class Later: ...
"""
    module: Any = ModuleType("mine")
    monkeypatch.setitem(sys.modules, "mine", module)
    module.HTTPException, module.ClassVar = HTTPException, ClassVar
    exec(compile(source, "mine", "exec", dont_inherit=True), vars(module))
    mine, later = module.Mine, module.Later()
    assert mine(left=1).get_members() == {"left": 1, "owner": None}
    assert mine(left=1, owner=later).owner is later
    with pytest.raises(TypeError, match=r"^got 1 as owner of Mine, expected "):
        mine(left=1, owner=1)
    with pytest.raises(TypeError, match=r"^got '1' as left of Mine, expected int$"):
        mine(left="1")
    with pytest.raises(TypeError, match=r"^got seen, which is no parameter"):
        mine(left=1, seen=1)


def test_a_member_may_be_called_as_the_first_argument_of_a_method() -> None:
    """``self`` is a name like any other for a member."""

    class Taken(HTTPException):
        code = 409
        self: str

    assert Taken("taken", self="https://a.example/1").get_members() == {"self": "https://a.example/1"}


@pytest.mark.parametrize(
    "name", ["codes", "types", "typed", "titles", "titled", "descriptions", "instances", "responses"]
)
def test_words_that_are_no_misspelt_settings(name: str) -> None:
    """A class may have an attribute whose name is another word, however similar it is to that of a setting."""
    assert getattr(type("Mine", (NotFound,), {name: "x"}), name) == "x"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("cod", "code"),
        ("desciption", "description"),
        ("titel", "title"),
        ("instence", "instance"),
        ("header", "headers"),
        ("member", "members"),
        ("respons_class", "response_class"),
        ("orignal_exception", "original_exception"),
    ],
)
def test_a_misspelt_setting(name: str, meant: str) -> None:
    """The class would keep the value of its base class, so that the mistake would be seen by a client."""
    with pytest.raises(TypeError) as caught:
        type("Mine", (NotFound,), {name: None})
    assert str(caught.value) == f"got {name} in Mine: did you mean {meant}?"


@pytest.mark.parametrize("code", [300, 599])
def test_the_status_of_an_error(code: int) -> None:
    """Something else has to be done (3xx), or the request has failed (RFC 9110 section 15)."""
    assert type("Mine", (HTTPException,), {"code": code})().get_response().status_code == code


@pytest.mark.parametrize("code", [299, 600, 100, -1])
def test_a_status_of_no_error(code: int) -> None:
    """A status that says that all is well, or that is none, is refused."""
    with pytest.raises(ValueError, match=f"^got Mine.code = {code}, expected the status of an error, from 300 to 599$"):
        type("Mine", (HTTPException,), {"code": code})


@pytest.mark.parametrize("name", ["description", "title", "type", "instance"])
def test_a_text_of_a_class(name: str) -> None:
    """Each text that a class may set is a text, or None."""
    assert getattr(type("Mine", (NotFound,), {name: None}), name) is None
    with pytest.raises(TypeError, match=rf"^got Mine.{name} = 5, expected a str or None$"):
        type("Mine", (NotFound,), {name: 5})
