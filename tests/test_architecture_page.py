"""ARCHITECTURE.md is true: its floors are those that are tested; every file, function and test that it names exists."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cardan
from cardan import Request, Response
from cardan.testing import RequestBuilder
from tests.house import ROOT
from tests.test_architecture import FLOORS

if TYPE_CHECKING:
    from types import FrameType

PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE))


def rows(title: str) -> list[list[str]]:
    """The rows of the table in a section, without its head."""
    lines = [line for line in SECTIONS[title].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@cache
def functions(path: str) -> set[str]:
    """The functions and classes of a file, by qualified name: ``reader``, ``FormReader.take``."""

    def walk(node: ast.AST, prefix: str) -> set[str]:
        found = set()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found |= {prefix + child.name} | walk(child, f"{prefix}{child.name}.")
            elif isinstance(child, (ast.If, ast.Try)):
                found |= walk(child, prefix)
        return found

    return walk(ast.parse((ROOT / path).read_text("utf-8")), "")


def test_the_picture_shows_the_floors() -> None:
    """The picture of the floors is the list that the imports are tested against, the ground floor at the bottom."""
    picture = re.search(r"```text\n(.*?)```", SECTIONS["The floors"], re.DOTALL)
    assert picture is not None
    drawn = [line.split() for line in picture[1].splitlines()]
    assert drawn == [(floor or "cardan").split() for floor in reversed(FLOORS)]


WALKS = dict(re.findall(r"^### (.+)\n((?:(?!### ).*\n)*)", SECTIONS["Three walks"], re.MULTILINE))


# as browsers write it, so that the fast path takes it
FORM = (
    b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda Lovelace\r\n--b\r\nContent-Disposition: form-data; '
    b'name="photo"; filename="a.png"\r\nContent-Type: image/png\r\n\r\ndata\r\n--b--\r\n'
)


class Small(Request):
    """The class attribute that the third walk begins with."""

    max_form_memory_size = 5


@Request.application
def read_form(request: Request) -> Response:
    return Response(request.form["name"])


@Small.application
def read_small_form(request: Small) -> Response:
    return Response(request.form["name"])


@Request.application
def answer_stream(request: Request) -> Response:
    return Response(iter(["one", "two"]))


SERVED = {
    "The bytes of a form come in": (read_form, 200),
    "A response goes out": (answer_stream, 200),
    "A limit becomes a 413": (read_small_form, 413),
}


def record(app: Any) -> tuple[list[tuple[str, str]], int]:
    """Serve one form over WSGI: every function of the package that is called, with its file, and the status."""
    home = str(Path(cardan.__file__).parent) + "/"
    environ = RequestBuilder(method="POST", data=FORM, content_type="multipart/form-data; boundary=b").environ()
    calls: list[tuple[str, str]] = []
    statuses: list[str] = []

    def note(frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(home):
            calls.append((frame.f_code.co_filename.removeprefix(home), frame.f_code.co_qualname))

    previous = sys.getprofile()
    sys.setprofile(note)
    try:
        answer = app(environ, lambda status, headers, exc_info=None: statuses.append(status))
        for _ in answer:
            pass
        getattr(answer, "close", bool)()
    finally:
        sys.setprofile(previous)
    return calls, int(statuses[0][:3])


@pytest.mark.parametrize("title", SERVED)
def test_a_walk_is_taken(title: str) -> None:
    """The functions of a walk are called in its order when such a request is served."""
    steps = re.findall(r"^\d+\. `([^`]+)`: `([^`]+)`", WALKS[title], re.MULTILINE)
    app, status = SERVED[title]
    calls, got = record(app)
    following = iter(calls)
    missing = [step for step in steps if step not in following]
    assert (missing, got) == ([], status)
    assert len(steps) > 5


def test_no_walk_is_without_a_test() -> None:
    """Each walk of the page has a request that takes it."""
    assert list(WALKS) == list(SERVED)


@pytest.mark.parametrize("row", rows("The laws"), ids=lambda row: row[0])
def test_each_law_has_its_test(row: list[str]) -> None:
    """The test that a law names exists."""
    path, _, name = row[1].strip("`").partition("::")
    assert name in functions(path)


def test_the_glossary_is_in_order_and_in_use() -> None:
    """Each word is explained once, in alphabetical order, and stands in the source."""
    words = [row[0] for row in rows("Glossary")]
    source = "\n".join(path.read_text("utf-8").lower() for path in (ROOT / "src").rglob("*.py"))
    assert words == sorted(set(words))
    assert [word for word in words if not re.search(rf"\b{word.split()[-1]}", source)] == []
