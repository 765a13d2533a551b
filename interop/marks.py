"""What the site and its raw counterpart share: some numbers, and how they talk to the client beside HTTP.

They do that by files whose names begin with the ``mark`` in the query: a server that serves one request at a time could
not take a second request for that.
"""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic, sleep

ALPHABET = Path(__file__).with_name("alphabet.txt")
#: the limit of the page ``limited``, in bytes
LIMIT = 1000
#: seconds for which a body waits after its first line until the client has seen it
PATIENCE = 2
#: seconds after which ``events`` ends by itself
LONGEST = 5
#: seconds between two looks at a file, or between two events
PAUSE = 0.02


class Marks:
    """The files by which an exchange is watched: ``released`` is made by the client, ``closed`` by the application."""

    def __init__(self, mark: str, folder: str | None = None) -> None:
        self._path = Path(folder or os.environ["INTEROP_FOLDER"]) / mark

    def release(self) -> None:
        """The client has seen the first line."""
        self._path.with_suffix(".released").touch()

    @property
    def released(self) -> bool:
        """Whether the client has seen the first line."""
        return self._path.with_suffix(".released").exists()

    def wait(self) -> bool:
        """Wait until the client has seen the first line; False if it has not within PATIENCE."""
        end = monotonic() + PATIENCE
        while not self.released and monotonic() < end:
            sleep(PAUSE)
        return self.released

    def close(self, how: str) -> None:
        """The body was closed: ``"left"`` before its end, or ``"ended"``."""
        self._path.with_suffix(".closed").write_text(how)

    @property
    def closed(self) -> str:
        """How the body was closed; empty if it was not."""
        path = self._path.with_suffix(".closed")
        return path.read_text() if path.exists() else ""
