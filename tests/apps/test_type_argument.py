"""The class in the brackets of a generic class, found at run time."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import pytest
import typing_extensions

from cardan.apps._type_argument import class_in, own_argument

T = TypeVar("T")
U = TypeVar("U")
D = typing_extensions.TypeVar("D", default=str)


class Box(Generic[T]): ...


class Pair(Generic[U, T], Box[T]): ...


class Turned(Pair[T, U]): ...


class Defaulted(Box[D]): ...


class Words(Box[str]): ...


CASES: dict[str, tuple[Any, Any]] = {
    "itself": (Box[int], int),
    "a generic subclass": (Pair[str, int], int),
    "with its parameters in another order": (Turned[int, str], str),
    "a class with arguments of its own": (Box[list[int]], list),
    "a type variable": (Box[T], None),
    "a type variable with a default": (Box[D], str),
    "a union": (Box[int | str], None),
    "another generic class": (list[int], None),
    "a class": (Words, None),
}


@pytest.mark.parametrize("name", CASES)
def test_the_class_in_the_brackets(name: str) -> None:
    """The class is found through generic subclasses. An argument that is no class gives None."""
    alias, expected = CASES[name]
    assert class_in(alias, Box) is expected


def test_the_bases_of_a_class_statement() -> None:
    """Of a class, only its own bases are looked at."""

    class Further(Words): ...

    class Mixed(dict[str, int], Box[bytes]): ...

    assert own_argument(Words, Box) is str
    assert own_argument(Defaulted, Box) is str
    assert own_argument(Mixed, Box) is bytes
    assert own_argument(Further, Box) is None
    assert own_argument(Box, Box) is None


def test_a_name_in_quotes() -> None:
    """A name in quotes cannot be looked up when the class is made, so the error asks for the class itself."""
    with pytest.raises(TypeError, match=r"^got the name 'int' in Box\[\.\.\.\], expected the class itself"):
        class_in(Box["int"], Box)


def test_a_base_that_is_not_generic_over_the_class() -> None:
    """A subclass may have other generic bases before the one that is asked for."""

    class Labelled(Generic[U]): ...

    class LabelledBox(Labelled[str], Box[T]): ...

    assert class_in(LabelledBox[int], Box) is int
    assert class_in(LabelledBox[int], Labelled) is str


def test_a_base_without_brackets() -> None:
    """A base without brackets gives no class, although the subclass is generic over another one."""

    class Loose(Box, Generic[U]): ...  # type: ignore[type-arg]

    assert class_in(Loose[int], Box) is None
