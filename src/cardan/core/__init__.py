"""cardan.core: the part of cardan without I/O. It takes bytes and values, and gives events and values.

The core uses no I/O, no event loop and no threads, and its clock can be replaced. A server, a framework or a test can
use it without the adapters for WSGI and ASGI.
"""

from __future__ import annotations

from . import _exceptions as exceptions
from . import _request as request
from . import _response as response
from . import drive as drive
from . import fields as fields
from . import forms as body
from . import forms as forms
from . import structures as structures
from ._descriptors import header_field, live_field, value_field
from ._exceptions import *  # noqa: F403
from ._limits import Limits
from ._request import *  # noqa: F403
from ._response import *  # noqa: F403
from .drive import Close, Open, Read, Step, Write, arun, run
from .forms import *  # noqa: F403 - the listing is that room's own

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


def __dir__() -> list[str]:
    return sorted({*__all__, "drive", "fields", "forms", "structures"})
