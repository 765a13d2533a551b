"""A site for notes, made with ``examples/framework.py``: ``uvicorn notes_site:site``, ``gunicorn notes_site:site``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from framework import Routes

from cardan import Request, Response, StaticFiles, redirect
from cardan.exceptions import Forbidden, NotFound

if TYPE_CHECKING:
    from cardan.exceptions import HTTPException

NOTES = {1: "buy milk"}


class Visit(Request):
    """A request of this site. Views, hooks and error pages get it, and type checkers know its attributes."""

    max_content_length = 10_000

    @property
    def user(self) -> str | None:
        """Who has signed in. The cookie is believed, so that the example is short: a site has to sign it."""
        return self.cookies.get("user")


site = Routes(request_class=Visit)
notes = Routes("/notes", request_class=Visit)


@site.route("/", "GET")
def home(request: Visit) -> Response:
    """A plain view. It runs in a thread where the server has an event loop."""
    return Response(f"Hello {request.user or 'stranger'}")


@notes.route("/<number:int>", "GET")
async def show(request: Visit, number: int) -> Response:
    """A view for async code. It gets what is in the path."""
    if number not in NOTES:
        raise NotFound(f"there is no note {number}")
    return Response.from_json({"note": NOTES[number]})


@notes.route("/", "POST")
async def add(request: Visit) -> Response:
    """A view that needs the body loads it."""
    await request.load()
    number = max(NOTES, default=0) + 1
    NOTES[number] = request.form["text"]
    return redirect(f"/notes/{number}", 303)


@notes.route("/<number:int>", "DELETE")
def remove(request: Visit, number: int) -> Response:
    """An unexpected error, here a KeyError, is for a rescue."""
    del NOTES[number]
    return Response(status=204)


@notes.before
def only_known_users(request: Visit) -> Forbidden | None:
    """A hook of the blueprint: the pages of the site are for everybody."""
    return None if request.user else Forbidden("sign in first")


@site.after
def count(request: Visit, response: Response) -> None:
    """A hook of the site sees every response, also those of blueprints and errors."""
    response.headers["X-Notes"] = str(len(NOTES))


@site.page(404)
def missing(request: Visit, error: HTTPException) -> Response:
    """The page of the site for an error, also in its blueprints."""
    return Response(f"Nothing is at {request.path}\n", 404)


@site.rescue(KeyError)
def no_such_key(request: Visit, error: KeyError) -> Response:
    """The exception is logged all the same."""
    return Response(f"There is no {error.args[0]}\n", 400)


site.include(notes)
site.mount("/source", StaticFiles(Path(__file__).parent))
