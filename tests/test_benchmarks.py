"""The benchmarks run, each thing once: wrong answers fail here, times mean nothing and are not looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    "script", ["request_response", "forms", "hostile", "fields", "scaling", "memory", "import_time", "linear"]
)
def test_smoke(script: str, tmp_path: Path) -> None:
    """Every contestant that is installed gives the right answers, cardan first of all."""
    numbers = tmp_path / "numbers.json"
    command = [sys.executable, BENCHMARKS / f"{script}.py", "--smoke", "--json", numbers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(numbers.read_text())["python"]


def test_wrong_answers_are_found() -> None:
    """An answer that is not the expected one fails before anything is timed."""
    code = "from scenarios import *; check(SCENARIOS['hello'], Answer(200, [('Content-Length', '2')], b'no'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert "AssertionError: hello: got b'no'" in done.stderr
