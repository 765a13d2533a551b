"""PartDecoder: any multipart at every cut, compared with Python's email package; its limits; multiparts in parts."""

from __future__ import annotations

import email
import email.policy
import random
from email.message import EmailMessage, Message
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardan import Limits, Request, Response
from cardan.core.forms import Field, PartDecoder, PartEnd, PartStart, parse_boundary
from cardan.core.forms._framing import Framing
from cardan.core.forms._machine import MultipartMachine
from cardan.exceptions import MultipartError, RequestEntityTooLarge
from cardan.testing import PROTOCOLS, Client
from tests.core.forms.forms import assert_the_same_parts
from tests.core.forms.strange_forms import MULTIPART
from tests.core.machines import assert_cuts_do_not_matter, join_bytes, outcome, pieces_of, verdict

Tree = list[tuple[list[tuple[str, str]], "bytes | Tree"]]
"""The parts of a multipart: the header fields of each, and its data or the parts in it."""


def tree_of(events: Any) -> Tree:
    """The parts that ``events`` tell of."""
    assert isinstance(events, list), events
    levels: list[Tree] = [[]]
    data: list[bytes] = []
    begun: list[list[tuple[str, str]]] = []
    for event in events:
        if isinstance(event, PartStart):
            begun.append([(name.lower(), value) for name, value in event.headers.copy().to_wsgi_list()])
            levels.append([])
            data.append(b"")
        elif isinstance(event, bytes):
            assert event
            data[-1] += event
        else:
            assert event == PartEnd()
            inner, own = levels.pop(), data.pop()
            assert not (inner and own)
            levels[-1].append((begun.pop(), inner or own))
    (tree,) = levels
    assert not begun
    return tree


def tree_by_email(message: Message) -> Tree:
    """The same by Python's email package."""
    parts: Tree = []
    for part in message.get_payload():
        assert isinstance(part, Message)
        fields = [(name.lower(), str(value)) for name, value in part.raw_items()]
        if part.get_content_maintype() == "multipart":
            parts.append((fields, tree_by_email(part)))
        else:
            text = part.get_payload()
            assert isinstance(text, str)
            parts.append((fields, text.encode("utf-8", "surrogateescape")))
    return parts


def part(data: bytes, *fields: str, boundary: str = "B") -> bytes:
    """A part with its boundary, whose data ``data`` are."""
    head = "".join(f"{field}\r\n" for field in fields)
    return f"--{boundary}\r\n{head}\r\n".encode() + data + b"\r\n"


def multipart(*parts: bytes, boundary: str = "B") -> bytes:
    """The body of these parts."""
    return b"".join(parts) + f"--{boundary}--\r\n".encode()


def nested(depth: int) -> bytes:
    """A body in which this many multiparts stand in each other."""
    body = multipart(part(b"deep", boundary=f"B{depth}"), boundary=f"B{depth}")
    for level in range(depth - 1, 0, -1):
        kind = f"Content-Type: multipart/mixed; boundary=B{level + 1}"
        body = multipart(part(body, kind, boundary=f"B{level}"), boundary=f"B{level}")
    return body


BYTERANGES = (  # RFC 9110 section 14.6
    b"\r\n--THIS_STRING_SEPARATES\r\nContent-Type: application/pdf\r\nContent-Range: bytes 500-999/8000\r\n\r\n"
    b"...the first range...\r\n--THIS_STRING_SEPARATES\r\nContent-Type: application/pdf\r\n"
    b"Content-Range: bytes 7000-7999/8000\r\n\r\n...the second range\r\n--THIS_STRING_SEPARATES--\r\n"
)
RFC2046 = (  # section 5.1.1
    b"This is the preamble.  It is to be ignored.\r\n\r\n--simple boundary\r\n\r\n"
    b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.\r\n--simple boundary\r\n"
    b"Content-type: text/plain; charset=us-ascii\r\n\r\nThis DOES end with a linebreak.\r\n\r\n"
    b"--simple boundary--\r\n\r\nThis is the epilogue.  It is also to be ignored.\r\n"
)


def test_the_events_of_a_part() -> None:
    """PartStart with the header fields, the data, PartEnd; a part may have neither fields nor data."""
    events = PartDecoder("B").feed(multipart(part(b"data", "A: 1", "B: 2", "a: 3"), part(b"")))
    assert [type(event) for event in events] == [PartStart, bytes, PartEnd, PartStart, PartEnd]
    first, _, _, second, _ = events
    assert isinstance(first, PartStart)
    assert isinstance(second, PartStart)
    assert first.headers.getlist("A") == ["1", "3"]
    assert first.headers.raw == b"A: 1\r\nB: 2\r\na: 3"
    assert len(second.headers) == 0


def test_the_example_of_byteranges() -> None:
    """The example of RFC 9110 section 14.6 is decoded into two parts with their ranges."""
    events = assert_cuts_do_not_matter(lambda: PartDecoder("THIS_STRING_SEPARATES"), BYTERANGES)
    kind = ("content-type", "application/pdf")
    assert tree_of(events) == [
        ([kind, ("content-range", "bytes 500-999/8000")], b"...the first range..."),
        ([kind, ("content-range", "bytes 7000-7999/8000")], b"...the second range"),
    ]


def test_the_example_of_rfc_2046() -> None:
    """The example of RFC 2046 section 5.1.1 is decoded.

    It has a preamble, a part without header fields, a part that ends with a line end, and an epilogue.
    """
    assert tree_of(assert_cuts_do_not_matter(lambda: PartDecoder("simple boundary"), RFC2046)) == [
        ([], b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak."),
        ([("content-type", "text/plain; charset=us-ascii")], b"This DOES end with a linebreak.\r\n"),
    ]


def test_a_part_may_end_with_its_header() -> None:
    """RFC 2046 section 5.1.1: the CRLF of the next delimiter follows the last header field."""
    body = b"--B\r\nA: 1\r\n\r\n--B\r\n\r\n--B--"
    assert tree_of(assert_cuts_do_not_matter(lambda: PartDecoder("B"), body)) == [([("a", "1")], b""), ([], b"")]


def test_multiparts_in_parts_are_decoded_in_place() -> None:
    """The start of the outer part, the events of the inner ones, the end of the outer part."""
    body = nested(3)
    events = assert_cuts_do_not_matter(lambda: PartDecoder("B1"), body)
    assert [type(event) for event in events] == [PartStart] * 3 + [bytes] + [PartEnd] * 3
    kinds = [[("content-type", f"multipart/mixed; boundary=B{level}")] for level in (2, 3)]
    assert tree_of(events) == [(kinds[0], [(kinds[1], [([], b"deep")])])]


@pytest.mark.parametrize(
    "kind", ["multipart/", "multipart; boundary=C", "text/multipart; boundary=C", "multipart/a b; boundary=C"]
)
def test_a_type_that_is_not_multipart_has_data(kind: str) -> None:
    """Only ``multipart/`` with a subtype is one."""
    assert tree_of(PartDecoder("B").feed(multipart(part(b"--C--", f"Content-Type: {kind}"))))[0][1] == b"--C--"


def test_a_multipart_in_a_content_coding_is_data() -> None:
    """A multipart with a content coding is data, because its boundaries are not visible. ``identity`` is no coding."""
    fields = "Content-Type: multipart/mixed; boundary=C", "Content-Encoding: gzip"
    assert tree_of(PartDecoder("B").feed(multipart(part(b"\x1f\x8b", *fields))))[0][1] == b"\x1f\x8b"
    inner = multipart(part(b"x", boundary="C"), boundary="C")
    identity = multipart(part(inner, fields[0], "Content-Encoding: Identity"))
    assert tree_of(PartDecoder("B").feed(identity))[0][1] == [([], b"x")]


INNER = "Content-Type: multipart/mixed; boundary=C"
REFUSED = {
    "no boundary": (multipart(part(b"", "Content-Type: multipart/mixed")), "without a boundary"),
    "two boundaries": (multipart(part(b"", INNER + "; boundary=D")), "two boundary parameters"),
    "two types": (multipart(part(b"x", "Content-Type: text/plain", "Content-Type: text/html")), "two Content-Type"),
    "base64": (multipart(part(b"LS1DLS0=", INNER, "Content-Transfer-Encoding: base64")), "RFC 2045 section 6.4"),
    "unended": (multipart(part(b"--C\r\n\r\nx", INNER)), "a multipart in a part ended within the data of a part"),
    "empty": (multipart(part(b"", INNER)), "a multipart in a part ended without the boundary '--C'"),
    "a bad head": (multipart(part(b"--C\r\nx\r\n\r\n--C--", INNER)), "got the part header b'x'"),
    "a bare line end": (multipart(part(b"x", "A: 1\nB: 2")), "bare CR or LF"),
    "a boundary in a head": (b"--B\r\nA: 1\r\n--B--", "boundary within a part's header"),
    "text after a boundary": (b"--Bx", "after a boundary"),
    "truncated": (b"--B\r\n\r\nx", "the body ended within the data of a part"),
    "data after the end": (multipart(part(b"x"))[:-2] + b"x", "after the last boundary"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    """Each is a MultipartError with its reason, the same however the body is cut."""
    body, text = REFUSED[name]
    assert assert_cuts_do_not_matter(lambda: PartDecoder("B"), body) == "MultipartError"
    found = verdict(lambda: PartDecoder("B"), [body])
    assert text in found[1], found


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_an_error_in_an_inner_multipart_is_raised_after_the_events_before_it(size: int) -> None:
    """The events before the error are in ``accepted``, and every later call raises the error again."""
    inner = multipart(part(b"fine", boundary="C"), boundary="C")[:-7] + b"--C\r\nbad\r\n\r\n--C--"
    decoder = PartDecoder("B")
    events: list[Any] = []
    first = None
    for piece in pieces_of(multipart(part(inner, INNER)), size):
        try:
            events += decoder.feed(piece)
        except MultipartError as error:
            first = error
            break
    events += decoder.accepted
    assert [type(event) for event in join_bytes(events)] == [PartStart, PartStart, bytes, PartEnd]
    assert decoder.state == "failed"
    with pytest.raises(MultipartError) as again:
        decoder.close()
    assert again.value is first


# --- limits ---

NAME = "A: 1"
LIMITS = [
    ("max_form_parts", 3, lambda n: multipart(*[part(b"")] * n)),
    (
        "max_form_parts",
        4,
        lambda n: multipart(part(multipart(*[part(b"", boundary="C")] * (n - 2), boundary="C"), INNER), part(b"")),
    ),
    ("max_part_headers", 5, lambda n: multipart(part(b"", *[NAME] * n))),
    ("max_part_header_size", 50, lambda n: multipart(part(b"", "A: " + "y" * (n - 5)))),
]


@pytest.mark.parametrize(("name", "allowed", "body"), LIMITS, ids=["parts", "parts in parts", "headers", "header size"])
def test_limits(name: str, allowed: int, body: Any) -> None:
    """A body with exactly N is accepted, one with N + 1 is refused, however it is cut. None is no limit.

    The error names the limit.
    """
    limits = Limits(**{name: allowed})
    assert isinstance(assert_cuts_do_not_matter(lambda: PartDecoder("B", limits=limits), body(allowed)), list)
    for data in (body(allowed + 1), body(allowed + 9)):
        assert assert_cuts_do_not_matter(lambda: PartDecoder("B", limits=limits), data) == "RequestEntityTooLarge"
        assert f"({name})" in verdict(lambda: PartDecoder("B", limits=limits), [data])[1]
        assert isinstance(outcome(lambda: PartDecoder("B", limits=Limits(**{name: None})), [data]), list)


def test_the_limit_on_boundaries() -> None:
    """The limit on the length of a boundary holds for the body and for each multipart in it."""
    limits = Limits(max_boundary_size=10)
    inner = f"Content-Type: multipart/mixed; boundary={'C' * 11}"
    with pytest.raises(RequestEntityTooLarge, match="max_boundary_size"):
        PartDecoder("B" * 11, limits=limits)
    with pytest.raises(RequestEntityTooLarge, match="max_boundary_size"):
        PartDecoder("B" * 10, limits=limits).feed(part(b"", inner, boundary="B" * 10))


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_the_depth_is_bounded(depth: int) -> None:
    """As many multiparts may stand in each other as ``max_depth`` says; one more is a 413."""
    assert isinstance(assert_cuts_do_not_matter(lambda: PartDecoder("B1", max_depth=depth), nested(depth)), list)
    deeper = nested(depth + 1)
    assert assert_cuts_do_not_matter(lambda: PartDecoder("B1", max_depth=depth), deeper) == "RequestEntityTooLarge"
    with pytest.raises(RequestEntityTooLarge, match=f"nested deeper than {depth}, expected at most that"):
        PartDecoder("B1", max_depth=depth).feed(deeper)


def test_the_default_depth_is_five() -> None:
    """A body with deeper multiparts is refused unless the program says otherwise."""
    assert isinstance(outcome(lambda: PartDecoder("B1"), [nested(5)]), list)
    assert outcome(lambda: PartDecoder("B1"), [nested(6)]) == "RequestEntityTooLarge"


def test_the_largest_depth() -> None:
    """A hundred multiparts in each other are read; Python's stack is deep enough."""
    kinds = (f"Content-Type: multipart/mixed; boundary=B{level}\r\n\r\n--B{level}\r\n" for level in range(101, 200))
    body = f"--B100\r\n{''.join(kinds)}\r\ndeep".encode()
    assert [type(event) for event in PartDecoder("B100", max_depth=100).feed(body)] == [PartStart] * 100 + [bytes]


@pytest.mark.parametrize("wrong", [0, -1, True, 1.0, None, "5", 101])
def test_a_wrong_depth(wrong: Any) -> None:
    """A ``max_depth`` that is not an int from 1 to 100 is refused when the decoder is made. With a deeper one a client
    could exceed Python's stack."""
    with pytest.raises(ValueError, match=r"got max_depth = .*, expected an int from 1 to 100"):
        PartDecoder("B", max_depth=wrong)


# --- oracles ---


@st.composite
def messages(draw: st.DrawFn, depth: int = 3) -> EmailMessage:
    """A multipart message with parts of any data, and with multiparts in it."""
    from email.mime.application import MIMEApplication
    from email.mime.multipart import MIMEMultipart
    from email.mime.nonmultipart import MIMENonMultipart

    subtype = draw(st.sampled_from(["mixed", "related", "alternative", "byteranges", "digest"]))
    boundary = f"={depth}_{draw(st.integers(0, 10**6)):x}"
    message: Any = MIMEMultipart(subtype, boundary=boundary)
    message.preamble = draw(st.none() | st.just("A preamble."))
    message.epilogue = draw(st.none() | st.just("\r\nAn epilogue."))
    for _ in range(draw(st.integers(1, 3))):
        if depth > 1 and draw(st.booleans()):
            message.attach(draw(messages(depth - 1)))
            continue
        piece: Any
        if draw(st.booleans()):
            piece = MIMEApplication(draw(st.binary(max_size=200)))
        else:
            piece = MIMENonMultipart("text", "plain", charset="us-ascii")
            words = st.sampled_from(["a", "--", "-", " ", "\r\n", "--="])
            piece.set_payload("".join(draw(st.lists(words, max_size=12))))
        piece["X-Long"] = " ".join(["word"] * draw(st.integers(1, 30)))  # folded from some length on
        message.attach(piece)
    return message  # type: ignore[no-any-return]


@settings(max_examples=60, deadline=None)
@given(message=messages(), seed=st.integers(0, 999))
def test_it_reads_what_the_email_package_reads(message: EmailMessage, seed: int) -> None:
    """Bodies that the package writes, by the package's own reading."""
    written = message.as_bytes(policy=email.policy.compat32.clone(linesep="\r\n"))
    body = written.partition(b"\r\n\r\n")[2]
    boundary = message.get_boundary()
    assert boundary is not None
    own = verdict(lambda: PartDecoder(boundary), [body])
    unfolded = [([(n, " ".join(v.split())) for n, v in fields], data) for fields, data in _flat(tree_of(own))]
    theirs = _flat(tree_by_email(email.message_from_bytes(written)))
    assert unfolded == [([(n, " ".join(v.split())) for n, v in fields], data) for fields, data in theirs]
    assert verdict(lambda: PartDecoder(boundary), pieces_of(body, 1)) == own
    rand = random.Random(seed)
    for at in rand.sample(range(len(body)), 5):
        assert verdict(lambda: PartDecoder(boundary), [body[:at], body[at:]]) == own


def _flat(tree: Tree) -> list[Any]:
    """The parts in one list; a multipart has None for its data, and the parts in it follow."""
    parts: list[Any] = []
    for fields, data in tree:
        parts.append((fields, None if isinstance(data, list) else data))
        parts += _flat(data) if isinstance(data, list) else []
    return parts


@pytest.mark.parametrize("size", [1, 1000])
def test_our_own_answers_with_several_ranges(size: int) -> None:
    """``multipart/byteranges`` as the library sends it, on both protocols."""
    content = bytes(range(256))

    @Request.application
    def app(request: Request) -> Response:
        response = Response(content, content_type="application/octet-stream")
        return response.make_conditional(request, accept_ranges=True, complete_length=len(content))

    for protocol in PROTOCOLS:
        with Client(app, protocol=protocol) as client:
            answer = client.get("/", headers={"Range": "bytes=0-9, 20-29, -5"})
        assert answer.status_code == 206
        boundary = parse_boundary(answer.headers["Content-Type"])
        assert boundary is not None
        tree = tree_of(outcome(partial(PartDecoder, boundary), pieces_of(answer.content, size)))
        kind = ("content-type", "application/octet-stream")
        assert tree == [
            ([kind, ("content-range", f"bytes {first}-{last}/256")], content[first : last + 1])
            for first, last in ((0, 9), (20, 29), (251, 255))
        ]


@pytest.mark.parametrize("row", MULTIPART, ids=lambda row: row.id)
def test_forms_have_the_same_parts(row: Any) -> None:
    """A form that the form decoder accepts has the same parts with the same data as any multipart."""
    assert_the_same_parts(row.content_type, row.body)


# --- one machine ---


def test_forms_and_other_multiparts_have_one_machine() -> None:
    """The framing is read by the same readers; a form has other states only for the data of a part."""
    for state, reader in Framing._READERS.items():
        if state != "data":
            assert MultipartMachine._READERS[state] is reader
    assert MultipartMachine._READERS["file"] is Framing._READERS["data"]
    assert PartDecoder._READERS is Framing._READERS


# --- the boundary ---


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/mixed; boundary=B", "B"),
        ('Multipart/Related; start="<a>"; boundary="a b"; type=text/html', "a b"),
        ("multipart/byteranges;boundary=a/b", "a/b"),
        ("multipart/form-data; boundary=B", "B"),
        ("text/plain; boundary=B", None),
        ("multipart/; boundary=B", None),
        ("multipart", None),
        ("", None),
        (None, None),
    ],
)
def test_parse_boundary(content_type: str | None, boundary: str | None) -> None:
    """``parse_boundary`` gives the boundary of any multipart type, and None for any other type."""
    assert parse_boundary(content_type) == boundary


@pytest.mark.parametrize("rest", ["", "; boundary=a; boundary=b", "; ="])
def test_parse_boundary_refuses(rest: str) -> None:
    """A multipart without one boundary cannot be read."""
    with pytest.raises(MultipartError):
        parse_boundary("multipart/mixed" + rest)


PREAMBLES = [b"--B", b"see --B below", b"--B\r\nmore", b"--A--B\r\n\r\n x--B", b"\n--B--\n--B", b"\r--B--", b"--B" * 50]


@pytest.mark.parametrize("preamble", PREAMBLES)
def test_a_preamble_may_name_the_boundary_within_a_line(preamble: bytes) -> None:
    """RFC 2046 section 5.1.1: a boundary begins a line. So a preamble may have anything but such a line, in a multipart
    in a part as well. (A form with such a preamble is refused: others may read it in another way.)
    """
    body = b"p" + preamble + b"\r\n" + multipart(part(b"data"))
    assert_cuts_do_not_matter(partial(PartDecoder, "B"), body)
    assert tree_of(PartDecoder("B").feed(body)) == tree_of(PartDecoder("B").feed(multipart(part(b"data"))))
    inner = multipart(part(body, "Content-Type: multipart/mixed; boundary=B", boundary="C"), boundary="C")
    assert tree_of(PartDecoder("C").feed(inner))[0][1] == tree_of(PartDecoder("B").feed(body))
    with pytest.raises(MultipartError, match="within a line"):
        MultipartMachine("B").feed(body)


def test_a_body_that_names_its_boundary_only_within_lines() -> None:
    """A body whose boundary never begins a line has no part, so it is refused when it ends, with the text for every
    body that ends in its preamble.
    """
    decoder = PartDecoder("B")
    for _ in range(3):
        assert decoder.feed(b"x--B\n--B") == []
    with pytest.raises(MultipartError, match="ended without the boundary"):
        decoder.close()


def test_an_error_is_raised_again() -> None:
    """What was raised once is raised again by every later call, also by ``close()``."""
    decoder = PartDecoder("B")
    with pytest.raises(MultipartError) as first:
        decoder.feed(b"--Bx")
    for call in (decoder.close, lambda: decoder.feed(b"")):
        with pytest.raises(MultipartError) as again:
            call()
        assert again.value is first.value


def test_the_header_fields_of_a_part_serve_another_part() -> None:
    """What was read can be written: the header fields of an event are those of a new one."""
    start, *_ = PartDecoder("B").feed(multipart(part(b"x", "A: 1")))
    assert isinstance(start, PartStart)
    assert PartStart(start.headers).headers["a"] == "1"
    assert Field("f", "text", headers=start.headers).headers == start.headers
