"""Cache-Control (RFC 9111 section 5.2, RFC 5861, RFC 8246), of requests and of responses.

Names of directives are compared without regard to case. Unknown directives are kept. If a directive occurs more than
once, the first one counts (RFC 9111 section 4.2.1). Parsing takes linear time and never raises. Setting a directive
raises :exc:`ValueError` for a name that is not a token, for control characters in a value, and for a value that the
directive cannot have: text that is no number or a negative number for ``max-age``, any value for ``no-store``. Such a
value that was read can be written again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Self, TypeVar, overload

from .._checks import listed
from ._durations import delta_seconds, dump_age
from ._lists import parse_pairs
from ._live import LiveDict, LiveMapping
from ._syntax import OWS, check_token, is_token, quote, quote_if_needed

__all__ = ["CacheControl", "Directive", "RequestCacheControl", "ResponseCacheControl"]

T = TypeVar("T")

# RFC 9111 sections 5.2.2.4 and 5.2.2.7: the values of these should be quoted even if they are tokens
_QUOTED = frozenset(["no-cache", "private"])


class Directive(Generic[T]):
    """Descriptor of one directive of :class:`CacheControl`. ``T`` is the type of its value.

    Setting None or False removes the directive; setting True writes it without a value. A timedelta is written as
    seconds. ``fold`` takes a value that the program sets, or None for no value, and returns it as text; it raises
    ValueError or TypeError for a value that the directive cannot have.
    """

    def __init__(
        self, name: str, read: Callable[[bool, str | None], T], fold: Callable[[str, object], str | None], doc: str
    ) -> None:
        self._name = name
        self._read = read
        self.fold = fold
        self.__doc__ = doc

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: CacheControl, owner: type | None = None) -> T: ...
    def __get__(self, obj: CacheControl | None, owner: type | None = None) -> Self | T:
        if obj is None:
            return self
        return self._read(self._name in obj, obj.get(self._name))

    def __set__(self, obj: LiveDict[str | None], value: T | timedelta | None) -> None:
        if value is None or value is False:
            obj.pop(self._name, None)
        else:
            given: Any = None if value is True else value
            obj[self._name] = given

    def __delete__(self, obj: LiveDict[str | None]) -> None:
        obj.pop(self._name, None)


def _no_value(name: str, value: object) -> None:
    if value is not None:
        raise ValueError(f"got {name}={value!r}, expected no value")


def _number(name: str, value: object) -> str:
    if isinstance(value, str) and delta_seconds(value) is not None:
        return value
    if isinstance(value, (int, float, timedelta)) and not isinstance(value, bool):
        return dump_age(value)  # type: ignore[arg-type]
    raise ValueError(f"got {name}={value!r}, expected a number of seconds")


def _number_or_none(name: str, value: object) -> str | None:
    return None if value is None else _number(name, value)


def _field_names(name: str, value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else ", ".join(listed(name, value, "a str of field names"))
    for member in text.split(","):
        check_token(member.strip(OWS), f"field name in {name}")
    return text


def _text(name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise TypeError(f"got {name}={value!r}, expected a str, an int or None")


def _flag(name: str, doc: str) -> Directive[bool]:
    return Directive(name, lambda there, value: there, _no_value, doc)


def _seconds(name: str, doc: str) -> Directive[int | None]:
    return Directive(name, lambda there, value: delta_seconds(value), _number, doc)


def _fields(name: str, doc: str) -> Directive[str | Literal[True] | None]:
    def read(there: bool, value: str | None) -> str | Literal[True] | None:
        return (value or True) if there else None

    return Directive(name, read, _field_names, doc)


def _limit(there: bool, value: str | None) -> int | Literal[True] | None:
    return delta_seconds(value) if value else (there or None)


class CacheControl(LiveMapping[str | None]):
    """A mapping of directives: name (lower case) to value, None for a directive without a value.

    The attributes of this class are the directives that requests and responses share. Durations are in seconds; a
    duration that is not a number reads as None.
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    no_store = _flag("no-store", "Nothing of the message may be stored (RFC 9111 sections 5.2.1.5 and 5.2.2.5).")
    no_transform = _flag(
        "no-transform", "Intermediaries must not change the content (RFC 9111 sections 5.2.1.6 and 5.2.2.6)."
    )
    max_age = _seconds("max-age", "The greatest allowed age in seconds (RFC 9111 sections 5.2.1.1 and 5.2.2.1).")
    stale_if_error = _seconds(
        "stale-if-error", "For how many seconds a stale response may replace an error (RFC 5861 section 4)."
    )

    @classmethod
    def _item(cls, name: str, value: str | None) -> tuple[str, str | None]:
        name = name.lower()
        directive = getattr(cls, name.replace("-", "_"), None)
        fold = directive.fold if isinstance(directive, Directive) else _text
        given: object = value
        return name, fold(name, None if given is True else given)

    @classmethod
    def parse(cls, text: str, /) -> dict[str, str | None]:
        state: dict[str, str | None] = {}
        for name, value in parse_pairs(text):
            if is_token(name):
                state.setdefault(name.lower(), value)
        return state

    @classmethod
    def serialize(cls, state: dict[str, str | None], /) -> str:
        return ", ".join([cls._directive(name, value) for name, value in state.items()])

    @classmethod
    def _directive(cls, name: str, value: str | None) -> str:
        check_token(name, "directive")
        if value is None:
            return name
        return f"{name}={quote(value) if name in _QUOTED else quote_if_needed(value)}"


class RequestCacheControl(CacheControl):
    """Cache-Control of a request. It is immutable: a change raises :exc:`TypeError`."""

    __module__ = "cardan.datastructures"
    __slots__ = ()

    no_cache = _flag("no-cache", "A cache must validate a stored response before use (RFC 9111 section 5.2.1.4).")
    max_stale: Directive[int | Literal[True] | None] = Directive(
        "max-stale",
        _limit,
        _number_or_none,
        "For how many seconds a response may be stale; True for any time (RFC 9111 section 5.2.1.2).",
    )
    min_fresh = _seconds("min-fresh", "For how many more seconds a response must be fresh (RFC 9111 section 5.2.1.3).")
    only_if_cached = _flag("only-if-cached", "The client wants only a stored response (RFC 9111 section 5.2.1.7).")

    if not TYPE_CHECKING:  # for type checkers these methods do not exist

        def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
            """Raise TypeError."""
            raise TypeError(f"{type(self).__name__} cannot be changed")

        __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _change = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.state.items()))


class ResponseCacheControl(CacheControl, LiveDict[str | None]):
    """Cache-Control of a response. It is live: every change is written to the field.

    >>> cache = ResponseCacheControl()
    >>> cache.public, cache.max_age = True, 3600
    >>> cache.to_header()
    'public, max-age=3600'
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    no_cache = _fields(
        "no-cache",
        "A cache must validate the response before use. True for the whole response, or a string that names the "
        "fields to which this applies (RFC 9111 section 5.2.2.4).",
    )
    private = _fields(
        "private",
        "A shared cache must not store the response. True for the whole response, or a string that names the fields "
        "to which this applies (RFC 9111 section 5.2.2.7).",
    )
    public = _flag("public", "A cache may store a response that it otherwise would not (RFC 9111 section 5.2.2.9).")
    must_revalidate = _flag("must-revalidate", "A cache must not use a stale response (RFC 9111 section 5.2.2.2).")
    must_understand = _flag(
        "must-understand", "A cache may store the response only if it knows the status (RFC 9111 section 5.2.2.3)."
    )
    proxy_revalidate = _flag(
        "proxy-revalidate", "A shared cache must not use a stale response (RFC 9111 section 5.2.2.8)."
    )
    s_maxage = _seconds(
        "s-maxage", "The greatest allowed age in shared caches, in seconds (RFC 9111 section 5.2.2.10)."
    )
    immutable = _flag("immutable", "The response does not change while it is fresh (RFC 8246).")
    stale_while_revalidate = _seconds(
        "stale-while-revalidate",
        "For how many seconds a cache may use a stale response while it validates it (RFC 5861 section 3).",
    )
