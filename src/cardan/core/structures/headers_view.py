"""Reading header fields: what every container of headers has in common.

Takes names in any case; returns text. Raises :exc:`~cardan.core.exceptions.BadRequestKeyError` (a KeyError,
and a 400) from ``headers[name]`` when the field was not sent. Never decodes a field that nobody asked for.

Several fields of one name read as one value, joined with ``", "``, cookies with ``"; "`` (RFC 9110 section
5.3, RFC 9113 section 8.2.3): a server may have joined them already, and a handler cannot tell.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..exceptions import BadRequestKeyError
from .header_rules import convert, join_values
from .immutable import refuse, same

if TYPE_CHECKING:
    from .headers import Headers

__all__ = ["HeadersView", "ImmutableHeadersMixin"]

D = TypeVar("D")
T = TypeVar("T")


class HeadersView(Mapping[str, str]):
    """Header fields to read: a mapping of names in any case to values.

    A subclass says how to find a value (``_find``), all values (``_find_all``) and the names (``__iter__``).
    """

    __slots__ = ()

    @abstractmethod
    def _find(self, name: str) -> str | None:
        """The value of a field, joined where there are several; None where there is none."""

    @abstractmethod
    def _find_all(self, name: str) -> list[str]:
        """The values of all fields of that name, in order."""

    def __getitem__(self, name: str) -> str:
        value = self._find(name)
        if value is None:
            raise BadRequestKeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    @overload
    def get(self, name: str, default: D) -> str | D: ...
    @overload
    def get(self, name: str, default: None = None, *, type: Callable[[str], T]) -> T | None: ...
    @overload
    def get(self, name: str, default: D, type: Callable[[str], T]) -> T | D: ...
    def get(self, name: str, default: Any = None, type: Callable[[str], Any] | None = None) -> Any:
        """The value of the field ``name`` (any case), or ``default``.

        ``type`` converts it; where that raises ValueError or TypeError the result is ``default``.
        """
        value = self._find(name)
        if value is None:
            return default
        return value if type is None else convert(value, default, type)

    @overload
    def getlist(self, name: str) -> list[str]: ...
    @overload
    def getlist(self, name: str, type: Callable[[str], T]) -> list[T]: ...
    def getlist(self, name: str, type: Callable[[str], Any] | None = None) -> list[Any]:
        """The values of all fields of that name, in order; on WSGI the server may have joined them.

        ``type`` converts each; those for which it raises ValueError or TypeError are left out.
        """
        values = self._find_all(name)
        if type is None:
            return values
        missing = object()
        converted = [convert(value, missing, type) for value in values]
        return [value for value in converted if value is not missing]

    def get_all(self, name: str) -> list[str]:
        """:meth:`getlist`, under the name that :mod:`email` and :mod:`wsgiref` give it."""
        return self._find_all(name)

    def copy(self) -> Headers:
        """The same fields as a :class:`Headers`, which can be changed."""
        from .headers import Headers

        return Headers._trusted([(name, value) for name in self for value in self._find_all(name)])

    def to_wsgi_list(self) -> list[tuple[str, str]]:
        """The fields as PEP 3333's ``start_response`` takes them: a new list of pairs of str."""
        return list(self.items())

    def __or__(self, other: Mapping[str, Any]) -> Headers:
        if not isinstance(other, Mapping):
            return NotImplemented
        headers = self.copy()
        headers.update(other)
        return headers

    def _joined(self) -> dict[str, str]:
        values: dict[str, list[str]] = {}
        for name, value in self.items():
            values.setdefault(name.lower(), []).append(value)
        return {name: join_values(name, several) for name, several in values.items()}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HeadersView):
            return NotImplemented
        return self._joined() == other._joined()

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """The fields as HTTP/1.1 writes them (RFC 9112 section 5), with the empty line at the end."""
        return "".join([f"{name}: {value}\r\n" for name, value in self.items()]) + "\r\n"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.items())!r})"


class ImmutableHeadersMixin:
    """Refuses every change with a TypeError that says what to do instead."""

    __slots__ = ()

    __setitem__ = __delitem__ = __ior__ = refuse
    add = add_header = clear = extend = pop = popitem = remove = set = setdefault = refuse
    setlist = setlistdefault = update = refuse
    __copy__ = same
