"""The servers of the table: those of tests/servers.py, and those that need more than arguments (interop/launch.py)."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers import KINDS, Kind, gunicorn, uvicorn

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["SERVERS", "ServerKind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKind:
    """A row of the table: a kind of server, and what it needs besides modules."""

    name: str
    kind: Kind
    packages: tuple[str, ...] = ()
    """the packages of Python whose versions are shown besides those of ``kind.needs``"""
    programs: tuple[str, ...] = ()
    debian: tuple[str, ...] = ()
    """the Debian packages that have the programs"""
    scheme: Literal["http", "https"] = "http"

    def missing(self) -> str:
        """Why the server cannot run; empty if it can."""
        if modules := self.kind.missing():
            return f"{', '.join(modules)} not installed"
        gone = [name for name in self.programs if not shutil.which(name, path=SEARCHED)]
        gone += [name for name in self.debian if not debian_version(name)]
        remedy = f" (apt-get install {' '.join(self.debian)})" if self.debian else ""
        return f"{', '.join(gone)} not installed{remedy}" if gone else ""

    def versions(self) -> dict[str, str]:
        """The versions of all that takes part, by name."""
        found = {name: debian_version(name) for name in self.debian}
        for name in (*self.kind.needs, *self.packages):
            with suppress(PackageNotFoundError):
                found[name] = version(name)
        return found or {"Python": platform.python_version()}


#: where programs are looked for: with a Python of an environment its own come first
SEARCHED = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin"])


def debian_version(package: str) -> str:
    """The version of a Debian package without its revision; empty if it is not installed."""
    if not shutil.which("dpkg-query"):
        return ""
    command = ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Version}", package]
    status, _, found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition(" ")
    return found.partition("-")[0].partition("+")[0] if status == "installed" else ""


def launched(name: str) -> Callable[[str, int], list[str]]:
    return lambda target, port: ["-m", "interop.launch", name, target, str(port)]


def known(name: str, kind: str) -> ServerKind:
    return ServerKind(name=name, kind=KINDS[kind])


def behind_nginx(buffering: str, behind: str) -> ServerKind:
    inner = KINDS[behind]
    name = f"nginx-{buffering}-{behind}"
    kind = Kind(name, inner.protocol, inner.needs, launched(name))
    title = {"on": "nginx buffered", "off": "nginx unbuffered"}[buffering]
    return ServerKind(name=f"{title} {behind}", kind=kind, programs=("nginx",), debian=("nginx-light",))


SERVERS = {
    server.name: server
    for server in [
        known("gunicorn sync", "gunicorn"),
        known("gunicorn gthread", "gunicorn-gthread"),
        ServerKind(
            name="gunicorn gevent", kind=Kind("gunicorn-gevent", "wsgi", ("gunicorn", "gevent"), gunicorn("gevent"))
        ),
        ServerKind(name="gunicorn asgi", kind=Kind("gunicorn-asgi", "asgi", ("gunicorn",), gunicorn("asgi"))),
        known("waitress", "waitress"),
        known("cheroot", "cheroot"),
        ServerKind(
            name="uWSGI", kind=Kind("uwsgi", "wsgi", (), launched("uwsgi")), packages=("uwsgi",), programs=("uwsgi",)
        ),
        ServerKind(
            name="mod_wsgi",
            kind=Kind("mod_wsgi", "wsgi", (), launched("mod_wsgi")),
            programs=("apache2",),
            debian=("apache2", "libapache2-mod-wsgi-py3"),
        ),
        known("wsgiref", "wsgiref"),
        known("uvicorn h11", "uvicorn"),
        known("uvicorn httptools", "uvicorn-httptools"),
        ServerKind(
            name="uvicorn uvloop",
            kind=Kind("uvicorn-uvloop", "asgi", ("uvicorn", "httptools", "uvloop"), uvicorn("httptools", "uvloop")),
        ),
        known("hypercorn asyncio", "hypercorn"),
        known("hypercorn trio", "hypercorn-trio"),
        ServerKind(
            name="hypercorn HTTP/2",
            kind=Kind("hypercorn-tls", "asgi", ("hypercorn", "h2", "cryptography"), launched("hypercorn-tls")),
            scheme="https",
        ),
        known("granian wsgi", "granian-wsgi"),
        known("granian asgi", "granian-asgi"),
        known("daphne", "daphne"),
        *(behind_nginx(on, behind) for on in ("on", "off") for behind in ("gunicorn", "uvicorn")),
    ]
}
"""Every server by its name."""
