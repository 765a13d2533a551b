"""The same site, made with seven libraries, each served by a bridge over the protocol that it does not speak.

Every site has these pages, below ``/below``: ``form``, ``upload``, ``stream``, ``endless``, ``before``, ``after``,
``cookies``, and ``release`` and ``closed``, by which a test talks to the site. ``bridged(site, bridge)`` gives the
application; its name is an attribute of this module, for example ``flask_cardan`` or ``quart_a2wsgi``.
"""

from __future__ import annotations

import threading
from asyncio import sleep
from time import monotonic
from typing import TYPE_CHECKING, Any

from cardan import Application, Mount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

released = threading.Event()
closed: list[str] = []


def stream() -> Iterator[bytes]:
    """Two lines. Before the second one it waits, three seconds at most, until the client has asked for ``release``."""
    released.clear()
    yield b"first\n"
    yield b"second\n" if released.wait(3) else b"held back\n"


#: for how many seconds at most a stream goes on that its bridge does not end
LONGEST = 15


def endless() -> Iterator[bytes]:
    """Lines without end, as far as a client can tell. When it is closed, this is noted."""
    end = monotonic() + LONGEST
    try:
        while monotonic() < end:
            yield b"tick\n" * 2000
    finally:
        closed.append("closed")


def broken() -> Iterator[bytes]:
    """One line, and then an error."""
    yield b"first\n"
    raise LookupError("after the start")


async def astream() -> AsyncIterator[bytes]:
    """The same as :func:`stream`."""
    released.clear()
    yield b"first\n"
    for _ in range(300):
        if released.is_set():
            break
        await sleep(0.01)
    yield b"second\n" if released.is_set() else b"held back\n"


async def aendless() -> AsyncIterator[bytes]:
    """The same as :func:`endless`."""
    end = monotonic() + LONGEST
    try:
        while monotonic() < end:
            yield b"tick\n" * 2000
            await sleep(0)
    finally:
        closed.append("closed")


async def abroken() -> AsyncIterator[bytes]:
    """The same as :func:`broken`."""
    yield b"first\n"
    raise LookupError("after the start")


def release() -> str:
    """Let :func:`stream` go on."""
    released.set()
    return "released"


def count() -> str:
    """How often :func:`endless` was closed."""
    return str(len(closed))


def make_flask() -> Any:
    import flask
    from flask import request

    app = flask.Flask("site")
    app.add_url_rule("/form", view_func=lambda: {"title": request.form["title"]}, methods=["POST"], endpoint="form")
    app.add_url_rule("/stream", "stream", lambda: flask.Response(stream()))
    app.add_url_rule("/endless", "endless", lambda: flask.Response(endless()))
    app.add_url_rule("/after", "after", lambda: flask.Response(broken()))
    app.add_url_rule("/release", "release", release)
    app.add_url_rule("/closed", "closed", count)

    @app.post("/upload")
    def upload() -> Any:
        file = request.files["file"]
        return {"size": len(file.read()), "name": file.filename}

    @app.get("/before")
    def before() -> Any:
        raise LookupError("before the start")

    @app.get("/cookies")
    def cookies() -> Any:
        response = flask.redirect(flask.url_for("stream"))
        response.set_cookie("a", request.cookies.get("sent", ""))
        response.set_cookie("b", "2")
        return response

    return app


def make_django() -> Any:
    import types

    import django
    from django import http
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.urls import path, reverse

    def cookies(request: Any) -> Any:
        response = http.HttpResponseRedirect(reverse("stream"))
        response.set_cookie("a", request.COOKIES.get("sent", ""))
        response.set_cookie("b", "2")
        return response

    def upload(request: Any) -> Any:
        file = request.FILES["file"]
        return http.JsonResponse({"size": len(file.read()), "name": file.name})

    def before(request: Any) -> Any:
        raise LookupError("before the start")

    urls: Any = types.ModuleType("urls")
    urls.urlpatterns = [
        path("form", lambda request: http.JsonResponse({"title": request.POST["title"]})),
        path("upload", upload),
        path("stream", lambda request: http.StreamingHttpResponse(stream()), name="stream"),
        path("endless", lambda request: http.StreamingHttpResponse(endless())),
        path("before", before),
        path("after", lambda request: http.StreamingHttpResponse(broken())),
        path("cookies", cookies),
        path("release", lambda request: http.HttpResponse(release())),
        path("closed", lambda request: http.HttpResponse(count())),
    ]
    settings.configure(ROOT_URLCONF=urls, ALLOWED_HOSTS=["*"], SECRET_KEY="x", MIDDLEWARE=[])
    django.setup()
    return get_wsgi_application()


def make_bottle() -> Any:
    import bottle
    from bottle import request

    app = bottle.Bottle()
    app.route("/form", "POST", lambda: {"title": request.forms.getunicode("title")})
    app.route("/stream", "GET", stream, name="stream")
    app.route("/endless", "GET", endless)
    app.route("/after", "GET", broken)
    app.route("/release", "GET", release)
    app.route("/closed", "GET", count)

    @app.post("/upload")  # type: ignore[untyped-decorator]
    def upload() -> Any:
        file = request.files["file"]
        return {"size": len(file.file.read()), "name": file.filename}

    @app.get("/before")  # type: ignore[untyped-decorator]
    def before() -> Any:
        raise LookupError("before the start")

    @app.get("/cookies")  # type: ignore[untyped-decorator]
    def cookies() -> Any:
        bottle.response.set_cookie("a", request.get_cookie("sent", ""))
        bottle.response.set_cookie("b", "2")
        bottle.redirect(app.get_url("stream"), 302)

    return app


def pages_of(html: Any, streamed: Any, as_json: Any, redirect: Any) -> dict[str, Callable[..., Any]]:
    """The pages of Starlette and FastAPI, whose requests and responses are the same."""

    async def form(request: Any) -> Any:
        return as_json({"title": (await request.form())["title"]})

    async def upload(request: Any) -> Any:
        file = (await request.form())["file"]
        return as_json({"size": len(await file.read()), "name": file.filename})

    async def stream(request: Any) -> Any:
        return streamed(astream())

    async def endless(request: Any) -> Any:
        return streamed(aendless())

    async def after(request: Any) -> Any:
        return streamed(abroken())

    async def before(request: Any) -> Any:
        raise LookupError("before the start")

    async def cookies(request: Any) -> Any:
        response = redirect(request.url_for("stream").path, 302)
        response.set_cookie("a", request.cookies.get("sent", ""))
        response.set_cookie("b", "2")
        return response

    async def let_go(request: Any) -> Any:
        return html(release())

    async def closes(request: Any) -> Any:
        return html(count())

    pages = {page.__name__: page for page in (form, upload, stream, endless, after, before, cookies)}
    return {**pages, "release": let_go, "closed": closes}


def make_starlette() -> Any:
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
    from starlette.routing import Route

    pages = pages_of(HTMLResponse, StreamingResponse, JSONResponse, RedirectResponse)
    return Starlette(
        routes=[Route(f"/{name}", page, name=name, methods=["GET", "POST"]) for name, page in pages.items()]
    )


def make_fastapi() -> Any:
    from fastapi import FastAPI, Request
    from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse

    app = FastAPI()
    for name, page in pages_of(HTMLResponse, StreamingResponse, JSONResponse, RedirectResponse).items():
        page.__annotations__.update({"request": Request, "return": None})
        app.add_api_route(f"/{name}", page, name=name, methods=["GET", "POST"], response_model=None)
    return app


def make_quart() -> Any:
    import quart
    from quart import request

    app = quart.Quart("site")
    app.config.update(MAX_CONTENT_LENGTH=None, RESPONSE_TIMEOUT=None)

    @app.post("/form")
    async def form() -> Any:
        return {"title": (await request.form)["title"]}

    @app.post("/upload")
    async def upload() -> Any:
        file = (await request.files)["file"]
        return {"size": len(file.read()), "name": file.filename}

    @app.get("/stream")
    async def stream() -> Any:
        return astream()

    @app.get("/endless")
    async def endless() -> Any:
        return aendless()

    @app.get("/after")
    async def after() -> Any:
        return abroken()

    @app.get("/before")
    async def before() -> Any:
        raise LookupError("before the start")

    @app.get("/cookies")
    async def cookies() -> Any:
        response: Any = quart.redirect(quart.url_for("stream"))
        response.set_cookie("a", request.cookies.get("sent", ""))
        response.set_cookie("b", "2")
        return response

    app.add_url_rule("/release", "release", release)
    app.add_url_rule("/closed", "closed", count)
    return app


def make_litestar() -> Any:
    from litestar import Litestar, Request, get, post
    from litestar.response import Redirect, Stream

    async def form(request: Request[Any, Any, Any]) -> dict[str, Any]:
        return {"title": (await request.form())["title"]}

    async def upload(request: Request[Any, Any, Any]) -> dict[str, Any]:
        file = (await request.form())["file"]
        return {"size": len(await file.read()), "name": file.filename}

    async def stream() -> Stream:
        return Stream(astream())

    async def endless() -> Stream:
        return Stream(aendless())

    async def after() -> Stream:
        return Stream(abroken())

    async def before() -> None:
        raise LookupError("before the start")

    async def cookies(request: Request[Any, Any, Any]) -> Redirect:
        response = Redirect(request.url_for("stream").replace(str(request.base_url), "/below/"), status_code=302)
        response.set_cookie("a", request.cookies.get("sent", ""))
        response.set_cookie("b", "2")
        return response

    async def let_go() -> str:
        return release()

    async def closes() -> str:
        return count()

    for page in (form, upload, stream, endless, after, before, cookies, let_go, closes):
        kinds = {"Request[Any, Any, Any]": Request, "dict[str, Any]": dict, "Stream": Stream, "Redirect": Redirect}
        kinds |= {"None": None, "str": str}
        page.__annotations__ = {name: kinds[kind] for name, kind in page.__annotations__.items()}
    return Litestar(
        [
            post("/form")(form),
            post("/upload", request_max_body_size=None)(upload),
            get("/stream", name="stream")(stream),
            get("/endless")(endless),
            get("/after")(after),
            get("/before")(before),
            get("/cookies")(cookies),
            get("/release")(let_go),
            get("/closed")(closes),
        ]
    )


def bridged(site: str, bridge: str) -> Any:
    """The application that serves ``site`` below ``/below`` by ``bridge``: ``cardan``, ``a2wsgi`` or ``asgiref``."""
    app = globals()[f"make_{site}"]()
    is_wsgi = site in ("flask", "django", "bottle")
    if bridge == "cardan":
        app = Application.from_wsgi(app) if is_wsgi else Application.from_asgi(app)
    elif bridge == "asgiref":
        from asgiref.wsgi import WsgiToAsgi

        app = WsgiToAsgi(app)
    else:
        import a2wsgi

        app = a2wsgi.WSGIMiddleware(app) if is_wsgi else a2wsgi.ASGIMiddleware(app)
    return Mount({"/below": app})


def __getattr__(name: str) -> Any:
    site, _, bridge = name.partition("_")
    if bridge not in ("cardan", "a2wsgi", "asgiref"):
        raise AttributeError(name)
    app = globals()[name] = bridged(site, bridge)  # servers ask for it twice
    return app
