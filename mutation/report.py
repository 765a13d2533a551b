"""The outcomes of mutation testing: how many mutants of each package were found, and which have survived."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path

from proof.record import record

from .trial import KILLED, SINCE, SLOW, SURVIVED

__all__ = ["RESULTS", "report", "score"]

RESULTS = Path(__file__).parents[1] / ".mutation" / "results.json"
"""The outcome of each mutant that was tried, by its name."""
KINDS = {KILLED: "killed", SLOW: "slow", SINCE: "later", SURVIVED: "survived"}
"""The kinds that are counted, by the outcomes of the trials."""
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


def report(command: str = "") -> int:
    """Print the score of each package. The exit status is 1 if a survivor has no reason.

    With ``command``, which has tried mutants of all packages, the scores are written to ``proof/mutation.json``.
    """
    known: dict[str, str] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    reasons: dict[str, str] = tomllib.loads(EQUIVALENT.read_text("utf-8")).get("equivalent", {})
    packages: dict[str, Counter[str]] = {}
    open_ones = []
    for name, outcome in known.items():
        path = Path(name.partition(" ")[0])
        package = ".".join(path.parent.parts[1:])
        kind = "equivalent" if name in reasons else KINDS.get(outcome) or KINDS[outcome.partition(":")[0]]
        packages.setdefault(package, Counter())[kind] += 1
        if kind == "survived":
            open_ones.append(name)
    scores = {package: score(counts) for package, counts in sorted(packages.items())}
    print("\n".join(f"{package}: {text}" for package, text in scores.items()))
    print("\n".join(["", *open_ones]))
    if command:
        rows: list[dict[str, object]] = [{"what": f"`{package}`", "figure": text} for package, text in scores.items()]
        record("mutation", command, rows)
    return int(bool(open_ones))


def score(counts: Counter[str]) -> str:
    """How many mutants of a package the tests have found. Equivalent ones do not count."""
    found = counts["killed"] + counts["slow"] + counts["later"]
    counted = found + counts["survived"]
    text = f"{found} of {counted} found ({100 * found / max(counted, 1):.1f} %)"
    extra = {"because a test did not end": counts["slow"], "by tests that were written afterwards": counts["later"]}
    return ", ".join([text, *(f"{count} {how}" for how, count in extra.items() if count)])
