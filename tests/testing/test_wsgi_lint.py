"""`lint.wsgi` reports each broken rule, and nothing else."""

from __future__ import annotations

import contextlib
import copy
import gc
import sys
from typing import Any

import pytest

from cardan.testing import Client, lint
from tests.testing.apps import echo_wsgi


def run(app: Any, method: str = "GET", *, close: bool = True) -> bytes:
    """Call the application with one request, as a server would."""
    written: list[bytes] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        return written.append

    result = lint.wsgi(app)({"REQUEST_METHOD": method}, start_response)
    try:
        return b"".join([*written, *result])
    finally:
        if close:
            result.close()


def app_of(status: Any = "200 OK", headers: Any = (), body: Any = (), *more: Any, **keywords: Any) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, list(headers) if isinstance(headers, tuple) else headers, *more, **keywords)
        return body

    return app


def no_status(environ: Any, start_response: Any) -> Any:
    return []


def body_first(environ: Any, start_response: Any) -> Any:
    return [b"a"]


def twice(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def keyword(environ: Any, start_response: Any) -> Any:
    start_response(status="200 OK", response_headers=[])
    return []


def swallows(environ: Any, start_response: Any) -> Any:
    try:
        start_response("OK", [])
    except AssertionError:
        start_response("500 Oh", [])
    return []


def writes_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])("text")
    return []


BROKEN: list[tuple[Any, str]] = [
    (no_status, "got the end of the body, expected start_response before it"),
    (body_first, "got a body, expected start_response before it"),
    (twice, "got start_response twice, expected exc_info the second time"),
    (keyword, "got start_response with keywords, expected positional arguments"),
    (lambda environ, start_response: start_response(), "got start_response with 0 arguments, expected 2 or 3"),
    (swallows, "got status 'OK', expected three digits, a space and a reason"),
    (writes_text, "got a chunk of type str, expected bytes"),
    (app_of(200), "got a status of type int, expected str"),
    (app_of("200"), "got status '200', expected three digits, a space and a reason"),
    (app_of("200 O\nK"), "got status '200 O\\nK', expected three digits, a space and a reason"),
    (app_of("101 Switching"), "got status 101, expected a final one, 200 to 599"),
    (app_of("200 OK", {}), "got headers of type dict, expected a list"),
    (app_of("200 OK", [["a", "b"]]), "got header ['a', 'b'], expected a tuple of name and value"),
    (app_of("200 OK", [("a", 1)]), "got 1 in a header, expected str"),
    (app_of("200 OK", [("a", "€")]), "got '€' in a header, expected Latin-1"),
    (app_of("200 OK", [("a b", "c")]), "got header name 'a b', expected a token"),
    (app_of("200 OK", [("a", "b\r\nc: d")]), "got 'b\\r\\nc: d' as a, expected no control characters"),
    (app_of("200 OK", [("a", " b")]), "got ' b' as a, expected no space around it"),
    (app_of("200 OK", [("Status", "200")]), "got header Status, expected the status in its own argument"),
    (app_of("200 OK", [("Connection", "x")]), "got hop-by-hop header Connection, expected the server to send it"),
    (app_of("200 OK", [("Content-Length", "1")] * 2, [b"a"]), "got Content-Length 2 times, expected it once"),
    (app_of("200 OK", [("Content-Length", "+1")], [b"a"]), "got Content-Length '+1', expected digits"),
    (app_of("204 No", [("Content-Length", "0")]), "got Content-Length with status 204, expected none"),
    (app_of("200 OK", [("Content-Length", "2")], [b"a"]), "got 1 bytes, expected Content-Length 2"),
    (app_of("200 OK", [("Content-Length", "2")], [b"a"] * 3), "got 3 bytes or more, expected Content-Length 2"),
    (app_of("204 No", (), [b"a"]), "got a body of 1 bytes in a response with status 204, expected none"),
    (app_of("200 OK", (), ["text"]), "got a chunk of type str, expected bytes"),
    (app_of("200 OK", (), [bytearray(b"a")]), "got a chunk of type bytearray, expected bytes"),
    (app_of("200 OK", (), None), "got None from the application, expected an iterable"),
    (app_of("200 OK", (), b"bytes"), "got bytes from the application, expected an iterable of bytes"),
    (app_of("200 OK", (), 1), "got int from the application, expected an iterable"),
    (app_of("200 OK", (), [], "error"), "got exc_info 'error', expected None or the three values of sys.exc_info()"),
]


@pytest.mark.parametrize(("app", "sentence"), BROKEN, ids=[sentence for _, sentence in BROKEN])
def test_broken(app: Any, sentence: str) -> None:
    """Each broken rule is reported with what was found and what was expected."""
    with pytest.raises(AssertionError) as caught:
        run(app)
    assert str(caught.value) == sentence


def test_a_second_start_without_an_error() -> None:
    """A second call of ``start_response`` needs an error; None in its place is none (PEP 3333)."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        start_response("200 OK", [], None)
        return []

    with pytest.raises(AssertionError, match="got start_response twice, expected exc_info the second time"):
        run(app)


def test_head() -> None:
    """An answer to HEAD has no body, and may have a Content-Length."""
    assert run(app_of("200 OK", [("Content-Length", "3")]), "HEAD") == b""
    with pytest.raises(AssertionError, match="got a body of 1 bytes in an answer to HEAD, expected none"):
        run(app_of("200 OK", (), [b"a"]), "HEAD")
    assert run(app_of("304 Not Modified", [("Content-Length", "3")])) == b""


def test_good() -> None:
    """Nothing is reported for a correct application: write, exc_info, empty chunks, generators."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "5")])
        try:
            raise LookupError
        except LookupError:
            write = start_response("500 Oh", [("Content-Length", "3"), ("X-Ä".encode().decode("ascii", "ignore"), "ä")],
                                   sys.exc_info())  # fmt: skip
        write(b"a")

        def body() -> Any:
            yield b""
            yield b"bc"

        return body()

    assert run(app) == b"abc"


def test_an_empty_chunk_before_the_head() -> None:
    """Empty bytes are no body: an application that waits may yield them before it calls start_response."""

    def app(first: bytes) -> Any:
        def streaming(environ: Any, start_response: Any) -> Any:
            yield first
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"x"

        return streaming

    assert run(app(b"")) == b"x"
    with pytest.raises(AssertionError, match="got a body, expected start_response before it"):
        run(app(b"x"))


def test_close() -> None:
    """close() is passed on once. A second close(), reading after it, and no close() are reported."""

    class Body(list[bytes]):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    body = Body([b"a"])
    app = app_of("200 OK", (), body)
    assert run(app) == b"a"
    assert body.closed == 1
    result = lint.wsgi(app)({}, lambda *args: None)
    result.close()
    with pytest.raises(AssertionError, match=r"got close\(\) twice, expected it once"):
        result.close()
    with pytest.raises(AssertionError, match=r"got a request for a chunk after close\(\), expected none"):
        next(result)


def test_never_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An iterable that is never closed is reported when it is garbage collected."""
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: seen.append(str(report.exc_value)))
    run(app_of(), close=False)
    gc.collect()
    assert seen == ["got an iterable that was never closed, expected close() to be called"]


def test_attributes_and_client() -> None:
    """The wrapper has the attributes of the application, and the client itself breaks no rule."""

    class App:
        name = "app"
        closed = 0

        def __call__(self, environ: Any, start_response: Any) -> Any:
            return echo_wsgi(environ, start_response)

        def close(self) -> None:
            self.closed += 1

    app = App()
    assert lint.wsgi(app).name == "app"
    with Client(lint.wsgi(app), protocol="wsgi") as client:
        assert client.post("/", content=b"abc").content == b"abc"
        with client.stream("POST", "/", content=b"abc"):
            pass
    assert app.closed == 1


@pytest.mark.parametrize("exc_info", [(1, 2, 3), (None, None), (), "abc", LookupError()])
def test_what_is_no_exc_info(exc_info: Any) -> None:
    """PEP 3333: ``exc_info`` is None, or the three values of ``sys.exc_info()`` while an exception is handled."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")], exc_info)
        return [b""]

    with Client(lint.wsgi(app)) as client, pytest.raises(AssertionError, match="got exc_info"):
        client.get("/")


def test_what_is_refused_is_closed() -> None:
    """PEP 3333: whoever gets an iterable closes it, also one that breaks the rules."""
    closed: list[str] = []

    class Wrong(str):
        def close(self) -> None:
            closed.append(self)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Wrong("text")

    with Client(lint.wsgi(app)) as client, pytest.raises(AssertionError, match="expected an iterable of bytes"):
        client.get("/")
    assert closed == ["text"]


def test_what_the_application_caught_is_closed() -> None:
    """An iterable is closed if the lint refuses it because of a mistake that the application has caught before."""
    closed: list[bool] = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(True)

    def app(environ: Any, start_response: Any) -> Any:
        with contextlib.suppress(AssertionError):
            start_response("200", [])
        start_response("200 OK", [])
        return Body([b"x"])

    with pytest.raises(AssertionError, match="got status '200'"):
        lint.wsgi(app)({}, lambda *args: None)
    assert closed == [True]


@pytest.mark.parametrize("make", [lint.wsgi, lint.asgi])
def test_a_lint_can_be_copied(make: Any) -> None:
    """A copy of a lint has the same application, and an object without its state has no attributes."""
    lint_of = make(echo_wsgi)
    assert copy.copy(lint_of).__name__ == echo_wsgi.__name__
    with pytest.raises(AttributeError, match="has no attribute '_app'"):
        type(lint_of).__new__(type(lint_of)).name
