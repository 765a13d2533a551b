"""``python -m mutation [MODULE ...] [--sample N] [--seed S] [--minutes M] [--report]``: see the package."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import mutation
from tests.house import ROOT, House
from tests.test_modules import TABLE, promised

from .coverage import SELECTED, TestsOfLines, record
from .mutants import Mutant, mutants_of
from .report import RESULTS, report
from .trial import KILLED, SINCE, SURVIVED, Trial, codes_that_differ, in_fork, in_new_process

WORK = ROOT / ".mutation"
#: For one mutant at most this many of the new tests are run, and this many of the others. If there are more, each test
#: function is run with some of its values. Tests in files that are named as the module come first.
MOST = 250
#: At most this many files of tests are run for a fault in code that runs when a module is imported.
USERS = 12


class Runner:
    """A plugin of pytest, which tries the mutants instead of running the tests."""

    def __init__(self, modules: list[str], options: argparse.Namespace) -> None:
        self.modules = modules
        self.options = options
        self.known: dict[str, str] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
        self.lines = TestsOfLines(WORK / "coverage", ROOT)
        self.new: set[str] = set()  # tests that were written after the run with coverage
        self.end = time.monotonic() + 60 * options.minutes

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try the mutants. Called when the tests are collected."""
        items = {item.nodeid: item for item in session.items}
        self.new = self.lines.new(items)
        house = House(ROOT / "src")
        paths = [house.modules[name] for name in self.modules]
        if self.options.survivors:
            chosen = self.survivors(paths)
        elif self.options.sample:
            chosen = self.sampled(paths)
        else:
            chosen = [mutant for path in paths for mutant in mutants_of(path, ROOT)]
            known = {mutant.name for mutant in chosen}
            files = {str(path.relative_to(ROOT)) for path in paths}
            self.known = {  # without the mutants of code that has been changed
                name: outcome
                for name, outcome in self.known.items()
                if name in known or name.partition(" ")[0] not in files
            }
        if not (self.options.again or self.options.control or self.options.survivors):
            chosen = [mutant for mutant in chosen if mutant.name not in self.known]
        self.try_all(chosen, items)
        self.save()
        return True

    def survivors(self, paths: list[Path]) -> list[Mutant]:
        """The mutants that have survived. Those of code that has been changed meanwhile are forgotten."""
        names = {name for name, outcome in self.known.items() if outcome.startswith(SURVIVED)}
        files = {name.partition(" ")[0] for name in names}
        chosen = [path for path in paths if str(path.relative_to(ROOT)) in files]
        found = [mutant for path in chosen for mutant in mutants_of(path, ROOT) if mutant.name in names]
        gone = names - {mutant.name for mutant in found}
        self.known = {name: outcome for name, outcome in self.known.items() if name not in gone}
        return found

    def try_all(self, mutants: list[Mutant], items: dict[str, Any]) -> None:
        """Try mutants, several at the same time, until none is left or the time is over."""
        waiting = iter(mutants)
        running: dict[Mutant, Trial] = {}
        number = 0
        while True:
            while len(running) < self.options.workers and time.monotonic() < self.end:
                mutant = next(waiting, None)
                if mutant is None:
                    break
                running[mutant] = self.trial(mutant, items)
            if not running:
                return
            for mutant, trial in list(running.items()):
                try:
                    next(trial)
                except StopIteration as end:
                    del running[mutant]
                    outcome = end.value
                    if self.options.survivors:
                        outcome = outcome.replace(KILLED, SINCE, 1)
                    if not self.options.control:
                        self.known[mutant.name] = outcome
                    number += 1
                    where = f"{mutant.path}:{mutant.line} {mutant.name[len(mutant.path) :]}"
                    print(f"{number}/{len(mutants)} {outcome}: {where}", flush=True)
                    self.save()
            time.sleep(0.005)

    def sampled(self, paths: list[Path]) -> list[Mutant]:
        """Random mutants, the same number of each package; long modules of a package get more than short ones."""
        packages: dict[Path, list[Path]] = {}
        for path in paths:
            packages.setdefault(path.parent, []).append(path)
        found: list[Mutant] = []
        for package, modules in sorted(packages.items()):
            choose = random.Random(f"{self.options.seed} {package.relative_to(ROOT)}")
            weights = [path.read_text("utf-8").count("\n") for path in modules]
            counts = Counter(choose.choices(modules, weights, k=self.options.sample))
            for path, count in sorted(counts.items()):
                found += mutants_of(path, ROOT, choose=choose, most=count)
        random.Random(self.options.seed).shuffle(found)  # a run that is ended early has tried some of each package
        return found

    def trial(self, mutant: Mutant, items: dict[str, Any]) -> Trial:
        """Try a mutant. The outcome says whether it was killed or has survived."""
        source = (ROOT / mutant.path).read_text("utf-8")
        own, stem = self.test_files(mutant.path), Path(mutant.path).stem.strip("_")

        def few(names: set[str]) -> list[str]:
            found = [name for name in names if name in items]
            files = {name: name.partition("::")[0] for name in found}
            found.sort(key=lambda name: (files[name] not in own, stem not in files[name], name))
            if len(found) <= MOST:
                return found
            seen: Counter[str] = Counter()
            turns = {}  # each test function has its first values before another one has its second ones
            for name in found:
                function = name.partition("[")[0]
                turns[name] = seen[function]
                seen[function] += 1
            chosen = set(sorted(found, key=turns.__getitem__)[:MOST])
            return [name for name in found if name in chosen]

        tests = [*few(self.new), *few(self.lines.of(mutant.path, [mutant.line]) - self.new)]
        pairs = codes_that_differ(ROOT / mutant.path, source, mutant.source)
        if self.options.control:
            mutant = replace(mutant, source=source)
        if pairs is None:
            outcome = yield from in_new_process(mutant, ROOT, self.test_files(mutant.path), 120)
            if outcome == SURVIVED:
                outcome = yield from in_new_process(mutant, ROOT, self.users(mutant.path, items), 240)
            return outcome
        if not tests:
            return "survived: no test runs the line"
        return (yield from in_fork(mutant, ROOT, [items[name] for name in tests], 180))

    def test_files(self, path: str) -> list[str]:
        """The test files of a module and of public values: for a fault in code that runs when it is imported."""
        module = ".".join(Path(path).with_suffix("").parts[2:]).removesuffix(".__init__")
        name = TABLE[module][0] if module in TABLE else promised(module)
        own = [f"tests/{name}"] if (ROOT / "tests" / name).exists() else []
        return ["tests/test_public_names.py", *own]  # the first has the defaults and the constants that are public

    def users(self, path: str, items: dict[str, Any]) -> list[str]:
        """Some tests that run code of a module: for a fault in code that runs when the module is imported."""
        lines = range(1, 1 + (ROOT / path).read_text("utf-8").count("\n"))
        names = sorted({name.partition("[")[0] for name in self.lines.of(path, lines) if name in items})
        per_file = Counter(name.partition("::")[0] for name in names)
        files = [file for file, _ in per_file.most_common(USERS)]
        few = [name for name in names if name.partition("::")[0] in files]
        return [*sorted({name.partition("::")[0] for name in self.new}), *few[:: 1 + len(few) // (MOST // 4)]]

    def save(self) -> None:
        """Write the results."""
        RESULTS.write_text(json.dumps(dict(sorted(self.known.items())), indent=0, ensure_ascii=False) + "\n", "utf-8")


def main() -> int:
    """Try mutants, or report."""
    parser = argparse.ArgumentParser(description=mutation.__doc__)
    parser.add_argument("modules", nargs="*", help="modules, such as cardan.core._urls (default: all)")
    parser.add_argument("--sample", type=int, default=0, help="how many of each package, at random (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no mutant after that time")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many at the same time")
    parser.add_argument("--again", action="store_true", help="try mutants again whose outcome is known")
    parser.add_argument("--survivors", action="store_true", help="try the survivors again, with the tests of today")
    parser.add_argument(
        "--control", action="store_true", help="leave out the faults: all have to survive, and nothing is written"
    )
    parser.add_argument("--report", action="store_true", help="only print the outcomes of earlier runs")
    options = parser.parse_args()
    if options.report:
        return report()
    missing = [name for name in ("coverage", "cosmic_ray", "pytest_cov") if find_spec(name) is None]
    if missing:
        parser.error(f"it needs {', '.join(missing)}: make mutation installs them")
    if not (WORK / "coverage").exists():
        record(ROOT, WORK / "coverage")
    modules = options.modules or sorted(House(ROOT / "src").modules)
    arguments = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "faulthandler_timeout=0",
        "-m",
        SELECTED,
        "tests",
    ]
    pytest.main(arguments, plugins=[Runner(modules, options)])
    if options.control:
        return 0
    extra = f" --sample {options.sample} --seed {options.seed}" if options.sample else ""
    return report(f"python -m mutation{extra}" if options.sample or not options.modules else "")


if __name__ == "__main__":
    sys.exit(main())
