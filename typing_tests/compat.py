"""What type checkers know of the modules with the names of Werkzeug's."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any, BinaryIO, assert_type

import cardan
from cardan.compat.werkzeug.datastructures import FileStorage, ImmutableMultiDict, MultiDict
from cardan.compat.werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestedRangeNotSatisfiable
from cardan.compat.werkzeug.formparser import FormDataParser, parse_form_data
from cardan.compat.werkzeug.routing import Map, MapAdapter
from cardan.compat.werkzeug.test import Client, EnvironBuilder, TestResponse, create_environ
from cardan.compat.werkzeug.utils import cached_property, header_property, redirect, secure_filename, send_file
from cardan.compat.werkzeug.wrappers import Request, Response
from cardan.compat.werkzeug.wsgi import get_input_stream, responder


class OwnResponse(Response):
    cost = header_property[int]("X-Cost", 0, int, str)


class OwnRequest(Request):
    form_data_parser_class = FormDataParser

    @cached_property
    def number(self) -> int:
        return 1


def requests(environ: dict[str, Any]) -> None:
    request = Request(environ)
    assert_type(request.files, ImmutableMultiDict[str, FileStorage])
    assert_type(request.files["f"], FileStorage)
    assert_type(Request.from_values("/"), Request)
    assert_type(OwnRequest(environ, False, True).number, int)
    Request(environ, "no")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


def responses(environ: dict[str, Any]) -> None:
    assert_type(redirect("/"), cardan.Response)
    assert_type(redirect("/", 303, OwnResponse), OwnResponse)
    assert_type(redirect("/", Response=OwnResponse), OwnResponse)
    assert_type(send_file("a", environ), Response)
    assert_type(OwnResponse().cost, int)
    assert_type(secure_filename("a"), str)


def errors(error: HTTPException, environ: dict[str, Any], start_response: Any) -> None:
    assert_type(error(environ, start_response), Iterable[bytes])
    assert_type(NotFound("none", Response()).get_response(environ), cardan.Response)
    MethodNotAllowed(["GET"], "read only", Response())
    RequestedRangeNotSatisfiable(10, "bytes")
    MethodNotAllowed(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    NotFound(["GET"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def errors_on_asgi(error: HTTPException, scope: dict[str, Any], receive: Any, send: Any) -> None:
    assert_type(error(scope, receive, send), Awaitable[None])
    await error(scope, receive, send)


def helpers(environ: dict[str, Any]) -> None:
    assert_type(parse_form_data(environ), tuple[BinaryIO, MultiDict[str, Any], MultiDict[str, Any]])
    assert_type(get_input_stream(environ), BinaryIO)
    assert_type(create_environ("/"), dict[str, Any])
    assert_type(EnvironBuilder().get_request(), Request)
    assert_type(EnvironBuilder().get_request(OwnRequest), OwnRequest)
    assert_type(Client(Response()).get("/"), TestResponse)
    assert_type(Map().bind_to_environ(Request(environ)), MapAdapter)

    @responder
    def application(environ: Any, start_response: Any) -> Response:
        return Response()

    Client(application)
