"""What happens around every request."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict

from cardan import Flow, middleware
from cardan.exceptions import Forbidden

from .database import Database
from .request import AlbumRequest
from .sessions import MONTH

POLICY = "default-src 'self'; form-action 'self'; frame-ancestors 'none'"


@middleware
def hardened(request: AlbumRequest) -> Flow:
    """Browsers load nothing of other sites, guess no types, and show us in no frame."""
    response = yield
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"


@middleware
def connected(request: AlbumRequest) -> Flow:
    """Open a connection to the database, and close it when the answer was made."""
    with closing(Database(request.state["database"])) as request.db:
        yield


@middleware
def remembered(request: AlbumRequest) -> Flow:
    """Read the session from its cookie. Send the cookie again if it has changed."""
    signer = request.state["signer"]
    request.session = signer.loads(request.cookies.get("session", ""))
    before = asdict(request.session)
    response = yield
    response.headers.setdefault("Cache-Control", "private, no-cache")
    if asdict(request.session) != before:
        response.set_cookie(
            "session",
            signer.dumps(request.session),
            max_age=MONTH,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )


@middleware
def protected(request: AlbumRequest) -> Flow:
    """Refuse forms that are not ours, and large ones from those who have no account."""
    if request.session.user is None:
        request.max_content_length = 10_000
    if request.method == "POST":
        token = request.form.get("token", "")
        if not request.session.accepts(token):
            return Forbidden("This form is no longer valid. Load its page again.")
    return (yield)
