"""Authentication-Info and Proxy-Authentication-Info."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan import Response
from cardan.core.fields._authentication_info import AuthenticationInfo

names = st.text("abcxyz-", min_size=1, max_size=8) | st.sampled_from(["nextnonce", "qop", "rspauth", "cnonce", "nc"])
values = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=8)


def test_reading() -> None:
    """The parameters are a mapping; names ignore case, and the first of several equal ones counts (RFC 9110 11.6.3)."""
    info = AuthenticationInfo.from_header('NextNonce="a, b", qop=auth, rspauth="0f", nc=00000001, qop=x, junk, =y')
    assert dict(info) == {"nextnonce": "a, b", "qop": "auth", "rspauth": "0f", "nc": "00000001"}
    assert info["QOP"] == "auth"
    assert not AuthenticationInfo.from_header(None)


def test_writing() -> None:
    """Digest wants quotes around nonces and digests, and none around ``qop`` and ``nc`` (RFC 7616 section 3.5)."""
    info = AuthenticationInfo({"nextnonce": "abc", "qop": "auth", "rspauth": "0f", "cnonce": "x", "nc": "00000001"})
    assert info.to_header() == 'nextnonce="abc", qop=auth, rspauth="0f", cnonce="x", nc=00000001'
    for wrong in ({"a b": "c"}, {"a": "c\r\nd"}, {"": "x"}, {"a": "\u20ac"}):
        with pytest.raises(ValueError, match=r"^got "):
            AuthenticationInfo(wrong)


@given(st.dictionaries(names, values, max_size=4))
def test_fields_come_back(state: dict[str, str]) -> None:
    """A field that is written and read again is equal."""
    info = AuthenticationInfo(state)
    assert AuthenticationInfo.from_header(info.to_header()) == info


def test_of_a_response() -> None:
    """``authentication_info`` and ``proxy_authentication_info`` are live attributes of a response. Several fields of
    one name are one value.
    """
    response = Response()
    response.authentication_info["nextnonce"] = "abc"
    response.proxy_authentication_info = {"nextnonce": "def"}
    assert response.headers["Authentication-Info"] == 'nextnonce="abc"'
    assert response.headers["Proxy-Authentication-Info"] == 'nextnonce="def"'
    response.headers.add("Authentication-Info", "qop=auth")
    assert dict(response.authentication_info) == {"nextnonce": "abc", "qop": "auth"}
    response.authentication_info.clear()
    assert "Authentication-Info" not in response.headers


def test_the_first_of_equal_names_counts() -> None:
    """In what the program gives, too: names are compared without regard to case."""
    assert dict(AuthenticationInfo({"A": "1", "a": "2", "b": "3"})) == {"a": "1", "b": "3"}
