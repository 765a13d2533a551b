"""Sentences of the page: what a difference is, and why it is there. Both have a default for what is new."""

from __future__ import annotations

__all__ = ["explanation", "meaning"]

MEANINGS = {
    "no answer": "the client gets no answer",
    "looks complete": "a body that was broken off looks complete to the client",
    "broken off": "the client takes a whole body for one that was broken off",
    "no end": "the connection stays open, and the client waits for more",
    "held back": "the first piece of the body arrives together with the last",
    "goes on": "the body goes on although the client has left",
    "100 before the answer": "the server asks for the body (100 Continue) before the application has refused it",
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
    "If nginx passes a request on as it arrives, and the answer is complete before it, nginx closes the connection "
    "without announcing it. By default it does not do so (`proxy_request_buffering on`)."
)
CURL = "After an upload over HTTP/2 that curl has stopped, its next request on the connection fails."

EXPLANATIONS: dict[tuple[str, str, str], str] = {
    ("early 413, Expect", ASKS, "gunicorn"): "gunicorn asks for the body before it calls a WSGI application.",
    ("early 413, Expect", ASKS, "waitress"): "waitress reads every request to its end before it calls the application.",
    ("early 413, Expect", ASKS, "cheroot"): "cheroot asks as soon as it has read the header fields.",
    ("early 413, Expect", ASKS, "mod_wsgi"): "Apache passes the body on to its daemon process, whoever reads it.",
    ("early 413, Expect", ASKS, "hypercorn"): "hypercorn asks over HTTP/1 as soon as it has read the header fields.",
    ("early 413, Expect", ASKS, "daphne"): "daphne reads every request to its end before it calls the application.",
    (
        "early 413, Expect",
        ASKS,
        "nginx",
    ): "nginx asks itself, and sends the body to the server behind it without the field.",
    ("error before", "no answer, request 2", "cheroot"): (
        "cheroot closes the connection after an error, without announcing it; other clients then open a new one."
    ),
    ("error before", "no answer", "uWSGI"): (
        "uWSGI closes the connection when an application raises. `Application.on_exception` can give an answer."
    ),
    ("error before", "no answer", "daphne"): (
        "After an error in the body of a response, daphne leaves later errors without an answer. "
        "`Application.on_exception` can give one."
    ),
    ("error after", COMPLETE, "wsgiref"): (
        "wsgiref answers by HTTP/1.0, where the end of the connection is the end of the body."
    ),
    ("error after", COMPLETE, "uWSGI"): "uWSGI ends the body as if it were complete. A Content-Length shows it.",
    ("error after", COMPLETE, "mod_wsgi"): "Apache ends the body as if it were complete. A Content-Length shows it.",
    ("error after", COMPLETE, "Node"): (
        "If the response has the field `Connection: close`, Node takes the end of the connection for that "
        "of the body, although the last chunk is missing."
    ),
    ("unread", "no answer, request 2", "nginx"): NGINX,
    ("early 413", "no answer, request 2", "nginx"): NGINX,
    ("early 413, Expect", "no answer, request 2", "nginx"): NGINX,
    ("early 413, Expect", "no answer, request 2", "curl"): CURL,
    (
        "error after",
        "no end",
        "hypercorn HTTP/2",
    ): "hypercorn does not reset a stream of HTTP/2 whose application failed.",
    ("error after", "no end", "daphne"): "daphne leaves the connection open when the application fails.",
    ("204, 304", "content-length: 0", "wsgiref"): "RFC 9110 section 8.6 forbids the field on a 204. wsgiref adds it.",
    ("HTTP/1.0", "transfer-encoding: chunked", "uvicorn"): (
        "With httptools, uvicorn does not look at the version of the request. With h11 it does."
    ),
    (
        "early 413",
        "no answer, request 2",
        "curl",
    ): "curl leaves a connection of HTTP/2 in disorder if it stops an upload.",
    (
        "unread",
        "no end",
        "curl",
    ): "Over HTTP/2, curl has the whole answer to an upload that was not read, and waits on.",
}
"""Why, by row, difference, and the server or client that does it (the beginning of its name)."""


def explanation(row: str, difference: str, who: list[str]) -> str:
    """The sentences for the servers or clients ``who``; empty if there are none."""
    found = [
        text
        for (of_row, of_difference, name), text in EXPLANATIONS.items()
        if of_row == row and of_difference == difference and any(one.startswith(name) for one in who)
    ]
    return " ".join(dict.fromkeys(found))
