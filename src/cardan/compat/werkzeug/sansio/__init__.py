"""``werkzeug.sansio``: requests and responses without a body, for frameworks that read and send bodies themselves.

Quart is one of them. The modules are :mod:`~cardan.compat.werkzeug.sansio.request` and
:mod:`~cardan.compat.werkzeug.sansio.response`. New frameworks stand on :mod:`cardan.core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import lazy

if TYPE_CHECKING:
    from . import request as request
    from . import response as response

__all__: list[str] = []

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(__name__, {}, ("request", "response"))
