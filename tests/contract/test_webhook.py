"""The bytes of a form can be had before it is parsed, or with ``buffer=True``. They are never silently empty.

An empty value would have the same signature for every form.
Without ``buffer=True``, asking for the bytes after the form was parsed raises BodyConsumed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from cardan import Application, BaseRequest, Request, Response, abort, middleware
from cardan.compat.werkzeug.wrappers import Request as CompatRequest
from cardan.exceptions import BadRequest, BodyConsumed
from cardan.testing import Client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

from .conftest import IN_PROCESS

FORMS = {
    "urlencoded": {"data": {"amount": "5"}},
    "multipart": {"data": {"amount": "5"}, "files": {"f": ("x", b"file")}},
}


def sign(body: bytes) -> str:
    return hashlib.sha256(b"key" + body).hexdigest()


@middleware(buffer=True)
def signed(request: Request) -> Any:
    if request.headers.get("X-Signature") != sign(request.get_data()):
        return abort(403, "bad signature")
    return (yield)


@middleware
def unbuffered(request: Request) -> Any:
    if request.headers.get("X-Signature") != sign(request.get_data()):
        return abort(403, "bad signature")
    return (yield)


def pay(request: Request) -> Response:
    return Response(f"paid {request.form['amount']} {len(request.files)}")


async def apay(request: Request) -> Response:
    await request.load()
    return pay(request)


def open_client(app: Any, place: str, **options: Any) -> Client:
    protocol, _, backend = place.partition("-")
    return Client(app, protocol=protocol, backend=backend or "asyncio", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", IN_PROCESS)
@pytest.mark.parametrize("load", [False, True])
@pytest.mark.parametrize("handler", [pay, apay])
@pytest.mark.parametrize("form", FORMS)
def test_the_signature_is_checked_on_the_bytes_and_the_form_is_parsed_from_them(
    place: str, load: bool, handler: Any, form: str
) -> None:
    """``buffer=True`` of a middleware comes before ``load=True`` of the application, whatever else is around it."""
    app = Application(handler, load=load, middleware=[lambda request: (yield), signed])
    with open_client(app, place) as client:
        request = client.build_request("POST", "/", **FORMS[form])  # type: ignore[arg-type]
        request.headers["X-Signature"] = sign(request.read())
        assert client.send(request).text == f"paid 5 {int(form == 'multipart')}"
        request.headers["X-Signature"] = sign(b"")
        assert client.send(request).status_code == 403


@pytest.mark.parametrize("place", IN_PROCESS)
@pytest.mark.parametrize("handler", [pay, apay])
def test_bytes_that_no_middleware_has_kept_are_an_error(place: str, handler: Any) -> None:
    """A middleware that forgot ``buffer=True`` fails on every form, a genuine one and one signed for no bytes."""
    app = Application(handler, load=True, middleware=[unbuffered])
    for signature in (sign(b"amount=5"), sign(b"")):
        with open_client(app, place) as client, pytest.raises(BodyConsumed, match="buffer=True"):
            client.post("/", data={"amount": "5"}, headers={"X-Signature": signature})


def test_the_option_load_of_a_middleware_is_gone() -> None:
    """``middleware()`` has no option ``load``: it would mean something else than that of the application."""
    with pytest.raises(TypeError, match="load"):
        middleware(load=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("place", IN_PROCESS)
@pytest.mark.parametrize("handler", [pay, apay])
def test_buffering_holds_the_body_to_max_data_memory(place: str, handler: Any) -> None:
    """A middleware that buffers holds the body to ``max_data_memory``; without it the form is within the limits."""

    class Small(Request):
        max_data_memory = 8

    for middlewares, status in (((signed,), 413), ((), 200)):
        app = Application(handler, request_class=Small, load=True, middleware=middlewares)
        with open_client(app, place) as client:
            headers = {"X-Signature": sign(b"amount=55")}
            assert client.post("/", data={"amount": "55"}, headers=headers).status_code == status


@pytest.mark.parametrize("place", IN_PROCESS)
@pytest.mark.parametrize("handler", [pay, apay])
def test_a_form_that_cannot_be_parsed_is_still_verified(place: str, handler: Any) -> None:
    """The signature comes first: 403 for a forged request, then the 400 for the broken form."""
    app = Application(handler, load=True, middleware=[signed])
    broken = b"--B\r\nbroken"
    with open_client(app, place) as client:
        for signature, status in ((sign(broken), 400), (sign(b""), 403)):
            headers = {"Content-Type": "multipart/form-data; boundary=B", "X-Signature": signature}
            assert client.post("/", content=broken, headers=headers).status_code == status


# --- every other way to the bytes of a form that was parsed ---

WAYS: dict[str, Callable[[Request], Any]] = {
    "get_data": lambda request: request.get_data(),
    "get_data, not kept": lambda request: request.get_data(cache=False),
    "get_data as text": lambda request: request.get_data(as_text=True),
    "text": lambda request: request.text,
    "get_json": lambda request: request.get_json(force=True),
    "get_json, silent": lambda request: request.get_json(force=True, silent=True),
    "get_json, not kept": lambda request: request.get_json(force=True, cache=False),
    "stream": lambda request: request.stream.read(),
}


class Silent(Request):
    form_rules = "silent"


class Original(CompatRequest):
    """A request of the original design, whatever it does with broken forms."""

    form_rules = "default"


def ask(request: Request) -> Response:
    answers = {}
    for name, way in WAYS.items():
        try:
            answers[name] = repr(way(request))
        except (BodyConsumed, BadRequest) as error:
            answers[name] = f"{type(error).__name__}: {error}"
    answers["data"] = repr(request.data)
    answers["get_data, parsed"] = repr(request.get_data(parse_form_data=True))
    answers["form"] = request.form["amount"]
    return Response.from_json(answers)


def parse(request: Request) -> Response:
    return ask(request) if request.form else Response(status=500)


async def aparse(request: Request) -> Response:
    await request.load()
    return ask(request)


@pytest.mark.parametrize("place", IN_PROCESS)
@pytest.mark.parametrize("handler", [parse, aparse])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cls", [Request, Silent, CompatRequest, Original])
def test_the_bytes_of_a_parsed_form(place: str, handler: Any, form: str, cls: type[Request]) -> None:
    """Every name for the bytes raises and says what to do instead; ``data`` is empty, as in the original design.

    A lenient request gives no bytes, as the original design does.
    """
    with open_client(Application(handler, request_class=cls), place) as client:
        answers = client.post("/", **FORMS[form]).json()  # type: ignore[arg-type]
    assert (answers.pop("data"), answers.pop("get_data, parsed"), answers.pop("form")) == ("b''", "b''", "5")
    if cls is Request:
        assert all(
            text.startswith("BodyConsumed") and "files" in text and "load(form=False)" in text and "buffer=True" in text
            for text in answers.values()
        )
    else:
        empty = dict.fromkeys(WAYS, "b''") | {"get_data as text": "''", "text": "''", "get_json, silent": "None"}
        for name in ("get_json", "get_json, not kept"):
            assert answers.pop(name).startswith("BadRequest")
            empty.pop(name)
        assert answers == empty


@pytest.mark.parametrize("place", IN_PROCESS)
@pytest.mark.parametrize("cls", [Request, Silent, CompatRequest, Original])
def test_load_without_the_form_after_the_form(place: str, cls: type[Request]) -> None:
    """``load(form=False)`` promises the bytes, so it raises without them, on every request object; ``load()`` may be
    called again.
    """
    seen: list[str] = []

    @Application
    async def app(request: Request) -> Response:
        await request.load()
        other = cls(request.environ) if place == "wsgi" else cls(request.scope, request._asgi_receive)
        for each in (request, other):
            await each.load()
            try:
                await each.load(form=False)
            except BodyConsumed as error:
                seen.append(str(error))
        return Response(request.form["amount"])

    app.request_class = cls
    with open_client(app, place) as client:
        assert client.post("/", data={"amount": "5"}).text == "5"
    assert len(seen) == (2 if cls is Request else 0)
    assert all(text.startswith("got load(form=False) after the body was parsed as a form") for text in seen)


@pytest.mark.parametrize("place", IN_PROCESS)
def test_data_of_a_request_that_sees_no_form(place: str) -> None:
    """``data`` is empty because its content is in the form. A request class that has no form there gets the error."""

    class Raw(Request):
        want_form_data_parsed = False  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    @Application
    def app(request: Request) -> Response:
        assert request.form["amount"] == "5"
        raw = Raw(request.environ) if place == "wsgi" else Raw(request.scope, request._asgi_receive)
        with pytest.raises(BodyConsumed):
            raw.data
        return Response("raised")

    with open_client(app, place) as client:
        assert client.post("/", data={"amount": "5"}).text == "raised"


@pytest.mark.parametrize("place", IN_PROCESS)
def test_json_of_a_form_is_415(place: str) -> None:
    """A client that sends a form where JSON is expected has made a mistake of its own: 415 and not a 500."""

    @Request.application(load=True)
    async def app(request: Request) -> Response:
        return Response.from_json(request.json)

    with open_client(app, place) as client:
        assert client.post("/", data={"amount": "5"}).status_code == 415


@pytest.mark.parametrize("place", IN_PROCESS)
@pytest.mark.parametrize("handler", ["def", "async"])
def test_kept_bytes_serve_everyone(place: str, handler: str) -> None:
    """After the bytes were kept, the form may be parsed, and the bytes are still there."""

    def view(request: BaseRequest) -> Response:
        return Response(f"{request.form['amount']} {request.text} {request.get_data()!r} {request.data!r}")

    async def aview(request: Request) -> Response:
        await request.load(form=False)
        await request.load()
        await request.load(form=False)
        return view(request)

    def first(request: Request) -> Response:
        request.get_data()
        return view(request)

    app: Awaitable[Any] | Any = Application(first if handler == "def" else aview)
    with open_client(app, place) as client:
        assert client.post("/", data={"amount": "5"}).text == "5 amount=5 b'amount=5' b'amount=5'"
