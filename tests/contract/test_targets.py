"""Request targets that a server passes on unchanged (RFC 9112 section 3.2), on both protocols."""

from __future__ import annotations

import pytest

from cardan import Request
from cardan.testing import PROTOCOLS, RequestBuilder

PATHS = {
    "http://other:81/a/b": "/a/b",
    "https://other": "/",
    "http://other/": "/",
    "*": "/*",
    "": "/",
    "/http://other/a": "/http://other/a",
    "://a/b": "/://a/b",
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("given", PATHS)
def test_the_path_of_a_target(given: str, protocol: str) -> None:
    """RFC 9112 section 3.2.2: a server must accept the absolute form. Some leave it in the path. Host has the host."""
    builder = RequestBuilder("/", headers={"Host": "here"})
    if protocol == "wsgi":
        request = Request(builder.environ() | {"PATH_INFO": given, "RAW_URI": given + "?x=1"})
        assert request.raw_path == (PATHS[given].encode() if "other" in given else None)
    else:
        raw = given.encode() + b"?x=1"
        request = Request(builder.scope() | {"path": given, "raw_path": raw})
        assert request.raw_path == (PATHS[given].encode() if "://other" in given else given.encode())
    assert (request.path, request.host) == (PATHS[given], "here")
