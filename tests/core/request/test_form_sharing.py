"""Which request objects over one body share its form: those that would parse it in the same way."""

from __future__ import annotations

import io
from typing import Any

import pytest

from cardan import FileStorage, Request, Response
from cardan.core.forms import Form
from cardan.exceptions import BadRequest, BodyConsumed
from cardan.testing import PROTOCOLS, Client

OTHER = "multipart/form-data; boundary=X"


class OtherStorage(FileStorage):
    pass


class FixedParser:
    def run(self) -> Any:
        return Form([("a", "fixed")], [])
        yield


def over(request: Any, content_type: str | None = None) -> Any:
    """Another request object over the body of ``request``, with another Content-Type if one is given."""
    if hasattr(request, "environ"):
        changed = {} if content_type is None else {"CONTENT_TYPE": content_type}
        return type(request)({**request.environ, **changed})
    headers = [pair for pair in request.scope["headers"] if content_type is None or pair[0] != b"content-type"]
    if content_type is not None:
        headers.append((b"content-type", content_type.encode()))
    return type(request)({**request.scope, "headers": headers}, request.receive)


def to_memory(part: Any) -> io.BytesIO:
    return io.BytesIO()


HOOKS = {
    "make_form_data_parser": lambda length: FixedParser(),
    "make_file_sink": to_memory,
    "_get_file_stream": lambda **sizes_and_names: io.BytesIO(),
    "file_storage_class": OtherStorage,
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_another_content_type_is_another_form(protocol: str) -> None:
    """Bytes that were kept are parsed again for a request with another Content-Type, and not taken for the form of the
    first one; bytes that are gone raise BodyConsumed.
    """

    @Request.application
    def app(request: Request) -> Response:
        if request.path == "/kept":
            request.get_data()
        assert request.form["a"] == "1"
        assert over(request).form["a"] == "1"
        with pytest.raises(BadRequest if request.path == "/kept" else BodyConsumed):
            over(request, OTHER).form
        return Response("ok")

    with Client(app, protocol=protocol) as client:
        assert client.post("/kept", data={"a": "1"}).text == "ok"
        assert client.post("/gone", data={"a": "1"}).text == "ok"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_that_is_set_on_a_request_is_that_of_this_request(protocol: str, name: str) -> None:
    """A hook may be set on one request object: its form is not that of an object without the hook."""

    @Request.application
    def app(request: Request) -> Response:
        assert request.files["f"].read() == b"1"
        other = over(request)
        setattr(other, name, HOOKS[name])
        with pytest.raises(BodyConsumed, match="other settings"):
            other.files
        return Response("ok")

    with Client(app, protocol=protocol) as client:
        assert client.post("/", files={"f": ("a.txt", b"1")}).text == "ok"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_hook_of_a_request_parses_bytes_that_were_kept(protocol: str) -> None:
    """If the bytes were kept, the request object with a hook of its own gets the form that its hook makes, and other
    objects get the usual one, in any order.
    """

    @Request.application
    def app(request: Request) -> Response:
        request.get_data()
        parsed, stored = over(request), over(request)
        parsed.make_form_data_parser = HOOKS["make_form_data_parser"]
        stored.file_storage_class = OtherStorage
        assert type(stored.files["f"]) is OtherStorage
        assert type(request.files["f"]) is FileStorage
        assert (parsed.form["a"], over(request).form["a"]) == ("fixed", "1")
        return Response("ok")

    with Client(app, protocol=protocol) as client:
        assert client.post("/", data={"a": "1"}, files={"f": ("a.txt", b"1")}).text == "ok"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_same_hook_on_two_requests_shares_the_form(protocol: str) -> None:
    """Two request objects with the same hook have equal settings."""

    @Request.application
    def app(request: Request) -> Response:
        first, second = over(request), over(request)
        first.make_file_sink = second.make_file_sink = to_memory
        assert first.files["f"] is second.files["f"]
        return Response("ok")

    with Client(app, protocol=protocol) as client:
        assert client.post("/", files={"f": ("a.txt", b"1")}).text == "ok"
