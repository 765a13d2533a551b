"""The application: which function answers a request, and these functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from html import escape
from pathlib import Path

from cardan import Application, Handler, Response, redirect
from cardan.exceptions import BadRequest, MethodNotAllowed, NotFound
from cardan.files import send_from_directory

from .database import Album, Database, Photo, new_id
from .middleware import connected
from .photos import store
from .request import AlbumRequest, State

NEW_ALBUM = """
<form method="post" action="/albums">
  <label>Title <input name="title" required maxlength="80"></label>
  <button>New album</button>
</form>
"""
ADD_PHOTOS = """
<form method="post" action="/albums/{id}/photos" enctype="multipart/form-data">
  <label>Photos <input type="file" name="photos" accept="image/*" multiple></label>
  <button>Add</button>
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
    images = [
        f'<img src="/photos/{photo.id}" alt="{escape(photo.filename)}" width="240">'
        for photo in request.db.photos(album)
    ]
    return page(album.title, "".join(images) + ADD_PHOTOS.format(id=album.id))


def find_album(request: AlbumRequest, id: str) -> Album:
    """The album with this id. Raises NotFound."""
    album = request.db.album(id)
    if album is None:
        raise NotFound("There is no such album.")
    return album


def add_photos(request: AlbumRequest, id: str) -> Response:
    """POST /albums/<id>/photos"""
    album = find_album(request, id)
    refused = 0
    for file in request.files.getlist("photos"):
        photo = store(file, album, request.state["photos"])
        if photo is None:
            refused += 1
        else:
            request.db.add_photo(photo)
    if refused:
        raise BadRequest(f"Not a JPEG, PNG, GIF or WebP: {refused} of the files.")
    return redirect(f"/albums/{album.id}", 303)


def send_photo(request: AlbumRequest, id: str) -> Response:
    """GET /photos/<id>"""
    photo = find_photo(request, id)
    folder = request.state["photos"]
    response = send_from_directory(
        folder, photo.id, request, mimetype=photo.mimetype, max_age=3600
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def find_photo(request: AlbumRequest, id: str) -> Photo:
    """The photo with this id. Raises NotFound."""
    photo = request.db.photo(id)
    if photo is None:
        raise NotFound("There is no such photo.")
    return photo


@contextmanager
def opened(site: Site) -> Iterator[State]:
    """The lifespan: make the folder and the database before the first request."""
    database, photos = site.folder / "album.sqlite", site.folder / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    with closing(Database(database)) as db:
        db.create_tables()
    yield {"database": database, "photos": photos}


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
            case ["", "albums", id, "photos"]:
                views = {"POST": partial(add_photos, id=id)}
            case ["", "photos", id]:
                views = {"GET": partial(send_photo, id=id)}
            case _:
                raise NotFound("There is no such page.")
        method = "GET" if request.method == "HEAD" else request.method
        if method not in views:
            raise MethodNotAllowed(valid_methods=views)
        return views[method]


app = Site(Path("album-data"))
