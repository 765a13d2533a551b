"""The session: what a browser keeps in a signed cookie from one request to the next."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from hmac import compare_digest

from itsdangerous import BadSignature, URLSafeTimedSerializer

MONTH = 30 * 24 * 3600


@dataclass
class Session:
    """Who has signed in, and what the next page has to say."""

    user: str | None = None
    token: str = ""
    messages: list[str] = field(default_factory=list)

    def flash(self, message: str) -> None:
        """Show a message on the next page. A cookie is small: three are kept."""
        self.messages = [*self.messages, message][-3:]

    def take_messages(self) -> list[str]:
        """The messages, which are shown once."""
        messages, self.messages = self.messages, []
        return messages

    def csrf_token(self) -> str:
        """The token that every form of this browser has to send."""
        self.token = self.token or secrets.token_urlsafe()
        return self.token

    def accepts(self, token: str) -> bool:
        """Whether this is the token of the session."""
        return bool(self.token) and compare_digest(token.encode(), self.token.encode())


class Signer:
    """Writes sessions as text that a browser can keep and cannot change."""

    def __init__(self, secret: str) -> None:
        self.serializer = URLSafeTimedSerializer(secret, salt="album session 1")

    def dumps(self, session: Session) -> str:
        """The text of a session."""
        return self.serializer.dumps(asdict(session))

    def loads(self, text: str) -> Session:
        """The session of a text. A new one if it is old, or was not signed here."""
        try:
            return Session(**self.serializer.loads(text, max_age=MONTH))
        except BadSignature:
            return Session()
