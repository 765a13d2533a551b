"""Limits on a request class: each name of :class:`Limits` as an attribute of class, subclass and instance."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ..limits import Limits

__all__ = ["LIMIT_NAMES", "LimitsMixin"]

LIMIT_NAMES: Final = tuple(field.name for field in fields(Limits))


class _Limit:
    """One limit: the class's value, or the instance's, which may be set until the body is first touched."""

    __slots__ = ("default", "name")

    def __init__(self, name: str, default: int | None) -> None:
        self.name = name
        self.default = default

    def __get__(self, obj: Any, owner: type | None = None) -> int | None:
        if obj is None:
            return self.default
        value: int | None = obj.__dict__.get(self.name, self.default)
        return value

    def __set__(self, obj: Any, value: int | None) -> None:
        if value is not None and (type(value) is not int or value < 0):
            raise ValueError(f"got {self.name} = {value!r}, expected an int of at least 0, or None for no limit")
        if obj._body_touched:
            raise RuntimeError(f"got {self.name} = {value}, expected it to be set before the body is first read")
        obj.__dict__[self.name] = value
        obj.__dict__.pop("_limits", None)


class LimitsMixin:
    """The limits as attributes; a subclass overrides them as plain numbers, ``max_form_parts = 50``.

    Those of a class are read once, when the class is made; setting one on an instance after its body was
    first read raises :exc:`RuntimeError`.
    """

    _class_limits: ClassVar[Limits] = Limits()
    _body_touched: bool = False

    if TYPE_CHECKING:
        max_content_length: int | None
        max_data_memory: int | None
        max_form_memory_size: int | None
        max_form_memory_total: int | None
        max_form_parts: int | None
        max_part_header_size: int | None
        max_part_headers: int | None
        max_file_size: int | None
        max_files: int | None
        max_file_memory: int | None
        max_spool_memory: int | None
        max_boundary_size: int | None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in LIMIT_NAMES:
            value = cls.__dict__.get(name, _Limit)
            if value is not _Limit and not isinstance(value, _Limit):
                setattr(cls, name, _Limit(name, value))
        cls._class_limits = Limits(**{name: getattr(cls, name) for name in LIMIT_NAMES})

    @property
    def limits(self) -> Limits:
        """All limits of this request as one value, built from the class's and the instance's attributes."""
        values = self.__dict__
        own = {name: values[name] for name in LIMIT_NAMES if name in values} if not LIMIT_SET.isdisjoint(values) else None
        if not own:
            return self._class_limits
        known: Limits | None = values.get("_limits")
        if known is None:
            known = Limits(**{name: own.get(name, getattr(type(self), name)) for name in LIMIT_NAMES})
            values["_limits"] = known
        return known


LIMIT_SET: Final = frozenset(LIMIT_NAMES)

for _name in LIMIT_NAMES:
    setattr(LimitsMixin, _name, _Limit(_name, getattr(Limits(), _name)))
