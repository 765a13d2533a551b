"""A plugin of pytest that puts the modules of ``cardan.compat.werkzeug`` in the place of Werkzeug's.

A suite that is run with ``-p shim`` and imports ``werkzeug.wrappers`` gets ``cardan.compat.werkzeug.wrappers``. The
plugin replaces whole modules and repairs nothing: a name that is missing in them is an ImportError, and the classes do
what they do for everybody. Modules of Werkzeug without a counterpart stay, ``werkzeug.local`` for example.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

import werkzeug

from cardan.compat import werkzeug as ours

#: Werkzeug's modules that stay. They have imported their neighbours before these are replaced.
STAY = ("debug", "local", "middleware.dispatcher", "sansio.response", "security", "serving", "urls")
MODULES = [module.name for module in pkgutil.iter_modules(ours.__path__) if not module.name.startswith("_")]

for name in STAY:
    import_module(f"werkzeug.{name}")
for name in MODULES:
    module = import_module(f"cardan.compat.werkzeug.{name}")
    sys.modules[f"werkzeug.{name}"] = module
    setattr(werkzeug, name, module)
for name in ours.__all__:
    setattr(werkzeug, name, getattr(ours, name))
