"""The parameters of Content-Type as a live mapping."""

from __future__ import annotations

import pytest

from cardan.core.fields._media_type_parameters import MediaTypeParameters
from cardan.core.fields._media_types import MediaType
from cardan.core.structures import Headers


def test_live() -> None:
    """Every change of the mapping is written to the field at once. Two live mappings of one field see each other's
    changes.
    """
    headers = Headers([("Content-Type", "text/html; Charset=utf-8")])
    one = MediaTypeParameters.bound(headers, "Content-Type")
    two = MediaTypeParameters.bound(headers, "Content-Type")
    assert dict(one) == {"charset": "utf-8"}
    one["Version"] = "1 2"
    two["charset"] = "latin-1"
    assert headers["Content-Type"] == 'text/html;charset=latin-1;version="1 2"'
    del one["charset"]
    assert two == {"version": "1 2"}
    two.clear()
    assert headers["Content-Type"] == "text/html"
    assert not one
    assert len(one) == 0
    headers["Content-Type"] = "a/b;c=d"
    assert repr(one) == "<MediaTypeParameters {'c': 'd'}>"


def test_without_a_media_type() -> None:
    """Without a media type the mapping is empty, and setting a parameter raises ValueError."""
    parameters = MediaTypeParameters.bound(Headers(), "Content-Type")
    assert dict(parameters) == {}
    assert parameters.to_header() == ""
    with pytest.raises(ValueError, match=r"^got a parameter without a media type"):
        parameters["charset"] = "utf-8"
    with pytest.raises(KeyError):
        del parameters["charset"]


def test_what_cannot_be_written_is_refused() -> None:
    """A parameter that a header field must not contain is refused, and the field keeps its value."""
    headers = Headers([("Content-Type", "text/html")])
    parameters = MediaTypeParameters.bound(headers, "Content-Type")
    for name, value in (("a b", "c"), ("a", "\n")):
        with pytest.raises(ValueError, match=r"^got "):
            parameters[name] = value
    assert headers["Content-Type"] == "text/html"
    assert MediaTypeParameters(MediaType("a", "b", {"c": "d"})) == {"c": "d"}
