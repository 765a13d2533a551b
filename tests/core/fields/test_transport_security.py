"""Strict-Transport-Security."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan import Response
from cardan.core.fields._transport_security import StrictTransportSecurity


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("max-age=31536000", (31536000, False, False)),
        ("max-age=15768000 ; includeSubDomains", (15768000, True, False)),
        ('max-age="31536000"', (31536000, False, False)),
        ("max-age=0", (0, False, False)),
        ("max-age=0; includeSubDomains", (0, True, False)),
        (' INCLUDESUBDOMAINS ; ; new="a;b" ; Max-Age = 5 ; preload;', (5, True, True)),
        ("max-age=99999999999", (2**31, False, False)),
        (None, None),
        ("", None),
        ("includeSubDomains", None),
        ("max-age", None),
        ("max-age=", None),
        ("max-age=-1", None),
        ("max-age=1.5", None),
        ("max-age=1; max-age=1", None),
        ("max-age=1; includeSubDomains=1", None),
        ("max-age=1; includeSubDomains; includesubdomains", None),
        ("max-age=1; a b", None),
        ("max-age=1, max-age=2", None),
    ],
)
def test_reading(header: str | None, expected: tuple[int, bool, bool] | None) -> None:
    """The examples of RFC 6797 section 6.2 are read; a value that breaks a rule of section 6.1 is ignored (8.1)."""
    found = StrictTransportSecurity.from_header(header)
    assert found == (None if expected is None else StrictTransportSecurity(*expected))


@given(st.integers(0, 2**40) | st.timedeltas(timedelta(0)), st.booleans(), st.booleans())
def test_values_come_back(max_age: Any, include_subdomains: bool, preload: bool) -> None:
    """A value that is written and read again is equal, and can be pickled, copied and hashed."""
    value = StrictTransportSecurity(max_age, include_subdomains, preload)
    assert StrictTransportSecurity.from_header(value.to_header()) == value
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
    assert len({value, copy.copy(value)}) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [((-1,), ValueError), ((timedelta(-1),), ValueError), (("5",), TypeError), ((True,), TypeError),
     ((None,), TypeError), ((5, 1), TypeError), ((5, True, "yes"), TypeError)],
)  # fmt: skip
def test_wrong_values(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    """A time below zero and values of another type are refused where the object is made."""
    with pytest.raises(error, match=r"^got "):
        StrictTransportSecurity(*arguments)


def test_of_a_response() -> None:
    """The attribute of a response is set with a value, and None removes the field."""
    response = Response()
    assert response.strict_transport_security is None
    response.strict_transport_security = StrictTransportSecurity(timedelta(days=365), include_subdomains=True)
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert response.strict_transport_security == StrictTransportSecurity(31536000, True)
    assert str(response.strict_transport_security) == "max-age=31536000; includeSubDomains"
    response.strict_transport_security = None
    assert "Strict-Transport-Security" not in response.headers


def test_it_cannot_be_changed() -> None:
    """A value can be hashed, and a change raises AttributeError. Both flags are off unless they are given."""
    value = StrictTransportSecurity(60)
    assert (value.max_age, value.include_subdomains, value.preload) == (60, False, False)
    assert len({value, StrictTransportSecurity(60, False, False), StrictTransportSecurity(60, True)}) == 2
    for name in ("max_age", "include_subdomains", "preload"):
        with pytest.raises(AttributeError):
            setattr(value, name, getattr(value, name))
