"""Pages are made of templates."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cardan import Response

from .request import AlbumRequest

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
)


def render(name: str, request: AlbumRequest, **values: object) -> str:
    """The HTML of a template, which sees the session and ``values``."""
    return TEMPLATES.get_template(name).render(session=request.session, **values)


def page(name: str, request: AlbumRequest, **values: object) -> Response:
    """A response with the HTML of a template."""
    return Response(render(name, request, **values), mimetype="text/html")
