"""A cached property is computed once for each object, and cannot be assigned."""

from __future__ import annotations

import pytest

from cardan.core._request.cached import cached


class Square:
    def __init__(self, side: int) -> None:
        self.side = side
        self.computed = 0

    @cached
    def area(self) -> int:
        """The area."""
        self.computed += 1
        if self.side < 0:
            raise ValueError("negative")
        return self.side**2

    @cached
    def nothing(self) -> None:
        self.computed += 1


def test_it_is_computed_once() -> None:
    """Every further access gives the same value, also if that is None; each object has its own."""
    square = Square(3)
    assert (square.area, square.area, square.nothing, square.nothing, square.computed) == (9, 9, None, None, 2)
    assert (Square(4).area, square.area) == (16, 9)


def test_an_error_is_not_kept() -> None:
    """An access that fails is tried again by the next one."""
    square = Square(-1)
    with pytest.raises(ValueError, match=r"^negative$"):
        square.area
    square.side = 2
    assert (square.area, square.computed) == (4, 2)


def test_it_is_read_only() -> None:
    """A cached property can be neither assigned nor deleted, before and after it was computed."""
    square = Square(3)
    for _ in range(2):
        with pytest.raises(AttributeError):
            square.area = 1
        with pytest.raises(AttributeError):
            del square.area
        assert square.area == 9


def test_it_keeps_its_docstring() -> None:
    """The manual and :func:`help` show it like any property."""
    assert (Square.area.__doc__, Square.area.fget.__qualname__) == ("The area.", "Square.area")  # type: ignore[attr-defined]
