"""The programs that :mod:`proof.torture` runs: small applications in which every call may fail.

A program is a function that takes a :class:`Trial`, and returns an application and a request for it. The trial counts
what the program has begun and ended: close hooks, generators, middleware and sinks.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.lowlevel

from cardan import Application, Compression, Mount, Request, Response, middleware, send_file
from cardan.files import StaticFiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from .torture_faults import Faults

__all__ = ["PROGRAMS", "Ask", "Trial"]


class Trial:
    """One request to one program."""

    def __init__(self, faults: Faults, folder: Path) -> None:
        self.faults = faults
        self.folder = folder
        self.due: Counter[str] = Counter()
        """What has to be ended once: close hooks, generators and sinks."""
        self.ended: Counter[str] = Counter()
        self.seen: list[BaseException] = []
        """The errors that the code of the program has seen."""

    def begin(self, name: str) -> None:
        """Something has begun that has to end."""
        self.due[name] += 1

    def end(self, name: str) -> None:
        """It has ended. Raises if this is the call that fails."""
        self.ended[name] += 1
        self.faults.call(name)

    @contextmanager
    def errors_noted(self) -> Iterator[None]:
        """A block whose error the code of the program has seen."""
        try:
            yield
        except BaseException as error:
            self.seen.append(error)
            raise

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """A block that has to end, and whose error is noted."""
        self.begin(name)
        try:
            with self.errors_noted():
                yield
        finally:
            self.end(name)

    def hooked(self, response: Response, *, asynchronous: bool = False) -> Response:
        """Add close hooks to ``response``."""
        for number in range(2):
            name = f"close hook {number}"
            self.begin(name)
            response.call_on_close(partial(self.end, name))
        if asynchronous:
            self.begin("async close hook")

            async def hook() -> None:
                self.end("async close hook")

            response.call_on_close(hook)
        return response

    def noting(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """A ``def`` handler that fails when it is its turn, and whose errors are noted."""

        def noted(request: Any) -> Any:
            with self.errors_noted():
                self.faults.call("handler")
                return handler(request)

        return noted

    def anoting(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """The same for an ``async def`` handler."""

        async def noted(request: Any) -> Any:
            with self.errors_noted():
                self.faults.call("handler")
                return await handler(request)

        return noted

    def stream(self, pieces: Any) -> Iterator[bytes]:
        """A generator over ``pieces``."""
        with self.running("generator"):
            for piece in pieces:
                self.faults.call("iteration")
                yield piece

    async def astream(self, pieces: Any) -> AsyncIterator[bytes]:
        """An async generator over ``pieces``, which may be an async iterable."""
        with self.running("generator"):
            if hasattr(pieces, "__aiter__"):
                async for piece in pieces:
                    self.faults.call("iteration")
                    yield piece
            else:
                for piece in pieces:
                    await anyio.lowlevel.checkpoint()
                    self.faults.call("iteration")
                    yield piece


class Ask:
    """A request: method, path, header fields and body."""

    def __init__(self, method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> None:
        self.method = method
        self.path = path
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class OnDisk(Request):
    """Files go to the disk at once."""

    max_file_memory = 5


FORM = (
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n' + b"file" * 40 + b"\r\n"
    b'--B\r\nContent-Disposition: form-data; name="g"; filename="y"\r\n\r\nsmall and another\r\n--B--\r\n'
)
UPLOAD = Ask("POST", body=FORM, Content_Type="multipart/form-data; boundary=B")
BYTES = Ask("POST", body=b"0123456789" * 4, Content_Type="text/plain")
Made = tuple[Any, Ask]


def form(trial: Trial) -> Made:
    """A ``def`` handler reads a form whose files are on disk, and saves one."""

    def view(request: Request) -> Response:
        first, second = request.files["f"], request.files["g"]
        data = first.read(7)
        first.seek(0)
        second.save(trial.folder / "saved")
        return trial.hooked(Response(data + str(second.filename).encode()))

    return Application(trial.noting(view), request_class=OnDisk), UPLOAD


def aform(trial: Trial) -> Made:
    """An ``async def`` handler does the same."""

    async def view(request: Request) -> Response:
        await request.load()
        first, second = request.files["f"], request.files["g"]
        data = await first.aread(7)
        await second.asave(trial.folder / "saved")
        return trial.hooked(Response(data + str(second.filename).encode()), asynchronous=True)

    return Application(trial.anoting(view), request_class=OnDisk), UPLOAD


def loaded(trial: Trial) -> Made:
    """The form is loaded before a ``def`` handler."""

    def view(request: Request) -> Response:
        return trial.hooked(Response(request.files["f"].read()))

    return Application(trial.noting(view), request_class=OnDisk, load=True), UPLOAD


def parts(trial: Trial) -> Made:
    """A ``def`` handler reads a form part by part, and saves a file."""

    def view(request: Request) -> Response:
        sizes = []
        for part in request.iter_parts():
            if part.filename == "x":
                part.save(trial.folder / "saved")
            else:
                sizes.append(len(part.read()))
        return trial.hooked(Response(str(sizes)))

    return Application(trial.noting(view)), UPLOAD


def aparts(trial: Trial) -> Made:
    """An ``async def`` handler does the same."""

    async def view(request: Request) -> Response:
        sizes = []
        async for part in request.aiter_parts():
            if part.filename == "x":
                await part.asave(trial.folder / "saved")
            else:
                sizes.append(len(await part.aread()))
        return trial.hooked(Response(str(sizes)), asynchronous=True)

    return Application(trial.anoting(view)), UPLOAD


def _sink_class(trial: Trial, asynchronous: bool) -> type[Request]:
    class Sink:
        """A sink of the program's own."""

        def __init__(self) -> None:
            trial.faults.call("open a sink")
            trial.begin("sink")
            self.data = b""

        def _add(self, data: bytes) -> None:
            trial.faults.call("write to a sink")
            self.data += data

        def _end(self) -> None:
            trial.end("sink")

        if asynchronous:

            async def write(self, data: bytes) -> None:
                """Keep ``data``."""
                await anyio.lowlevel.checkpoint()
                self._add(data)

            async def aclose(self) -> None:
                """Forget the data."""
                self._end()

            async def abort(self) -> None:
                """Forget the data of a form that is broken; it may have been complete before."""
                if trial.ended["sink"] < trial.due["sink"]:
                    self._end()
        else:

            def write(self, data: bytes) -> None:  # type: ignore[misc]  # a sink of sync code
                """Keep ``data``."""
                self._add(data)

            def close(self) -> None:
                """Forget the data."""
                self._end()

    class Sinking(Request):
        """Files go to sinks of the program's own."""

        def make_file_sink(self, part: Any) -> Any:
            """A sink."""
            return Sink()

    return Sinking


def sinks(trial: Trial) -> Made:
    """Files go to sinks of the program's own."""

    def view(request: Request) -> Response:
        return trial.hooked(Response(str(sorted(request.files))))

    return Application(trial.noting(view), request_class=_sink_class(trial, False)), UPLOAD


def asinks(trial: Trial) -> Made:
    """Files go to async sinks of the program's own."""

    async def view(request: Request) -> Response:
        await request.load()
        return trial.hooked(Response(str(sorted(request.files))), asynchronous=True)

    return Application(trial.anoting(view), request_class=_sink_class(trial, True)), UPLOAD


def stream(trial: Trial) -> Made:
    """A generator gives back what the request sends."""

    def view(request: Request) -> Response:
        return trial.hooked(Response(trial.stream(request.iter_data(9))))

    return Application(trial.noting(view)), BYTES


def astream(trial: Trial) -> Made:
    """An async generator gives back what the request sends."""

    async def view(request: Request) -> Response:
        return trial.hooked(Response(trial.astream(request.aiter_data(9))), asynchronous=True)

    return Application(trial.anoting(view)), BYTES


def file(trial: Trial) -> Made:
    """A file is sent whole."""
    return Application(trial.noting(lambda request: trial.hooked(send_file(trial.folder / "file", request)))), Ask()


def ranges(trial: Trial) -> Made:
    """Three ranges of a file are sent."""
    view = trial.noting(lambda request: trial.hooked(send_file(trial.folder / "file", request)))
    return Application(view), Ask(Range="bytes=0-3,10-15,90-")


def aranges(trial: Trial) -> Made:
    """An ``async def`` handler sends a range of a file."""

    async def view(request: Request) -> Response:
        return trial.hooked(send_file(trial.folder / "file", request), asynchronous=True)

    return Application(trial.anoting(view)), Ask(Range="bytes=5-60")


def static(trial: Trial) -> Made:
    """A directory as an application."""
    return StaticFiles(trial.folder), Ask(path="/file")


def around(trial: Trial) -> Made:
    """A generator around the handler, which replaces nothing, and one that answers errors."""

    @middleware
    def outer(request: Request) -> Any:
        with trial.running("middleware"):
            trial.faults.call("middleware, before")
            response = yield
            trial.faults.call("middleware, after")
        return response

    @middleware
    def inner(request: Request) -> Any:
        try:
            yield
        finally:
            trial.faults.call("middleware, at last")

    def view(request: Request) -> Response:
        return trial.hooked(Response(trial.stream([b"a", b"b"])))

    return Application(trial.noting(view), middleware=[outer, inner]), BYTES


def aaround(trial: Trial) -> Made:
    """The same with async generators and an ``async def`` handler."""

    @middleware
    async def outer(request: Request) -> Any:
        with trial.running("middleware"):
            trial.faults.call("middleware, before")
            await anyio.lowlevel.checkpoint()
            yield
            await anyio.lowlevel.checkpoint()
            trial.faults.call("middleware, after")

    async def view(request: Request) -> Response:
        await anyio.lowlevel.checkpoint()
        return trial.hooked(Response(trial.astream([b"a", b"b"])), asynchronous=True)

    return Application(trial.anoting(view), middleware=[outer]), BYTES


def hooks(trial: Trial) -> Made:
    """A whole answer with close hooks, and one that the middleware replaces."""

    @middleware
    def replacing(request: Request) -> Any:
        response = yield
        assert isinstance(response, Response)
        return trial.hooked(Response(b"another"))

    def view(request: Request) -> Response:
        return trial.hooked(Response(b"first"))

    return Application(trial.noting(view), middleware=[replacing]), Ask()


def events(trial: Trial) -> Made:
    """An event stream of an async generator."""

    async def view(request: Request) -> Response:
        return trial.hooked(Response.from_events(trial.astream(["1", "2", "3"])), asynchronous=True)

    return Application(trial.anoting(view)), Ask()


def broken(trial: Trial) -> Made:
    """An application that answers its unexpected errors by a stream."""

    class Answering(Application[Request]):
        """Answers every error."""

        def on_exception(self, request: Request, error: Exception) -> Response:
            """A stream with close hooks."""
            trial.faults.call("on_exception")
            return trial.hooked(Response(trial.stream([b"sor", b"ry"]), 500))

    def view(request: Request) -> Response:
        trial.faults.call("a second call")
        return trial.hooked(Response(trial.stream([b"fine"])))

    return Answering(trial.noting(view), request_class=OnDisk), UPLOAD


def compressed(trial: Trial) -> Made:
    """A stream that is compressed on its way."""

    def view(request: Request) -> Response:
        return trial.hooked(Response(trial.stream([b"a" * 900, b"b" * 900]), mimetype="text/plain"))

    return Compression(Application(trial.noting(view))), Ask(Accept_Encoding="gzip")


def of_wsgi(trial: Trial) -> Made:
    """A WSGI application behind a bridge, which reads the upload while it sends."""

    def site(environ: Any, start_response: Any) -> Any:
        trial.faults.call("application")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return trial.stream(iter(lambda: environ["wsgi.input"].read(9), b""))

    return Application.from_wsgi(site), BYTES


def of_asgi(trial: Trial) -> Made:
    """An ASGI application behind a bridge, which reads the upload while it sends."""

    async def site(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        with trial.running("application"):
            trial.faults.call("application")
            await send({"type": "http.response.start", "status": 200, "headers": []})
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise OSError("the client has left")
                more = message.get("more_body", False)
                trial.faults.call("step of the application")
                await send({"type": "http.response.body", "body": message["body"], "more_body": more})

    return Application.from_asgi(site), BYTES


def mounted(trial: Trial) -> Made:
    """An application that calls another one below a path, with middleware around both."""

    @middleware
    def around(request: Request) -> Any:
        trial.begin("middleware")
        try:
            yield
        finally:
            trial.end("middleware")

    def view(request: Request) -> Response:
        return trial.hooked(Response(trial.stream([*request.form])))

    inner = Application(trial.noting(view), middleware=[around], request_class=OnDisk)
    return Mount({"/in": inner}), Ask("POST", "/in/a", FORM, Content_Type="multipart/form-data; boundary=B")


PROGRAMS: dict[str, Callable[[Trial], Made]] = {
    made.__name__: made
    for made in (
        form, aform, loaded, parts, aparts, sinks, asinks, stream, astream, file, ranges, aranges, static, around,
        aaround, hooks, events, broken, compressed, of_wsgi, of_asgi, mounted,
    )
}  # fmt: skip
"""Every program by its name."""
