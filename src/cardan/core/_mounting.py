"""Mounting: which of several applications a path belongs to, and what this application sees of the path.

Takes and gives text of a request head. A prefix is text such as ``/api``, decoded, without a slash at its end; ``""``
is the prefix of all paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["checked_prefix", "longest_prefix", "move_prefix"]


def checked_prefix(prefix: str) -> str:
    """``prefix`` without the slash at its end.

    Raises :exc:`TypeError` if it is not a str, and :exc:`ValueError` if it does not begin with exactly one slash, if
    it is not text that UTF-8 can encode, or if it contains U+FFFD, which stands for every byte that is not UTF-8.

    >>> checked_prefix("/api/"), checked_prefix("/")
    ('/api', '')
    """
    if not isinstance(prefix, str):
        raise TypeError(f"got a prefix of type {type(prefix).__name__}, expected a str")
    if prefix and (prefix[0] != "/" or prefix[1:2] == "/"):
        raise ValueError(f"got the prefix {prefix!r}, expected one that begins with one slash")
    try:
        prefix.encode()
    except UnicodeEncodeError:
        raise ValueError(f"got the prefix {prefix!r}, expected text without lone surrogates") from None
    if "\ufffd" in prefix:
        raise ValueError(f"got the prefix {prefix!r}, expected one without U+FFFD")
    return prefix.rstrip("/")


def longest_prefix(path: str, prefixes: Iterable[str]) -> str | None:
    """The first of ``prefixes`` that ``path`` is equal to or is below; None if there is none.

    ``prefixes`` are sorted, the longest one first. A prefix ends at a slash of the path: ``/api`` holds ``/api`` and
    ``/api/x``, and not ``/apiary``.

    >>> longest_prefix("/api/x", ["/api/v2", "/api", ""])
    '/api'
    """
    for prefix in prefixes:
        if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"):
            return prefix
        if not prefix:
            return prefix
    return None


def move_prefix(root_path: str, path: str, prefix: str) -> tuple[str, str]:
    """Move ``prefix`` from the beginning of ``path`` to the end of ``root_path``; give both.

    >>> move_prefix("/site", "/api/x", "/api")
    ('/site/api', '/x')
    """
    return root_path.rstrip("/") + prefix, path[len(prefix) :]
