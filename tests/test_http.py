"""cardan.http: the functions that parse and write header fields."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from cardan import Response, http
from cardan.core.structures import Headers
from cardan.datastructures import LanguageAccept, ResponseCacheControl

if TYPE_CHECKING:
    from collections.abc import Callable

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


PARSERS = [name for name in http.__all__ if name.startswith("parse_")]


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_or_empty_field_gives_the_empty_value(name: str, value: str | None) -> None:
    """Every parser gives its empty value, which is false, for a missing and for an empty field."""
    result = getattr(http, name)(value)
    assert result == ("", {}) if name == "parse_options_header" else not result


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("value", ['garbage\x00;,="', "\xff"])
def test_garbage_is_read_as_the_same_type(name: str, value: str) -> None:
    """No parser raises for an invalid value. The result has the type of the result for an empty field, or is None."""
    result = getattr(http, name)(value)
    assert result is None or type(result) is type(getattr(http, name)(""))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: http.quote_header_value("a"), "a"),
        (lambda: http.quote_header_value("a", allow_token=False), '"a"'),
        (lambda: http.quote_header_value(5), "5"),
        (lambda: http.unquote_header_value('"a\\"b"'), 'a"b'),
        (lambda: http.dump_header(["a", "b c"]), 'a, "b c"'),
        (lambda: http.dump_header({"a": 1, "b": None}), "a=1, b"),
        (lambda: http.dump_options_header("a/b", {"c": "d e", "f": None}), 'a/b; c="d e"'),
        (lambda: http.dump_options_header(None, {"c": "d"}), "c=d"),
        (lambda: http.parse_options_header("a; b=c"), ("a", {"b": "c"})),
        (lambda: http.parse_list_header('a, "b, c"'), ["a", "b, c"]),
        (lambda: http.parse_dict_header("a=1, b"), {"a": "1", "b": None}),
        (lambda: http.parse_accept_header("a;q=0.5, b").best, "b"),
        (lambda: http.parse_accept_header("de", LanguageAccept).best_match(["de-AT"]), "de-AT"),
        (lambda: http.parse_cache_control_header("max-age=5").max_age, 5),
        (lambda: http.parse_cache_control_header("s-maxage=5", cls=ResponseCacheControl).s_maxage, 5),
        (lambda: http.parse_csp_header("a b")["a"], "b"),
        (lambda: list(http.parse_set_header("a, B, A")), ["a", "B"]),
        (lambda: http.parse_if_range_header('"a"').etag, "a"),
        (lambda: str(http.parse_range_header("bytes=0-1")), "bytes=0-1"),
        (lambda: str(http.parse_content_range_header("bytes 0-1/2")), "bytes 0-1/2"),
        (lambda: http.parse_content_range_header("bytes 1-0/2"), None),
        (lambda: http.parse_etags('"a"').contains("a"), True),
        (lambda: http.parse_cookie("a=1; a=2").getlist("a"), ["1", "2"]),
        (lambda: http.parse_cookie({"HTTP_COOKIE": "a=1"}, dict), {"a": "1"}),
        (lambda: http.parse_cookie({}, dict), {}),
        (lambda: http.is_byte_range_valid(0, 1, 1), True),
        (lambda: http.is_byte_range_valid(1, 1, 1), False),
        (lambda: http.is_byte_range_valid(None, None, 1), True),
        (lambda: http.is_entity_header("Content-Type"), True),
        (lambda: http.is_entity_header("Vary"), False),
        (lambda: http.is_hop_by_hop_header("TE"), True),
        (lambda: http.is_hop_by_hop_header("Date"), False),
    ],
)
def test_functions(call: Callable[[], Any], expected: Any) -> None:
    """Each function has the name that it has in Werkzeug, and gives the expected result."""
    assert call() == expected


def test_etags_differ_with_their_data() -> None:
    """Different data has different tags, and each tag can be written."""
    assert http.generate_etag(b"a") != http.generate_etag(b"b")
    assert http.quote_etag(http.generate_etag(b"a"))


def test_an_etag_is_no_matter_of_security(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that refuses digests which are not approved for security computes one that is marked as no such."""
    whole = hashlib.blake2b

    def approved_only(data: bytes, *, digest_size: int, usedforsecurity: bool = True) -> object:
        if usedforsecurity:
            raise ValueError("not approved")
        return whole(data, digest_size=digest_size)

    monkeypatch.setattr(hashlib, "blake2b", approved_only)
    response = Response("a")
    response.add_etag()
    assert response.get_etag() == (http.generate_etag(b"a"), False)


def test_removing_fields() -> None:
    """The fields are removed from the given headers, or from the given list."""
    pairs = [("Content-Type", "a/b"), ("Expires", "0"), ("TE", "x"), ("X", "y")]
    headers = Headers(pairs)
    http.remove_entity_headers(headers)
    http.remove_hop_by_hop_headers(headers)
    http.remove_entity_headers(pairs)
    http.remove_hop_by_hop_headers(pairs)
    assert list(headers.items()) == pairs == [("Expires", "0"), ("X", "y")]
    http.remove_entity_headers(headers, allowed=())
    assert list(headers) == ["X"]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("iterable", lambda: http.dump_header("gzip")),
        ("iterable", lambda: http.dump_header(5)),  # type: ignore[call-overload]
        ("allowed", lambda: http.remove_entity_headers(Headers(), allowed="expires")),
    ],
)
def test_text_is_no_list(name: str, call: Callable[[], object]) -> None:
    """A str in place of a list of texts is refused: it is an iterable of letters."""
    with pytest.raises(TypeError, match=rf"^got {name} = .*, expected (a mapping, or )?an iterable of "):
        call()


@pytest.mark.parametrize(
    ("environ", "options", "modified"),
    [
        ({}, {"etag": "a"}, True),
        ({"HTTP_IF_NONE_MATCH": '"a"'}, {"etag": "a"}, False),
        ({"HTTP_IF_NONE_MATCH": 'W/"a"'}, {"etag": '"a"'}, False),
        ({"HTTP_IF_NONE_MATCH": '"b"'}, {"etag": "a"}, True),
        ({"HTTP_IF_MATCH": '"b"'}, {"etag": "a"}, False),
        ({"HTTP_IF_NONE_MATCH": http.quote_etag(http.generate_etag(b"x"))}, {"data": b"x"}, False),
        ({"HTTP_IF_MODIFIED_SINCE": DATE}, {"last_modified": DATE}, False),
        ({"HTTP_IF_MODIFIED_SINCE": DATE}, {"last_modified": http.parse_date(DATE)}, False),
        ({"HTTP_IF_MODIFIED_SINCE": DATE}, {"last_modified": "Mon, 07 Nov 1994 08:49:37 GMT"}, True),
        ({"HTTP_IF_MODIFIED_SINCE": DATE, "REQUEST_METHOD": "POST"}, {"last_modified": DATE}, True),
    ],
)
def test_whether_a_resource_is_modified(environ: dict[str, str], options: Any, modified: bool) -> None:
    """A resource is modified exactly if the response to the request would have the content."""
    assert http.is_resource_modified(environ, **options) == modified


def test_an_etag_or_data() -> None:
    """``etag`` and ``data`` together raise TypeError."""
    with pytest.raises(TypeError, match=r"^got both etag and data, expected one of them$"):
        http.is_resource_modified({}, etag="a", data=b"b")


def test_the_fields_of_a_request_that_decide() -> None:
    """Each of the four conditions of RFC 9110 section 13.1 is looked at, in its precedence (section 13.2.2)."""
    before, since, after = (f"Sun, 06 Nov 1994 08:49:{second} GMT" for second in ("36", "37", "38"))
    state = {"etag": "a", "last_modified": since}
    for fields, modified in (
        ({}, True),
        ({"HTTP_IF_MATCH": '"a"'}, True),
        ({"HTTP_IF_MATCH": '"b"'}, False),
        ({"HTTP_IF_UNMODIFIED_SINCE": since}, True),
        ({"HTTP_IF_UNMODIFIED_SINCE": before}, False),
        ({"HTTP_IF_MATCH": '"a"', "HTTP_IF_UNMODIFIED_SINCE": before}, True),
        ({"HTTP_IF_NONE_MATCH": '"a"'}, False),
        ({"HTTP_IF_NONE_MATCH": '"b"'}, True),
        ({"HTTP_IF_MODIFIED_SINCE": since}, False),
        ({"HTTP_IF_MODIFIED_SINCE": after}, False),
        ({"HTTP_IF_MODIFIED_SINCE": before}, True),
        ({"HTTP_IF_NONE_MATCH": '"b"', "HTTP_IF_MODIFIED_SINCE": since}, True),
        ({"REQUEST_METHOD": "PUT", "HTTP_IF_MODIFIED_SINCE": since}, True),
        ({"REQUEST_METHOD": "PUT", "HTTP_IF_NONE_MATCH": '"a"'}, False),
    ):
        assert http.is_resource_modified(fields, **state) is modified, fields  # type: ignore[arg-type]
