"""All regular expressions of the library, and inputs made from them, for the test and the benchmark of linear time.

:func:`expressions` searches all modules, so a new expression is tested without being added to a list. :func:`shapes`
reads the syntax tree of an expression: the text before each repeat, the repeated text, and the characters of its sets.
A :class:`Shape` is a head, a unit that is repeated to any size, and a tail.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any, NamedTuple

import cardan

__all__ = ["Expression", "Shape", "expressions", "modules", "shapes"]

METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer", "scanner")
#: what fields, forms, names and addresses are written with; of each set the expression is tried with what it holds
TYPICAL = " \t\r\n\f\"\\,;=:/<>[]()*%'-.aAfz019_~@!?#&|^`{}$+\x00\x7f\x85\xa0\xff\u0301\u200b\ud800"
#: how many characters of one set, and how many of all sets of an expression together, are tried
FROM_SET, FROM_ALL = 4, 12


class Shape(NamedTuple):
    """A text of any size: ``head``, then ``unit`` repeated, then ``tail``."""

    head: str
    unit: str
    tail: str

    def text(self, size: int) -> str:
        """The text with about ``size`` characters."""
        return self.head + self.unit * (size // len(self.unit)) + self.tail


class Expression(NamedTuple):
    """A regular expression: the name of its module, the expression, and the method that the module calls."""

    name: str
    pattern: re.Pattern[Any]
    method: str

    @property
    def apply(self) -> Callable[[Any], object]:
        """Call the method as the library does, and use up everything that it finds."""
        bound = getattr(self.pattern, self.method)
        if self.method == "sub":
            return lambda text: bound(text[:0], text)
        if self.method == "finditer":
            return lambda text: list(bound(text))
        return bound  # type: ignore[no-any-return]

    def text(self, shape: Shape, size: int) -> Any:
        """The shape as the expression needs it: text or bytes."""
        text = shape.text(size)
        return text.encode("latin-1", "replace") if isinstance(self.pattern.pattern, bytes) else text


def modules() -> Iterator[ModuleType]:
    """All modules of the library."""
    yield cardan
    for info in pkgutil.walk_packages(cardan.__path__, "cardan."):
        yield importlib.import_module(info.name)


def expressions() -> list[Expression]:
    """All expressions in the modules of the library, once for each method that is called."""
    loaded = list(modules())
    sources = {module.__name__: inspect.getsource(module) for module in loaded}
    found: dict[tuple[int, str], Expression] = {}
    for module in loaded:
        for name, value in vars(module).items():
            pattern = value if isinstance(value, re.Pattern) else getattr(value, "__self__", None)
            if not isinstance(pattern, re.Pattern):
                continue
            used = [value.__name__] if pattern is not value else _methods(name, module.__name__, sources)
            for method in used:
                found.setdefault((id(pattern), method), Expression(f"{module.__name__}.{name}", pattern, method))
    return list(found.values())


def _methods(name: str, module: str, sources: dict[str, str]) -> list[str]:
    call = re.compile(rf"\b{name}\.({'|'.join(METHODS)})\b")
    holders = [other for other in sources if vars(sys.modules[other]).get(name) is vars(sys.modules[module])[name]]
    used = {method for holder in holders for method in call.findall(sources[holder])}
    used = used or set(re.findall(rf"\bpattern\.({'|'.join(METHODS)})\b", sources[module]))  # passed as an argument
    assert used, f"nothing applies {module}.{name}"
    return sorted(used)


# --- inputs ---


def shapes(pattern: re.Pattern[Any]) -> list[Shape]:
    """The inputs for ``pattern``, built from its syntax tree.

    They are each repeated unit by itself, each unit between the text before and after it, and pairs of its characters.
    """
    text = pattern.pattern
    tree = parser.parse(text.decode("latin-1") if isinstance(text, bytes) else text, pattern.flags & ~re.UNICODE)
    reader = _Reader(bool(pattern.flags & re.IGNORECASE))
    whole = reader.read(tree, [""])
    letters = list(dict.fromkeys([*reader.letters, *' "\\,;a']))[:FROM_ALL]
    strange = next(char for char in "\x01\x00!~" if char not in reader.letters)
    longest = max(whole, key=len)
    tails = list(dict.fromkeys(["", strange, longest[-1:]]))
    singles = [*letters, strange]
    pairs = [a + b for a, b in product(letters[:6], repeat=2) if a != b]
    samples = [text for text in [*reader.units, *whole, *(text[:-1] for text in whole)] if len(text) > 1]
    found: dict[Shape, None] = {}
    for head, unit, tail in product(["", *reader.heads], [*singles, *samples], tails):
        found[Shape(head, unit, tail)] = None
    for unit, tail in product(pairs, tails):
        found[Shape("", unit, tail)] = None
    return list(found)


class _Reader:
    """Reads a syntax tree: ``heads`` (what stands before a repeat), ``units`` (what is repeated) and ``letters``."""

    def __init__(self, ignore_case: bool) -> None:
        self.heads: dict[str, None] = {}
        self.units: dict[str, None] = {}
        self.letters: dict[str, None] = {}
        self._groups: dict[int, list[str]] = {}

    def read(self, tree: Iterable[Any], before: list[str]) -> list[str]:
        """Some texts that ``tree`` matches; what it repeats is noted together with ``before``."""
        texts = [""]
        for op, value in tree:
            heads = [b + t for b, t in product(before, texts)][:3]
            texts = [t + found for found, t in product(self._node(op, value, heads), texts)][:4]
        return texts

    def _node(self, op: Any, value: Any, heads: list[str]) -> list[str]:
        match op:
            case constants.LITERAL:
                self.letters[chr(value)] = None
                return [chr(value)]
            case constants.NOT_LITERAL:
                return self._of(char for char in TYPICAL if ord(char) != value)
            case constants.ANY:
                return self._of(TYPICAL)
            case constants.IN:
                return self._of(char for char in TYPICAL if _holds(value, char)) or [_first(value)]
            case constants.BRANCH:
                branches = [self.read(branch, heads) for branch in value[1]]
                return [texts[0] for texts in branches] + [text for texts in branches for text in texts[1:]]
            case constants.SUBPATTERN:
                return self.read(value[3], heads)
            case constants.ATOMIC_GROUP:
                return self.read(value, heads)
            case constants.MAX_REPEAT | constants.MIN_REPEAT | constants.POSSESSIVE_REPEAT:
                return self._repeat(*value, heads)
            case constants.ASSERT:
                self.read(value[1], heads)
        return [""]  # a position, or a negative assertion

    def _repeat(self, least: int, most: int, body: Any, heads: list[str]) -> list[str]:
        texts = self.read(body, heads)
        if most > 16:
            self.heads.update(dict.fromkeys(heads[:2]))
            self.units.update(dict.fromkeys(text for text in texts if text))
        return [text * max(least, 1) for text in texts[:2]] + ([""] if least == 0 else [])

    def _of(self, chars: Iterable[str]) -> list[str]:
        taken = list(chars)[:FROM_SET]
        self.letters.update(dict.fromkeys(taken))
        return taken


def _holds(items: Any, char: str) -> bool:
    negated, found, code = False, False, ord(char)
    for op, value in items:
        match op:
            case constants.NEGATE:
                negated = True
            case constants.LITERAL:
                found = found or code == value
            case constants.RANGE:
                found = found or value[0] <= code <= value[1]
            case constants.CATEGORY:
                found = found or _in_category(value, char)
    return found is not negated


def _in_category(category: Any, char: str) -> bool:
    name = str(category).removeprefix("CATEGORY_")
    kind = {"DIGIT": str.isdigit, "SPACE": str.isspace}.get(name.removeprefix("NOT_"), str.isalnum)
    return kind(char) is not name.startswith("NOT_")


def _first(items: Any) -> str:
    return next(chr(value if op is constants.LITERAL else value[0]) for op, value in items)
