"""A plugin of pytest that puts the modules of ``cardan.compat.werkzeug`` in the place of Werkzeug's.

A suite that is run with ``-p shim`` and imports ``werkzeug.wrappers`` gets ``cardan.compat.werkzeug.wrappers``. The
plugin replaces whole modules and repairs nothing: a name that is missing in them is an ImportError, and the classes do
what they do for everybody. Modules of Werkzeug without a counterpart stay, ``werkzeug.local`` for example.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from importlib.util import find_spec

import werkzeug

from cardan.compat import werkzeug as ours

#: Werkzeug's modules that stay. They have imported their neighbours before these are replaced.
STAY = ("debug", "local", "middleware.dispatcher", "sansio.http", "sansio.multipart", "security", "serving", "urls")
#: Those that are replaced. A package without names, ``werkzeug.sansio``, stays, because some of its modules do.
FOUND = [
    found
    for found in pkgutil.walk_packages(ours.__path__, f"{ours.__name__}.")
    if not found.ispkg or import_module(found.name).__all__
]

for name in STAY:
    if find_spec(f"werkzeug.{name}"):  # older versions do not have all of them
        import_module(f"werkzeug.{name}")
for found in FOUND:
    if "._" not in found.name:
        name = found.name.removeprefix("cardan.compat.")
        parent, _, last = name.rpartition(".")
        sys.modules[name] = module = import_module(found.name)
        setattr(import_module(parent), last, module)
for name in ours.__all__:
    setattr(werkzeug, name, getattr(ours, name))
