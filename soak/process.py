"""The state of a process under load: memory, descriptors, tasks, lateness of the event loop, unfinished requests.

The applications of all libraries use this module, and send the state as ``/state``.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from typing import Any

import anyio

__all__ = ["LIMIT", "count", "held", "watch"]

LIMIT = 10_000
"""The largest body, file and field of a request whose query names a limit."""

counts = {"begun": 0, "ended": 0, "streams": 0, "closed": 0}
lock = threading.Lock()
late: list[float] = []


def count(name: str) -> None:
    """Count one more. Handlers may run in several threads."""
    with lock:
        counts[name] += 1


def held(*, objects: bool = False) -> dict[str, Any]:
    """The state, with the lateness of the event loop since the last call, in ms. To be called in that loop."""
    lateness = sorted(late)
    late.clear()
    with open("/proc/self/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[1])
    found = {
        "pid": os.getpid(),
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "tasks": len(anyio.get_running_tasks()),
        "threads": threading.active_count(),
        "late": 1000 * lateness[int(len(lateness) * 0.99)] if lateness else 0,
        **counts,
    }
    if objects:
        gc.collect()
        found["objects"] = len(gc.get_objects())
    return found


async def watch() -> None:
    """Note by how many seconds the event loop is late, a hundred times a second."""
    while True:
        begin = time.perf_counter()
        await anyio.sleep(0.01)
        late.append(time.perf_counter() - begin - 0.01)
        if len(late) > 100_000:
            late.clear()
