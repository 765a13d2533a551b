"""Mutation testing: a mutant is the library with one small fault, and the tests have to find the fault.

``make mutation`` tries the mutants of all modules. If it is interrupted, the next run goes on where it ended.
``make mutation ARGS="cardan.core._urls"`` takes one module; ``--sample 200`` takes 200 mutants of each package, at
random; ``--survivors`` tries those that have survived once more, with the tests of today. The faults are some of those
of cosmic-ray, and statements and context managers that are left out (:mod:`mutation.mutants`).

A run of the tests with coverage tells which tests run a line (:mod:`mutation.coverage`). For each mutant a process that
has already collected the tests is forked, and gets the code of the changed function (:mod:`mutation.trial`). A mutant
is killed if a test fails or does not end, and has survived otherwise. Several mutants are tried at the same time, one
for each core (``--workers``). With ``--control`` the faults are left out, so that every mutant has to survive: a test
that fails then fails for another reason. ``mutation/equivalent.toml`` names mutants that behave like the library
itself, with the reasons.
"""
