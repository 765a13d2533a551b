"""Compares a run of a suite on cardan with a run on Werkzeug, and with the differences that are explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Outcomes = Mapping[str, str]
"""test to ``passed``, ``failed`` or ``skipped``"""


@dataclass(frozen=True)
class Verdict:
    """What a run of a suite shows. ``explained`` has the reason for each test that may fail."""

    before: Outcomes
    """with Werkzeug itself"""
    after: Outcomes
    """with cardan"""
    explained: Mapping[str, str]
    at_most: int
    """how many tests fewer may pass"""

    @property
    def lost(self) -> list[str]:
        """The tests that pass with Werkzeug only. A test that was not run is one of them."""
        return sorted(test for test, how in self.before.items() if how == "passed" and self.after.get(test) != "passed")

    @property
    def gained(self) -> list[str]:
        """The tests that pass with cardan only."""
        return sorted(test for test, how in self.after.items() if how == "passed" and self.before.get(test) != "passed")

    @property
    def unexplained(self) -> list[str]:
        """The tests that are lost without a reason."""
        return [test for test in self.lost if test not in self.explained]

    @property
    def outdated(self) -> list[str]:
        """The tests that have a reason and are not lost."""
        return sorted(set(self.explained) - set(self.lost))

    @property
    def holds(self) -> bool:
        """Whether the run shows what the explanations say, and enough tests pass."""
        return not self.unexplained and not self.outdated and len(self.lost) <= self.at_most and bool(self.passed)

    @property
    def passed(self) -> int:
        """How many tests pass with cardan."""
        return sum(how == "passed" for how in self.after.values())

    def lines(self, name: str) -> list[str]:
        """The report."""
        baseline = sum(how == "passed" for how in self.before.values())
        out = [f"{name}: {self.passed} of {len(self.before)} tests pass with cardan, {baseline} with Werkzeug itself"]
        out += [f"  explained: {test}\n    {self.explained[test]}" for test in self.lost if test in self.explained]
        out += [f"  NOT EXPLAINED: {test}" for test in self.unexplained]
        out += [f"  EXPLAINED, BUT DOES NOT FAIL: {test}" for test in self.outdated]
        out += [f"  passes with cardan only: {test}" for test in self.gained]
        if len(self.lost) > self.at_most:
            out.append(f"  {len(self.lost)} tests are lost, expected at most {self.at_most}")
        return out
