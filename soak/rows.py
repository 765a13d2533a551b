"""Shared code of the parts: the size of the load, the libraries, figures with their bounds, and starting a server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.servers import Kind, Server, descendants, start, uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CARDAN",
    "PEERS",
    "QUICK",
    "UVICORN",
    "Library",
    "Row",
    "Size",
    "descriptors",
    "memory",
    "processes",
    "processor_seconds",
    "serving",
]

ROOT = Path(__file__).parents[1]
UVICORN = Kind("uvicorn", "asgi", ("uvicorn",), uvicorn("httptools"))


@dataclass(frozen=True)
class Size:
    """The size of the load. The default is the whole load, ``QUICK`` a small one that shows that the parts work."""

    uploads: int = 9500
    streams: int = 1000
    stream_seconds: int = 60
    large: int = 256 << 20
    slow: int = 40
    minutes: float = 60
    pause: float = 0.25
    keep_alive: int = 10
    turnovers: int = 10
    refusals: int = 500


QUICK = Size(
    uploads=60,
    streams=20,
    stream_seconds=3,
    large=4 << 20,
    slow=8,
    minutes=0.05,
    pause=0.01,
    keep_alive=2,
    turnovers=1,
    refusals=20,
)


@dataclass(frozen=True)
class Library:
    """A library under load: its applications, and the parts that it can do."""

    name: str
    asgi: str = ""
    wsgi: str = ""
    parts: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    """The kinds of requests that it refuses because they are too large: :attr:`Excess.what` of :mod:`soak.parts`."""
    refusal: tuple[int, ...] = (413,)
    """The statuses with which it answers them."""


CARDAN = Library(
    "cardan",
    "soak.app:app",
    "soak.app:app",
    refuses=("declared length", "too many bytes", "large field", "large file"),
)
ON_UVICORN = ("slow_uploads", "event_streams", "large_uploads", "slow_handlers", "refusals")
PEERS = {
    "starlette": Library("Starlette", "soak.peers.starlette_app:app", "", ON_UVICORN, ("large field",), (400,)),
    "quart": Library(
        "Quart",
        "soak.peers.quart_app:app",
        "",
        ON_UVICORN,
        ("declared length", "large field"),
    ),
    "flask": Library(
        "Flask",
        "",
        "soak.peers.flask_app:app",
        ("refusals",),
        ("declared length", "too many bytes", "large field"),
    ),
}
"""Other libraries, by the names under which the command line knows them."""


@dataclass(frozen=True)
class Row:
    """A figure. ``timed`` ones depend on the machine: the short form does not judge them."""

    what: str
    value: float
    unit: str = ""
    most: float = float("inf")
    timed: bool = False
    note: str = ""
    """What is printed if the figure exceeds its bound."""

    @property
    def holds(self) -> bool:
        """Whether the figure keeps its bound."""
        return self.value <= self.most


@contextmanager
def serving(kind: Kind = UVICORN, target: str = "soak.app:app") -> Iterator[Server]:
    """A server with the application."""
    with TemporaryDirectory() as folder:
        Path(folder, "file.bin").write_bytes(bytes(range(256)) * 4096)
        server = start(kind, target, app_dir=ROOT, log_dir=Path(folder), SOAK_FOLDER=folder)
        try:
            yield server
        finally:
            server.stop()


def processes(server: Server) -> set[int]:
    """The processes of a server (Linux)."""
    return set(descendants(server.process.pid))


def memory(server: Server) -> int:
    """The resident memory of all processes of a server, in bytes (Linux)."""
    pages = (Path(f"/proc/{pid}/statm").read_text("ascii").split()[1] for pid in processes(server))
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")


def descriptors(server: Server) -> int:
    """How many descriptors all processes of a server have (Linux)."""
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in processes(server))


def processor_seconds(server: Server) -> float:
    """How long all processes of a server have used a processor (Linux)."""
    stats = (Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split() for pid in processes(server))
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")
