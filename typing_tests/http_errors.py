"""Types of the HTTP errors: their parameters, the members that a class declares, ``abort()`` and ``get_response()``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar, Never, assert_type

from cardan import Request, Response, abort, core
from cardan.datastructures import Challenge
from cardan.exceptions import (
    BadRequestKeyError,
    ContentTooLarge,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    ProxyAuthenticationRequired,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)


class OutOfStock(HTTPException):
    """An error with a required member."""

    code = 409
    description = "not enough in stock"
    type = "https://shop.example/problems/out-of-stock"
    left: int


class Reserved(OutOfStock):
    """An error with a member more, which has a default, and with a class variable, which is no member."""

    until: str = "tomorrow"
    shops: ClassVar[int] = 3


class Throttled(TooManyRequests):
    """An error that has a parameter of cardan's and a member."""

    quota: int


class OfCore(NotFound):
    """An error of a program that uses the core alone."""

    response_class = core.Response


class Wrong(NotFound):
    """An error whose response would be no response."""

    response_class = Request  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


class Own(HTTPException):
    """An error with its own constructor."""

    left: int

    def __init__(self, left: int) -> None:
        super().__init__("it is empty", members={"size": 1})
        self.left = left


class Derived(Own, init=False):
    """``init=False`` says that the constructor of the base is used."""

    code = 410


def declared(error: OutOfStock) -> None:
    """A declared member is a keyword of the constructor, with its type, next to the parameters of every error."""
    assert_type(OutOfStock("only three", left=3), OutOfStock)
    assert_type(error.left, int)
    Reserved(left=3, until="noon", headers={"A": "b"}, original_exception=ValueError())
    Reserved("two", left=3, title="x", type="y", instance="z", members={"order": 17}, response=Response())
    Throttled(quota=1, retry_after=timedelta(minutes=1))
    Own(3)
    Derived(3)


def mistakes() -> None:
    """A member that is missing, misspelt or of another type is an error, and so is any other keyword."""
    OutOfStock()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    OutOfStock(left="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    OutOfStock(left=3, lft=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Reserved(left=3, shops=4)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Throttled(quota=1, retry_afer=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    NotFound(order=17)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    NotFound(retry_after=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    HTTPException(order=17)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    RequestEntityTooLarge(limits="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    BadRequestKeyError("a", ky="b")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    NotFound(headers=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    NotFound(members=[1])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    NotFound(type=NotFound)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Unauthorized(www_authenticate=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def parameters(request: Request, of_core: core.Request) -> None:
    """The parameters of cardan's errors have types. The response is a ``cardan.Response``."""
    assert_type(NotFound("gone", response=Response()).get_response(request), Response)
    assert_type(NotFound().get_response(), Response)
    assert_type(HTTPException("x").description, str | None)
    assert_type(HTTPException("x").title, str | None)
    assert_type(NotFound().get_response(of_core), Response)
    assert_type(NotFound(members={"order": 17}).members, Mapping[str, object])
    assert_type(NotFound().get_members(), dict[str, object])
    assert_type(RequestEntityTooLarge().limit, str | None)
    MethodNotAllowed(valid_methods=("GET",), headers=[("X-A", "1")])
    ServiceUnavailable(retry_after=timedelta(minutes=1))
    Unauthorized(www_authenticate=Challenge("basic", {"realm": "staff"}))
    ProxyAuthenticationRequired("who?", None, Challenge("basic", {"realm": "way out"}))
    UnsupportedMediaType("no", accept=["application/json"], accept_encoding=("gzip",))


def by_position(response: Response) -> None:
    """What a class has of its own may be given by position: before the description, or after the response."""
    assert_type(MethodNotAllowed(["GET"], "read only", response), MethodNotAllowed)
    MethodNotAllowed("read only", response, valid_methods=["GET"])
    MethodNotAllowed(["GET"], description="read only", headers={"A": "b"})
    RequestedRangeNotSatisfiable(10, "bytes", "no", response)
    RequestedRangeNotSatisfiable("no", response, length=10)
    Unauthorized("who?", response, Challenge("basic"))
    TooManyRequests("slow", None, timedelta(minutes=1))
    ServiceUnavailable("later", None, 5)
    InternalServerError("oops", response, ValueError())
    assert_type(ContentTooLarge(limit="max_files").allowed, int | None)
    MethodNotAllowed(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    RequestedRangeNotSatisfiable(["x"])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    NotFound("x", response, None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Unauthorized("x", Challenge("basic"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def status_of(found: bool) -> int:
    """``abort()`` never returns: no ``return`` is missing after it."""
    if found:
        return 200
    abort(404, "there is no such user", headers={"Retry-After": "1"}, members={"user": 17}, title="x")


def each_kind_of_status(response: Response, status: int) -> None:
    """``abort()`` takes a number, a member of ``HTTPStatus`` or a response, and the parameters of the error."""
    if status == 1:
        assert_type(abort(HTTPStatus.NOT_FOUND), Never)
    if status == 2:
        abort(response)
    if status == 3:
        abort(status, "no")
    if status == 4:
        abort(429, retry_after=3)
    if status == 5:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, retry_after=timedelta(seconds=3))
    if status == 6:
        abort(405, valid_methods=["GET"])
    if status == 7:
        abort(401, www_authenticate="Basic")
    if status == 407:
        abort(407, proxy_authenticate="Basic")
    if status == 415:
        abort(415, accept=["application/json"])
    if status == 8:
        abort(416, length=3)
    if status == 9:
        abort(413, limit="max_size", allowed=3)
    if status == 13:
        abort(405, ["GET"], "read only", response)
    if status == 14:
        abort(416, 10)
    if status == 15:
        abort(401, "who?", None, Challenge("basic"))
    if status == 16:
        abort(503, "later", None, 5)
    if status == 17:
        abort(404, "none", response)
    if status == 10:
        abort("404")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    if status == 11:
        abort(404, retry_after=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    if status == 12:
        abort(404, order=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    abort(429, retry_afer=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
