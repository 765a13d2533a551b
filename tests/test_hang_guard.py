"""A test run that is ended in the middle leaves no process behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
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
        timeout=50,
        check=False,
    )
    assert done.returncode in (1, -signal.SIGKILL), done.stderr
    ports = [int(port) for port in done.stdout.split()]
    assert ports, done.stderr
    deadline = time.monotonic() + 30
    while any(map(listens, ports)):
        assert time.monotonic() < deadline, "a server goes on"
        time.sleep(0.05)
