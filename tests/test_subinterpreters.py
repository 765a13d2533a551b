"""The event loop of async handlers on WSGI in subinterpreters, which allow fewer threads (PEP 554, PEP 684)."""

from __future__ import annotations

import subprocess
import sys

HANDLER = """
import io, sys
sys.path[:] = {path!r}
from cardan import Application, Request, Response

async def ahandler(request):
    import anyio
    await anyio.sleep(0)
    return Response("async")

environ = {{
    "REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80",
    "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http",
}}

def start_response(status, headers, exc_info=None):
    pass

def ask(handler):
    try:
        return b"".join(Application(handler)(dict(environ), start_response)).decode()
    except RuntimeError as error:
        return str(error)

print(ask(lambda request: Response("def")), flush=True)
print(ask(ahandler), flush=True)
print(ask(ahandler), flush=True)
"""

# os._exit: after `import asyncio` in a subinterpreter CPython 3.12.1 crashes when the process itself ends
INTERPRETER = """
import os
try:
    import _interpreters as interpreters
    one = interpreters.create("isolated")
except ImportError:
    import _xxsubinterpreters as interpreters
    one = interpreters.create(isolated=True)
failed = interpreters.run_string(one, {code!r})
assert failed is None, failed
interpreters.destroy(one)
print("destroyed", flush=True)
os._exit(0)
"""


def run(code: str) -> list[str]:
    """The lines that a new process prints which runs ``code``. The process must end by itself."""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()


def test_an_isolated_interpreter() -> None:
    """Async handlers work if the interpreter allows threads (Python 3.12), and it can be ended.

    If it allows no threads, an async handler raises an error that says so, and a ``def`` handler works.
    """
    sync, *asynchronous, end = run(INTERPRETER.format(code=HANDLER.format(path=sys.path)))
    assert (sync, end) == ("def", "destroyed")
    if sys.version_info >= (3, 12):
        assert asynchronous == ["async", "async"]
    else:
        assert len(asynchronous) == 2
        for line in asynchronous:
            assert line.startswith("the event loop of async handlers needs a thread, which could not be started (")
            assert line.endswith("); def handlers need none")


def test_an_ordinary_thread_ends_with_the_interpreter() -> None:
    """If daemon threads are not allowed, the loop runs in an ordinary thread, and the process still ends by itself."""
    code = "import _thread\n_thread.daemon_threads_allowed = lambda: False\n" + HANDLER.format(path=sys.path)
    code += "import threading\nprint(*[(each.name, each.daemon) for each in threading.enumerate()][1:])\n"
    assert run(code) == ["def", "async", "async", "('cardan-asyncio', False)"]
