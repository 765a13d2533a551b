"""The fixtures of all tests, and the rule on skipped tests.

A skipped test proves nothing. The summary lists the reasons of all skips. If ``CI`` is set, a run fails if one of the
reasons does not match a line of ``allowed-skips.txt``.
"""

from __future__ import annotations

import gc
import os
import random
import re
import sysconfig
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.servers import Demo, ServerPool

# Tests measure no times; benchmarks/ does.
settings.register_profile("cardan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cardan")

ALLOWED = Path(__file__).with_name("allowed-skips.txt")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--slow-paths``: see tests/fast_paths.py."""
    parser.addoption(
        "--slow-paths",
        action="store_true",
        help="switch every fast path off; tests of real servers are left out, because these run in their own processes",
    )
    parser.addoption(
        "--installed",
        action="store_true",
        help="run nothing if cardan is imported from this folder, and not from where packages are installed",
    )
    parser.addoption(
        "--random-order",
        metavar="SEED",
        help="shuffle the files, and the tests of each file; the examples of a page build on each other, and stay",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check where cardan comes from, and switch the fast paths off, before anything is collected."""
    if config.option.installed:
        import cardan

        home = Path(cardan.__file__).resolve()
        expected = Path(sysconfig.get_path("purelib")).resolve()
        if not home.is_relative_to(expected):
            raise pytest.UsageError(f"got cardan in {home.parent}, expected it in {expected}")
    if config.option.slow_paths:
        from tests.fast_paths import FAST_PATHS, switch_off

        for path in FAST_PATHS:
            switch_off(path)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse ids that differ from process to process. Leave real servers out without fast paths. Order the files."""
    if moving := [item.nodeid for item in items if re.search(r" at 0x[0-9a-f]", item.nodeid)]:
        raise pytest.UsageError(
            f"got an address in the id of a test, expected an id that is the same in every process: {moving[0]}"
        )
    if config.option.slow_paths:
        left_out = [item for item in items if item.get_closest_marker("real_server")]
        items[:] = [item for item in items if not item.get_closest_marker("real_server")]
        config.hook.pytest_deselected(items=left_out)
    if config.option.random_order:
        shuffle(items, config.option.random_order)
    else:
        long_files_first(items)


def long_files_first(items: list[pytest.Item]) -> None:
    """Put the files that start real servers first: they take longest.

    One process runs all tests of a file. If a long file came last, the other processes would have nothing to do.
    """
    waiting = {item.path for item in items if item.get_closest_marker("real_server")}
    items.sort(key=lambda item: item.path not in waiting)


def shuffle(items: list[pytest.Item], seed: str) -> None:
    """Put the files in a random order, and the tests of each file."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    order = random.Random(seed)
    groups = list(files.values())
    order.shuffle(groups)
    for group in groups:
        if all(isinstance(item, pytest.Function) for item in group):
            order.shuffle(group)
    items[:] = [item for group in groups for item in group]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector not visit what is collected: thousands of tests, which live as long as the run.

    Many tests call ``gc.collect()``. With these objects one call takes half a second, without them a few milliseconds.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def server_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerPool]:
    """Real servers, each started at its first use and stopped at the end of the session (tests/servers.py)."""
    from tests.servers import ServerPool

    with ServerPool(tmp_path_factory.mktemp("servers")) as pool:
        yield pool


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`make demo`, running: one application object under uvicorn and gunicorn."""
    from tests.servers import Demo

    with Demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


def allowed_reasons(text: str) -> list[re.Pattern[str]]:
    """The patterns in the text of allowed-skips.txt; ``#`` begins a line of comment."""
    lines = (line.strip() for line in text.splitlines())
    return [re.compile(line) for line in lines if line and not line.startswith("#")]


def forbidden(reasons: Counter[str], patterns: list[re.Pattern[str]]) -> list[str]:
    """Those ``reasons`` that no pattern allows."""
    return [reason for reason in sorted(reasons) if not any(p.fullmatch(reason) for p in patterns)]


def skip_reasons(config: pytest.Config) -> Counter[str]:
    """Why tests were skipped, and how many for each reason."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", ()) if reporter is not None else ()
    found: Counter[str] = Counter()
    for report in reports:
        if isinstance(report.longrepr, tuple):
            found[report.longrepr[2].removeprefix("Skipped: ")] += 1
    return found


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a run that would pass with a forbidden skip into a failed one; not in xdist's workers."""
    if "CI" not in os.environ or hasattr(session.config, "workerinput"):
        return
    if session.exitstatus == 0 and forbidden(skip_reasons(session.config), allowed_reasons(ALLOWED.read_text())):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print every reason for a skip, and which of them are not allowed."""
    reasons = skip_reasons(config)
    if not reasons:
        return
    wrong = forbidden(reasons, allowed_reasons(ALLOWED.read_text()))
    terminalreporter.section("skips")
    for reason, count in sorted(reasons.items()):
        mark = "NOT ALLOWED" if reason in wrong else "allowed"
        terminalreporter.write_line(f"{count:5} {mark}: {reason}")
