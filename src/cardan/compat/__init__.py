"""Packages with the names of other libraries, for programs that were written for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from . import werkzeug as werkzeug

__all__: list[str] = []

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, {}, ["werkzeug"])
