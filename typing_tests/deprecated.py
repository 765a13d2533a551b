# mypy: enable-error-code=deprecated
# pyright: reportDeprecated=true
"""Names that have a better successor are reported by type checkers that are asked for it."""

from __future__ import annotations

from typing import assert_type

from cardan import Request, Response, core
from cardan.datastructures import CharsetAccept, HeaderSet


def requests(request: Request, cores: core.Request) -> None:
    """The types are as before."""
    assert_type(request.url_root, str)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    assert_type(request.script_root, str)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    assert_type(request.is_xhr, bool)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    assert_type(request.content_md5, str | None)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    assert_type(request.pragma, HeaderSet)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    assert_type(request.accept_charsets, CharsetAccept)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    assert_type(request.disable_data_descriptor, bool)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    assert_type(cores.url_root, str)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
    assert_type(request.root_url, str)
    assert_type(request.root_path, str)


def responses(response: Response) -> None:
    """Setting is reported; reading what can also be set is by pyright."""
    assert_type(response.content_md5, str | None)  # pyright: ignore[reportDeprecated]
    response.content_md5 = "abc"  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
