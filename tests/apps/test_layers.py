"""Applications inside applications: an error of the outer request stays what it is, whatever layers are between."""

from __future__ import annotations

from typing import Any

import pytest
import werkzeug.wsgi

from cardan import CORS, Application, Compression, Mount, ProxyFix, Request, Response, middleware
from cardan.exceptions import HTTPException, RequestEntityTooLarge
from cardan.testing import PROTOCOLS, Client


class Small(Request):
    """Takes five bytes."""

    max_content_length = 5


class Outer(Application[Small]):
    """Asks another application, which is in ``inner``, for the answer to each request."""

    inner: Any

    def resolve(self, request: Small) -> Any:
        return self.inner


@middleware
async def reads_too_much(request: Small) -> Any:
    """Finds that the body exceeds the limit, and lets the request go on."""
    with pytest.raises(RequestEntityTooLarge):
        await request.load()
    yield


@Request.application
def sync(request: Request) -> Response:
    """Says which error reading the body raises, in a ``def``."""
    try:
        return Response(request.get_data())
    except HTTPException as error:
        return Response(f"{type(error).__name__} {error.code}")


@Request.application
async def awaiting(request: Request) -> Response:
    """The same in an ``async def``."""
    try:
        await request.load()
        return Response(request.get_data())
    except HTTPException as error:
        return Response(f"{type(error).__name__} {error.code}")


def without_keys(carrier: Any) -> Any:
    """An environ or scope without what cardan keeps in it, as a framework may make one."""
    return {key: value for key, value in carrier.items() if not key.startswith("cardan.")}


def of_others(environ: Any, start_response: Any) -> Any:
    return sync(without_keys(environ), start_response)


async def of_others_async(scope: Any, receive: Any, send: Any) -> None:
    await awaiting(without_keys(scope), receive, send)


def bounded(environ: Any, start_response: Any) -> Any:
    """Puts a bound of its own around the input, as Flask does."""
    stream = werkzeug.wsgi.LimitedStream(environ["wsgi.input"], 1000, is_max=True)
    return sync({**without_keys(environ), "wsgi.input": stream}, start_response)


def over_asgi(environ: Any, start_response: Any) -> Any:
    return Application.from_asgi(of_others_async)(environ, start_response)


async def over_wsgi(scope: Any, receive: Any, send: Any) -> None:
    await Application.from_wsgi(of_others)(scope, receive, send)


LAYERS: dict[str, Any] = {
    "a def handler": sync,
    "an async def handler": awaiting,
    "a WSGI application": Application.from_wsgi(of_others),
    "an ASGI application": Application.from_asgi(of_others_async),
    "a bounded input": Application.from_wsgi(bounded),
    "a mount": Mount({"/": Application.from_wsgi(of_others)}),
    "mounts": Mount({"/": Mount({"/x": Application.from_asgi(of_others_async)})}),
    "wrappers": ProxyFix(Compression(CORS(Application.from_wsgi(of_others), "*"))),
    "a bridge in a bridge": Application.from_wsgi(over_asgi),
    "a bridge in a bridge, the other way": Application.from_asgi(over_wsgi),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("layers", LAYERS)
def test_a_413_of_the_outer_request_stays_a_413(protocol: Any, layers: str) -> None:
    """A body that was found too large is too large for every application inside, and never a 400: its client has made
    no mistake in the form of the request.
    """
    app = Outer(request_class=Small, middleware=[reads_too_much])
    app.inner = LAYERS[layers]
    with Client(app, protocol) as client:
        answer = client.post("/x", content=iter([b"four", b"four"]))
    assert answer.text == "RequestEntityTooLarge 413"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("layers", LAYERS)
def test_a_body_reaches_the_innermost_application(protocol: Any, layers: str) -> None:
    """A body within the limit reaches the innermost application whole, through the same layers."""
    app = Outer(request_class=Small)
    app.inner = LAYERS[layers]
    with Client(app, protocol) as client:
        assert client.post("/x", content=iter([b"ab", b"cd"])).text == "abcd"
        assert client.post("/x", content=b"abcd").text == "abcd"


@Request.application
def form_in_def(request: Request) -> Response:
    """Reads a form in a ``def``. The answer is long enough to be compressed."""
    return Response(request.form["a"] * 1000)


@Request.application
async def form_in_async(request: Request) -> Response:
    """The same in an ``async def``."""
    await request.load()
    return Response(request.form["a"] * 1000)


AROUND: dict[str, Any] = {
    "ProxyFix": ProxyFix,
    "Mount": lambda app: Mount({"/m": app}),
    "Compression": Compression,
    "CORS": lambda app: CORS(app, origins=["https://a.example"]),
    "all": lambda app: ProxyFix(Compression(CORS(Mount({"/m": app}), origins=["https://a.example"]))),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("app", [form_in_def, form_in_async], ids=["def", "async def"])
@pytest.mark.parametrize("name", AROUND)
def test_code_around_a_layer_has_the_form_that_was_read_inside(name: str, app: Any, protocol: Any) -> None:
    """A layer may pass on a copy of the environ or scope. A request of the original one has the form that the
    application has read through the copy.
    """
    layer = AROUND[name](app)
    found: list[dict[str, str]] = []

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        answer = layer(environ, start_response)
        try:
            chunks = list(answer)
        finally:
            getattr(answer, "close", lambda: None)()
        found.append(Request(environ).form.to_dict())
        return chunks

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await layer(scope, receive, send)
        if scope["type"] == "http":
            request = Request(scope, receive, send)
            await request.load()
            found.append(request.form.to_dict())

    for backend in ("asyncio", "trio") if protocol == "asgi" else ("asyncio",):
        with Client(wsgi if protocol == "wsgi" else asgi, protocol, backend=backend) as client:
            response = client.post("/m", data={"a": "1"}, headers={"Origin": "https://a.example"})
            assert response.text == "1" * 1000
    assert found == [{"a": "1"}] * len(found)
    assert found


@Request.application
def reads_file(request: Request) -> Response:
    """Says what is in an uploaded file."""
    return Response(request.files["file"].stream.read())


@Request.application
async def reads_file_async(request: Request) -> Response:
    """The same in an ``async def``."""
    await request.load()
    return Response(await request.files["file"].aread())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("inner", [reads_file, reads_file_async], ids=["def", "async"])
def test_the_end_of_an_application_inside_closes_no_file(inner: Any, protocol: Any) -> None:
    """The files of a form stay open until the outermost application has ended."""

    async def send(message: Any) -> None:
        pass

    @Request.application
    def on_wsgi(request: Request) -> Response:
        inner(request.environ, lambda *start: None)
        return Response(str(request.files["file"].stream.closed))

    @Request.application
    async def on_asgi(request: Request) -> Response:
        await inner(request.scope, request.receive, send)
        return Response(str(request.files["file"].stream.closed))

    with Client(on_wsgi if protocol == "wsgi" else on_asgi, protocol) as client:
        assert client.post("/", files={"file": ("a.txt", b"data")}).text == "False"
