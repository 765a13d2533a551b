"""The parts of `make soak` work: a little load on real servers keeps those bounds that do not depend on the machine."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from proof import page
from proof.record import origin
from soak.__main__ import record, rows_of
from soak.clients import Answer
from soak.mixed import ASKS, Ask, Watched, unexpected_errors
from soak.parts import COMPARED, PARTS
from soak.rows import PEERS, QUICK, Library, Row, Size
from tests.servers import KINDS, Server


@pytest.mark.real_server
@pytest.mark.parametrize("name", PARTS)
def test_a_part(name: str) -> None:
    """No request is lost, every answer is expected, and no descriptor, task or stream is left."""
    rows = asyncio.run(rows_of(name, QUICK))
    assert len(rows) >= 2
    assert [row for row in rows if not row.timed and not row.holds] == []


@pytest.mark.real_server
@pytest.mark.parametrize("library", PEERS.values(), ids=PEERS)
def test_a_peer(library: Library) -> None:
    """Other libraries can be put under the same load: what their figures stand for has been done."""
    rows = asyncio.run(rows_of("refusals", replace(QUICK, refusals=2), library))
    assert [(row.what, row.value) for row in rows if row.what.startswith("not refused") and row.value] == []
    assert sum(row.what.endswith(": median") for row in rows) == len(library.refuses)


def test_a_part_is_as_large_as_is_promised() -> None:
    """The whole load is that of the documentation, and each part that peers take is one of all parts."""
    size = Size()
    assert (size.uploads, size.streams, size.large, size.slow, size.minutes) == (9500, 1000, 256 << 20, 40, 60)
    assert {part for peer in PEERS.values() for part in peer.parts} <= COMPARED.keys() <= PARTS.keys()


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.name)
def test_each_kind_of_request_has_an_answer_of_its_own(ask: Ask) -> None:
    """An answer that is right for another request, or that has another body, is not expected."""
    assert not ask.expects(Answer(200, b"something else"))
    assert not ask.expects(Answer(500, b"failing on purpose"))
    assert not ask.expects(Answer(404, b"not found"))


def watched(answers: list[Answer | Exception]) -> Watched:
    """A server that answers so."""

    async def make(port: int) -> Answer:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run() -> None:
        ask = Ask("page", make, 200, b"right")
        while answers:
            await found.make(ask)

    found = Watched(cast("Server", SimpleNamespace(kind=KINDS["uvicorn"], port=0)), 1)
    asyncio.run(run())
    return found


def test_what_is_not_expected_is_counted() -> None:
    """Another status, another body, and an answer that is cut off are counted; the right answer is not."""
    right = Answer(200, b"right")
    assert watched([right, right]).unexpected == {}
    found = watched([Answer(200, b"wrong"), right, Answer(503, b"right"), EOFError("cut"), ConnectionResetError()])
    assert found.answers == {"page": 5}
    assert sorted(found.unexpected) == [
        "uvicorn, page: 200 b'wrong'",
        "uvicorn, page: 503 b'right'",
        "uvicorn, page: ConnectionResetError()",
        "uvicorn, page: EOFError('cut')",
    ]


def test_growth() -> None:
    """The last third of the rounds is compared with the third before, and what is left after a round is seen."""
    found = watched([])
    found.before = {"memory": 10}
    found.rounds = [{"memory": value} for value in (99, 9, 9, 10, 10, 10, 15, 15, 16)]
    assert found.growth("memory") == 5
    assert found.left("memory") == 4


def test_errors_of_a_log() -> None:
    """The error at the end of a traceback counts if it is not expected, and so does what Python says of lost ones."""
    expected = 'Traceback (most recent call last):\n  File "a.py", line 1\n    b\nRuntimeError: broken on purpose\n'
    other = "  | Traceback (most recent call last):\n  |   code = x\n  | ValueError: it\n  +---"
    assert unexpected_errors(expected) == []
    assert unexpected_errors(f"INFO\n{expected}{other}\n{expected}") == ["ValueError: it"]
    for lost in ("Task exception was never retrieved", "Task was destroyed but it is pending!"):
        assert unexpected_errors(f"{lost}\n{expected}") == [lost]


def test_the_figures_of_a_part_are_written(tmp_path: Path) -> None:
    """A part writes its figures with command and date, and leaves those of the other parts. The page shows them."""
    file = tmp_path / "results.json"
    record(file, "large_uploads", origin("python -m soak large_uploads", 0.5), [Row("lateness", 1.23456, "ms", 10)])
    record(file, "slow_uploads", origin("python -m soak slow_uploads"), [Row("memory", 9, "KiB")])
    first = json.loads(file.read_text("utf-8"))
    record(file, "slow_uploads", origin("python -m soak slow_uploads"), [Row("memory", 8, "KiB")])
    found = json.loads(file.read_text("utf-8"))
    assert found["large_uploads"] == first["large_uploads"]
    assert found["slow_uploads"]["rows"] == [{"what": "memory", "value": 8, "unit": "KiB", "most": None}]
    assert found["slow_uploads"].keys() == {"command", "date", "machine", "load", "rows"}
    assert found["large_uploads"]["load"][0] == 0.5
    others = tmp_path / "peers.json"
    for peer, lateness in (("quart", 20), ("flask", 9.5), ("quart", 21)):
        rows = [Row("lateness", lateness, "ms", 10)]
        record(others, "large_uploads", origin(f"python -m soak --peer {peer}"), rows, PEERS[peer])
    peers = json.loads(others.read_text("utf-8"))
    assert peers["large_uploads"]["Quart"]["rows"] == [{"what": "lateness", "value": 21, "unit": "ms"}]
    shown = page.load(found, peers)
    assert "| lateness | 10 ms | 1.24 ms | 9.5 ms (Flask) |" in shown
    assert "| memory |  | 8 KiB | - |" in shown
    assert f"`python -m soak slow_uploads`, {found['slow_uploads']['date']}" in shown
    assert "`python -m soak --peer quart`, " in shown
    assert ", load 0.5 to " in shown
    del found["large_uploads"]["load"], found["slow_uploads"]["load"]
    assert ", load 0.5 to " not in page.load(found, peers)
