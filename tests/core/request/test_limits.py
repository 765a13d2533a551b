"""Limits are attributes of request classes and of requests."""

from __future__ import annotations

import gc
import io
import re
import weakref
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

import cardan
from cardan import header_field
from cardan.core import BaseRequest, Limits, Request, RequestHead
from cardan.core._request.limits import LIMIT_NAMES
from cardan.exceptions import RequestEntityTooLarge
from cardan.testing import PROTOCOLS, Client, RequestBuilder
from tests.house import ROOT

POST = RequestHead("POST")


def test_names_and_defaults_are_those_of_limits() -> None:
    """Every limit is an attribute of a request, and its default is that of Limits."""
    assert [field.name for field in fields(Limits)] == list(LIMIT_NAMES)
    assert Request(POST).limits == Limits()
    assert all(getattr(Request, name) == getattr(Limits(), name) for name in LIMIT_NAMES)


#: the defaults that the docstrings of the attributes and the guide promise
DEFAULTS = {
    "max_content_length": None,
    "max_data_memory": 16 * 1024 * 1024,
    "max_form_memory_size": 500_000,
    "max_form_memory_total": 5_000_000,
    "max_form_parts": 1000,
    "max_part_header_size": 8192,
    "max_part_headers": 16,
    "max_file_size": None,
    "max_files": 100,
    "max_file_memory": 500_000,
    "max_spool_memory": 8_000_000,
    "max_boundary_size": 200,
}


def test_each_default() -> None:
    """The limits that hold if a program sets none."""
    assert {name: getattr(Request(POST), name) for name in LIMIT_NAMES} == DEFAULTS
    assert {field.name: field.default for field in fields(Limits)} == DEFAULTS


@pytest.mark.parametrize("name", LIMIT_NAMES)
def test_the_least_limit(name: str) -> None:
    """0 is a limit, None is no limit, and -1 is neither."""
    for value in (0, None):
        assert getattr(Limits(**{name: value}), name) == value
    with pytest.raises(ValueError, match=f"^got {name} = -1, expected an int of at least 0, or None for no limit$"):
        Limits(**{name: -1})


def test_every_limit_is_in_the_manual() -> None:
    """The guide on limits names each limit, and so does the reference; the table of the guide has its default."""
    guide = (ROOT / "docs/guides/limits.md").read_text("utf-8")
    reference = (ROOT / "docs/reference/limits.md").read_text("utf-8")
    assert [name for name in LIMIT_NAMES if f"`{name}`" not in guide] == []
    assert [name for name in LIMIT_NAMES if not re.search(rf"^.*\b{name}\b", reference, re.MULTILINE)] == []
    units = {"kB": 1000, "MB": 1_000_000, "KiB": 1024, "MiB": 1024 * 1024}
    for names, defaults in re.findall(r"^\| (`max_[^|]*) \| ([^|]*) \|", guide, re.MULTILINE):
        for name, text in zip(re.findall(r"`(\w+)`", names), defaults.split(", "), strict=True):
            number, _, unit = text.partition(" ")
            default = None if number == "none" else int(number) * units.get(unit, 1)
            assert getattr(Limits(), name) == default, name


def test_class_subclass_instance() -> None:
    """A limit of a subclass overrides that of its base, and one of a request overrides both. The others keep theirs."""

    class Small(Request):
        max_content_length = 5

    class Smaller(Small):
        max_form_parts = 3

    own = Smaller(POST)
    own.max_content_length = 7
    assert (own.limits.max_content_length, own.limits.max_form_parts) == (7, 3)
    assert Smaller(POST).limits.max_content_length == 5
    assert Small(POST).limits.max_form_parts == Limits().max_form_parts


def test_a_class_attribute_set_later_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that is set on a class later, at start-up or in a test, holds for the class and for its subclasses."""

    class Mine(Request):
        pass

    monkeypatch.setattr(Mine, "max_content_length", 5)
    with pytest.raises(RequestEntityTooLarge):
        Mine(POST, b"123456").get_data()
    request = Mine(POST, b"123456")
    request.max_content_length = 6
    assert request.get_data() == b"123456"
    with pytest.raises(RuntimeError):
        request.max_content_length = 7


@pytest.mark.parametrize("access", ["data", "form", "stream", "text", "files", "values"])
def test_not_after_the_first_access(access: str) -> None:
    """A limit cannot be set after the first access to the body, because it would apply to a part of the body only."""
    request = Request(POST, b"x")
    request.max_content_length = 5
    getattr(request, access)
    with pytest.raises(RuntimeError, match="expected it to be set before the body is first accessed"):
        request.max_content_length = 6
    assert request.limits.max_content_length == 5


def test_never_at_construction() -> None:
    """If the declared length exceeds a limit, the first access raises, and making the request does not."""

    class Small(Request):
        max_content_length = 1

    request = Small(RequestHead("POST", headers=[(b"content-length", b"2")]), b"xx")
    with pytest.raises(RequestEntityTooLarge) as caught:
        request.get_data()
    assert (caught.value.limit, caught.value.allowed, caught.value.received) == ("max_content_length", 1, 2)


@pytest.mark.parametrize("limit", ["max_content_length", "max_data_memory"])
def test_a_limit_on_the_body_holds_without_other_limits(limit: str) -> None:
    """A small body that exceeds a limit on the whole body is refused, although no limit on forms is set."""
    head = RequestHead("POST", headers=[(b"content-length", b"11")])
    request = Request(head, b"x" * 11)
    setattr(request, limit, 10)
    with pytest.raises(RequestEntityTooLarge) as caught:
        request.data
    assert (caught.value.limit, caught.value.allowed, caught.value.received) == (limit, 10, 11)


@pytest.mark.parametrize(("allowed", "fits"), [(10, True), (9, False)])
def test_files_of_a_small_form_count_as_memory(allowed: int, fits: bool) -> None:
    """Without ``make_file``, files that exceed ``max_spool_memory`` are a 413, also in a form parsed at once."""
    part = b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n12345\r\n'
    body = part * 2 + b"--B--\r\n"
    fields = [(b"content-type", b"multipart/form-data; boundary=B"), (b"content-length", b"%d" % len(body))]
    request = Request(RequestHead("POST", headers=fields), body)
    request.max_spool_memory = allowed
    if fits:
        assert [file.read() for file in request.files.getlist("f")] == [b"12345", b"12345"]
    else:
        with pytest.raises(RequestEntityTooLarge, match="max_spool_memory"):
            request.files


@pytest.mark.parametrize("value", [-1, 1.5, "5", True])
def test_only_numbers(value: Any) -> None:
    """A limit is an int of at least 0, or None, on a request and in the body of a class."""
    request = BaseRequest(POST)
    with pytest.raises(ValueError, match="expected an int of at least 0, or None"):
        request.max_form_parts = value

    with pytest.raises(ValueError, match="expected an int of at least 0, or None"):

        class Wrong(BaseRequest):
            max_files = value


MISSPELT = [
    ("max_conten_length", "got max_conten_length, which is no limit: did you mean max_content_length?"),
    ("max_form_memory", "got max_form_memory, which is no limit: did you mean max_form_memory_size?"),
    ("max_file", "got max_file, which is no limit: did you mean max_files?"),
    ("max_drain_sise", "got max_drain_sise, which is no limit: did you mean max_drain_size?"),
    ("max_x", "got max_x, which is no limit: names that begin with max_ are reserved for limits"),
]


@pytest.mark.parametrize("cls", [BaseRequest, Request, cardan.BaseRequest, cardan.Request])
@pytest.mark.parametrize(("name", "text"), MISSPELT)
def test_a_misspelt_limit_is_an_error(cls: type[BaseRequest], name: str, text: str) -> None:
    """``max_`` names are reserved on request classes, their mixins and requests; the error says what was meant."""
    with pytest.raises(TypeError) as caught:
        type("Own", (cls,), {name: 5})
    assert str(caught.value) == text
    mixin = type("Mixin", (), {name: 5})
    with pytest.raises(TypeError, match="which is no limit"):
        type("Own", (mixin, cls), {})
    made: Any = cls.__new__(cls)
    with pytest.raises(AttributeError) as refused:
        setattr(made, name, None)
    assert str(refused.value) == text
    assert not hasattr(made, name)


def test_a_misspelt_limit_set_later_on_a_class_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt limit that was set on a class after the class was made raises in the next subclass or application."""

    class Mine(Request):
        pass

    monkeypatch.setattr(Mine, "max_conten_length", 5, raising=False)
    with pytest.raises(TypeError, match="did you mean max_content_length"):

        class Next(Mine):
            pass

    class Served(cardan.Request):
        pass

    monkeypatch.setattr(Served, "max_conten_length", 5, raising=False)
    with pytest.raises(TypeError, match="did you mean max_content_length"):
        Served.application(lambda request: cardan.Response())
    with pytest.raises(TypeError, match="did you mean max_content_length"):
        cardan.Application(lambda request: cardan.Response(), request_class=Served)


def test_every_limit_can_be_set_in_every_place() -> None:
    """All names that are limits, or settings that begin in the same way, are accepted on classes and on requests."""
    for name in (*LIMIT_NAMES, "max_drain_size"):
        made = type("Own", (cardan.Request,), {name: 5})(RequestBuilder("/").environ())
        assert getattr(made, name) == 5
        setattr(made, name, 6)
        assert getattr(made, name) == 6

    class Hops(Request):
        max_forwards = header_field("Max-Forwards", int, default=0)  # type: ignore[assignment]

    assert Hops(POST).max_forwards == 0


@pytest.mark.parametrize(
    ("name", "only"), [("charset", "utf-8"), ("url_charset", "utf-8"), ("encoding_errors", "replace")]
)
@pytest.mark.parametrize("cls", [BaseRequest, Request, cardan.BaseRequest, cardan.Request])
def test_settings_with_one_value(cls: type[BaseRequest], name: str, only: str) -> None:
    """Another charset, on a class, a mixin or a request, raises TypeError, because it would have no effect."""
    text = f"got {name} = 'latin-1', expected {only!r}: another one would have no effect"
    with pytest.raises(TypeError) as caught:
        type("Own", (cls,), {name: "latin-1"})
    assert str(caught.value) == text
    mixin = type("Mixin", (), {name: "latin-1"})
    with pytest.raises(TypeError):
        type("Own", (mixin, cls), {})
    made: Any = type("Same", (cls,), {name: only})
    made = made.__new__(made)
    assert getattr(made, name) == getattr(cls, name) == only
    made = cls.__new__(cls)
    with pytest.raises(TypeError) as refused:
        setattr(made, name, "latin-1")
    assert str(refused.value) == text
    setattr(made, name, only)


def test_form_rules_has_three_values() -> None:
    """A misspelt ``form_rules`` raises ValueError, on a class and on a request, so that no form is read by others."""
    text = "got form_rules = 'stric', expected one of 'default', 'strict', 'silent'"
    with pytest.raises(ValueError, match=text):

        class Wrong(Request):
            form_rules = "stric"

    request = Request(POST)
    with pytest.raises(ValueError, match=text):
        request.form_rules = "stric"  # type: ignore[assignment]
    request.form_rules = "strict"

    class Chosen(Request):
        @property
        def form_rules(self) -> str:  # type: ignore[override]
            return "silent"

    assert Chosen(POST).form_rules == "silent"


def test_other_attributes_may_be_set() -> None:
    """An application may set attributes of its own. Documented attributes are read-only."""
    request = Request(POST)
    request.user = "Ada"  # type: ignore[attr-defined]
    assert request.user == "Ada"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        request.head = POST


def test_only_so_many_sets_of_limits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may compute limits for each request. They hold, but memory does not grow with them."""
    known = {}
    monkeypatch.setattr("cardan.core._request.limits._known", known)
    for number in range(1, 300):
        request = Request(POST)
        request.max_files = number
        assert request.limits == Limits(max_files=number)
    assert len(known) == 256


class Three(cardan.Request):
    max_content_length = 3


class ThreeInMemory(cardan.Request):
    max_data_memory = 3


ACCESSES: dict[str, Callable[[Any], object]] = {
    "form": lambda request: request.form,
    "get_data": lambda request: request.get_data(),
    "stream": lambda request: request.stream.read(),
    "iter_data": lambda request: b"".join(request.iter_data()),
}


def over(cls: type[cardan.Request], request: Any) -> Any:
    """A request object of ``cls`` over the body of ``request``."""
    return cls(request.environ) if hasattr(request, "environ") else cls(request.scope, request.receive)


def refuses(request: Any, access: str) -> str | None:
    """The limit that ``request`` names when it refuses the body."""
    with pytest.raises(RequestEntityTooLarge) as caught:
        ACCESSES[access](request)
    return caught.value.limit


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("read", ACCESSES)
@pytest.mark.parametrize("refused", ACCESSES)
def test_a_request_that_has_refused_its_body_refuses_it_always(protocol: Any, refused: str, read: str) -> None:
    """The 413 is raised at every later access, whatever another request object with other limits has read meanwhile:
    for that one the body is still there.
    """

    @cardan.Request.application
    def app(request: cardan.Request) -> cardan.Response:
        small = over(Three, request)
        assert refuses(small, refused) == "max_content_length"
        ACCESSES[read](request)
        assert {refuses(small, access) for access in ACCESSES} == {"max_content_length"}
        return cardan.Response("ok")

    with Client(app, protocol) as client:
        assert client.post("/", data={"a": "1", "b": "2"}).text == "ok"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("access", ["stream", "iter_data"])
def test_bytes_that_another_request_object_has_kept(protocol: Any, access: str) -> None:
    """The limits of a request hold for bytes that another one has read. ``max_data_memory`` is about reading into
    memory, not about streams; once it was exceeded, the request refuses its body always.
    """

    @cardan.Request.application
    def app(request: cardan.Request) -> cardan.Response:
        data = request.get_data()
        small = over(ThreeInMemory, request)
        assert ACCESSES[access](small) == data
        assert {refuses(small, "get_data") for _ in range(2)} == {"max_data_memory"}
        assert {refuses(small, access) for access in ACCESSES} == {"max_data_memory"}
        assert {refuses(over(Three, request), access) for access in ACCESSES} == {"max_content_length"}
        return cardan.Response("ok")

    with Client(app, protocol) as client:
        assert client.post("/", data={"a": "1", "b": "2"}).text == "ok"


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_refusal_keeps_nothing_alive(is_kept: bool) -> None:
    """The error that a request keeps makes no reference cycle: the request is freed with its last reference."""
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "4", "wsgi.input": io.BytesIO(b"1234")}
    if is_kept:
        cardan.Request(environ, populate_request=False).get_data()
    request = ThreeInMemory(environ, populate_request=False)
    weak = weakref.ref(request)
    gc.collect()
    gc.disable()
    try:
        try:
            request.get_data()
        except RequestEntityTooLarge:
            pass
        else:
            raise AssertionError("no error")
        del request
        assert weak() is None
    finally:
        gc.enable()
