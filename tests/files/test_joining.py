"""safe_join gives None for a path that leads out of the directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.files._joining import safe_join


@pytest.mark.parametrize(
    ("paths", "joined"),
    [
        (("a",), "/srv/a"),
        (("a", "b"), "/srv/a/b"),
        (("a/b.txt",), "/srv/a/b.txt"),
        ((), "/srv"),
        (("",), "/srv"),
        ((".",), "/srv"),
        (("a/../b",), "/srv/b"),
        (("./a",), "/srv/a"),
        (("a//b",), "/srv/a/b"),
        (("..a",), "/srv/..a"),
        (("a..b",), "/srv/a..b"),
        (("CONSOLE.txt",), "/srv/CONSOLE.txt"),
        (("nul1",), "/srv/nul1"),
        (("ä b",), "/srv/ä b"),
        (("\udcff",), "/srv/\udcff"),  # the name is the byte FF
        ((".well-known/x",), "/srv/.well-known/x"),
    ],
)
def test_inside(paths: tuple[str, ...], joined: str) -> None:
    """A path below the directory is joined."""
    assert safe_join("/srv", *paths) == joined


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../x",
        "../srv2/x",
        "a/../../x",
        "a/../..",
        "/",
        "/etc/passwd",
        "//host/x",
        "\0",
        "a\0b",
        "\ud800",
        "a/\udfff.txt",
        "..\\x",
        "a\\b",
        "\\\\host\\share",
        "C:",
        "C:x",
        "c:/x",
        "a/C:x",
        "CON",
        "con",
        "NUL.txt",
        "a/NUL",
        "NUL:",
        "nul .txt",
        "COM1",
        "com¹.x",
        "LPT9",
        "aux/x",
        "PRN",
        "CONIN$",
        "...",
        "a/. .",
        "..  ",
        "a/.. /b",
    ],
)
def test_outside(path: str) -> None:
    """``..``, absolute paths, NUL, backslashes, drive letters, UNC and device names give None, on every system."""
    assert safe_join("/srv", path) is None
    assert safe_join("/srv", "a", path) is None


def test_directories() -> None:
    """A relative directory stays relative. A Path is accepted; other types are refused."""
    assert safe_join("srv", "a") == "srv/a"
    assert safe_join("", "a") == "./a"
    assert safe_join(Path("/srv"), "a") == "/srv/a"
    with pytest.raises(TypeError, match="got a path of type bytes, expected str"):
        safe_join("/srv", b"a")  # type: ignore[arg-type]


@given(st.lists(st.text(st.sampled_from("./\\a:\0C ")), max_size=3))
def test_never_outside(paths: list[str]) -> None:
    """Whatever is joined, ``os.path`` agrees that the result is below the directory."""
    joined = safe_join("/srv/www", *paths)
    if joined is not None:
        assert os.path.commonpath(["/srv/www", os.path.abspath(joined)]) == "/srv/www"
