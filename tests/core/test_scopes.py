"""The scope that is made of the head of a request (ASGI HTTP specification, "HTTP Connection Scope")."""

from __future__ import annotations

from cardan.core import RequestHead
from cardan.core._scopes import make_scope


def test_all_keys() -> None:
    """Every key of the specification, from the head or from what is given beside it. Names of fields are in lower case.
    From version 2.4 of the specification on, ``send()`` tells that the client has left.
    """
    head = RequestHead(
        "PUT", "/other", b"a=1", {"X": "other"}, "https", "2", "/app", b"/other", None, ("192.0.2.7", 4711)
    )
    fields = iter([(b"X-A", b"1"), (b"x-a", b"\xff")])
    scope = make_scope(
        head, path="/app/caf\xe9", raw_path=b"/app/caf%C3%A9", headers=fields, server=("a.example", None)
    )
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "2",
        "method": "PUT",
        "scheme": "https",
        "path": "/app/caf\xe9",
        "raw_path": b"/app/caf%C3%A9",
        "query_string": b"a=1",
        "root_path": "/app",
        "headers": [(b"x-a", b"1"), (b"x-a", b"\xff")],
        "client": ("192.0.2.7", 4711),
        "server": ("a.example", None),
    }
    older = make_scope(head, path="/", raw_path=b"/", headers=(), server=None, spec_version="2.3")
    assert older["asgi"] == {"version": "3.0", "spec_version": "2.3"}
    assert (older["server"], older["headers"]) == (None, [])
