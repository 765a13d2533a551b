"""The guide "Moving from FastAPI": each line of its tables is run in FastAPI and here, on the same requests."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Optional

import fastapi
import fastapi.responses
import pydantic
import pytest
from fastapi import Body, Cookie, Depends, File, Form, Header, HTTPException, Query, UploadFile
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from cardan import Application, Mount, Request, Response, abort, redirect
from cardan.exceptions import UnprocessableContent
from cardan.testing import PROTOCOLS, Client
from tests.guide_tables import FORM, HEADERS, TARGET, code, rows, section, untested, view

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from cardan.types import ProtocolName

PAGE = "fastapi.md"


class Item(pydantic.BaseModel):
    a: list[int]


class ApiRequest(Request):
    """The request class of the page."""

    def validated(self, model: Any) -> Any:
        try:
            return model.model_validate(self.json)
        except pydantic.ValidationError as error:
            errors = error.errors(include_url=False, include_context=False)
            raise UnprocessableContent(members={"errors": errors}) from None


THEIRS: dict[str, Any] = {
    "Annotated": Annotated,
    "Optional": Optional,
    "Body": Body,
    "Cookie": Cookie,
    "Depends": Depends,
    "File": File,
    "Form": Form,
    "Header": Header,
    "HTTPBasic": HTTPBasic,
    "HTTPBasicCredentials": HTTPBasicCredentials,
    "HTTPException": HTTPException,
    "Query": Query,
    "UploadFile": UploadFile,
    "Request": fastapi.Request,
    "Response": fastapi.Response,
    "BackgroundTasks": fastapi.BackgroundTasks,
    "Item": Item,
    "item": Item(a=[1]),
    **{name: getattr(fastapi.responses, name) for name in ("JSONResponse", "PlainTextResponse", "RedirectResponse")},
}
OURS = {
    "Response": Response,
    "abort": abort,
    "redirect": redirect,
    "partial": partial,
    "Item": Item,
    "item": Item(a=[1]),
}


def old_app(parameters: str, body: str, names: dict[str, Any]) -> fastapi.FastAPI:
    """An application of FastAPI with one view."""
    namespace = THEIRS | names
    exec(f"async def view({parameters}):\n    {body}", namespace)
    app = fastapi.FastAPI()
    app.api_route("/shop/items", methods=["GET", "POST"], response_model=None)(namespace["view"])
    return app


def ask(app: Any, protocol: ProtocolName = "asgi", method: str = "GET", **sent: Any) -> httpx.Response:
    with Client(app, protocol, raise_app_exceptions=False) as client:
        return client.request(method, TARGET, **sent)


def plain(value: Any) -> Any:
    """What two objects for the same thing have in common."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if hasattr(value, "password"):
        return value.username, value.password
    if hasattr(value, "filename"):
        return value.filename, value.content_type, value.size
    return str(value.url) if hasattr(value, "url") else value


def body_of(line: str) -> dict[str, Any]:
    """What is sent for a parameter."""
    if "Form" in line or "photo" in line:
        return {"method": "POST", **FORM}
    if "body" in line or "item" in line:
        return {"method": "POST", "json": {"a": [1]}}
    return {"headers": HEADERS}


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "Parameters"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_parameters(old: str, new: str, protocol: ProtocolName, asynchronous: bool) -> None:
    """A parameter there and an expression here have the same value."""
    parameter = code(old)
    got: list[Any] = []
    sent = body_of(parameter)
    keep = old_app(parameter, f"keep({parameter.partition(':')[0]})", {"keep": lambda value: got.append(plain(value))})
    assert ask(keep, **sent).status_code == 200
    if asynchronous and "read()" in new:
        assert "`await request.files[...].aread()`" in section(PAGE, "Parameters")
        new = f"`await {code(new).replace('read', 'aread')}`"
    read = view(new, OURS)

    def handler(request: ApiRequest) -> Response:
        got.append(plain(read(request)))
        return Response()

    async def async_handler(request: ApiRequest) -> Response:
        value = read(request)
        got.append(plain(await value if hasattr(value, "__await__") else value))
        return Response()

    app = Application(async_handler if asynchronous else handler, request_class=ApiRequest, load=asynchronous)
    assert ask(app, protocol, **sent).status_code == 200
    assert got[0] == got[1]


@pytest.mark.parametrize(("old", "new"), rows(PAGE, "The answer"), ids=str)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_answers(old: str, new: str, protocol: ProtocolName) -> None:
    """In each row, the code of FastAPI and that of cardan send the same status and the same header fields and, unless
    it is an error or a redirect, the same body.
    """
    notes: list[list[str]] = [[], []]
    theirs = ask(old_app("response: Response, tasks: BackgroundTasks", code(old), {"note": notes[0].append}))
    ours = ask(Application(view(new, OURS | {"note": notes[1].append})), protocol)
    assert notes[0] == notes[1] == (["sent"] if "note" in old else [])
    assert ours.status_code == theirs.status_code
    for name in ("Location", "X-Tag", "WWW-Authenticate", "Set-Cookie"):
        assert cookie(ours.headers.get(name)) == cookie(theirs.headers.get(name)), name
    if ours.is_error:
        detail = ours.json()["detail"] if "json" in ours.headers["Content-Type"] else ours.text
        assert "raise" in old
        assert detail
    elif not ours.is_redirect:  # it has a page here
        assert ours.headers["Content-Type"] == theirs.headers["Content-Type"]
        assert ours.content == theirs.content or ours.json() == theirs.json()


def cookie(value: str | None) -> list[str] | None:
    """The members of a field in one order, in small letters."""
    return value and sorted(value.lower().split("; "))


# What differs


def differs(text: str) -> None:
    """The table "What differs" has a row that begins with ``text``."""
    assert any(row[0].startswith(text) for row in rows(PAGE, "What differs from FastAPI")), text


def test_every_difference_is_tested() -> None:
    """Each row of the table is named by a test in this file."""
    assert untested(PAGE, "What differs from FastAPI", __file__, "differs") == []


def ours(new: Any, **sent: Any) -> list[httpx.Response]:
    """What a view answers here on both protocols."""
    return [ask(Application(new, request_class=ApiRequest), protocol, **sent) for protocol in PROTOCOLS]


def test_arguments() -> None:
    """A missing one is a 422 there and a 400 here; one that is no number is a 422 there, and None here."""
    differs("A parameter that is missing")
    differs("`page: int` of a text")
    assert ask(old_app("none: str", "return none", {})).status_code == 422
    assert ask(old_app("tag: int", "return tag", {})).status_code == 422
    assert [answer.status_code for answer in ours(lambda request: request.args["none"])] == [400, 400]
    text = ours(lambda request: Response(str(request.args.get("tag", type=int))))
    assert [answer.text for answer in text] == ["None", "None"]

    class Arguments(pydantic.BaseModel):
        page: int

    model = ours(lambda request: Response(str(Arguments.model_validate(request.args.to_dict()).page + 1)))
    assert [answer.text for answer in model] == ["3", "3"]


def test_errors() -> None:
    """The errors of a 422 and the text of an error have other places."""
    differs("The errors of a 422 are in `detail`")
    differs('`{"detail": "no such item"}` is the body')
    sent: dict[str, Any] = {"method": "POST", "json": {"a": ["x"]}}
    theirs = ask(old_app("item: Item", "return item", {}), **sent)
    assert theirs.json()["detail"][0]["loc"][-2:] == ["a", 0]
    for answer in ours(lambda request: request.validated(Item), **sent):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["a", 0]
    assert ask(old_app("", 'raise HTTPException(404, "no such item")', {})).json() == {"detail": "no such item"}
    for answer in ours(lambda request: abort(404, "no such item"), headers={"Accept": "application/json"}):
        assert answer.json() == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "no such item",
        }


def test_what_is_returned() -> None:
    """A dict becomes JSON there; here a response is expected."""
    differs("A view returns a dict")
    assert ask(old_app("", "return {}", {})).json() == {}
    assert [answer.status_code for answer in ours(lambda request: {})] == [500, 500]


def test_files() -> None:
    """A file has a limit here."""
    differs("`await photo.read()` reads a file")
    differs("Forms need `python-multipart`")

    class Small(Request):
        max_file_size = 4

    assert ask(old_app("photo: UploadFile", "await photo.read()", {}), method="POST", **FORM).status_code == 200
    app = Application(lambda request: Response(request.form["title"] + str(len(request.files))), request_class=Small)
    for protocol in PROTOCOLS:
        assert ask(app, protocol, method="POST", **FORM).status_code == 413


def test_paths_and_methods() -> None:
    """A slash too many is redirected there; a view has the methods that it is registered for."""
    differs("`/items/` is redirected")
    differs("A view answers the methods")
    old = old_app("", "return {}", {})
    new = Application(lambda request: Response(f"{request.path} {request.method}"))
    with Client(old, "asgi") as client:
        assert client.get("/shop/items/").headers["Location"].endswith("/shop/items")
        assert client.delete("/shop/items").status_code == 405
    for protocol in PROTOCOLS:
        with Client(new, protocol) as client:
            assert client.delete("/shop/items/").text == "/shop/items/ DELETE"


# What stands around the views


def test_the_other_way_round() -> None:
    """FastAPI may stay in front, and gives its state to the views that have moved."""

    @contextlib.asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[dict[str, str]]:
        yield {"db": "open"}

    old = fastapi.FastAPI(lifespan=lifespan)
    old.mount("/api", Application(lambda request: Response(f"{request.path} {request.state['db']}")))
    for protocol in PROTOCOLS:
        for app in (Application.from_asgi(old), Mount({"/": Application.from_asgi(old)})):
            with Client(app, protocol) as client:
                assert client.get("/api/items").text == "/items open"


def test_overriding_a_dependency() -> None:
    """A subclass stands in the place of ``dependency_overrides``."""

    class Site(Application[Request]):
        session = "real"

        def resolve(self, request: Request) -> Response:
            return Response(self.session)

    class Testing(Site):
        session = "test"

    for app, text in ((Site(), "real"), (Testing(), "test")):
        for protocol in PROTOCOLS:
            assert ask(app, protocol).text == text


def test_a_body_that_is_not_json() -> None:
    """A body that is not JSON is a 400, before the model sees it."""
    sent: dict[str, Any] = {"method": "POST", "content": b"{", "headers": {"Content-Type": "application/json"}}
    assert [answer.status_code for answer in ours(lambda request: request.validated(Item), **sent)] == [400, 400]
