"""Writes the figures of a run to a JSON file in this folder, with the command, the date, the machine and its load."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["FOLDER", "load", "machine", "origin", "record"]

FOLDER = Path(__file__).parent


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


def origin(command: str, started: float = STARTED) -> dict[str, object]:
    """How, when and where figures were measured. ``started`` is the load when the run began."""
    return {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "load": [started, load()],
    }


def record(name: str, command: str, rows: list[dict[str, object]]) -> None:
    """Write ``rows``, each of which has ``what``, and either ``trials`` and ``differences`` or ``figure``, a text."""
    found = {**origin(command), "rows": rows}
    (FOLDER / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
