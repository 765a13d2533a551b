"""The class of an application's requests, when only the annotations of its functions name it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import pytest

from cardan import Application, BaseRequest, Request, Response, middleware
from cardan.apps._request_annotation import request_class_for
from cardan.testing import PROTOCOLS, Client
from cardan.types import Flow, UnreadRequest

if TYPE_CHECKING:
    from somewhere import Hidden  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

R = TypeVar("R", bound="ApiRequest")
S = TypeVar("S", bound=BaseRequest)


class ApiRequest(Request):
    max_content_length = 5


class Derived(ApiRequest):
    pass


class Other(Request):
    pass


class Small(BaseRequest):
    pass


def plain(request: Request) -> Response:
    return Response(type(request).__name__)


def api(request: ApiRequest) -> Response:
    return Response(type(request).__name__)


async def api_async(request: ApiRequest) -> Response:
    return Response(type(request).__name__)


@middleware
def stamped(request: ApiRequest) -> Flow:
    response = yield
    response.headers["X-Class"] = type(request).__name__


class Views:
    def view(self, request: ApiRequest) -> Response:
        return Response(type(request).__name__)

    def __call__(self, request: ApiRequest) -> Response:
        return Response(type(request).__name__)


def with_first(first: int, request: ApiRequest) -> Response:
    return Response(type(request).__name__)


def logged(function: Callable[[S], Response]) -> Callable[[S], Response]:
    @wraps(function)
    def call(request: S) -> Response:
        return function(request)

    return call


def several(request: Annotated[ApiRequest, "any"], other: int = 5) -> Response:
    return Response()


def unread(request: UnreadRequest[ApiRequest]) -> Response:
    return Response()


def quoted(request: "Derived[Any]") -> Response:  # type: ignore[type-arg]  # noqa: UP037
    return Response()


def generic(request: R) -> Response:
    return Response()


def small(request: Small) -> Response:
    return Response()


def bare(request):  # type: ignore[no-untyped-def]
    return Response()


def hidden(request: Hidden) -> Response:
    return Response()


FUNCTIONS: dict[str, tuple[list[Any], type]] = {
    "def": ([api], ApiRequest),
    "async def": ([api_async], ApiRequest),
    "a method": ([Views().view], ApiRequest),
    "the function of a method": ([Views.view], ApiRequest),
    "an object": ([Views()], ApiRequest),
    "a partial function": ([partial(with_first, 5)], ApiRequest),
    "a decorated function": ([logged(api)], ApiRequest),
    "a middleware": ([plain, stamped], ApiRequest),
    "the most derived class": ([stamped, quoted, api], Derived),
    "Annotated": ([several], ApiRequest),
    "an unread request": ([unread], ApiRequest),
    "a type variable": ([generic], ApiRequest),
    "a class with fewer attributes": ([small], Small),
    "Request": ([plain], Request),
    "no annotation": ([bare], Request),
    "a lambda": ([lambda request: Response()], Request),
    "an annotation that exists for type checkers only": ([hidden], Request),
    "what has no signature": ([dict.get, 5], Request),
    "nothing": ([], Request),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_class_that_annotations_name(name: str) -> None:
    """The annotation of the request, which is the last argument, names the class; the most derived one is taken."""
    functions, expected = FUNCTIONS[name]
    assert request_class_for(functions) is expected


def test_functions_for_different_classes_are_an_error() -> None:
    """No class of requests satisfies functions for two classes of which none is derived from the other."""
    with pytest.raises(TypeError, match="got functions that take ApiRequest and Other, expected one class of requests"):
        request_class_for([api, lambda request: Response(), lambda_for_other])


def lambda_for_other(request: Other) -> Response:
    return Response()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_requests_of_the_annotated_class(protocol: Any) -> None:
    """``Application(handler)`` makes the requests that its handler and its middleware are written for.

    Type checkers infer the same class, so that no program which they accept gets requests without its attributes.
    """
    for app in (Application(api), Application(api_async), Application(plain, middleware=[stamped])):
        assert app.request_class is ApiRequest
        with Client(app, protocol=protocol) as client:
            assert client.get("/").text == "ApiRequest"


def test_a_class_that_is_named_takes_precedence() -> None:
    """The argument ``request_class``, the brackets and an attribute of a subclass decide, whatever is annotated."""

    class Fixed(Application[Request]):
        pass

    class Attribute(Application):
        request_class = Derived

    handler: Any = api
    assert Application(handler, request_class=Derived).request_class is Derived
    assert Application[Derived](handler).request_class is Derived
    assert Fixed(handler).request_class is Request
    assert Attribute(handler).request_class is Derived


def test_the_functions_of_a_subclass() -> None:
    """A handler or middleware that is an attribute of a subclass is looked at, too."""

    class Stamped(Application):
        middleware = (stamped,)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    assert Stamped(plain).request_class is ApiRequest


@pytest.mark.parametrize(
    "make",
    [
        lambda: Application[int],  # type: ignore[type-var]
        lambda: Application[Response],  # type: ignore[type-var]
        lambda: Application[ApiRequest | Request],
        lambda: Application[None],  # type: ignore[type-var]
    ],
)
def test_brackets_with_what_is_no_class_of_requests(make: Callable[[], Any]) -> None:
    """``Application[int]`` and ``Application[A | B]`` raise TypeError: no application makes such requests."""
    with pytest.raises(TypeError, match=r"got Application\[.*\], expected one class that is derived from BaseRequest"):
        make()


def test_generic_brackets_with_what_is_no_class_of_requests() -> None:
    """A generic subclass of Application refuses brackets with what is no class of requests, and accepts one that is."""

    class Router(Application[S]):
        pass

    application: Any = Router
    with pytest.raises(TypeError, match=r"got Application\[int\], expected"):
        application[int]
    assert application[ApiRequest](api).request_class is ApiRequest


def test_a_function_that_uses_a_name_that_is_assigned_later() -> None:
    """The class that an annotation names counts also if the function uses another one that is defined below it."""

    def view(request: ApiRequest) -> Response:
        return helper(request)

    found = request_class_for([view])

    def helper(request: Request) -> Response:
        return Response(type(request).__name__)

    assert found is ApiRequest
    assert view(ApiRequest.from_values()).text == "ApiRequest"
