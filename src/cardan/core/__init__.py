"""cardan.core: the sans-IO core. Bytes and values in, events and values out.

No I/O, no event loop, no thread, and no clock that cannot be replaced. Everything here can be used without the
adapters: by a server, a framework, a test.
"""

from __future__ import annotations

from . import exceptions
from .body import *  # noqa: F403 - the listing is that room's own
from .body import __all__ as _body
from .descriptors import header_field, live_field, value_field
from .drive import Close, Open, Read, Step, Write, arun, run
from .exceptions import *  # noqa: F403
from .limits import Limits
from .request import *  # noqa: F403
from .request import __all__ as _request
from .response import *  # noqa: F403
from .response import __all__ as _response

__all__ = [
    *_body,
    *exceptions.__all__,
    *_request,
    *_response,
    "Close",
    "Limits",
    "Open",
    "Read",
    "Step",
    "Write",
    "arun",
    "header_field",
    "live_field",
    "run",
    "value_field",
]
