"""A set of tokens that a header field lists: Vary, Allow, Content-Language and others.

The set keeps the order of the tokens and the case in which each was first written. Parsing
(:meth:`HeaderSet.from_header`) never raises; writing raises ValueError for a token that a header field must not
contain. A set that is bound to headers (:meth:`HeaderSet.bound`) is live: every change is written to the field. It
takes tokens only, because no recipient understands a quoted string in one of these fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableSet
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Self

from ._lists import dump_list, parse_list
from ._live import Live
from ._syntax import check_token

__all__ = ["HeaderSet"]


class HeaderSet(Live[dict[str, str]], MutableSet[str]):
    """An ordered set of tokens that ignores case.

    ``headers`` are the tokens. ``on_update`` is called with the set after each change. A set that is bound to a field,
    such as ``response.vary``, raises :exc:`ValueError` for a new member that is not a token (RFC 9110 section 5.6.2):
    ``add("Accept, Cookie")`` would be sent as one quoted string, which no cache understands.

    >>> vary = HeaderSet(["Accept", "Cookie"])
    >>> "accept" in vary, vary.to_header()
    (True, 'Accept, Cookie')
    """

    __module__ = "cardan.datastructures"
    # _state maps each token in lower case to the token as it was written
    __slots__ = ("_on_update",)

    def __init__(
        self, headers: Iterable[str] | None = None, on_update: Callable[[HeaderSet], object] | None = None
    ) -> None:
        state = _fold(headers or ())
        super().__init__(state)
        self._on_update = on_update

    @classmethod
    def parse(cls, text: str, /) -> dict[str, str]:
        return _fold(parse_list(text))

    @classmethod
    def serialize(cls, state: dict[str, str], /) -> str:
        return dump_list(state.values())

    def _for_field(self, name: str) -> str:
        if self._headers is None:
            _check_members(self._state.values(), name)
        return self.to_header()

    def _change(self, state: dict[str, str]) -> None:
        if self._headers is not None:  # what the field had before may stay, whoever wrote it
            _check_members(set(state.values()).difference(self._state.values()), self._name)
        super()._change(state)
        # sets from from_header(), bound() and copy() lack the attribute
        on_update = getattr(self, "_on_update", None)
        if on_update is not None:
            on_update(self)

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and token.lower() in self.state

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.state.values()))

    def __len__(self) -> int:
        return len(self.state)

    def __bool__(self) -> bool:
        return len(self.state) > 0

    def add(self, value: str) -> None:
        """Add a token at the end, unless the set has it."""
        self.update((value,))

    def update(self, values: Iterable[str]) -> None:
        """Add the tokens that the set does not have, in order, as one change.

        Raises :exc:`TypeError` for a str, which is an iterable of letters.
        """
        state = self.state
        added = {**_fold(values), **state}
        if len(added) > len(state):
            self.state = {**state, **added}

    def __ior__(self, it: AbstractSet[str]) -> Self:  # type: ignore[override, misc]
        self.update(it)
        return self

    def discard(self, value: str) -> None:
        """Remove a token if the set has it."""
        if value in self:  # an operator of sets may pass what is no token
            self.state = {key: token for key, token in self.state.items() if key != value.lower()}

    def remove(self, value: str) -> None:
        """Remove a token. Raises KeyError if the set does not have it."""
        if value not in self:
            raise KeyError(value)
        self.discard(value)

    def clear(self) -> None:
        """Remove all tokens."""
        if self.state:
            self.state = {}

    def find(self, value: str) -> int:
        """Return the position of a token, -1 if the set does not have it."""
        return list(self.state).index(value.lower()) if value in self else -1

    def index(self, value: str) -> int:
        """Return the position of a token. Raises IndexError (as Werkzeug does) if the set does not have it."""
        at = self.find(value)
        if at < 0:
            raise IndexError(value)
        return at

    def __getitem__(self, at: int) -> str:
        return list(self.state.values())[at]

    def __setitem__(self, at: int, value: str) -> None:
        tokens = list(self)
        tokens[at] = value
        self.state = _fold(tokens)

    def __delitem__(self, at: int) -> None:
        self.discard(self[at])

    def as_set(self, preserve_casing: bool = False) -> set[str]:
        """Return the tokens as a set of str, in lower case unless ``preserve_casing``."""
        state = self.state
        return set(state.values()) if preserve_casing else set(state)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return self.state.keys() == {token.lower() if isinstance(token, str) else token for token in other}

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"

    if TYPE_CHECKING:  # the methods of abc.Set give what _from_iterable() makes

        def __or__(self, other: AbstractSet[Any]) -> Self: ...
        def __and__(self, other: AbstractSet[Any]) -> Self: ...
        def __sub__(self, other: AbstractSet[Any]) -> Self: ...
        def __xor__(self, other: AbstractSet[Any]) -> Self: ...

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> Self:  # type: ignore[override]
        return cls(it)


def _fold(tokens: Iterable[str]) -> dict[str, str]:
    if isinstance(tokens, str):  # an iterable of letters
        raise TypeError(f"got {tokens!r} as the members, expected an iterable of them")
    folded: dict[str, str] = {}
    for token in tokens:
        if not isinstance(token, str):
            raise TypeError(f"got {token!r} as a member, expected a str")
        folded.setdefault(token.lower(), token)
    return folded


def _check_members(tokens: Iterable[str], name: str) -> None:
    for token in tokens:
        check_token(token, f"{name} member")
