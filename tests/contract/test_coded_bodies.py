"""A body in a content coding (RFC 9110 section 8.4) is not taken for a form, for JSON or for text: it is a 415."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from cardan import Application, Request, Response, middleware
from cardan.exceptions import HTTPException, UnsupportedMediaType
from cardan.testing import PROTOCOLS, Client

from .conftest import IN_PROCESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardan.types import ProtocolName

MULTIPART = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'
TYPES = {
    "urlencoded": ("application/x-www-form-urlencoded", b"a=1"),
    "multipart": ("multipart/form-data; boundary=B", MULTIPART),
    "json": ("application/json", b'{"a": 1}'),
    "text": ("text/plain", b"some text"),
}
#: which names take the bytes of which body for something
TAKES = {
    "form": ("urlencoded", "multipart"),
    "files": ("urlencoded", "multipart"),
    "values": ("urlencoded", "multipart"),
    "data": ("urlencoded", "multipart"),
    "json": ("json",),
    "text": ("urlencoded", "multipart", "json", "text"),
    "parts": ("multipart",),
}
READERS: dict[str, Callable[[Any], Any]] = {
    "form": lambda request: request.form.to_dict(),
    "files": lambda request: len(request.files),
    "values": lambda request: request.values.to_dict(),
    "data": lambda request: request.data.decode("latin-1"),
    "json": lambda request: request.json,
    "text": lambda request: request.text,
    "parts": lambda request: [part.name for part in request.iter_parts()],
    "get_data": lambda request: request.get_data().decode("latin-1"),
    "silent": lambda request: request.get_json(silent=True),
}


def read(request: Any) -> Response:
    return Response.from_json(READERS[request.path.lstrip("/")](request))


async def aread(request: Any) -> Response:
    name = request.path.lstrip("/")
    if name == "parts":
        return Response.from_json([part.name async for part in request.aiter_parts()])
    await request.load(form=name not in ("json", "text", "get_data", "silent"))
    return read(request)


@middleware(buffer=True)
def buffered(request: Any) -> Any:
    return (yield)


class Inflating(Request):
    """Decodes ``gzip``, and nothing else."""

    def make_body_filter(self) -> Any:
        return Gunzip() if self.content_encoding == "gzip" else None


class Gunzip:
    def __init__(self) -> None:
        self.machine = zlib.decompressobj(wbits=31)

    def feed(self, data: bytes) -> bytes:
        return self.machine.decompress(data)

    def close(self) -> bytes:
        return b""


def open_client(place: str, kind: str, request_class: type[Request] = Request, **options: Any) -> Client:
    protocol, _, backend = place.partition("-")
    app: Any = Application(read if kind == "def" else aread, request_class=request_class, **options)
    return Client(app, protocol=protocol, backend=backend or "asyncio")  # type: ignore[arg-type]


def send(client: Client, name: str, content: str, coding: str, body: bytes | None = None) -> Any:
    content_type, data = TYPES[content]
    headers = {"Content-Type": content_type, "Content-Encoding": coding}
    return client.post(f"/{name}", content=gzip.compress(data) if body is None else body, headers=headers)


places = pytest.mark.parametrize("place", IN_PROCESS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])


@places
@kinds
@pytest.mark.parametrize("middlewares", [[], [buffered]], ids=["unread", "kept"])
def test_coded_bodies_are_refused(place: str, kind: str, middlewares: list[Any]) -> None:
    """RFC 9110 section 15.5.16: 415, and Accept-Encoding says that no coding is accepted. The bytes may have been kept
    before.
    """
    with open_client(place, kind, middleware=middlewares) as client:
        for name, contents in TAKES.items():
            for content in contents:
                answer = send(client, name, content, "gzip")
                assert (name, answer.status_code, answer.headers.get("Accept-Encoding")) == (name, 415, "identity")


@places
@kinds
def test_the_bytes_can_be_had(place: str, kind: str) -> None:
    """``get_data()`` gives the bytes as they were sent, whatever the coding. So does ``data``, unless it is a form."""
    with open_client(place, kind) as client:
        for content, (_, data) in TYPES.items():
            sent = gzip.compress(data, mtime=0)
            assert send(client, "get_data", content, "gzip", sent).json() == sent.decode("latin-1")
        assert send(client, "data", "json", "gzip", b"\x1f\x8b").json() == "\x1f\x8b"


@places
@kinds
@pytest.mark.parametrize("coding", ["br", "x-gzip", "GZIP", "gzip, gzip", "identity, gzip", "aws-chunked", "garbage"])
def test_every_coding_is_one(place: str, kind: str, coding: str) -> None:
    """Codings that nobody knows are refused, too. Names are compared without regard to case (section 8.4.1)."""
    with open_client(place, kind) as client:
        assert send(client, "form", "urlencoded", coding).status_code == 415
        assert send(client, "json", "json", coding).status_code == 415


@places
@kinds
@pytest.mark.parametrize("coding", ["identity", "Identity", "", " , identity"])
def test_identity_is_no_coding(place: str, kind: str, coding: str) -> None:
    """Section 8.4.1: ``identity`` stands for no coding. It should not be sent, and some clients send it."""
    with open_client(place, kind) as client:
        assert send(client, "form", "urlencoded", coding, b"a=1").json() == {"a": "1"}
        assert send(client, "json", "json", coding, b'{"a": 1}').json() == {"a": 1}
        assert send(client, "parts", "multipart", coding, MULTIPART).json() == ["a"]


@places
@kinds
def test_what_is_no_form_is_not_refused_by_form(place: str, kind: str) -> None:
    """``form``, ``files`` and ``values`` take nothing for a form that is not declared to be one."""
    with open_client(place, kind) as client:
        assert send(client, "form", "json", "gzip").json() == {}
        assert send(client, "files", "text", "gzip").json() == 0


@places
@kinds
@pytest.mark.parametrize("middlewares", [[], [buffered]], ids=["unread", "kept"])
def test_a_filter_decodes(place: str, kind: str, middlewares: list[Any]) -> None:
    """If ``make_body_filter`` gives a filter, everything reads what it gives. For another coding there is none."""
    with open_client(place, kind, Inflating, middleware=middlewares) as client:
        assert send(client, "form", "urlencoded", "gzip").json() == {"a": "1"}
        assert send(client, "parts", "multipart", "gzip").json() == ["a"]
        assert send(client, "json", "json", "gzip").json() == {"a": 1}
        assert send(client, "text", "text", "gzip").json() == "some text"
        assert send(client, "form", "urlencoded", "br").status_code == 415


@places
@kinds
def test_silent_json(place: str, kind: str) -> None:
    """``get_json(silent=True)`` is None. The hook for other cases gets the error."""

    class Hooked(Request):
        def on_json_loading_failed(self, error: Exception | None) -> Any:
            return type(error).__name__

    with open_client(place, kind) as client:
        assert send(client, "silent", "json", "gzip").json() is None
    with open_client(place, kind, Hooked) as client:
        assert send(client, "json", "json", "gzip").json() == "UnsupportedMediaType"


@places
@pytest.mark.parametrize("rules", ["default", "strict", "silent"])
def test_every_mode_refuses(place: str, rules: str) -> None:
    """A form that cannot be read at all is no broken form: ``silent`` refuses it, too. Nothing of it is read."""

    class Ruled(Request):
        form_rules = rules  # type: ignore[assignment]

    def retry(request: Request) -> Response:
        try:
            return Response.from_json(request.form.to_dict())
        except UnsupportedMediaType as error:
            return Response(gzip.decompress(request.get_data()) + str(error.get_headers()).encode())

    app = Application(retry, request_class=Ruled)
    protocol, _, backend = place.partition("-")
    with Client(app, protocol=protocol, backend=backend or "asyncio") as client:  # type: ignore[arg-type]
        assert send(client, "", "urlencoded", "gzip").text == "a=1[('Accept-Encoding', 'identity')]"


@places
def test_load_can_be_repeated(place: str) -> None:
    """``load()`` refuses a coded form before it reads a byte. ``load(form=False)`` then keeps the bytes."""
    if place == "wsgi":  # where `load()` is no method of sync code, and async code reads as on ASGI
        place = "wsgi-asyncio"

    async def handler(request: Request) -> Response:
        with pytest.raises(UnsupportedMediaType, match=r"^415 .*got a body with Content-Encoding 'gzip', expected one"):
            await request.load()
        await request.load(form=False)
        with pytest.raises(UnsupportedMediaType):
            request.form
        return Response(gzip.decompress(request.get_data()))

    protocol, _, backend = place.partition("-")
    with Client(Application(handler), protocol=protocol, backend=backend) as client:  # type: ignore[arg-type]
        assert send(client, "", "urlencoded", "gzip").text == "a=1"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_values_of_a_method_without_a_form(protocol: ProtocolName, method: str) -> None:
    """``values`` of a GET or HEAD request are its query, whether a body that nobody has to read was refused or not."""
    found: list[object] = []

    def note(request: Request) -> Response:
        try:
            found.append(list(request.values.items()))
        except UnsupportedMediaType as error:
            found.append(error.code)
        return Response()

    async def anote(request: Request) -> Response:
        with pytest.raises(UnsupportedMediaType):
            await request.load()
        return note(request)

    for handler in (note, anote):
        with Client(Request.application(handler), protocol=protocol) as client:
            client.request(
                method,
                "/?a=1",
                content=b"a=2",
                headers={"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"},
            )
    assert found == [415 if method == "POST" else [("a", "1")]] * 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("length", ["3", "x"])
def test_values_of_a_get_whose_body_is_refused(protocol: ProtocolName, length: str) -> None:
    """``values`` are the query also if the body exceeds a limit, or if its length is none."""

    class Small(Request):
        max_data_memory = 2

    @Small.application
    def app(request: Small) -> Response:
        with pytest.raises(HTTPException):
            request.get_data()
        return Response.from_json(request.values.to_dict())

    with Client(app, protocol=protocol) as client:
        answer = client.request("GET", "/?a=1", content=b"abc", headers={"Content-Length": length})
        assert answer.json() == {"a": "1"}
