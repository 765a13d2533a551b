"""The programs of the guides that real servers run: the code of the pages, with the addresses of the tests.

``targets`` answers with the raw target of a request. ``proxy`` is the reverse proxy in front of ``UPSTREAM``.
``sending`` lets nginx send a file. ``upstream`` answers with what it was sent.
"""

from __future__ import annotations

import os
import re
from typing import Any

from cardan import Request, Response
from tests.house import ROOT

__all__ = ["proxy", "sending", "targets", "upstream"]


def blocks(page: str) -> list[str]:
    """The blocks of Python that a guide shows."""
    return re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/guides" / page).read_text("utf-8"), re.M | re.S)


forwarding: dict[str, Any] = {}
for block in blocks("forwarding.md"):
    exec(block.replace("http://127.0.0.1:9000", os.environ.get("UPSTREAM", "")), forwarding)

files: dict[str, Any] = {}
exec("from cardan import Request, Response\nfrom cardan.exceptions import Forbidden", files)
exec(next(block for block in blocks("sending-files.md") if "X-Accel-Redirect" in block), files)

proxy = forwarding["app"]
sending = files["by_nginx"]


@Request.application
def targets(request: Request) -> Response:
    """The target as it was sent."""
    return Response(forwarding["raw_target"](request))


@Request.application
def upstream(request: Request) -> Response:
    """The target, the address that the proxy names, and the length of the body and how it was announced."""
    target: bytes = forwarding["raw_target"](request)
    how = request.headers.get("Content-Length") or request.headers.get("Transfer-Encoding")
    sent = [target.decode(), request.headers.get("X-Forwarded-For"), len(request.get_data()), how]
    return Response.from_json(sent, 201)
