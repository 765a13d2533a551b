"""The application: which function answers a request, and these functions."""

from __future__ import annotations

from functools import partial
from html import escape

from cardan import Application, Handler, Request, Response
from cardan.exceptions import MethodNotAllowed, NotFound

ALBUMS = {"sea": "By the sea", "hills": "In the hills"}


def page(title: str, body: str) -> Response:
    """A page with a title, which is text, and a body, which is HTML."""
    title = escape(title)
    html = f"<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n{body}\n"
    return Response(html, mimetype="text/html")


def home(request: Request) -> Response:
    """GET /"""
    links = [
        f'<li><a href="/albums/{name}">{escape(title)}</a></li>'
        for name, title in ALBUMS.items()
    ]
    return page("Albums", f"<ul>{''.join(links)}</ul>")


def show_album(request: Request, id: str) -> Response:
    """GET /albums/<id>"""
    if id not in ALBUMS:
        raise NotFound("There is no such album.")
    return page(ALBUMS[id], "<p>There is no photo yet.</p>")


class Site(Application[Request]):
    """The pages of the album."""

    def resolve(self, request: Request) -> Handler[Request]:
        """The function for a request: by its path, then by its method."""
        views: dict[str, Handler[Request]]
        match request.path.split("/"):
            case ["", ""]:
                views = {"GET": home}
            case ["", "albums", id]:
                views = {"GET": partial(show_album, id=id)}
            case _:
                raise NotFound("There is no such page.")
        method = "GET" if request.method == "HEAD" else request.method
        if method not in views:
            raise MethodNotAllowed(valid_methods=views)
        return views[method]


app = Site()
