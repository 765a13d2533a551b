"""Makes the mutants of a module: its source text with one small fault, and the place of the fault."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Mutant", "mutants_of"]

#: Of the operators that exchange one operator for another, those that a programmer confuses. The others give the same
#: kind of fault once more.
OPERATORS = [
    *(f"core/ReplaceComparisonOperator_{pair}" for pair in (
        "Eq_NotEq", "NotEq_Eq", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_GtE", "Gt_LtE", "Is_IsNot", "IsNot_Is",
    )),
    *(f"core/ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_Add", "FloorDiv_Mul", "Mod_Add", "LShift_RShift", "RShift_LShift", "BitAnd_BitOr",
        "BitOr_BitAnd",
    )),
    "core/AddNot", "core/ReplaceUnaryOperator_Delete_Not", "core/ReplaceTrueWithFalse", "core/ReplaceFalseWithTrue",
    "core/ReplaceAndWithOr", "core/ReplaceOrWithAnd", "core/ReplaceBreakWithContinue",
    "core/ReplaceContinueWithBreak", "core/ExceptionReplacer", "core/NumberReplacer", "core/ZeroIterationForLoop",
]  # fmt: skip


_TYPED = re.compile(r"\s*\w[\w.]*: ")


@dataclass(frozen=True)
class Mutant:
    """A module with one fault."""

    path: str
    """The file, from the root of the project."""
    operator: str
    definition: str
    """The function or class with the fault, with the names around it; empty for the module."""
    line: int
    """The line of the fault."""
    was: str
    """The line before, without indentation."""
    now: str
    """The line with the fault; empty if it was left out."""
    source: str
    """The text of the whole module."""

    @property
    def module(self) -> str:
        """The name of the module."""
        return ".".join(Path(self.path).with_suffix("").parts[1:]).removesuffix(".__init__")

    @property
    def name(self) -> str:
        """The name of the mutant in the results. It stays the same if lines are added before the fault."""
        return f"{self.path} {self.definition or '-'} {self.operator}: {self.was} -> {self.now or 'pass'}"


def mutants_of(
    path: Path, root: Path, *, omissions_only: bool = False, choose: Random | None = None, most: int = 0
) -> list[Mutant]:
    """All mutants of a module, in the order of their lines; each name once. Omissions do not need cosmic-ray.

    With ``choose`` they are at most ``most``, chosen at random: to make all mutants of a large module takes a minute.
    """
    source = path.read_text("utf-8")
    tree = ast.parse(source)
    place = Places(tree)
    makers = [*([] if omissions_only else by_cosmic_ray(source)), *by_omission(source, tree)]
    if choose is not None:
        choose.shuffle(makers)
    found: dict[str, Mutant] = {}
    for operator, make in makers:
        if choose is not None and len(found) == most:
            break
        mutated = make()
        try:
            compile(mutated, str(path), "exec")
        except (SyntaxError, ValueError):
            continue
        before, after = source.split("\n"), mutated.split("\n")
        line = next((n for n, (one, other) in enumerate(zip(before, after), 1) if one != other), 0)
        if line and place.counts(line, before[line - 1], operator):
            name = str(path.relative_to(root))
            was, now = before[line - 1].strip(), after[line - 1].strip()
            mutant = Mutant(name, operator, place.definition(line), line, was, now, mutated)
            found.setdefault(mutant.name, mutant)
    return sorted(found.values(), key=lambda mutant: (mutant.line, mutant.name))


Maker = tuple[str, "Callable[[], str]"]
"""The name of an operator, and what makes the source with its fault at one place."""


def by_cosmic_ray(source: str) -> Iterator[Maker]:
    """Each operator, once for each place that it applies to."""
    import cosmic_ray.plugins
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code

    def mutated(operator: Any, occurrence: int) -> str:
        return mutate_code(source, operator, occurrence) or source

    nodes = list(ast_nodes(get_ast(source)))
    for name in OPERATORS:
        operator = cosmic_ray.plugins.get_operator(name)()
        count = sum(len(list(operator.mutation_positions(node))) for node in nodes)
        for occurrence in range(count):
            yield name.removeprefix("core/").removeprefix("Replace"), partial(mutated, operator, occurrence)


def by_omission(source: str, tree: ast.Module) -> Iterator[Maker]:
    """The source without one statement that is a call, an ``await`` or a ``raise``, or without one ``with``."""
    lines = source.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith) and node.lineno == node.body[0].lineno - 1:
            indent = len(lines[node.lineno - 1]) - len(lines[node.lineno - 1].lstrip())
            yield "without with", partial(with_line, lines, node.lineno, " " * indent + "if True:")
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
            yield "without call", partial(without, lines, node)
        elif isinstance(node, ast.Raise):
            yield "without raise", partial(without, lines, node)


def with_line(lines: list[str], number: int, text: str) -> str:
    """The source with another line."""
    return "\n".join([*lines[: number - 1], text, *lines[number:]])


def without(lines: list[str], node: ast.stmt) -> str:
    """The source with ``pass`` in place of a statement, and as many lines as before."""
    end = node.end_lineno or node.lineno
    first = lines[node.lineno - 1]
    kept = first[: node.col_offset] + "pass"
    return "\n".join([*lines[: node.lineno - 1], kept, *[""] * (end - node.lineno), *lines[end:]])


class Places:
    """Which definition a line is in, and whether a fault in it counts."""

    def __init__(self, tree: ast.Module) -> None:
        self._definitions: list[tuple[int, int, str]] = []
        self._ignored: set[int] = set()
        self._heads: set[int] = set()
        self._walk(tree.body, "")

    def _walk(self, body: Iterable[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}.{node.name}" if prefix else node.name
                self._definitions.append((node.lineno, last(node), name))
                self._heads |= set(range(node.lineno, node.body[0].lineno))
                if not isinstance(node, ast.ClassDef) and is_overload(node):
                    self._ignore(node)
                self._walk(node.body, name)
            elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "not TYPE_CHECKING"):
                if ast.unparse(node.test) == "TYPE_CHECKING":
                    self._ignored |= set(range(node.lineno, node.orelse[0].lineno if node.orelse else last(node) + 1))
                else:
                    self._ignored.add(node.lineno)
            elif isinstance(node, ast.AnnAssign) and node.value is None:
                self._ignore(node)
            elif isinstance(node, ast.stmt) and hasattr(node, "body"):
                for part in ("body", "orelse", "finalbody", "handlers"):
                    for each in getattr(node, part, []):
                        self._walk(each.body if isinstance(each, ast.ExceptHandler) else [each], prefix)

    def _ignore(self, node: ast.stmt) -> None:
        self._ignored |= set(range(node.lineno, last(node) + 1))

    def definition(self, line: int) -> str:
        """The innermost definition around a line."""
        around = [(begin, name) for begin, end, name in self._definitions if begin <= line <= end]
        return max(around)[1] if around else ""

    def counts(self, line: int, text: str, operator: str) -> bool:
        """Whether a fault there counts. It does not where only type checkers read: types joined by ``|``, overloads."""
        is_type = operator.startswith("BinaryOperator_Bit") and (line in self._heads or _TYPED.match(text))
        is_size = text.lstrip().startswith("@lru_cache(") and operator == "NumberReplacer"  # a bound, whichever it is
        return line not in self._ignored and not is_type and not is_size and not text.startswith("from __future__")


def last(node: ast.stmt) -> int:
    """The last line of a statement."""
    return node.end_lineno or node.lineno


def is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function only declares a type."""
    return any(ast.unparse(each) == "overload" for each in node.decorator_list) or (
        len(node.body) <= 2 and ast.unparse(node.body[-1]) == "..."
    )
