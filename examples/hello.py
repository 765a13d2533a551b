"""The smallest application, once as `def` and once as `async def`. Every server serves both:

gunicorn hello:app      uvicorn hello:app      waitress-serve hello:app      hypercorn hello:async_app   ...
"""

from __future__ import annotations

from cardan import Request, Response


@Request.application
def app(request: Request) -> Response:
    """Greets whom the query names."""
    return Response(f"Hello {request.args.get('name', 'World')}!")


@Request.application
async def async_app(request: Request) -> Response:
    """The same, where the handler has something to await."""
    return Response(f"Hello {request.args.get('name', 'World')}!")
