"""A test that hangs fails the run, with a stack. A test run that is ended in the middle leaves no process behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUN = """
import os, signal, sys, time
from pathlib import Path
from tests.servers import Demo, EXAMPLES, start
if sys.argv[1] == "demo":
    ports = Demo(Path(sys.argv[2])).ports
else:
    ports = [start(sys.argv[1], "hello:app", app_dir=EXAMPLES, log_dir=Path(sys.argv[2])).port]
print(*ports, flush=True)
{end}
"""
ENDS = {
    "exit": "os._exit(1)",
    "kill": "os.kill(os.getpid(), signal.SIGKILL)",
    "hang": "import faulthandler; faulthandler.dump_traceback_later(.1, exit=True); time.sleep(60)",
}


HANGING = """
import pytest, threading
def test_that_hangs(): threading.Event().wait(200)
@pytest.mark.parametrize("number", range(4))
def test_it(number): pass
"""


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.real_server
@pytest.mark.parametrize(
    ("kind", "end"),
    [("uvicorn", "hang"), ("gunicorn-gthread", "kill"), ("granian-asgi", "exit"), ("demo", "hang")],
)
def test_servers_end_with_the_test_process(kind: str, end: str, tmp_path: Path) -> None:
    """The hang guard calls _exit, so no fixture is torn down. The servers end anyway, and their ports are free."""
    command = [sys.executable, "-c", RUN.format(end=ENDS[end]), kind, str(tmp_path)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode in (1, -signal.SIGKILL), done.stderr
    ports = [int(port) for port in done.stdout.split()]
    assert ports, done.stderr
    deadline = time.monotonic() + 30
    while any(map(listens, ports)):
        assert time.monotonic() < deadline, "a server goes on"
        time.sleep(0.05)


def options_of_make() -> list[str]:
    """The options of pytest in the Makefile that say how the tests are distributed."""
    (line,) = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if line.startswith("PARALLEL = ")]
    return line.partition("=")[2].replace("$(WORKERS)", "2").split()


@pytest.mark.parametrize("options", [[], options_of_make()], ids=["one process", "make test"])
def test_a_test_that_hangs_fails_the_run(options: list[str], tmp_path: Path) -> None:
    """The stack of the test that hangs is printed, and the run fails. With several processes it says which test it was.

    No other process tries the test again, so that the run ends soon.
    """
    (tmp_path / "test_hanging.py").write_text(HANGING)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert settings["faulthandler_exit_on_timeout"] is True
    (tmp_path / "pytest.ini").write_text("[pytest]\nfaulthandler_timeout = 1\nfaulthandler_exit_on_timeout = true\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "test_hanging.py"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("Timeout (0:") == 1
    assert "in test_that_hangs" in done.stderr
    if options:
        assert "crashed while running 'test_hanging.py::test_that_hangs'" in done.stdout
        assert "1 failed" in done.stdout.splitlines()[-1]
