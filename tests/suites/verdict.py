"""Compares a run of a suite on cardan with a run on Werkzeug, and with the differences that are explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Outcomes = Mapping[str, str]
"""test to ``passed``, ``failed`` or ``skipped``"""


@dataclass(frozen=True)
class Explanation:
    """Why tests may fail with cardan. A test that ends with ``*`` stands for all that begin so."""

    kind: str
    """in one word, for the sums"""
    reason: str
    tests: Sequence[str]

    def matching(self, test: str) -> list[str]:
        """The entries of ``tests`` that ``test`` is, or begins with."""
        return [entry for entry in self.tests if test == entry or (entry[-1] == "*" and test.startswith(entry[:-1]))]


@dataclass(frozen=True)
class Verdict:
    """What a run of a suite shows."""

    before: Outcomes
    """with Werkzeug itself"""
    after: Outcomes
    """with cardan"""
    explained: Sequence[Explanation]
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
        return [test for test in self.lost if not any(entry.matching(test) for entry in self.explained)]

    @property
    def outdated(self) -> list[str]:
        """The tests that have a reason and are not lost."""
        used = {name for test in self.lost for entry in self.explained for name in entry.matching(test)}
        return sorted({test for entry in self.explained for test in entry.tests} - used)

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
        lost = self.lost
        of_kind: Counter[str] = Counter()
        for entry in self.explained:
            tests = [test for test in lost if entry.matching(test)]
            of_kind[entry.kind] += len(tests)
            if tests:
                out += [f"  {entry.kind}: {entry.reason}", *(f"    {_short(test)}" for test in tests)]
        if of_kind:
            out.insert(1, "  lost by kind: " + ", ".join(f"{kind} {count}" for kind, count in of_kind.most_common()))
        out += [f"  NOT EXPLAINED: {test}" for test in self.unexplained]
        out += [f"  EXPLAINED, BUT DOES NOT FAIL: {test}" for test in self.outdated]
        out += [f"  passes with cardan only: {test}" for test in self.gained]
        if len(lost) > self.at_most:
            out.append(f"  {len(lost)} tests are lost, expected at most {self.at_most}")
        return out


def _short(test: str) -> str:
    return test if len(test) <= 120 else f"{test[:120]}..."
