"""What the type checkers know of requests, and of subclasses that change a class or a module."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Awaitable
from typing import Any, assert_type

from cardan import Request, core
from cardan.core import FileStorage as CoreFileStorage
from cardan.core import Part as CorePart
from cardan.core.forms import FileStart, FormBuilder, FormReader, Sink
from cardan.datastructures import ImmutableMultiDict, UserAgent
from cardan.files import FileStorage, Part
from cardan.types import UnreadRequest


class Upload(FileStorage):
    """An uploaded file that knows more."""

    owner = "nobody"


class Other:
    """A JSON codec."""

    @staticmethod
    def loads(data: bytes) -> Any:
        """The value of a JSON text."""
        return json.loads(data)


class ApiRequest(Request):
    """A request class that changes what it may change."""

    file_storage_class = Upload
    json_module = Other
    max_form_parts = 50


class OwnPart(Part):
    """A part that knows more."""

    owner = "nobody"


class Streaming(Request):
    """A request class with parts of its own class."""

    part_class = OwnPart


class OwnReader(FormReader):
    """A parser of forms with a builder of its own class."""

    class OwnBuilder(FormBuilder):
        """A builder of its own."""

    builder_class = OwnBuilder


class Reading(Request):
    """A request class whose forms are parsed by another class."""

    form_reader_class = OwnReader


async def parts(request: Request, mine: Streaming, cores: core.Request, unread: UnreadRequest) -> None:
    """The parts have the type of ``part_class``."""
    for part in request.iter_parts():
        assert_type(part, Part)
        part.save("/tmp/x")
    for own in mine.iter_parts():
        assert_type(own, OwnPart)
    async for own in mine.aiter_parts():
        assert_type(own.owner, str)
    for bare in cores.iter_parts():
        assert_type(bare, CorePart)
    async for piece in unread.aiter_parts():
        assert_type(piece, Part)
    await mine.aiter_parts().aclose()


async def files(request: Request, mine: ApiRequest, cores: core.Request) -> None:
    """``files`` has the type of ``file_storage_class``; ``load()`` gives a request of the same class."""
    assert_type(request.files, ImmutableMultiDict[str, FileStorage])
    assert_type(mine.files, ImmutableMultiDict[str, Upload])
    assert_type(cores.files, ImmutableMultiDict[str, CoreFileStorage])
    assert_type(mine.files["a"].owner, str)
    assert_type(await mine.load(), ApiRequest)
    assert_type(mine.form, ImmutableMultiDict[str, str])
    assert_type(mine.form_bytes, ImmutableMultiDict[str, bytes])


class Store:
    """A sink in an object store."""

    async def write(self, data: bytes) -> None:
        """Take the next piece."""


class InMemory(Request):
    """Uploads go to a sink in memory."""

    def make_file_sink(self, part: FileStart) -> io.BytesIO:
        """The sink of one file."""
        assert_type(part.filename, str)
        return io.BytesIO()


class InStore(Request):
    """Uploads go to an object store, whose client is async. Some are kept where they are kept usually."""

    async def make_file_sink(self, part: FileStart) -> Sink:
        """The sink of one file."""
        if part.headers.get("Content-Type") == "image/png":
            return Store()
        usual = super().make_file_sink(part)
        return await usual if isinstance(usual, Awaitable) else usual


class NoSink(Request):
    """An object without ``write`` is no sink."""

    def make_file_sink(self, part: FileStart) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """The name of a file is not enough."""
        return "/tmp/x"


def from_values(mine: type[ApiRequest]) -> None:
    """``from_values`` has its parameters."""
    assert_type(Request.from_values("/x", json={"a": 1}, protocol="asgi"), Request)
    assert_type(mine.from_values("/x", method="POST", form={"a": ["1", "2"]}, files={"f": ("x", b"1")}), ApiRequest)
    Request.from_values(headers={"X": "y"}, auth=("Ada", "secret"), client=("1.2.3.4", 5))
    with_stream = Request.from_values("/x", "http://a.example/", {"a": "1"}, "POST", input_stream=io.BytesIO())
    assert_type(with_stream, Request)
    Request.from_values(environ_base={"a": 1}, environ_overrides={"b": 2}, errors_stream=sys.stderr, content_length=3)
    Request.from_values(input_stream="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Request.from_values("/x", jsn={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Request.from_values("/x", protocol="wsig")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Request.from_values("/x", method=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Hooks(Request):
    """The hooks of a framework."""

    user_agent_class = UserAgent

    def load_form(self) -> None:
        super().load_form()
        assert_type(self.form["a"], str)


def hooks(request: Hooks) -> None:
    """They have types."""
    assert_type(request.user_agent, UserAgent)
    assert_type(request.send({"type": "x"}), Awaitable[None])
    request.send = None  # type: ignore[misc, assignment]  # pyright: ignore[reportAttributeAccessIssue]
