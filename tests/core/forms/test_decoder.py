"""MultipartDecoder: its states, its limits, its fast paths compared with its state table, and what it holds."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardan.core._exceptions import MachineStateError, MultipartError, RequestEntityTooLarge
from cardan.core._limits import Limits
from cardan.core.forms import Field, FileEnd, FileStart, MultipartDecoder, PartStart, parse_form
from cardan.core.forms import _head as heads
from cardan.core.forms._machine import MultipartMachine
from cardan.core.forms._plan import LEAST_HEADER, LEAST_PART, want_part
from tests.core.forms.forms import flat
from tests.core.forms.strange_forms import form, part
from tests.core.machines import assert_cuts_do_not_matter, join_bytes, outcome, pieces_of

FILE = 'form-data; name="f"; filename="x.txt"'
UNLIMITED = Limits(**dict.fromkeys(Limits.__dataclass_fields__))
MIXED = form(part(), part(FILE, b"data\r\n--BOUN"), part('form-data; name="b"', b""), part(FILE, b""))


def test_the_headers_of_an_event_that_is_made_are_checked() -> None:
    """Header fields are read by name in any case, and one that would write further lines is refused, also if the bytes
    of a value are given."""
    makers: dict[str, Callable[..., Any]] = {
        "a field": lambda headers: Field("a", "1", headers=headers),
        "a field with its bytes": lambda headers: Field("a", "1", b"1", headers),
        "a file": lambda headers: FileStart("a", "1", headers),
        "a part": PartStart,
    }
    for name, make in makers.items():
        assert make({"content-type": "text/x"}).headers["Content-Type"] == "text/x", name
        message = r"^got header .*, expected a token and a value without CR, LF and NUL$"
        for wrong in ({"X-A": "1\r\nX-B: 2"}, {"X-A\r\nX-B": "2"}, {"X A": "1"}, {"X:A": "1"}, {"X-A": "\0"}):
            with pytest.raises(ValueError, match=message):
                make(wrong)
    with pytest.raises(TypeError, match=r"^got value = 1, expected text$"):
        Field("a", 1, b"1", {"X-A": "1"})  # type: ignore[arg-type]


def test_a_text_field_is_one_event_and_a_file_is_a_sequence_of_them() -> None:
    """A field becomes one event, Field; a file becomes FileStart, bytes if it has any, and FileEnd."""
    events = MultipartDecoder("BOUND").feed(MIXED)
    assert [type(event) for event in events] == [Field, FileStart, bytes, FileEnd, Field, FileStart, FileEnd]
    field, start = events[0], events[1]
    assert isinstance(field, Field)
    assert isinstance(start, FileStart)
    assert (field.name, field.value, field.raw) == ("a", "1", b"1")
    assert field.headers is not None
    assert dict(field.headers) == {"Content-Disposition": 'form-data; name="a"'}
    assert start.headers["content-disposition"] == FILE


def test_states_are_printable_and_follow_the_drawing() -> None:
    """Each state is a plain name; the reader of each is in the class's table."""
    decoder = MultipartDecoder("BOUND")
    seen = [decoder.state]
    for chunk in pieces_of(MIXED + b"epilogue", 1):
        decoder.feed(chunk)
        if decoder.state != seen[-1]:
            seen.append(decoder.state)
    assert seen == [
        "preamble", "delimiter", "head", "field", "delimiter", "head", "file", "delimiter", "head", "field",
        "delimiter", "head", "file", "delimiter", "close-delimiter", "epilogue",
    ]  # fmt: skip
    decoder.close()
    assert decoder.state == "closed"
    assert set(seen) | {"failed", "closed"} == set(MultipartDecoder._READERS)


ENDED = {
    "preamble": "without the boundary '--BOUND'", "delimiter": "after a boundary", "head": "within the head of a part",
    "field": "within a field", "file": "within a file",
}  # fmt: skip


@pytest.mark.parametrize("at", range(len(MIXED) - 4))
def test_truncation_is_an_error_at_every_offset(at: int) -> None:
    """A body that ends before its closing boundary is refused, wherever it ends; the message says where, in
    words for a client, which does not know the states.
    """
    decoder = MultipartDecoder("BOUND")
    decoder.feed(MIXED[:at])
    where = ENDED[decoder.state]
    with pytest.raises(MultipartError, match=f"the body ended {where}, expected the closing boundary before that$"):
        decoder.close()


def test_an_error_latches() -> None:
    """What was raised once is raised again by every later call."""
    decoder = MultipartDecoder("BOUND")
    with pytest.raises(MultipartError) as first:
        decoder.feed(b"--BOUNDx")
    for call in (decoder.close, lambda: decoder.feed(b"")):
        with pytest.raises(MultipartError) as again:
            call()
        assert again.value is first.value
    assert decoder.state == "failed"


def test_misuse_is_another_error_than_bad_input() -> None:
    """Feeding a closed decoder, or closing it twice, is the program's fault."""
    decoder = MultipartDecoder("BOUND")
    decoder.feed(form())
    decoder.close()
    with pytest.raises(MachineStateError, match=r"got feed\(\) in state 'closed', expected no more"):
        decoder.feed(b"")
    with pytest.raises(MachineStateError, match=r"got close\(\) in state 'closed', expected it once"):
        decoder.close()


def test_file_data_are_the_object_that_was_fed() -> None:
    """A chunk of a file without a boundary is given on without a copy."""
    decoder = MultipartDecoder("BOUND")
    decoder.feed(part(FILE, b"y")[:-2])
    for chunk in (b"x" * 1000, b"\r\n" * 500 + b"x", b"--BOUND" * 9):
        (event,) = decoder.feed(chunk)
        assert event is chunk


def test_a_name_whose_quote_is_not_closed_is_refused_on_every_way() -> None:
    """The quote that opens the name is not the one that closes it, also where nothing stands between."""
    body = form(part('form-data; name="'))
    for chunks in ([body], pieces_of(body, 1), pieces_of(body, 30)):
        assert outcome(lambda: MultipartDecoder("BOUND"), chunks) == "MultipartError"
        assert outcome(lambda: MultipartMachine("BOUND"), chunks) == "MultipartError"
    with pytest.raises(MultipartError):
        parse_form("multipart/form-data; boundary=BOUND", body)
    (field,) = MultipartDecoder("BOUND").feed(form(part('form-data; name=""')))
    assert isinstance(field, Field)
    assert field.name == ""


@pytest.mark.parametrize("size", [1, 4, 9])
@pytest.mark.parametrize("machine", [MultipartDecoder, MultipartMachine])
def test_strict_refuses_a_preamble_as_soon_as_it_is_one(machine: Any, size: int) -> None:
    """A boundary may stand at the start or after one CRLF; where it cannot stand any more, nothing is waited for."""
    decoder = machine("BOUND", form_rules="strict")
    feed_all(decoder, pieces_of(b"x" * 8, size))
    assert decoder.state == "preamble"
    with pytest.raises(MultipartError, match="before the first boundary"):
        decoder.feed(b"x")


@pytest.mark.parametrize("size", [299, 300, 301])
def test_a_file_is_counted_with_what_was_held_back(size: int) -> None:
    """Every piece ends with what may begin a boundary: those bytes count, too, and max_file_size is exact."""
    decoder = MultipartDecoder("BOUND", limits=Limits(max_file_size=300))
    data = ((b"x" * 48 + b"\r\n") * 7)[:size]
    decoder.feed(part(FILE, b"")[:-2])
    pieces = [*pieces_of(data, 50), b"\r\n--BOUND--\r\n"]
    if size > 300:
        with pytest.raises(RequestEntityTooLarge, match="max_file_size"):
            feed_all(decoder, pieces)
    else:
        events = [event for piece in pieces for event in decoder.feed(piece)]
        assert join_bytes(events)[1:] == [data, FileEnd()]


def test_header_fields_of_fields_can_be_shared_and_not_changed() -> None:
    """Two equal heads may have one headers object, which refuses every change."""
    first, second = MultipartDecoder("BOUND").feed(form(part(), part()))
    assert isinstance(first, Field)
    assert isinstance(second, Field)
    assert first.headers is second.headers
    assert first.headers is not None
    with pytest.raises(TypeError, match="cannot be changed"):
        first.headers["X"] = "y"  # type: ignore[index]
    assert first.headers.copy()["Content-Disposition"] == 'form-data; name="a"'


def test_the_memo_of_heads_is_bounded_and_holds_no_filename() -> None:
    """At most so many heads, none longer than so many bytes, none of a file."""
    memo = heads._MEMO
    memo.clear()
    for start in range(0, 3 * heads.MEMO_HEADS, 100):
        names = [f'form-data; name="n{start + i}"' for i in range(100)]
        MultipartDecoder("BOUND").feed(form(*(part(name) for name in names)))
        assert len(memo) <= heads.MEMO_HEADS
    MultipartDecoder("BOUND").feed(form(part(FILE), part(f'form-data; name="{"n" * 200}"')))
    assert memo
    assert all(b"filename" not in head and len(head) <= heads.MEMO_HEAD_SIZE for head in memo)


def test_a_memo_never_helps_past_a_lower_limit() -> None:
    """A head that another request's limits allowed is measured against this one's."""
    assert isinstance(outcome(lambda: MultipartDecoder("BOUND"), [form(part())]), list)
    small = Limits(max_part_header_size=20)
    assert outcome(lambda: MultipartDecoder("BOUND", limits=small), [form(part())]) == "RequestEntityTooLarge"


# --- limits ---


def feed_all(machine: Any, chunks: list[bytes]) -> None:
    """Feed the chunks, but for the end."""
    for chunk in chunks:
        machine.feed(chunk)


NAME = 'form-data; name="a"'
HEAD = len("Content-Disposition: ") + len(NAME) + 2
LIMITS = [
    ("max_form_parts", 3, lambda n: form(*[part()] * n)),
    ("max_files", 3, lambda n: form(*[part(FILE)] * n)),
    ("max_file_size", 50, lambda n: form(part(FILE, b"x" * n), part(data=b"y" * 99))),
    ("max_form_memory_size", 50, lambda n: form(part(data=b"x" * n), part(FILE, b"y" * 99))),
    (
        "max_form_memory_total",
        50,
        lambda n: form(part(data=b"x" * 20), part(data=b"x" * (n - 22)), part(FILE, b"y" * 99)),
    ),
    ("max_part_header_size", HEAD + 10, lambda n: form(part(NAME, b"1", "X: " + "y" * (n - HEAD - 5)))),
    ("max_part_headers", 5, lambda n: form(part(NAME, b"1", *["X: y"] * (n - 1)))),
]


@pytest.mark.parametrize(("name", "allowed", "body"), LIMITS, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("form_rules", ["default", "strict"])
def test_limits(name: str, allowed: int, body: Any, form_rules: Any) -> None:
    """A form that reaches a limit is accepted, one that exceeds it by 1 is refused with an error that names the limit,
    however it is cut. None is no limit.
    """

    def make(value: int | None) -> MultipartDecoder:
        return MultipartDecoder("BOUND", limits=replace(Limits(), **{name: value}), form_rules=form_rules)

    for size in (allowed - 1, allowed):
        assert isinstance(assert_cuts_do_not_matter(lambda: make(allowed), body(size)), list)
    assert assert_cuts_do_not_matter(lambda: make(allowed), body(allowed + 1)) == "RequestEntityTooLarge"
    assert isinstance(outcome(lambda: make(None), [body(allowed + 1)]), list)
    for chunks in ([body(allowed + 1)], pieces_of(body(allowed + 1), 1)):
        decoder = make(allowed)
        with pytest.raises(RequestEntityTooLarge) as caught:
            feed_all(decoder, chunks)
        error = caught.value
        assert (error.limit, error.allowed, error.received) == (name, allowed, None)


def test_how_much_to_read_before_a_limit() -> None:
    """The next part that a limit forbids needs the rest of the part that has begun, of which one byte is missing at
    least, and the bytes of each allowed part. At the limit itself a single byte is asked for, never none.
    """
    for name, counted in (("max_form_parts", "parts"), ("max_files", "files")):
        limits = replace(UNLIMITED, **{name: 3})
        for head, rest in ((0, LEAST_PART), (LEAST_PART - 1, 1), (LEAST_PART, 1), (LEAST_PART + 100, 1)):
            for left in range(4):
                counts: Any = {counted: 3 - left}
                assert want_part(limits, head=head, **counts) == left * LEAST_PART + rest
    limits = replace(UNLIMITED, max_part_headers=3)
    assert [want_part(limits, lines=lines) for lines in (3, 4, 5)] == [2 * LEAST_HEADER, LEAST_HEADER, 1]


@pytest.mark.parametrize(("size", "fits"), [(199, True), (200, True), (201, False)])
def test_max_boundary_size(size: int, fits: bool) -> None:
    """A boundary of N bytes is accepted. One of N + 1 bytes is refused before a byte is read."""
    if fits:
        MultipartDecoder("B" * size)
    else:
        with pytest.raises(RequestEntityTooLarge, match=r"got 201, expected at most 200 \(max_boundary_size\)"):
            MultipartDecoder("B" * size)


@pytest.mark.parametrize(("size", "fits"), [(69, True), (70, True), (71, False)])
def test_strict_boundary_size(size: int, fits: bool) -> None:
    """Strict mode allows the 70 of RFC 2046, whatever the limit."""
    limits = Limits(max_boundary_size=None)
    if fits:
        MultipartDecoder("B" * size, limits=limits, form_rules="strict")
    else:
        with pytest.raises(RequestEntityTooLarge, match="got 71, expected at most 70"):
            MultipartDecoder("B" * size, limits=limits, form_rules="strict")


def test_file_data_never_count_as_form_memory() -> None:
    """A file is accepted however small the limits on fields are, and however large the chunks are."""
    limits = Limits(max_form_memory_size=1, max_form_memory_total=2)
    body = form(part(), part(FILE, b"x" * 100_000))
    events = assert_cuts_do_not_matter(lambda: MultipartDecoder("BOUND", limits=limits), body, splits=100)
    assert flat(events) == [("a", "1"), ("f", "x.txt", b"x" * 100_000)]


def test_a_file_that_is_decoded_at_once_does_not_count_as_form_memory() -> None:
    """The data of a file that the fast path has decoded do not count for the fields after it."""
    decoder = MultipartDecoder("BOUND", limits=Limits(max_form_memory_total=1000))
    body = form(part(FILE, b"x" * 500), part(data=b"y" * 600))
    cut = body.index(b"--BOUND", 1) + len("--BOUND\r\n")
    events = decoder.feed(body[:cut]) + decoder.feed(body[cut:])
    assert flat(events) == [("f", "x.txt", b"x" * 500), ("a", "y" * 600)]


# --- the fast paths against the state table ---

HEADED = b'Content-Disposition: form-data; name="a"'
BITS = st.sampled_from(
    [
        b"--BOUND", b"\r\n--BOUND", b"\r\n--BOUND\r\n", b"--BOUND\r\n", b"\r\n--BOUND--", b"--", b"\r\n", b"\r",
        b"\n", b"-", HEADED, HEADED + b"\r\n\r\n", HEADED + b'; filename="b"\r\n\r\n', b"\r\n\r\n", b"value", b"\xff",
        b"", b" ",
        b"Content-Type: text/plain; charset=latin-1\r\n", b"\t", b"X: y\r\n", b"x" * 300, part(), part(FILE), b"\0",
        b"%22",
        part(FILE, b"z" * 99), b"Content-Length: 5\r\n", b'"', part('form-data; name="\\"; filename="'),
        b"--BOUND--\r\n",
    ]
)  # fmt: skip
SOUP = st.builds(b"".join, st.lists(BITS, max_size=14))
FORMS = st.builds(
    lambda start, parts, end: start + b"".join(parts) + end,
    st.sampled_from([b"", b"\r\n", b"x\r\n"]),
    st.lists(
        st.one_of(
            st.builds(part, st.sampled_from([NAME, FILE, "form-data; name=b"]), st.binary(max_size=40)),
            st.builds(part, st.just(NAME), SOUP, st.sampled_from(["X: y", "Content-Type: a/b", "Content-Length: 1"])),
        ),
        max_size=8,
    ),
    st.sampled_from([b"--BOUND--\r\n", b"--BOUND--", b"", b"--BOUND--\r\nx\r\n--BOUND\r\n", b"--BOUND"]),
)
SMALL = Limits(max_form_parts=4, max_files=2, max_form_memory_size=30, max_form_memory_total=70, max_file_size=60)


@given(body=st.one_of(SOUP, FORMS), seed=st.integers(0, 9), strict=st.booleans(), small=st.booleans())
@settings(max_examples=400, deadline=None)
def test_fast_paths_do_what_the_table_does(body: bytes, seed: int, strict: bool, small: bool) -> None:
    """With and without the fast paths, whole, by bytes and at random cuts: the outcome is the same."""
    options: Any = {"form_rules": "strict" if strict else "default", "limits": SMALL if small else Limits()}
    rand = random.Random(seed)
    marks = sorted(rand.choices(range(len(body) + 1), k=4))
    for chunks in ([body], pieces_of(body, 1), [body[a:b] for a, b in zip([0, *marks], [*marks, len(body)])]):
        expected = outcome(lambda: MultipartMachine("BOUND", **options), chunks)
        assert outcome(lambda: MultipartDecoder("BOUND", **options), chunks) == expected
        assert expected == outcome(lambda: MultipartMachine("BOUND", **options), [body])


@given(body=st.one_of(SOUP, FORMS))
@settings(max_examples=200, deadline=None)
def test_fast_paths_refuse_in_the_same_words(body: bytes) -> None:
    """The text of an error does not depend on the path."""

    def said(decoder: MultipartMachine) -> str:
        try:
            return repr(join_bytes([*decoder.feed(body), *decoder.close()]))
        except Exception as error:
            return str(error)

    assert said(MultipartDecoder("BOUND", limits=SMALL)) == said(MultipartMachine("BOUND", limits=SMALL))


@pytest.mark.parametrize("cls", [MultipartMachine, MultipartDecoder])
@pytest.mark.parametrize("size", [1, 40])
def test_after_a_small_field_no_more_is_asked_for_than_one_part_too_many(cls: type[Any], size: int) -> None:
    """A client that sends one part too many after a field, and then waits, is refused: no read waits for more bytes."""
    decoder = cls("BOUND", limits=Limits(max_form_parts=2))
    body = form(part(data=b"x" * size), *[part()] * 2)

    def read_all() -> None:
        at = 0
        while at < len(body):
            want = decoder.want
            assert want <= len(body) - at
            decoder.feed(body[at : at + want])
            at += want

    with pytest.raises(RequestEntityTooLarge):
        read_all()


def test_the_manual_lists_the_states() -> None:
    """docs/reference/forms.md has a row for every state in the table of readers."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "forms.md").read_text("utf-8")
    listed = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert listed == set(MultipartDecoder._READERS) - {"failed", "closed"}


_SEVERAL = b'--B\r\nContent-Disposition: form-data; name="name"\r\nX: y\r\n\r\n1\r\n'


@pytest.mark.parametrize(("total", "allowed"), [(4, False), (5, True)])
def test_whole_parts_count_the_name_of_a_part_with_several_headers(total: int, allowed: bool) -> None:
    """Law: a name counts towards ``max_form_memory_total`` if its part lies whole in one chunk, whatever its head."""
    decoder = MultipartDecoder("B", limits=Limits(max_form_memory_total=total))
    if allowed:
        assert len(decoder.feed(_SEVERAL + b"--B--\r\n")) == 1
    else:
        with pytest.raises(RequestEntityTooLarge, match="max_form_memory_total"):
            decoder.feed(_SEVERAL + b"--B--\r\n")


def test_whole_files_do_not_count_as_fields() -> None:
    """Law: no byte of a file counts towards ``max_form_memory_total``, also for the parts that follow it."""
    decoder = MultipartDecoder("B", limits=Limits(max_form_memory_total=100))
    file = b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n' + b"d" * 10 + b"\r\n--B"
    field = b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"v" * 99 + b"\r\n--B--\r\n"
    events = decoder.feed(file)
    assert len(events) + len(decoder.feed(field)) == 4


@pytest.mark.parametrize("cls", [MultipartMachine, MultipartDecoder])
@pytest.mark.parametrize(
    ("limits", "least"),
    [
        ({"max_form_memory_size": 100}, 101),
        ({"max_form_memory_total": 100}, 101),
        ({"max_form_memory_size": 200, "max_form_memory_total": 100}, 101),
        ({"max_part_headers": 3}, (3 + 2) * LEAST_HEADER),
        ({"max_form_parts": 3}, (3 + 1) * LEAST_PART),
        ({"max_files": 3}, (3 + 1) * LEAST_PART),
        ({"max_part_header_size": 100}, 100 + 4),
    ],
)
def test_the_first_read(cls: type[Any], limits: dict[str, int], least: int) -> None:
    """Before the first byte, ``want`` is how many bytes a body has at least that exceeds the limit: no byte less, so
    that one read is enough, and no byte more, so that no read waits for a body that is refused already.
    """
    assert cls("B", limits=replace(UNLIMITED, **limits)).want == least


@pytest.mark.parametrize(
    "limits",
    [Limits(), Limits(max_part_headers=1), Limits(max_form_memory_total=0), Limits(max_form_parts=1, max_files=0)],
)
@pytest.mark.parametrize(
    "body",
    [b"", b"--B", b"--B\r\n" + b"A: b\r\n" * 40, b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\n", b"x" * 999],
    ids=["nothing", "boundary", "many lines", "a field", "preamble"],
)
def test_at_least_one_byte_is_wanted(limits: Limits, body: bytes) -> None:
    """``want`` says how much to read next. It is never less than one byte: that would be a body that is never read."""
    decoder = MultipartDecoder("B", limits=limits)
    for at in range(len(body)):
        assert decoder.want >= 1
        try:
            decoder.feed(body[at : at + 1])
        except RequestEntityTooLarge:
            break
    assert decoder.want >= 1


@pytest.mark.parametrize("head", ["", "\r\nContent-Type: text/plain", "\r\nX-Other: 1\r\nX-More: 2"])
@pytest.mark.parametrize("name", ["ab", "\xe9", "%22"])
@pytest.mark.parametrize("size", [1, 90, 250, 1000, 10_000])
def test_the_total_counts_names_and_values_exactly(head: str, name: str, size: int) -> None:
    """The size of all fields is that of their names and values in bytes, however a part is written, however the body is
    cut, and whether its head is known or not.
    """
    one = f'--BOUND\r\nContent-Disposition: form-data; name="{name}"{head}\r\n\r\n'.encode() + b"0123456789\r\n"
    body = one * 20 + b"--BOUND--\r\n"
    total = 20 * (10 + len(name.replace("%22", '"').encode()))
    heads._MEMO.clear()
    for _ in range(2):  # the second time the head is known
        decoder = MultipartDecoder("BOUND", limits=Limits(max_form_memory_total=total))
        events = [event for chunk in pieces_of(body, size) for event in decoder.feed(chunk)]
        assert (len(events), len(decoder.close())) == (20, 0)
        decoder = MultipartDecoder("BOUND", limits=Limits(max_form_memory_total=total - 1))
        with pytest.raises(RequestEntityTooLarge, match="max_form_memory_total"):
            feed_all(decoder, pieces_of(body, size))


@pytest.mark.parametrize("length", ["1" * 20, "1" * 5000, "-1", "+1", "1_0", "\u0661", "", "0x1"])
def test_the_declared_length_of_a_part_in_strict_mode(length: str) -> None:
    """The Content-Length of a part is at most 19 digits in strict mode; in default mode it says nothing (RFC 7578
    section 4.8).
    """
    body = form(part('form-data; name="a"', b"1", f"Content-Length: {length}"))
    assert flat(MultipartDecoder("BOUND").feed(body)) == [("a", "1")]
    with pytest.raises(MultipartError, match=r"got Content-Length .* in a part, expected digits$"):
        MultipartDecoder("BOUND", form_rules="strict").feed(body)


@pytest.mark.parametrize("machine", [MultipartDecoder, MultipartMachine])
def test_strict_refuses_half_a_line_end_after_the_last_boundary(machine: Any) -> None:
    """A body that ends in a CR behind the closing boundary is not one that the rules allow."""
    decoder = machine("BOUND", form_rules="strict")
    decoder.feed(form(part()).removesuffix(b"\r\n") + b"\r")
    with pytest.raises(MultipartError, match="after the"):
        decoder.close()
