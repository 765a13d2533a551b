"""A read-only property that is computed once: what was looked at costs nothing the second time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    cached = property
else:
    _MISSING = object()

    def cached(function: Callable[[Any], Any]) -> property:
        """Like :class:`property`, with the value kept in the object's ``__dict__`` under the name with a ``_``.

        A data descriptor: assignment raises, as everything documented on a request is read-only.
        """
        name = "_" + function.__name__

        def get(self: Any) -> Any:
            values = self.__dict__
            value = values.get(name, _MISSING)  # most are asked for once: a KeyError costs more than the miss
            if value is _MISSING:
                value = values[name] = function(self)
            return value

        get.__name__ = function.__name__
        get.__qualname__ = function.__qualname__
        get.__annotations__ = function.__annotations__
        get.__module__ = function.__module__
        return property(get, doc=function.__doc__)


__all__ = ["cached"]
