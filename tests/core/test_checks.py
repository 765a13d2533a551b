"""The checks of settings: near misses of names, and types of values."""

from __future__ import annotations

from typing import Any

import pytest

from cardan.core._checks import (
    CheckedSetting,
    cannot_take,
    check_spelling,
    check_type,
    kind_of,
    listed,
    near_miss,
    pairs,
)

KNOWN = ("code", "title", "description", "request_class")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("cod", "code"), ("coed", "code"), ("titel", "title"), ("desciption", "description"),
        ("request_clas", "request_class"), ("requestclass", "request_class"),
        ("codes", "code"), ("tilde", None), ("titeln", None), ("edoc", "code"), ("cods", None),
        ("node", None), ("mode", None), ("core", None), ("text", None), ("name", None), ("", None),
    ],
)  # fmt: skip
def test_near_misses(name: str, meant: str | None) -> None:
    """A letter that is missing, doubled or in another place is a near miss; another short word is none."""
    assert near_miss(name, KNOWN) == meant


def test_the_body_of_a_class() -> None:
    """Only names that are new in the body are looked at, and neither private ones nor words of their own."""

    class Base:
        titel = "of the base"

    class Child(Base):
        titel = "known to the base"
        _cod = 1
        code = 2
        codes = (1, 2)

    check_spelling(Child, KNOWN, frozenset({"codes"}))
    with pytest.raises(TypeError, match=r"^got codes in Child: did you mean code"):
        check_spelling(Child, KNOWN)


def test_values_only() -> None:
    """With ``values_only`` functions, classes, properties and annotated names may be near misses."""

    class Child:
        titel: str = "annotated"

        def cod(self) -> None: ...

        @property
        def desciption(self) -> str:
            return ""

    check_spelling(Child, KNOWN, values_only=True)
    with pytest.raises(TypeError, match="did you mean"):
        check_spelling(Child, KNOWN)


@pytest.mark.parametrize(("value", "kinds"), [(1, int), (True, bool), (1.5, (int, float)), ("a", (str, int))])
def test_a_value_of_the_type(value: Any, kinds: Any) -> None:
    """A value of one of the types passes."""
    check_type("x", value, kinds, "")


@pytest.mark.parametrize(
    ("value", "kinds"), [(True, int), ("a", int), (None, (str, int)), (1, bool), (False, (int, str))]
)
def test_a_value_of_another_type(value: Any, kinds: Any) -> None:
    """Any other value raises TypeError. A bool is no int."""
    with pytest.raises(TypeError, match=r"^got x = .*, expected it$"):
        check_type("x", value, kinds, "it")


def test_a_long_value_is_cut() -> None:
    """The text of the error does not hold a whole long value."""
    with pytest.raises(TypeError) as caught:
        check_type("x", "a" * 10_000, int, "an int")
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    ("function", "refused"),
    [
        (lambda a, b: None, [0, 1, 3]),
        (lambda a, *b: None, [0]),
        (lambda *, a: None, [0, 1, 2, 3]),
        (len, [0, 2, 3]),
    ],
)
def test_how_many_arguments_a_function_takes(function: Any, refused: list[int]) -> None:
    """A signature tells which numbers of arguments cannot be passed."""
    assert [number for number in range(4) if cannot_take(function, number)] == refused


class Unknown:
    """A function whose signature cannot be told."""

    __signature__ = "unknown"

    def __call__(self, *args: Any) -> None: ...


@pytest.mark.parametrize("function", [Unknown(), type, 5])
def test_a_function_without_a_signature_may_take_anything(function: Any) -> None:
    """What has no signature is not said to be called wrongly."""
    assert not any(cannot_take(function, number) for number in range(4))


def test_what_an_iterable_holds() -> None:
    """Any iterable but text and bytes of any kind, whose items would be letters and numbers."""
    assert listed("x", iter("ab"), "a list") == ("a", "b")
    assert listed("x", {"a": 1}, "a list") == ("a",)
    for wrong in ("ab", b"ab", bytearray(b"ab"), memoryview(b"ab"), 5, None):
        with pytest.raises(TypeError, match=r"^got x = .*, expected a list$"):
            listed("x", wrong, "a list")


def test_pairs() -> None:
    """Each item is a pair: not a text of two letters, nor a triple."""
    assert pairs("x", [("a", 1), ["b", 2], iter("cd")]) == [("a", 1), ("b", 2), ("c", "d")]
    for wrong in ("ab", b"ab", ("a",), ("a", 1, 2), (), 5):
        with pytest.raises(TypeError, match=r"^got .* in x, expected a pair of a name and a value$"):
            pairs("x", [wrong])
    with pytest.raises(TypeError, match=r"^got x = .*, expected a mapping or pairs$"):
        pairs("x", "ab")


def test_what_a_value_is() -> None:
    """A class is named as such, so that the text does not say "got type"."""
    assert (kind_of(5), kind_of(int), kind_of(None)) == ("int", "the class int", "NoneType")


def test_a_setting_of_a_class_and_of_its_objects() -> None:
    """The class has the default. An object may have a value of its own, which is checked, and may give it up once."""

    def check(value: Any) -> None:
        if value == "wrong":
            raise ValueError

    class Owner:
        size: Any = CheckedSetting("size", 5, check)

    owner = Owner()
    assert (Owner.size, owner.size) == (5, 5)
    owner.size = None
    assert (Owner.size, owner.size) == (5, None)
    with pytest.raises(ValueError):
        owner.size = "wrong"
    assert owner.size is None
    del owner.size
    assert owner.size == 5
    with pytest.raises(AttributeError, match=r"^size$"):
        del owner.size
