"""The URL shortener on the names of Werkzeug that cardan has.

gunicorn shortener.first_step:app
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader
from werkzeug.middleware.shared_data import SharedDataMiddleware

from cardan.compat.werkzeug.exceptions import HTTPException, NotFound
from cardan.compat.werkzeug.routing import Map, MapAdapter, Rule
from cardan.compat.werkzeug.utils import redirect
from cardan.compat.werkzeug.wrappers import Request, Response

from .links import InvalidLink, Links

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HERE = Path(__file__).parent
RULES = Map(
    [
        Rule("/", endpoint="home", methods=["GET"]),
        Rule("/", endpoint="shorten", methods=["POST"]),
        Rule("/import", endpoint="import_list", methods=["POST"]),
        Rule("/<name>", endpoint="follow", methods=["GET"]),
        Rule("/<name>/about/", endpoint="about", methods=["GET"]),
        Rule("/<name>/data", endpoint="data", methods=["GET"]),
    ]
)


class Shortener:
    """The application: the database, the templates, and a view for each endpoint of
    the map.
    """

    def __init__(self, database: str) -> None:
        self.links = Links(database)
        self.pages = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True
        )

    def render(self, template: str, status: int = 200, **values: object) -> Response:
        """A page."""
        return Response(
            self.pages.get_template(template).render(values),
            status,
            mimetype="text/html",
        )

    def home(self, request: Request, urls: MapAdapter) -> Response:
        """The form, and the links that this browser has made."""
        return self.render(
            "home.html",
            own=request.cookies.get("own", "").split(),
            root=request.script_root,
        )

    def shorten(self, request: Request, urls: MapAdapter) -> Response:
        """Store the link of the form."""
        own = request.cookies.get("own", "").split()
        try:
            name = self.links.add(request.form["url"], request.form.get("name", ""))
        except InvalidLink as error:
            return self.render(
                "home.html",
                400,
                error=error,
                form=request.form,
                own=own,
                root=request.script_root,
            )
        response = redirect(urls.build("about", {"name": name}), 303)
        response.set_cookie(
            "own",
            " ".join([name, *own][:5]),
            max_age=86400,
            httponly=True,
            samesite="Lax",
        )
        return response

    def import_list(self, request: Request, urls: MapAdapter) -> Response:
        """Store the links of a file: a name and a URL in each line."""
        added = refused = 0
        for line in request.files["list"]:
            try:
                name, _, url = line.decode().strip().partition(" ")
                self.links.add(url, name)
                added += 1
            except (InvalidLink, UnicodeDecodeError):
                refused += 1
        return Response(f"{added} added, {refused} refused\n")

    def follow(self, request: Request, urls: MapAdapter, name: str) -> Response:
        """Redirect to the URL of a link."""
        url = self.links.visit(name)
        if url is None:
            raise NotFound()
        return redirect(url)

    def about(self, request: Request, urls: MapAdapter, name: str) -> Response:
        """The page about a link."""
        link = self.links.find(name)
        if link is None:
            raise NotFound()
        short = urls.build("follow", {"name": name}, force_external=True)
        return self.render(
            "about.html", link=link, short=short, root=request.script_root
        )

    def data(self, request: Request, urls: MapAdapter, name: str) -> Response:
        """A link as JSON. A client that has it already gets a 304."""
        link = self.links.find(name)
        if link is None:
            raise NotFound()
        response = Response(json.dumps(asdict(link)), mimetype="application/json")
        response.add_etag()
        response.make_conditional(request.environ)
        return response

    def dispatch(self, request: Request) -> Response:
        """Call the view for the URL of a request. An error becomes a page."""
        urls = RULES.bind_to_environ(request.environ)
        try:
            endpoint, values = urls.match()
            response: Response = getattr(self, endpoint)(request, urls, **values)
        except NotFound:
            return self.render("missing.html", 404, root=request.script_root)
        except HTTPException as error:
            return error.get_response(request.environ)
        return response

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        request = Request(environ)
        response = self.dispatch(request)
        return response(environ, start_response)


def create_app(database: str | None = None) -> WSGIApplication:
    """The application with its style sheet. The links are in the file ``database``."""
    app = Shortener(database or os.environ.get("SHORTENER_DATABASE", "links.sqlite"))
    return SharedDataMiddleware(app, {"/static": str(HERE / "static")})


app = create_app()
