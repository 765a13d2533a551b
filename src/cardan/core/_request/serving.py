"""What only the adapters do with a request: switch its mode, and load its body before the handler runs.

Each function takes a request of any class. A handler uses the methods of the request itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import reading
from .reading import enter, load_sync, may_exceed_limits, opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._informational import Informational
    from .body import Body
    from .request import BaseRequest
    from .state import Mode

__all__ = [
    "has_own_sinks",
    "inform_of",
    "is_async_request",
    "known_body",
    "load",
    "load_in_thread",
    "loads_in_thread",
    "may_receive",
    "open_body",
    "switch_mode",
]


def is_async_request(request: BaseRequest) -> bool:
    """True if async code handles the request now."""
    return request._mode == "async"


def switch_mode(request: BaseRequest, mode: Mode) -> None:
    """Switch the request, and the files already parsed, to ``mode``, ``"sync"`` or ``"async"``.

    The mode decides which of the sync and async twins may be called.
    """
    enter(request, mode)


def loads_in_thread(request: BaseRequest) -> bool:
    """True if the body can be loaded in a thread: no sink of the application's own may have to be awaited."""
    return request._mode == "sync" or not request._has_own_sinks


async def load(request: BaseRequest, *, form: bool, handled_in: Mode) -> None:
    """Load the body as ``await request.load(form=form)`` does, before a handler that is ``"sync"`` or ``"async"``.

    Raises :exc:`TypeError` for an async sink before a sync handler, which could not read what was written to it.
    """
    await reading.load(request, form=form, awaits_sinks=handled_in == "async")


def load_in_thread(request: BaseRequest, *, form: bool) -> None:
    """Load the body as ``await request.load(form=form)`` does, in a thread that may block, whatever the mode is."""
    form = form and request.want_form_data_parsed
    load_sync(request, opened(request), form=form, access="load(form=False)")


def may_receive(request: BaseRequest, length: int) -> bool:
    """True if a declared body of ``length`` bytes may be received before the handler asks for it.

    Such a body cannot exceed a limit on sizes, so that no 413 has to wait until it was received.
    """
    return not may_exceed_limits(request, length)


def has_own_sinks(request: BaseRequest) -> bool:
    """True if the class of the request, or the request itself, overrides ``make_file_sink``."""
    return request._has_own_sinks


def open_body(request: BaseRequest) -> Body:
    """The body that all requests over one environ or scope share; it is made at the first access."""
    return request._open_body()


def known_body(request: BaseRequest) -> Body | None:
    """The body of a request, wherever that reads it from; None if it was not opened."""
    return request._known_body()


def inform_of(request: BaseRequest) -> Callable[[Informational], object] | None:
    """The function that a request of core was given to send informational responses by; None if there is none."""
    return request._given_inform
