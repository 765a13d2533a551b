"""Small bodies take a straight path; the routines in steps are what it must be equal to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core import Request, RequestHead
from cardan.core._exceptions import HTTPException, MultipartError, RequestEntityTooLarge
from cardan.core.forms import FormReader

URLENCODED = "application/x-www-form-urlencoded"


class StepReader(FormReader):
    """Parses every form step by step."""

    def take(self, data: bytes, ended: bool) -> None:
        """No form is parsed at once."""


class Stepwise(Request):
    """Its forms are parsed step by step."""

    def make_form_data_parser(self, content_length: int | None) -> FormReader:
        """A parser without the straight path."""
        return StepReader(
            self.headers.get("Content-Type"), content_length, limits=self.limits, form_rules=self.form_rules
        )


def outcome(cls: type[Request], body: bytes, length: int, content_type: str, name: str) -> Any:
    headers = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % length)]
    request = cls(RequestHead("POST", "/", headers=headers), body)
    try:
        value = getattr(request, name)
        return list(value.items(multi=True)) if name == "form" else value
    except HTTPException as error:
        return type(error), str(error)


@given(
    body=st.lists(st.sampled_from([b"a", b"=", b"&", b"%", b"%41", b"%ff", b"+", b"%00", "ü".encode()])).map(b"".join),
    more=st.sampled_from([-1, 0, 0, 0, 1]),
)
def test_forms(body: bytes, more: int) -> None:
    """The fast path gives the same pairs as the steps, and the same errors if the declared length is wrong."""
    arguments = (body, max(0, len(body) + more), URLENCODED, "form")
    assert outcome(Request, *arguments) == outcome(Stepwise, *arguments)


@given(body=st.binary(max_size=20), more=st.sampled_from([-1, 0, 1]))
def test_bytes(body: bytes, more: int) -> None:
    """The bytes are given if they are as many as were declared, and refused if they are fewer or more."""
    got = outcome(Request, body, max(0, len(body) + more), "text/plain", "data")
    assert (got == body) is (more == 0 or len(body) + more < 0)


@pytest.mark.parametrize("way", ["form", "files", "iter_parts"])
@pytest.mark.parametrize(
    ("boundary", "error"), [("", MultipartError), ("; boundary=" + "x" * 300, RequestEntityTooLarge)]
)
def test_an_empty_body_without_a_length_has_a_good_boundary_all_the_same(
    way: str, boundary: str, error: type[Exception]
) -> None:
    """A boundary that cannot be used is an error, even if no body was announced and none is there."""

    def read(content_type: str) -> list[Any]:
        fields = [(b"content-type", content_type.encode())]
        request = Request(RequestHead("POST", headers=fields), iter([]))
        return list(request.iter_parts() if way == "iter_parts" else getattr(request, way))

    with pytest.raises(error):
        read("multipart/form-data" + boundary)
    assert read("multipart/form-data; boundary=B") == []
