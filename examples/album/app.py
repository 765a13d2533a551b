"""The application: which function answers a request, and these functions."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from cardan import (
    Application,
    Handler,
    HTTPException,
    Mount,
    Response,
    StaticFiles,
    abort,
    redirect,
)
from cardan.exceptions import Forbidden, MethodNotAllowed, NotFound
from cardan.files import send_from_directory

from .database import Album, Database, Photo, new_id
from .middleware import connected, hardened, protected, remembered
from .pages import page, render
from .passwords import hash_password, is_password
from .photos import store
from .request import AlbumRequest, State
from .sessions import Session, Signer

logger = logging.getLogger("album")
STATIC = Path(__file__).with_name("static")

# --- albums ---


def home(request: AlbumRequest) -> Response:
    """GET /"""
    return page("home.html", request, albums=request.db.albums())


def add_album(request: AlbumRequest) -> Response:
    """POST /albums"""
    user = signed_in(request)
    title = request.form["title"].strip()
    if not 1 <= len(title) <= 80:
        request.session.flash("A title has 1 to 80 characters.")
        return redirect("/", 303)
    album = Album(new_id(), title, user)
    request.db.add_album(album)
    return redirect(f"/albums/{album.id}", 303)


def show_album(request: AlbumRequest, id: str) -> Response:
    """GET /albums/<id>"""
    album = find_album(request, id)
    return page("album.html", request, album=album, photos=request.db.photos(album))


def find_album(request: AlbumRequest, id: str) -> Album:
    """The album with this id. Raises NotFound."""
    album = request.db.album(id)
    if album is None:
        raise NotFound("There is no such album.")
    return album


def own_album(request: AlbumRequest, id: str) -> Album:
    """An album that the user may change. Raises NotFound or Forbidden."""
    user, album = signed_in(request), find_album(request, id)
    if album.owner != user:
        raise Forbidden("This album belongs to somebody else.")
    return album


# --- photos ---


def add_photos(request: AlbumRequest, id: str) -> Response:
    """POST /albums/<id>/photos"""
    album = own_album(request, id)
    refused = 0
    for file in request.files.getlist("photos"):
        photo = store(file, album, request.state["photos"])
        if photo is None:
            refused += 1
        else:
            request.db.add_photo(photo)
    if refused:
        request.session.flash(f"Not a JPEG, PNG, GIF or WebP: {refused} of the files.")
    return redirect(f"/albums/{album.id}", 303)


def send_photo(request: AlbumRequest, id: str) -> Response:
    """GET /photos/<id>"""
    photo = find_photo(request, id)
    folder = request.state["photos"]
    return send_from_directory(
        folder, photo.id, request, mimetype=photo.mimetype, max_age=3600
    )


def remove_photo(request: AlbumRequest, id: str) -> Response:
    """POST /photos/<id>/remove"""
    photo = find_photo(request, id)
    album = own_album(request, photo.album)
    request.db.remove_photo(photo)
    (request.state["photos"] / photo.id).unlink(missing_ok=True)
    request.session.flash(f"{photo.filename[:40]} was removed.")
    return redirect(f"/albums/{album.id}", 303)


def find_photo(request: AlbumRequest, id: str) -> Photo:
    """The photo with this id. Raises NotFound."""
    photo = request.db.photo(id)
    if photo is None:
        raise NotFound("There is no such photo.")
    return photo


# --- accounts ---


def show_login(request: AlbumRequest) -> Response:
    """GET /login"""
    return page("login.html", request)


def login(request: AlbumRequest) -> Response:
    """POST /login"""
    name, password = request.form["name"], request.form["password"]
    if not is_password(password, request.db.password(name)):
        logger.warning("wrong password for %r from %s", name, request.remote_addr)
        request.session.flash("This name and this password do not belong together.")
        return redirect("/login", 303)
    request.session = Session(user=name)
    return redirect("/", 303)


def register(request: AlbumRequest) -> Response:
    """POST /register"""
    name, password = request.form["name"], request.form["password"]
    if not re.fullmatch("[a-z0-9]{1,20}", name) or len(password) < 8:
        request.session.flash(
            "A name has 1 to 20 of the characters a to z and 0 to 9,"
            " a password at least 8 characters."
        )
    elif not request.db.add_user(name, hash_password(password)):
        request.session.flash(f"The name {name} is taken.")
    else:
        logger.info("new account %s from %s", name, request.remote_addr)
        request.session = Session(user=name)
        return redirect("/", 303)
    return redirect("/login", 303)


def logout(request: AlbumRequest) -> Response:
    """POST /logout"""
    request.session = Session()
    return redirect("/", 303)


def signed_in(request: AlbumRequest) -> str:
    """The name of the user; a browser without one is sent to the login."""
    if request.session.user is None:
        request.session.flash("Please sign in.")
        abort(redirect("/login", 303))
    return request.session.user


# --- the application ---


@contextmanager
def opened(site: Site) -> Iterator[State]:
    """The lifespan: make the folder and the database before the first request."""
    database, photos = site.folder / "album.sqlite", site.folder / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    with closing(Database(database)) as db:
        db.create_tables()
    yield {"database": database, "photos": photos, "signer": Signer(site.secret)}


class Site(Application[AlbumRequest]):
    """The pages. The data are in ``folder``, and ``secret`` signs the sessions."""

    lifespan = staticmethod(opened)
    middleware = (hardened, connected, remembered, protected)

    def __init__(
        self,
        folder: Path,
        secret: str,
        request_class: type[AlbumRequest] = AlbumRequest,
    ) -> None:
        super().__init__(request_class=request_class)
        self.folder = folder
        self.secret = secret

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
            case ["", "photos", id, "remove"]:
                views = {"POST": partial(remove_photo, id=id)}
            case ["", "login"]:
                views = {"GET": show_login, "POST": login}
            case ["", "register"]:
                views = {"POST": register}
            case ["", "logout"]:
                views = {"POST": logout}
            case _:
                raise NotFound("There is no such page.")
        method = "GET" if request.method == "HEAD" else request.method
        if method not in views:
            raise MethodNotAllowed(valid_methods=views)
        return views[method]

    def on_error(self, request: AlbumRequest, error: HTTPException) -> Response:
        """Browsers get a page of the album; other clients what the library sends."""
        response = super().on_error(request, error)
        if response.mimetype == "text/html" and response.status_code >= 400:
            response.data = render("error.html", request, error=error).encode()
        return response


def create_app(
    folder: Path, secret: str, request_class: type[AlbumRequest] = AlbumRequest
) -> Mount:
    """The pages, and the static files beside them."""
    site = Site(folder, secret, request_class)
    return Mount({"/static": StaticFiles(STATIC), "/": site})
