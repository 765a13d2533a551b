"""Mounting: prefixes, the prefix that a path is below, and what is moved from the path to the root path."""

from __future__ import annotations

from typing import Any

import pytest

from cardan.core._mounting import checked_prefix, longest_prefix, move_prefix


@pytest.mark.parametrize(
    ("given", "prefix"),
    [
        ("/api", "/api"),
        ("/api/", "/api"),
        ("/a/b//", "/a/b"),
        ("/", ""),
        ("", ""),
        ("/é", "/é"),
        ("/a b%2F", "/a b%2F"),
    ],
)
def test_a_prefix_has_no_slash_at_its_end(given: str, prefix: str) -> None:
    """A slash at the end of a prefix means nothing; ``/`` and ``""`` are the prefix of all paths."""
    assert checked_prefix(given) == prefix


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("api", ValueError, "got the prefix 'api', expected one that begins with one slash"),
        ("//api", ValueError, "begins with one slash"),
        ("//", ValueError, "begins with one slash"),
        ("/\ud800", ValueError, "without lone surrogates"),
        ("/\ufffd", ValueError, r"without U\+FFFD"),
        (b"/api", TypeError, "got a prefix of type bytes, expected a str"),
        (None, TypeError, "got a prefix of type NoneType"),
    ],
)
def test_what_is_no_prefix(given: Any, error: type[Exception], message: str) -> None:
    """A prefix that no path can be below, or that text of invalid bytes could be equal to, is refused."""
    with pytest.raises(error, match=message):
        checked_prefix(given)


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/api", "/api"),
        ("/api/", "/api"),
        ("/api/x", "/api"),
        ("/api//x", "/api"),
        ("/api/v2/x", "/api/v2"),
        ("/api/v2x", "/api"),
        ("/apiary", None),
        ("/API", None),
        ("//api", None),
        ("api", None),
        ("/", None),
        ("", None),
        ("*", None),
    ],
)
def test_the_longest_prefix_at_a_slash(path: str, prefix: str | None) -> None:
    """The longest prefix wins, and it ends at a slash of the path or at its end. Letters must be equal."""
    assert longest_prefix(path, ["/api/v2", "/api"]) == prefix
    assert longest_prefix(path, ["/api/v2", "/api", ""]) == (prefix or "")


def test_what_is_moved() -> None:
    """The prefix moves from the path to the root path; both together stay what they were."""
    assert move_prefix("", "/api/x", "/api") == ("/api", "/x")
    assert move_prefix("/site/", "/api", "/api") == ("/site/api", "")
    assert move_prefix("/site", "/x", "") == ("/site", "/x")
