"""The state of a process under load: memory, descriptors, tasks, lateness of the event loop, unfinished requests.

The applications of all libraries use this module, and send the state as ``/state``. :mod:`proof.disconnects` does so
with a part of it.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from contextlib import suppress
from typing import Any

import anyio

from .times import percentile

__all__ = ["LIMIT", "count", "figures", "held", "watch"]

LIMIT = 10_000
"""The largest body, file and field of a request whose query names a limit."""

counts = {"begun": 0, "ended": 0, "streams": 0, "closed": 0}
lock = threading.Lock()
late: list[float] = []


def count(name: str) -> None:
    """Count one more. Handlers may run in several threads."""
    with lock:
        counts[name] += 1


def tasks() -> int:
    """The tasks of the running event loop; 0 without one."""
    with suppress(RuntimeError):
        return len(anyio.get_running_tasks())
    return 0


def held() -> dict[str, int]:
    """How many descriptors, tasks and threads the process has."""
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "tasks": tasks(),
        "threads": len(os.listdir("/proc/self/task")),
    }


def figures(*, objects: bool = False) -> dict[str, Any]:
    """The state, with the lateness of the event loop since the last call, in ms. To be called in that loop."""
    lateness = 1000 * percentile(late, 0.99)
    late.clear()
    with open("/proc/self/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[1])
    found = {
        "pid": os.getpid(),
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "late": lateness,
        **held(),
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
