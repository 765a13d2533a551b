"""Values as JSON (RFC 8259): what ``from_json``, ``from_ndjson`` and server-sent events write.

Takes a value and the module or function that writes JSON; gives UTF-8. Raises the errors of that function, and
:exc:`ValueError` for NaN and Infinity, which JSON does not have (section 6).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from .encoding import encode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["json_bytes"]

# made once, because json.dumps with options makes an encoder for each call. It does not look for a list or dict that
# contains itself, which would take a seventh of the time: such a value reaches the recursion limit and is written again
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)
_CAREFUL_ENCODER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def json_bytes(value: Any, module: Any = json, dumps: Callable[[Any], str | bytes] | None = None) -> bytes:
    """``value`` as JSON in UTF-8, written by ``dumps``, or by ``module.dumps``; both may give text or bytes."""
    if dumps is None and module is json:
        return _standard(value)
    data = module.dumps(value) if dumps is None else dumps(value)
    return encode(data)


def _standard(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value).encode()
    except (UnicodeEncodeError, RecursionError):
        # a lone surrogate, which is written as an escape (UTF-8 has none: RFC 3629 section 3); or a value that contains
        # itself
        return _CAREFUL_ENCODER.encode(value).encode()
