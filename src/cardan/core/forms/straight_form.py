"""The former names of :meth:`FormReader.take`, for those that still use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .reader import FormReader

if TYPE_CHECKING:
    from ..limits import Limits
    from .decoder import Forms
    from .form import Form
    from .reader import Hold

__all__ = ["straight_form"]


def straight_form(
    content_type: str, body: bytes, limits: Limits, forms: Forms, hold: Hold | None = None
) -> Form | None:
    """The form in ``body``; None if the steps have to parse it."""
    return FormReader(content_type, len(body), limits=limits, forms=forms, hold=hold).take(body, True)
