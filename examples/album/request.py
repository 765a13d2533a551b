"""The request of this application: its limits, and what middleware adds to it."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from cardan import Request

from .database import Database
from .sessions import Session, Signer


class State(TypedDict):
    """What the lifespan gives to every request."""

    database: Path
    photos: Path
    signer: Signer


class AlbumRequest(Request[State]):
    """A request with a database and a session."""

    max_content_length = 50_000_000
    max_file_size = 10_000_000
    max_files = 20

    db: Database
    session: Session
