"""Finds the type argument of a generic class at run time: ApiRequest in ``class App(Application[ApiRequest])``."""

from __future__ import annotations

from types import UnionType
from typing import Any, ForwardRef, TypeVar, Union, get_args, get_origin

__all__ = ["check_argument", "class_in", "own_argument"]


def own_argument(cls: type, generic: type) -> Any:
    """The class that the bases of ``cls`` give to ``generic``, a generic class with one parameter. None if they do not.

    Only the bases in the class statement of ``cls`` are looked at: what further classes give is inherited from them.
    """
    for base in cls.__dict__.get("__orig_bases__", ()):
        if (found := class_in(base, generic)) is not None:
            return found
    return None


def class_in(alias: Any, generic: type) -> Any:
    """The class in the brackets of ``alias``, which is ``generic[...]`` or a generic subclass of it: ``Base[...]``.

    None if that is no class, a type variable without a default for example. Raises :exc:`TypeError` for a name in
    quotes, because the class may not exist yet.
    """
    found = _argument(alias, generic)
    if isinstance(found, ForwardRef):
        name = found.__forward_arg__
        raise TypeError(f"got the name {name!r} in {generic.__name__}[...], expected the class itself, without quotes")
    found = getattr(found, "__default__", found)  # of a type variable
    origin = get_origin(found)
    if origin in (Union, UnionType):
        return None
    found = origin or found
    return found if isinstance(found, type) else None


def check_argument(alias: Any, generic: type, bound: type) -> None:
    """Raise :exc:`TypeError` if what ``alias`` gives to ``generic`` cannot be a class derived from ``bound``.

    Type variables, names in quotes, and Any are accepted.
    """
    found = _argument(alias, generic)
    if found is None or found is Any or isinstance(found, (ForwardRef, TypeVar)) or hasattr(found, "__typing_subst__"):
        return
    cls = get_origin(found) or found
    if not isinstance(cls, type) or not issubclass(cls, bound):
        shown = found.__name__ if isinstance(found, type) else found
        raise TypeError(f"got {generic.__name__}[{shown}], expected one class that is derived from {bound.__name__}")


def _argument(alias: Any, generic: type) -> Any:
    cls: Any = get_origin(alias)
    given = get_args(alias)
    if cls is generic:
        return given[0]
    if isinstance(cls, type) and issubclass(cls, generic):
        values = dict(zip(getattr(cls, "__parameters__", ()), given, strict=False))
        for base in cls.__dict__.get("__orig_bases__", ()):
            found = _argument(base, generic)
            if found is not None:
                return values.get(found, found)
    return None
