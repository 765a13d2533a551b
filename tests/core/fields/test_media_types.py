"""Content-Type by the rules of WHATWG."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._media_types import MediaType, _remembered, extract_media_type, is_nosniff, parse_media_type
from tests.corpora import corpus_json

tokens = st.text("abcxyz019!#$%&'*+-.^_`|~", min_size=1, max_size=8)
values = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]) | st.just("\t"), max_size=12)


def cases(*files: str) -> list[dict[str, Any]]:
    rows = [row for name in files for row in corpus_json("wpt-mime-types", name)]
    return [row for row in rows if isinstance(row, dict)]


def test_the_corpus_of_browsers() -> None:
    """wpt-mime-types: all 579 valid rows give the expected media type, and the other 376 give None."""
    valid = invalid = 0
    for row in cases("mime-types.json", "generated-mime-types.json"):
        media_type = parse_media_type(row["input"])
        assert (media_type.to_header() if media_type else None) == row["output"], row["input"]
        valid += row["output"] is not None
        invalid += row["output"] is None
    assert (valid, invalid) == (579, 376)


@pytest.mark.parametrize("name", ["content-types.json", "script-content-types.json"])
def test_several_fields(name: str) -> None:
    """wpt-fetch: several Content-Type fields give the media type that a browser extracts."""
    for row in corpus_json("wpt-fetch", name):
        media_type = extract_media_type(", ".join(row["contentType"]))
        if "mimeType" in row:
            assert media_type is not None
            assert media_type.to_header() == row["mimeType"], row["contentType"]
        else:
            assert (media_type is not None and media_type.is_javascript) == row["executes"], row["contentType"]
            assert not row["encoding"] or media_type is None or media_type.charset == row["encoding"]


def test_a_charset_is_inherited_from_the_media_type_before_only() -> None:
    """A charset is forgotten when a media type of another kind follows (Fetch, "extract a MIME type")."""
    for text in ("text/html;charset=gbk, text/css, text/css", "text/html;charset=gbk, text/css, text/html"):
        found = extract_media_type(text)
        assert found is not None
        assert dict(found.parameters) == {}
    late = extract_media_type("text/html, text/html;charset=gbk, text/html")  # the first of its kind has none
    assert late is not None
    assert dict(late.parameters) == {}
    inherited = extract_media_type("text/html;charset=gbk, text/html, text/html;a=b")
    assert inherited is not None
    assert dict(inherited.parameters) == {"a": "b", "charset": "gbk"}


def test_white_space_around_a_field_value_is_no_part_of_it() -> None:
    """White space is taken off both ends first, also of a value that ends within a quoted string (WHATWG MIME Sniffing,
    section 4.4).
    """
    for text in ('\t text/html;charset="utf-8 \r\n', ' text/html;charset="utf-8', 'text/html;charset="utf-8"\t'):
        assert MediaType.from_header(text) == MediaType("text", "html", {"charset": "utf-8"})


def test_a_class_reads_objects_of_its_own() -> None:
    """A subclass reads objects of the subclass, also a value that another class has read before."""

    class Own(MediaType):
        """A class of a program."""

    for kind in (MediaType, Own, MediaType):
        assert type(kind.from_header("text/html;a=b")) is kind


def test_nosniff() -> None:
    """wpt-fetch: the first member of X-Content-Type-Options decides."""
    for row in corpus_json("wpt-fetch", "x-content-type-options.json"):
        lines = [line.partition(":") for line in row["input"].split("\r\n")]
        found = [value.strip(" ") for name, _, value in lines if name.lower() == "x-content-type-options"]
        assert is_nosniff(found) == row["nosniff"], row["input"]
        assert is_nosniff(",".join(found) if found else None) == row["nosniff"]


@pytest.mark.parametrize(
    ("text", "json", "xml", "script"),
    [
        ("application/json", True, False, False),
        ("APPLICATION/Problem+JSON; charset=utf-8", True, False, False),
        ("text/json", True, False, False),
        ("application/jsonx", False, False, False),
        ("image/svg+xml", False, True, False),
        ("text/xml", False, True, False),
        ("text/javascript1.5", False, False, True),
        ("text/plain", False, False, False),
    ],
)
def test_kinds(text: str, json: bool, xml: bool, script: bool) -> None:
    """The kinds of media types are those of WHATWG MIME Sniffing, section 4.6."""
    media_type = parse_media_type(text)
    assert media_type is not None
    assert (media_type.is_json, media_type.is_xml, media_type.is_javascript) == (json, xml, script)


def test_parts() -> None:
    """Type, subtype and names of parameters are in lower case; values keep their case."""
    media_type = parse_media_type('Text/HTML; Charset="UTF-8"; x=y')
    assert media_type is not None
    assert (media_type.type, media_type.subtype, media_type.essence) == ("text", "html", "text/html")
    assert media_type.charset == "utf-8"
    assert media_type.parameters == {"charset": "UTF-8", "x": "y"}
    assert str(media_type) == "text/html;charset=UTF-8;x=y"
    assert repr(media_type) == "<MediaType 'text/html;charset=UTF-8;x=y'>"
    assert hash(media_type) == hash(parse_media_type("text/html;x=y;charset=UTF-8"))
    assert media_type != "text/html"
    assert MediaType("text", "html").charset is None


def test_parameters_cannot_be_changed() -> None:
    """The parameters cannot be changed, because several requests may share one object."""
    media_type = parse_media_type("text/html; a=b")
    assert media_type is not None
    with pytest.raises(TypeError):
        media_type.parameters["a"] = "c"  # type: ignore[index]


@given(tokens, tokens, st.dictionaries(tokens, values, max_size=3))
def test_media_types_come_back(kind: str, subtype: str, parameters: dict[str, str]) -> None:
    """A media type that is written and parsed again is equal."""
    media_type = MediaType(kind, subtype, parameters)
    assert parse_media_type(media_type.to_header()) == media_type


@pytest.mark.parametrize("parts", [("", "x", {}), ("x", "y z", {}), ("x", "y", {"a b": "c"}), ("x", "y", {"a": "\n"})])
def test_what_cannot_be_written_is_refused(parts: tuple[str, str, dict[str, str]]) -> None:
    """A name that is not a token, and a value with control characters, are refused."""
    with pytest.raises(ValueError, match=r"^got "):
        MediaType(*parts).to_header()


@given(st.text(st.sampled_from('ab/;= "\\\t\x0b'), max_size=30))
def test_the_memo_changes_nothing(text: str) -> None:
    """A media type from the memo equals the one that the parser gives."""
    assert parse_media_type(text) == (MediaType._parsed(text) if text else None)


SCRIPTS = (
    "application/ecmascript application/javascript application/x-ecmascript application/x-javascript text/ecmascript "
    "text/javascript text/javascript1.0 text/javascript1.1 text/javascript1.2 text/javascript1.3 text/javascript1.4 "
    "text/javascript1.5 text/jscript text/livescript text/x-ecmascript text/x-javascript"
)


def test_the_media_types_of_javascript() -> None:
    """The sixteen media types of JavaScript are those of WHATWG MIME Sniffing section 4.6, and no others."""
    assert len(SCRIPTS.split()) == 16
    for text in SCRIPTS.split():
        media_type = parse_media_type(text)
        assert media_type is not None
        assert (text, media_type.is_javascript) == (text, True)
    for text in ("text/javascript1.6", "text/javascript1", "application/jscript", "application/livescript", "text/js"):
        media_type = parse_media_type(text)
        assert media_type is not None
        assert (text, media_type.is_javascript) == (text, False)


def test_a_long_media_type_is_not_kept() -> None:
    """A value with a boundary differs in every request: it is parsed each time, and no memory holds it. A usual value
    is parsed once.
    """
    long = "multipart/form-data; boundary=" + "x" * 30
    assert parse_media_type(long) is not parse_media_type(long)
    usual = 'application/vnd.a-rather-long-name+json; v="1,0"'
    assert len(usual) == 48
    assert parse_media_type(usual) is parse_media_type(usual)
    assert parse_media_type(usual + " ") is not parse_media_type(usual + " ")
    assert _remembered.cache_info().maxsize is not None
