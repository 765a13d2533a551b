"""Writes the figures of a run to a JSON file in this folder."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["FOLDER", "machine", "record"]

FOLDER = Path(__file__).parent


def machine() -> str:
    """The machine in a few words: processor, number of cores, system, Python."""
    cores = os.cpu_count() or 1
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{platform.machine()}, {cores} cores, {platform.system()}, {python}"


def record(name: str, command: str, rows: list[dict[str, object]]) -> None:
    """Write ``rows``, each of which has ``what``, and either ``trials`` and ``differences`` or ``figure``, a text."""
    found = {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "rows": rows,
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
