"""Types of the functions that make responses: ``redirect()``, ``send_file()``, and constructors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, assert_type

import anyio
import trio

from cardan import Request, Response, ServerSentEvent, core, redirect, send_file
from cardan.datastructures import Trailers
from cardan.files import send_from_directory


class Mine(Response):
    """A response class of a program."""


class CoreMine(core.Response):
    """A response class of a program that uses the core alone."""


def redirects() -> None:
    """A redirect is a response of the class that is asked for."""
    assert_type(redirect("/"), Response)
    assert_type(redirect("/", HTTPStatus.SEE_OTHER), Response)
    assert_type(redirect("/", status=303, response_class=Mine), Mine)
    assert_type(core.redirect("/", 303), core.Response)
    assert_type(core.redirect("/", response_class=CoreMine), CoreMine)
    redirect("/", code=303)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    redirect("/", 303, Mine)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    redirect("/", response_class=Request)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


def files(request: Request, of_core: core.Request, environ: dict[str, Any]) -> None:
    """``send_file()`` needs the request, the environ or scope, or None; it gives the class that is asked for."""
    path = Path("a.txt")
    assert_type(send_file(path, request), Response)
    assert_type(send_file("a.txt", of_core, max_age=timedelta(days=1)), Response)
    assert_type(send_file(path, environ, etag="x", response_class=Mine), Mine)
    assert_type(send_file(path, None), Response)
    assert_type(send_from_directory("a", "b", request, as_attachment=True), Response)
    assert_type(send_from_directory("a", "b", request, response_class=Mine), Mine)
    send_file(path)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    send_file(path, "text/plain")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    send_file(path, request, max_ag=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    send_from_directory("a", "b")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    send_from_directory("a", "b", None, etags=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def made(response: Response, request: Request) -> None:
    """The class methods give a response of their class; a status is a number, a member of ``HTTPStatus`` or a line."""
    assert_type(Mine.from_json({"a": 1}, HTTPStatus.CREATED), Mine)
    assert_type(Mine.from_json({"a": 1}, status="201 Created"), Mine)
    assert_type(Mine.from_events([1], retry=0.5, keep_alive=timedelta(seconds=15)), Mine)
    assert_type(ServerSentEvent("x", retry=timedelta(seconds=1)).retry, float | None)
    assert_type(response.make_conditional(request), Response)
    assert_type(response.make_conditional({"REQUEST_METHOD": "GET"}), Response)
    Response.from_json(obj=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Response.from_events(it=[1])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    response.retry_after = response.age = response.access_control_max_age = timedelta(minutes=1)
    response.make_conditional("GET")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ServerSentEvent("x", retry="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def event_loops() -> None:
    """Trio and anyio have what core needs of an async library, and every loop has such an event."""
    loops: list[core.AsyncLibrary] = [anyio, trio]
    core.Response("hello").aiter_events("GET", library=loops[0])
    makers: list[Callable[[], core.Event]] = [asyncio.Event, anyio.Event, trio.Event]
    core.Request(core.RequestHead(), make_event=makers[0])


def trailers(response: Response) -> None:
    """A trailer field is text, or a function that gives text or None; assigning takes a mapping or pairs."""
    response.trailers["Server-Timing"] = "a"
    response.trailers["X"] = lambda: None
    response.trailers = {"X": lambda: "a"}
    assert_type(response.trailers, Trailers)
    assert_type(core.End().trailers, list[tuple[str, str]])
    assert_type(response.trailers.to_list(), list[tuple[str, str]])
    response.trailers["X"] = None  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
    response.trailers["X"] = 5  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
