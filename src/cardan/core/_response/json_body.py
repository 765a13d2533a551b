"""Values as JSON (RFC 8259): what ``from_json``, ``from_ndjson`` and server-sent events write.

Takes a value and the module or function that writes JSON; gives UTF-8. Raises the errors of that function, and
:exc:`ValueError` for NaN and Infinity, which JSON does not have (section 6).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

from .encoding import encode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["json_bytes", "json_line"]

#: Line ends become spaces: both are white space outside of strings, and strings have none (RFC 8259 sections 2 and 7)
_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"  ")


def _refuse(value: object) -> NoReturn:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    raise TypeError(
        f"got {name} in a JSON value, expected a dict, list, tuple, str, int, float, bool or None; "
        "a function for default=, or another json_module, can write other types"
    )


# made once, because json.dumps with options makes an encoder for each call. It does not look for a list or dict that
# contains itself, which would take a seventh of the time: such a value reaches the recursion limit and is written again
_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False, default=_refuse
)


def json_bytes(
    value: Any,
    module: Any = json,
    dumps: Callable[[Any], str | bytes] | None = None,
    default: Callable[[Any], Any] | None = None,
) -> bytes:
    """``value`` as JSON in UTF-8, written by ``dumps``, or by ``module.dumps``; both may give text or bytes.

    ``default`` gets each value that JSON cannot represent, and gives one to write in its place. ``module.dumps`` gets
    it as a keyword.
    """
    if dumps is not None:
        if default is not None:
            raise TypeError("got dumps and default, expected only one of them: dumps decides about every value")
        return encode(dumps(value))
    if module is not json:
        return encode(module.dumps(value) if default is None else module.dumps(value, default=default))
    encoder = _ENCODER
    if default is not None:
        if not callable(default):
            raise TypeError(f"got default = {default!r}, expected a function")
        encoder = json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False, default=default
        )
    try:
        return encoder.encode(value).encode()
    except (UnicodeEncodeError, RecursionError):
        # a lone surrogate, which is written as an escape (UTF-8 has none: RFC 3629 section 3); or a value that contains
        # itself
        return json.dumps(value, allow_nan=False, separators=(",", ":"), default=default or _refuse).encode()


def json_line(data: bytes) -> bytes:
    r"""JSON as one line, with the line feed at its end, however it was written.

    >>> json_line(b'{\n  "a": 1\n}\n')
    b'{   "a": 1 }\n'
    """
    return data.strip().translate(_ONE_LINE) + b"\n"
