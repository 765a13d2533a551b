"""The limits of a request class: what may be assigned to its ``max_...`` attributes, and all of them as one value.

Takes a request and the values of its attributes; gives :class:`~cardan.core.Limits`. Raises :exc:`ValueError`
for a limit that is neither None nor an int of at least 0.
"""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from .._limits import Limits, check_limit

__all__ = [
    "FIXED_NAMES",
    "LIMIT_NAMES",
    "RESERVED",
    "check_limit",
    "is_misspelt",
    "limits_of",
    "wrong_name",
]

LIMIT_NAMES: Final = tuple(field.name for field in fields(Limits))
"""The names of all limits."""

FIXED_NAMES: Final = frozenset((*LIMIT_NAMES, "body_timeout"))
"""The attributes that cannot be set any more when the body was opened."""

RESERVED: Final = "max_"
"""How the name of every limit begins. No other attribute of a request may begin so, but for the following."""

_OTHERS: Final = ("max_drain_size", "max_forwards")

_values_of: Final = attrgetter(*LIMIT_NAMES)
_DEFAULT: Final = Limits()
_DEFAULT_VALUES: Final = _values_of(_DEFAULT)

# Limits by their values: an application has few sets of them, and they are looked up for each body
_known: Final[dict[tuple[Any, ...], Limits]] = {_DEFAULT_VALUES: _DEFAULT}
_KNOWN_MAX: Final = 256


def limits_of(request: object) -> Limits:
    """The limits that the attributes of ``request`` say, whether they are set on it or on its class."""
    values = _values_of(request)
    if values == _DEFAULT_VALUES:  # most are; comparing them is quicker than hashing
        return _DEFAULT
    try:
        return _known[values]
    except (KeyError, TypeError):
        return _remember(values)


def is_misspelt(name: str) -> bool:
    """Whether ``name`` is reserved for limits and is none of them: an attribute of that name would have no effect."""
    return name.startswith(RESERVED) and name not in LIMIT_NAMES and name not in _OTHERS


def wrong_name(name: str) -> str:
    """The text of the error for a misspelt limit, with the limit that was probably meant."""
    from difflib import get_close_matches

    close = get_close_matches(name, (*LIMIT_NAMES, *_OTHERS), 1)
    hint = f"did you mean {close[0]}?" if close else f"names that begin with {RESERVED} are reserved for limits"
    return f"got {name}, which is no limit: {hint}"


def _remember(values: tuple[Any, ...]) -> Limits:
    limits = Limits(**dict(zip(LIMIT_NAMES, values, strict=True)))
    if len(_known) < _KNOWN_MAX:
        _known[values] = limits
    return limits
