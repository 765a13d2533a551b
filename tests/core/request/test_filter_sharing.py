"""Several request objects over one body whose class has a filter."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from cardan import Application, Request, Response
from cardan.exceptions import BodyConsumed
from cardan.testing import PROTOCOLS, Client


class Hasher:
    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def feed(self, data: bytes) -> bytes:
        self.sha256.update(data)
        return data

    def close(self) -> bytes:
        return b""


class Hashed(Request):
    hasher: Hasher

    def make_body_filter(self) -> Hasher:
        self.hasher = Hasher()
        return self.hasher


class Sub(Hashed):
    """Another class with the same hook."""


def over(cls: type[Request], request: Any) -> Any:
    """A request object of ``cls`` over the body of ``request``."""
    if hasattr(request, "environ"):
        return cls(request.environ)
    return cls(request.scope, request.receive)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("second_class", [Hashed, Sub])
def test_the_hook_is_called_once_for_each_body(protocol: str, second_class: type[Request]) -> None:
    """A second request object reads behind the filter of the first. It has no hasher of its own, which would have the
    digest of nothing while the form is complete.
    """

    @Hashed.application
    def app(request: Hashed) -> Response:
        assert request.form["a"] == "1"
        assert request.hasher.sha256.digest() == hashlib.sha256(b"a=1").digest()
        second = over(second_class, request)
        assert second.form["a"] == "1"
        return Response(str(hasattr(second, "hasher")))

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "False"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_hook_that_is_set_on_one_request_is_that_of_this_request(protocol: str) -> None:
    """The bytes go through one filter. A request object with another hook does not share it: it raises BodyConsumed."""

    @Request.application
    def app(request: Request) -> Response:
        first, second = over(Request, request), over(Request, request)
        hashers = [Hasher(), Hasher()]
        first.make_body_filter = lambda: hashers[0]
        second.make_body_filter = lambda: hashers[1]
        assert first.form["a"] == "1"
        with pytest.raises(BodyConsumed):
            second.form
        with pytest.raises(BodyConsumed):
            request.form
        assert [each.sha256.digest() for each in hashers] == [hashlib.sha256(data).digest() for data in (b"a=1", b"")]
        return Response("ok")

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "ok"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_hook_filters_bytes_that_were_kept(protocol: str) -> None:
    """Bytes that were kept can go through several filters: each request object has the digest of all of them."""

    @Request.application
    def app(request: Request) -> Response:
        request.get_data()
        for hasher in (Hasher(), Hasher()):
            other = over(Request, request)
            other.make_body_filter = lambda hasher=hasher: hasher
            assert other.form["a"] == "1"
            assert hasher.sha256.digest() == hashlib.sha256(b"a=1").digest()
        return Response("ok")

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "ok"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("size", [5, 600_000])
@pytest.mark.parametrize("way", ["def", "async def", "loaded before def"])
def test_files_behind_a_filter(protocol: Any, way: str, size: int) -> None:
    """The files of a filtered body are those of the request: its code can read them whichever kind it is, and they are
    closed when the request is over, in memory and on disk.
    """
    kept: list[Any] = []

    def handler(request: Request) -> Response:
        kept.append(request.files["f"])
        assert not kept[-1].stream.closed
        return Response(str(len(kept[-1].read())))

    async def ahandler(request: Request) -> Response:
        await request.load()
        kept.append(request.files["f"])
        assert not kept[-1].stream.closed
        return Response(str(len(await kept[-1].aread())))

    app = Application(ahandler if way == "async def" else handler, request_class=Hashed, load=way.startswith("loaded"))
    with Client(app, protocol=protocol) as client:
        assert client.post("/", files={"f": ("a.txt", b"x" * size)}).text == str(size)
    assert [file.stream.closed for file in kept] == [True]
