"""The corpora: collections of test cases by other projects.

They are not part of the repository, but lie in a folder beside it, or in the folder that ``CARDAN_CORPORA`` names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

__all__ = ["ROOT", "corpus", "corpus_json"]

ROOT = Path(os.environ.get("CARDAN_CORPORA") or Path(__file__).resolve().parents[2] / "shared" / "corpora")


def corpus(name: str) -> Path:
    """The folder of a corpus.

    If it does not exist, the test is skipped with a reason that tests/allowed-skips.txt allows.
    """
    folder = ROOT / name
    if not folder.is_dir():
        pytest.skip(f"corpus {name} is absent (set CARDAN_CORPORA)")
    return folder


def corpus_json(name: str, path: str = "cases.json") -> Any:
    """The content of a JSON file in a corpus. Lines that begin with ``//`` are comments and are skipped."""
    text = (corpus(name) / path).read_text(encoding="utf-8")
    return json.loads("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//")))
