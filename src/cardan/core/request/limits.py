"""Limits on a request class: each name of :class:`Limits` as an attribute of class, subclass and instance.

Takes numbers or None; gives :class:`Limits`. Raises :exc:`ValueError` for what is no number, :exc:`RuntimeError` for a
limit that is set on a request whose body was touched already.
"""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from ..limits import Limits

__all__ = ["LIMIT_NAMES", "LimitsMixin"]

LIMIT_NAMES: Final = tuple(field.name for field in fields(Limits))
"""The names of all limits."""

_GUARDED: Final = frozenset((*LIMIT_NAMES, "body_timeout"))
_values_of: Final = attrgetter(*LIMIT_NAMES)
_DEFAULT: Final = Limits()

# Limits by their values: an application has few sets of them, and asks for them with each body
_known: Final[dict[tuple[Any, ...], Limits]] = {_values_of(_DEFAULT): _DEFAULT}
_KNOWN_MAX: Final = 256


class LimitsMixin:
    """The limits as attributes: plain numbers on a class, ``max_form_parts = 50``, or on one request.

    They are read at the first access to the body, before a byte is read and never when the request is made; setting
    one on a request after that is a :exc:`RuntimeError`.
    """

    max_content_length: int | None = _DEFAULT.max_content_length
    """The whole body in bytes."""
    max_data_memory: int | None = _DEFAULT.max_data_memory
    """What ``data``, ``text``, ``json`` and ``load()`` may hold, in bytes."""
    max_form_memory_size: int | None = _DEFAULT.max_form_memory_size
    """One field that is no file, in bytes."""
    max_form_memory_total: int | None = _DEFAULT.max_form_memory_total
    """All fields that are no files, names included, in bytes."""
    max_form_parts: int | None = _DEFAULT.max_form_parts
    """Parts of a multipart form, pairs of a urlencoded one."""
    max_part_header_size: int | None = _DEFAULT.max_part_header_size
    """The header block of one part, in bytes."""
    max_part_headers: int | None = _DEFAULT.max_part_headers
    """Header fields of one part."""
    max_file_size: int | None = _DEFAULT.max_file_size
    """One file, in bytes."""
    max_files: int | None = _DEFAULT.max_files
    """Files of one form."""
    max_file_memory: int | None = _DEFAULT.max_file_memory
    """What one file holds in memory before it goes to disk, in bytes."""
    max_spool_memory: int | None = _DEFAULT.max_spool_memory
    """What all files of a form hold in memory, in bytes."""
    max_boundary_size: int | None = _DEFAULT.max_boundary_size
    """The boundary of a multipart body, in bytes."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _GUARDED:
            self._check_limit(name, value)
        object.__setattr__(self, name, value)

    def _check_limit(self, name: str, value: Any) -> None:
        if name in LIMIT_NAMES:
            _check(name, value)
        if "_opened" in self.__dict__:
            raise RuntimeError(f"got {name} = {value}, expected it to be set before the body is first accessed")
        self.__dict__["_is_limited"] = True

    @property
    def _own_limits(self) -> dict[str, Any]:
        """The limits that were set on this request and not on its class."""
        own = self.__dict__
        return {name: own[name] for name in LIMIT_NAMES if name in own}

    @property
    def limits(self) -> Limits:
        """All limits of this request as one value, built from the class's and the instance's attributes."""
        own = self.__dict__
        known: Limits | None = own.get("_limits")
        if known is not None:
            return known
        values = _values_of(self)
        try:
            known = _known[values]
        except (KeyError, TypeError):
            known = _remember(values)
        if "_opened" in own:  # fixed from now on
            own["_limits"] = known
        return known


def _remember(values: tuple[Any, ...]) -> Limits:
    for name, value in zip(LIMIT_NAMES, values, strict=True):
        _check(name, value)
    limits = Limits(*values)
    if len(_known) < _KNOWN_MAX:
        _known[values] = limits
    return limits


def _check(name: str, value: Any) -> None:
    if value is not None and (type(value) is not int or value < 0):
        raise ValueError(f"got {name} = {value!r}, expected an int of at least 0, or None for no limit")
