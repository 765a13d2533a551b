"""The fuzzers run, and their laws hold for a moment; a run is repeated by its seed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.core.fields.readers import READERS
from tests.house import ROOT

FUZZ = ROOT / "fuzz"
NAMES = [path.stem for path in FUZZ.glob("[!_]*.py")]


def test_the_fuzzers_are_found() -> None:
    """Forms, whole requests and whole responses have fuzzers."""
    assert {"forms_multipart", "forms_parts", "whole_requests", "whole_responses"} < set(NAMES)


def test_each_reader_of_a_field_is_fuzzed() -> None:
    """Each reader that the tests know has a law in one of the fuzzers of fields."""
    text = "".join(path.read_text("utf-8") for path in FUZZ.glob("fields_*.py"))
    assert [name for name in READERS if f'"{name}"' not in text] == []


@pytest.mark.parametrize("name", sorted(NAMES))
def test_fuzzer(name: str) -> None:
    """Each fuzzer states its rule in its docstring, and the rule holds for a moment, without a compiled fuzzer."""
    path = FUZZ / f"{name}.py"
    assert "\n\nThe rule: " in path.read_text("utf-8")
    command = [sys.executable, str(path), "--seconds", "0.3", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the rule holds" in done.stdout
