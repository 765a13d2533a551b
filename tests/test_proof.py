"""Short forms of the long runs of `make proof`, and the page that is made of their figures."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis.stateful import RuleBasedStateMachine, rule

from cardan import Application, Limits, Request, Response
from proof import coverage, cuts, disconnects, fuzz, limits, lints, order, page, states, torture
from proof.cuts_bodies import Sent, generated, strange
from proof.record import record
from proof.torture_faults import Defect, Failure
from proof.torture_programs import PROGRAMS, Ask, Trial
from tests.contract import form_requests


@pytest.mark.parametrize("place", torture.PLACES)
def test_torture(place: str) -> None:
    """Whatever call fails, and wherever a request is cancelled or an upload ends: no file, descriptor or task is left,
    no thread works for it, the first error is seen, and everything that has begun ends once.
    """
    modes: list[tuple[bool, type[Exception]]] = [(False, Defect), (True, Failure)]
    counts, found = torture.torture(list(PROGRAMS), (place,), modes=modes, offsets=37)
    assert found == []
    assert counts[place] > 500


class Held:
    """A descriptor that is closed when nobody refers to it."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        os.close(self.number)


@pytest.mark.parametrize("place", ["wsgi", "asyncio"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("a descriptor", "descriptors: "),
        ("a hook that never runs", "begun and ended: "),
        ("an error that is dropped", "nobody saw the error of: handler"),
    ],
)
def test_torture_finds(place: str, fault: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that leaves something open, ends too little, or drops an error breaks the rules."""
    kept: list[Held] = []

    def program(trial: Trial) -> tuple[Any, Ask]:
        def view(request: Request) -> Response:
            if fault == "a descriptor":
                kept.append(Held(trial.folder / "file"))
            elif fault == "a hook that never runs":
                trial.begin("hook")
            else:
                try:
                    trial.faults.call("handler")
                except Defect:
                    pass
            return Response()

        return Application(view), Ask()

    monkeypatch.setitem(torture.PROGRAMS, "faulty", program)
    monkeypatch.setattr(torture, "PATIENCE", 0)
    found = torture.torture(["faulty"], (place,), modes=[(False, Defect)])[1]
    assert any(one.what.startswith(said) for one in found)


@pytest.mark.parametrize("place", torture.PLACES)
def test_torture_finds_a_thread(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that still works for a request that was answered breaks the rules."""
    over = threading.Event()

    def program(trial: Trial) -> tuple[Any, Ask]:
        def work() -> None:
            over.wait(30)

        def view(request: Request) -> Response:
            threading.Thread(target=work).start()
            return Response()

        return Application(view), Ask()

    monkeypatch.setitem(torture.PROGRAMS, "faulty", program)
    monkeypatch.setattr(torture, "PATIENCE", 0)
    try:
        found = torture.torture(["faulty"], (place,), modes=[])[1]
    finally:
        over.set()
    assert any(one.what.startswith("threads: ") and "work" in one.what for one in found)


@pytest.mark.parametrize("place", ["asyncio", "trio"])
def test_torture_cancels_at_the_steps_of_other_tasks(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that cleans up only if it is cancelled at its first step breaks the rules: on asyncio it has a task of its
    own, while that of the request waits.
    """

    def program(trial: Trial) -> tuple[Any, Ask]:
        async def body() -> AsyncIterator[bytes]:
            trial.begin("body")
            try:
                await anyio.lowlevel.checkpoint()
            except BaseException:
                trial.end("body")
                raise
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
            trial.end("body")
            yield b"x"

        async def view(request: Request) -> Response:
            return Response(body())

        return Application(view), Ask()

    monkeypatch.setitem(torture.PROGRAMS, "faulty", program)
    monkeypatch.setattr(torture, "PATIENCE", 0.1)
    found = torture.torture(["faulty"], (place,), modes=[])[1]
    ways = {one.how.partition(" in turn")[0] for one in found if " in turn " in one.how}
    assert ways == {"cancelled by a scope of anyio", "cancelled by " + OTHER_WAYS[place]}
    assert all("begun and ended" in one.what for one in found)


OTHER_WAYS = {"asyncio": "Task.cancel()", "trio": "a scope of trio"}


def test_cuts() -> None:
    """However the bytes of a form are cut, it is the same form, or the same refusal, on WSGI, asyncio and trio."""
    bodies = [sent for sent in (*strange(), *map(generated, range(300))) if sent.body]
    tried, found = cuts.compare(bodies, 900)
    assert found == []
    assert tried == {"WSGI": 900, "asyncio": 900, "trio": 900}


def test_a_cut_that_matters_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison fails if a chunking gives something else."""
    monkeypatch.setattr(form_requests, "values", lambda request: len(request.environ["wsgi.input"].chunks))
    sent = Sent("a test", "text/plain", b"0123456789")
    monkeypatch.setattr(cuts, "LOOPS", ())
    assert cuts.compare([sent], 20)[1] != []


@pytest.mark.parametrize("place", limits.PLACES)
def test_limits(place: str) -> None:
    """A limit of N allows N - 1 and N, and refuses N + 1 by its name, in every way to read, without reading on."""
    tried, wrong = limits.at_the_limits(place, limits.CASES, defaults=False)
    assert wrong == []
    assert tried["own limits"] > 500
    assert tried["refusals that read no further"] > 100


@pytest.mark.parametrize("place", limits.PLACES)
def test_default_limits(place: str) -> None:
    """The defaults hold likewise; here those that small bodies reach."""
    small = [case for case in limits.CASES if 0 < (getattr(Limits(), case.limit) or 0) < 10_000]
    tried, wrong = limits.at_the_limits(place, small, own=False)
    assert wrong == []
    assert tried["default limits"] > 100


@pytest.mark.parametrize("place", limits.PLACES)
def test_a_body_that_ends_too_early(place: str) -> None:
    """A body that ends too early is answered by a 400 that says so, in every way to read it."""
    tried, wrong = limits.truncated(place, 11)
    assert wrong == []
    assert tried > 200


@pytest.mark.parametrize("place", limits.PLACES)
@pytest.mark.parametrize("answer", [limits.Answer(500, "the client disconnected", 0), limits.Answer(400, "other", 0)])
def test_another_answer_to_a_body_that_ends_too_early(
    place: str, answer: limits.Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other status breaks the rule, and so does a 400 for another reason."""

    async def on_asgi(*arguments: Any, **options: Any) -> limits.Answer:
        return answer

    monkeypatch.setattr(limits, "on_asgi", on_asgi)
    monkeypatch.setattr(limits, "on_wsgi", lambda *arguments: answer)
    tried, wrong = limits.truncated(place, 11)
    assert len(wrong) == tried


@pytest.mark.real_server
@pytest.mark.parametrize("name", ["uvicorn", "gunicorn-gthread"])
def test_disconnects(name: str) -> None:
    """Clients leave while a response is streamed, half of them by a reset: each ``finally`` and each hook runs once,
    and no descriptor, task or thread is left.
    """
    protocol = disconnects.SERVERS[name].protocol
    programs = [*disconnects.PROGRAMS[protocol], *disconnects.OTHERS[protocol]]
    found = disconnects.at(name, None, programs, 2 * len(programs))
    assert found.broken == []
    assert found.trials == 2 * len(programs)


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ([], "begun {'hook': 1}, ended {}"),
        ([["hook", 2.0], ["hook", 2.1]], "begun {'hook': 1}, ended {'hook': 2}"),
    ],
)
def test_a_hook_that_does_not_run_once_is_found(ended: list[Any], said: str) -> None:
    """A hook that never runs, or runs twice, breaks the rule; one that runs late is counted."""
    found = disconnects.Rows()
    disconnects.judge(found, "file", {"due": {"hook": 1}, "ended": ended, "told": ["receive", 1.5]}, 1.0)
    assert found.broken == [f"file: {said}"]
    in_time = {"due": {"hook": 1}, "ended": [["hook", 1.25]], "told": ["receive", 1.0]}
    disconnects.judge(found, "file", in_time, 0.75)
    assert len(found.broken) == 1
    assert found.after_told[-1] == 250
    assert found.after_left[-1] == 500
    assert found.late == 1 + bool(ended)


def test_a_machine_that_differs_is_found() -> None:
    """A model that says something else ends the run."""

    class Wrong(RuleBasedStateMachine):
        """A machine whose only rule fails."""

        @rule()
        def fail(self) -> None:
            """Fail."""
            raise AssertionError("it differs")

    assert states.differs(Wrong, 5)[1]
    assert states.differs(states.MACHINES["header fields"], 5) == (5, False)


def test_a_short_run_does_not_replace_the_figures_of_a_long_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run with much fewer trials, or with fewer rows of figures, is not written, and says so. The file stays."""
    long = {"what": "a", "differences": 0}
    assert record("run", "long", [{**long, "trials": 60}, {**long, "trials": 40}], folder=tmp_path, packages=["pytest"])
    written = (tmp_path / "run.json").read_text("utf-8")
    assert json.loads(written)["versions"] == f"pytest {pytest.__version__}"
    for short in ([{**long, "trials": 60}], [{**long, "trials": 0}], []):
        capsys.readouterr()
        assert not record("run", "short", short, folder=tmp_path)
        assert capsys.readouterr().out.startswith("not written: ")
        assert (tmp_path / "run.json").read_text("utf-8") == written
    assert record("run", "a little shorter", [{**long, "trials": 95}], folder=tmp_path)
    figures: list[dict[str, object]] = [{"what": "a", "figure": "1"}, {"what": "b", "figure": "2"}]
    assert record("figures", "all", figures, folder=tmp_path)
    assert not record("figures", "one", figures[:1], folder=tmp_path)
    assert record("figures", "all again", figures, folder=tmp_path)


def test_a_random_order_is_added_to_its_row() -> None:
    """A run adds its seed, itself and its failure to the row of its Python; the other rows stay as they are."""
    other = {"what": "b", "seeds": "1 to 3, 21", "trials": 4, "differences": 1}
    rows = order.added([other], "a", 7, passed=True)
    assert rows == [{"what": "a", "seeds": "7", "trials": 1, "differences": 0}, other]
    for seed, passed in ((9, True), (8, False), (4, True), (7, True)):
        rows = order.added(rows, "a", seed, passed=passed)
    assert rows == [{"what": "a", "seeds": "4, 7 to 9", "trials": 5, "differences": 1}, other]
    assert order.seeds_of("1 to 3, 21") == [1, 2, 3, 21]
    assert order.seeds_of("") == []


def test_findings_that_are_absent_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--read`` of a file that does not exist is an error: it is not a run without findings."""
    monkeypatch.setattr("sys.argv", ["lints", "--read", str(tmp_path / "absent")])
    with pytest.raises(SystemExit) as raised:
        lints.main()
    assert raised.value.code == 2
    assert "there is no file" in capsys.readouterr().err


def test_the_page_is_what_its_script_writes() -> None:
    """The page of the figures is made from the files that the runs have written, by ``python -m proof.page``."""
    assert page.PAGE.read_text("utf-8") == page.written()


@pytest.mark.parametrize("command", [page, coverage])
def test_help_does_no_work(command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The commands that only write figures print their help when they are asked for it, and write nothing."""
    monkeypatch.setattr("sys.argv", ["command", "--help"])
    monkeypatch.setattr(page, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(coverage, "record", None)
    with pytest.raises(SystemExit) as raised:
        command.main()
    assert raised.value.code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_figure_is_not_shown(tmp_path: Path) -> None:
    """What nobody has measured has no row, and each figure has its command and its date."""
    assert page.written(tmp_path) == page.START + page.MISSING
    shown = page.written()
    for name, (title, _) in page.RUNS.items():
        assert (f"## {title}" in shown) == (page.FOLDER / f"{name}.json").is_file()


def test_fuzz() -> None:
    """The run counts the inputs of each fuzzer, and tells of one that does not hold."""
    assert "whole_requests" in fuzz.FUZZERS
    count, wrong = fuzz.tried("fields_cookies", 0.2, "--seed", "1")
    assert count > 10
    assert not wrong
    assert fuzz.tried("fields_cookies", 0.2, "--no-such-option") == (0, True)


def test_a_turn_of_fuzzers() -> None:
    """The fuzzers of a turn run at the same time, and each one's numbers stand under its own name."""
    names = ["fields_cookies", "urls"]
    found = fuzz.turn(names, 2, 0.2, "--seed", "1")
    assert list(found) == names
    assert all(count > 10 and not wrong for count, wrong in found.values())
    assert fuzz.turn(names, 1, 0.2, "--no-such-option") == dict.fromkeys(names, (0, True))
