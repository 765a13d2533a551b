"""Importing a module of cardan sets nothing that the whole process shares."""

from __future__ import annotations

import pytest

from tests.surface import modules
from tests.test_lazy import run

SNAPSHOT = """
import asyncio, atexit, decimal, gc, importlib, locale, logging, mimetypes, os, signal, socket, sys, threading, types
import warnings

def of_the_process():
    return {
        "atexit": atexit._ncallbacks(),
        "context of decimal": str(decimal.getcontext()),
        "default time-out": socket.getdefaulttimeout(),
        "environ": dict(os.environ),
        "event loop policy": asyncio.events._event_loop_policy,
        "finders": [*sys.meta_path, *sys.path_hooks],
        "folder": os.getcwd(),
        "garbage collection": (gc.isenabled(), gc.get_threshold(), list(gc.callbacks)),
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook, sys.displayhook, sys.gettrace()),
        "limits": (sys.getrecursionlimit(), sys.getswitchinterval()),
        "locale": locale.setlocale(locale.LC_ALL),
        "logging": (logging.root.level, list(logging.root.handlers), logging.getLogger("cardan").handlers),
        "media types": mimetypes.inited,
        "path": list(sys.path),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "threads": threading.enumerate(),
        "warnings": list(warnings.filters),
    }

def of_classes():
    found = {}
    for module in list(sys.modules.values()):
        for value in list(vars(module).values()) if isinstance(module, types.ModuleType) else ():
            if isinstance(value, type):
                members = {name: member for name, member in vars(value).items() if name not in CACHES}
                found[id(value)] = value.__qualname__, members  # by identity: some classes of typing are equal
    return found

CACHES = {"__abstractmethods__", "_abc_impl", "__annotations_cache__", "__annotations__", "__static_attributes__"}
CACHES.add("_removal_version")  # set by typing.ByteString of Python 3.14 when it is looked at
"""

CHECK = """
importlib.import_module(FIRST)
before, classes = of_the_process(), of_classes()
for name in MODULES:
    importlib.import_module(name)
    for public in importlib.import_module(name).__all__:
        getattr(importlib.import_module(name), public)
after, changed = of_the_process(), of_classes()
print([name for name in before if before[name] != after[name]])
print([
    f"{qualname}.{name}"
    for key, (qualname, members) in classes.items()
    for name in {*members, *changed[key][1]}
    if members.get(name) is not changed[key][1].get(name)
])
"""


@pytest.mark.parametrize("first", ["asyncio", "cardan.core", "cardan.exceptions", "cardan"])
def test_importing_sets_nothing_that_is_shared(first: str) -> None:
    """After ``first``, all public modules and their names are imported: nothing outside of them has changed.

    Neither the process (signals, logging, warnings, threads ...) nor a class that was there before, such as
    ``HTTPException``.
    """
    code = f"{SNAPSHOT}\nFIRST, MODULES = {first!r}, {modules()!r}\n{CHECK}"
    assert run(code).splitlines() == ["[]", "[]"]


def test_a_change_is_seen() -> None:
    """The check finds what a module sets: an attribute of a class of another module, a filter for warnings."""
    code = f"{SNAPSHOT}\nFIRST = 'cardan.exceptions'\nMODULES = ()\n{CHECK}".replace(
        "for name in MODULES:",
        "import cardan\nsetattr(cardan.HTTPException, 'response_class', int)\nwarnings.simplefilter('ignore')\n"
        "for name in MODULES:",
    )
    assert run(code).splitlines() == ["['warnings']", "['HTTPException.response_class']"]
