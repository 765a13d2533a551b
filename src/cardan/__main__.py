"""``python -m cardan``: what is installed, for bug reports. ``python -m cardan echo``: a request inspector.

The second command serves an application that answers every request with what cardan has read of it, on any server that
is installed::

    python -m cardan echo
    python -m cardan echo --server gunicorn --port 8001
    curl -F a=1 -F file=@photo.png 127.0.0.1:8000/some/path?q=x
"""

from __future__ import annotations

import argparse
import os
import platform
import runpy
import socket
import sys
import sysconfig
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


def _in_url(host: str) -> str:
    """The host as URLs have it: an IPv6 address stands in brackets."""
    return f"[{host}]" if ":" in host else host


def _bound(app: str, host: str, port: str) -> list[str]:
    return ["--bind", f"{_in_url(host)}:{port}", app]


#: The servers. The first one that is installed is the default.
_SERVERS: Final = {
    "uvicorn": _Server("ASGI", lambda app, host, port: [app, "--host", host, "--port", port]),
    "hypercorn": _Server("ASGI", _bound),
    "granian": _Server("ASGI", lambda app, host, port: ["--interface", "asgi", "--host", host, "--port", port, app]),
    "daphne": _Server("ASGI", lambda app, host, port: ["-b", host, "-p", port, app]),
    "gunicorn": _Server("WSGI", _bound),
    "waitress": _Server("WSGI", lambda app, host, port: [f"--listen={_in_url(host)}:{port}", app]),
    "cheroot": _Server("WSGI", _bound),
}
_LOOPS: Final = ("uvloop", "trio")
#: What the extras install, apart from servers.
_EXTRAS: Final = ("httpx", "brotli", "zstandard")
_APP: Final = "cardan._echo:app"
_PORTS: Final = 1 << 16


class _WrongAddress(Exception):
    """No server can listen where the arguments say."""


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _found(names: Sequence[str]) -> dict[str, str]:
    """Those distributions that are installed, and their versions."""
    found = {name: _version_of(name) for name in names}
    return {name: known for name, known in found.items() if known is not None}


def _report() -> str:
    """What a bug report should say."""
    kind = "free-threaded " if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    loops = ["asyncio", *(f"{name} {known}" for name, known in _found(_LOOPS).items())]
    servers = [f"{name} {known} ({_SERVERS[name].protocol})" for name, known in _found(list(_SERVERS)).items()]
    extras = [f"{name} {known}" for name, known in _found(_EXTRAS).items()]
    lines = [
        f"cardan {__version__}",
        f"Python {platform.python_version()} ({kind}{platform.python_implementation()}), {platform.platform()}",
        f"anyio {_version_of('anyio')}",
        f"event loops: {', '.join(loops)}",
        f"servers: {', '.join(servers) or 'none is installed'}",
        f"for extras: {', '.join(extras) or 'nothing is installed'}",
    ]
    return "\n".join(lines)


def _free_port(host: str, port: int) -> int:
    """The port, if a server can listen on it; if it is 0, one that is free. Otherwise an error that says why not.

    Each server would say it in another way, and some of them only by the end of a traceback.
    """
    if not 0 <= port < _PORTS:
        raise _WrongAddress(f"got the port {port}, expected one from 0 to {_PORTS - 1}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise _WrongAddress(f"got the host {host!r}, expected an address of this machine: {error}") from None
    with socket.socket(family, kind, protocol) as probe:
        if os.name == "posix":  # elsewhere the option allows to take a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise _WrongAddress(
                f"got {_in_url(host)}:{port}, expected an address that is free (--host, --port): {reason}"
            ) from None
        free: int = probe.getsockname()[1]
        return free


def _serve(server: str | None, host: str, port: int) -> int:
    """Run the request inspector in this process until the server ends. Return its exit status."""
    installed = _found(list(_SERVERS))
    name = server or next(iter(installed), None)
    if name not in installed:
        print(f"got no server, expected one that is installed: pip install {name or 'uvicorn'}", file=sys.stderr)
        return 1
    host = host.removeprefix("[").removesuffix("]")
    try:
        port = _free_port(host, port)
    except _WrongAddress as error:
        print(error, file=sys.stderr)
        return 1
    chosen = _SERVERS[name]
    print(f"{name} {installed[name]} ({chosen.protocol}) on http://{_in_url(host)}:{port}", flush=True)
    sys.argv = [name, *chosen.arguments(_APP, host, str(port))]
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        pass
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status of the process."""
    parser = argparse.ArgumentParser("python -m cardan", description="Print what is installed, for bug reports.")
    parser.add_argument("--version", action="version", version=f"cardan {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="echo")
    about = "serve a request inspector: it answers every request with what cardan has read of it"
    echo = commands.add_parser("echo", help=about, description=f"{about[0].upper()}{about[1:]}.")
    echo.add_argument(
        "--server", choices=list(_SERVERS), metavar="NAME", help=f"{', '.join(_SERVERS)}; the first that is installed"
    )
    echo.add_argument("--host", default="127.0.0.1", help="the address on which it listens: 127.0.0.1")
    echo.add_argument("--port", type=int, default=8000, help="8000; 0 stands for any that is free")
    options = parser.parse_args(arguments)
    if options.command == "echo":
        return _serve(options.server, options.host, options.port)
    print(_report())
    return 0


if __name__ == "__main__":  # pragma: no cover - the tests run it as a process of its own
    sys.exit(main())
