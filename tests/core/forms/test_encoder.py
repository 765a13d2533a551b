"""MultipartEncoder: decode(encode(x)) == x, for all that can be sent; what cannot is refused."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardan.core._exceptions import MachineStateError
from cardan.core._limits import Limits
from cardan.core.forms import (
    Field,
    FileEnd,
    FileStart,
    FormBuilder,
    FormEvent,
    MultipartDecoder,
    MultipartEncoder,
    PartDecoder,
    PartEncoder,
    PartEnd,
    PartStart,
    parse_boundary,
    parse_form,
)
from cardan.core.structures import Headers
from tests.core.machines import join_bytes, outcome, pieces_of

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).filter(
    lambda name: not any(escape in name for escape in ("%22", "%0D", "%0A"))
)
#: a filename that looks like a Windows path loses it: row M39
FILENAMES = NAMES.filter(lambda name: not name.startswith("\\\\") and name[1:3] != ":\\")
TYPES = st.sampled_from([{}, {"Content-Type": "text/plain"}, {"Content-Type": "a/b", "X-A": "ü"}])


def field(name: str, value: str, headers: dict[str, str]) -> list[Any]:
    """A text field."""
    return [Field(name, value, value.encode(), Headers(headers))]  # type: ignore[arg-type]


def file(name: str, filename: str, headers: dict[str, str], data: list[bytes]) -> list[Any]:
    """A file."""
    return [FileStart(name, filename, Headers(headers)), *(d for d in data if d), FileEnd()]  # type: ignore[arg-type]


PARTS = st.lists(
    st.one_of(
        st.builds(field, NAMES, st.text(st.characters(exclude_categories=["Cs"]), max_size=40), TYPES),
        st.builds(file, NAMES, FILENAMES, TYPES, st.lists(st.binary(max_size=50), max_size=3)),
    ),
    max_size=6,
)


def plain(events: list[Any]) -> list[Any]:
    """Events without the headers that the encoder adds."""
    values: list[Any] = []
    for event in join_bytes(events):
        if isinstance(event, Field):
            values.append((event.name, event.value, event.raw, rest(event.headers)))
        elif isinstance(event, FileStart):
            values.append((event.name, event.filename, rest(event.headers)))
        else:
            values.append(event)
    return values


def rest(headers: Any) -> dict[str, str]:
    """All fields but Content-Disposition, whose name and filename are the event's own."""
    return {name: value for name, value in headers.items() if name != "Content-Disposition"}


@given(parts=PARTS, form_rules=st.sampled_from(["default", "strict"]))
@settings(max_examples=300, deadline=None)
def test_round_trip(parts: list[list[Any]], form_rules: Any) -> None:
    """What is encoded is decoded to the same events, in both modes; a control character in a filename: default only."""
    events = [event for one in parts for event in one]
    if any(isinstance(e, FileStart) and any(ord(c) < 32 or ord(c) == 127 for c in e.filename) for e in events):
        form_rules = "default"
    encoder = MultipartEncoder()
    body = b"".join([*encoder.feed(events), *encoder.close()])
    decoder = MultipartDecoder(encoder.boundary, limits=Limits(max_part_header_size=None), form_rules=form_rules)
    assert plain([*decoder.feed(body), *decoder.close()]) == plain(events)


def test_content_type_of_an_odd_boundary_is_quoted() -> None:
    """A boundary that is no token travels in quotes, and comes back."""
    encoder = MultipartEncoder("a b:c")
    assert encoder.content_type == 'multipart/form-data; boundary="a b:c"'
    body = b"".join([*encoder.feed([Field("a", "1", b"1")]), *encoder.close()])
    assert parse_form(encoder.content_type, body).fields == [("a", "1")]


def test_file_data_are_not_copied() -> None:
    """The very objects that were fed come out."""
    data = b"x" * 100
    pieces = MultipartEncoder("B").feed([FileStart("a", "b", Headers()), data, FileEnd()])  # type: ignore[arg-type]
    assert pieces[1] is data


@pytest.mark.parametrize("name", ["%22", "a%0Db", "%0A", "\0"])
def test_names_that_cannot_be_sent(name: str) -> None:
    """No receiver could tell them from an escape, or would take them."""
    with pytest.raises(ValueError, match="expected a name without"):
        MultipartEncoder("B").feed([Field(name, "", b"")])


@pytest.mark.parametrize("headers", [{"X": "a\r\nb"}, {"X Y": "a"}])
def test_headers_that_cannot_be_sent(headers: dict[str, str]) -> None:
    """Nothing can be injected through a header."""
    with pytest.raises(ValueError, match="expected a token and a value without"):
        MultipartEncoder("B").feed([FileStart("a", "b", headers)])  # type: ignore[arg-type]


@pytest.mark.parametrize("boundary", ["", "a" * 71, "a ", 'a"b', "ä", "a\r\n"])
def test_boundaries_that_cannot_be_sent(boundary: str) -> None:
    """A boundary that RFC 2046 section 5.1.1 does not allow is refused."""
    with pytest.raises(ValueError, match="expected 1 to 70 characters"):
        MultipartEncoder(boundary)


def test_misuse() -> None:
    """Events out of order are the program's fault."""
    encoder = MultipartEncoder("B")
    with pytest.raises(MachineStateError, match=r"got bytes in state 'parts', expected another event"):
        encoder.feed([b"x"])
    encoder.feed([FileStart("a", "b", Headers())])  # type: ignore[arg-type]
    with pytest.raises(MachineStateError, match=r"got close\(\) in state 'file', expected 'parts'"):
        encoder.close()
    with pytest.raises(MachineStateError, match="got Field in state 'file'"):
        encoder.feed([Field("a", "", b"")])


# --- events that are made by hand ---


@pytest.mark.parametrize("size", [1, 1000])
def test_events_need_no_bytes_and_no_class_of_headers(size: int) -> None:
    """A name, a value and a mapping are enough. What is decoded again is equal, whatever the kind of the headers."""
    events: list[FormEvent] = [
        Field("a", "1"),
        Field("ü", "€", headers={"Content-Type": "text/plain"}),
        FileStart("f", "a.txt", {"Content-Type": "text/plain"}),
        b"data",
        FileEnd(),
        FileStart("f", "b.txt"),
        FileEnd(),
    ]
    encoder = MultipartEncoder("B")
    body = b"".join([*encoder.feed(events), *encoder.close()])
    decoded = outcome(lambda: MultipartDecoder("B"), pieces_of(body, size))
    assert decoded == events
    again = MultipartEncoder("B")
    assert b"".join([*again.feed(decoded), *again.close()]) == body  # type: ignore[arg-type]


def test_the_value_of_a_field_is_utf_8_unless_its_bytes_are_given() -> None:
    """``raw`` is what is sent."""
    assert Field("a", "é").raw == "é".encode()
    assert Field("a", "é", b"\xe9").raw == b"\xe9"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Field("a", 1), "got value = 1, expected text"),  # type: ignore[arg-type]
        (lambda: Field(b"a", "1"), "got name = b'a', expected text"),  # type: ignore[arg-type]
        (lambda: Field(None, "1"), "got name = None, expected text"),  # type: ignore[arg-type]
        (lambda: FileStart("f", None), "got filename = None, expected text"),  # type: ignore[arg-type]
        (lambda: FileStart(1, "a"), "got name = 1, expected text"),  # type: ignore[arg-type]
    ],
)
def test_names_and_values_are_text(make: Callable[[], object], message: str) -> None:
    """The error says what came, where the event is made and not where it is encoded."""
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize("charset", ["utf-8", "ISO-8859-1", "windows-1252", "unknown"])
def test_the_value_of_a_field_is_written_in_the_charset_that_its_header_declares(charset: str) -> None:
    """RFC 7578 section 4.5: the charset of a part says how its value is read. A charset that the decoder does not know
    is read as UTF-8."""
    field = Field("a", "é", headers={"content-type": f"text/plain; charset={charset}"})
    encoder = MultipartEncoder("B")
    body = b"".join([*encoder.feed([field]), *encoder.close()])
    assert MultipartDecoder("B").feed(body) == [field]


def test_a_value_that_its_charset_cannot_express_is_refused() -> None:
    """No other text is sent in its place."""
    with pytest.raises(ValueError, match="latin-1"):
        Field("a", "€", headers={"Content-Type": "text/plain; charset=iso-8859-1"})


def test_events_are_equal_if_they_say_the_same() -> None:
    """The Content-Disposition says nothing more than the name and the filename; every other header field counts."""
    (decoded, *_) = MultipartDecoder("B").feed(b"--B\r\ncontent-disposition: FORM-DATA; name=a\r\n\r\n1\r\n--B--")
    assert decoded == Field("a", "1")
    assert Field("a", "1") != Field("a", "1", headers={"Content-Type": "text/plain"})
    assert Field("a", "1") != Field("a", "1", b"2")
    assert FileStart("f", "a", {"Content-Type": "a/b"}) == FileStart("f", "a", {"content-type": "a/b"})
    assert FileStart("f", "a", {"Content-Type": "a/b"}) != FileStart("f", "a", {"Content-Type": "a/c"})
    assert FileStart("f", "a") != FileStart("f", "b")
    assert Field("a", "1") != ("a", "1")
    assert FileStart("f", "a") != ("f", "a")


def test_the_headers_of_a_decoded_field_can_be_given_to_another_part() -> None:
    """The header fields of a decoded part are kept as they are, and written as they were sent."""
    (decoded, *_) = MultipartDecoder("B").feed(b"--B\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--B--")
    assert FileStart("f", "a", decoded.headers).headers is decoded.headers


def test_the_filename_of_an_event_as_bytes() -> None:
    """A file that was read has the bytes that were sent; one that the program made has its name in UTF-8."""
    head = b'--B\r\nX-Other: 1\r\nContent-Disposition: form-data; name=a; filename="caf\xe9"\r\n\r\n'
    (read, *_) = MultipartDecoder("B").feed(head + b"1\r\n--B--")
    assert read.filename_bytes == b"caf\xe9"
    for headers in ({}, {"X-Other": "1"}, {"Content-Disposition": "form-data; name=a"}):
        assert FileStart("a", "caf\u00e9", headers).filename_bytes == "caf\u00e9".encode()


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nY: b"}, {"X": "a\nb"}, {"X": "\0"}, {"X y": "a"}, {"X:": "a"}, {"": "a"}]
)
@pytest.mark.parametrize("make", [lambda h: Field("a", "1", headers=h), lambda h: FileStart("f", "f", h), PartStart])
def test_headers_that_no_part_can_have(make: Any, headers: dict[str, str]) -> None:
    """An event with header fields that no part can have is refused when it is made."""
    with pytest.raises(ValueError, match="expected a token and a value without CR, LF and NUL"):
        make(headers)


def test_a_field_with_one_other_header_keeps_it_in_the_form() -> None:
    """``special`` has a field that says more than its name and value, also one that was not decoded."""
    builder = FormBuilder()
    builder.feed([Field("a", "1"), Field("b", "2", headers={"Content-Type": "text/plain"})])
    form = builder.close()
    assert list(form.special) == [1]
    assert dict(form.special[1].headers or {}) == {"Content-Type": "text/plain"}


# --- any multipart ---

SOME_HEADERS = st.sampled_from([{}, {"Content-Type": "text/plain", "X-A": "ü"}, {"Content-Type": "message/http"}])


def a_part(headers: dict[str, str], data: list[bytes]) -> list[Any]:
    """A part with data."""
    return [PartStart(headers), *(piece for piece in data if piece), PartEnd()]


def a_multipart(inner: list[list[Any]]) -> list[Any]:
    """A part with the parts ``inner``. Its boundary is that of no multipart in it."""
    boundary = f"in {sha256(repr(inner).encode()).hexdigest()}"
    return [PartStart({"Content-Type": f'multipart/mixed; boundary="{boundary}"'}), *chain(*inner), PartEnd()]


TREES = st.recursive(
    st.builds(a_part, SOME_HEADERS, st.lists(st.binary(max_size=50), max_size=3)),
    lambda inner: st.builds(a_multipart, st.lists(inner, max_size=3)),
    max_leaves=6,
)


@given(parts=st.lists(TREES, max_size=4), media_type=st.sampled_from(["multipart/mixed", "Multipart/X-y"]))
@settings(max_examples=200, deadline=None)
def test_round_trip_of_any_multipart(parts: list[list[Any]], media_type: str) -> None:
    """What is encoded is decoded to the same events, multiparts in parts as well, and is encoded to the same bytes."""
    events = list(chain(*parts))
    encoder = PartEncoder(media_type)
    body = b"".join([*encoder.feed(events), *encoder.close()])
    assert encoder.content_type.startswith(media_type)
    decoder = PartDecoder(parse_boundary(encoder.content_type) or "", max_depth=100)
    decoded = [*decoder.feed(body), *decoder.close()]
    assert join_bytes(decoded) == join_bytes(events)
    again = PartEncoder(media_type, encoder.boundary)
    assert b"".join([*again.feed(decoded), *again.close()]) == body


def test_header_fields_of_one_name_stay_several() -> None:
    """A part may have several fields of one name. They are written as they were sent, not joined."""
    (start, *_) = PartDecoder("B").feed(b"--B\r\nA: 1\r\nB: 2\r\na: 3\r\n\r\n\r\n--B--")
    assert PartEncoder(boundary="B").feed([start]) == [b"--B\r\nA: 1\r\nA: 3\r\nB: 2\r\n\r\n"]


def test_a_multipart_may_be_given_as_data() -> None:
    """The bytes of a multipart in a part are passed on as they are, and no parts may follow them."""
    start = PartStart({"Content-Type": "multipart/mixed; boundary=C"})
    data = b"--C\r\n\r\nx\r\n--C--"
    encoder = PartEncoder(boundary="B")
    pieces = encoder.feed([start, data])
    assert pieces[1] is data
    with pytest.raises(MachineStateError, match="before it has data"):
        encoder.feed([PartStart()])
    body = b"".join([*pieces, *encoder.feed([PartEnd()]), *encoder.close()])
    assert PartDecoder("B").feed(body) == [start, PartStart(), b"x", PartEnd(), PartEnd()]


def test_an_empty_piece_of_a_multipart_is_no_data() -> None:
    """A multipart that is given as no bytes is one without parts, as it is if nothing is given."""
    start = PartStart({"Content-Type": "multipart/mixed; boundary=C"})
    encoder = PartEncoder(boundary="B")
    body = b"".join([*encoder.feed([start, b"", PartEnd()]), *encoder.close()])
    assert PartDecoder("B").feed(body) == [start, PartEnd()]


def test_a_multipart_in_a_content_coding_has_no_parts() -> None:
    """The decoder does not look into it, so that parts in it could not be read back."""
    start = PartStart({"Content-Type": "multipart/mixed; boundary=C", "Content-Encoding": "gzip"})
    with pytest.raises(MachineStateError, match="got PartStart in state 'data'"):
        PartEncoder().feed([start, PartStart()])


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([b"x"], "got bytes in state 'parts'"),
        ([PartEnd()], "got PartEnd in state 'parts'"),
        ([PartStart(), PartStart()], "its Content-Type is a multipart"),
        ([PartStart(), Field("a", "1")], "got Field in state 'data'"),
        ([PartStart({"Content-Type": "multipart/x; boundary=C"}), PartStart(), PartEnd(), b"x"], "got bytes in state"),
    ],
)
def test_events_of_parts_out_of_order(events: list[Any], text: str) -> None:
    """Events of parts in a wrong order are an error of the program: a MachineStateError that names the state."""
    with pytest.raises(MachineStateError, match=text):
        PartEncoder().feed(events)


def test_an_encoder_of_parts_is_closed_once_and_between_parts() -> None:
    """Nothing can be written after the closing boundary."""
    encoder = PartEncoder()
    encoder.feed([PartStart()])
    with pytest.raises(MachineStateError, match=r"got close\(\) in state 'data', expected 'parts'"):
        encoder.close()
    encoder.feed([PartEnd()])
    encoder.close()
    for call in (encoder.close, lambda: encoder.feed([PartStart()])):
        with pytest.raises(MachineStateError, match="in state 'closed'"):
            call()


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"X": "a\r\nb"}, "expected a token and a value without"),
        ({"X Y": "a"}, "expected a token and a value without"),
        ({"Content-Type": "multipart/mixed"}, "without a boundary"),
        ({"Content-Type": "multipart/mixed; boundary=B"}, "expected one that does not begin as it"),
        ({"Content-Type": "multipart/mixed; boundary=BC"}, "expected one that does not begin as it"),
        ({"Content-Type": "multipart/mixed; boundary=C", "Content-Transfer-Encoding": "base64"}, "expected none"),
        ({"Content-Type": "text/plain", "content-type": "multipart/mixed; boundary=C"}, "got two Content-Type"),
    ],
)
def test_parts_that_cannot_be_sent(headers: dict[str, str], text: str) -> None:
    """Nothing can be injected through a header, an inner boundary must not look like an outer one, and a part that the
    decoder refuses is not written.
    """
    with pytest.raises(ValueError, match=text):
        PartEncoder(boundary="B").feed([PartStart(headers)])


def test_a_boundary_does_not_begin_as_any_around_it() -> None:
    """An inner boundary must not look like that of any multipart that it stands in."""

    def nested(*boundaries: str) -> list[Any]:
        return [PartStart({"Content-Type": f"multipart/mixed; boundary={boundary}"}) for boundary in boundaries]

    PartEncoder(boundary="A").feed(nested("B", "C", "D"))
    for refused in (nested("B", "BC"), nested("B", "C", "B"), nested("B", "C", "CD"), nested("B", "C", "AB")):
        with pytest.raises(ValueError, match="expected one that does not begin as it"):
            PartEncoder(boundary="A").feed(refused)


@pytest.mark.parametrize("media_type", ["", "text/plain", "multipart/", "multipart/a; b=c", "multipart/a\r\n"])
def test_types_that_are_no_multipart(media_type: str) -> None:
    """The encoder writes its boundary behind the type."""
    with pytest.raises(ValueError, match="expected one such as 'multipart/mixed'"):
        PartEncoder(media_type)


# --- every event in every state ---

#: what a machine can be given: events of forms, events of parts, data, its end, and what is no event
INPUTS: dict[str, Callable[[Any], Any]] = {
    "Field": lambda machine: machine.feed([Field("a", "1", b"1")]),
    "FileStart": lambda machine: machine.feed([FileStart("f", "x", Headers())]),  # type: ignore[arg-type]
    "FileEnd": lambda machine: machine.feed([FileEnd()]),
    "PartStart": lambda machine: machine.feed([PartStart()]),
    "PartEnd": lambda machine: machine.feed([PartEnd()]),
    "bytes": lambda machine: machine.feed([b"x"]),
    "memoryview": lambda machine: machine.feed([memoryview(b"x")]),
    "no bytes": lambda machine: machine.feed([b""]),
    "text": lambda machine: machine.feed(["x"]),
    "None": lambda machine: machine.feed([None]),
    "close": lambda machine: machine.close(),
}
DATA_INPUTS = ("bytes", "memoryview", "no bytes")
MACHINES: dict[str, tuple[Callable[[], Any], dict[str, list[str]], dict[tuple[str, str], str]]] = {
    "MultipartEncoder": (
        MultipartEncoder,
        {"parts": [], "file": ["FileStart"], "closed": ["close"]},
        {
            ("parts", "Field"): "parts", ("parts", "FileStart"): "file", ("parts", "close"): "closed",
            **{("file", data): "file" for data in DATA_INPUTS}, ("file", "FileEnd"): "parts",
        },
    ),
    "PartEncoder": (
        PartEncoder,
        {"parts": [], "data": ["PartStart"], "closed": ["close"]},
        {
            ("parts", "PartStart"): "data", ("parts", "close"): "closed",
            **{("data", data): "data" for data in DATA_INPUTS}, ("data", "PartEnd"): "parts",
        },
    ),
    "FormBuilder": (
        FormBuilder,
        {"fields": [], "file": ["FileStart"], "closed": ["close"]},
        {
            ("fields", "Field"): "fields", ("fields", "FileStart"): "file", ("fields", "close"): "closed",
            **{("file", data): "file" for data in DATA_INPUTS}, ("file", "FileEnd"): "fields",
            ("file", "Field"): "file",  # only files are checked for their order
        },
    ),
}  # fmt: skip
"""How each machine is made, how it comes into each of its states, and which input it takes there to which state."""


@pytest.mark.parametrize("given", INPUTS)
@pytest.mark.parametrize(("name", "state"), [(name, state) for name, row in MACHINES.items() for state in row[1]])
def test_every_event_in_every_state(name: str, state: str, given: str) -> None:
    """A machine takes an event that its state allows, and refuses every other one as the program's fault, by which
    its state does not change.
    """
    make, ways, arrows = MACHINES[name]
    machine = make()
    for step in ways[state]:
        INPUTS[step](machine)
    assert machine.state == state
    if (state, given) not in arrows:
        with pytest.raises(MachineStateError, match=rf"in state '{state}', expected"):
            INPUTS[given](machine)
    else:
        INPUTS[given](machine)
    assert machine.state == arrows.get((state, given), state)
