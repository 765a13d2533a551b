"""The corpora: what others have collected, beside the repository or where ``CARDAN_CORPORA`` says; never in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

__all__ = ["ROOT", "corpus", "corpus_json"]

ROOT = Path(os.environ.get("CARDAN_CORPORA") or Path(__file__).resolve().parents[2] / "shared" / "corpora")


def corpus(name: str) -> Path:
    """The folder of a corpus. Skips the test, with the reason that tests/allowed-skips.txt allows, if it is absent."""
    folder = ROOT / name
    if not folder.is_dir():
        pytest.skip(f"corpus {name} is absent (set CARDAN_CORPORA)")
    return folder


def corpus_json(name: str, path: str = "cases.json") -> Any:
    """A file of JSON in a corpus; lines of ``//`` comments, which one of them has, are skipped."""
    text = (corpus(name) / path).read_text(encoding="utf-8")
    return json.loads("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//")))
