"""The application: one object that serves these paths on every server.

/          GET gives the form; POST gives a page that shows the fields and files of the form
/receipt   POST gives the same as JSON, without the values that depend on the server
/style.css, /upload.js, /icon.svg
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cardan import Application, Request, Response
from cardan.exceptions import HTTPException, MethodNotAllowed, NotFound

from .pages import error_page, form_page, result_page
from .receipt import Journey, Receipt, choose_language
from .texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardan import Handler

__all__ = ["Upload", "UploadRequest", "app"]

GB = 10**9
MONTH = 30 * 24 * 3600
ASSETS = Path(__file__).with_name("assets")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    # the page loads everything from its own server, cannot be framed, and its type is not guessed
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language, Cookie",
}


class UploadRequest(Request):
    """Only the limit on the whole body is set: large files are written to disk, so gigabytes need no memory."""

    max_content_length = 8 * GB


class Upload(Application[UploadRequest]):
    """Choose the view by method and path, and show HTTP errors as HTML pages to clients that accept HTML."""

    def resolve(self, request: UploadRequest) -> Handler[UploadRequest]:
        """The view for this request. Raises NotFound or MethodNotAllowed."""
        views = VIEWS.get(request.path)
        if views is None:
            raise NotFound()
        method = "GET" if request.method == "HEAD" else request.method
        if method not in views:
            raise MethodNotAllowed(headers={"Allow": ", ".join(views)})
        return views[method]

    def on_error(self, request: UploadRequest, error: HTTPException) -> Response:
        """An HTML page if Accept contains ``text/html``; otherwise the library's own error response."""
        if "text/html" not in request.headers.get("Accept", ""):
            return super().on_error(request, error)
        page = error_page(
            choose_language(request), Journey.of(request), error.code or 500, error.name, error.description or ""
        )
        return Response(page, error.code, {**HEADERS, **dict(error.get_headers())}, mimetype="text/html")


def show_form(request: UploadRequest) -> Response:
    """GET /"""
    return Response(form_page(choose_language(request), Journey.of(request)), headers=HEADERS, mimetype="text/html")


def show_result(request: UploadRequest) -> Response:
    """POST / : count the visit, and store the language in a cookie if the form contains one."""
    receipt = Receipt.of(request)
    response = Response(result_page(receipt, Journey.of(request)), headers=HEADERS, mimetype="text/html")
    visits = request.cookies.get("visits", 0, type=int) + 1
    response.set_cookie("visits", str(visits), max_age=MONTH, httponly=True, samesite="Lax")
    if request.form.get("language") in LANGUAGES:
        response.set_cookie("language", request.form["language"], max_age=MONTH, httponly=True, samesite="Lax")
    return response


def give_receipt(request: UploadRequest) -> Response:
    """POST /receipt"""
    return Response.from_json(Receipt.of(request).document(), headers=HEADERS)


def asset(name: str) -> Callable[[UploadRequest], Response]:
    """A view that serves one file, which is read once at the start."""
    body, mimetype = (ASSETS / name).read_bytes(), MEDIA_TYPES[Path(name).suffix]

    def view(request: UploadRequest) -> Response:
        return Response(body, headers={"Cache-Control": "no-cache"}, mimetype=mimetype)

    return view


VIEWS: dict[str, dict[str, Handler[UploadRequest]]] = {
    "/": {"GET": show_form, "POST": show_result},
    "/receipt": {"POST": give_receipt},
    **{f"/{path.name}": {"GET": asset(path.name)} for path in sorted(ASSETS.iterdir())},
}

app = Upload(request_class=UploadRequest)
