"""The short links in a database of sqlite3."""

from __future__ import annotations

import re
import secrets
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["InvalidLink", "Link", "Links"]

TABLE = """
create table if not exists links (
    name text primary key,
    url text not null,
    visits integer not null default 0
)
"""

# scheme, host, perhaps a port, and the rest: what a redirect can lead to
WEB_URL = re.compile(
    r"https?://\w[\w-]{0,62}(\.[\w-]{1,63})*(:[1-5]?[0-9]{1,4})?([/?#][^\x00-\x1f\x7f]*)?",
    re.IGNORECASE,
)


class InvalidLink(ValueError):
    """The URL or the name cannot be used. The text is for the person who sent them."""


@dataclass(frozen=True)
class Link:
    """A short link: its name, the URL to which it leads, and how often somebody
    followed it.
    """

    name: str
    url: str
    visits: int


class Links:
    """The links in the database at ``path``.

    Every method opens a connection of its own. The methods can therefore be called from
    several threads.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(TABLE)
            yield database

    def add(self, url: str, name: str = "") -> str:
        """Store a link.

        Returns its name, a random one if none is given. Raises InvalidLink.
        """
        if not WEB_URL.fullmatch(url):
            raise InvalidLink(
                "The URL must begin with http:// or https:// and the name of a host."
            )
        if name and not re.fullmatch("[A-Za-z0-9-]{1,40}", name):
            raise InvalidLink("A name has at most 40 letters, digits and hyphens.")
        name = name or secrets.token_hex(4)
        try:
            with self._open() as database:
                database.execute(
                    "insert into links (name, url) values (?, ?)", (name, url)
                )
        except sqlite3.IntegrityError:
            raise InvalidLink(f"The name {name} is taken.") from None
        return name

    def find(self, name: str) -> Link | None:
        """The link with this name."""
        with self._open() as database:
            row = database.execute(
                "select name, url, visits from links where name = ?", (name,)
            ).fetchone()
        return Link(*row) if row else None

    def visit(self, name: str) -> str | None:
        """The URL of the link with this name. Counts a visit."""
        with self._open() as database:
            database.execute(
                "update links set visits = visits + 1 where name = ?", (name,)
            )
        link = self.find(name)
        return link.url if link else None
