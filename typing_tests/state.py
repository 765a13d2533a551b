"""The type of ``request.state``: that of the type variable of the request's class, else a mapping of any values."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, TypedDict, assert_type

from cardan import Application, BaseRequest, Request, Response


class State(TypedDict):
    """What the lifespan of an application yields."""

    greeting: str


class AppRequest(Request[State]):
    """The requests of this application."""

    max_content_length = 1_000


class PlainRequest(Request):
    """A request class that says nothing of its state."""


def states(
    plain: Request,
    own: PlainRequest,
    base: BaseRequest,
    typed: AppRequest,
    alias: Request[State],
    low: BaseRequest[State],
) -> None:
    """``state`` is typed by the class, a base class, or the annotation."""
    assert_type(plain.state, MutableMapping[str, Any])
    assert_type(own.state, MutableMapping[str, Any])
    assert_type(base.state, MutableMapping[str, Any])
    assert_type(typed.state, State)
    assert_type(alias.state, State)
    assert_type(typed.state["greeting"], str)
    plain.state["user"] = "Ada"
    typed.state["greeting"] = "Hi"
    typed.state["greeting"] = 3  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
    repr(typed.state["greting"])  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
    repr(typed.state.greeting)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    plain.state = {}  # type: ignore[misc,assignment]  # pyright: ignore[reportAttributeAccessIssue]


def remote(request: Request) -> str | None:
    """A function for every request."""
    return request.remote_addr


def hello(request: AppRequest) -> Response:
    """A handler."""
    remote(request)
    return Response(request.state["greeting"])


def hello_alias(request: Request[State]) -> Response:
    """A handler for a request that has no class of its own."""
    return Response(request.state["greeting"])


def anything(request: Request) -> Response:
    """A handler that needs nothing of the state."""
    return Response(remote(request))


async def applications(typed: AppRequest, alias: Request[State]) -> None:
    """A function for a ``Request`` takes one with a typed state. ``load()`` and ``application`` keep the class."""
    remote(typed)
    remote(alias)
    assert_type(await typed.load(), AppRequest)
    assert_type(await alias.load(), Request[State])
    assert_type(AppRequest.application(hello), Application[AppRequest])
    assert_type(AppRequest.application(anything), Application[AppRequest])
    assert_type(Request[State].application(hello_alias), Application[Request[State]])
    Application[AppRequest](hello, request_class=AppRequest)
    Request.application(hello)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
