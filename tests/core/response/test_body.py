"""The body of a response: buffered or streamed, sync or async."""

from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from cardan.core import Chunk, ContentLengthError, Response
from cardan.exceptions import WrongMode

pytestmark = pytest.mark.anyio


def stream(*chunks: Any) -> Iterator[Any]:
    yield from chunks


async def astream(*chunks: Any) -> AsyncIterator[Any]:
    for chunk in chunks:
        yield chunk


class Closing:
    """An iterable that counts how often it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield b"ab"
        yield b"c"

    def close(self) -> None:
        self.closed += 1


class AsyncClosing(Closing):
    __iter__ = None  # type: ignore[assignment]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"c"

    async def aclose(self) -> None:
        self.closed += 1


def test_kinds() -> None:
    """Rows is_sequence and is_streamed: True for lists and tuples; for what has no length, async included."""
    assert [Response(body).is_sequence for body in ("a", ["a"], ("a",), stream("a"), astream("a"))] == [True] * 3 + [
        False
    ] * 2
    assert [Response(body).is_streamed for body in ("a", ["a"], stream("a"), astream("a"))] == [
        False,
        False,
        True,
        True,
    ]
    assert [Response(body).is_async for body in ("a", stream("a"), astream("a"))] == [False, False, True]


async def test_iter_encoded() -> None:
    """Rows iter_encoded and its twin: text is UTF-8, buffers are bytes; other chunks are a TypeError."""
    assert list(Response(["ä", b"b", bytearray(b"c"), memoryview(b"d")]).iter_encoded()) == [
        "ä".encode(),
        b"b",
        b"c",
        b"d",
    ]
    for body in (stream("ä", b"b"), astream("ä", b"b")):
        assert [chunk async for chunk in Response(body).aiter_encoded()] == ["ä".encode(), b"b"]
    with pytest.raises(TypeError, match="got a chunk of type int, expected bytes or text"):
        list(Response([1]).iter_encoded())  # type: ignore[list-item]
    with pytest.raises(WrongMode, match=r"got iter_encoded\(\) of an async body, expected aiter_encoded\(\)"):
        Response(astream("a")).iter_encoded()


def test_data_get_data_set_data() -> None:
    """Rows data, get_data, set_data: flattened bytes, or text; setting sets Content-Length."""
    response = Response(stream("a", "ä"))
    assert response.get_data(as_text=True) == response.text == "aä"
    assert response.data == "aä".encode()
    response.set_data("ü")
    assert (response.data, response.headers["Content-Length"]) == ("ü".encode(), "2")
    response.data = b"\xff"
    assert response.text == "\ufffd"


def test_implicit_sequence_conversion() -> None:
    """Row implicit_sequence_conversion: False never consumes; passthrough neither."""
    response = Response(stream("a"))
    response.implicit_sequence_conversion = False
    with pytest.raises(RuntimeError, match=r"expected make_sequence\(\) first"):
        response.get_data()
    assert response.calculate_content_length() is None
    response.make_sequence()
    assert response.data == b"a"
    with pytest.raises(RuntimeError, match="expected direct_passthrough=False"):
        Response(stream("a"), direct_passthrough=True).get_data()


def test_ensure_sequence() -> None:
    """Row _ensure_sequence: a list if mutable."""
    response = Response(("a", "b"))
    response._ensure_sequence()
    assert response.response == ("a", "b")
    response._ensure_sequence(mutable=True)
    assert response.response == ["a", "b"]


def test_make_sequence_closes_once() -> None:
    """Row make_sequence: the iterable's close becomes a close hook, run once, before the others."""
    body, order = Closing(), list[str]()
    response = Response(body)
    response.call_on_close(lambda: order.append(f"hook {body.closed}"))
    response.make_sequence()
    assert (response.response, body.closed) == ([b"ab", b"c"], 0)
    response.close()
    assert order == ["hook 1"]


async def test_async_bodies_are_collected_by_awaiting() -> None:
    """The plain names raise before, and work after amake_sequence(); the iterable is closed there, once."""
    body = AsyncClosing()
    response = Response(body)
    for name in ("data", "text"):
        with pytest.raises(WrongMode, match="amake_sequence"):
            getattr(response, name)
    with pytest.raises(WrongMode):
        response.freeze()
    await response.amake_sequence()
    assert (response.data, body.closed) == (b"abc", 1)
    await response.aclose()
    assert body.closed == 1
    assert await Response(astream("a", "b")).aget_data() == b"ab"
    assert await Response(stream("a", "b")).aget_data(as_text=True) == "ab"


async def test_an_async_body_that_fails_while_it_is_collected() -> None:
    """The error is raised, and the iterable is closed: who collects a body that fails need not send the response."""

    class Failing(AsyncClosing):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"ab"
            raise LookupError("of the body")

    body = Failing()
    with pytest.raises(LookupError, match="of the body"):
        await Response(body).amake_sequence()
    assert body.closed == 1


async def test_an_async_body_that_cannot_be_closed() -> None:
    """An async iterable needs no method that closes it."""

    class Plain:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"abc"

    assert await Response(Plain()).aget_data() == b"abc"


def test_json() -> None:
    """A JSON response can be read back; another media type gives None, unless forced."""
    assert Response.from_json({"a": [1]}).json == {"a": [1]}
    assert Response("{}", mimetype="application/problem+json").is_json
    assert Response("[1]").json is None
    assert Response("[1]").get_json(force=True) == [1]
    assert Response("[").get_json(force=True, silent=True) is None
    with pytest.raises(ValueError, match="Expecting value"):
        Response("[", mimetype="application/json").get_json()


def test_calculate_content_length() -> None:
    """Row calculate_content_length: a length, or None; collects a generator."""
    assert Response("ä").calculate_content_length() == 2
    response = Response(stream("a", "bc"))
    assert response.calculate_content_length() == 3
    assert response.is_sequence


async def test_freeze() -> None:
    """Row freeze: buffered, Content-Length, an ETag unless told not to; the same awaiting."""
    frozen = Response(stream("a", "b")).freeze()
    assert (frozen.response, frozen.headers["Content-Length"]) == ([b"a", b"b"], "2")
    assert frozen.get_etag() == Response("ab").freeze().get_etag() != (None, None)
    assert Response("ab").freeze(no_etag=True).get_etag() == (None, None)
    awaited = await Response(astream("a", "b")).afreeze()
    assert (awaited.data, awaited.get_etag()) == (b"ab", frozen.get_etag())


def test_replacing_a_stream_closes_it() -> None:
    """A body that set_data() replaces is closed with the response: nothing leaks."""
    body = Closing()
    response = Response(body)
    response.data = b"other"
    response.close()
    assert body.closed == 1


async def test_events() -> None:
    """iter_events and its twin give the same events, and close the response, once, in order."""
    for kind in (Closing, AsyncClosing):
        body, order = kind(), list[str]()
        response = Response(body)
        response.call_on_close(lambda body=body, order=order: order.append(f"hook {body.closed}"))
        if kind is Closing:
            events: list[Any] = list(response.iter_events("GET"))
        else:
            events = [event async for event in response.aiter_events("GET")]
        assert [event.data for event in events if isinstance(event, Chunk)] == [b"ab", b"c"]
        assert order == ["hook 1"]


@pytest.mark.parametrize("count", [0, 1])
async def test_events_left_early(count: int) -> None:
    """Whoever stops early and closes the iterator closes the response: the body, once, and the hooks."""
    body, ended = AsyncClosing(), list[bool]()
    response = Response(body)
    response.call_on_close(lambda: ended.append(True))
    events = response.aiter_events("GET")
    async for _ in events:
        if not count:
            break
        count -= 1
    await events.aclose()  # type: ignore[attr-defined]
    assert (body.closed, ended) == (1, [True])


async def test_generator_is_finalized_at_once() -> None:
    """``aclose()`` of the events runs the ``finally`` of the body's generator before it returns."""
    ended: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            ended.append("body")

    events = Response(body()).aiter_events("GET")
    await anext(events)
    await anext(events)
    await events.aclose()  # type: ignore[attr-defined]
    assert ended == ["body"]


def test_error_before_and_after_the_first_chunk() -> None:
    """An error is raised on, the hooks run, no End is given."""

    def body(good: int) -> Iterator[bytes]:
        yield from [b"x"] * good
        raise OSError("broke")

    for good in (0, 1):
        ended, seen = list[bool](), list[Any]()
        response = Response(body(good))
        response.call_on_close(lambda ended=ended: ended.append(True))
        with pytest.raises(OSError, match="broke"):
            seen.extend(response.iter_events("GET"))
        assert ended == [True]


def test_run_sync_is_used_for_sync_bodies() -> None:
    """Given run_sync, every step of a sync body and every plain hook goes through it."""
    import anyio

    seen: list[str] = []

    async def run_sync(function: Any, *args: Any) -> Any:
        seen.append(getattr(function, "__name__", "?"))
        return function(*args)

    def hook() -> None:
        seen.append("ran")

    async def main() -> None:
        response = Response(stream("a"))
        response.call_on_close(hook)
        async for _ in response.aiter_events("GET", run_sync=run_sync):
            pass

    anyio.run(main)
    assert seen[:2] == ["next", "next"]
    assert seen[-2:] == ["hook", "ran"]


def test_wrong_length_of_a_list() -> None:
    """A wrong Content-Length on a list body is an error before anything is sent."""
    response = Response(["abc"], headers={"Content-Length": "2"})
    with pytest.raises(ContentLengthError):
        response.outgoing("GET")
    assert response.outgoing("HEAD").body == b""  # type: ignore[union-attr]


def test_several_sendings() -> None:
    """A response may be sent several times: the events are the same, and the hooks run once each time."""
    ended: list[int] = []
    response = Response(["a", "b"])
    response.call_on_close(lambda: ended.append(1))
    first, second = (list(response.iter_events("GET")) for _ in range(2))
    assert first == second
    assert ended == [1, 1]


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (None, b""),
        ("t\u00e9xt", b"t\xc3\xa9xt"),
        (b"bytes", b"bytes"),
        (memoryview(b"view"), b"view"),
        (["a", b"b"], b"ab"),
    ],
)
def test_the_body_is_replaced(body: Any, data: bytes) -> None:
    """``response.response`` is assigned what the constructor takes. The length that the library has told goes with the
    old body.
    """
    response = Response("old text")
    assert response.headers["Content-Length"] == "8"
    response.response = body
    assert response.get_data() == data
    assert response.headers.get("Content-Length") in (None, str(len(data)))


def test_a_length_of_the_program_stays() -> None:
    """A Content-Length that the program has set is not removed with the old body: the answer to HEAD may have it."""
    response = Response("old text")
    response.headers["Content-Length"] = "5"
    response.response = ["other"]
    assert response.headers["Content-Length"] == "5"


def test_a_length_of_the_program_stays_although_it_is_that_of_the_old_body() -> None:
    """Header fields that are assigned as a whole are those of the program, also where they are equal to what the
    library would have set.
    """
    response = Response("12345")
    assert response.headers["Content-Length"] == "5"
    response.headers = {"Content-Length": "5"}  # type: ignore[assignment]
    response.response = iter(["other"])
    assert response.headers["Content-Length"] == "5"


async def test_a_sync_body_is_collected_in_async_code() -> None:
    """``amake_sequence()`` collects a sync body, too. Its ``close`` is a hook, as after ``make_sequence()``."""
    body = Closing()
    response = Response(body)
    await response.amake_sequence()
    assert (response.response, body.closed) == ([b"ab", b"c"], 0)
    await response.aclose()
    assert body.closed == 1


@pytest.mark.parametrize("module", [5, None, object()])
def test_a_json_module_can_read_or_write(module: Any) -> None:
    """A class whose ``json_module`` can do neither is refused where it is made."""
    with pytest.raises(TypeError, match=r"^got json_module = .*, expected a module, or an object, with loads\(\) and "):
        type("Own", (Response,), {"json_module": module})


@pytest.mark.anyio
async def test_an_async_body_that_is_replaced_is_closed() -> None:
    """``set_data()`` leaves the async iterable that was the body to the end of the response, which awaits its close."""
    log: list[str] = []

    class Body:
        def __aiter__(self) -> Any:
            raise AssertionError("it is not read")

        async def aclose(self) -> None:
            log.append("body")

    body: Any = Body()
    response = Response(body)
    response.call_on_close(lambda: log.append("hook"))
    response.set_data(b"new")
    assert (log, response.get_data()) == ([], b"new")
    await response.aclose()
    assert log == ["body", "hook"]


class Asked:
    """A request for one range, or for several."""

    method = "GET"

    def __init__(self, ranges: str) -> None:
        self.headers = {"Range": ranges}


CHANGES: dict[str, Callable[[Any], object]] = {
    "none": lambda response: None,
    "set_data": lambda response: response.set_data("other"),
    "data": lambda response: setattr(response, "data", b""),
    "response": lambda response: setattr(response, "response", ["ot", b"her"]),
    "stream": lambda response: response.stream.write("more"),
    "make_sequence": lambda response: response.make_sequence(),
    "freeze": lambda response: response.freeze(),
    "a range": lambda response: response.make_conditional(Asked("bytes=1-2"), True),
    "ranges": lambda response: response.make_conditional(Asked("bytes=0-0,3-3"), True),
    "no range": lambda response: response.make_conditional(Asked("bytes=9-"), True),
}
LOOKS: dict[str, Callable[[Any], bytes]] = {
    "data": lambda response: response.data,
    "text": lambda response: response.text.encode(),
    "get_data": lambda response: response.get_data(),
    "iter_encoded": lambda response: b"".join(response.iter_encoded()),
    "response": lambda response: Response(response.response).data,
    "outgoing": lambda response: response.outgoing("GET").body,
    "events": lambda response: b"".join(
        event.data for event in response.iter_events("GET") if isinstance(event, Chunk)
    ),
    "copy": lambda response: copy.copy(response).data,
    "pickle": lambda response: pickle.loads(pickle.dumps(response)).data,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_listed", [False, True])
@pytest.mark.parametrize("body", ["text", b"text", ["te", "xt"], ("te", b"xt")], ids=["str", "bytes", "list", "tuple"])
def test_every_look_at_a_body_shows_the_same_bytes(body: Any, is_listed: bool, change: str) -> None:
    """Law: whatever has changed a buffered body, every access gives the bytes that are sent, in any order of accesses,
    and their number is the Content-Length (RFC 9110 section 8.6).
    """
    for first in LOOKS:
        response = Response(body)
        if is_listed:
            assert response.response
        CHANGES[change](response)
        seen = [LOOKS[name](response) for name in (first, *LOOKS)]
        assert len(set(seen)) == 1, list(zip((first, *LOOKS), seen))
        assert response.calculate_content_length() == response.stream.tell() == len(seen[0])
        assert response.headers.get("Content-Length") in (None, str(len(seen[0])))


def test_the_length_of_a_body_that_fails() -> None:
    """``calculate_content_length()`` raises the error of a generator, a RuntimeError too: half of the body is gone."""

    def chunks() -> Iterator[str]:
        yield "a"
        raise RuntimeError("of the program")

    with pytest.raises(RuntimeError, match="of the program"):
        Response(chunks()).calculate_content_length()


@pytest.mark.parametrize("setting", ["direct_passthrough", "implicit_sequence_conversion"])
def test_the_length_of_a_body_that_must_not_be_read(setting: str) -> None:
    """``calculate_content_length()`` gives None, and reads nothing, if the settings forbid to collect the body."""
    response = Response(stream("a", "bc"))
    setattr(response, setting, setting == "direct_passthrough")
    assert response.calculate_content_length() is None
    assert list(response.iter_encoded()) == [b"a", b"bc"]
