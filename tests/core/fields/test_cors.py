"""The fields of cross-origin requests."""

from __future__ import annotations

import pytest

from cardan.core.fields._cors import (
    COEP,
    COOP,
    CORP,
    dump_credentials,
    dump_origin,
    parse_credentials,
    parse_max_age,
    parse_origin,
)


@pytest.mark.parametrize(
    "origin", ["null", "https://example.org", "http://a_b.c:8080", "http://[::1]:80", "app+x://y", "app-x://AB-C"]
)
def test_origins(origin: str) -> None:
    """Origins are parsed as browsers serialise them (RFC 6454 section 6.2)."""
    assert parse_origin(origin) == dump_origin(origin) == origin


@pytest.mark.parametrize(
    "origin",
    ["", "example.org", "https://", "https://a/", "https://a b", "https://a?x", "https://a@b", "https://a:x", "//a",
     "https://a, https://b", "https://a\n", "Null", "https://[zz]", "HTTPS://a", "Https://a", "https://A.b",
     "http://a.B:80", "https://\xe9", "https://\u2603", "https://a\x7f", "app-x://\xe9"],
)  # fmt: skip
def test_what_is_no_origin(origin: str) -> None:
    """Text that is not an origin gives None, and is refused when it is written. An origin is in ASCII, and a host of
    http or https in lower case.
    """
    assert parse_origin(origin) is None
    with pytest.raises(ValueError, match=r"^got origin "):
        dump_origin(origin)


def test_any_origin() -> None:
    """``*`` can be written as Access-Control-Allow-Origin, but it is not a valid Origin."""
    assert dump_origin("*") == "*"
    assert parse_origin("*") is None
    assert parse_origin(None) is None


@pytest.mark.parametrize(("text", "allowed"), [("true", True), ("True", False), ("1", False), (None, False)])
def test_credentials(text: str | None, allowed: bool) -> None:
    """Only the exact value ``true`` allows credentials (Fetch section 3.3.3)."""
    assert parse_credentials(text) == allowed
    assert dump_credentials(allowed) == ("true" if allowed else None)


@pytest.mark.parametrize(("text", "seconds"), [("600", 600), (" 5", 5), ("-1", None), ("x", None), (None, None)])
def test_max_age(text: str | None, seconds: int | None) -> None:
    """Access-Control-Max-Age is a number of seconds in ASCII digits."""
    assert parse_max_age(text) == seconds


@pytest.mark.parametrize("policy", [*COOP, *COEP, *CORP])
def test_policies_come_back(policy: COOP | COEP | CORP) -> None:
    """Every policy that is written is parsed back. Parameters of the field are ignored."""
    assert type(policy).from_header(policy.to_header()) is policy
    assert type(policy).from_header(f' {policy}; report-to="x"') is policy


@pytest.mark.parametrize("text", [None, "", "x", "Same-Origin", "same-origin, unsafe-none"])
def test_unknown_policies_are_none(text: str | None) -> None:
    """An unknown policy gives None. The values are tokens of structured fields, so that case matters."""
    assert COOP.from_header(text) is None
    assert COEP.from_header(text) is None
    assert CORP.from_header(text) is None


def test_the_policies_of_the_standards() -> None:
    """The policies are those of HTML sections 7.1.3 and 7.1.4, and of Fetch section 3.8, no more and no less."""
    assert {policy.name: policy.value for policy in COOP} == {
        "UNSAFE_NONE": "unsafe-none",
        "SAME_ORIGIN_ALLOW_POPUPS": "same-origin-allow-popups",
        "SAME_ORIGIN": "same-origin",
        "NOOPENER_ALLOW_POPUPS": "noopener-allow-popups",
    }
    assert {policy.name: policy.value for policy in COEP} == {
        "UNSAFE_NONE": "unsafe-none",
        "REQUIRE_CORP": "require-corp",
        "CREDENTIALLESS": "credentialless",
    }
    assert {policy.name: policy.value for policy in CORP} == {
        "SAME_SITE": "same-site",
        "SAME_ORIGIN": "same-origin",
        "CROSS_ORIGIN": "cross-origin",
    }
