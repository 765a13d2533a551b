"""The fast paths of the project, and the one switch that turns all of them off.

A fast path makes one attempt. It changes nothing and returns None where it meets anything unusual; the slow path then
does the same work. So a fast path that always returns None must change nothing but the speed: ``pytest --slow-paths``
runs the tests in that way, and ``make test`` does so for tests/contract and tests/core/request.

:data:`FAST_PATHS` is the list. To add a fast path, add one entry to it. ``tests/test_fast_paths.py`` checks that its
names exist, that its usual input takes the path, and that the switch turns it off; ARCHITECTURE.md shows the list.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, FunctionType

__all__ = ["FAST_PATHS", "FastPath", "counting", "find", "switch_off", "switched_off"]


class FastPath(NamedTuple):
    """One fast path."""

    name: str
    """The function or method that attempts it: ``module:function`` or ``module:Class.method``."""
    slow: str
    """The slow path that does the same, and is the oracle of the fast one."""
    test: str
    """The test that compares the two."""
    usual: Callable[[], object]
    """Does what takes the fast path, on a usual input; what it returns must not depend on the path."""


def _form() -> object:
    from cardan.core.forms import parse_form

    form = parse_form(_TYPE, _PARTS)
    return form.fields, [(name, file.filename, file.read()) for name, file in form.files]


def _events() -> object:
    from cardan.core.forms import MultipartDecoder

    decoder = MultipartDecoder("B")
    return [*decoder.feed(_PARTS), *decoder.close()]


def _file_data() -> object:
    from cardan.core.forms import MultipartDecoder

    decoder, at = MultipartDecoder("B"), _PARTS.rindex(b"data")
    events = [event for chunk in (_PARTS[:at], b"more ", _PARTS[at:]) for event in decoder.feed(chunk)]
    return b"".join(event for event in events if isinstance(event, bytes)), len(decoder.close())


def _pairs() -> object:
    from cardan.core.forms import parse_urlencoded

    return parse_urlencoded(b"a=1&b=%41+c")


def _known_file() -> object:
    from cardan import Request
    from cardan.files import StaticFiles
    from cardan.testing import RequestBuilder

    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.css"
        file.write_text("body { color: red }")
        os.utime(file, (1_000_000_000, 1_000_000_000))
        app = StaticFiles(folder)
        answers = []
        for _ in range(2):
            request: Request = Request(RequestBuilder("/a.css").environ())
            with app._serve(request) as response:
                response.outgoing("GET")
                answers.append((response.status, list(response.headers.items()), b"".join(response.iter_encoded())))
        return answers


def _headers() -> object:
    from cardan.core.structures import Headers

    return list(Headers({"ETag": '"v42"', "Vary": " Cookie "}).items())


def _plain_answer() -> object:
    from cardan import Response

    return Response("body").outgoing("GET")


def _cors() -> object:
    from cardan import CORS

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"]

    started: list[Any] = []
    asked: Any = {"REQUEST_METHOD": "GET", "HTTP_ORIGIN": "https://a.example"}
    start: Any = lambda *head: started.append(head)  # noqa: E731
    return list(CORS(app, ["https://a.example"])(asked, start)), started


_TYPE = "multipart/form-data; boundary=B"
_PARTS = (
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\n'
    b"data\r\n--B--\r\n"
)
_FORM_WAYS = "tests/contract/test_form_ways.py::test_every_way_gives_the_same_form"
_DECODER = "tests/core/forms/test_decoder.py::test_fast_paths_do_what_the_table_does"
_HEADS = "tests/core/forms/test_head.py::test_a_usual_head_is_read_as_every_head"
_URLENCODED = "tests/core/forms/test_urlencoded.py::test_the_standard"

_FORMS = "cardan.core.forms"
_STATIC = "cardan.files._static:StaticFiles"
_FILES = "tests/files/test_static.py::test_a_file_that_is_known"

FAST_PATHS = (
    # a whole form; whole parts of a form; the data of a file
    FastPath(f"{_FORMS}._reader:FormReader.take", f"{_FORMS}._reader:FormReader.run", _FORM_WAYS, _form),
    FastPath(
        f"{_FORMS}._decoder:MultipartDecoder._take_parts",
        f"{_FORMS}._framing:Framing._read",
        _DECODER,
        _events,
    ),
    FastPath(
        f"{_FORMS}._decoder:MultipartDecoder._pass_data",
        f"{_FORMS}._framing:Framing._read_data",
        _DECODER,
        _file_data,
    ),
    # urlencoded pairs that are decoded together, as text and as bytes
    FastPath(f"{_FORMS}._urlencoded:usual_pairs", f"{_FORMS}._urlencoded:split_urlencoded", _URLENCODED, _pairs),
    FastPath(f"{_FORMS}._urlencoded:_decode_all", f"{_FORMS}._urlencoded:_split_each", _URLENCODED, _pairs),
    # the head of a part, as browsers write it
    FastPath(f"{_FORMS}._head:_plain_head", f"{_FORMS}._head:_read_fields", _HEADS, _events),
    # a response that is text or bytes, without header fields of its own
    FastPath(
        "cardan.core._response.outgoing:Outgoing._plain",
        "cardan.core._response.outgoing:Outgoing._checked",
        "tests/core/response/test_outgoing.py::test_a_whole_answer_is_what_the_finalizer_sends",
        _plain_answer,
    ),
    # a small file of a folder that was served before, and the fields of its answer
    FastPath(f"{_STATIC}._answer_known", f"{_STATIC}._answer", _FILES, _known_file),
    FastPath(
        "cardan.core._response.prepared:PreparedResponse._unchanged",
        "cardan.core._response.outgoing:Outgoing._checked",
        "tests/core/response/test_prepared.py::test_sent_as_a_plain_response",
        _known_file,
    ),
    # header fields from a dict or a list of strings
    FastPath(
        "cardan.core.structures._headers:_of_strings",
        "cardan.core.structures._headers:_groups",
        "tests/core/structures/test_headers.py::test_strings_have_the_general_way_as_oracle",
        _headers,
    ),
    # the fields that a CORS policy adds to an answer that has none of them
    FastPath(
        "cardan.core._origins:CORSPolicy.added",
        "cardan.core._origins:CORSPolicy.apply",
        "tests/core/test_origins.py::test_what_is_added_is_what_apply_sets",
        _cors,
    ),
)


def find(name: str) -> FunctionType:
    """The function that a dotted name stands for: ``module:function`` or ``module:Class.method``."""
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for attribute in path.split("."):
        found = found.__dict__[attribute]
    function: FunctionType = getattr(found, "__func__", getattr(found, "fget", found))
    return function


def _gives_none(*_: Any, **__: Any) -> None:
    return None


async def _awaits_none(*_: Any, **__: Any) -> None:
    return None


def _code_of_none(code: CodeType) -> CodeType:
    """The code of a function that takes any arguments and gives None, awaited if ``code`` has to be awaited."""
    return (_awaits_none if code.co_flags & 0x80 else _gives_none).__code__


def switch_off(path: FastPath) -> None:
    """Let every attempt of a fast path give None. The code is replaced, which all references to the function see."""
    function = find(path.name)
    function.__code__ = _code_of_none(function.__code__)


@contextmanager
def switched_off(paths: Iterable[FastPath]) -> Iterator[None]:
    """Switch fast paths off, and on again at the end."""
    functions = [find(path.name) for path in paths]
    codes = [function.__code__ for function in functions]
    for function, code in zip(functions, codes, strict=True):
        function.__code__ = _code_of_none(code)
    try:
        yield
    finally:
        for function, code in zip(functions, codes, strict=True):
            function.__code__ = code


@contextmanager
def counting(path: FastPath) -> Iterator[list[Any]]:
    """Collects what the attempts of a fast path give that are made in this thread; None is not collected."""
    taken: list[Any] = []
    code = find(path.name).__code__

    def watch(frame: Any, event: str, value: Any) -> None:
        if event == "return" and value is not None and frame.f_code is code:
            taken.append(value)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield taken
    finally:
        sys.setprofile(before)
