"""The database: albums, in a file of SQLite."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import astuple, dataclass
from pathlib import Path

TABLES = """
CREATE TABLE IF NOT EXISTS albums (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL
);
"""
ALBUMS = "SELECT id, title FROM albums"


@dataclass(frozen=True)
class Album:
    """An album."""

    id: str
    title: str


def new_id() -> str:
    """A name that nobody can guess, safe in a URL and as the name of a file."""
    return secrets.token_urlsafe(12)


class Database:
    """A connection to the database."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def create_tables(self) -> None:
        """Create the tables that are not there yet."""
        self.connection.executescript(TABLES)

    def albums(self) -> list[Album]:
        """All albums, by their titles."""
        rows = self.connection.execute(f"{ALBUMS} ORDER BY title")
        return [Album(*row) for row in rows]

    def album(self, id: str) -> Album | None:
        """The album with this id."""
        row = self.connection.execute(f"{ALBUMS} WHERE id = ?", [id]).fetchone()
        return Album(*row) if row else None

    def add_album(self, album: Album) -> None:
        """Store a new album."""
        insert = "INSERT INTO albums (id, title) VALUES (?, ?)"
        with self.connection:
            self.connection.execute(insert, astuple(album))
