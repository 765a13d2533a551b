"""``Application``, its subclasses and ``Request.application`` share one set of options."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

from cardan import Application, Request, Response, middleware
from cardan.testing import PROTOCOLS, Client
from cardan.types import ApplicationOptions

if TYPE_CHECKING:
    from collections.abc import Callable

both = pytest.mark.parametrize("protocol", PROTOCOLS)


def handler(request: Request) -> Response:
    """Answers with the path."""
    return Response(request.path)


class App(Application[Request]):
    """A subclass."""


WAYS: dict[str, Callable[..., Any]] = {
    "Application": lambda **options: Application(handler, **options),
    "a subclass": lambda **options: App(handler, **options),
    "Request.application": lambda **options: Request.application(handler, **options),
    "the decorator": lambda **options: Request.application(**options)(handler),
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def test_each_option_is_an_attribute() -> None:
    """The options are the public attributes with a value, besides the handler and the class of requests, and with the
    same types.
    """
    hints = {name: text for name, text in Application.__annotations__.items() if not name.startswith("_")}
    attributes = {name for name in hints if not callable(vars(Application).get(name, len))}
    assert attributes - {"handler"} == {*ApplicationOptions.__annotations__}
    for name, text in ApplicationOptions.__annotations__.items():
        assert f"{hints[name].removesuffix(' | None')} | None" == text.__forward_arg__


def test_the_types_of_options_can_be_evaluated() -> None:
    """``get_type_hints()`` can evaluate the types of all options, for tools that read annotations at run time."""
    assert get_type_hints(ApplicationOptions).keys() == ApplicationOptions.__annotations__.keys()


@ways
def test_every_option_is_taken(way: Any) -> None:
    """Each way to make an application takes each option, and None for an option that is not given."""
    values: dict[str, Any] = {
        "load": True,
        "lifespan": lambda app: None,
        "middleware": (middleware(handler),),  # type: ignore[arg-type]
        "websocket": lambda scope, receive, send: None,
        "threads": 3,
        "waiting_threads": 4,
        "stream_threads": 5,
        "backend": "trio",
        "end_streams_on_stop": True,
        "errors": "problem",
    }
    assert values.keys() == ApplicationOptions.__annotations__.keys()
    app = way(**values)
    assert {name: getattr(app, name) for name in values} == values
    plain = Application(handler)
    app = way(**dict.fromkeys(values))
    assert {name: getattr(app, name) for name in values} == {name: getattr(plain, name) for name in values}


@ways
def test_a_misspelt_option_is_an_error(way: Any) -> None:
    """The error names the option that was meant, or all options."""
    with pytest.raises(TypeError, match=r"^got the option 'lod', expected 'load'$"):
        way(lod=True)
    with pytest.raises(TypeError, match=r"^got the option 'charset', expected one of 'load', 'lifespan', "):
        way(charset="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "max_content_length",
        "max_files",
        "max_drain_size",
        "drain_timeout",
        "body_timeout",
        "trusted_hosts",
        "form_rules",
    ],
)
def test_a_setting_of_requests_is_an_error(name: str) -> None:
    """An application that was given a limit, or the hosts to trust, would limit and check nothing. The error says where
    the setting belongs. A name that the program computes is its own.
    """
    where = "expected it in a class of requests: class ApiRequest"
    with pytest.raises(TypeError, match=f"^got the option {name!r}, {where}"):
        Application(handler, **{name: 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=f"^got {name} in App, {where}"):
        type("App", (Application,), {name: 1})
    with pytest.raises(TypeError, match=f"^got {name} in Application, {where}"):
        setattr(Application(handler), name, 1)
    cls: Any = type("App", (Application,), {name: property(lambda self: 1)})
    assert getattr(cls(handler), name) == 1


#: what a subclass may set or override: the options, the handler and its requests, the hooks, and what a server calls
NAMES = [
    *ApplicationOptions.__annotations__,
    *("handler", "request_class", "resolve", "on_error", "on_exception", "wsgi_app", "asgi_app", "close"),
]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_known_if_it_is_misspelt(name: str) -> None:
    """A last letter too many, in the body of a class and assigned, is an error that names what was meant."""
    wrong = name + name[-1]
    with pytest.raises(TypeError, match=f"got {wrong} in App: did you mean {name}"):
        type("App", (Application,), {wrong: None})
    with pytest.raises(TypeError, match=f"got {wrong}, which is no option: did you mean {name}"):
        setattr(Application(handler), wrong, None)


@pytest.mark.parametrize(
    "word",
    ["handle", "handled", "handles", "handlers", "resolved", "resolver", "resolvers", "resolves", "loads", "closed",
     "closes", "closer", "backends", "websockets", "lifespans", "request_classes", "on_errors"],
)  # fmt: skip
def test_other_words_are_no_mistakes(word: str) -> None:
    """A plural, another form of a verb, or a noun that is made of it is a name of the program's own."""
    cls: Any = type("App", (Application,), {word: 1})
    assert getattr(cls(handler), word) == 1
    app: Any = Application(handler)
    setattr(app, word, 2)
    assert getattr(app, word) == 2
    setattr(app, f"_{word}{word[-1]}", 3)  # what is private is never an option


@ways
def test_a_wrong_backend_is_an_error(way: Any) -> None:
    """When it is given, and not when the first request comes. It is the same for an assignment and for a class."""
    expected = r"^got the backend 'tokio', expected 'asyncio' or 'trio'$"
    with pytest.raises(ValueError, match=expected):
        way(backend="tokio")
    app = way()
    with pytest.raises(ValueError, match=expected):
        app.backend = "tokio"

    with pytest.raises(ValueError, match=expected):

        class Wrong(Application[Request]):
            backend = "tokio"  # type: ignore[assignment]


class Page:
    """Applications that are methods, with options."""

    word = "page"

    @Request.application(load=True)
    async def form(self, request: Request) -> Response:
        """Finds the form loaded."""
        return Response(f"{self.word} {request.form['a']}")

    @Request.application(middleware=[])
    def path(self, request: Request) -> Response:
        """A ``def``."""
        return Response(f"{self.word} {request.path}")


@both
def test_methods_with_options(protocol: Any) -> None:
    """``@Request.application(...)`` with options makes an application of a method. On the class it is one as well."""
    page = Page()
    with Client(page.form, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}).text == "page 1"
    with Client(page.path, protocol=protocol) as client:
        assert client.get("/x").text == "page /x"
    assert isinstance(Page.form, Application)
    assert isinstance(page.path, Application)
    assert inspect.signature(Application).parameters.keys() == {"handler", "request_class", "options"}
