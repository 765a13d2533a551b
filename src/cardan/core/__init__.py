"""cardan.core: the part of cardan without I/O. It takes bytes and values, and gives events and values.

The core uses no I/O, no event loop and no threads, and its clock can be replaced. A server, a framework or a test can
use it without the adapters for WSGI and ASGI.
"""

from __future__ import annotations

from . import exceptions, request, response
from . import forms as body
from .descriptors import header_field, live_field, value_field
from .drive import Close, Open, Read, Step, Write, arun, run
from .exceptions import *  # noqa: F403
from .forms import *  # noqa: F403 - the listing is that room's own
from .limits import Limits
from .request import *  # noqa: F403
from .response import *  # noqa: F403

__all__ = [
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
__all__ += body.__all__
__all__ += exceptions.__all__
__all__ += request.__all__
__all__ += response.__all__
