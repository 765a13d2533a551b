"""Referrer-Policy."""

from __future__ import annotations

import pytest

from cardan import Response
from cardan.core.fields._referrer_policy import ReferrerPolicy


@pytest.mark.parametrize(
    ("header", "policy"),
    [
        (None, None),
        ("", None),
        ("no-referrer", ReferrerPolicy.NO_REFERRER),
        ("unsafe-url, strict-origin", ReferrerPolicy.STRICT_ORIGIN),
        ("no-referrer, strict-origin-when-cross-origin, later-policy", ReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN),
        ("Origin", ReferrerPolicy.ORIGIN),
        ("later-policy", None),
    ],
)
def test_reading(header: str | None, policy: ReferrerPolicy | None) -> None:
    """The last policy that is known counts (W3C Referrer Policy sections 8.1 and 11.1)."""
    assert ReferrerPolicy.from_header(header) is policy


def test_of_a_response() -> None:
    """A response is set with a policy, or with text that names several; several fields are one list."""
    response = Response()
    assert response.referrer_policy is None
    response.referrer_policy = ReferrerPolicy.SAME_ORIGIN
    assert response.headers["Referrer-Policy"] == "same-origin"
    response.headers.add("Referrer-Policy", "no-referrer")
    assert response.referrer_policy is ReferrerPolicy.NO_REFERRER
    response.referrer_policy = "no-referrer, strict-origin-when-cross-origin"
    assert response.referrer_policy is ReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN
    with pytest.raises(ValueError, match="5 is not a valid ReferrerPolicy"):
        response.referrer_policy = 5  # type: ignore[assignment]
    del response.referrer_policy
    assert "Referrer-Policy" not in response.headers


@pytest.mark.parametrize("policy", ReferrerPolicy)
def test_policies_come_back(policy: ReferrerPolicy) -> None:
    """Each policy is read as it was written."""
    assert ReferrerPolicy.from_header(policy.to_header()) is policy


def test_the_policies_of_the_standard() -> None:
    """The policies are those of W3C Referrer Policy section 3; a name is the policy in upper case, with underscores."""
    policies = (
        "no-referrer no-referrer-when-downgrade same-origin origin strict-origin origin-when-cross-origin "
        "strict-origin-when-cross-origin unsafe-url"
    )
    expected = {policy.upper().replace("-", "_"): policy for policy in policies.split()}
    assert {policy.name: policy.value for policy in ReferrerPolicy} == expected
