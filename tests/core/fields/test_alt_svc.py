"""Alt-Svc."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan import Response
from cardan.core.fields._alt_svc import AltService, AltServices
from cardan.core.structures import Headers

protocols = st.text(st.characters(max_codepoint=255), min_size=1, max_size=8)
authorities = st.builds(
    lambda host, port: f"{host}:{port}", st.sampled_from(["", "a.example", "[::1]", "192.0.2.1"]), st.integers(1, 65535)
)
services = st.builds(AltService, protocols, authorities, st.integers(0, 2**40), st.booleans())


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, []),
        ("", []),
        ('h2=":8000"', [AltService("h2", ":8000")]),
        ('h2="new.example.org:80"', [AltService("h2", "new.example.org:80")]),
        ('w%3Dx%3Ay#z="new.example.org:443"', [AltService("w=x:y#z", "new.example.org:443")]),
        ('x%25y="new.example.org:443"', [AltService("x%y", "new.example.org:443")]),
        (
            'h2="alt.example.com:8000", h2=":443"',
            [AltService("h2", "alt.example.com:8000"), AltService("h2", ":443")],
        ),
        ('h2=":443"; ma=3600', [AltService("h2", ":443", 3600)]),
        ('h2=":443"; ma=2592000; persist=1', [AltService("h2", ":443", 2592000, True)]),
        ('h2=":443"; v="1,2"; ma="5"; MA=6; persist=2', [AltService("h2", ":443", 5)]),
        ('h2=":443"; ma=soon', [AltService("h2", ":443")]),
        ("clear", [AltService.CLEAR]),
        (" clear\t", [AltService.CLEAR]),
        ("CLEAR", []),
        ('clear, h2=":1"', [AltService("h2", ":1")]),
        ('h2, =":1", h2=":0", h2=":99999", h2="a b:1", h2="a", h2="", "h2"=":1", h3=":2"', [AltService("h3", ":2")]),
        ('h%32=":1", h%3d=":1", h%=":1"', []),
    ],
)
def test_reading(header: str | None, expected: list[AltService]) -> None:
    """The examples of RFC 7838 section 3 are read; unknown parameters are ignored, and invalid services skipped.

    A protocol is written in one way only: an encoded character of a token, or a lower-case digit, is invalid.
    """
    assert list(AltServices.from_header(header)) == expected


@pytest.mark.parametrize(
    ("services", "header"),
    [
        ([AltService("h2", ":8000")], 'h2=":8000"'),
        ([AltService("w=x:y#z", ":443")], 'w%3Dx%3Ay#z=":443"'),
        ([AltService("x%y", ":443")], 'x%25y=":443"'),
        ([AltService("h2", "[::1]:443", timedelta(days=30), True)], 'h2="[::1]:443"; ma=2592000; persist=1'),
        ([AltService("h2", ":443", 0)], 'h2=":443"; ma=0'),
        ([AltService("h2", ":443", timedelta(days=1))], 'h2=":443"'),
        ([AltService.CLEAR], "clear"),
        ([], ""),
    ],
)  # fmt: skip
def test_writing(services: list[AltService], header: str) -> None:
    """The names of protocols are encoded as RFC 7838 section 3 says; a day is what a field without ``ma`` means."""
    assert AltServices(services).to_header() == header


@given(st.lists(services, max_size=3))
def test_services_come_back(members: list[AltService]) -> None:
    """Services that are written and read again are equal, and can be pickled and copied."""
    field = AltServices(members)
    assert AltServices.from_header(field.to_header()) == field
    assert pickle.loads(pickle.dumps(field)) == copy.deepcopy(field) == field


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("", ":1"), ValueError), (("h2\u20ac", ":1"), ValueError), (("h2", ""), ValueError), (("h2", "a"), ValueError),
        (("h2", ":0"), ValueError), (("h2", ":65536"), ValueError), (("h2", 'a":1'), ValueError),
        (("h2", "a\r\n:1"), ValueError), (("h2", ":1", -1), ValueError), ((b"h2", ":1"), TypeError),
        (("h2", 443), TypeError), (("h2", ":1", "5"), TypeError), (("h2", ":1", 5, 1), TypeError),
    ],
)  # fmt: skip
def test_wrong_services(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    """What cannot be written is refused where the object is made."""
    with pytest.raises(error, match=r"^got "):
        AltService(*arguments)


def test_live() -> None:
    """Every change is written to the field. ``clear`` stands alone, and members of another type are refused."""
    headers = Headers()
    field = AltServices.bound(headers, "Alt-Svc")
    field.append(AltService("h2", ":443"))
    field.insert(0, AltService("h3", ":443"))
    assert headers["Alt-Svc"] == 'h3=":443", h2=":443"'
    with pytest.raises(ValueError, match=r"^got AltService\.CLEAR beside other services, expected it alone$"):
        field.append(AltService.CLEAR)
    with pytest.raises(TypeError, match=r"^got 'h2' as a member of AltServices, expected AltService$"):
        field.append("h2")  # type: ignore[arg-type]
    field[1:] = []
    assert (headers["Alt-Svc"], field[0].protocol, field[:1]) == ('h3=":443"', "h3", [AltService("h3", ":443")])
    del field[0]
    assert "Alt-Svc" not in headers
    response = Response()
    response.alt_svc = [AltService.CLEAR]
    assert response.headers["Alt-Svc"] == "clear"
    assert AltService.CLEAR in response.alt_svc


def test_the_text_of_a_service_is_its_field() -> None:
    """str() of a service gives what is written, as str() of every field does."""
    assert str(AltService("h3", ":443", 60, True)) == 'h3=":443"; ma=60; persist=1'
    assert str(AltService.CLEAR) == "clear"


def test_the_value_clear() -> None:
    """``AltService.CLEAR`` is no service: it has no authority, and no time for which a client may use it."""
    clear = AltService.CLEAR
    assert (clear.protocol, clear.authority, clear.max_age, clear.persist) == ("clear", "", 0, False)
    assert pickle.loads(pickle.dumps(clear)) == clear


def test_a_service_cannot_be_changed() -> None:
    """Services are values: they can be hashed, and a change raises AttributeError."""
    service = AltService("h3", ":443")
    assert (service.max_age, service.persist) == (86_400, False), "RFC 7838 sections 3.1 and 3.2"
    assert len({service, AltService("h3", ":443"), AltService("h3", ":443", 1)}) == 2
    for name in ("protocol", "authority", "max_age", "persist"):
        with pytest.raises(AttributeError):
            setattr(service, name, getattr(service, name))
