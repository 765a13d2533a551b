"""Nothing that a client sends costs more than linear time: no regular expression, no reader, no writer, no property.

The one law of this suite whose proof is a measurement. It is a ratio over three sizes, far from both sides (linear is
4, the bound 11, quadratic 16), and what fails was measured again and again before. What is tried is made from the
expressions themselves, and from fragments for everything else: tests/expressions.py, tests/subjects.py.
benchmarks/linear.py tries many more, and prints the ratios.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from types import ModuleType

import pytest

import cardan.core
import cardan.http
from cardan.core import safe_filename
from cardan.core.urls import iri_to_uri
from cardan.http import ContentDisposition, dump_cookie
from tests import subjects
from tests.expressions import Expression, Shape, expressions, modules, shapes
from tests.growth import collector_off, steep
from tests.subjects import BYTES, CONTAINERS, SHAPES, SUBJECTS, attempt

EXPRESSIONS = {f"{one.name}.{one.method}": one for one in expressions()}


def steep_shapes(one: Expression) -> list[tuple[Shape, str]]:
    found = [(shape, steep(one.apply, lambda size: one.text(shape, size))) for shape in shapes(one.pattern)]  # noqa: B023
    return [(shape, text) for shape, text in found if text is not None]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_expression_is_linear(name: str) -> None:
    """Matching, searching, replacing and splitting: by every method that the library uses of an expression."""
    with collector_off():
        assert steep_shapes(EXPRESSIONS[name]) == []


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.filterwarnings("ignore:got a cookie")
def test_every_reader_and_writer_is_linear(name: str) -> None:
    """From the text as it was sent to all that can be asked of it, and back."""
    call = SUBJECTS[name]
    tried = SHAPES[::5] if "." in name.split()[0] else SHAPES  # an attribute: its reader is a subject by itself
    with collector_off():
        found = [(shape, steep(call, shape.text, 2000)) for shape in tried]
    assert [(shape, text) for shape, text in found if text is not None] == []


@pytest.mark.parametrize(
    "call",
    [
        safe_filename,
        lambda text: ContentDisposition("attachment", text).to_header(),
        lambda text: attempt(iri_to_uri, f"http://{text}/"),
        lambda text: attempt(dump_cookie, "a", domain=text),
    ],
    ids=["safe_filename", "Content-Disposition", "URL", "cookie domain"],
)
@pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0f73", "\u0345\u0301\u0323"], ids=ascii)
def test_combining_marks_are_put_in_order_in_linear_time(call: Callable[[str], object], marks: str) -> None:
    """Normal forms sort the marks on a letter, in quadratic time: of a long text only so many as can matter."""
    with collector_off():
        assert steep(call, Shape("a", marks, "").text, 16_000) is None


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_is_linear(name: str) -> None:
    """As many fields, parameters or names as a client likes to send."""
    with collector_off():
        assert steep(CONTAINERS[name], lambda count: count, 1600) is None


@pytest.mark.parametrize("name", BYTES)
def test_a_body_that_comes_byte_by_byte_is_read_in_linear_time(name: str) -> None:
    """What was looked at is not looked at again when the next byte is there."""
    with collector_off():
        assert steep(BYTES[name], lambda count: count, 16_000) is None


def compiled_elsewhere(source: str) -> list[str]:
    """Every use of :mod:`re` that is not an expression compiled and named by the module itself."""
    tree = ast.parse(source)
    named = {id(part) for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for part in ast.walk(node)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    ours = [node for node in calls if ast.unparse(node.func.value) == "re"]  # type: ignore[attr-defined]
    fine = [node for node in ours if node.func.attr == "compile" and id(node) in named]  # type: ignore[attr-defined]
    return [ast.unparse(node) for node in ours if node not in fine]


def test_expressions_stand_where_they_are_found() -> None:
    """Each is compiled once, under a name of its module: one that is written elsewhere would have no proof."""
    assert {module.__name__: compiled_elsewhere(inspect.getsource(module)) for module in modules()} == {
        module.__name__: [] for module in modules()
    }
    assert len(EXPRESSIONS) > 70
    assert compiled_elsewhere("import re\na = re.compile('b')\ndef f(x): return re.sub('a', '', x)") != []


#: public functions that take nothing that a client sent
NOT_FOR_CLIENTS = {
    "abort", "arun", "dump_age", "dump_retry_after", "generate_etag", "header_field", "http_date",
    "is_byte_range_valid", "live_field", "run", "value_field",
}  # fmt: skip


@pytest.mark.parametrize("module", [cardan.http, cardan.core], ids=["http", "core"])
def test_every_public_function_is_a_subject(module: ModuleType) -> None:
    """What reads or writes a field, a body or an address is called by name in the subjects."""
    functions = {name for name in module.__all__ if inspect.isfunction(getattr(module, name))}
    called = re.findall(r"\w+", inspect.getsource(subjects))
    assert functions - NOT_FOR_CLIENTS - set(called) == set()


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (rb"[ \t]*\r\n[ \t]+", "sub"),  # where it fails, each space is tried as the first
        (r"(?:\A|;)([a-z]+)(?: +([ -~]*))?(?=;|\Z)", "findall"),  # a space may belong to either
        (r"(a+)+b", "match"),  # exponential
        (r"<!--.*?-->", "findall"),
        (r"(\w+)\s*=\s*(\w+)\s*;", "search"),
    ],
    ids=["fold", "two-places", "nested", "unclosed", "words"],
)
def test_what_is_not_linear_is_found(pattern: str | bytes, method: str) -> None:
    """The inputs that are made from an expression find the ones that are known to be quadratic, and worse."""
    one = Expression("", re.compile(pattern), method)
    with collector_off():
        assert any(steep(one.apply, lambda size: one.text(shape, size), 1600) for shape in shapes(one.pattern))  # noqa: B023


@pytest.mark.parametrize(
    ("call", "linear"),
    [
        (lambda text: text.split(","), True),
        (lambda text: [char for char in text if char != "x"], True),
        (lambda text: [max(text[:at], default="") for at in range(len(text))], False),
        (lambda text: [char for at, char in enumerate(text) if char in list(text[:at])], False),
    ],
    ids=["split", "walk", "slices", "list"],
)
def test_growth_is_judged(call: Callable[[str], object], linear: bool) -> None:
    """A linear call is never said to be steep; a quadratic one always is."""
    with collector_off():
        assert any(steep(call, Shape("", unit, "a").text, 1000) for unit in (" ", "ab", ",")) is not linear
