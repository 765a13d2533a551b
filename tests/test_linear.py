"""Nothing that a client sends costs more than linear time: no regular expression, reader, writer or property.

This is the only rule in the test suite that is proved by a measurement. The measured value is a ratio over three sizes:
a linear call has a ratio of 4, a quadratic one 16, and the bound is 11. A call fails only after it was measured several
times. The inputs are made from the regular expressions themselves (tests/expressions.py), and from fragments for
everything else (tests/subjects.py). benchmarks/linear.py tries many more inputs and prints the ratios.
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
from cardan.compat.werkzeug.utils import secure_filename
from cardan.core._urls import iri_to_uri
from cardan.core.forms import safe_filename
from cardan.datastructures import ContentDisposition
from cardan.http import dump_cookie
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
    """Each regular expression is linear with every method that the library uses: match, search, sub and so on."""
    with collector_off():
        assert steep_shapes(EXPRESSIONS[name]) == []


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.filterwarnings("ignore:got a cookie")
def test_every_reader_and_writer_is_linear(name: str) -> None:
    """Reading a text from a client, using everything that the result offers, and writing it again takes linear time."""
    call = SUBJECTS[name]
    tried = SHAPES[::5] if "." in name.split()[0] else SHAPES  # an attribute: its reader is also a subject
    with collector_off():
        found = [(shape, steep(call, shape.text, 2000)) for shape in tried]
    assert [(shape, text) for shape, text in found if text is not None] == []


@pytest.mark.parametrize(
    "call",
    [
        safe_filename,
        secure_filename,
        lambda text: ContentDisposition("attachment", text).to_header(),
        lambda text: attempt(iri_to_uri, f"http://{text}/"),
        lambda text: attempt(dump_cookie, "a", domain=text),
    ],
    ids=["safe_filename", "secure_filename", "Content-Disposition", "URL", "cookie domain"],
)
@pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0f73", "\u0345\u0301\u0323"], ids=ascii)
def test_combining_marks_are_put_in_order_in_linear_time(call: Callable[[str], object], marks: str) -> None:
    """Unicode normalization sorts combining marks in quadratic time.

    So only a limited part of a long text is normalized, or each character by itself.
    """
    with collector_off():
        assert steep(call, Shape("a", marks, "").text, 16_000) is None


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_is_linear(name: str) -> None:
    """A container can hold as many fields, parameters or names as a client likes to send."""
    with collector_off():
        assert steep(CONTAINERS[name], lambda count: count, 1600) is None


@pytest.mark.parametrize("name", BYTES)
def test_a_body_that_comes_byte_by_byte_is_read_in_linear_time(name: str) -> None:
    """Bytes that were examined are not examined again when the next byte arrives."""
    with collector_off():
        assert steep(BYTES[name], lambda count: count, 16_000) is None


def compiled_elsewhere(source: str) -> list[str]:
    """All uses of :mod:`re` in a module, except expressions that are compiled at its top level and have a name."""
    tree = ast.parse(source)
    named = {id(part) for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for part in ast.walk(node)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    ours = [node for node in calls if ast.unparse(node.func.value) == "re"]  # type: ignore[attr-defined]
    fine = [node for node in ours if node.func.attr == "compile" and id(node) in named]  # type: ignore[attr-defined]
    return [ast.unparse(node) for node in ours if node not in fine]


def test_expressions_stand_where_they_are_found() -> None:
    """Each expression is compiled once and has a name in its module. Any other expression would not be tested here."""
    assert {module.__name__: compiled_elsewhere(inspect.getsource(module)) for module in modules()} == {
        module.__name__: [] for module in modules()
    }
    assert len(EXPRESSIONS) > 70
    assert compiled_elsewhere("import re\na = re.compile('b')\ndef f(x): return re.sub('a', '', x)") != []


#: public functions that take no values of a client
NOT_FOR_CLIENTS = {
    "abort", "arun", "call_in_thread", "dump_age", "dump_retry_after", "generate_etag", "header_field", "http_date",
    "is_byte_range_valid", "live_field", "run", "value_field",
}  # fmt: skip


@pytest.mark.parametrize("module", [cardan.http, cardan.core], ids=["http", "core"])
def test_every_public_function_is_a_subject(module: ModuleType) -> None:
    """Each public function that reads or writes a field, a body or an address is called in tests/subjects.py."""
    functions = {name for name in module.__all__ if inspect.isfunction(getattr(module, name))}
    called = re.findall(r"\w+", inspect.getsource(subjects))
    assert functions - NOT_FOR_CLIENTS - set(called) == set()


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (rb"[ \t]*\r\n[ \t]+", "sub"),  # if the match fails, each space is tried as the first one
        (r"(?:\A|;)([a-z]+)(?: +([ -~]*))?(?=;|\Z)", "findall"),  # a space may belong to either part
        (r"(a+)+b", "match"),  # exponential
        (r"<!--.*?-->", "findall"),
        (r"(\w+)\s*=\s*(\w+)\s*;", "search"),
    ],
    ids=["fold", "two-places", "nested", "unclosed", "words"],
)
def test_what_is_not_linear_is_found(pattern: str | bytes, method: str) -> None:
    """The inputs made from an expression detect expressions that are known to be quadratic or worse."""
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
@pytest.mark.untraced
def test_growth_is_judged(call: Callable[[str], object], linear: bool) -> None:
    """``steep`` never reports a linear call. It reports a quadratic one, unless other programs disturb each of five
    measurements.
    """
    units = (" ", "ab", ",") if linear else (" ", "ab", ",") * 5
    with collector_off():
        assert any(steep(call, Shape("", unit, "a").text, 1000) for unit in units) is not linear
