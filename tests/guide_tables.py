"""Reads the tables of the guides about moving, and runs the lines in them."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardan import Application, Request, Response
from cardan.testing import Client
from tests.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardan.types import ProtocolName

TARGET = "/shop/items?page=2&tag=a&tag=b"
HEADERS = [
    ("X-Tag", "a"),
    ("Cookie", "theme=dark; user=ada"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("User-Agent", "agent/1"),
    ("Referer", "http://testserver/before"),
    ("Origin", "http://testserver"),
    ("Authorization", "Basic YWRhOnNlY3JldA=="),
    ("Accept", "application/json, text/html;q=0.5"),
    ("Accept-Language", "de, en;q=0.5"),
    ("If-None-Match", '"v1"'),
    ("If-Modified-Since", "Sun, 29 Nov 2026 06:00:00 GMT"),
    ("Range", "bytes=0-9"),
    ("Cache-Control", "no-cache"),
    ("Max-Forwards", "3"),
    ("Access-Control-Request-Method", "PUT"),
]
FORM = {"data": {"title": "a b", "number": "7", "tag": ["x", "y"]}, "files": {"photo": ("my photo.png", b"12345")}}


def section(page: str, title: str, folder: str = "docs/coming-from") -> str:
    """The text below a heading of a page, up to the next heading."""
    text = (ROOT / folder / page).read_text("utf-8")
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {title!r}"
    return found[1]


def rows(page: str, title: str, folder: str = "docs/coming-from") -> list[list[str]]:
    """The cells of the tables in a section, without the heads."""
    lines = [line for line in section(page, title, folder).splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in line[1:-1].split(" | ")] for line in lines]
    heads = {number + step for number, row in enumerate(table) if set("".join(row)) <= {"-", "|"} for step in (-1, 0)}
    return [row for number, row in enumerate(table) if number not in heads]


def code(cell: str) -> str:
    """The code of a cell that consists of code alone."""
    assert re.fullmatch(r"`[^`]+`", cell), f"got {cell!r}, expected code alone"
    return cell.strip("`")


def view(cell: str, names: dict[str, Any], parameter: str = "request") -> Callable[..., Any]:
    """A function of the line in a cell. If the line is an expression, the function returns its value."""
    line = code(cell)
    head = "async def" if re.search(r"\bawait\b|\basync\b", line) else "def"
    body = line if re.search(r"\b(return|raise|abort)\b", line) else f"return {line}"
    namespace = dict(names)
    exec(f"{head} view({parameter}):\n    {body}", namespace)
    made: Callable[..., Any] = namespace["view"]
    return made


def value_here(new: Any, protocol: ProtocolName, *, load: bool = False, **sent: Any) -> Any:
    """What a view reads from a request here."""
    got = []

    def read(request: Request) -> Response:
        got.append(new(request))
        return Response()

    async def aread(request: Request) -> Response:
        if load:
            await request.load()
        value = new(request)
        got.append(await value if hasattr(value, "__await__") else value)
        return Response()

    handler = aread if load or inspect.iscoroutinefunction(new) else read
    with Client(Application(handler), protocol) as client:
        assert client.request(sent.pop("method", "GET"), TARGET, **sent).status_code == 200
    return got[0]


def body_for(line: str) -> dict[str, Any]:
    """The body of the request that a line reads."""
    if "json" in line:
        return {"method": "POST", "json": {"a": [1]}}
    if "form" in line or "files" in line or "values" in line:
        return {"method": "POST", **FORM}
    return {"method": "POST", "content": b"caf\xc3\xa9", "headers": {"Content-Type": "text/plain"}}


def untested(page: str, title: str, test_file: str, call: str) -> list[str]:
    """The rows of a table that no call in a test file names by the beginning of their first cell."""
    source = ast.parse(Path(test_file).read_text("utf-8"))
    named = [
        str(ast.literal_eval(node.args[0]))
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == call
        if isinstance(node.args[0], ast.Constant)
    ]
    return [row[0] for row in rows(page, title) if not any(row[0].startswith(text) for text in named)]
