"""Mistakes that users make. Each of them is an error for both type checkers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from cardan import (
    Application,
    FileStorage,
    Flow,
    Handler,
    Part,
    Request,
    Response,
    ServerSentEvent,
    StaticFiles,
    abort,
    header_field,
    middleware,
    redirect,
)
from cardan.exceptions import NotFound


def use(*values: object) -> None:
    """Takes any value."""


# --- handlers


@Request.application  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
def text(request: Request) -> str:
    """A handler returns a response; text is the body of one."""
    return "Hello"


@Request.application  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
async def mapping(request: Request) -> dict[str, int]:
    """So does an ``async def`` one."""
    return {"a": 1}


@Request.application  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
def nothing(request: Request) -> None:
    """A handler that returns nothing answers nothing."""


@Request.application  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
def without_request() -> Response:
    """A handler gets the request."""
    return Response()


@Request.application  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
def two_arguments(environ: dict[str, Any], start_response: Any, more: int) -> Response:
    """A WSGI application is no handler."""
    return Response()


class OtherRequest(Request):
    """A request class that knows more."""

    tenant = header_field("X-Tenant")


@Request.application  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
def needs_more(request: OtherRequest) -> Response:
    """The decorator of another class gives requests that know less."""
    return Response(request.tenant)


class Router(Application[Request]):
    """A router with mistakes."""

    def resolve(self, request: Request) -> Handler[Request]:
        """Gives a response in place of a handler."""
        if request.path == "/":
            return Response()  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        if request.path == "/text":
            return lambda request: "text"  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        if request.path == "/form":
            return lambda request: Response(request.fomr["a"])  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        raise NotFound


def applications(request: Request) -> None:
    """What is no handler, and what is no option."""
    Application("hello")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Application(request)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Application(lambda request: Response(), websocket="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Application(lambda request: Response(), lifespan=lifespan)
    Application(lambda request: Response(), lifespan=no_lifespan)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Application(lambda request: Response(), middleware=no_middleware)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Application(lambda request: Response(), middleware=[no_middleware])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Application(lambda request: Response(), threads="40")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    StaticFiles(directory=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    StaticFiles("x", max_age="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """A lifespan."""
    yield


async def no_lifespan(app: object) -> AsyncIterator[None]:
    """Lacks its decorator."""
    yield


def no_middleware(request: Request, call_next: Any) -> Response:
    """Middleware of another kind of library."""
    return Response()


@middleware  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
def function(request: Request) -> Response:
    """Is no generator."""
    return Response()


@middleware  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
async def asynchronous(request: Request) -> AsyncIterator[None]:
    """An async generator is no middleware."""
    yield


@middleware  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
def sends(request: Request) -> Iterator[Response]:
    """Nothing is yielded."""
    yield Response()


@middleware
def changes(request: Request) -> Flow:
    """A response has no such attribute."""
    response = yield
    response.header["X"] = "y"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


# --- requests


async def forgotten_awaits(request: Request, file: FileStorage, part: Part) -> None:
    """What has to be awaited does nothing without it."""
    request.load()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    file.asave("x")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    file.aread()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    part.aread()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    part.asave("x")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    request.aclose()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    request.wait_disconnected()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    len(file.aread())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for _ in request.aiter_data():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    for _ in request.aiter_parts():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    async for _ in request.iter_data():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    await request.get_data()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    await file.read()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    await request.form  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    with request.cancel_on_disconnect():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


def requests(request: Request, own: OtherRequest) -> None:
    """Names that do not exist, values that cannot be set, values that may be missing."""
    use(request.fomr)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    request.args.first("x")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    use(request.args.get("page", type=int) + 1)  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand]
    request.args.get("q").lower()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    request.remote_addr.split(".")  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    use(request.content_length + 1)  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand]
    own.tenant.lower()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    request.files["f"].filename.lower()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    request.files["f"].save(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    use(request.form["a"] + 1)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    use(request.data + "x")  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    use(request.text + b"x")  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    request.iter_data("8 MB")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    use(request.get_data(as_text=True) + b"")  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    request.url()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    request.is_json()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    Request({}, shalow=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Request()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Request("/")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    request.form = {}  # type: ignore[assignment, misc]  # pyright: ignore[reportAttributeAccessIssue]
    request.method = "POST"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    request.path = "/"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


# --- responses


async def ticks() -> AsyncIterator[str]:
    """An async iterable of text."""
    yield "tick"


async def numbers() -> AsyncIterator[int]:
    """An async iterable of what cannot be sent."""
    yield 1


def responses(response: Response) -> None:
    """Bodies, header fields and cookies of the wrong type."""
    Response(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Response(numbers())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Response("x", headers=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Response("x", status=[200])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Response("x", mimetyp="text/plain")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Response.from_events(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Response.from_events(["x"], keep_alive="15")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ServerSentEvent("x", retry="3 s")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ServerSentEvent("x", id=3.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    redirect()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    redirect("/", "303")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    redirect("/", status=303.5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    response.status_code = "200"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    response.set_cookie("a", 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    response.cache_control.max_age = "60"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    response.call_on_close(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    response.vary = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    response.link = ["/a"]  # type: ignore[list-item]  # pyright: ignore[reportAttributeAccessIssue]
    response.cache_control = True  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    response.response = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    response.response.append(b"")  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    FileStorage("text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    response.staus_code = 404  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    use(response.jsn)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Response.from_json({"a": 1}, dumps=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def errors(number: int) -> None:
    """``abort()`` needs a status; the description is text."""
    if number == 1:
        abort()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    if number == 2:
        abort(404, 3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    raise NotFound(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def after_abort(request: Request) -> Response:
    """Nothing comes after ``abort()``, so that nothing has to be returned there."""
    if request.method == "GET":
        return Response()
    abort(405)
