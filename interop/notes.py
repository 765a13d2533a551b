"""Sentences of the page: what a client sees, and what the server or client does. What is new has a default."""

from __future__ import annotations

__all__ = ["explanation", "meaning"]

MEANINGS = {
    "no answer": "the client gets no answer",
    "looks complete": "the body ends for the client like a complete one",
    "broken off": "the client reports that the body is not complete",
    "no end": "the connection stays open",
    "held back": "the first piece of the body arrives together with the last",
    "goes on": "the body goes on after the client has left",
    "100 before the answer": "the client gets a 100 (Continue) before the answer",
    "another body": "the client gets another body",
}
"""What was seen, by the text of the cell without the number of the request."""


def meaning(difference: str) -> str:
    """A sentence without its full stop for a difference such as ``"no answer, request 2"``."""
    text, _, number = difference.partition(", request ")
    sentence = MEANINGS.get(text, f"the client sees `{text}`")
    return f"{sentence}, at request {number} of the row" if number else sentence


ASKS = "100 before the answer"
COMPLETE = "looks complete"
NGINX = (
    "With `proxy_request_buffering off`, nginx closes the connection after an answer that comes before the end of the "
    "request. By default it reads the request first."
)
CURL = "Over HTTP/2, curl stops an upload when it has the answer. The next request needs a new connection."
HANDLED = "`Application.on_exception` can give an answer, which is sent like any other."
LENGTH = "If the response has a Content-Length, the client sees that bytes are missing."

EXPLANATIONS: dict[tuple[str, str, str], str] = {
    ("early 413, Expect", ASKS, "gunicorn"): "gunicorn sends it before it calls a WSGI application.",
    ("early 413, Expect", ASKS, "waitress"): "waitress reads every request to its end before it calls the application.",
    ("early 413, Expect", ASKS, "cheroot"): "cheroot sends it as soon as it has read the header fields.",
    ("early 413, Expect", ASKS, "mod_wsgi"): "Apache passes the body on to its daemon process in any case.",
    (
        "early 413, Expect",
        ASKS,
        "hypercorn",
    ): "hypercorn sends it over HTTP/1 as soon as it has read the header fields.",
    ("early 413, Expect", ASKS, "daphne"): "daphne reads every request to its end before it calls the application.",
    (
        "early 413, Expect",
        ASKS,
        "nginx",
    ): "nginx sends it itself, and passes the request on without the field `Expect`.",
    ("error before", "no answer, request 2", "cheroot"): (
        "cheroot closes the connection after an error; the next request needs a new one."
    ),
    ("error before", "no answer", "uWSGI"): HANDLED,
    ("error before", "no answer", "daphne"): HANDLED,
    ("error after", COMPLETE, "wsgiref"): (
        "wsgiref answers by HTTP/1.0, where the end of the connection is the end of the body."
    ),
    ("error after", COMPLETE, "uWSGI"): LENGTH,
    ("error after", COMPLETE, "mod_wsgi"): LENGTH,
    ("error after", COMPLETE, "Node"): (
        "If the response has the field `Connection: close`, the end of the connection ends the body for Node."
    ),
    ("unread", "no answer, request 2", "nginx"): NGINX,
    ("early 413", "no answer, request 2", "nginx"): NGINX,
    ("early 413, Expect", "no answer, request 2", "nginx"): NGINX,
    ("early 413, Expect", "no answer, request 2", "curl"): CURL,
    ("error after", "no end", "hypercorn HTTP/2"): "A time-out of the client ends it.",
    ("error after", "no end", "daphne"): "A time-out of the client ends it.",
    ("204, 304", "content-length: 0", "wsgiref"): "wsgiref adds the field to every response without a body.",
    ("HTTP/1.0", "transfer-encoding: chunked", "uvicorn"): (
        "With httptools, uvicorn sends a stream in chunks to all clients; with h11, to those of HTTP/1.1."
    ),
    ("early 413", "no answer, request 2", "curl"): CURL,
    ("unread", "no end", "curl"): "Over HTTP/2, curl has the whole answer, and its time-out ends the transfer.",
}
"""What it does, by row, difference, and server or client (the beginning of its name)."""


def explanation(row: str, difference: str, who: list[str]) -> str:
    """The sentences for the servers or clients ``who``; empty if there are none."""
    found = [
        text
        for (of_row, of_difference, name), text in EXPLANATIONS.items()
        if of_row == row and of_difference == difference and any(one.startswith(name) for one in who)
    ]
    return " ".join(dict.fromkeys(found))
