"""With the annotation ``UnreadRequest`` type checkers find a forgotten ``load()``."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from datetime import datetime
from typing import Any, TypedDict, assert_type

from cardan import Application, FileStorage, Handler, Request, Response, header_field
from cardan.datastructures import ETags, ImmutableMultiDict, MIMEAccept
from cardan.types import UnreadRequest


class State(TypedDict):
    """What the lifespan yields."""

    greeting: str


class ApiRequest(Request[State]):
    """A request class with limits, settings, a typed state and a field of its own."""

    max_content_length = 2_000_000
    trusted_hosts = ["example.com"]
    form_rules = "strict"
    tenant = header_field("X-Tenant")


@Request.application
async def forgotten(request: UnreadRequest) -> Response:
    """Nine ways to forget ``load()``."""
    repr(request.form)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    repr(request.files)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    repr(request.values)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    repr(request.data)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    repr(request.text)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    repr(request.json)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    repr(request.stream)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    request.get_data()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    request.get_json()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    return Response()


@Request.application
async def loaded(request: UnreadRequest) -> Response:
    """``load()`` gives the request with all names."""
    if request.headers.get("X-Key") != "k":
        return Response("no", 401)
    whole = await request.load()
    assert_type(whole, Request)
    assert_type(whole.files["f"], FileStorage)
    return Response(whole.form["a"])


@ApiRequest.application(load=True)
async def own_class(request: UnreadRequest[ApiRequest]) -> Response:
    """The class of the requests can be named. The state has its type before and after ``load()``."""
    assert_type(request.state, State)
    whole = await request.load(form=False)
    assert_type(whole, ApiRequest)
    assert_type(whole.tenant, str | None)
    assert_type(whole.state, State)
    return Response(whole.data)


@Request.application
async def streamed(request: UnreadRequest) -> Response:
    """The names that stream the body are there, and so are the limits for it."""
    request.max_content_length = 6_000_000_000
    request.max_conten_length = 6_000_000_000  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    size = 0
    async for chunk in request.aiter_data(65536):
        size += len(chunk)
    async for part in request.aiter_parts():
        assert_type(part.filename, str | None)
    return Response(str(size))


@Request.application
def sync(request: UnreadRequest) -> Response:
    """A ``def`` handler may have the annotation, too."""
    return Response(b"".join(request.iter_data()))


def head(request: UnreadRequest) -> None:
    """The attributes of the head have the types that they have in a ``Request``; none can be set."""
    assert_type(request.method, str)
    assert_type(request.args, ImmutableMultiDict[str, str])
    assert_type(request.accept_mimetypes, MIMEAccept)
    assert_type(request.if_none_match, ETags)
    assert_type(request.date, datetime | None)
    assert_type(request.content_length, int | None)
    assert_type(request.disconnected, bool)
    assert_type(request.state, MutableMapping[str, Any])
    request.method = "GET"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    request.is_xhr  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018


def requests(plain: Request, own: ApiRequest, unread: UnreadRequest[ApiRequest]) -> None:
    """A request is an unread one of its class, and of each base class; not the other way round."""
    first: UnreadRequest = plain
    second: UnreadRequest[ApiRequest] = own
    third: UnreadRequest[Request[State]] = own
    fourth: UnreadRequest = unread
    head(plain)
    head(own)
    back: Request = unread  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    wrong: UnreadRequest[ApiRequest] = plain  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    repr((first, second, third, fourth, back, wrong))


@Request.application  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
async def another_class(request: UnreadRequest[ApiRequest]) -> Response:
    """The handler wants an ``ApiRequest``, but gets a ``Request``."""
    return Response((await request.load()).tenant or "")


class App(Application[ApiRequest]):
    """A router may look at the head only."""

    def resolve(self, request: UnreadRequest[ApiRequest]) -> Handler[ApiRequest]:
        """The handler of a request."""
        if request.path == "/":
            return own
        raise LookupError


async def own(request: UnreadRequest[ApiRequest]) -> Response:
    """A handler."""
    return Response((await request.load()).state["greeting"])


async def chunks(request: UnreadRequest) -> AsyncIterator[bytes]:
    """A helper for every request."""
    async for chunk in request.aiter_data():
        yield chunk


assert_type(forgotten, Application[Request])
assert_type(own_class, Application[ApiRequest])
assert_type(sync, Application[Request])
