"""The smallest application, once as `def` and once as `async def`. Every server can serve both of them:

gunicorn hello:app      uvicorn hello:app      waitress-serve hello:app      hypercorn hello:async_app   ...
"""

from __future__ import annotations

from cardan import Request, Response


@Request.application
def app(request: Request) -> Response:
    """Greet the person whose name is in the query."""
    return Response(f"Hello {request.args.get('name', 'World')}!")


@Request.application
async def async_app(request: Request) -> Response:
    """The same as an ``async def`` handler, for code that has to await something."""
    return Response(f"Hello {request.args.get('name', 'World')}!")
