"""What happens around every request."""

from __future__ import annotations

from contextlib import closing

from cardan import Flow, middleware

from .database import Database
from .request import AlbumRequest


@middleware
def connected(request: AlbumRequest) -> Flow:
    """Open a connection to the database, and close it when the answer was made."""
    with closing(Database(request.state["database"])) as request.db:
        yield
