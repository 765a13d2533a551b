"""Requests that send a form, on both protocols, and what each says of it: for tests that compare ways of a body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cardan.exceptions import HTTPException

if TYPE_CHECKING:
    from cardan import Request

__all__ = ["Refused", "on_asgi", "on_wsgi"]


class Refused(NamedTuple):
    """The error of a form that was refused."""

    name: str
    description: str | None
    limit: str | None
    """The name of the limit that the form exceeds."""

    @classmethod
    def by(cls, error: HTTPException) -> Refused:
        """What is known of the error."""
        return cls(type(error).__name__, error.description, getattr(error, "limit", None))


def values(request: Request) -> Any:
    """The fields and files of a request that may be read."""
    files = [
        (name, file.filename, file.content_type, [*file.headers.items()], file.size, file.stream.read())
        for name, file in request.files.items(multi=True)
    ]
    return [*request.form.items(multi=True)], files


def on_wsgi(cls: type[Request], kind: str, body: bytes, source: Any, *, declared: bool) -> Any:
    """What a WSGI request says of a form that it reads from ``source``, or how it was refused.

    The length of ``body`` is declared, or the request is chunked.
    """
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "a.de",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.input": source,
        "CONTENT_TYPE": kind,
    }  # fmt: skip
    if declared:
        environ["CONTENT_LENGTH"] = str(len(body))
    else:
        environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    with cls(environ) as request:
        try:
            return values(request)
        except HTTPException as error:
            return Refused.by(error)


async def on_asgi(cls: type[Request], kind: str, body: bytes, chunks: list[bytes], *, declared: bool) -> Any:
    """What an ASGI request says of a form, of which each chunk is one message, or how it was refused."""
    framing = (b"content-length", b"%d" % len(body)) if declared else (b"transfer-encoding", b"chunked")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "",
        "headers": [(b"content-type", kind.encode("latin-1")), framing],
    }  # fmt: skip
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages[-1]["more_body"] = False

    async def receive() -> Any:
        return messages.pop(0)

    async with cls(scope, receive) as request:
        try:
            await request.load()
            return values(request)
        except HTTPException as error:
            return Refused.by(error)
