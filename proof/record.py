"""Writes the figures of a run to a JSON file in this folder, with the command, the date, the machine and its load."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["FOLDER", "SERVERS", "load", "machine", "origin", "record", "versions"]

FOLDER = Path(__file__).parent

SERVERS = ("uvicorn", "httptools", "hypercorn", "daphne", "granian", "gunicorn", "uvicorn-worker", "gevent")
"""The packages of the servers in the runs."""


def load() -> float:
    """How many threads have used or awaited a core of the machine, as a mean of the last minute."""
    return round(os.getloadavg()[0], 1)


STARTED = load()
"""The load when the run began: it imports this module."""


def processor() -> str:
    """The name of the processor, or the kind of processor where the system does not tell its name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8", "replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} ({platform.machine()})" if names else platform.machine()


def machine() -> str:
    """The machine in a few words: processor, number of cores, system, Python."""
    cores = os.cpu_count() or 1
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{processor()}, {cores} cores, {platform.system()}, {python}"


def versions(packages: Iterable[str]) -> str:
    """The versions of those of the packages that are installed."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def origin(command: str, started: float = STARTED, packages: Iterable[str] = ()) -> dict[str, object]:
    """How, when and where figures were measured. ``started`` is the load when the run began."""
    found: dict[str, object] = {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "load": [started, load()],
    }
    known = versions(packages)
    return {**found, "versions": known} if known else found


def _size(rows: list[dict[str, Any]]) -> int:
    """How much a run has tried: the number of its trials, or of its rows if these have figures in place of trials."""
    return sum(row.get("trials", 0) for row in rows) or len(rows)


def record(
    name: str,
    command: str,
    rows: list[dict[str, object]],
    *,
    packages: Iterable[str] = (),
    folder: Path = FOLDER,
) -> bool:
    """Write ``rows``. Each has ``what``, and either ``trials`` and ``differences``, the broken rules, or a ``figure``.

    A run that has tried much less than the recorded one writes nothing, and says so. Returns whether it was written.
    """
    file = folder / f"{name}.json"
    before: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["rows"] if file.is_file() else []
    # a change of the programs may make a whole run a little shorter
    if _size(rows) < 0.9 * _size(before):
        size, most = _size(rows), _size(before)
        print(f"not written: this run has {size:,} trials, proof/{file.name} {most:,}. Delete the file to replace it")
        return False
    found = origin(command, packages=packages)
    file.write_text(json.dumps({**found, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"written: proof/{file.name}")
    return True
