"""Vary: the fields of the request that an answer depends on. Caches keep one answer for each of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fields._header_set import HeaderSet
from ..structures._headers import pairs_of

if TYPE_CHECKING:
    from ..structures._headers import Headers

__all__ = ["add_vary"]


def add_vary(headers: Headers, *names: str) -> None:
    """Add names of request fields to Vary (RFC 9110 section 12.5.5), unless they are there, or ``*`` is."""
    told = headers.getlist("Vary")
    if not told:
        pairs_of(headers).append(("Vary", ", ".join(names)))
        return
    known = HeaderSet.from_header(", ".join(told))
    if "*" in known:
        return
    missing = [name for name in names if name not in known]
    if missing:
        headers["Vary"] = ", ".join([*filter(None, told), *missing])
