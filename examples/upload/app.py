"""The application: one object, four addresses, the same on every server.

/          GET the form; POST it: the page shows what the library saw
/receipt   POST the same form: what was seen as JSON, without what differs by server
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
    from cardan.core import BaseResponse

__all__ = ["Upload", "UploadRequest", "app"]

GB = 10**9
MONTH = 30 * 24 * 3600
ASSETS = Path(__file__).with_name("assets")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    # everything comes from here; and nobody frames or sniffs it
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language, Cookie",
}


class UploadRequest(Request):
    """The library's defaults, but for a limit on the whole: files go to disk, so gigabytes cost no memory."""

    max_content_length = 8 * GB


class Upload(Application[UploadRequest]):
    """Chooses the view by method and path, and shows HTTP errors as pages to those who read HTML."""

    def resolve(self, request: UploadRequest) -> Handler[UploadRequest]:
        """The view of this request; raises NotFound or MethodNotAllowed."""
        views = VIEWS.get(request.path)
        if views is None:
            raise NotFound()
        method = "GET" if request.method == "HEAD" else request.method
        if method not in views:
            raise MethodNotAllowed(headers={"Allow": ", ".join(views)})
        return views[method]

    def on_error(self, request: UploadRequest, error: HTTPException) -> BaseResponse:
        """A page where Accept asks for HTML by name; what the library says otherwise."""
        if "text/html" not in request.headers.get("Accept", ""):
            return super().on_error(request, error)
        page = error_page(
            choose_language(request), Journey.of(request), error.code or 500, error.name, error.description or ""
        )
        return Response(page, error.code, {**HEADERS, **dict(error.headers or {})}, mimetype="text/html")


def show_form(request: UploadRequest) -> Response:
    """GET /"""
    return Response(form_page(choose_language(request), Journey.of(request)), headers=HEADERS, mimetype="text/html")


def show_result(request: UploadRequest) -> Response:
    """POST / : counts the visit, and keeps the language where one was chosen."""
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
    """A view of one file, read once."""
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
