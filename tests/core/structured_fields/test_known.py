"""The well-known structured fields are attributes of requests and responses; the RFCs' own examples are read."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from cardan import Request, Response
from cardan.structured import InnerList, Item, Priority, Token


def wsgi(name: str, value: str) -> Request:
    """A request on WSGI with one field."""
    return Request({"REQUEST_METHOD": "GET", "HTTP_" + name.upper().replace("-", "_"): value})


def asgi(name: str, value: str) -> Request:
    """A request on ASGI with one field."""
    headers = [(name.lower().encode(), value.encode("latin-1"))]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers}, None)


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_digests_of_a_request(make: Any) -> None:
    """Digests are read by algorithm (RFC 9530, the example of appendix B.1); members of another type are left out."""
    text = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:, unixsum=30637, new=(a b)"
    for name, attribute in (("Content-Digest", "content_digest"), ("Repr-Digest", "repr_digest")):
        digests: Mapping[str, bytes] = getattr(make(name, text), attribute)
        assert digests == {"sha-256": sha256(b'{"hello": "world"}\n').digest()}
    for name, attribute in (("Want-Content-Digest", "want_content_digest"), ("Want-Repr-Digest", "want_repr_digest")):
        assert getattr(make(name, "sha-512=3, sha-256=10, unixsum=0, a=?1, b=-1, c=11"), attribute) == {
            "sha-512": 3,
            "sha-256": 10,
            "unixsum": 0,
        }


@pytest.mark.parametrize("make", [wsgi, asgi])
@pytest.mark.parametrize(
    ("text", "urgency", "incremental"),
    [
        ("u=0", 0, False),
        ("u=5, i", 5, True),
        ("i", 3, True),
        ("i=?0", 3, False),
        ("u=7;x=1", 7, False),
        ("u=8, i", 3, True),  # RFC 9218 section 4: a value out of range is ignored, and the others count
        ("u=-1, i", 3, True),
        ("u=1.0", 3, False),
        ("u=?1", 3, False),
        ("i=1", 3, False),
        ("u=(1 2)", 3, False),
        ("new=tok, u=2", 2, False),
        ("u=1,", 3, False),
        ("", 3, False),
    ],
)
def test_the_priority_of_a_request(make: Any, text: str, urgency: int, incremental: bool) -> None:
    """RFC 9218 section 4: missing and invalid parameters have their defaults."""
    assert make("Priority", text).priority == Priority(urgency, incremental)
    assert make("X-Other", text).priority == Priority()


def test_the_priority_of_a_response() -> None:
    """A response has no priority of its own unless one is set (RFC 9218 section 5)."""
    response = Response()
    assert response.priority is None
    response.priority = Priority(0)
    assert response.headers["Priority"] == "u=0, i=?0"
    assert response.priority == Priority(0)
    with pytest.raises(TypeError, match="got priority = 'u=1', expected a value of the Priority field"):
        response.priority = "u=1"  # type: ignore[assignment]
    assert response.priority == Priority(0)
    del response.priority
    assert "Priority" not in response.headers


@pytest.mark.parametrize(
    ("arguments", "error"),
    [((8,), ValueError), ((-1,), ValueError), ((True,), TypeError), (("1",), TypeError), ((1, 1), TypeError)],
)
def test_wrong_priorities(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    """A Priority is checked when it is made."""
    with pytest.raises(error, match=r"^got "):
        Priority(*arguments)


def test_a_priority_is_a_value() -> None:
    """A Priority can be copied and pickled."""
    value = Priority(1, True)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value
    assert copy.deepcopy(value) == value


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_signatures(make: Any) -> None:
    """RFC 9421 section 4.1 and 4.2: what a signature covers, and the signature, by label."""
    covered = make(
        "Signature-Input",
        'sig1=("@method" "@target-uri" "content-digest");created=1618884473;keyid="test-key-rsa-pss"',
    ).signature_input
    assert covered == {
        "sig1": InnerList(
            ["@method", "@target-uri", "content-digest"], {"created": 1618884473, "keyid": "test-key-rsa-pss"}
        )
    }
    # the text that section 2.3 signs is the member as it is written
    assert str(covered["sig1"]).startswith('("@method" "@target-uri" "content-digest");created=1618884473;')
    assert make("Signature", "sig1=:aGk=:").signature == {"sig1": b"hi"}


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_idempotency_keys(make: Any) -> None:
    """The key is a String; text without quotes is no String, and the field counts as missing."""
    assert make("Idempotency-Key", '"8e03978e-40d5-43dd-bc93-6894a57f9324"').idempotency_key == (
        "8e03978e-40d5-43dd-bc93-6894a57f9324"
    )
    assert make("Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324").idempotency_key is None


@pytest.mark.parametrize(
    ("attribute", "name", "value", "text"),
    [
        ("content_digest", "Content-Digest", {"sha-256": b"hi"}, "sha-256=:aGk=:"),
        ("repr_digest", "Repr-Digest", {"sha-256": b"hi", "sha-512": b""}, "sha-256=:aGk=:, sha-512=::"),
        ("want_content_digest", "Want-Content-Digest", {"sha-256": 10}, "sha-256=10"),
        ("want_repr_digest", "Want-Repr-Digest", {"sha-256": 1}, "sha-256=1"),
        ("signature", "Signature", {"a": b"hi"}, "a=:aGk=:"),
        ("reporting_endpoints", "Reporting-Endpoints", {"main": "https://a.example/r"}, 'main="https://a.example/r"'),
        ("deprecation", "Deprecation", datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC), "@1688169599"),
        ("sunset", "Sunset", datetime(2018, 12, 31, 23, 59, 59, tzinfo=UTC), "Mon, 31 Dec 2018 23:59:59 GMT"),
    ],
)
def test_fields_of_a_response(attribute: str, name: str, value: Any, text: str) -> None:
    """What is set is written as the RFCs write it, and reads back equal."""
    response = Response()
    empty = getattr(response, attribute)
    setattr(response, attribute, value)
    assert response.headers[name] == text
    assert getattr(response, attribute) == value
    setattr(response, attribute, None)
    assert name not in response.headers
    assert getattr(response, attribute) == empty


def test_lists_and_policies_of_a_response() -> None:
    """Fields whose members have parameters or inner lists read as items: the examples of their specifications."""
    response = Response()
    response.permissions_policy = {
        "geolocation": (Token("self"), "https://example.com"),
        "camera": (),
        "usb": Token("*"),
    }
    assert response.headers["Permissions-Policy"] == 'geolocation=(self "https://example.com"), camera=(), usb=*'
    assert response.permissions_policy["camera"] == InnerList()
    response.accept_query = [Token("application/jsonpath"), Item(Token("application/sql"), {"charset": "UTF-8"})]
    assert response.headers["Accept-Query"] == 'application/jsonpath, application/sql;charset="UTF-8"'
    response.cache_status = [
        Item(Token("OriginCache"), {"hit": True, "ttl": 1100}),
        Item("CDN", {"fwd": Token("miss")}),
    ]
    assert response.headers["Cache-Status"] == 'OriginCache;hit;ttl=1100, "CDN";fwd=miss'
    assert [member.params["hit"] for member in response.cache_status if "hit" in member.params] == [True]
    response.signature_input = {"s": InnerList(["@status"], {"created": 1})}
    assert response.headers["Signature-Input"] == 's=("@status");created=1'


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("content_digest", {"sha-256": "text"}, "bytes"),
        ("content_digest", {"sha-256": b"hi", "sha-512": 5}, "bytes"),
        ("repr_digest", {"sha-256": [b"hi"]}, "bytes"),
        ("signature", {"a": True}, "bytes"),
        ("signature_input", {"a": 5}, "an inner list"),
        ("want_content_digest", {"sha-256": 11}, "an int from 0 to 10"),
        ("want_repr_digest", {"sha-256": True}, "an int from 0 to 10"),
        ("want_repr_digest", {"sha-256": -1}, "an int from 0 to 10"),
        ("reporting_endpoints", {"a": Token("b")}, "a str"),
    ],
)
def test_members_that_a_field_does_not_define(attribute: str, value: Any, expected: str) -> None:
    """A member that would be left out in reading is refused in writing (RFC 9530 sections 2 and 4, RFC 9421 sections
    4.1 and 4.2, Reporting API section 3.2). The field stays as it was.
    """
    response = Response()
    with pytest.raises(ValueError, match=rf"^got .*, expected {expected}$"):
        setattr(response, attribute, value)
    assert getattr(response, attribute) == {}
    for wrong in ("a=1", [("a", b"")], 5):
        with pytest.raises(TypeError, match=r"^got .*, expected a value of the .* field$"):
            setattr(response, attribute, wrong)


@pytest.mark.parametrize("make", [wsgi, asgi])
def test_members_of_a_request_that_a_field_does_not_define(make: Any) -> None:
    """Members that a field does not define are left out: a preference is from 0 to 10 (RFC 9530 section 4), what a
    signature covers is an inner list (RFC 9421 section 4.1).
    """
    assert make("Want-Content-Digest", "a=11, b=-1, c=0, d=10, e=1.0").want_content_digest == {"c": 0, "d": 10}
    assert make("Signature-Input", 'a=5, b=("@method"), c').signature_input == {"b": InnerList(["@method"])}


def test_a_priority_cannot_be_changed() -> None:
    """A priority is a value: it can be hashed, and a change raises AttributeError. RFC 9218 section 4 has the defaults:
    urgency 3, not incremental.
    """
    value = Priority()
    assert (value.urgency, value.incremental) == (3, False)
    assert len({value, Priority(3, False), Priority(3, True)}) == 2
    for name in ("urgency", "incremental"):
        with pytest.raises(AttributeError):
            setattr(value, name, getattr(value, name))
