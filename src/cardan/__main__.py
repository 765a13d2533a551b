"""``python -m cardan``: what is installed, for bug reports. ``python -m cardan echo``: a request inspector.

The second command serves an application that answers every request with what cardan has read of it, on any server that
is installed::

    python -m cardan echo
    python -m cardan echo --server gunicorn --port 8001
    curl -F a=1 -F file=@photo.png 127.0.0.1:8000/some/path?q=x
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final, NamedTuple

from . import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]


class _Server(NamedTuple):
    """A server, whose distribution and module have the same name.

    ``arguments`` makes those of ``python -m`` from the application, the host and the port.
    """

    protocol: str
    arguments: Callable[[str, str, str], list[str]]


def _bound(app: str, host: str, port: str) -> list[str]:
    return ["--bind", f"{host}:{port}", app]


#: The servers. The first one that is installed is the default.
_SERVERS: Final = {
    "uvicorn": _Server("ASGI", lambda app, host, port: [app, "--host", host, "--port", port]),
    "hypercorn": _Server("ASGI", _bound),
    "granian": _Server("ASGI", lambda app, host, port: ["--interface", "asgi", "--host", host, "--port", port, app]),
    "daphne": _Server("ASGI", lambda app, host, port: ["-b", host, "-p", port, app]),
    "gunicorn": _Server("WSGI", _bound),
    "waitress": _Server("WSGI", lambda app, host, port: [f"--listen={host}:{port}", app]),
    "cheroot": _Server("WSGI", _bound),
}
_LOOPS: Final = ("uvloop", "trio")
_APP: Final = "cardan._echo:app"


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _installed() -> dict[str, str]:
    """The servers that are installed, and their versions."""
    found = {name: _version_of(name) for name in _SERVERS}
    return {name: known for name, known in found.items() if known is not None}


def _report() -> str:
    """What a bug report should say."""
    loops = ["asyncio", *(f"{name} {known}" for name in _LOOPS if (known := _version_of(name)) is not None)]
    servers = [f"{name} {known} ({_SERVERS[name].protocol})" for name, known in _installed().items()]
    lines = [
        f"cardan {__version__}",
        f"Python {platform.python_version()} ({platform.python_implementation()}), {platform.platform()}",
        f"anyio {_version_of('anyio')}",
        f"event loops: {', '.join(loops)}",
        f"servers: {', '.join(servers) or 'none is installed'}",
    ]
    return "\n".join(lines)


def _serve(server: str | None, host: str, port: int) -> int:
    """Run the request inspector until the server ends; return its exit status."""
    installed = _installed()
    name = server or next(iter(installed), None)
    if name not in installed:
        print(f"got no server, expected one that is installed: pip install {name or 'uvicorn'}", file=sys.stderr)
        return 1
    chosen = _SERVERS[name]
    print(f"{name} {installed[name]} ({chosen.protocol}) on http://{host}:{port}", flush=True)
    try:
        return subprocess.call([sys.executable, "-m", name, *chosen.arguments(_APP, host, str(port))])
    except KeyboardInterrupt:
        return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status of the process."""
    parser = argparse.ArgumentParser("python -m cardan", description="What is installed, for bug reports.")
    commands = parser.add_subparsers(dest="command")
    echo = commands.add_parser("echo", help="serve a request inspector on an installed server")
    echo.add_argument("--server", choices=list(_SERVERS), help="the first one that is installed, if none is named")
    echo.add_argument("--host", default="127.0.0.1")
    echo.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)
    if options.command == "echo":
        return _serve(options.server, options.host, options.port)
    print(_report())
    return 0


if __name__ == "__main__":
    sys.exit(main())
