"""Applications of all libraries that serve a folder, for static_files.py and instructions.py.

Each function takes a folder and gives an application. If the library is not installed, it raises :exc:`ImportError`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from scenarios import Scenario

__all__ = ["ASGI", "FILE", "NAME", "SCENARIO", "SIZE", "WSGI", "make_folder"]

NAME, SIZE = "app.css", 27_000
FILE = (b"".join(b".rule-%d { color: #%06x; }\n" % (n, n * 7919) for n in range(2000)))[:SIZE]
SCENARIO = Scenario("27 KB", "GET", FILE, path=f"/{NAME}")


def make_folder() -> Path:
    """A new folder with the file of 27 KB. The caller removes it."""
    folder = Path(mkdtemp(prefix="cardan-static-"))
    (folder / NAME).write_bytes(FILE)
    return folder


def _cardan(folder: Path) -> Any:
    from cardan.files import StaticFiles

    return StaticFiles(folder)


def _whitenoise(folder: Path) -> Any:
    from whitenoise import WhiteNoise

    def not_found(environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return []

    return WhiteNoise(not_found, root=folder)


def _werkzeug(folder: Path) -> Any:
    from werkzeug.exceptions import NotFound
    from werkzeug.middleware.shared_data import SharedDataMiddleware

    return SharedDataMiddleware(NotFound(), {"/": str(folder)})


def _falcon_wsgi(folder: Path) -> Any:
    import falcon

    app: Any = falcon.App()
    app.add_static_route("/", str(folder))
    return app


def _falcon_asgi(folder: Path) -> Any:
    import falcon.asgi

    app: Any = falcon.asgi.App()
    app.add_static_route("/", str(folder))
    return app


def _baize_wsgi(folder: Path) -> Any:
    from baize.wsgi import Files

    return Files(str(folder))


def _baize_asgi(folder: Path) -> Any:
    from baize.asgi import Files

    return Files(str(folder))


def _starlette(folder: Path) -> Any:
    from starlette.staticfiles import StaticFiles

    return StaticFiles(directory=folder)


WSGI: dict[str, Callable[[Path], Any]] = {
    "cardan": _cardan,
    "whitenoise": _whitenoise,
    "falcon": _falcon_wsgi,
    "baize": _baize_wsgi,
    "werkzeug": _werkzeug,
}
ASGI: dict[str, Callable[[Path], Any]] = {
    "cardan": _cardan,
    "starlette": _starlette,
    "falcon": _falcon_asgi,
    "baize": _baize_asgi,
}
