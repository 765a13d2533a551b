"""Short forms of the long runs of `make proof`, and the page that is made of their figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof import cuts, page, torture
from proof.bodies import Sent, generated, strange
from proof.faults import Defect, Failure
from proof.programs import PROGRAMS


@pytest.mark.parametrize("place", torture.PLACES)
def test_torture(place: str) -> None:
    """Whatever call fails, and wherever a request is cancelled or an upload ends: no file, descriptor or task is left,
    the first error is seen, and everything that has begun ends once.
    """
    modes: list[tuple[bool, type[Exception]]] = [(False, Defect), (True, Failure)]
    counts, found = torture.torture(list(PROGRAMS), (place,), modes=modes, offsets=37)
    assert found == []
    assert counts[place] > 500


def test_cuts() -> None:
    """However the bytes of a form are cut, it is the same form, or the same refusal, on WSGI, asyncio and trio."""
    tried, found = cuts.compare([*strange(), *map(generated, range(300))], 900)
    assert found == []
    assert tried == {"WSGI": 900, "asyncio": 900, "trio": 900}


def test_a_cut_that_matters_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison fails if a chunking gives something else."""
    monkeypatch.setattr(cuts, "values", lambda request: len(request.environ["wsgi.input"].chunks))
    sent = Sent("a test", "text/plain", b"0123456789")
    monkeypatch.setattr(cuts, "LOOPS", ())
    assert cuts.compare([sent], 20)[1] != []


def test_the_page_is_what_its_script_writes() -> None:
    """The page of the figures is made from the files that the runs have written, by ``python -m proof.page``."""
    assert page.PAGE.read_text("utf-8") == page.written()


def test_a_run_without_a_figure_is_not_shown(tmp_path: Path) -> None:
    """What nobody has measured has no row, and each figure has its command and its date."""
    assert page.written(tmp_path) == page.START
    shown = page.written()
    for name, (title, _) in page.RUNS.items():
        assert (f"## {title}" in shown) == (page.FOLDER / f"{name}.json").is_file()
