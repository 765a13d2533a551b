"""``form_data_parser_class`` of the compat request: each class, and each object, has its own parser."""

from __future__ import annotations

from typing import Any

import pytest

from cardan import Response
from cardan.compat.werkzeug.datastructures import MultiDict
from cardan.compat.werkzeug.formparser import FormDataParser
from cardan.compat.werkzeug.wrappers import Request
from cardan.core.forms import Form
from cardan.testing import PROTOCOLS, Client


def parser(name: str) -> type[FormDataParser]:
    class Parser(FormDataParser):
        def parse(self, stream: Any, mimetype: str, content_length: int | None, options: Any = None) -> Any:
            return stream, MultiDict([("parser", name)]), MultiDict()

    return Parser


class First(Request):
    form_data_parser_class = parser("first")


class Second(Request):
    form_data_parser_class = parser("second")


class Third(First):
    form_data_parser_class = parser("third")


class OwnHook(Request):
    def make_form_data_parser(self, content_length: int | None) -> Any:
        return self

    def run(self) -> Any:
        return Form([("parser", f"the hook, {self.form_data_parser_class.__name__}")], [])
        yield


class BelowOwnHook(OwnHook):
    form_data_parser_class = parser("not called")


def over(cls: type[Request], request: Any) -> Any:
    return cls(request.environ) if hasattr(request, "environ") else cls(request.scope, request.receive)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_class_has_its_own_parser(protocol: str) -> None:
    """Two classes that have different parsers do not share a form, also if one inherits from the other."""

    @First.application
    def app(request: First) -> Response:
        request.get_data()
        others = [over(cls, request) for cls in (First, Second, Third)]
        return Response(" ".join([request.form["parser"], *(other.form["parser"] for other in others)]))

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "first first second third"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("cls", [Request, First])
def test_a_parser_class_may_be_set_on_a_request(protocol: str, cls: type[Request]) -> None:
    """A parser class that is set on one request object parses the form of this request, as in Werkzeug."""

    @cls.application
    def app(request: Any) -> Response:
        request.form_data_parser_class = parser("its own")
        return Response(request.form["parser"])

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "its own"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_inherited_hook_stays(protocol: str) -> None:
    """A class that inherits a ``make_form_data_parser`` and sets only the parser class keeps the hook, which may use
    the parser class.
    """

    @BelowOwnHook.application
    def app(request: BelowOwnHook) -> Response:
        return Response(request.form["parser"])

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "the hook, Parser"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_classes_that_are_written_later(protocol: Any) -> None:
    """In classes that a function makes, too, each parser is called for its class only, and a hook that the class or its
    base has stays.
    """

    class Own(Request):
        form_data_parser_class = parser("own")

    class Below(Own):
        form_data_parser_class = parser("below")

    class Without(Below):
        pass

    class Hook(OwnHook):
        form_data_parser_class = parser("not called")

    @Own.application
    def app(request: Own) -> Response:
        request.get_data()
        others = [over(cls, request) for cls in (Below, Without, Own, Hook)]
        return Response(", ".join([request.form["parser"], *(other.form["parser"] for other in others)]))

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "own, below, below, own, the hook, Parser"
