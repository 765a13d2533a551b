"""What an error says, and which error it is, does not depend on where the body was cut."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cardan.core._exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge
from cardan.core._limits import Limits
from cardan.core.drive import Close, Open, Read, Write, run
from cardan.core.forms import (
    FormBuilder,
    FormReader,
    MemoryBudget,
    MemorySink,
    MultipartDecoder,
    UrlencodedDecoder,
    parse_form,
)
from cardan.core.forms._body_reader import BodyReader
from cardan.core.forms._machine import MultipartMachine
from cardan.core.forms._parts import PartReader
from cardan.core.forms._urlencoded import PairsDecoder
from tests.core.machines import pieces_of, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MULTIPART = "multipart/form-data; boundary=B"
URLENCODED = "application/x-www-form-urlencoded"
SMALL = Limits(
    max_content_length=700,
    max_form_memory_size=60,
    max_form_memory_total=150,
    max_form_parts=6,
    max_files=3,
    max_file_size=80,
    max_part_header_size=120,
    max_part_headers=3,
)
HEAD = b'\r\nContent-Disposition: form-data; name="a"'
#: what bodies are put together from: usual parts, and everything that is refused
FRAGMENTS = [
    b"--B", b"--B--", b"\r\n--B", b"\r\n--B--", b"\r\n--B" + HEAD + b"\r\n\r\n", b"--B" + HEAD + b"\r\n\r\nvalue",
    b"--B" + HEAD + b'; filename="x"\r\n\r\n', b"\r\n--B" + HEAD + b'; filename="y"\r\nContent-Type: a/b\r\n\r\ndata',
    HEAD, b"\r\n\r\n", b"\r\n", b"\r", b"\n", b" \t", b" " * 70, b"x", b"x" * 61, b"x" * 90, b"y" * 200, b"\xff\xfe",
    b"\r\nX: y\n z", b"\r\nX: \0", b"\r\nX" * 3, b"\r\nA: b" * 3, b"\r\nContent-Length: 3", b"-", b"--", b"\r\n-",
    b"\r\nContent-Type: text/plain; charset=utf-7", b"\r\nContent-Transfer-Encoding: base64", b"\r\n--",
]  # fmt: skip
PAIRS = [
    b"a=1", b"&", b"&&&", b"=", b"%", b"%4", b"%41" * 30, b"%zz", b"x" * 40, b"=" + b"y" * 70, b"\xff", b"%ff", b"+",
    b"&b=2" * 3, b"&=3", b"name" * 20, b"%00", b"&" + b"n" * 160,
]  # fmt: skip


def bodies(fragments: list[bytes], count: int, seed: int) -> list[bytes]:
    """Bodies of up to twelve fragments."""
    rand = random.Random(seed)
    return [b"".join(rand.choices(fragments, k=rand.randrange(1, 12))) for _ in range(count)]


def same_verdict(make: Callable[[], Any], body: bytes, judge: Callable[..., Any] = verdict) -> Any:
    """What is made of ``body``, which is the same at every cut of some."""
    expected = judge(make, [body])
    rand = random.Random(len(body))
    ways = [pieces_of(body, size) for size in (1, 2, 3, 7)]
    ways += [[body[:at], body[at:]] for at in range(1, len(body), 1 + len(body) // 40)]
    for _ in range(8):
        marks = sorted(rand.choices(range(len(body) + 1), k=rand.randrange(1, 9)))
        ways.append([body[a:b] for a, b in zip([0, *marks], [*marks, len(body)], strict=True)])
    for chunks in ways:
        got = judge(make, chunks)
        assert got == expected, (got, expected, body, [len(chunk) for chunk in chunks])
    return expected


@pytest.mark.parametrize("form_rules", ["default", "strict"])
@pytest.mark.parametrize(
    "limits", [SMALL, Limits(), replace(SMALL, max_form_memory_total=40), replace(SMALL, max_part_header_size=30)]
)
@pytest.mark.parametrize("machine", [MultipartDecoder, MultipartMachine])
def test_multipart(machine: Any, limits: Limits, form_rules: Any) -> None:
    """Of a multipart body that is refused, the reason is the same at every cut, and that of its earliest bytes."""
    found = set()
    for body in bodies(FRAGMENTS, 30, 1):
        result = same_verdict(lambda: machine("B", limits=limits, form_rules=form_rules), body)
        if isinstance(result, tuple):
            found.add(result[1])
    assert len(found) > 2


@pytest.mark.parametrize("form_rules", ["default", "strict"])
@pytest.mark.parametrize("limits", [SMALL, Limits(), replace(SMALL, max_form_memory_total=40)])
@pytest.mark.parametrize("machine", [UrlencodedDecoder, PairsDecoder])
def test_urlencoded(machine: Any, limits: Limits, form_rules: Any) -> None:
    """Of a urlencoded body that is refused, the reason is the same at every cut."""

    def judge(make: Any, chunks: list[bytes]) -> Any:
        result = verdict(make, chunks)
        return result if isinstance(result, tuple) else "a form"  # a pair may be a Field, where a batch is odd

    found = {
        same_verdict(lambda: machine(limits=limits, form_rules=form_rules), body, judge)
        for body in bodies(PAIRS, 60, 2)
    }
    assert len(found) > (1 if limits is SMALL or form_rules == "strict" else 0)


def test_large_urlencoded_bodies() -> None:
    """Bodies are decoded in batches; where those end does not matter."""
    body = b"&".join(b"k%d=%s" % (n, b"v" * 200) for n in range(400))
    for place, odd in ((70_000, b"%zz"), (1000, b"\xff"), (66_000, b"x" * 70_000)):
        broken = body[:place] + odd + body[place:-100] + b"%" + body[-100:]
        for size in (1000, 65_000, 65_536, 70_001):
            for form_rules in ("default", "strict"):
                limits = Limits(max_form_memory_size=60_000, max_form_memory_total=75_000)
                make = lambda: UrlencodedDecoder(limits=limits, form_rules=form_rules)  # noqa: E731, B023
                assert verdict(make, pieces_of(broken, size))[:2] == verdict(make, [broken])[:2]


# --- whole routines ---


class Perform:
    """Performs the steps of a form whose files share a memory of 100 bytes; the client leaves after ``chunks``."""

    def __init__(self, chunks: Iterable[bytes], leaves: bool) -> None:
        self.chunks = iter(chunks)
        self.leaves = leaves
        self.budget = MemoryBudget(Limits(max_spool_memory=100))

    def __call__(self, step: Any) -> Any:
        if type(step) is Read:
            assert step.size >= 1
            data = next((chunk for chunk in self.chunks if chunk), b"")
            if not data and self.leaves:
                raise ClientDisconnected
            return data
        if type(step) is Open:
            return MemorySink(self.budget)
        if type(step) is Write:
            return step.sink.write(step.data)
        assert type(step) is Close
        return None


def judge_form(make: Callable[[], tuple[FormReader, bool]], chunks: list[bytes]) -> Any:
    """What a form reader says of a body."""
    reader, leaves = make()
    try:
        form = run(reader.run(), Perform(chunks, leaves))
    except HTTPException as error:
        return type(error).__name__, str(error)
    return form.fields, [(name, file.filename, file.stream.read()) for name, file in form.files]


def judge_parts(make: Callable[[], tuple[PartReader, bool]], chunks: list[bytes]) -> Any:
    """What is seen of the parts of a body before its error, and the error."""
    reader, leaves = make()
    perform = Perform(chunks, leaves)
    seen: list[Any] = []
    try:
        for part in reader.iter(lambda steps: run(steps, perform)):
            seen.append((part.name, part.filename))
            seen.append(part.read())
    except HTTPException as error:
        seen.append((type(error).__name__, str(error)))
    return seen


@pytest.mark.parametrize("form_rules", ["default", "strict"])
@pytest.mark.parametrize("ending", ["chunked", "declared", "too few", "too many", "left"])
@pytest.mark.parametrize("kind", [MULTIPART, URLENCODED])
def test_form_reader(kind: str, ending: str, form_rules: Any) -> None:
    """The whole routine, with the size of the body, the files' memory, and a client that leaves."""
    found = set()
    for body in bodies(FRAGMENTS if kind is MULTIPART else PAIRS, 20, 3):
        size = len(body) + {"too few": 5, "too many": -5}.get(ending, 0)
        if ending not in ("chunked", "left") and not 0 < size <= 700:
            continue

        def make(size: int = size) -> tuple[FormReader, bool]:
            length = None if ending in ("chunked", "left") else size
            return FormReader(kind, length, limits=SMALL, form_rules=form_rules), ending == "left"

        result = same_verdict(make, body, judge_form)
        if isinstance(result[0], str):
            found.add(result)
    assert len(found) > (0 if kind is URLENCODED and form_rules == "default" else 2)


@pytest.mark.parametrize("ending", ["chunked", "too few", "left"])
def test_part_reader(ending: str) -> None:
    """Parts that come before an error are seen before it, however the body is cut."""
    found = set()
    for body in bodies(FRAGMENTS, 20, 4):
        length = len(body) + 5 if ending == "too few" else None
        if length is not None and length > 700:
            continue

        def make(length: int | None = length) -> tuple[PartReader, bool]:
            limits = replace(SMALL, max_data_memory=50)
            return PartReader(MULTIPART, length, limits=limits), ending == "left"

        found.add(repr(same_verdict(make, body, judge_parts)))
    assert len(found) > 10


def test_events_before_an_error() -> None:
    """A machine that refuses a piece says what it accepted of it."""
    decoder = MultipartDecoder("B", limits=Limits(max_file_size=3))
    with pytest.raises(RequestEntityTooLarge, match=r"got more than 3, expected at most 3 \(max_file_size\)"):
        decoder.feed(b"--B" + HEAD + b"\r\n\r\n1\r\n--B" + HEAD + b'; filename="f"\r\n\r\n12345')
    kinds = [type(event).__name__ for event in decoder.accepted]
    assert kinds == ["Field", "FileStart", "bytes"]
    assert decoder.accepted[-1] == b"123"
    for first in (b"1", b"12", b"123"):
        decoder = MultipartDecoder("B", limits=Limits(max_file_size=3))
        decoder.feed(b"--B" + HEAD + b'; filename="f"\r\n\r\n' + first)
        with pytest.raises(RequestEntityTooLarge, match="max_file_size"):
            decoder.feed(b"12345"[len(first) :])
        assert first + b"".join(decoder.accepted) == b"123"
    reader = BodyReader(content_length=None, limits=Limits(max_content_length=3))
    with pytest.raises(RequestEntityTooLarge, match=r"got more than 3, expected at most 3 \(max_content_length\)"):
        reader.feed(b"12345")
    assert reader.accepted == b"123"


def build(limits: Limits, pieces: list[Any]) -> None:
    """Feed pieces of a list of events to a builder."""
    builder = FormBuilder(limits=limits)
    for events in pieces:
        builder.feed(events)


def test_builder() -> None:
    """Which of two limits a form exceeds first does not depend on how its events come."""
    decoder = MultipartDecoder("B")
    files = [b'\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n1'] * 4
    fields = [b'\r\n--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'] * 4
    for order in (files + fields, fields + files):
        decoder = MultipartDecoder("B")
        events = decoder.feed(b"".join(order) + b"\r\n--B--")
        for limits in (Limits(max_files=3, max_form_parts=5), Limits(max_files=1, max_form_parts=6)):
            said = set()
            for size in (1, 2, 3, 100):
                with pytest.raises(RequestEntityTooLarge) as caught:
                    build(limits, [events[at : at + size] for at in range(0, len(events), size)])
                said.add(str(caught.value))
            assert len(said) == 1


MULTIPART = "multipart/form-data; boundary=B"


@pytest.mark.parametrize(
    "make",
    [
        lambda rules: MultipartDecoder("B", form_rules=rules),
        lambda rules: MultipartMachine("B", form_rules=rules),
        lambda rules: UrlencodedDecoder(form_rules=rules),
        lambda rules: PairsDecoder(form_rules=rules),
        lambda rules: FormReader(MULTIPART, None, form_rules=rules),
        lambda rules: PartReader(MULTIPART, None, form_rules=rules),
        lambda rules: parse_form(MULTIPART, b"--B--", form_rules=rules),
    ],
)
def test_another_value_of_form_rules(make: Any) -> None:
    """A misspelt ``form_rules`` raises ValueError wherever it is a parameter: no form is read by weaker rules."""
    for rules in ("default", "strict", "silent"):
        make(rules)
    for wrong in ("stric", "", None, True):
        with pytest.raises(ValueError, match="expected one of 'default', 'strict', 'silent'"):
            make(wrong)
