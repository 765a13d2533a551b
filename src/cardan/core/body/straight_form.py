"""A whole small form in one piece, as most forms come: bytes -> Form, past decoder, events and builder.

Takes the body and what is known of it; returns the :class:`Form`, or None where anything is out of the ordinary, a
file above all: then the machines decide, which alone refuse. Held to them by a property test. Never raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .boundary import plan_for
from .form import Form
from .near_parts import split_whole, take_pairs
from .urlencoded_decoder import straight_pairs

if TYPE_CHECKING:
    from ..limits import Limits
    from .boundary import Plan
    from .multipart_decoder import Forms

__all__ = ["straight_fields", "straight_form"]

#: Where the first file of a form is looked for before anything else is done.
NEAR_START: Final = 2048

_MULTIPART: Final = "multipart/form-data; boundary="
_URL: Final = "application/x-www-form-urlencoded"


def straight_form(content_type: str, body: bytes, limits: Limits, forms: Forms) -> Form | None:
    """The form in ``body``, whose Content-Type is written as browsers write it; see the module."""
    if content_type == _URL:
        most = limits.max_content_length
        if forms == "strict" or (most is not None and len(body) > most):
            return None
        pairs = straight_pairs(body, limits)
    elif content_type.startswith(_MULTIPART) and content_type.isascii():
        boundary = content_type[30:].encode()
        plan = plan_for(limits, forms == "strict")
        pairs = straight_fields(b"\r\n--" + boundary, body, plan) if plan.takes(boundary) else None
    else:
        return None
    return None if pairs is None else Form(pairs)


def straight_fields(delimiter: bytes, body: bytes, plan: Plan) -> list[tuple[str, str]] | None:
    """The text fields of a multipart body whose boundary, with CRLF and hyphens before it, is ``delimiter``."""
    if body.find(b'filename="', 0, NEAR_START) >= 0:  # a file: to look through its data would be for nothing
        return None
    pieces = split_whole(delimiter, body, plan)
    return None if pieces is None else take_pairs(pieces, plan.memo)
