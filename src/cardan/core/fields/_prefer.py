"""Prefer and Preference-Applied (RFC 7240): what a client would like, and what of it the server has done.

Names are compared without regard to case, values with regard to it. The first of several equal preferences counts, and
an empty value is no value (section 2). Parsing takes linear time and never raises: a preference whose name is no token
is skipped. Writing raises :exc:`ValueError` for a value that a header field must not contain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, Self, TypeAlias

from ._durations import delta_seconds
from ._lists import parse_pairs, split
from ._live import LiveDict
from ._parameters import parse_parameters
from ._reading_back import folded
from ._syntax import check_token, is_token, key_of, quote_if_needed

__all__ = ["Prefer", "PreferenceApplied"]

Values: TypeAlias = Mapping[str, str | None]

_RETURN: Final[dict[str | None, Literal["minimal", "representation"]]] = {
    "minimal": "minimal",
    "representation": "representation",
}
_HANDLING: Final[dict[str | None, Literal["strict", "lenient"]]] = {"strict": "strict", "lenient": "lenient"}


class Prefer(Mapping[str, str | None]):
    """What a client prefers: a mapping of names (in lower case) to values, None for a preference without a value.

    ``parameters`` of a preference follow its value; :meth:`parameters_of` gives them. An object cannot be changed. The
    constructor raises :exc:`ValueError` for a value that a header field must not contain.

    >>> prefer = Prefer.from_header("respond-async, wait=10, return=minimal")
    >>> prefer.respond_async, prefer.wait, prefer.return_
    (True, 10, 'minimal')
    """

    __module__ = "cardan.datastructures"
    __slots__ = ("_parameters", "_values")

    _values: dict[str, str | None]
    _parameters: dict[str, dict[str, str | None]]

    def __init__(
        self, values: Values | Iterable[tuple[str, str | None]] = (), parameters: Mapping[str, Values] | None = None
    ) -> None:
        self._values = _folded(dict(values))
        given = {name.lower(): _folded(found) for name, found in (parameters or {}).items()}
        if unknown := given.keys() - self._values.keys():
            raise ValueError(f"got parameters of {', '.join(sorted(unknown))}, expected those of a preference")
        self._parameters = {name: found for name, found in given.items() if found}
        self.to_header()  # raises for what cannot be written

    @classmethod
    def from_header(cls, value: str | None, /) -> Self:
        """Parse a field value. None and an invalid value give an empty object."""
        self = cls.__new__(cls)
        self._values, self._parameters = {}, {}
        for member in split(value):
            (name, text), *rest = parse_parameters(member) or [("", None)]
            if not is_token(name) or name in self._values:
                continue
            self._values[name] = text or None
            found: dict[str, str | None] = {}
            for key, content in rest:
                if is_token(key):
                    found.setdefault(key, content or None)
            if found:
                self._parameters[name] = found
        return self

    @property
    def respond_async(self) -> bool:
        """Whether the client would rather have a 202 than wait for the result (section 4.1)."""
        return "respond-async" in self._values

    @property
    def return_(self) -> Literal["minimal", "representation"] | None:
        """What the client wants to get back (``return``): the whole representation or as little as possible.

        None if it does not say (section 4.2).
        """
        return _RETURN.get(self._values.get("return"))

    @property
    def wait(self) -> int | None:
        """How many seconds the client would wait for an answer, None if it does not say (section 4.3)."""
        return delta_seconds(self._values.get("wait"))

    @property
    def handling(self) -> Literal["strict", "lenient"] | None:
        """Whether the client wants errors to be reported or overlooked, None if it does not say (section 4.4)."""
        return _HANDLING.get(self._values.get("handling"))

    def parameters_of(self, name: str) -> dict[str, str | None]:
        """The parameters of a preference, None for one without a value. Empty if there are none."""
        return dict(self._parameters.get(name.lower(), ()))

    def to_header(self) -> str:
        """Return the field value."""
        return ", ".join(
            "; ".join([_pair(name, value), *(_pair(*item) for item in self._parameters.get(name, {}).items())])
            for name, value in self._values.items()
        )

    def __getitem__(self, key: str) -> str | None:
        return self._values[key_of(key)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prefer):
            return NotImplemented
        return (self._values, self._parameters) == (other._values, other._parameters)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._values, self._parameters)

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"


class PreferenceApplied(LiveDict[str | None]):
    """The preferences that the server has followed: a mapping of names to values, None for one without a value.

    It is live: every change is written to the field.

    >>> PreferenceApplied({"return": "minimal", "respond-async": None}).to_header()
    'return=minimal, respond-async'
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    @classmethod
    def _item(cls, name: str, value: str | None) -> tuple[str, str | None]:
        return name.lower(), value or None

    @classmethod
    def parse(cls, text: str, /) -> dict[str, str | None]:
        state: dict[str, str | None] = {}
        for name, value in parse_pairs(text):
            if is_token(name):
                state.setdefault(name.lower(), value or None)
        return state

    @classmethod
    def serialize(cls, state: dict[str, str | None], /) -> str:
        return ", ".join([_pair(name, value) for name, value in state.items()])


def _folded(values: Values) -> dict[str, str | None]:
    return folded((name, value or None) for name, value in values.items())


def _pair(name: str, value: str | None) -> str:
    check_token(name, "preference")
    return name if value is None else f"{name}={quote_if_needed(value)}"
