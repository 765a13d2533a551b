"""What the adapters do with a request beside what is documented of it: switch its mode, and load its body.

Takes a request, of whatever class; for adapters only. A handler has the methods of the request itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from .base import BaseRequest
    from .body import Body

__all__ = [
    "is_async_request",
    "load_in_thread",
    "loads_in_thread",
    "may_receive",
    "never_waits",
    "open_body",
    "switch_mode",
]

F = TypeVar("F", bound="Callable[..., Any]")


def is_async_request(request: BaseRequest) -> bool:
    """True if async code handles the request now."""
    return request._mode == "async"


def switch_mode(request: BaseRequest, mode: str) -> None:
    """Switch the request, and the files already parsed, to ``mode``, ``"sync"`` or ``"async"``.

    The mode decides which of the sync and async twins may be called.
    """
    request._enter(mode)  # type: ignore[arg-type]


def never_waits(hook: F) -> F:
    """Mark the ``_get_file_stream`` of an adapter: its sinks never have to be awaited."""
    hook.never_waits = True  # type: ignore[attr-defined]
    return hook


def loads_in_thread(request: BaseRequest) -> bool:
    """True if the body can be loaded in a thread: no sink of the application's own may have to be awaited."""
    return request._mode == "sync" or hasattr(type(request)._get_file_stream, "never_waits")


def load_in_thread(request: BaseRequest, *, form: bool) -> None:
    """Load the body as ``await request.load(form=form)`` does, in a thread that may block, whatever the mode is."""
    request._load_sync(request._body, form and request.want_form_data_parsed)


def may_receive(request: BaseRequest, length: int) -> bool:
    """True if no limit of the request refuses a body of ``length`` bytes unread."""
    return request._may_receive(length)


def open_body(request: BaseRequest) -> Body:
    """The state of the body that all requests over one environ or scope share; it is made at the first access."""
    return request._open_body()
