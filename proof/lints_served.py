"""What a real server serves in a run of ``proof.lints``: the test's application, judged in the server's process."""

from __future__ import annotations

import importlib
import os

from . import lints_plugin

lints_plugin.install()
_module, _, _name = os.environ[lints_plugin.TARGET].partition(":")
app = getattr(importlib.import_module(_module), _name)
