"""Checks of what programs set on the public classes: the type of a value, and the spelling of a name.

The errors are raised where the program sets the value, not when a request uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, Final

__all__ = [
    "CheckedSetting",
    "cannot_take",
    "check_assignments",
    "check_spelling",
    "check_type",
    "kind_of",
    "listed",
    "near_miss",
    "pairs",
]

#: how similar two names are, from 0 to 1, if one is probably meant to be the other: ``cod`` and ``code`` have 0.86
_SIMILAR: Final = 0.85


def check_type(name: str, value: object, kinds: type | tuple[type, ...], expected: str) -> None:
    """Raise :exc:`TypeError` if ``value`` is not of one of the ``kinds``. A bool is no number here.

    ``name`` and ``expected`` are for the text of the error.
    """
    if type(value) is kinds:  # nearly always
        return
    found = isinstance(value, kinds)
    if found and isinstance(value, bool):
        found = bool in (kinds if isinstance(kinds, tuple) else (kinds,))
    if not found:
        from reprlib import repr as short

        raise TypeError(f"got {name} = {short(value)}, expected {expected}")


def kind_of(value: object) -> str:
    """What ``value`` is, for the text of an error: the name of its type, or of the class that it is."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def cannot_take(function: Callable[..., Any], number: int) -> bool:
    """Whether ``function`` cannot be called with this number of arguments, as far as its signature tells."""
    from inspect import signature

    try:
        parameters = signature(function)
    except (TypeError, ValueError):
        return False
    try:
        parameters.bind(*range(number))
    except TypeError:
        return True
    return False


def listed(name: str, value: Any, expected: str) -> tuple[Any, ...]:
    """The items of an iterable. Raise :exc:`TypeError` for anything else, and for text and bytes.

    ``name`` and ``expected`` are for the text of the error.
    """
    if isinstance(value, (str, bytes, bytearray, memoryview)) or not isinstance(value, Iterable):
        from reprlib import repr as short

        raise TypeError(f"got {name} = {short(value)}, expected {expected}")
    return tuple(value)


def pairs(name: str, value: Any) -> list[tuple[Any, Any]]:
    """The pairs of an iterable. Raise :exc:`TypeError` for anything else: a text of two letters is no pair.

    ``name`` is for the text of the error.
    """
    found: list[tuple[Any, Any]] = []
    for given in listed(name, value, "a mapping or pairs"):
        pair = () if isinstance(given, (str, bytes)) or not isinstance(given, Iterable) else tuple(given)
        if len(pair) != 2:
            raise TypeError(f"got {given!r} in {name}, expected a pair of a name and a value")
        found.append(pair)
    return found


def near_miss(name: str, known: Iterable[str]) -> str | None:
    """The name among ``known`` that was probably meant by ``name``, which is none of them. None if there is none.

    Names match if they are very similar, or if they have the same letters in another order.
    """
    from difflib import get_close_matches

    known = tuple(known)
    letters = sorted(name)
    swapped = [each for each in known if len(each) == len(name) and sorted(each) == letters]
    close = swapped or get_close_matches(name, known, 1, _SIMILAR)
    return close[0] if close else None


def check_spelling(
    cls: type, known: Iterable[str], words: frozenset[str] = frozenset(), *, values_only: bool = False
) -> None:
    """Raise :exc:`TypeError` if the body of ``cls`` has an attribute whose name is a misspelt one of ``known``.

    ``words`` are names that are similar to known ones and mean something else. Names that a base class has and names
    that begin with an underscore are not looked at. With ``values_only`` neither are functions and annotated names.
    """
    known = frozenset(known)
    body = cls.__dict__
    annotated = body.get("__annotations__", ()) if values_only else ()
    for name, value in body.items():
        if name.startswith("_") or name in known or name in words or name in annotated:
            continue
        if values_only and (isinstance(value, (FunctionType, type)) or hasattr(value, "__get__")):
            continue
        if any(name in base.__dict__ for base in cls.__mro__[1:]):
            continue
        if (meant := near_miss(name, known)) is not None:
            raise TypeError(f"got {name} in {cls.__name__}: did you mean {meant}?")


class CheckedSetting:
    """A setting that a class and each of its objects may have: its value is checked when an object is given one.

    ``check(value)`` raises for a wrong value. The value of an object is kept in its ``__dict__`` under the name of the
    setting.
    """

    __slots__ = ("check", "default", "name")

    def __init__(self, name: str, default: object, check: Callable[[Any], object]) -> None:
        self.name = name
        self.default = default
        self.check = check

    def __get__(self, obj: object, owner: type | None = None) -> Any:
        return self.default if obj is None else obj.__dict__.get(self.name, self.default)

    def __set__(self, obj: object, value: object) -> None:
        self.check(value)
        obj.__dict__[self.name] = value

    def __delete__(self, obj: object) -> None:
        try:
            del obj.__dict__[self.name]
        except KeyError:
            raise AttributeError(self.name) from None


def check_assignments(cls: type, name: str, check: Callable[[Any], object]) -> None:
    """Make the attribute ``name`` of ``cls``, which is its own or inherited, a :class:`CheckedSetting`.

    Raises what ``check`` raises for the value that it has. A property of the program is left as it is.
    """
    value = next(base.__dict__[name] for base in cls.__mro__ if name in base.__dict__)
    if not hasattr(value, "__get__"):
        check(value)
        setattr(cls, name, CheckedSetting(name, value, check))
