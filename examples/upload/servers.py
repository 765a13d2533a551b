"""The two servers of the demo: where they are, and which of them has received a request."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cardan import Request

__all__ = ["Servers", "protocol_of", "server_of"]


@dataclass(frozen=True)
class Servers:
    """Where the demo can be reached: the port of the server for each protocol, and the names of the computer.

    Without ports, the server that has received the request is the only one.
    """

    ports: Mapping[str, int]
    names: tuple[str, ...]

    @classmethod
    def named_in(cls, environ: Mapping[str, str]) -> Servers:
        """The servers that serve_both.py names: ``DEMO_PORTS="WSGI=8001 ASGI=8000"`` and ``DEMO_HOST``."""
        pairs = (pair.partition("=") for pair in environ.get("DEMO_PORTS", "").split())
        names = {"127.0.0.1", "localhost", environ.get("DEMO_HOST", "localhost")}
        return cls({protocol: int(port) for protocol, _, port in pairs}, tuple(sorted(names)))

    @property
    def origins(self) -> list[str]:
        """The origins of all pages of the demo: no other page may read its answers."""
        return [f"http://{name}:{port}" for name in self.names for port in self.ports.values()]

    def seen_by(self, request: Request) -> dict[str, str]:
        """The origin of the server for each protocol, under the name that the browser uses.

        The name comes from the request. If it is not one of ``names``, this server is the only one.
        """
        name = request.host.rpartition(":")[0]
        if f"http://{request.host}" not in self.origins:
            return {protocol_of(request): ""}
        return {protocol: f"http://{name}:{port}" for protocol, port in self.ports.items()}


def protocol_of(request: Request) -> str:
    """``WSGI`` or ``ASGI``."""
    return "WSGI" if hasattr(request, "environ") else "ASGI"


def server_of(request: Request) -> str:
    """Name and version of the server. An ASGI scope does not name it, so it is the program of this process."""
    if hasattr(request, "environ") and (software := request.environ.get("SERVER_SOFTWARE")):
        return str(software)
    return program()


@cache
def program() -> str:
    """Name and version of the program of this process. For ``python -m x`` the name is that of the folder of ``x``."""
    path = Path(sys.argv[0])
    name = path.parent.name if path.stem == "__main__" else path.stem
    try:
        return f"{name}/{version(name)}"
    except (PackageNotFoundError, ValueError):
        return name
