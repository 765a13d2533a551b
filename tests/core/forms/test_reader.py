"""FormBuilder, FormReader, parse_form: forms are put together, and no sink is left open whatever happens."""

from __future__ import annotations

import io
import weakref
from typing import Any

import pytest

from cardan.core._exceptions import (
    BadRequest,
    ClientDisconnected,
    MachineStateError,
    MultipartError,
    RequestEntityTooLarge,
    UrlencodedError,
)
from cardan.core._limits import Limits
from cardan.core.drive import Close, Open, Read, Write, run
from cardan.core.forms import (
    Field,
    FileEnd,
    FileStart,
    Form,
    FormBuilder,
    FormReader,
    MemoryBudget,
    MemorySink,
    MultipartDecoder,
    parse_form,
)
from cardan.core.forms._reader import _close_all
from tests.core.forms.forms import form_values
from tests.core.forms.strange_forms import CT, form, part
from tests.core.machines import pieces_of
from tests.growth import collector_off

FILE = 'form-data; name="f"; filename="x.txt"'
BODY = form(part(), part(FILE, b"data"), part('form-data; name="b"', b"2"), part(FILE, b"more"))
URL = "application/x-www-form-urlencoded"


class Perform:
    """Performs steps on lists; may fail at the n-th."""

    def __init__(self, chunks: list[bytes], fail_at: int = -1, error: BaseException | None = None) -> None:
        self.chunks = list(chunks)
        self.fail_at = fail_at
        self.error = error or OSError("disk full")
        self.steps: list[str] = []
        self.sinks: list[MemorySink] = []
        self.closed: list[tuple[int, BaseException | None]] = []

    def __call__(self, step: Any) -> Any:
        self.steps.append(type(step).__name__)
        if len(self.steps) - 1 == self.fail_at:
            raise self.error
        if type(step) is Read:
            return self.chunks.pop(0) if self.chunks else b""
        if type(step) is Open:
            self.sinks.append(MemorySink())
            return self.sinks[-1]
        if type(step) is Write:
            return step.sink.write(step.data)
        assert type(step) is Close
        self.closed.append((self.sinks.index(step.sink), step.error))
        return None


def test_steps_of_a_form() -> None:
    """A form is read until its end. Each file is opened, written and closed, and no other step is asked for."""
    perform = Perform([BODY])
    form = run(FormReader(CT, len(BODY)).run(), perform)
    assert perform.steps == ["Read", "Open", "Write", "Close", "Open", "Write", "Close", "Read"]
    assert form_values(form) == [("a", "1"), ("b", "2"), ("f", "x.txt", b"data"), ("f", "x.txt", b"more")]
    assert perform.closed == [(0, None), (1, None)]


def test_what_is_no_form_is_not_read() -> None:
    """Another Content-Type, or none: an empty form, and not a byte is asked for."""
    for kind in ("text/plain", "", None, "multipart/mixed; boundary=B"):
        perform = Perform([b"x"])
        assert form_values(run(FormReader(kind, 1).run(), perform)) == []
        assert perform.steps == []


@pytest.mark.parametrize("at", range(9))
def test_a_failing_step_closes_every_sink(at: int) -> None:
    """If any step fails, every sink is closed with the error, also those of files that were complete."""
    perform = Perform([BODY[:150], BODY[150:]], fail_at=at)
    with pytest.raises(OSError, match="disk full"):
        run(FormReader(CT, len(BODY)).run(), perform)
    assert {index for index, error in perform.closed if error is perform.error} == set(range(len(perform.sinks)))


def test_a_cancellation_closes_every_sink() -> None:
    """If a step raises what is no Exception, such as a KeyboardInterrupt, every sink is closed with it, too."""
    perform = Perform([BODY], fail_at=5, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(FormReader(CT, len(BODY)).run(), perform)
    assert [error for _, error in perform.closed if error] == [perform.error] * len(perform.sinks)


STOP, SECOND = KeyboardInterrupt("first"), KeyboardInterrupt("second")


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        ([OSError("a"), OSError("b"), OSError("c")], None),
        ([OSError("a"), STOP, OSError("c")], STOP),
        ([STOP, SECOND, None], STOP),
        ([None, None, SECOND], SECOND),
    ],
    ids=["errors", "cancelled within", "cancelled twice", "cancelled at last"],
)
@pytest.mark.parametrize("form_rules", ["default", "silent"])
def test_an_error_of_closing_does_not_skip_the_next_sink(
    errors: list[BaseException | None], raised: BaseException | None, form_rules: Any
) -> None:
    """After an error every sink is closed with it, in the order in which they were opened, whatever closing another one
    raises. An error of closing does not replace the first error; a cancellation does, the first one of several.
    """
    closed: list[tuple[str, BaseException]] = []
    opened = iter("abc")
    chunks = [form(part(FILE, b"1"), part(FILE, b"2"), part(FILE, b"3")).removesuffix(b"--\r\n") + b"x"]

    def perform(step: Any) -> Any:
        if type(step) is Read:
            return chunks.pop(0) if chunks else b""
        if type(step) is Open:
            return next(opened)
        if type(step) is Close and step.error is not None:
            closed.append((step.sink, step.error))
            if (error := errors[len(closed) - 1]) is not None:
                raise error
        return step.sink if type(step) is Close else None

    steps = FormReader(CT, None, form_rules=form_rules).run()
    if raised is None and form_rules == "silent":
        assert form_values(run(steps, perform)) == []
    else:
        with pytest.raises(type(raised or MultipartError())) as caught:
            run(steps, perform)
        assert raised is None or caught.value is raised
    assert [sink for sink, _ in closed] == ["a", "b", "c"]
    assert {type(error) for _, error in closed} == {MultipartError}
    if raised is not None:
        raised.__traceback__ = None


@pytest.mark.parametrize("kind", [CT, URL])
def test_bytes_that_were_read_before(kind: str) -> None:
    """:meth:`FormReader.run` begins with the bytes of :meth:`FormReader.start_with`, and keeps them no longer than it
    needs. If the body has ended after them, no byte is asked for.
    """
    body = BODY if kind == CT else b"a=1&b=2"
    perform = Perform([])
    reader = FormReader(kind, None)
    reader.start_with(body, True)
    assert ("b", "2") in form_values(run(reader.run(), perform))
    assert "Read" not in perform.steps
    perform = Perform([body[3:]])
    reader = FormReader(kind, len(body))
    reader.start_with(body[:3], False)
    assert ("b", "2") in form_values(run(reader.run(), perform))
    assert perform.steps.count("Read") == 2
    assert reader._first == b""


def test_each_file_has_its_own_size_and_is_not_opened_before_it_is_read() -> None:
    """The size of a file is that of its data. The stream of a sink in memory, which may take time to make, is not asked
    for to rewind it.
    """
    body = form(part(FILE, b"four"), part(FILE, b""), part(FILE, b"elevenbytes"))
    perform = Perform(pieces_of(body, 7))
    files = [file for _, file in run(FormReader(CT, None).run(), perform).files]
    assert [file.size for file in files] == [4, 0, 11]
    assert [sink._stream for sink in perform.sinks] == [None] * 3
    assert [file.read() for file in files] == [b"four", b"", b"elevenbytes"]


class Stop(BaseException):
    """A cancellation."""


def test_a_cancellation_while_sinks_are_closed_leaves_no_cycle() -> None:
    """What is raised by closing is gone when nobody holds it any more: its frames do not hold it."""
    chunks = [form(part(FILE)).removesuffix(b"--\r\n") + b"x"]

    def perform(step: Any) -> Any:
        if type(step) is Read:
            return chunks.pop()
        if type(step) is Close and step.error is not None:
            raise Stop
        return object()

    def fail() -> weakref.ref[Stop]:
        try:
            run(FormReader(CT, None).run(), perform)
        except Stop as stop:
            return weakref.ref(stop)
        raise AssertionError

    with collector_off():
        assert fail()() is None


def test_a_reader_that_is_not_run_to_its_end_performs_no_step_any_more() -> None:
    """A generator of steps that is closed ends at once: nobody performs the steps that would close the sinks."""
    for count in range(1, 5):
        steps = FormReader(CT, len(BODY)).run()
        step = next(steps)
        for _ in range(count):
            step = steps.send(BODY if type(step) is Read else MemorySink())
        steps.close()
        assert list(steps) == []


@pytest.mark.parametrize("form_rules", ["default", "strict", "silent"])
def test_truncation_is_an_error_at_every_offset(form_rules: Any) -> None:
    """A truncated body never gives part of a form.

    With fewer bytes than declared it raises ClientDisconnected. A body of undeclared length without its closing
    boundary raises MultipartError; in silent mode it is an empty form.
    """
    for at in range(1, len(BODY) - 2):
        perform = Perform([BODY[:at]])
        with pytest.raises(ClientDisconnected):
            run(FormReader(CT, len(BODY), form_rules=form_rules).run(), perform)
        assert len([error for _, error in perform.closed if error]) == len(perform.sinks)
    for at in range(1, len(BODY) - 4):
        perform = Perform([BODY[:at]])
        if form_rules == "silent":
            assert form_values(run(FormReader(CT, None, form_rules=form_rules).run(), perform)) == []
        else:
            with pytest.raises(MultipartError):
                run(FormReader(CT, None, form_rules=form_rules).run(), perform)
        assert len([error for _, error in perform.closed if error]) == len(perform.sinks)


@pytest.mark.parametrize("kind", [CT, URL])
def test_more_than_declared(kind: str) -> None:
    """A body that is longer than its Content-Length: 400."""
    body = BODY if kind == CT else b"a=1&b=2"
    for chunks in ([body], pieces_of(body, 1)):
        with pytest.raises(BadRequest, match="more bytes than the Content-Length"):
            parse_form(kind, chunks, content_length=len(body) - 1)


@pytest.mark.parametrize("kind", [CT, URL])
@pytest.mark.parametrize("declared", [True, False])
def test_max_content_length(kind: str, declared: bool) -> None:
    """A body of ``max_content_length`` bytes is accepted, a longer one refused: unread, if the length is declared."""
    body = BODY if kind == CT else b"a=1&b=2"
    length = len(body) if declared else None
    parse_form(kind, pieces_of(body, 3), content_length=length, limits=Limits(max_content_length=len(body)))
    perform = Perform(pieces_of(body, 3))
    with pytest.raises(RequestEntityTooLarge) as caught:
        run(FormReader(kind, length, limits=Limits(max_content_length=len(body) - 1)).run(), perform)
    assert caught.value.limit == "max_content_length"
    assert not declared or perform.steps == []


def test_an_empty_body() -> None:
    """An error where one was announced, an empty form where none was."""
    assert form_values(parse_form(CT, b"", content_length=0)) == []
    with pytest.raises(MultipartError):
        parse_form(CT, b"")
    with pytest.raises(ClientDisconnected):
        parse_form(CT, b"", content_length=5)
    assert form_values(parse_form(URL, b"")) == []


def test_oversize_is_refused_without_reading_on() -> None:
    """A hundred thousand parts, a field or a header of many MiB: little more than the limit is read."""
    endless = {
        "max_form_parts": (part(), part() * 2000),
        "max_form_memory_size": (b'--BOUND\r\nContent-Disposition: form-data; name="a"\r\n\r\n', b"x" * 65_536),
        "max_part_header_size": (b"--BOUND\r\nX: ", b"x" * 65_536),
    }
    for limit, (first, rest) in endless.items():
        perform = Perform([first, *[rest] * 1000])
        with pytest.raises(RequestEntityTooLarge) as caught:
            run(FormReader(CT, None).run(), perform)
        assert caught.value.limit == limit
        assert len(perform.steps) <= 10


def test_bytes_and_headers_of_fields_are_kept() -> None:
    """What is more than a pair of text can still be had."""
    form = parse_form(
        CT,
        b"".join(
            [
                part(data=b"\xff"),
                part('form-data; name="j"', b"{}", "Content-Type: application/json"),
                part(data=b"ok"),
                b"--BOUND--",
            ]
        ),
    )
    assert form.fields == [("a", "\ufffd"), ("j", "{}"), ("a", "ok")]
    assert form.getlist_raw("a") == [b"\xff", b"ok"]
    headers = form.special[1].headers
    assert headers is not None
    assert headers["Content-Type"] == "application/json"
    assert 2 not in form.special


def test_memory_sinks_share_a_budget() -> None:
    """Without a disk, all files of a form together may have max_spool_memory bytes: exactly N are accepted."""
    body = form(part(FILE, b"x" * 30), part(FILE, b"y" * 20))
    assert len(parse_form(CT, body, limits=Limits(max_spool_memory=50)).files) == 2
    with pytest.raises(RequestEntityTooLarge, match=r"expected at most 49 \(max_spool_memory\)"):
        parse_form(CT, body, limits=Limits(max_spool_memory=49))
    budget = MemoryBudget(Limits(max_spool_memory=None))
    assert MemorySink(budget).write(b"x" * 100) == 100


def test_memory_sink() -> None:
    """A MemorySink never blocks. What was written comes back as one file, which is closed with the sink."""
    sink = MemorySink()
    for data in (b"ab", b"cd"):
        assert sink.would_block(2) is False
        sink.write(data)
    assert (sink.size, sink.getvalue(), sink.stream.read(3), sink.stream.read()) == (4, b"abcd", b"abc", b"d")
    assert sink.stream is sink.stream
    sink.close()
    sink.close()
    assert sink.stream.closed
    assert MemorySink().getvalue() == b""


# --- the builder alone ---


def test_builder_keeps_fields_and_returns_files() -> None:
    """The events of files come back in order, what was stored is added."""
    builder = FormBuilder()
    rest = builder.feed(MultipartDecoder("BOUND").feed(BODY))
    assert [type(event) for event in rest] == [FileStart, bytes, FileEnd] * 2
    builder.add_file("f", "stored")
    form = builder.close()
    assert (form.fields, form.files) == ([("a", "1"), ("b", "2")], [("f", "stored")])
    assert repr(form) == "<Form fields=2 files=1>"


@pytest.mark.parametrize(
    ("limits", "name"), [(Limits(max_form_parts=3), "max_form_parts"), (Limits(max_files=1), "max_files")]
)
def test_builder_counts_whoever_decodes(limits: Limits, name: str) -> None:
    """Parts and files are counted here, too; the error latches."""
    builder = FormBuilder(limits=limits)
    for call in (lambda: builder.feed(MultipartDecoder("BOUND").feed(BODY)), lambda: builder.feed([]), builder.close):
        with pytest.raises(RequestEntityTooLarge) as caught:
            call()
        assert caught.value.limit == name
    assert builder.state == "failed"


def test_builder_misuse() -> None:
    """Files begin, have data, end, one after the other."""
    with pytest.raises(MachineStateError, match="got bytes in state 'fields'"):
        FormBuilder().feed([b"x"])
    builder = FormBuilder()
    start: Any = FileStart("a", "b", None)  # type: ignore[arg-type]
    builder.feed([start])
    with pytest.raises(MachineStateError, match=r"got close\(\) in state 'file', expected 'fields'"):
        builder.close()
    with pytest.raises(MachineStateError, match="got FileStart in state 'file'"):
        builder.feed([start])
    builder.feed([FileEnd()])
    builder.close()
    with pytest.raises(MachineStateError, match=r"got feed\(\) in state 'closed'"):
        builder.feed([Field("a", "", b"")])


def test_closing_a_form_closes_all_files() -> None:
    """Closing a form closes all files, also when closing one of them fails; its error is raised after that."""
    form = parse_form(CT, BODY)
    first, second = (file for _, file in form.files)

    def fail() -> None:
        raise OSError("no")

    form.files[0] = ("f", type("File", (), {"close": staticmethod(fail)})())
    with pytest.raises(OSError, match="no"):
        form.close()
    assert second.stream.closed
    assert not first.stream.closed


def test_a_file_that_was_detached_stays_open() -> None:
    """At the end of the request a form closes its files, but not those that the program has taken over."""
    form = parse_form(CT, BODY)
    (_, kept), (_, other) = form.files
    kept.detach()
    form.close()
    assert (kept.closed, other.closed) == (False, True)
    assert kept.read() == b"data"


def test_the_first_error_of_closing_is_raised() -> None:
    """Every file is closed, whatever closing the others raises; the first of the errors tells what went wrong."""
    closed: list[int] = []

    class File:
        def __init__(self, number: int) -> None:
            self.number = number

        def close(self) -> None:
            closed.append(self.number)
            if self.number != 1:
                raise OSError(f"error {self.number}")

    with pytest.raises(OSError, match=r"^error 0$"):
        Form(files=[("f", File(number)) for number in range(4)]).close()
    assert closed == [0, 1, 2, 3]


def test_forms_are_equal_to_forms_only() -> None:
    """A form equals one with the same fields and files, and nothing else."""
    form = parse_form("application/x-www-form-urlencoded", b"a=1")
    assert form == parse_form("application/x-www-form-urlencoded", b"a=%31")
    assert form != parse_form("application/x-www-form-urlencoded", b"a=2")
    assert form != [("a", "1")]


@pytest.mark.parametrize("byte", [b"x", b"-", b"\r"])
@pytest.mark.parametrize("builder", [FormBuilder, type("Own", (FormBuilder,), {})], ids=["default", "own"])
def test_the_reads_of_a_long_preamble_become_large(builder: type[FormBuilder], byte: bytes) -> None:
    """Each read costs: on WSGI an ``async def`` handler crosses to another thread for it. So what a client puts before
    the first boundary is not read in small pieces, whatever it is.
    """
    body = io.BytesIO(byte * 1_000_000 + b"\r\n" + form(part()))
    sizes: list[int] = []

    def perform(step: Any) -> bytes:
        assert isinstance(step, Read)
        sizes.append(step.size)
        return body.read(step.size)

    reader = FormReader(CT, None)
    reader.builder_class = builder
    assert run(reader.run(), perform).fields == [("a", "1")]
    assert len(sizes) < 40


def reader_of(kind: str, body: bytes, limits: Limits, form_rules: Any = "default") -> FormReader:
    """A reader that stores files at once, so that a whole form can be taken."""
    hold = lambda files: [(start.name, data) for start, data in files]  # noqa: E731
    return FormReader(kind, None, limits=limits, form_rules=form_rules, hold=hold)


TWO_FILES = form(part(), part(FILE, b"data"), part('form-data; name="bc"', b"2345"), part(FILE, b"longer"))
PAIRS = b"a=1&bc=2345&d=6"
AT_THE_EDGE = [
    ("max_form_parts", CT, TWO_FILES, 4),
    ("max_form_parts", URL, PAIRS, 3),
    ("max_files", CT, TWO_FILES, 2),
    ("max_form_memory_size", CT, TWO_FILES, 4),
    ("max_form_memory_size", URL, PAIRS, 4),
    ("max_form_memory_total", CT, TWO_FILES, 8),
    ("max_form_memory_total", URL, PAIRS, 10),
    ("max_form_memory_size", CT, form(part('form-data; name="\xe9"'.encode(), "\xe9\xe9".encode())), 4),
    ("max_form_memory_size", URL, b"%C3%A9=%C3%A9%C3%A9", 4),
    ("max_form_memory_total", CT, form(part('form-data; name="\xe9"'.encode(), "\xe9\xe9".encode())), 6),
    ("max_form_memory_total", URL, b"%C3%A9=%C3%A9%C3%A9", 6),
    ("max_file_size", CT, TWO_FILES, 6),
    ("max_part_headers", CT, form(part(FILE, b"1", "A: b", "C: d")), 3),
    ("max_part_headers", CT, form(part()), 1),
    ("max_part_headers", CT, form(part(FILE, b"1", "Content-Type: text/plain")), 2),
    ("max_files", CT, form(part(), part(FILE)), 1),
    ("max_form_parts", CT, form(part()), 1),
    ("max_form_parts", URL, b"a=1", 1),
    ("max_part_header_size", CT, form(part("form-data; name=a")), len("\r\nContent-Disposition: form-data; name=a")),
    ("max_boundary_size", CT, BODY, len("BOUND")),
    ("max_content_length", CT, BODY, len(BODY)),
    ("max_content_length", URL, PAIRS, len(PAIRS)),
]


@pytest.mark.parametrize(("limit", "kind", "body", "allowed"), AT_THE_EDGE)
@pytest.mark.parametrize("form_rules", ["default", "strict", "silent"])
def test_every_limit_at_its_edge(limit: str, kind: str, body: bytes, allowed: int, form_rules: Any) -> None:
    """A form that has as much as a limit allows is read, one more is 413 and the error names the limit: in every mode,
    in one piece or byte by byte. What exceeds a limit is not taken at once, what exceeds none is.
    """
    fits, exceeds = Limits(**{limit: allowed}), Limits(**{limit: allowed - 1})
    expected = form_values(parse_form(kind, body))
    assert expected != []
    for chunks in ([body], pieces_of(body, 1)):
        assert form_values(run(reader_of(kind, body, fits, form_rules).run(), Perform(chunks))) == expected
        with pytest.raises(RequestEntityTooLarge) as caught:
            run(reader_of(kind, body, exceeds, form_rules).run(), Perform(chunks))
        assert caught.value.limit == limit
    assert reader_of(kind, body, fits, form_rules).take(body, True) is not None
    assert reader_of(kind, body, exceeds, form_rules).take(body, True) is None


def test_files_that_cannot_be_held_are_left_to_the_steps() -> None:
    """Without ``hold``, and where it gives None, a form with files is not taken: no file is lost."""
    for hold in (None, lambda files: None):
        reader = FormReader(CT, None, hold=hold)
        assert reader.take(TWO_FILES, True) is None
        reader.start_with(TWO_FILES, True)
        assert [file.size for _, file in run(reader.run(), Perform([])).files] == [4, 6]
    taken = reader_of(CT, TWO_FILES, Limits()).take(TWO_FILES, True)
    assert taken is not None
    assert taken.files == [("f", b"data"), ("f", b"longer")]


def test_a_reader_with_another_builder_gets_every_form_by_steps() -> None:
    """A builder of a program's own is given every form, so that none is taken at once."""
    reader = reader_of(URL, PAIRS, Limits())
    assert reader.take(PAIRS, True) is not None
    reader.builder_class = type("Own", (FormBuilder,), {})
    assert reader.take(PAIRS, True) is None


@pytest.mark.parametrize("written", ["; charset=latin-1", ";charset=utf-16", "; charset=utf-8; charset=x"])
def test_strict_mode_reads_the_content_type_strictly(written: str) -> None:
    """A urlencoded form is in UTF-8 (WHATWG URL section 5.1): strict mode refuses another charset, however the form is
    read.
    """
    for rules in ("default", "silent"):
        assert reader_of(URL + written, PAIRS, Limits(), rules).take(PAIRS, True) is not None
    assert reader_of(URL + written, PAIRS, Limits(), "strict").take(PAIRS, True) is None
    with pytest.raises(UrlencodedError, match="expected no charset but utf-8"):
        run(reader_of(URL + written, PAIRS, Limits(), "strict").run(), Perform([PAIRS]))
    kind = "multipart/form-data; boundary=B@D"
    body = BODY.replace(b"BOUND", b"B@D")
    assert reader_of(kind, body, Limits()).take(body, True) is None, "it is unusual"
    assert len(run(reader_of(kind, body, Limits()).run(), Perform([body])).fields) == 2
    with pytest.raises(MultipartError, match="expected a token or a quoted string"):
        run(reader_of(kind, body, Limits(), "strict").run(), Perform([body]))


def test_closing_the_sinks_can_be_given_up() -> None:
    """If the generator of the steps is closed, no further step is asked for: nobody would perform it."""
    steps = _close_all(["first", "second"], ValueError())
    assert next(steps).sink == "first"  # type: ignore[union-attr]
    steps.close()
    assert list(steps) == []
