"""What code, tests and pages speak of is in the repository: no page, file, module or name that is not there.

The files are read as text. Three things are looked at: paths of files, dotted names that begin with ``cardan.``, and
(in comments, docstrings and pages) the names of notes that only the founders of the project have.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import re
import tokenize
from functools import cache
from pathlib import Path

from tests.house import ROOT

FOLDERS = (
    "src",
    "tests",
    "typing_tests",
    "docs",
    "examples",
    "benchmarks",
    "interop",
    "fuzz",
    "soak",
    "proof",
    "mutation",
    ".ci",
)
KINDS = {".py", ".md", ".toml", ".js", ".css", ".txt", ""}
MADE = ("/.coverage", "docs/_build", "__pycache__", "benchmarks/results", "tests/corpora")
FILES = sorted(
    path
    for place in (*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")))
    if (path := place).is_file()
    and path.suffix in KINDS
    and not path.name.endswith(".egg-info")
    and not any(made in path.as_posix() for made in MADE)
)
# A line of CHANGELOG.md and the lists of what is public speak of their time, and this file of what must not be.
NAMES = [
    path.relative_to(ROOT).as_posix()
    for path in FILES
    if path.name not in ("CHANGELOG.md", "public_names.txt", "public_values.txt", "LICENSE") and path != Path(__file__)
]

PAGE = re.compile(r"(?<![\w*/.-])(?:[\w.-]+/)*[\w-]+\.md\b")
PLACE = re.compile(
    r"(?<![\w*./<{-])(?:src|tests|docs|examples|benchmarks|interop|fuzz|core|wsgi|asgi|_crossing|apps|files|testing)"
    r"/(?:[\w-]+/)*[\w-]+\.(?:py|md|json|toml|txt)\b"
)
DOTTED = re.compile(r"(?<![\w./\"@-])cardan(?:\.[A-Za-z_]\w*)+")
NOTES = re.compile(
    r"\b(?:SPEC|FORMS|HAZARDS|DESIGN|REDESIGN|SEEDS|STYLE|PEERS)\b(?! =|\[|\.)|\bAPI(?::|,? (?:rules? )?\d)"
    r"|\b(?:[Rr]uling|[Hh]azard|API rule)s? \d|\.\./shared/(?!usercode)|/work/|\bprototypes/"
)
# Names of the layout before the packages forms, apps, files and _crossing.
OLD = re.compile(
    r"\b(?:core[./]body|wsgi[./]serving|asgi[./]serving|cardan[./]crossing|cardan[./](?:static|sending|application|dual"
    r"|lifespan|stopping|wire|joining|file_body|file_types)|multipart_(?:machine|decoder|encoder)\.py|form_reader\.py)\b"
)


@cache
def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@cache
def prose(name: str) -> list[tuple[int, str]]:
    """The lines of a page; of a Python file the lines of its comments and strings of several lines."""
    if not name.endswith(".py"):
        return list(enumerate(text(name).splitlines(), 1))
    found: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text(name)).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and '"""' in token.string):
            found += enumerate(token.string.splitlines(), token.start[0])
    return found


def exists(name: str, inside: str) -> bool:
    """Whether a path is there: from the root, from the package, or from the folder of the file that names it."""
    homes: list[Path] = [ROOT, ROOT / "src" / "cardan", (ROOT / inside).parent, ROOT / "docs"]
    homes += [ROOT / "docs" / "explanation", ROOT / "tests"]
    return any((home / name).exists() for home in homes)


@cache
def resolves(dotted: str) -> bool:
    """Whether a dotted name is a module, or a name in one, or an attribute of such a name."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        try:
            found: object = importlib.import_module(module)
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            annotations = getattr(found, "__annotations__", {})
            if not hasattr(found, name) and name not in annotations:
                return False
            found = getattr(found, name, None)
        return True
    return False


def test_every_file_that_is_named_is_there() -> None:
    """A path that a page, a comment or a docstring mentions is one of this repository."""
    wrong = [
        f"{name}:{number}: {path}"
        for name in NAMES
        for number, line in prose(name)
        for pattern in (PAGE, PLACE)
        for path in pattern.findall(line)
        if not exists(path, name)
    ]
    assert wrong == []


def test_every_dotted_name_is_there() -> None:
    """``cardan.core.Response.headers``: each such name in prose leads to something."""
    wrong = [
        f"{name}:{number}: {dotted}"
        for name in NAMES
        for number, line in prose(name)
        for dotted in DOTTED.findall(line)
        if not resolves(dotted)
    ]
    assert wrong == []


def test_no_note_is_cited_that_only_the_founders_have() -> None:
    """Comments, docstrings and pages cite standards, and pages of this repository."""
    wrong = [f"{name}:{number}: {line.strip()}" for name in NAMES for number, line in prose(name) if NOTES.search(line)]
    assert wrong == []


def test_no_name_of_the_old_layout() -> None:
    """No file speaks of a module by the name that it had before the packages forms, apps, files and _crossing."""
    wrong = [
        f"{name}:{number}: {line.strip()}"
        for name in NAMES
        for number, line in enumerate(text(name).splitlines(), 1)
        if OLD.search(line)
    ]
    assert wrong == []


def test_what_is_looked_for_is_found() -> None:
    """The patterns themselves: each finds what it is for, and leaves alone what is like it."""
    assert PAGE.findall("see docs/guides/limits.md and [this](../a.md), not *.md") == [
        "docs/guides/limits.md",
        "../a.md",
    ]
    assert PLACE.findall("tests/core/test_urls.py, core/drive.py, not a/core/x.py or tests/*.py") == [
        "tests/core/test_urls.py",
        "core/drive.py",
    ]
    assert DOTTED.findall('`cardan.core.Request.form`, "cardan.exchange", x.cardan.y') == ["cardan.core.Request.form"]
    cited = ["as SPEC says", "HAZARDS 12", "API: text", "API 27", "ruling 12", "FORMS rules it out", "../shared/SPEC"]
    assert [line for line in cited if not NOTES.search(line)] == []
    assert [line for line in ("FORMS = 1", "an API", "SEEDS[0]", "API. A") if NOTES.search(line)] == []
    old = ["cardan.core.body.machine", "src/cardan/wsgi/serving.py", "cardan.crossing", "cardan.application"]
    assert [line for line in old if not OLD.search(line)] == []
    assert [line for line in ("cardan._crossing", "cardan.apps._application", "cardan.files") if OLD.search(line)] == []
    assert resolves("cardan.core.Request.form")
    assert not resolves("cardan.core.Request.nothing")
