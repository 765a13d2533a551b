"""``import cardan`` is enough for every public module. A name that a module does not have is an error."""

from __future__ import annotations

from typing import assert_type

import cardan
from cardan import Reqest  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
from cardan.datastructures import Header  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
from cardan.files import save_file  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]

_ = (Reqest, Header, save_file)


def page(request: cardan.Request) -> cardan.Response:
    """Modules and names are attributes of the package."""
    assert_type(cardan.exceptions.NotFound(), cardan.exceptions.NotFound)
    assert_type(cardan.datastructures.Headers(), cardan.core.structures.Headers)
    assert_type(cardan.http.quote_etag("a"), str)
    assert_type(cardan.files.guess_type("a.txt"), str)
    result: cardan.types.Result = cardan.Response("x")
    assert isinstance(result, cardan.Response)
    cardan.apps.Application(page)
    cardan.testing.RequestBuilder("/")
    cardan.wsgi.EnvironHead({})
    cardan.asgi.ScopeHead({})
    return cardan.Respons("x")  # type: ignore[attr-defined, no-any-return]  # pyright: ignore[reportAttributeAccessIssue]
