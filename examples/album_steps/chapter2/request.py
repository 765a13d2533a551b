"""The request of this application, with what middleware adds to it."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from cardan import Request

from .database import Database


class State(TypedDict):
    """What the lifespan gives to every request."""

    database: Path


class AlbumRequest(Request[State]):
    """A request with a connection to the database."""

    db: Database
