"""The application: which function answers a request, and these functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from html import escape
from pathlib import Path

from cardan import Application, Handler, Response, redirect
from cardan.exceptions import BadRequest, MethodNotAllowed, NotFound

from .database import Album, Database, new_id
from .middleware import connected
from .request import AlbumRequest, State

NEW_ALBUM = """
<form method="post" action="/albums">
  <label>Title <input name="title" required maxlength="80"></label>
  <button>New album</button>
</form>
"""


def page(title: str, body: str) -> Response:
    """A page with a title, which is text, and a body, which is HTML."""
    title = escape(title)
    html = f"<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n{body}\n"
    return Response(html, mimetype="text/html")


def home(request: AlbumRequest) -> Response:
    """GET /"""
    links = [
        f'<li><a href="/albums/{album.id}">{escape(album.title)}</a></li>'
        for album in request.db.albums()
    ]
    return page("Albums", f"<ul>{''.join(links)}</ul>{NEW_ALBUM}")


def add_album(request: AlbumRequest) -> Response:
    """POST /albums"""
    title = request.form["title"].strip()
    if not 1 <= len(title) <= 80:
        raise BadRequest("A title has 1 to 80 characters.")
    album = Album(new_id(), title)
    request.db.add_album(album)
    return redirect(f"/albums/{album.id}", 303)


def show_album(request: AlbumRequest, id: str) -> Response:
    """GET /albums/<id>"""
    album = find_album(request, id)
    return page(album.title, "<p>There is no photo yet.</p>")


def find_album(request: AlbumRequest, id: str) -> Album:
    """The album with this id. Raises NotFound."""
    album = request.db.album(id)
    if album is None:
        raise NotFound("There is no such album.")
    return album


@contextmanager
def opened(site: Site) -> Iterator[State]:
    """The lifespan: make the folder and the database before the first request."""
    database = site.folder / "album.sqlite"
    site.folder.mkdir(parents=True, exist_ok=True)
    with closing(Database(database)) as db:
        db.create_tables()
    yield {"database": database}


class Site(Application[AlbumRequest]):
    """The pages of the album. The data are in ``folder``."""

    lifespan = staticmethod(opened)
    middleware = (connected,)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def resolve(self, request: AlbumRequest) -> Handler[AlbumRequest]:
        """The function for a request: by its path, then by its method."""
        views: dict[str, Handler[AlbumRequest]]
        match request.path.split("/"):
            case ["", ""]:
                views = {"GET": home}
            case ["", "albums"]:
                views = {"POST": add_album}
            case ["", "albums", id]:
                views = {"GET": partial(show_album, id=id)}
            case _:
                raise NotFound("There is no such page.")
        method = "GET" if request.method == "HEAD" else request.method
        if method not in views:
            raise MethodNotAllowed(valid_methods=views)
        return views[method]


app = Site(Path("album-data"))
