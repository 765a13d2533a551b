"""The benchmarks work: each of them runs once, a wrong answer fails the test, and times are not looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    "script",
    [
        "request_response",
        "bare",
        "bridges",
        "static_files",
        "wrappers",
        "def_endpoints",
        "events",
        "forms",
        "hostile",
        "fields",
        "scaling",
        "memory",
        "import_time",
        "linear",
    ],
)
def test_smoke(script: str, tmp_path: Path) -> None:
    """Every library that is installed gives the right answers, cardan included."""
    numbers = tmp_path / "numbers.json"
    command = [sys.executable, BENCHMARKS / f"{script}.py", "--smoke", "--json", numbers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(numbers.read_text())["python"]


@pytest.mark.parametrize("script", ["close_hooks", "event_streams", "signals", "stopping"])
def test_servers_that_are_named(script: str) -> None:
    """A program that measures servers says which ones it knows, and starts nothing for a name that is none of them."""
    for argument, status in (("--help", 0), ("no-such-server", 2)):
        command = [sys.executable, BENCHMARKS / f"{script}.py", argument]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert "'uvicorn" in done.stdout + done.stderr


def test_wrong_answers_are_found() -> None:
    """A benchmark that gets a wrong answer fails before anything is timed."""
    code = "from scenarios import *; check(SCENARIOS['hello'], Answer(200, [('Content-Length', '2')], b'no'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert "AssertionError: hello: got b'no'" in done.stderr


# starlette reads forms with python_multipart, a distribution of its own
IMPORTS = {"starlette": ("starlette", "python_multipart")}


@pytest.mark.parametrize(("protocol", "peers"), [("wsgi", ("werkzeug", "whitenoise")), ("asgi", ("starlette",) * 2)])
@pytest.mark.parametrize("row", ["hello", "bare hello", "static"])
def test_rows_whose_instructions_are_counted(protocol: str, peers: tuple[str, str], row: str) -> None:
    """Each row of instructions.py runs without an error, for cardan and for one other library that is installed."""
    peer = peers[row == "static"]
    installed = all(find_spec(name) is not None for name in IMPORTS.get(peer, (peer,)))
    for contestant in ("cardan", peer) if installed else ("cardan",):
        command = [sys.executable, BENCHMARKS / "instructions.py", "--child", protocol, contestant, row, "2"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_numbers_on_the_front_page() -> None:
    """README.md at the root has the numbers of the results that are kept, written by report.py."""
    code = "import json, report; found = {'3.11': json.loads((report.RESULTS / '3.11.json').read_text())}\n"
    code += "print(report.front_table(found))"
    command = [sys.executable, "-c", code]
    table = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=True).stdout
    page = (BENCHMARKS.parent / "README.md").read_text("utf-8")
    assert f"<!-- front: written by report.py -->\n{table}<!-- end of front -->" in page
