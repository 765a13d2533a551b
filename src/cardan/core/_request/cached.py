"""A read-only property that is computed once for each object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    cached = property
else:
    _MISSING = object()

    def cached(function: Callable[[Any], Any]) -> property:
        """Like :class:`property`, but the value is kept in the object's ``__dict__`` under the name of the property.

        The property is a data descriptor, so it is found before the ``__dict__`` and refuses assignment: everything
        documented on a request is read-only.
        """
        name = function.__name__

        def get(self: Any) -> Any:
            values = self.__dict__
            value = values.get(name, _MISSING)  # most are read once: a KeyError costs more than this
            if value is _MISSING:
                value = values[name] = function(self)
            return value

        get.__name__ = function.__name__
        get.__qualname__ = function.__qualname__
        get.__annotations__ = function.__annotations__
        get.__module__ = function.__module__
        return property(get, doc=function.__doc__)


__all__ = ["cached"]
