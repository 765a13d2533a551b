"""Twins: a name for sync code, and one with an ``a`` before it for async code.

The wrong one of the two raises WrongMode when it is called, and not when its result is awaited: code that forgets the
``await``, too, learns of its mistake. What exists only in async code has no ``a``, and does the same.
"""

from __future__ import annotations

import io
import warnings
from contextlib import aclosing
from importlib import import_module
from inspect import getattr_static, isasyncgenfunction, isawaitable, iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cardan import Application, FileStorage, Request, Response, core
from cardan.exceptions import BodyConsumed, WrongMode
from cardan.files import Part
from cardan.testing import Client

from .conftest import IN_PROCESS

if TYPE_CHECKING:
    from collections.abc import Callable

UPLOAD: dict[str, Any] = {"data": {"a": "1"}, "files": {"f": ("x", b"0123456789")}}


def client_of(app: Any, place: str) -> Client:
    protocol, _, backend = place.partition("-")
    return Client(app, protocol=protocol, backend=backend or "asyncio")  # type: ignore[arg-type]


def refused(calls: dict[str, Callable[[], Any]], expected: str) -> list[str]:
    """The names of the calls that raise WrongMode with this text, without that anything is awaited."""
    names, texts = [], []
    for name, call in calls.items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                call()
            except WrongMode as error:
                names.append(name)
                texts.append(str(error))
    assert [text for text in texts if expected not in text] == []
    return names


@pytest.mark.parametrize("place", IN_PROCESS)
def test_names_of_async_code_raise_in_a_def_handler(place: str, tmp_path: Path) -> None:
    """Of the request, of a file, and of a part. Nothing was done, and nothing is left to be awaited."""
    seen: dict[str, Any] = {}

    @Application
    def app(request: Request) -> Response:
        calls: dict[str, Callable[[], Any]] = {
            "load": request.load,
            "aiter_data": request.aiter_data,
            "aiter_parts": request.aiter_parts,
            "wait_disconnected": request.wait_disconnected,
            "cancel_on_disconnect": request.cancel_on_disconnect,
            "aclose": request.aclose,
        }
        if request.path == "/parts":
            part = next(request.iter_parts())
            owner: Any = part
        else:
            owner = request.files["f"]
            calls["file.aclose"] = owner.aclose
        calls |= {
            "aread": owner.aread,
            "file.aiter_data": owner.aiter_data,
            "asave": lambda: owner.asave(tmp_path / "saved"),
            "asave to an object": lambda: owner.asave(io.BytesIO()),
        }
        seen[request.path] = (list(calls), refused(calls, "in sync code"))
        return Response(owner.read())

    with client_of(app, place) as client:
        assert client.post("/", **UPLOAD).text == "0123456789"
        assert client.post("/parts", **UPLOAD).text == "1"
    assert [calls for calls, _ in seen.values()] == [names for _, names in seen.values()]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", IN_PROCESS)
def test_names_of_sync_code_raise_in_an_async_handler(place: str, tmp_path: Path) -> None:
    """Methods for sync code raise in an ``async def`` handler, before they block the event loop or open a file."""
    seen: dict[str, Any] = {}

    @Application
    async def app(request: Request) -> Response:
        calls: dict[str, Callable[[], Any]] = {"iter_data": request.iter_data, "iter_parts": request.iter_parts}
        owner: Any
        if request.path == "/parts":
            owner = await request.aiter_parts().__anext__()
        else:
            await request.load()
            owner = request.files["f"]
        calls |= {
            "read": owner.read,
            "file.iter_data": owner.iter_data,
            "save": lambda: owner.save(tmp_path / "saved"),
            "save to an object": lambda: owner.save(io.BytesIO()),
        }
        seen[request.path] = (list(calls), refused(calls, "in async code"))
        return Response(await owner.aread())

    with client_of(app, place) as client:
        assert client.post("/", **UPLOAD).text == "0123456789"
        assert client.post("/parts", **UPLOAD).text == "1"
    assert [calls for calls, _ in seen.values()] == [names for _, names in seen.values()]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", IN_PROCESS)
def test_an_upload_that_is_not_saved_is_no_success(place: str, tmp_path: Path) -> None:
    """``asave()`` in a def handler, without ``await``: the error leaves the handler."""

    @Application
    def app(request: Request) -> Response:
        request.files["f"].asave(tmp_path / "saved")
        return Response("saved")

    with client_of(app, place) as client, pytest.raises(WrongMode, match=r"got asave\(\) in sync code, expected save"):
        client.post("/", **UPLOAD)


@pytest.mark.parametrize("place", IN_PROCESS)
def test_the_right_twin_is_awaited(place: str, tmp_path: Path) -> None:
    """What the plain functions return is a coroutine, so that it can be awaited, and be made a task."""
    kinds: set[bool] = set()

    async def done(awaitable: Any) -> Any:
        kinds.add(hasattr(awaitable, "send") and isawaitable(awaitable))
        return await awaitable

    @Application
    async def app(request: Request) -> Response:
        if request.path == "/parts":
            async for part in request.aiter_parts():
                if part.name == "f":
                    await done(part.asave(tmp_path / "part"))
                else:
                    assert await done(part.aread()) == b"1"
        else:
            assert await done(request.load()) is request
            file = request.files["f"]
            assert await done(file.aread(3)) == b"012"
            await done(file.asave(tmp_path / "file"))
            await done(file.aclose())
        await done(request.aclose())
        return Response("ok")

    with client_of(app, place) as client:
        assert client.post("/", **UPLOAD).text == client.post("/parts", **UPLOAD).text == "ok"
    assert kinds == {True}
    assert ((tmp_path / "file").read_bytes(), (tmp_path / "part").read_bytes()) == (b"3456789", b"0123456789")


CLASSES = [Request, core.Request, FileStorage, core.FileStorage, Part, core.Part]


@pytest.mark.parametrize("cls", CLASSES)
def test_no_public_method_of_a_class_with_a_mode_is_async_def(cls: type[Any]) -> None:
    """The body of an ``async def`` runs when it is awaited, which is too late to check the mode."""
    names = [name for name in dir(cls) if not name.startswith("_")]
    assert [name for name in names if iscoroutinefunction(getattr(cls, name))] == []


ONLY_ASYNC = {"load", "wait_disconnected", "cancel_on_disconnect", "get_asgi_messages", "asgi_app", "receive", "wait"}
"""Names of async code that have no ``a``. ``receive`` is named by ASGI, ``wait`` by asyncio and trio."""


def public_classes() -> list[type[Any]]:
    """The public classes of which there is one for sync and async code."""
    names = ("cardan", "cardan.core", "cardan.core.forms", "cardan.files", "cardan.apps", "cardan.testing")
    modules = map(import_module, names)
    found = {getattr(module, name) for module in modules for name in module.__all__}
    classes = [cls for cls in found if isinstance(cls, type) and not cls.__name__.startswith("Async")]
    return sorted(classes, key=str)


def gives_awaitable(cls: type[Any], name: str) -> bool:
    method = getattr_static(cls, name)
    function = getattr(method, "__func__", method)
    gives = str(getattr(function, "__annotations__", {}).get("return", ""))
    return (
        iscoroutinefunction(function)
        or isasyncgenfunction(function)
        or gives.startswith(("Coroutine", "Awaitable", "Async"))
    )


@pytest.mark.parametrize("cls", public_classes(), ids=str)
def test_a_marks_a_twin(cls: type[Any]) -> None:
    """A method for async code has an ``a`` before the name of its sync twin. One that has no twin has no ``a``."""
    names = [name for name in dir(cls) if not name.startswith("_")]
    awaited = {name for name in names if gives_awaitable(cls, name)} - ONLY_ASYNC
    assert awaited == {f"a{name}" for name in names if f"a{name}" in names}


def test_some_classes_have_twins() -> None:
    """The rule is checked on something."""
    twins = {name for cls in public_classes() for name in dir(cls) if gives_awaitable(cls, name)}
    assert {"aread", "asave", "aiter_data", "aiter_parts", "aclose", "aget_data", "afrom_app", "load"} <= twins


# --- the iterators can be closed ---


@pytest.mark.parametrize("place", IN_PROCESS)
def test_an_iterator_can_be_closed_before_its_end(place: str) -> None:
    """``contextlib.aclosing`` takes what ``aiter_data()`` and ``aiter_parts()`` give. Nothing more is read after it."""

    @Application
    async def app(request: Request) -> Response:
        if request.path == "/parts":
            async with aclosing(request.aiter_parts()) as parts:
                async for part in parts:
                    async with aclosing(part.aiter_data(1)) as data:
                        first = [piece async for piece in data][:1]
                        assert [piece async for piece in data] == []
                    break
            assert [part async for part in parts] == []
        else:
            async with aclosing(request.aiter_data(1)) as pieces:
                first = [await pieces.__anext__()]
            assert [piece async for piece in pieces] == []
            await pieces.aclose()
        with pytest.raises(BodyConsumed):
            request.aiter_data()
        return Response(b"".join(first))

    with client_of(app, place) as client:
        assert client.post("/", content=b"abc").text == "a"
        assert client.post("/parts", **UPLOAD).text == "1"


@pytest.mark.parametrize("place", IN_PROCESS)
def test_the_part_that_was_given_last_outlives_the_iterator(place: str) -> None:
    """The data of the part that was given last can be read after the iterator of the parts was closed."""

    @Application
    async def app(request: Request) -> Response:
        async with aclosing(request.aiter_parts()) as parts:
            async for part in parts:
                if part.filename is not None:
                    break
        return Response(await part.aread())

    with client_of(app, place) as client:
        assert client.post("/", **UPLOAD).text == "0123456789"


@pytest.mark.parametrize("place", IN_PROCESS)
def test_the_data_of_a_file_can_be_closed(place: str) -> None:
    """The iterator of a file's data can be closed before its end; the file itself stays open."""

    @Application
    async def app(request: Request) -> Response:
        await request.load()
        file = request.files["f"]
        async with aclosing(file.aiter_data(4)) as pieces:
            assert await pieces.__anext__() == b"0123"
        assert [piece async for piece in pieces] == []
        return Response(await file.aread())

    with client_of(app, place) as client:
        assert client.post("/", **UPLOAD).text == "456789"
