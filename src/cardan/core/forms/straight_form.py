"""A whole small form in one piece, as most forms come: bytes -> Form, past decoder, events and builder.

Takes the body and what is known of it; returns the :class:`Form`, or None where anything is out of the ordinary: then
the machines decide, which alone refuse. Held to them by a property test. Never raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..exceptions import HTTPException
from .form import Form
from .near_parts import split_whole, take_form
from .plan import plan_for
from .urlencoded import usual_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..limits import Limits
    from .decoder import Forms
    from .events import FileStart
    from .plan import Plan

    Hold: TypeAlias = Callable[[list[tuple[FileStart, bytes]]], list[tuple[str, Any]] | None]
    """Takes files that have come whole; gives what the form has for each, under its name. None: they must be stored
    step by step."""

__all__ = ["straight_form", "straight_urlencoded"]

#: Where the first file of a form is looked for before anything else is done, if it cannot be held.
NEAR_START: Final = 2048

#: What a urlencoded body may have at most: larger ones are decoded in pieces of this size.
SMALL: Final = 65_536

_MULTIPART: Final = "multipart/form-data; boundary="
_URL: Final = "application/x-www-form-urlencoded"


def straight_form(
    content_type: str, body: bytes, limits: Limits, forms: Forms, hold: Hold | None = None
) -> Form | None:
    """The form in ``body``, whose Content-Type is written as browsers write it; see the module.

    With files only where ``hold`` takes them.
    """
    if content_type == _URL:
        if forms == "strict" or len(body) > SMALL:
            return None
        plan = plan_for(limits, False)
        return straight_urlencoded(body, plan.parts) if len(body) <= plan.whole else None
    if not (content_type.startswith(_MULTIPART) and content_type.isascii()):
        return None
    boundary = content_type[30:].encode()
    plan = plan_for(limits, forms == "strict")
    if not plan.takes(boundary):
        return None
    if hold is None and body.find(b'filename="', 0, NEAR_START) >= 0:  # to look through its data would be for nothing
        return None
    pieces = split_whole(b"\r\n--" + boundary, body, plan)
    return None if pieces is None else _form_of(pieces, plan, hold)


def straight_urlencoded(body: bytes, most: int | None) -> Form | None:
    """The form in a urlencoded body of usual size that passes no limit on sizes; at most ``most`` pairs."""
    if most is not None and len(body) >= 2 * most and body.count(b"&") >= most:  # a pair has a byte, and "&"
        return None
    pairs = usual_pairs(body)
    return None if pairs is None or (most is not None and len(pairs) > most) else Form(pairs)


def _form_of(pieces: list[bytes], plan: Plan, hold: Hold | None) -> Form | None:
    try:
        taken = take_form(pieces, plan)
    except (HTTPException, UnicodeDecodeError):
        return None
    if taken is None:
        return None
    pairs, files = taken
    if not files:
        return Form(pairs)
    held = hold(files) if hold is not None and len(files) <= plan.files else None
    return None if held is None else Form(pairs, held)
