"""The request inspector: an application that answers every request with what cardan has read of it, as JSON.

``python -m cardan echo`` serves it.
"""

from __future__ import annotations

from typing import Any, Final

from . import __version__
from ._request import Request
from ._response import Response
from .apps import Application
from .core._exceptions import HTTPException

__all__ = ["app"]

#: How many bytes are shown of a body that is not a form.
_SHOWN: Final = 1000
#: What a WSGI server says about itself.
_ENVIRON: Final = ("SERVER_SOFTWARE", "SERVER_PROTOCOL", "wsgi.version", "wsgi.multithread", "wsgi.multiprocess")


class _Request(Request):
    """Accepts large uploads. Their files are kept on disk, as in every request."""

    max_content_length = 1 << 30


def _described(request: Request) -> dict[str, Any]:
    return {
        "cardan": __version__,
        **_gateway_of(request),
        "server": request.server,
        "method": request.method,
        "raw_path": request.raw_path.decode("latin-1") if request.raw_path is not None else None,
        "url": request.url,
        "root_path": request.root_path,
        "path": request.path,
        "query_string": request.query_string.decode("latin-1"),
        "args": request.args.to_dict(flat=False),
        "http_version": request.http_version,
        "scheme": request.scheme,
        "remote_addr": request.remote_addr,
        "headers": [list(pair) for pair in request.headers.items()],
        "cookies": request.cookies.to_dict(flat=False),
        **_body_of(request),
    }


def _gateway_of(request: Request) -> dict[str, Any]:
    """The protocol, and what the server says about itself."""
    if hasattr(request, "environ"):
        return {"protocol": "WSGI", **{key: request.environ.get(key) for key in _ENVIRON}}
    scope = request.scope
    return {"protocol": "ASGI", "asgi": scope.get("asgi"), "extensions": sorted(scope.get("extensions") or ())}


def _body_of(request: Request) -> dict[str, Any]:
    """The body: a form with its fields and files, or the beginning of any other; or the error of reading it."""
    try:
        if request.want_form_data_parsed:
            return {
                "form": request.form.to_dict(flat=False),
                "files": [
                    {"name": name, "filename": file.filename, "content_type": file.content_type, "size": file.size}
                    for name, file in request.files.items(multi=True)
                ],
            }
        data = request.get_data()
        return {"body": data[:_SHOWN].decode("utf-8", "replace"), "body_size": len(data)}
    except HTTPException as error:
        return {"body_error": f"{error.code} {error.name}: {error.description}"}


def _inspect(request: Request) -> Response:
    return Response.from_json(_described(request), dumps=_dumps)


def _dumps(value: Any) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


app = Application(_inspect, request_class=_Request)
