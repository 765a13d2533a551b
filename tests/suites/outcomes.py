"""A plugin of pytest that writes the outcome of each test to the file that ``--outcomes`` names, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


class Outcomes:
    """Test to outcome: passed, skipped or failed. An error while a file is imported is the outcome of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self._add(report.nodeid, report.outcome)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._add(report.nodeid, "failed")

    def pytest_sessionfinish(self) -> None:
        self.path.write_text(json.dumps(self.found), "utf-8")

    def _add(self, test: str, outcome: str) -> None:
        if self.found.get(test) != "failed":
            self.found[test] = outcome


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--outcomes", type=Path, required=True)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Outcomes(config.getoption("outcomes")))
