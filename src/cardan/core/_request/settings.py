"""What an application may set on a request class or on a request: which names, and which values.

:func:`check_class` looks at a class when it is made, :data:`CHECKS` and :func:`fault_of` are for one request. A value
is checked when it is set, so that a wrong one is not found by a client.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from inspect import get_annotations, getattr_static
from types import FunctionType
from typing import Any, Final

from .._urls import idna_host
from ..forms._files import FileStorage
from ..forms._parts import Part
from ..forms._plan import check_form_rules
from ..forms._reader import FormReader
from .limits import LIMIT_NAMES, check_limit, is_misspelt, wrong_name

__all__ = ["CHECKS", "check_class", "fault_of"]

#: How similar a name must be to that of a setting to count as misspelt. ``read_timeout`` is less similar to
#: ``drain_timeout``, and is a name that an application may use; so is ``content_length``.
_SIMILAR: Final = 0.9
_ABSENT: Final = object()


def _check_hosts(name: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"got {name} = {value!r}, expected a list of hosts, or None to trust every host")
    if not isinstance(value, Iterator):
        for host in value:
            if not isinstance(host, str):
                raise TypeError(f"got {host!r} in {name}, expected a str")
            if not host.isascii():
                idna_host(host.removeprefix(".").partition(":")[0])  # raises ValueError


def _check_timeout(name: str, value: object) -> None:
    if value is not None and not _is_number(value):
        raise ValueError(f"got {name} = {value!r}, expected a number of seconds, or None for no limit")


def _check_drain(name: str, value: object) -> None:
    if not _is_number(value):
        raise ValueError(f"got {name} = {value!r}, expected a number of at least 0; 0 for no drain")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _check_rules(name: str, value: object) -> None:
    check_form_rules(value)


def _check_json(name: str, value: object) -> None:
    if not callable(getattr(value, "loads", None)):
        raise TypeError(f"got {name} = {value!r}, expected a module, or an object, with loads()")


def _check_storage(name: str, value: object) -> None:
    if not callable(value):
        raise TypeError(f"got {name} = {value!r}, expected a class")


def _derived(base: type) -> Callable[[str, object], None]:
    def check(name: str, value: object) -> None:
        if not isinstance(value, type) or not issubclass(value, base):
            raise TypeError(f"got {name} = {value!r}, expected a class that is derived from {base.__name__}")

    return check


CHECKS: Final[dict[str, Callable[[str, object], None]]] = {
    **dict.fromkeys(LIMIT_NAMES, check_limit),
    "body_timeout": _check_timeout,
    "max_drain_size": _check_drain,
    "drain_timeout": _check_drain,
    "trusted_hosts": _check_hosts,
    "form_rules": _check_rules,
    "json_module": _check_json,
    "file_storage_class": _derived(FileStorage),
    "part_class": _derived(Part),
    "form_reader_class": _derived(FormReader),
    "list_storage_class": _check_storage,
    "dict_storage_class": _check_storage,
    "parameter_storage_class": _check_storage,
    "user_agent_class": _check_storage,
}
"""The settings, each with a function that takes its name and a value. It raises :exc:`TypeError` or :exc:`ValueError`
for a wrong value."""

_SETTINGS: Final = (*CHECKS, "make_file_sink", "disable_data_descriptor")


@lru_cache(maxsize=1024)
def fault_of(name: str) -> str | None:
    """The text of the error for a misspelt setting, None for any other name."""
    if name.startswith("_") or name in _SETTINGS:
        return None
    if is_misspelt(name):
        return wrong_name(name)
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), _SETTINGS, 1, _SIMILAR)
    return f"got {name}, which is no setting of a request: did you mean {close[0]}?" if close else None


def check_class(cls: type) -> None:
    """Raise an exception if ``cls``, or a class that it inherits from, has a misspelt setting or a wrong value.

    That is :exc:`TypeError` for a name, also one that is only annotated, and what :data:`CHECKS` raise for a value.
    Properties are not called.
    """
    for base in cls.__mro__:
        for name in (*base.__dict__, *_annotated(base)):
            if (fault := fault_of(name)) is not None:
                raise TypeError(fault)
    for name, check in CHECKS.items():
        value = getattr_static(cls, name, _ABSENT)
        if isinstance(value, Iterator):
            raise TypeError(f"got {name} = {value!r}, expected a list: the first request would use an iterator up")
        if value is not _ABSENT and (not hasattr(value, "__get__") or isinstance(value, FunctionType)):
            check(name, value)


def _annotated(cls: type) -> Iterable[str]:
    options: dict[str, Any] = {"format": 3} if sys.version_info >= (3, 14) else {}  # names may be missing
    return get_annotations(cls, **options)
