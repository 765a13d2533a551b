"""What all request objects of one request share: its bodies, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest

from cardan.core._request.body import Body, BytesBody
from cardan.core._request.exchange import Exchange, StandIn, find_exchange, follow, known_body
from cardan.core.forms import FileStorage, Form


def test_one_body_for_each_origin() -> None:
    """The first body that was opened on an origin is that of all; another origin has another body."""
    exchange, origins = Exchange(), [object(), object()]
    bodies = [BytesBody(b"x", origin) for origin in (origins[0], origins[1], origins[0], origins[1])]
    assert [exchange.open(body) for body in bodies] == [bodies[0], bodies[1], bodies[0], bodies[1]]
    assert [exchange.find(origin) for origin in (*origins, object())] == [bodies[0], bodies[1], None]
    assert exchange.find(StandIn(bodies[2])) is bodies[2]


def test_an_environ_without_an_exchange_knows_no_body() -> None:
    """The exchange is made at the first access; to ask for a body makes none."""
    carrier: dict[str, Any] = {}
    assert known_body(carrier, None) is None
    assert carrier == {}
    assert find_exchange(carrier) is find_exchange(carrier)


def test_the_end_is_told_once() -> None:
    """The tasks that wait for the client are woken once, when the request is over."""
    exchange, woken = Exchange(), []
    exchange.release = lambda: woken.append(exchange.over)
    exchange.wake()
    assert woken == []
    exchange.over = True
    exchange.wake()
    exchange.wake()
    assert woken == [True]


def test_an_application_that_begins_later() -> None:
    """A request is not over while an application handles it, also if another one has handled it before."""
    exchange = Exchange()
    exchange.over = True
    exchange.begin()
    assert exchange.over is False


class Opened(Body):
    """A body that was opened on itself."""

    def __init__(self) -> None:
        self.origin = self


def test_the_files_of_all_bodies() -> None:
    """The files that are closed at the end of a request are those of all forms of all its bodies."""
    exchange, files = Exchange(), [FileStorage(name="a"), FileStorage(name="b")]
    for file in files:
        exchange.open(Opened()).keep_form("settings", Form(files=[("f", file)]))
    exchange.open(Opened())
    assert exchange.files == files


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("read", [False, True])
def test_a_client_has_left_if_sending_or_reading_says_so(left: bool, read: bool) -> None:
    """The client has left if sending the response says so, or if reading the body does."""
    exchange = Exchange()
    for disconnected in (False, read):
        body = Opened()
        body.disconnected = disconnected
        exchange.open(body)
    exchange.left = left
    assert exchange.disconnected is (left or read)


class Follower:
    """What of a request object has a mode."""

    _mode = "either"


def test_a_request_object_has_the_mode_of_the_application_that_has_made_it() -> None:
    """An application that calls another one, and goes on after it, keeps its mode and its request objects: what the
    other one does with its own changes neither.
    """
    exchange, outer, late, inner = Exchange(), Follower(), Follower(), Follower()
    exchange.begin()
    exchange.switch("sync")
    follow(exchange, outer)
    exchange.begin()
    assert exchange.mode is None
    exchange.switch("async")
    follow(exchange, inner)
    assert (outer._mode, inner._mode) == ("sync", "async")
    exchange.holders -= 1
    exchange.go_back()
    assert exchange.mode == "sync"
    follow(exchange, late)
    assert late._mode == "sync"
    exchange.switch("async")
    exchange.switch("sync")
    assert (outer._mode, late._mode, inner._mode) == ("sync", "sync", "async")
    exchange.switch("async")
    assert (outer._mode, late._mode) == ("async", "async")


def test_what_runs_blocking_calls_is_that_of_all_bodies() -> None:
    """Async code that takes a request over runs the blocking reads of each body by its own function, also of a body
    that sync code has opened before.
    """

    async def run_sync(function: Any, *args: Any) -> Any:
        return function(*args)

    exchange = Exchange()
    bodies = [exchange.open(Opened()) for _ in "ab"]
    exchange.run_blocking(run_sync)
    assert [body.run_sync for body in bodies] == [run_sync, run_sync]
    assert exchange.run_sync is run_sync
