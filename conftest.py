"""Runs the examples: those of README.md and docs/ (fenced blocks of Python), and the `>>>` ones in docstrings."""

from __future__ import annotations

import tempfile
from typing import Any

from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

_folders: list[tempfile.TemporaryDirectory[str]] = []


def _begin(namespace: dict[str, Any]) -> None:
    """Let the examples of a page make their temporary files in a folder that is removed after the page."""
    folder = tempfile.TemporaryDirectory()
    _folders.append(folder)
    tempfile.tempdir = folder.name


def _end(namespace: dict[str, Any]) -> None:
    _folders.pop().cleanup()
    tempfile.tempdir = None


pages = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "CONTRIBUTING.md", "docs/*.md", "docs/**/*.md"],
    excludes=["docs/_build/**"],
    setup=_begin,
    teardown=_end,
)
docstrings = Sybil(parsers=[DocTestParser()], patterns=["src/**/*.py"])

pytest_collect_file = (pages + docstrings).pytest()
