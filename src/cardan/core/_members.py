"""Declared members: the annotations in the body of an error class are parameters of its constructor.

::

    class OutOfStock(HTTPException):
        code = 409
        left: int

    raise OutOfStock("only three", left=3)

An annotation with a value has that value as its default. An annotation without one makes the parameter required. What
is given becomes an attribute of the error and a member of its problem document (RFC 9457 section 3.2). If the name
begins with an underscore, it becomes an attribute only. A ``ClassVar`` is no parameter.

Type checkers follow the rules of ``dataclass_transform`` (PEP 681). :func:`fill` checks the same when an error is made.
A type that does not exist at run time, for example one that only type checkers import, is not checked.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from inspect import get_annotations
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    NamedTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)  # fmt: skip

from ._checks import check_spelling, check_type

__all__ = [
    "PARAMETERS",
    "Declared",
    "check_names",
    "check_settings",
    "checked",
    "checked_members",
    "declared_in",
    "exception_in",
    "fill",
]

#: the parameters of every error
PARAMETERS: Final = (
    "description", "response", "headers", "original_exception", "type", "title", "instance", "members"
)  # fmt: skip
#: what a class of errors may set, and that is no text
_SETTINGS: Final = ("code", "response_class", "headers", "members")
_TEXTS: Final = ("description", "title", "type", "instance")
#: names of their own, which are no misspelt settings
_WORDS: Final = frozenset({"codes", "types", "typed", "titles", "titled", "descriptions", "instances", "responses"})
#: the members that every problem document has (RFC 9457 section 3.1), each with what sets it
_OF_THE_DOCUMENT: Final = {
    "type": "the parameter type",
    "title": "the parameter title",
    "status": "the attribute code of a class",
    "detail": "the parameter description",
    "instance": "the parameter instance",
}
#: names under which other libraries take the status of an error
_STATUS: Final = ("code", "status", "status_code")
#: the modules whose containers are looked into
_CONTAINERS: Final = ("builtins", "collections", "collections.abc")
_NUMBERS: Final[dict[object, tuple[type, ...]]] = {float: (int, float), complex: (int, float, complex)}


class Declared(NamedTuple):
    """What the annotations of an error class, and of the classes it derives from, declare."""

    types: dict[str, Any]
    """The type of each parameter. ``Any``: it is not checked."""
    members: tuple[str, ...]
    """The parameters that are members of the problem document."""
    required: tuple[str, ...]
    """The parameters without a default."""


def declared_in(cls: type, root: type, ours: Collection[type]) -> Declared:
    """Return what ``cls`` declares. ``root`` is HTTPException, whose own parameters are not among them.

    ``ours`` are ``root`` and the classes of cardan that are derived from it. A parameter that one of them adds is no
    member and is not checked: it is a header field, or a part of the description. A class with a constructor of its own
    has no required parameters, because the constructor decides.
    """
    types: dict[str, Any] = {}
    members: list[str] = []
    for owner in reversed(cls.__mro__):
        if owner is root or not issubclass(owner, root):
            continue
        is_foreign = owner not in ours
        for name, annotation in _annotations(owner).items():
            if hasattr(root, name):
                continue
            kind = _evaluated(owner, annotation) if is_foreign else Any
            if kind is ClassVar:
                continue
            types[name] = kind
            if is_foreign and not name.startswith("_") and name not in members:
                members.append(name)
    constructor = next(owner for owner in cls.__mro__ if "__init__" in owner.__dict__)
    required = tuple(name for name in types if not hasattr(cls, name)) if constructor in ours else ()
    return Declared(types, tuple(members), required)


def check_names(cls: type, root: type) -> None:
    """Raise :exc:`TypeError` if an annotation in the body of ``cls`` has a name that no member can have.

    That is a name which every problem document contains, or an attribute of ``root``. Such an attribute may be
    annotated where it gets a value: ``code: int = 409``.
    """
    for name, annotation in _annotations(cls).items():
        exists = hasattr(root, name)
        if _is_class_variable(annotation) or (exists and name in cls.__dict__):
            continue
        if exists or name in _OF_THE_DOCUMENT:
            instead = _OF_THE_DOCUMENT.get(name, f"another name: it is an attribute of {root.__name__}")
            raise TypeError(f"got the member {name!r} in {cls.__name__}, expected {instead}")


def check_settings(cls: type) -> None:
    """Raise :exc:`TypeError` if the body of an error class has a misspelt setting, or one of a wrong type.

    Raise :exc:`ValueError` for a ``code`` that is no status of an error (300 to 599). A setting may be a property.
    """
    check_spelling(cls, (*PARAMETERS, *_SETTINGS), _WORDS, values_only=True)
    body = {name: value for name, value in vars(cls).items() if not hasattr(value, "__get__")}
    for name in _TEXTS:
        check_type(f"{cls.__name__}.{name}", body.get(name), (str, NoneType), "a str or None")
    code: Any = body.get("code")
    check_type(f"{cls.__name__}.code", code, (int, NoneType), "a status code")
    if code is not None and not 300 <= code <= 599:
        raise ValueError(f"got {cls.__name__}.code = {int(code)}, expected the status of an error, from 300 to 599")
    check_type(f"{cls.__name__}.response_class", body.get("response_class"), (type, NoneType), "a class of responses")
    check_type(f"{cls.__name__}.members", body.get("members", {}), Mapping, "a mapping")
    headers = body.get("headers")
    if isinstance(headers, (str, bytes)) or not isinstance(headers, (Iterable, NoneType)):
        raise TypeError(f"got {cls.__name__}.headers = {headers!r}, expected a mapping, or pairs of a name and a value")


def _annotations(cls: type) -> Mapping[str, Any]:
    if sys.version_info >= (3, 14):  # pragma: no cover: an older Python does not run it
        return get_annotations(cls, format=3)  # names that are not defined yet are given as ForwardRef objects
    return get_annotations(cls)


def _is_class_variable(annotation: object) -> bool:
    return "ClassVar" in str(annotation).partition("[")[0]


def _evaluated(owner: type, annotation: object) -> Any:
    """The type that an annotation in the body of ``owner`` means; Any if that cannot be found out."""
    if _is_class_variable(annotation):
        return ClassVar
    module = sys.modules.get(owner.__module__)
    holder = type("holder", (), {"__annotations__": {"it": annotation}})
    try:
        return get_type_hints(holder, vars(module) if module else {}, dict(vars(owner)))["it"]
    except Exception:  # whatever the evaluation of a text raises
        return Any


def fill(error: object, declared: Declared, given: Mapping[str, object]) -> None:
    """Set the attributes of a new error from the declared keyword arguments that its constructor was given.

    Raises :exc:`TypeError` for a keyword that is not declared, for a required one that is missing, for a value of
    another type, and for a value that is or contains an exception.
    """
    cls = type(error).__name__
    for name, value in given.items():
        if name not in declared.types:
            raise TypeError(_unknown(name, cls, declared))
        if name in declared.members:
            checked(f"in the member {name!r}", value)
        if not _accepts(declared.types[name], value):
            from reprlib import repr as short

            raise TypeError(f"got {short(value)} as {name} of {cls}, expected {_shown(declared.types[name])}")
        setattr(error, name, value)
    for name in declared.required:
        if name not in given:
            raise TypeError(f"got no {name}, expected {cls}({name}=...)")


def checked_members(members: Mapping[str, object], declared: Declared) -> dict[str, object]:
    """Return a copy of the members that are given without a declaration.

    Raises :exc:`TypeError` for a name that every document contains, for one that is declared, and for a value that is
    or contains an exception.
    """
    if not isinstance(members, Mapping):
        raise TypeError(f"got {type(members).__name__} as members, expected a mapping")
    for name, value in members.items():
        instead = _OF_THE_DOCUMENT.get(name) or (f"{name}=..., which is declared" if name in declared.members else None)
        if instead is not None:
            raise TypeError(f"got {name!r} in members, expected {instead}")
        checked(f"in the member {name!r}", value)
    return dict(members)


def checked(where: str, value: object) -> None:
    """Raise :exc:`TypeError` if ``value`` is or contains an exception: the client would see its text."""
    if (found := exception_in(value)) is not None:
        raise TypeError(
            f"got {type(found).__name__} {where}, expected what the client may see; "
            "give an exception as original_exception"
        )


def exception_in(value: object) -> BaseException | None:
    """Return ``value`` if it is an exception, else an exception in a container that JSON would write, or None.

    A container whose own code raises, such as a list that is loaded when it is read, is not looked into.
    """
    values, seen = [value], set[int]()
    while values:
        value = values.pop()
        if isinstance(value, BaseException):
            return value
        if isinstance(value, (Mapping, list, tuple, set, frozenset)) and id(value) not in seen:
            seen.add(id(value))
            try:
                values += [*value, *value.values()] if isinstance(value, Mapping) else [*value]
            except Exception:
                continue
    return None


def _unknown(name: str, cls: str, declared: Declared) -> str:
    from difflib import get_close_matches

    problem = f"got {name}, which is no parameter of {cls}"
    if name in _STATUS:
        return f"{problem}: its class has the status; expected abort(404) for another one, or a class with its own code"
    if name in _OF_THE_DOCUMENT:
        return f"{problem}, expected {_OF_THE_DOCUMENT[name]}"
    close = get_close_matches(name, [*declared.types, *PARAMETERS], 1)
    if close:
        return f"{problem}: did you mean {close[0]}?"
    return f"{problem}, expected members={{{name!r}: ...}}, or a class that declares {name}"


def _accepts(kind: Any, value: object) -> bool:
    """Whether ``value`` is of the type ``kind``. A type that values do not show is accepted."""
    kind = getattr(kind, "__supertype__", kind)  # of a NewType
    kind = getattr(kind, "__value__", kind)  # of a type alias
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_accepts(each, value) for each in arguments)
    if origin is Literal:
        return any(type(each) is type(value) and each == value for each in arguments)
    if origin in (Annotated, Final):
        return _accepts(arguments[0], value)
    if origin is not None:
        return _is(origin, value) and (origin.__module__ not in _CONTAINERS or _holds(origin, arguments, value))
    if is_typeddict(kind):
        return isinstance(value, dict)
    return _is(_NUMBERS.get(kind, kind) if isinstance(kind, type) else object, value)


def _is(kind: Any, value: object) -> bool:
    try:
        return isinstance(value, kind)
    except TypeError:  # a protocol that is not for run time
        return True


def _holds(origin: Any, arguments: tuple[Any, ...], value: object) -> bool:
    """Whether the items of a list, a dict and their like are of the types that the annotation gives."""
    if isinstance(value, Mapping):
        if len(arguments) != 2:
            return True
        return all(_accepts(arguments[0], key) and _accepts(arguments[1], item) for key, item in value.items())
    if not isinstance(value, (Sequence, Set)):
        return True
    if origin is tuple and arguments[-1:] != (...,):
        return len(value) == len(arguments) and all(map(_accepts, arguments, value))
    return all(_accepts(arguments[0], item) for item in value)


def _shown(kind: Any) -> str:
    return kind.__name__ if type(kind) is type else str(kind).replace("typing.", "")
