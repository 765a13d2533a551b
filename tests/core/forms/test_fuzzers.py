"""The fuzzers of forms run, and their laws hold for a moment; a run is repeated by its seed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[3] / "fuzz"


@pytest.mark.parametrize("name", ["forms_multipart", "forms_urlencoded", "forms_names"])
def test_fuzzer(name: str) -> None:
    """Each fuzzer states its rule in its docstring, and the rule holds for a moment, without a compiled fuzzer."""
    path = FUZZ / f"{name}.py"
    assert "\n\nThe rule: " in path.read_text("utf-8")
    command = [sys.executable, str(path), "--seconds", "0.3", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the law holds" in done.stdout
