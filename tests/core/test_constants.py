"""Constants that several modules use are defined in one module."""

from __future__ import annotations

import ast

import pytest

from tests.house import ROOT

SRC = ROOT / "src" / "cardan"


def modules_with(value: object) -> list[str]:
    """Return the modules whose code contains ``value`` as a constant."""
    return [
        path.relative_to(SRC).as_posix()
        for path in sorted(SRC.rglob("*.py"))
        if any(
            isinstance(node, ast.Constant) and node.value == value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]


@pytest.mark.parametrize(
    ("value", "home"),
    [
        (65_536, "core/_buffers.py"),
        ("multipart/form-data", "core/forms/_content_type.py"),
        ("application/x-www-form-urlencoded", "core/forms/_content_type.py"),
    ],
)
def test_a_constant_has_one_home(value: object, home: str) -> None:
    """Only one module contains the constant; the others import it."""
    assert modules_with(value) == [home]
