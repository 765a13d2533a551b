"""Objects that threads share are consistent at every point at which another thread may run.

:func:`switch_at_each_opcode` runs a function many times, once for each of its bytecode instructions. Before this
instruction, another function runs to its end, as another thread could.
"""

from __future__ import annotations

import contextvars
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

import cardan
from cardan import Application, Request, Response
from cardan import _crossing as crossing
from cardan._crossing.places import PerLoop
from cardan.core._limits import Limits
from cardan.core._request.reading import opened
from cardan.core._response.outgoing import closers_of
from cardan.core.forms._plan import Plan
from cardan.exceptions import BodyConsumed, ClientDisconnected
from cardan.files._file_body import FileBody
from cardan.testing import RequestBuilder
from cardan.wsgi._calling import Written
from cardan.wsgi._input import InputBody, open_body

SOURCE = os.path.dirname(cardan.__file__)


@contextmanager
def traced(reached: Callable[[], None]) -> Iterator[None]:
    """Call ``reached`` before each bytecode instruction of the library that this thread executes."""

    def trace(frame: Any, event: str, arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(SOURCE):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            reached()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def switch_at_each_opcode(
    make: Callable[[], Any], one: Callable[[Any], Any], other: Callable[[Any], Any]
) -> Iterator[tuple[Any, Any, Any]]:
    """For each instruction of ``one(x)``, with a new ``x = make()``: call ``other(x)`` before the instruction.

    Yields the result of ``one``, the result of ``other``, and ``x``.
    """
    stop_at = 0
    switched = True
    while switched:
        stop_at += 1
        switched = False
        shared = make()
        seen: Any = None
        count = 0

        def reached() -> None:
            nonlocal count, switched, seen
            count += 1
            if count == stop_at:  # noqa: B023 - called in this turn of the loop
                trace = sys.gettrace()
                sys.settrace(None)
                switched = True
                seen = contextvars.Context().run(other, shared)  # noqa: B023
                sys.settrace(trace)

        with traced(reached):
            result = one(shared)
        if switched:
            yield result, seen, shared
    assert stop_at > 3, "the library's code was not traced"


def sent(response: Response) -> Any:
    """The fields and the body that are sent."""
    return response.outgoing("GET")


READS: dict[str, Callable[[Response], Any]] = {
    "response": lambda response: list(response.response),
    "get_data": lambda response: response.get_data(),
    "text": lambda response: response.text,
    "iter_encoded": lambda response: list(response.iter_encoded()),
    "calculate_content_length": lambda response: response.calculate_content_length(),
    "headers": lambda response: list(response.headers),
    "is_sequence": lambda response: (response.is_sequence, response.is_streamed, response.is_async),
    "repr": repr,
    "sent": sent,
    "iter_events": lambda response: len(list(response.iter_events("GET"))),
    "stream": lambda response: response.stream.tell(),
    "get_etag": lambda response: response.get_etag(),
    "copy": lambda response: response.__copy__().get_data(),
}


@pytest.mark.parametrize("other", READS)
@pytest.mark.parametrize("one", READS)
def test_two_threads_that_read_a_response(one: str, other: str) -> None:
    """Reading a response does not change it: both threads read the same, and so does every later reader."""

    def make() -> Response:
        return Response("body", headers=None)

    alone = {name: read(make()) for name, read in READS.items()}
    for first, second, response in switch_at_each_opcode(make, READS[one], READS[other]):
        assert (first, second) == (alone[one], alone[other])
        assert response.get_data() == b"body"
        assert sent(response) == alone["sent"]


@pytest.mark.parametrize("one", READS)
def test_a_field_that_is_set_while_another_thread_reads(one: str) -> None:
    """A header field that is set while another thread makes the headers is kept, and is sent."""

    def set_field(response: Response) -> None:
        response.headers["X-Set"] = "1"

    def replace(response: Response) -> None:
        response.headers = {"X-Set": "1"}  # type: ignore[assignment]

    for change in (set_field, replace):
        for _, _, response in switch_at_each_opcode(lambda: Response("body"), READS[one], change):
            assert response.headers["X-Set"] == "1"
            assert response.headers.getlist("Content-Length") in (["4"], [])
            answer = sent(response)
            assert (("X-Set", "1") in answer.headers, answer.body) == (True, b"body")


def test_two_threads_that_add_a_hook() -> None:
    """Two threads add a hook at the same time: both hooks are kept."""
    hooks: list[Any] = []

    def add(response: Response) -> None:
        response.call_on_close(hooks.append)

    for _, _, response in switch_at_each_opcode(lambda: Response("body"), add, add):
        assert closers_of(response) == [hooks.append, hooks.append]


@pytest.mark.parametrize("passes", [True, False])
@pytest.mark.parametrize("body", ["body", b"body", None])
def test_reading_changes_nothing_that_is_sent(body: Any, passes: bool) -> None:
    """Whatever is read from a response with a complete body, the same fields and bytes are sent afterwards."""
    for name, read in READS.items():
        response = Response(body, direct_passthrough=passes)
        before = sent(response)
        read(response)
        assert sent(response) == before, name


def test_what_is_done_to_the_list_of_the_body_is_kept() -> None:
    """``response.response`` gives the list that is the body. All readers get the same list."""
    response = Response("a")
    pieces = response.response
    assert pieces is response.response
    pieces.append("b")
    assert response.get_data() == b"ab"
    response.set_data("c")
    assert (response.get_data(), response.response) == (b"c", [b"c"])


def test_what_another_thread_does_to_the_list_of_the_body_is_kept() -> None:
    """Two threads ask for the list of a body of bytes at the same time: both get the same list."""

    def append(response: Response) -> None:
        response.response.append(b"!")  # type: ignore[union-attr]

    def look(response: Response) -> Any:
        return response.response

    for seen, _, response in switch_at_each_opcode(lambda: Response("body"), look, append):
        assert seen is response.response
        assert response.get_data() == b"body!"


def test_a_plan_is_published_when_it_is_complete() -> None:
    """No thread sees an incomplete plan, which could allow a fast path where the state table is needed."""

    def look(plan: Plan) -> int:
        return plan.for_table().window

    for seen in switch_at_each_opcode(lambda: Plan(Limits(), False), look, look):
        assert seen[:2] == (0, 0)


def test_two_loops_that_start_at_once_have_places_each() -> None:
    """Two event loops look for their places at the same time: each of them gets its own places, now and later."""

    async def main() -> None:
        with start_blocking_portal() as other_loop:
            for mine, theirs, places in switch_at_each_opcode(
                lambda: PerLoop(object),
                lambda places: places.get(),
                lambda places: other_loop.call(places.get),
            ):
                assert places.get() is mine
                assert other_loop.call(places.get) is theirs
                assert theirs is not mine

    anyio.run(main)


def test_a_file_is_closed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads close one body: its file is closed once, because the file descriptor may already belong to another
    file.
    """
    closed: list[int] = []
    monkeypatch.setattr(os, "close", closed.append)
    for _ in switch_at_each_opcode(lambda: FileBody(99, 0), FileBody.close, FileBody.close):
        assert closed == [99]
        closed.clear()


def test_a_lifespan_is_ended_once() -> None:
    """Two threads close an application: its lifespan ends once."""
    ended: list[str] = []

    @contextmanager
    def life(app: Any) -> Iterator[None]:
        yield
        ended.append("ended")

    def make() -> Application[Request]:
        app = Application(lambda request: Response("x"), lifespan=life)
        assert app._process is not None
        app._process.state()
        return app

    def close(app: Any) -> None:
        # a second thread would wait if the lock is taken; here one thread plays both, so it must not wait
        if app._process._lock().acquire(blocking=False):
            app._process._lock().release()
            app.close()

    for _, _, app in switch_at_each_opcode(make, Application.close, close):
        app.close()
        assert ended == ["ended"]
        ended.clear()


def test_the_portals_are_stopped_while_one_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """A portal is added while all portals are stopped: those that existed before are stopped, once."""
    stopped: list[str] = []

    class Known:
        def __init__(self, name: str) -> None:
            self.name = name

        def stop(self) -> None:
            stopped.append(self.name)

    registry: dict[Any, Any] = {}
    monkeypatch.setattr(crossing.portals, "_portals", registry)

    def make() -> Any:
        stopped.clear()
        registry.clear()
        registry.update({(os.getpid(), name): Known(name) for name in "abc"})
        return registry

    def add(portals: Any) -> None:
        portals[os.getpid(), "new"] = Known("new")

    for _ in switch_at_each_opcode(make, lambda portals: crossing.portals._stop_portals(), add):
        assert stopped in (["a", "b", "c"], ["a", "b", "c", "new"])


def test_a_body_that_two_threads_read() -> None:
    """Two threads ask for the body of a request for the first time: both get it, and nothing is read twice."""

    def make() -> Request:
        return Request(RequestBuilder("/", method="POST", data=b"body").environ())

    def read(request: Request) -> bytes:
        try:
            return request.get_data()
        except BodyConsumed:  # the other one is reading
            return b""

    for first, second, request in switch_at_each_opcode(make, read, read):
        assert first + second in (b"body", b"bodybody")
        assert request.get_data() == b"body"


def test_two_threads_that_open_a_body() -> None:
    """Two threads open the body of a request for the first time: there is one body, of which each knows what the other
    one has read, and a request object has one state of it.
    """

    def make() -> Request:
        return Request(RequestBuilder("/", method="POST", data=b"body").environ())

    def body_of(request: Request) -> Any:
        return open_body(request.environ, 4)

    for first, second, request in switch_at_each_opcode(make, body_of, body_of):
        assert first is second is body_of(request)
    for first, second, request in switch_at_each_opcode(make, opened, opened):
        assert first is second is opened(request)


@pytest.mark.parametrize("kept", [False, True])
def test_two_threads_that_open_a_body_behind_a_filter(kept: bool) -> None:
    """One of two request objects makes the filter. The other one reads behind the same filter, or is told that it came
    at the same time; no filter is given a part of the bytes, or none.
    """

    class Unchanged:
        def feed(self, data: bytes) -> bytes:
            return data

        def close(self) -> bytes:
            return b""

    class Filtered(Request):
        def make_body_filter(self) -> Unchanged:
            return Unchanged()

    def make() -> tuple[Request, Request]:
        environ = RequestBuilder("/", method="POST", data=b"body").environ()
        if kept:
            assert Request(environ).get_data() == b"body"
        return Filtered(environ), Filtered(environ)

    def behind(request: Request) -> Any:
        try:
            return opened(request).body
        except BodyConsumed:
            return None

    for first, second, both in switch_at_each_opcode(make, lambda two: behind(two[0]), lambda two: behind(two[1])):
        assert first is second or None in (first, second)
        assert {request.get_data() for request in both} == {b"body"}


def test_a_body_that_was_read_just_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that comes a moment later gets the bytes that the first one has read."""
    environ = RequestBuilder("/", method="POST", data=b"body").environ()
    request = Request(environ)
    begin = InputBody.begin

    def late(body: InputBody, access: str) -> None:
        monkeypatch.undo()
        assert Request(environ).get_data() == b"body"
        begin(body, access)

    monkeypatch.setattr(InputBody, "begin", late)
    assert request.get_data() == b"body"
    assert InputBody.begin is begin


def test_a_stream_that_was_begun_just_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that asks for the whole body a moment after another one has begun to read it as a stream takes no byte
    of it, and gets the reason as an error.
    """
    environ = RequestBuilder("/", method="POST", data=b"body").environ()
    request = Request(environ)
    stream = Request(environ).stream
    begin = InputBody.begin

    def late(body: InputBody, access: str) -> None:
        monkeypatch.undo()
        assert stream.read(2) == b"bo"
        begin(body, access)

    monkeypatch.setattr(InputBody, "begin", late)
    with pytest.raises(BodyConsumed):
        request.get_data()
    assert stream.read() == b"dy"


def test_a_body_that_has_failed_just_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that asks for a body a moment after another one has failed to read it gets the same error. It does not
    read on, as it might wait for ever, or take what follows for the whole body.
    """
    reads: list[int] = []

    class Broken:
        """A ``wsgi.input`` whose first read fails."""

        def read(self, size: int = -1) -> bytes:
            reads.append(size)
            if len(reads) == 1:
                raise ConnectionResetError
            return b"body"

    environ = RequestBuilder("/", method="POST", data=b"body").environ()
    environ["wsgi.input"] = Broken()
    request = Request(environ)
    begin = InputBody.begin

    def late(body: InputBody, access: str) -> None:
        monkeypatch.undo()
        with pytest.raises(ClientDisconnected):
            Request(environ).get_data()
        begin(body, access)

    monkeypatch.setattr(InputBody, "begin", late)
    with pytest.raises(ClientDisconnected):
        request.get_data()
    assert len(reads) == 1


def test_what_another_thread_writes_is_neither_lost_nor_sent_twice() -> None:
    """A thread of a WSGI application writes while another one takes what was written before: each piece is taken once,
    in the order in which they were written.
    """
    for first, _, written in switch_at_each_opcode(
        lambda: Written([b"a", b"b"]), Written.take, lambda written: written.append(b"c")
    ):
        assert [*first, *written.take()] == [b"a", b"b", b"c"]
