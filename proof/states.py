"""States: ``python -m proof.states [--programs 2000]``. Runs Hypothesis state machines of the tests with more programs.

A program uses the methods and attributes of one object in any order; each result is compared with that of a simple
model. There are state machines for a request body in sync and in async code, the finalizer of a response, header
fields, and a dictionary with several values for a key. The exit status is 1 if an object and its model differ.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.test_body_machine import AsyncBodyMachine, SyncBodyMachine
from tests.core.response.test_finalizer_machine import FinalizerMachine
from tests.core.structures.test_headers_machine import HeadersMachine
from tests.core.structures.test_multidict_machine import MultiDictMachine

from .record import record

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine

__all__ = ["MACHINES", "differs"]

MACHINES: dict[str, type[RuleBasedStateMachine]] = {
    "a request body in sync code": SyncBodyMachine,
    "a request body in async code": AsyncBodyMachine,
    "the finalizer of a response": FinalizerMachine,
    "header fields": HeadersMachine,
    "a dictionary with several values": MultiDictMachine,
}
"""The state machines by the names of their objects."""


def differs(machine: type[RuleBasedStateMachine], programs: int) -> tuple[int, bool]:
    """Run programs of at most 50 steps. Returns how many there were, and whether one differs from the model."""
    count = 0

    class Counted(machine):  # type: ignore[misc, valid-type]
        """The machine, which counts its programs."""

        def __init__(self) -> None:
            nonlocal count
            count += 1
            super().__init__()

    limits = settings(
        max_examples=programs,
        stateful_step_count=50,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(Counted, settings=limits)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ()), sep="\n")
        return count, True
    return count, False


def main() -> int:
    """Run the programs, and write their number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=2000, help="how many for each machine (default: %(default)s)")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for what, machine in MACHINES.items():
        count, wrong = differs(machine, options.programs)
        rows.append({"what": what, "trials": count, "differences": int(wrong)})
        print(f"{what}: {count} programs, {'one differs' if wrong else 'none differs'}", flush=True)
    record("states", f"python -m proof.states --programs {options.programs}", rows)
    return int(any(row["differences"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
