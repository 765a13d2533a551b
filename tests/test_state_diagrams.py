"""The page of states is drawn from the tables in the source, and the machines take its arrows and no others."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from cardan._crossing.turns import ClientGone, Turns, turns_here
from cardan.core import ResponseFinalizer
from cardan.core._exceptions import HTTPException
from cardan.core._response.finalizer import ContentLengthError
from cardan.core.forms import BodyReader, PartDecoder
from cardan.core.forms._machine import MultipartMachine
from tests.core.forms.strange_forms import CT, MULTIPART
from tests.house import ROOT
from tests.state_diagrams import ANSWER, FAILED, FINALIZER, FORM, MACHINES, PAGE, PARTS, Machine, diagrams, page

DIAGRAMS = {diagram.title: diagram for diagram in diagrams()}
MACHINE = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


def test_the_page_shows_the_tables() -> None:
    """docs/explanation/states.md is what ``python -m tests.state_diagrams`` writes."""
    assert PAGE.read_text("utf-8") == page()


def test_every_table_of_states_is_drawn() -> None:
    """Each class of the package with a table of states is on the page."""
    tables = r"^(?:    (?:_READERS|_EVENTS)\b|(?:\w+\.readers) = )"
    files = {path for path in (ROOT / "src").rglob("*.py") if re.search(tables, path.read_text("utf-8"), re.MULTILINE)}
    assert {path.name for path in files} == {
        "_messages.py", "finalizer.py", "_body_reader.py", "_encoder.py", "_form.py", "_framing.py", "_machine.py",
    }  # fmt: skip


@MACHINE
def test_a_sample_takes_its_arrow(machine: Machine) -> None:
    """Every sample is input that takes a machine from the one state to the other."""
    for before, after, _, piece in machine.samples:
        ends = set()
        for _, made in machine.walks(before):
            made.feed(piece)
            ends.add(made.state)
        assert after in ends


@MACHINE
def test_every_state_of_a_table_is_drawn(machine: Machine) -> None:
    """The arrows lead to each state of the table, but for the one of errors."""
    drawn = {state for arrow in machine.arrows() for state in arrow[:2]}
    assert set(machine.readers) - {FAILED} <= drawn


@pytest.mark.parametrize(("machine", "kind"), [(FORM, MultipartMachine), (PARTS, PartDecoder)], ids=["form", "parts"])
def test_no_body_takes_another_arrow(machine: Machine, kind: type[Any]) -> None:
    """Strange forms, fed byte by byte, take all arrows by ``feed``, and no others."""
    taken: set[tuple[str, str]] = set()

    def watched(state: str, reader: Any) -> Any:
        def read(self: Any, events: list[Any]) -> bool:
            more: bool = reader(self, events)
            taken.add((state, self.state))
            return more

        return read

    readers = {state: watched(state, reader) for state, reader in machine.readers.items()}
    watching = type("Watching", (kind,), {"__slots__": (), "_READERS": readers})
    for body in [row.body for row in MULTIPART if row.content_type == CT]:
        decoder = watching("BOUND")
        try:
            for byte in body:
                decoder.feed(bytes([byte]))
            decoder.close()
        except HTTPException:
            assert decoder.state == FAILED
    assert {change for change in taken if change[0] != change[1]} == machine.changes()


#: the machines that read the bytes of a request
BYTES = {name: machine for name, machine in MACHINES.items() if machine not in (ANSWER, FINALIZER)}


def ended(machine: Any) -> str | None:
    """The text of what ``close()`` raises; None if it raises nothing."""
    try:
        machine.close()
    except (HTTPException, RuntimeError) as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("machine", "state"),
    [(machine, state) for machine in BYTES.values() for state in machine.readers if state not in (FAILED, "closed")],
    ids=[f"{name} {state}" for name in BYTES for state in BYTES[name].readers if state not in (FAILED, "closed")],
)
def test_every_kind_of_input_in_every_state(machine: Machine, state: str) -> None:
    """No bytes, and what is no bytes, leave a machine in its state. After its end it takes nothing more; if it ends too
    early, each later call raises the same error.
    """
    for given in ("text", 5, None, b""):
        walks = list(machine.walks(state))
        assert walks
        for _, made in walks:
            if given == b"":
                made.feed(given)
            else:
                with pytest.raises(TypeError, match=r"got (str|int|NoneType), expected "):
                    made.feed(given)
            assert made.state == state
            error = ended(made)
            assert made.state == ("closed" if error is None else FAILED)
            for again in (lambda made=made: made.feed(b""), lambda made=made: made.feed(b"x"), made.close):
                with pytest.raises((HTTPException, RuntimeError)) as caught:
                    again()
                assert error is None or str(caught.value) == error
                assert made.state == ("closed" if error is None else FAILED)


def test_an_error_leads_to_failed() -> None:
    """The machines whose diagrams say so are ``failed`` after an error of the input, and raise it again."""
    finalizer = ResponseFinalizer("GET", 200, [("Content-Length", "1")])
    for machine, piece in [
        (MultipartMachine("B"), b"--B\n"),
        (PartDecoder("B"), b"--B\n"),
        (BodyReader(content_length=1), b"ab"),
        (finalizer, b"ab"),
    ]:
        errors = []
        for _ in range(2):
            with pytest.raises((HTTPException, ContentLengthError)) as caught:
                machine.feed(piece)
            errors.append(caught.value)
        assert errors[0] is errors[1]
        assert machine.state == FAILED


def test_a_missing_sample_is_found() -> None:
    """A change of state without a sample, and a sample of none, are errors of the drawing."""
    for machine in (FINALIZER, ANSWER):
        with pytest.raises(AssertionError, match="got samples"):
            Machine(machine.kind, machine.readers, machine.makes, machine.samples[1:-1]).arrows()


class Call:
    """A call for :class:`Turns`: a function, or a step of a body."""

    error = None

    def __init__(self, function: Any = None) -> None:
        self.function = function
        self.outflow = None if function else object()

    def begin(self) -> bool:
        return True

    def run(self) -> None:
        self.function()

    def end(self, result: Any, error: BaseException | None = None) -> None:
        pass


def test_the_turns_of_a_thread() -> None:
    """The drawing of :mod:`cardan._crossing.turns` has the arrows that threads take."""
    seen = ["free"]
    coming: list[Any] = []

    def get() -> Any:
        seen.append("paused")
        return coming.pop(0)

    turns = Turns(get, lambda ended: None)

    def writing() -> None:
        seen.append("calling")
        for _ in range(3):
            try:
                turns.pause(None)
                seen.append("calling")
            except ClientGone:
                seen.append("left")

    def other() -> None:
        seen.append("calling")

    for calls in ([Call(), Call(), Call()], [Call(), Call(other)], [None]):
        coming += calls
        turns.make(Call(writing))
        assert turns_here() is None
        seen.append("free")
    drawn = {arrow[:2] for arrow in DIAGRAMS["The turns of a thread"].arrows}
    assert set(pairwise(seen)) == drawn
