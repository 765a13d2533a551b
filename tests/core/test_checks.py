"""The checks of settings: near misses of names, and types of values."""

from __future__ import annotations

from typing import Any

import pytest

from cardan.core._checks import cannot_take, check_spelling, check_type, near_miss

KNOWN = ("code", "title", "description", "request_class")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("cod", "code"), ("coed", "code"), ("titel", "title"), ("desciption", "description"),
        ("request_clas", "request_class"), ("requestclass", "request_class"),
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
