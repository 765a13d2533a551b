"""The applications behind the caches of ``proof.caches``: files and views of cardan, and files of other libraries.

The files are in the folder that ``CACHE_SITE`` names. Each request that a cache sends is a line in ``CACHE_LOG``:
method, target, status and the bytes of its body. A request with the field ``X-Direct`` is not counted. All answers
about files below ``/short`` are fresh for a second, those below ``/long`` for an hour, and those below ``/ask`` never.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from cardan import Application, Compression, Mount, Request, Response, abort
from cardan.exceptions import MethodNotAllowed
from cardan.files import StaticFiles, send_from_directory
from tests.contract import test_response_conditional as conditional

__all__ = ["AGES", "counted_asgi", "counted_wsgi", "site", "starlette_site", "werkzeug_site", "write_line"]

Count: TypeAlias = Callable[[str, str, int, int], object]
"""Gets the method, the target, the status and the number of bytes of each answer."""

AGES = {"/short": 1, "/long": 3600, "/ask": None}
"""For how many seconds the files below a path are fresh."""


def site(folder: Path) -> Mount:
    """``/AGE/NAME`` is a file of ``StaticFiles``, ``/sent/NAME?age=N`` one of ``send_file``, ``/view/NAME`` a view.

    The query of a view: ``cc`` is Cache-Control, ``tag`` makes a ``strong`` or ``weak`` ETag of the content, ``date``
    sets Last-Modified, ``vary`` names a field of the request that the text depends on, ``status`` is the status.
    ``/packed`` has the same views behind ``Compression``.
    ``/table`` is the application of ``tests/contract/test_response_conditional.py``; its answers are fresh for an hour.
    """

    @Application
    def table(request: Request) -> Response:
        response = conditional.answer_conditionally(request)
        if response.status_code in (200, 206, 304):
            response.cache_control.max_age = AGES["/long"]
        return response

    def sent(request: Request) -> Response:
        args = request.args
        age, name = args.get("age", type=int), request.path.removeprefix("/")
        response = send_from_directory(
            folder, name, request, max_age=age, etag="date" not in args, as_attachment="save" in args
        )
        if "language" in args:
            response.headers["Content-Language"] = "en"
        return response

    def view(request: Request) -> Response:
        args = request.args
        file = folder / request.path.removeprefix("/")
        if request.method == "POST":
            file.write_bytes(request.get_data())
            os.utime(file, (0, file.stat().st_mtime + 100))
            return Response(status=int(args.get("status", 204)))
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed
        if "status" in args:
            abort(int(args["status"]))
        body = file.read_bytes()
        if "vary" in args:
            body = request.headers.get(args["vary"], "-").encode() + b" " + body
        response = Response(iter([body[:10], body[10:]]) if "stream" in args else body, mimetype="text/plain")
        if "vary" in args:
            response.vary.add(args["vary"])
        control = folder / f"{file.name}.cc"
        if "cc" in args or control.is_file():
            response.headers["Cache-Control"] = args.get("cc") or control.read_text()
        if "expires" in args:
            response.expires = datetime.fromtimestamp(float(args["expires"])).astimezone()
        if "tag" in args:
            response.set_etag(f"{hash_of(body):x}", weak=args["tag"] == "weak")
        if "date" in args:
            response.last_modified = file.stat().st_mtime
        if "place" in args:
            response.content_location = args["place"]
        return response.make_conditional(request, accept_ranges="ranges" in args, complete_length=len(body))

    files = {age: StaticFiles(folder, max_age=seconds) for age, seconds in AGES.items()}
    views = Application(view)
    return Mount({**files, "/table": table, "/sent": Application(sent), "/view": views, "/packed": Compression(views)})


def hash_of(data: bytes) -> int:
    """A number that is the same in every process."""
    return zlib.crc32(data)


def counted_wsgi(app: Any, count: Count, ages: bool = False) -> Any:
    """``app``, whose answers are counted. With ``ages`` it gets a Cache-Control, if it sends none."""

    def counted(environ: dict[str, Any], start_response: Any) -> Any:
        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            fields = {name.lower(): value for name, value in headers}
            path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
            if ages and "cache-control" not in fields and status[0] in "23":
                headers = [*headers, ("Cache-Control", control_of(path))]
            if "HTTP_X_DIRECT" not in environ:
                query = environ.get("QUERY_STRING", "")
                sent = sent_bytes(environ["REQUEST_METHOD"], int(status[:3]), fields.get("content-length"))
                count(environ["REQUEST_METHOD"], f"{path}?{query}" if query else path, int(status[:3]), sent)
            return start_response(status, headers, *rest)

        return app(environ, started)

    return counted


def counted_asgi(app: Any, count: Count, ages: bool = False) -> Any:
    """The same for ASGI."""

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        async def started(message: Any) -> None:
            if message["type"] == "http.response.start":
                fields = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
                path = scope["path"]
                if ages and "cache-control" not in fields and message["status"] < 400:
                    control = (b"cache-control", control_of(path).encode())
                    message = {**message, "headers": [*message["headers"], control]}
                if b"x-direct" not in dict(scope["headers"]):
                    query = scope["query_string"].decode()
                    sent = sent_bytes(scope["method"], message["status"], fields.get("content-length"))
                    count(scope["method"], f"{path}?{query}" if query else path, message["status"], sent)
            await send(message)

        await app(scope, receive, started if scope["type"] == "http" else send)

    return counted


def control_of(path: str) -> str:
    """The Cache-Control of a file that a peer sends."""
    age = AGES.get("/" + path.split("/")[1])
    return "no-cache" if age is None else f"max-age={age}"


def sent_bytes(method: str, status: int, length: str | None) -> int:
    """How many bytes the body of an answer has."""
    return 0 if method == "HEAD" or status in (204, 304) or length is None else int(length)


def write_line(method: str, target: str, status: int, sent: int) -> None:
    """Add a line to the log of this run."""
    fd = os.open(os.environ["CACHE_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, f"{method} {target} {status} {sent}\n".encode())
    os.close(fd)


def starlette_site(folder: Path) -> Any:
    """Starlette's ``StaticFiles`` at the same paths."""
    from starlette.applications import Starlette
    from starlette.routing import Mount as Mounted
    from starlette.staticfiles import StaticFiles as Files

    return Starlette(routes=[Mounted(path, Files(directory=folder)) for path in AGES])


def werkzeug_site(folder: Path) -> Any:
    """Werkzeug's ``send_from_directory`` at the same paths."""
    from werkzeug.exceptions import HTTPException
    from werkzeug.utils import send_from_directory as send
    from werkzeug.wrappers import Request as PeerRequest

    @PeerRequest.application
    def app(request: PeerRequest) -> Any:
        _, age, name = request.path.split("/", 2)
        try:
            return send(folder, name, request.environ, max_age=AGES["/" + age])
        except HTTPException as error:
            return error

    return app


if "CACHE_SITE" in os.environ:
    _folder = Path(os.environ["CACHE_SITE"])
    cardan_wsgi = counted_wsgi(site(_folder), write_line)
    cardan_asgi = counted_asgi(site(_folder), write_line)
    if os.environ.get("CACHE_PEERS"):
        peer_wsgi = counted_wsgi(werkzeug_site(_folder), write_line, ages=True)
        peer_asgi = counted_asgi(starlette_site(_folder), write_line, ages=True)
