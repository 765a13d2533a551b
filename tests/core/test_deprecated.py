"""Names of the original design with a better successor are marked for type checkers and in the reference only."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import pytest

import cardan
from cardan import core
from cardan.testing import RequestBuilder

OF_REQUESTS = [
    "accept_charsets", "content_md5", "is_xhr", "pragma", "script_root", "url_root",
]  # fmt: skip


def requests() -> list[core.Request]:
    """A request of core, and one for each protocol."""
    builder = RequestBuilder("http://a.example/x", headers={"Content-MD5": "abc", "Pragma": "no-cache"})
    made = cardan.Request(builder.scope(), builder.receive())
    return [core.Request(builder.head()), cardan.Request(builder.environ()), made]


@pytest.mark.parametrize("name", OF_REQUESTS)
def test_names_of_requests_work_without_a_warning(name: str) -> None:
    """A deprecated name gives what its successor gives, or the field, and warns nobody."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for request in requests():
            value = getattr(request, name)
            if name in ("url_root", "script_root"):
                assert value == getattr(request, {"url_root": "root_url", "script_root": "root_path"}[name])
    assert "Deprecated: " in getattr(cardan.Request, name).__doc__


def test_content_md5_of_a_response() -> None:
    """``content_md5`` can still be read and set, without a warning at run time."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for response in (core.Response(), cardan.Response()):
            response.content_md5 = "abc"
            assert response.headers["Content-MD5"] == response.content_md5 == "abc"
    field: Any = core.Response.content_md5
    assert "Deprecated: " in field.__doc__


def test_the_marks_import_nothing() -> None:
    """typing_extensions is for type checkers: it is not loaded, and need not be installed."""
    code = "import sys, cardan; cardan.Request; cardan.Response; sys.exit('typing_extensions' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
