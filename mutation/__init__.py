"""Mutation testing: a small fault is put into the code, and the tests have to find it.

``make mutation`` goes through all modules, and goes on where it was ended. ``make mutation ARGS="cardan.core._urls"``
takes one module; ``--sample 200`` takes mutants at random. The faults are those of cosmic-ray, and statements and
context managers that are left out (:mod:`mutation.mutants`). Which tests run a line is known from a run with coverage
(:mod:`mutation.coverage`). For each mutant a process is forked that has collected the tests already; the code of the
function is replaced in it (:mod:`mutation.trial`). ``mutation/equivalent.toml`` names mutants that change nothing, with
the reason.
"""
