"""What a framework overrides in its class of requests: loading of the form, JSON that is broken, the user agent; and
``send``, which the request keeps on ASGI.
"""

from __future__ import annotations

from typing import Any

import pytest

from cardan import Application, BaseRequest, Request, Response, core
from cardan.compat.werkzeug import wrappers
from cardan.datastructures import UserAgent
from cardan.exceptions import BadRequest, RequestEntityTooLarge
from cardan.testing import Client

from .conftest import IN_PROCESS

places = pytest.mark.parametrize("place", IN_PROCESS)
kinds = pytest.mark.parametrize("kind", ["def", "async"])

URLENCODED = {"content": b"a=1", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
MULTIPART: dict[str, Any] = {"data": {"a": "1"}, "files": {"f": ("x", b"data")}}
JSON: dict[str, Any] = {"json": {"a": 1}}


def client_of(handler: Any, place: str, kind: str, request_class: Any, **options: Any) -> Client:
    """A client of an application with this handler, a ``def``, or with one that loads the body and calls it."""

    async def ahandler(request: Any) -> Any:
        await request.load()
        return handler(request)

    def answer(request: Any) -> Any:
        return handler(request)

    app: Any = Application(answer if kind == "def" else ahandler, request_class=request_class, **options)
    protocol, _, backend = place.partition("-")
    return Client(app, protocol=protocol, backend=backend or "asyncio")  # type: ignore[arg-type]


class Hooked(Request):
    """Notes what the hook sees."""

    calls = 0
    seen: Any = None

    def load_form(self) -> None:
        """Loads the form and looks at it."""
        self.calls += 1
        super().load_form()
        self.seen = self.form.to_dict(), list(self.files), self.mimetype


class HookedAsWerkzeug(wrappers.Request):
    """The same as programs for Werkzeug write it."""

    calls = 0
    seen: Any = None

    def _load_form_data(self) -> None:
        self.calls += 1
        super()._load_form_data()
        self.seen = self.form.to_dict(), list(self.files), self.mimetype


ACCESSES: dict[str, Any] = {
    "form": lambda request: request.form,
    "files": lambda request: request.files,
    "values": lambda request: request.values,
    "data": lambda request: request.data,
    "get_data": lambda request: request.get_data(parse_form_data=True),
}


@places
@kinds
@pytest.mark.parametrize("request_class", [Hooked, HookedAsWerkzeug])
@pytest.mark.parametrize("access", ACCESSES)
def test_the_form_is_loaded_in_one_place(place: str, kind: str, request_class: Any, access: str) -> None:
    """The hook is called once, at the first access, also for a body that is no form. It may use the form."""
    seen: list[Any] = []

    def handler(request: Any) -> Response:
        before = request.calls
        ACCESSES[access](request)
        seen.append((before, request.calls, request.seen))
        request.form, request.files, request.values, request.data
        seen.append(request.calls)
        return Response("")

    with client_of(handler, place, kind, request_class) as client:
        for upload in (URLENCODED, MULTIPART, JSON):
            assert client.post("/", **upload).status_code == 200
    assert seen == [
        (0, 1, ({"a": "1"}, [], "application/x-www-form-urlencoded")), 1,
        (0, 1, ({"a": "1"}, ["f"], "multipart/form-data")), 1,
        (0, 1, ({}, [], "application/json")), 1,
    ]  # fmt: skip


@places
@kinds
@pytest.mark.parametrize("access", ACCESSES)
def test_what_the_hook_has_used_is_what_the_handler_gets(place: str, kind: str, access: str) -> None:
    """``form`` and ``files`` are the objects that the hook has seen: it may have given them another class."""

    class Keeps(Request):
        def load_form(self) -> None:
            super().load_form()
            self.kept = self.form, self.files

    def handler(request: Any) -> Response:
        ACCESSES[access](request)
        return Response(f"{request.form is request.kept[0]} {request.files is request.kept[1]}")

    with client_of(handler, place, kind, Keeps) as client:
        assert client.post("/", **MULTIPART).text == "True True"


@places
@kinds
def test_no_access_no_call(place: str, kind: str) -> None:
    """JSON, and the bytes without the form, are read without the hook."""

    def handler(request: Any) -> Response:
        return Response(f"{request.get_data()!r} {request.get_json(force=True)} {request.calls}")

    with client_of(handler, place, kind, Hooked) as client:
        assert client.post("/", **JSON).text == "b'{\"a\":1}' {'a': 1} 0"


@places
@kinds
def test_an_error_of_the_hook(place: str, kind: str) -> None:
    """An error that ``load_form()`` raises is raised by the access to the form. The next access calls the hook again;
    once the hook has succeeded, it is not called any more.
    """

    class Fails(Request):
        left = 2

        def load_form(self) -> None:
            super().load_form()
            self.left -= 1
            if self.left:
                raise BadRequest("not yet")

    def handler(request: Any) -> Response:
        with pytest.raises(BadRequest, match="not yet"):
            request.form["a"]
        return Response(f"{request.form['a']} {request.left} {len(request.files)} {request.left}")

    with client_of(handler, place, kind, Fails) as client:
        assert client.post("/", **URLENCODED).text == "1 0 0 0"


@places
def test_limits_in_the_hook(place: str) -> None:
    """In sync code nothing of the body was read before the hook: it may set limits, and sees their errors."""
    seen: list[Any] = []

    class Limits(Request):
        def load_form(self) -> None:
            self.max_form_memory_size = 1
            try:
                super().load_form()
            except RequestEntityTooLarge as error:
                seen.append(error.limit)
                raise

    with client_of(lambda request: Response(request.form["a"]), place, "def", Limits) as client:
        assert client.post("/", **URLENCODED).text == "1"
        assert client.post("/", data={"a": "22"}).status_code == 413
    assert seen == ["max_form_memory_size"]


def test_a_request_of_core() -> None:
    """The hook is one of every request, also without an adapter and in a mixin."""

    class Mixin:
        calls = 0

        def load_form(self) -> None:
            self.calls += 1
            super().load_form()  # type: ignore[misc]

    class Own(Mixin, core.Request):
        pass

    class Bare(Mixin, BaseRequest[Any]):
        pass

    head = core.RequestHead("POST", "/", headers=[(b"content-type", b"application/x-www-form-urlencoded")])
    request = Own(head, b"a=1")
    assert (request.form["a"], request.calls, len(request.files), request.calls) == ("1", 1, 0, 1)
    made: Any = Bare.from_values("/", method="POST", form={"a": "1"})
    assert (made.form["a"], made.calls) == ("1", 1)


@places
@kinds
def test_json_that_is_broken(place: str, kind: str) -> None:
    """``on_json_loading_failed`` gets the error of the parser, or None for another Content-Type; what it returns is the
    value of ``json``.
    """

    class Lenient(Request):
        def on_json_loading_failed(self, error: Exception | None) -> Any:
            try:
                return super().on_json_loading_failed(error)
            except BadRequest:
                return "broken"
            except Exception as raised:
                return type(raised).__name__

    with client_of(lambda request: Response(str(request.json)), place, kind, Lenient) as client:
        assert client.post("/", content=b"{", headers={"Content-Type": "application/json"}).text == "broken"
        assert client.post("/", content=b"{}", headers={"Content-Type": "text/plain"}).text == "UnsupportedMediaType"
        assert client.post("/", **JSON).text == "{'a': 1}"


class Browser(UserAgent):
    """A user agent that is parsed."""

    @property
    def browser(self) -> str:
        """The name of the first product."""
        return self.partition("/")[0]


@places
@kinds
@pytest.mark.parametrize("base", [Request, wrappers.Request])
def test_the_class_of_the_user_agent(place: str, kind: str, base: Any) -> None:
    """``user_agent`` is of the class ``user_agent_class``, also if the field was not sent. It is read-only."""

    class Own(base):  # type: ignore[misc]
        user_agent_class = Browser

    def handler(request: Any) -> Response:
        assert request.user_agent is request.user_agent
        with pytest.raises(AttributeError):
            request.user_agent = "x"
        return Response(f"{type(request.user_agent).__name__} {request.user_agent.browser} {request.user_agent.string}")

    with client_of(handler, place, kind, Own) as client:
        assert client.get("/", headers={"User-Agent": "curl/8"}).text == "Browser curl curl/8"
        assert client.get("/", headers={"User-Agent": ""}).text == "Browser  "
    with pytest.raises(TypeError, match="got user_agent_class = 5, expected a class"):
        type("Wrong", (base,), {"user_agent_class": 5})


@places
@kinds
def test_send_is_kept(place: str, kind: str) -> None:
    """On ASGI a request has the ``send`` that it was made with, for messages of extensions; so has a request that a
    helper makes of the scope. On WSGI there is none.
    """
    sent: list[Any] = []

    def handler(request: Any) -> Response:
        if place == "wsgi":
            with pytest.raises(AttributeError, match="opened on a WSGI environ: it has no send"):
                request.send
        else:
            sent.append(callable(request.send) and Request(request.scope, populate_request=False).send is request.send)
        return Response("")

    with client_of(handler, place, kind, Request) as client:
        assert client.get("/").status_code == 200
    assert sent == ([] if place == "wsgi" else [True])


async def _send(message: Any) -> None: ...


async def _receive() -> Any: ...


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_send_of_a_bare_request(kind: str) -> None:
    """``request.send`` is the object that was given. If none was, the error says how to make such a request."""
    scope = {"type": kind, "headers": [], "path": "/", "method": "GET"}
    assert Request({**scope}, _receive, _send).send is _send
    with pytest.raises(AttributeError, match=r"made without send: Request\(scope, receive, send\)"):
        Request({**scope}, populate_request=False).send
