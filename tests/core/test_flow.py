"""The flow of one request: middleware around a handler, errors that become responses."""

from __future__ import annotations

import gc
import weakref
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cardan.core import HTTPException, NotFound, Response
from cardan.core._closing import close_all
from cardan.core._flow import flow, is_async, raiser
from cardan.core._response.outgoing import closers_of
from cardan.core.drive import run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator


def on_error(request: Any, error: HTTPException) -> Response:
    return Response(f"{request}: {error.code}")


def finish(steps: Any) -> Any:
    """Run what :func:`flow` gives to its end: each awaitable is run as a coroutine that never waits."""
    if not hasattr(steps, "send"):
        return steps
    resume: Any = partial(steps.send, None)
    while True:
        try:
            awaitable = resume()
        except StopIteration as stop:
            return stop.value
        try:
            next(awaitable.__await__())
        except StopIteration as stop:
            resume = partial(steps.send, stop.value)
        except BaseException as error:
            resume = partial(steps.throw, error)


def text(handler: Any, *middleware: Any) -> str:
    found: str = finish(flow("request", handler, middleware, on_error)).get_data(as_text=True)
    return found


async def hello(request: Any) -> Response:
    return Response("hello")


def test_a_handler_that_answers_at_once_needs_no_generator() -> None:
    """The response itself is given."""
    response = Response("x")
    assert flow("request", lambda request: response, (), on_error) is response


@pytest.mark.parametrize("handler", [hello, lambda request: Response("hello")], ids=["async def", "def"])
def test_middleware_stands_around_a_handler(handler: Any) -> None:
    """The outermost begins first and ends last; each may answer with another response."""
    order = []

    def noting(name: str, request: Any) -> Generator[None, Response, Response]:
        order.append(f"{name} begins")
        response = yield
        order.append(f"{name} ends")
        return Response(response.get_data(as_text=True) + name)

    assert text(handler, partial(noting, "a"), partial(noting, "b")) == "helloba"
    assert order == ["a begins", "b begins", "b ends", "a ends"]


def test_middleware_that_returns_before_its_yield_answers_in_place_of_the_handler() -> None:
    """Middleware that returns before its ``yield`` answers: neither the handler nor the middleware inside is called."""

    def refusing(request: Any) -> Generator[None, Response, Response]:
        return Response("no")
        yield

    assert text(lambda request: 1 / 0, refusing, lambda request: 1 / 0) == "no"


@pytest.mark.parametrize("way", ["raised", "returned", "raiser"])
def test_an_http_error_becomes_a_response(way: str) -> None:
    """Raised or returned, by the handler or for it, an HTTPException is answered by ``on_error``."""

    def handler(request: Any) -> Any:
        if way == "raised":
            raise NotFound
        return NotFound()

    assert text(raiser(NotFound()) if way == "raiser" else handler) == "request: 404"


def stamping(request: Any) -> Generator[None, Response, Response]:
    """A middleware that marks the response that it is sent."""
    response = yield
    return Response(f"({response.get_data(as_text=True)})")


@pytest.mark.parametrize("way", ["raised", "returned", "raiser", "awaited"])
def test_middleware_is_sent_the_response_to_an_http_error(way: str) -> None:
    """Whatever raises or returns it inside of a middleware, it is a response when the middleware sees it."""

    def handler(request: Any) -> Any:
        if way == "raised":
            raise NotFound
        return NotFound()

    async def ahandler(request: Any) -> Any:
        raise NotFound

    source = {"raiser": raiser(NotFound()), "awaited": ahandler}.get(way, handler)
    assert text(source, stamping, stamping) == "((request: 404))"


@pytest.mark.parametrize("when", ["at once", "before the yield", "after the yield"])
@pytest.mark.parametrize("way", ["raised", "returned"])
def test_an_http_error_of_middleware_is_a_response_for_the_one_around_it(when: str, way: str) -> None:
    """An HTTP error of a middleware answers in place of the handler before its ``yield``, and in place of the response
    after it.
    """

    def result() -> Any:
        if way == "raised":
            raise NotFound
        return NotFound()

    def plain(request: Any) -> Any:
        raise NotFound

    def failing(request: Any) -> Any:
        if when == "before the yield":
            return result()
        yield
        return result()

    assert text(hello, stamping, plain if when == "at once" else failing) == "(request: 404)"


def test_middleware_that_returns_nothing_means_the_response_that_it_was_sent() -> None:
    """The response of the handler or that of an HTTP error stays."""
    seen = []

    def watching(request: Any) -> Generator[None, Response, None]:
        seen.append((yield))

    response = Response("x")
    assert finish(flow("request", lambda request: response, [watching, watching], on_error)) is response
    assert seen == [response, response]
    assert text(raiser(NotFound()), watching) == "request: 404"


def test_middleware_that_returns_nothing_without_a_response_is_an_error() -> None:
    """Middleware that returns nothing before its ``yield``, or after an exception, has no response that could be meant:
    this is an error. An exception is its cause, so that it is not lost.
    """

    def skipping(request: Any) -> Any:
        if request is None:
            yield

    def swallowing(request: Any) -> Generator[None, Response, None]:
        with suppress(ZeroDivisionError):
            yield

    expected = "^got NoneType from .*{}, expected a Response or an HTTPException$"
    with pytest.raises(TypeError, match=expected.format("skipping")):
        text(hello, skipping)
    with pytest.raises(TypeError, match=expected.format("swallowing")) as caught:
        text(lambda request: 1 / 0, swallowing)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_the_exception_of_a_handler_is_raised_at_the_yield() -> None:
    """Middleware can answer it, or raise another one. Each middleware around it gets what the one inside raises."""

    def catching(request: Any) -> Generator[None, Response, Response]:
        try:
            yield
        except ZeroDivisionError:
            raise NotFound from None
        raise AssertionError

    seen = []

    def watching(request: Any) -> Generator[None, Response, None]:
        try:
            yield
        except Exception as error:
            seen.append(type(error))
            raise

    assert text(lambda request: 1 / 0, catching) == "request: 404"
    assert text(lambda request: 1 / 0, stamping, catching, watching) == "(request: 404)"
    assert seen == [ZeroDivisionError]
    with pytest.raises(ZeroDivisionError):
        text(lambda request: 1 / 0, watching, watching)


@pytest.mark.parametrize("way", ["returns", "raises"])
def test_a_cancellation_never_becomes_a_response(way: str) -> None:
    """Whatever a middleware returns or raises at its ``yield``, the cancellation is raised."""

    class Cancelled(BaseException): ...

    async def cancelled(request: Any) -> Response:
        raise Cancelled

    def catching(request: Any) -> Generator[None, Response, Response]:
        try:
            yield
        except Cancelled:
            if way == "raises":
                raise NotFound from None
        return Response("caught")

    with pytest.raises(Cancelled):
        text(cancelled, stamping, catching)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("kind", ["return", "yield", "async yield"])
def test_what_a_middleware_makes_of_a_cancellation_is_closed(kind: str, fails: bool) -> None:
    """If a middleware returns or yields a response when it is cancelled, the middleware and the response are closed;
    the cancellation is raised, not a TypeError that blames a wrong ``yield``. Both are closed, too, if the end of
    the middleware fails.
    """
    seen: list[str] = []

    async def cancelled(request: Any) -> Response:
        raise GuardError

    def caught() -> Response:
        response = Response("caught")
        response.call_on_close(lambda: seen.append("response"))
        return response

    def end() -> None:
        seen.append("middleware")
        if fails:
            raise LookupError

    def returning(request: Any) -> Generator[Any, Response, Response]:
        try:
            with suppress(GuardError):
                yield
            return caught()
        finally:
            seen.append("middleware")

    def yielding(request: Any) -> Generator[Any, Response, None]:
        try:
            with suppress(GuardError):
                yield
            yield caught()
        finally:
            end()

    async def ayielding(request: Any) -> AsyncGenerator[Any, Response]:
        try:
            with suppress(GuardError):
                yield
            yield caught()
        finally:
            end()

    kinds: dict[str, Any] = {"return": returning, "yield": yielding, "async yield": ayielding}
    with pytest.raises(LookupError if fails and kind != "return" else GuardError):
        text(cancelled, stamping, kinds[kind])
    assert seen == ["middleware", "response"]


def test_an_exception_leaves_no_reference_cycle() -> None:
    """What middleware was thrown is freed without the garbage collector, whatever the middleware does with it."""

    class Defect(Exception): ...

    def handler(request: Any) -> Response:
        error = Defect()
        errors.append(weakref.ref(error))
        try:
            raise error
        finally:
            del error

    def catching(request: Any) -> Generator[None, Response, Response]:
        with suppress(Defect):
            yield
        return Response("caught")

    def swallowing(request: Any) -> Generator[None, Response, None]:
        with suppress(Defect):
            yield

    def failing(request: Any) -> Generator[None, Response, None]:
        with suppress(Defect):
            yield
        raise NotFound

    errors: list[Any] = []
    gc.disable()
    try:
        for around in (catching, swallowing, failing, stamping):
            with suppress(TypeError, Defect):
                text(handler, around)
            assert errors.pop()() is None, around
    finally:
        gc.enable()


def test_an_error_that_closing_raises_again_leaves_no_reference_cycle() -> None:
    """A close hook of the response that is not sent may raise the very error of the middleware: each access to a body
    that could not be read raises the same one.
    """

    class Defect(Exception): ...

    def fail() -> None:
        raise kept.pop()

    def handler(request: Any) -> Response:
        response = Response("x")
        response.call_on_close(fail)
        return response

    def broken(request: Any) -> Generator[None, Response, None]:
        yield
        fail()

    kept = [Defect()] * 2
    error = weakref.ref(kept[0])
    gc.disable()
    try:
        with suppress(Defect):
            steps: Any = flow("request", handler, (broken,), on_error)
            run(steps, lambda closing: close_all(closers_of(closing.response)))
        assert (error(), kept) == (None, [])
    finally:
        gc.enable()


def test_what_is_no_answer_is_an_error() -> None:
    """A handler returns a response or an HTTPException; the error names the handler."""

    def handler(request: Any) -> Any:
        return "text"

    expected = r"^got str from .*handler, expected a Response or an HTTPException$"
    with pytest.raises(TypeError, match=expected):
        text(handler)


def test_what_is_no_response_of_on_error_is_an_error() -> None:
    """The error names ``on_error``, and not the handler that is right."""

    def forgetting(request: Any, error: HTTPException) -> Any:
        error.get_response()

    for middleware in ((), (stamping,)):
        with pytest.raises(TypeError, match=r"^got NoneType from .*forgetting, expected a Response"):
            finish(flow("request", raiser(NotFound()), middleware, forgetting))


def test_middleware_that_is_no_generator_is_an_error() -> None:
    """The error says what a middleware is. Nothing is left that was never awaited."""

    def plain(request: Any) -> Response:
        return Response("x")

    async def coroutine(request: Any) -> Response:
        return Response("x")

    class Instance:
        def __init__(self, request: Any) -> None: ...

    for wrong, kind in (
        (plain, "which returned Response and has no yield"),
        (coroutine, "an async def without a yield"),
        (Instance, "which is a class"),
    ):
        expected = f"^got the middleware .*{wrong.__name__}, {kind}, expected a generator function "
        with pytest.raises(TypeError, match=expected):
            text(hello, wrong)


@pytest.mark.parametrize("wrong", [5, None, "text"])
def test_middleware_that_cannot_be_called_is_an_error(wrong: Any) -> None:
    """The error shows the value."""
    with pytest.raises(
        TypeError, match=rf"^got the middleware {wrong!r}, which cannot be called, expected a generator"
    ):
        text(hello, wrong)


def test_middleware_without_a_signature() -> None:
    """If nothing tells which arguments it takes, its own error is raised."""

    class Unknown:
        __signature__ = "unknown"

        def __call__(self, *args: Any) -> Any:
            raise TypeError("of its own")

    with pytest.raises(TypeError, match=r"^of its own$"):
        text(hello, Unknown())


class GuardError(BaseException):
    """An exception that is no :exc:`Exception`, as a cancellation and those of test runners are."""


class Closing:
    """What a response closes: plain or by awaiting, with an error or without."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    def hook(self, name: str, error: BaseException | None = None) -> Any:
        def close() -> None:
            self.closed.append(name)
            if error is not None:
                raise error

        return close

    def ahook(self, name: str, error: BaseException | None = None) -> Any:
        async def close() -> None:
            self.hook(name, error)()

        return close


def failing(request: Any, kind: type[BaseException] = LookupError) -> Generator[None, Response, Response]:
    yield
    raise kind("of the middleware")


async def afailing(request: Any, kind: type[BaseException] = LookupError) -> AsyncGenerator[None, Response]:
    yield
    raise kind("of the middleware")


@pytest.mark.parametrize("kind", [LookupError, SystemExit, GuardError])
@pytest.mark.parametrize("middleware", [failing, afailing])
@pytest.mark.parametrize(
    "errors", [{}, {"b": OSError("b"), "c": ValueError("c")}, {"b": SystemExit("b")}, {"b": GuardError("b")}]
)
def test_a_response_that_is_not_sent_is_closed(
    errors: dict[str, BaseException], middleware: Any, kind: type[BaseException]
) -> None:
    """If a middleware raises an error after its ``yield``, whatever its class is, the response that it was sent is
    closed: each hook is called once, also those that have to be awaited, even if one fails. The first error of closing
    is raised, with that of the middleware behind it.
    """
    closing = Closing()

    def handler(request: Any) -> Response:
        response = Response("x")
        for add, name in ((closing.hook, "a"), (closing.ahook, "b"), (closing.hook, "c"), (closing.ahook, "d")):
            response.call_on_close(add(name, errors.get(name)))
        return response

    with pytest.raises((LookupError, OSError, SystemExit, GuardError)) as caught:
        text(handler, partial(middleware, kind=kind))
    assert closing.closed == ["a", "b", "c", "d"]
    raised: list[BaseException | None] = [caught.value, caught.value.__context__]
    assert [str(error) for error in raised if error] == [*(["b"] if errors else []), "of the middleware"]


def test_a_flow_that_is_given_up_awaits_nothing() -> None:
    """When the steps themselves are closed, nothing can be awaited any more: middleware that is an async generator is
    left to its event loop, plain middleware closes what it has opened, and a response that waits to be closed is left.
    """
    seen: list[str] = []

    async def around(request: Any) -> AsyncGenerator[None, Response]:
        try:
            yield
        finally:
            seen.append("async")

    def plain(request: Any) -> Generator[None, Response, None]:
        try:
            yield
        finally:
            seen.append("plain")

    async def waits(request: Any) -> Response:
        raise AssertionError

    def kept(request: Any) -> AsyncGenerator[None, Response]:
        made.append(around(request))
        return made[0]

    made: list[AsyncGenerator[None, Response]] = []
    steps: Any = flow("request", waits, (plain, kept), on_error)
    begin = steps.send(None)
    with pytest.raises(StopIteration) as stop:
        begin.send(None)
    waiting = steps.send(stop.value.value)
    waiting.close()
    steps.close()
    assert seen == ["plain"]
    made.clear()  # no loop runs: the generator ends when it is freed
    assert seen == ["plain", "async"]

    def handler(request: Any) -> Response:
        response = Response("x")
        response.call_on_close(closing.ahook("a"))
        response.call_on_close(closing.hook("b"))
        return response

    closing = Closing()
    steps = flow("request", handler, (failing,), on_error)
    steps.send(None)
    steps.close()
    assert closing.closed == []

    def caught(request: Any) -> Generator[None, Response, Response]:
        with suppress(GeneratorExit):
            yield
        return handler(request)

    steps = flow("request", waits, (caught,), on_error)
    steps.send(None).close()
    steps.close()
    assert closing.closed == []


def test_a_flow_that_is_given_up_while_a_middleware_is_awaited() -> None:
    """The step of the middleware that is awaited is the last one: the one before its ``yield``, or its end."""

    async def around(request: Any) -> AsyncGenerator[Response | None, Response]:
        yield None
        yield Response("x")  # an answer, after which the generator is closed

    steps: Any = flow("request", hello, (around,), on_error)
    steps.send(None).close()
    steps.close()

    steps = flow("request", lambda request: Response("y"), (around,), on_error)
    with pytest.raises(StopIteration) as begun:
        steps.send(None).send(None)
    with pytest.raises(StopIteration) as yielded:
        steps.send(begun.value.value).send(None)
    steps.send(yielded.value.value).close()
    steps.close()
    with pytest.raises(StopIteration):
        steps.send(None)


def test_an_error_while_a_middleware_with_a_wrong_yield_is_closed() -> None:
    """A middleware that yields something else than a response, and fails as it is closed: its error is raised."""

    def around(request: Any) -> Generator[Any, Response, None]:
        yield
        try:
            yield 5
        finally:
            raise LookupError("of the middleware")

    with pytest.raises(LookupError, match="of the middleware"):
        finish(flow("request", hello, (around,), on_error))


@pytest.mark.parametrize("kind", ["def", "async"])
def test_a_second_yield_is_an_error(kind: str) -> None:
    """Middleware yields once. At a second yield its generator is closed, before the middleware around it gets the
    error, and so is the response that it was sent.
    """
    order: list[str] = []

    def twice(request: Any) -> Generator[None, Response, Response]:
        try:
            yield
            yield
        finally:
            order.append("closed")
        raise AssertionError

    async def atwice(request: Any) -> AsyncGenerator[None, Response]:
        try:
            yield
            yield
        finally:
            order.append("closed")
        raise AssertionError

    def watching(request: Any) -> Generator[None, Response, None]:
        try:
            yield
        except TypeError:
            order.append("told")
            raise

    def handler(request: Any) -> Response:
        response = Response("x")
        response.call_on_close(lambda: order.append("response"))
        return response

    with pytest.raises(TypeError, match=r"^got a second yield from .*twice'?, expected a return$"):
        text(handler, watching, twice if kind == "def" else atwice)
    assert order == ["closed", "response", "told"]


def test_an_error_that_is_raised_in_place_of_another_has_it_as_cause() -> None:
    """An error that is raised in place of another has it as cause, so a traceback shows which call failed, or what
    ``on_error`` has raised.
    """

    def takes_none() -> Any: ...

    def takes_two(other: Any, request: Any, more: Any) -> Any: ...

    def refusing(request: Any, error: HTTPException) -> Response:
        raise NotFound from LookupError()

    def swallowing(request: Any) -> Generator[None, Response, None]:
        with suppress(LookupError):
            yield

    def broken(request: Any) -> Response:
        raise LookupError

    causes = []
    cases: tuple[tuple[Any, Any, Any], ...] = (
        (takes_none, (), on_error),
        (partial(takes_two, Response("x")), (), on_error),
        (hello, (takes_none,), on_error),
        (raiser(NotFound()), (), refusing),
        (raiser(NotFound()), (stamping,), refusing),
        (broken, (swallowing,), on_error),
    )
    for handler, middleware, answers in cases:
        with pytest.raises(TypeError) as caught:
            finish(flow("request", handler, middleware, answers))
        causes.append(type(caught.value.__cause__))
    assert causes == [TypeError, TypeError, TypeError, NotFound, NotFound, LookupError]


def test_is_async() -> None:
    """True for a coroutine function, a partial of one, and an object whose ``__call__`` is one, also inside of partials
    that have attributes, which Python does not join.
    """

    class Callable_:
        async def __call__(self, request: Any) -> None: ...

    named: Any = partial(Callable_())
    named.name = "view"
    found = [hello, partial(hello), partial(partial(hello)), Callable_(), named, partial(named)]
    assert [is_async(each) for each in found] == [True] * 6
    assert [is_async(found) for found in (lambda request: hello(request), print, Callable_)] == [False] * 3
