"""``werkzeug.datastructures.accept``: names of :mod:`cardan.compat.werkzeug.datastructures`."""

from __future__ import annotations

from . import Accept, CharsetAccept, LanguageAccept, MIMEAccept

__all__ = ["Accept", "CharsetAccept", "LanguageAccept", "MIMEAccept"]


def __dir__() -> list[str]:
    return sorted(__all__)
