"""Server-sent events and newline-delimited JSON."""

from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core import Chunk, Response, ServerSentEvent
from cardan.core._response.events import encode_event

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("event", "wire"),
    [
        (ServerSentEvent("tick"), "data: tick\n\n"),
        (ServerSentEvent({"n": 1, "s": "ä"}), 'data: {"n":1,"s":"ä"}\n\n'),
        (ServerSentEvent(None), "data: null\n\n"),
        (ServerSentEvent(""), "data: \n\n"),
        (ServerSentEvent("a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n"),
        (ServerSentEvent("a\x0bb\x85c\u2028d"), "data: a\x0bb\x85c\u2028d\n\n"),
        (ServerSentEvent(" a"), "data:  a\n\n"),
        (ServerSentEvent("x", id="7", event="add"), "event: add\nid: 7\ndata: x\n\n"),
        (ServerSentEvent("x", id=""), "id: \ndata: x\n\n"),
        (ServerSentEvent(retry=3), "retry: 3000\n\n"),
        (ServerSentEvent(retry=0.0205), "retry: 20\n\n"),
        (ServerSentEvent(retry=0), "retry: 0\n\n"),
        (ServerSentEvent(retry=1.001), "retry: 1001\n\n"),
        (ServerSentEvent(retry=0.0008), "retry: 1\n\n"),
        (ServerSentEvent(retry=timedelta(seconds=1.5)), "retry: 1500\n\n"),
        (ServerSentEvent(comment="a\nb"), ": a\n: b\n\n"),
        (ServerSentEvent(), "\n\n"),
    ],
)
def test_encoding(event: ServerSentEvent, wire: str) -> None:
    """WHATWG HTML section 9.2.5: fields in lines, ended by CR, LF or CRLF alone; data of several lines in several."""
    assert event.encode() == wire.encode()


@pytest.mark.parametrize("options", [{"id": "a\nb"}, {"id": "a\r"}, {"id": "\0"}, {"event": "a\nb"}, {"retry": -1},
                                     {"id": "\ud800"}, {"event": "\udfff"}])  # fmt: skip
def test_fields_that_end_themselves(options: dict[str, Any]) -> None:
    """An id or type with a line end would become another field; browsers ignore an id with NUL; and UTF-8 has no lone
    surrogate, so that such an id would not come back.
    """
    with pytest.raises(ValueError, match="got"):
        ServerSentEvent("x", **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "1\ndata: forged"),
        ("event", "a\r"),
        ("id", "\0"),
        ("event", "\ud800"),
        ("retry", -1),
        ("retry", float("nan")),
    ],
)
def test_what_is_set_later_is_checked(name: str, value: Any) -> None:
    """An attribute of an event is checked when it is set, too. After an error it has the value that it had before."""
    event = ServerSentEvent("x", id="1", event="add", retry=2)
    with pytest.raises(ValueError, match=f"^got {name} "):
        setattr(event, name, value)
    with pytest.raises(TypeError, match=f"^got {name} "):
        setattr(event, name, b"1")
    assert event == ServerSentEvent("x", id="1", event="add", retry=2)
    event.retry, event.comment, event.data = timedelta(seconds=3), "later", {"n": 1}
    assert event.encode() == b': later\nretry: 3000\nevent: add\nid: 1\ndata: {"n":1}\n\n'
    for made in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
        assert made == event


@pytest.mark.parametrize("name", ["retry", "keep_alive"])
def test_durations(name: str) -> None:
    """A duration is a number of seconds or a timedelta, as everywhere. One that is negative or infinite is refused."""
    makers: list[Any] = [partial(Response.from_events, [])]
    if name == "retry":
        makers.append(ServerSentEvent)
    for make in makers:
        made = [make(**{name: value}) for value in (None, 1.5, timedelta(seconds=1.5))]
        if name == "keep_alive" or make is ServerSentEvent:
            assert [getattr(each, name) for each in made] == [None, 1.5, 1.5]
        else:
            assert b"".join(made[2].response) == b"retry: 1500\n\n"
        for value in (-1, timedelta(days=-1), float("nan"), float("inf")):
            with pytest.raises(ValueError, match=f"^got {name} .*, expected a duration that is finite"):
                make(**{name: value})
        with pytest.raises(TypeError, match=f"^got {name} '3', expected a number of seconds or a timedelta"):
            make(**{name: "3"})


def parse(stream: str) -> list[tuple[str, str, str]]:
    """The parser of WHATWG HTML section 9.2.6, as it stands there: (type, data, last id) of each dispatched event."""
    stream = stream.replace("\r\n", "\n").replace("\r", "\n")
    events, data, kind, last = [], "", "", ""
    for line in stream.split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                events.append((kind or "message", data.removesuffix("\n"), last))
            data = kind = ""
        elif name == "event":
            kind = value
        elif name == "data":
            data += value + "\n"
        elif name == "id" and "\0" not in value:
            last = value
    return events


texts = st.text(st.characters(exclude_categories=["Cs"]))
lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))


@given(st.lists(st.tuples(texts, lines, lines)))
def test_what_is_sent_is_read(items: list[tuple[str, str, str]]) -> None:
    """Every event comes out of the standard's parser as it went in, line ends as LF."""
    stream = b"".join(ServerSentEvent(data, event=kind, id=last).encode() for data, kind, last in items).decode()
    expected = [(kind or "message", data.replace("\r\n", "\n").replace("\r", "\n"), last) for data, kind, last in items]
    assert parse(stream) == expected


def test_from_events() -> None:
    """The fields that browsers and proxies need; items are events, text, or JSON; retry comes first."""
    response = Response.from_events(iter(["a", {"b": 1}, ServerSentEvent("c", id="1")]), keep_alive=5, retry=2)
    assert response.mimetype == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    assert (response.keep_alive, response._keep_alive_chunk) == (5, b":\n\n")
    chunks = [event.data for event in response.iter_events("GET") if isinstance(event, Chunk)]
    assert chunks == [b"retry: 2000\n\n", b"data: a\n\n", b'data: {"b":1}\n\n', b"id: 1\ndata: c\n\n"]
    assert Response.from_events([]).keep_alive == 15


def test_from_ndjson() -> None:
    """One JSON text a line."""
    response = Response.from_ndjson([{"a": "x\ny"}, 1, None])
    assert (response.headers["Cache-Control"], response.headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert response.mimetype == "application/x-ndjson"
    assert b"".join(response.iter_encoded()) == b'{"a":"x\\ny"}\n1\nnull\n'


@pytest.mark.parametrize("make", [Response.from_events, Response.from_ndjson])
@pytest.mark.parametrize("items", ["text", b"bytes", 3, None, {"a": 1}])
def test_no_iterable(make: Any, items: Any) -> None:
    """Text is no stream of events, and neither is one mapping, of which only the keys would be sent."""
    with pytest.raises(TypeError, match="expected an iterable or an async iterable of items"):
        make(items)


def test_json_module() -> None:
    """A subclass's json_module writes the data, as bytes if it likes."""

    class Other(Response):
        json_module = SimpleNamespace(dumps=lambda value: b"<%d>" % value)

    assert b"".join(Other.from_events([1]).iter_encoded()) == b"data: <1>\n\n"
    assert b"".join(Other.from_ndjson([1]).iter_encoded()) == b"<1>\n"
    assert Other.from_json(1).data == b"<1>"


class Counting:
    """A source, sync and async, that is its own iterator and counts its closings."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Sync(Counting):
    def __iter__(self) -> Iterator[str]:
        return self  # type: ignore[return-value]

    def __next__(self) -> str:
        return "x"


class Async(Counting):
    def __aiter__(self) -> AsyncIterator[str]:
        return self  # type: ignore[return-value]

    async def __anext__(self) -> str:
        return "x"

    async def aclose(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("make", [Response.from_events, Response.from_ndjson])
@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("kind", [Sync, Async])
async def test_closed_once(kind: type[Counting], steps: int, make: Any) -> None:
    """The source is closed exactly once: after some events, or if it was never begun."""
    source = kind()
    response = make(source)
    events = response.aiter_events("GET")
    for _ in range(steps):
        await anext(events)
    await events.aclose()
    if not steps:
        await response.aclose()
    assert source.closed == 1
    await response.aclose()
    assert source.closed == 1


async def test_generator_ends_in_the_task_that_leaves() -> None:
    """Closing reaches the program's generator at once: no task, no collector in between."""
    ended: list[str] = []

    async def ticks() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.append("ticks")

    class Custom:
        def __aiter__(self) -> AsyncIterator[int]:
            return ticks()

    for source in (ticks(), Custom()):
        body = Response.from_events(source).response
        steps = aiter(body)
        assert await anext(steps) == b"data: 1\n\n"
        await steps.aclose()
        assert ended.pop() == "ticks"


def test_a_stream_without_items() -> None:
    """A stream without items has an empty body, with no chunk at all."""
    assert list(Response.from_events([]).iter_encoded()) == list(Response.from_ndjson([]).iter_encoded()) == []


def test_a_source_is_closed_once_however_often_the_response_is() -> None:
    """A server and a program may both close a response: its source learns it once."""
    source = Sync()
    response = Response.from_ndjson(source)
    response.close()
    response.close()
    assert source.closed == 1


def test_a_list_of_events_can_be_sent_twice() -> None:
    """A response over a list of events gives the same events each time it is sent."""
    response = Response.from_events(["a"], retry=1)
    assert next(list(response.iter_events("GET")) for _ in "12") == list(response.iter_events("GET"))


def test_lone_surrogates_end_nothing() -> None:
    """What UTF-8 cannot say reads as "?", inside of JSON as an escape."""
    assert encode_event("\ud800") == b"data: ?\n\n"
    assert encode_event(["\ud800"]) == b'data: ["\\ud800"]\n\n'


def test_an_event_shows_what_is_sent() -> None:
    """The text for developers is the event as it goes over the wire."""
    assert repr(ServerSentEvent("a", event="b")) == r"<ServerSentEvent b'event: b\ndata: a\n\n'>"


@pytest.mark.parametrize("kind", [list, Sync, Async])
async def test_the_time_until_a_client_connects_again_comes_first(kind: Any) -> None:
    """``retry`` is sent before the first item, in each pass, from sync and async iterables."""
    response = Response.from_events(["x"] if kind is list else kind(), retry=2.5)
    async with aclosing(response.aiter_events("GET")) as events:
        sent = [await anext(events) for _ in range(3)]
    assert [event.data for event in sent if isinstance(event, Chunk)] == [b"retry: 2500\n\n", b"data: x\n\n"]


@pytest.mark.parametrize("retry", [1e14, 1e307, 10**400])
def test_a_duration_that_no_timedelta_can_say(retry: float) -> None:
    """A duration above that of ``timedelta.max`` is refused when it is set, not when the event is sent."""
    with pytest.raises(ValueError, match="expected a duration of at most 86400000000000 seconds"):
        ServerSentEvent("x", retry=retry)
    assert b"retry: 86400000000000000" in ServerSentEvent("x", retry=timedelta.max).encode()
