"""Cache-Control (RFC 9111 section 5.2, RFC 5861, RFC 8246), of requests and of responses.

Takes and gives field values. Names compare in any case, directives that nobody knows are kept, of equal
directives the first counts (RFC 9111 section 4.2.1). Reading is linear and total. Writing raises
:exc:`ValueError` for a name that is no token, control characters in a value, and negative seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Generic, Literal, NoReturn, Self, TypeVar, overload

from .durations import delta_seconds, dump_age
from .lists import parse_pairs
from .live import LiveDict
from .syntax import check_token, is_token, quote, quote_if_needed

__all__ = ["CacheControl", "Directive", "RequestCacheControl", "ResponseCacheControl"]

T = TypeVar("T")

# RFC 9111 sections 5.2.2.4 and 5.2.2.7: senders ought to quote these even where a token would do
_QUOTED = frozenset(["no-cache", "private"])


class Directive(Generic[T]):
    """A directive as an attribute. Setting None or False removes it, True writes it without a value."""

    def __init__(self, name: str, read: Callable[[bool, str | None], T], doc: str) -> None:
        self._name = name
        self._read = read
        self.__doc__ = doc

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: CacheControl, owner: type | None = None) -> T: ...
    def __get__(self, obj: CacheControl | None, owner: type | None = None) -> Self | T:
        if obj is None:
            return self
        return self._read(self._name in obj, obj.get(self._name))

    def __set__(self, obj: CacheControl, value: T | timedelta | None) -> None:
        if value is None or value is False:
            obj.pop(self._name, None)
        elif value is True:
            obj[self._name] = None
        else:
            obj[self._name] = dump_age(value) if isinstance(value, (int, timedelta)) else str(value)

    def __delete__(self, obj: CacheControl) -> None:
        obj.pop(self._name, None)


def _flag(name: str, doc: str) -> Directive[bool]:
    return Directive(name, lambda there, value: there, doc)


def _seconds(name: str, doc: str) -> Directive[int | None]:
    return Directive(name, lambda there, value: delta_seconds(value), doc)


def _fields(name: str, doc: str) -> Directive[str | Literal[True] | None]:
    def read(there: bool, value: str | None) -> str | Literal[True] | None:
        return (value or True) if there else None

    return Directive(name, read, doc)


def _limit(there: bool, value: str | None) -> int | Literal[True] | None:
    return delta_seconds(value) if value else (there or None)


class CacheControl(LiveDict[str | None]):
    """The directives that both sides have, and a mapping of all of them: name to value, None for no value.

    Numbers are seconds. What is not a number of seconds reads as None.
    """

    __slots__ = ()

    no_store = _flag("no-store", "Nothing of the message may be stored (RFC 9111 sections 5.2.1.5 and 5.2.2.5).")
    no_transform = _flag("no-transform", "Intermediaries leave the content alone (sections 5.2.1.6 and 5.2.2.6).")
    max_age = _seconds("max-age", "The greatest age, in seconds (sections 5.2.1.1 and 5.2.2.1).")
    stale_if_error = _seconds("stale-if-error", "How long a stale response may stand in for an error (RFC 5861).")

    @classmethod
    def _read(cls, text: str | None) -> dict[str, str | None]:
        state: dict[str, str | None] = {}
        for name, value in parse_pairs(text):
            if is_token(name):
                state.setdefault(name.lower(), value)
        return state

    @classmethod
    def _write(cls, state: dict[str, str | None]) -> str:
        return ", ".join([cls._directive(name, value) for name, value in state.items()])

    @classmethod
    def _directive(cls, name: str, value: Any) -> str:
        check_token(name, "directive")
        if value is None:
            return name
        return f"{name}={quote(str(value)) if name in _QUOTED else quote_if_needed(str(value))}"


class RequestCacheControl(CacheControl):
    """Cache-Control of a request: cannot be changed."""

    __slots__ = ()

    no_cache = _flag("no-cache", "A stored response must be validated first (RFC 9111 section 5.2.1.4).")
    max_stale: Directive[int | Literal[True] | None] = Directive(
        "max-stale", _limit, "How stale, in seconds, an answer may be; True: however stale (section 5.2.1.2)."
    )
    min_fresh = _seconds("min-fresh", "How long the answer must still be fresh (section 5.2.1.3).")
    only_if_cached = _flag("only-if-cached", "Only a stored response will do (section 5.2.1.7).")

    def _set(self, state: dict[str, str | None]) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be changed")

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self._get().items()))


class ResponseCacheControl(CacheControl):
    """Cache-Control of a response. Live: every change is written to the field."""

    __slots__ = ()

    no_cache = _fields("no-cache", "Validate before use; or only the fields named (RFC 9111 section 5.2.2.4).")
    private = _fields("private", "No shared cache may store it; or only not the fields named (section 5.2.2.7).")
    public = _flag("public", "Caches may store what they otherwise would not (section 5.2.2.9).")
    must_revalidate = _flag("must-revalidate", "Never use it stale (section 5.2.2.2).")
    must_understand = _flag("must-understand", "Store it only if the status is understood (section 5.2.2.3).")
    proxy_revalidate = _flag("proxy-revalidate", "Shared caches never use it stale (section 5.2.2.8).")
    s_maxage = _seconds("s-maxage", "The greatest age, in seconds, in shared caches (section 5.2.2.10).")
    immutable = _flag("immutable", "It does not change while it is fresh (RFC 8246).")
    stale_while_revalidate = _seconds("stale-while-revalidate", "How long it may be used stale meanwhile (RFC 5861).")
