"""UnreadRequest has the names of a request that do not need its body, with the same types."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from cardan import Request, Response
from cardan.testing import PROTOCOLS, Client
from cardan.types import UnreadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

NEED_THE_BODY = {
    "data", "files", "form", "form_bytes", "get_data", "get_json", "input_stream", "json", "stream", "text", "values",
}  # fmt: skip
OF_A_CLASS = {
    "application", "charset", "dict_storage_class", "encoding_errors", "file_storage_class", "form_reader_class",
    "from_values",
    "json_module", "list_storage_class", "load_form", "make_body_filter", "make_file_sink", "make_form_data_parser",
    "on_json_loading_failed", "parameter_storage_class", "part_class", "url_charset", "user_agent_class",
    "want_form_data_parsed",
}  # fmt: skip
DEPRECATED = {
    "accept_charsets", "content_md5", "disable_data_descriptor", "is_xhr", "pragma", "script_root", "url_root",
}  # fmt: skip
THE_END = {"aclose", "close"}
NAMES = {name for name in dir(Request) if not name.startswith("_")}


def members() -> set[str]:
    """The names that UnreadRequest declares."""
    own = UnreadRequest.__dict__
    return {name for name in (*own, *UnreadRequest.__annotations__) if not name.startswith("_")}


def test_names() -> None:
    """Every name of a request is in UnreadRequest, but for those that need the body, are for classes, or deprecated."""
    assert members() == NAMES - NEED_THE_BODY - OF_A_CLASS - DEPRECATED - THE_END


@pytest.mark.parametrize("name", sorted(members() - set(UnreadRequest.__annotations__)))
def test_signatures(name: str) -> None:
    """Properties and methods have the types that they have in a request; ``known`` has what is written differently."""
    here, there = (inspect.getattr_static(cls, name) for cls in (UnreadRequest, Request))
    if isinstance(here, property):
        here, there = here.fget, there.fget
    expected = inspect.signature(there)
    known = {
        "load": "Coroutine[Any, Any, R_co]",
        "receive": "Callable[[], Awaitable[Any]]",
        "send": "Callable[[Any], Awaitable[None]]",
    }
    if name in known:
        expected = expected.replace(return_annotation=known[name])
    assert inspect.signature(here) == expected


@pytest.fixture(params=PROTOCOLS)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of the application below."""
    with Client(app, protocol=request.param) as client:
        yield client


@Request.application
async def app(request: UnreadRequest) -> Response:
    """Looks at the head before it reads the body."""
    if request.headers.get("X-Key") != "k":
        return Response("no", 401)
    assert isinstance(request, Request)
    loaded: Any = await request.load()
    assert loaded is request
    return Response(loaded.form["a"])


def test_at_run_time_it_is_the_request(client: Client) -> None:
    """A handler with the annotation gets the request itself, on both protocols."""
    assert client.post("/", data={"a": "1"}, headers={"X-Key": "k"}).text == "1"
    assert client.post("/", data={"a": "1"}).status_code == 401
