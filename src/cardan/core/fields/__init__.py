"""Header fields, one family a file: value classes with ``from_header()`` and ``to_header()``, and functions.

Takes field values as both protocols deliver them: text, one character for each byte; None is a field that was not
sent. Gives values and text. All readers are linear in their input and total: garbage gives the empty value or None,
never an exception. All writers raise :exc:`ValueError` for what must not go on the wire.

Values that can be changed are live (:mod:`~cardan.core.fields.live`): bound to headers, they read the field before
every use and write it after every change.

This module imports none of its parts, so that a program pays for what it uses. ``cardan.http`` has all names.
"""

from __future__ import annotations

__all__: list[str] = []
