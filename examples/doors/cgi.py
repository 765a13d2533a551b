"""CGI (RFC 3875): one process for each request, which the web server starts.

#!/usr/bin/env python
from doors.cgi import answer
from hello import app

answer(app)
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, BinaryIO

from cardan import Dual, core

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PIECE = 65536


def answer(
    app: Dual,
    variables: Mapping[str, str] = os.environ,
    source: BinaryIO = sys.stdin.buffer,
    target: BinaryIO = sys.stdout.buffer,
) -> None:
    """Answer the request of this process. An error is raised: the server logs it, and its client gets a 500."""
    head = head_of(variables)
    request = core.Request(head, pieces(source, int(variables.get("CONTENT_LENGTH") or 0)))
    for event in app.respond(request).iter_events(head.method):
        match event:
            case core.Head(status, reason, fields):  # RFC 3875 section 6.2.1
                lines = [f"Status: {status} {reason}", *(f"{name}: {value}" for name, value in fields), "", ""]
                target.write("\r\n".join(lines).encode("latin-1"))
            case core.Chunk(data):
                target.write(data)
                target.flush()
    target.flush()


def head_of(variables: Mapping[str, str]) -> core.RequestHead:
    """The head that the meta-variables tell (RFC 3875 section 4.1)."""
    fields = {
        name.removeprefix("HTTP_").replace("_", "-"): os.fsencode(value).decode("latin-1")
        for name, value in variables.items()
        if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    }
    return core.RequestHead(
        variables["REQUEST_METHOD"],
        decoded(variables.get("PATH_INFO") or "/"),
        os.fsencode(variables.get("QUERY_STRING", "")),
        fields,
        scheme="https" if variables.get("HTTPS", "off").lower() in ("on", "1") else "http",
        http_version=variables.get("SERVER_PROTOCOL", "HTTP/1.0").removeprefix("HTTP/"),
        root_path=decoded(variables.get("SCRIPT_NAME", "")).rstrip("/"),
        server=(variables["SERVER_NAME"], int(variables["SERVER_PORT"])),
        client=(variables["REMOTE_ADDR"], int(variables.get("REMOTE_PORT") or 0)),
        remote_user=variables.get("REMOTE_USER"),
        concurrency=(False, True, True),
    )


def decoded(path: str) -> str:
    """A path, which is UTF-8 or has U+FFFD, whatever the encoding of the environment is."""
    return os.fsencode(path).decode("utf-8", "replace")


def pieces(source: BinaryIO, left: int) -> Iterator[bytes]:
    """The body: as many bytes as were announced, and not one more (RFC 3875 section 4.2)."""
    while left and (piece := source.read(min(left, PIECE))):
        left -= len(piece)
        yield piece
