"""The application: one object that serves these paths on every server.

/          GET gives the page; POST gives the receipt of the form as a page, for browsers without scripts
/receipt   POST gives the receipt as JSON: the same bytes on every server
/turn      GET gives twelve events
/style.css, /upload.js, /icon.svg

``/?language=de`` keeps a language in a cookie. ``/?language=`` removes the cookie: then the browser's Accept-Language
chooses again.
"""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from cardan import CORS, Application, Flow, Request, Response, middleware, redirect
from cardan.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from .handlers import UploadRequest, receipt, turn
from .pages import View, error_page, form_page, receipt_page
from .servers import Servers, protocol_of, server_of
from .texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardan import Handler

__all__ = ["Upload", "app", "make_app"]

MONTH = 30 * 24 * 3600
ASSETS = Path(__file__).with_name("assets")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Upload(Application[UploadRequest]):
    """Chooses the view by method and path, and tells errors in the language of the page."""

    def __init__(self, servers: Servers) -> None:
        super().__init__(middleware=[self.describe])
        self.servers = servers
        self.views: dict[str, dict[str, Handler[UploadRequest]]] = {
            "/": {"GET": self.show_form, "POST": self.show_receipt},
            "/receipt": {"POST": receipt},
            "/turn": {"GET": turn},
            **{f"/{path.name}": {"GET": asset(path)} for path in sorted(ASSETS.iterdir())},
        }

    def resolve(self, request: UploadRequest) -> Handler[UploadRequest]:
        """The view for this request. Raises NotFound or MethodNotAllowed."""
        views = self.views.get(request.path)
        if views is None:
            raise NotFound()
        method = "GET" if request.method == "HEAD" else request.method
        if method not in views:
            raise MethodNotAllowed(valid_methods=list(views))
        return views[method]

    @middleware
    def describe(self, request: UploadRequest) -> Flow:
        """Say in each answer which server gave it in what time, and what its page may load and send to."""
        begun = perf_counter()
        response = yield
        milliseconds = 1000 * (perf_counter() - begun)
        response.headers["Server-Timing"] = f'{protocol_of(request)};desc="{server_of(request)}";dur={milliseconds:.1f}'
        both = " ".join(["'self'", *filter(None, self.servers.seen_by(request).values())])
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
            f"frame-ancestors 'none'; connect-src {both}; form-action {both}"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"

    def on_error(self, request: UploadRequest, error: HTTPException) -> Response:
        """A page for browsers, a problem document for the script and other programs."""
        texts = texts_for(request)
        title, detail = explain(error, texts)
        if request.path != "/receipt" and "text/html" in request.headers.get("Accept", ""):
            response = self.page(error_page(self.view(request), error.code or 500, title, detail), texts)
            response.status_code = error.code or 500
            response.headers.extend(error.get_headers())
            return response
        reason = error.description
        error.title, error.description, error.members = title, detail, {"reason": reason}
        response = super().on_error(request, error)
        response.headers["Content-Language"] = texts.code
        return response

    def show_form(self, request: UploadRequest) -> Response:
        """GET / : the page; with ``?language=``, keep or forget a language and go back to the page."""
        language = request.args.get("language")
        if language is None:
            return self.page(form_page(self.view(request)), texts_for(request))
        response = redirect("/", 303)
        if language in LANGUAGES:
            response.set_cookie("language", language, max_age=MONTH, httponly=True, samesite="Lax")
        else:
            response.delete_cookie("language", httponly=True, samesite="Lax")
        return response

    def show_receipt(self, request: UploadRequest) -> Response:
        """POST / : the same receipt as a page."""
        return self.page(receipt_page(self.view(request), receipt(request).json), texts_for(request))

    def view(self, request: UploadRequest) -> View:
        """What pages.py has to know of the request."""
        kept = request.cookies.get("language", "")
        return View(
            texts=texts_for(request),
            language_kept=kept if kept in LANGUAGES else "",
            protocol=protocol_of(request),
            server=server_of(request),
            servers=self.servers.seen_by(request),
            origin=request.host_url.rstrip("/"),
        )

    @staticmethod
    def page(html: str, texts: Texts) -> Response:
        """A page, which depends on the language that the browser asks for."""
        fields = {"Content-Language": texts.code, "Vary": "Accept-Language, Cookie"}
        return Response(html, headers=fields, mimetype="text/html")


def texts_for(request: Request) -> Texts:
    """The texts in the language of the query or of the cookie, else the best of Accept-Language, else in English."""
    for code in (request.args.get("language"), request.cookies.get("language")):
        if code in LANGUAGES:
            return LANGUAGES[code]
    return LANGUAGES[request.accept_languages.best_match(LANGUAGES, "en")]


def explain(error: HTTPException, texts: Texts) -> tuple[str, str]:
    """What has happened, and what can be done about it, in the language of the page."""
    title, detail = texts.errors.get(error.code or 500, texts.errors[500])
    if isinstance(error, RequestEntityTooLarge) and error.limit is not None and error.allowed is not None:
        counted = error.limit in ("max_form_parts", "max_files", "max_part_headers")
        allowed = str(error.allowed) if counted else texts.bytes(error.allowed)
        return title, detail.format(f"{allowed} ({error.limit})")
    return title, detail.format("?")


def asset(path: Path) -> Callable[[Request], Response]:
    """A view that serves one file, which is read once at the start."""
    body = path.read_bytes()

    def view(request: Request) -> Response:
        return Response(body, headers={"Cache-Control": "no-cache"}, mimetype=MEDIA_TYPES[path.suffix])

    return view


def make_app(servers: Servers) -> CORS:
    """The demo on these servers.

    The page of one of them may use the other one, which is another origin. No other page
    may. No cookies go to the other server, and the script sees only one header field of
    its answers besides the usual ones.
    """
    return CORS(
        Upload(servers),
        servers.origins,
        methods=["GET", "POST"],
        headers=[],
        expose=["Server-Timing"],
    )


app = make_app(Servers.named_in(os.environ))
