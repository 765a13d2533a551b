"""Tries mutants in processes that are forked from one that has collected the tests.

The functions of the mutated module get the code of the mutant (:func:`in_fork`). Code that runs when a module is
imported, for example tables and default values, cannot be replaced in this way. Such a mutant is tried in a new
process, which imports the mutated file (:func:`in_new_process`).
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FunctionType
from typing import Any

from .mutants import Mutant

__all__ = ["KILLED", "SINCE", "SLOW", "SURVIVED", "Trial", "codes_that_differ", "in_fork", "in_new_process"]

KILLED, SURVIVED, SLOW = "killed", "survived", "killed: too slow"
#: the outcome of a mutant that has survived, and is killed by the tests that were written since then
SINCE = "killed later"


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """A code object and all those in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_of(constant)


def shape(code: CodeType) -> tuple[Any, ...]:
    """The parts of a code object that are compared. The functions inside it are compared separately."""
    constants = tuple(repr(each) for each in code.co_consts if not isinstance(each, CodeType))
    return code.co_code, constants, code.co_names, code.co_exceptiontable


def codes_that_differ(path: Path, before: str, after: str) -> list[tuple[CodeType, CodeType]] | None:
    """Pairs of old and new code; None if the module or a class body is among them, or if they do not fit together."""
    old, new = (list(codes_of(compile(text, str(path), "exec", dont_inherit=True))) for text in (before, after))
    if [code.co_qualname for code in old] != [code.co_qualname for code in new]:
        return None
    pairs = [(one, other) for one, other in zip(old, new, strict=True) if shape(one) != shape(other)]
    if any(not one.co_flags & 0x02 or one.co_freevars != other.co_freevars for one, other in pairs):  # CO_NEWLOCALS
        return None
    return pairs or None


def swap(path: Path, before: str, after: str, functions: list[FunctionType]) -> bool:
    """Give the functions of a module the code of a mutant. False if none of them was found."""
    old, new = (list(codes_of(compile(text, str(path), "exec", dont_inherit=True))) for text in (before, after))
    fresh = {(code.co_qualname, code.co_firstlineno): other for code, other in zip(old, new, strict=True)}
    found = False
    for function in functions:
        code = fresh.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None and code.co_freevars == function.__code__.co_freevars:
            function.__code__ = code
            found = True
    return found


def functions_in(path: Path) -> list[FunctionType]:
    """The functions of a module that exist, wherever they are held."""
    name = str(path)
    gc.unfreeze()  # what is frozen is not listed
    return [each for each in gc.get_objects() if type(each) is FunctionType and each.__code__.co_filename == name]


Trial = Generator[None, None, str]
"""A trial in another process: it gives None as long as that process runs, and returns the outcome."""


def in_fork(mutant: Mutant, root: Path, items: list[Any], seconds: float) -> Trial:
    """Run the tests ``items`` with the mutant in a fork of this process, up to the first that fails.

    The outcome names the test that has failed.
    """
    outlet, inlet = os.pipe()
    child = os.fork()
    if child == 0:
        status = 3
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            os.setsid()
            path = root / mutant.path
            import_module(mutant.module)  # some are loaded when they are needed
            if swap(path, path.read_text("utf-8"), mutant.source, functions_in(path)):
                failed = run(items)
                os.write(inlet, failed.encode()[:4000])
                status = 1 if failed else 0
        finally:
            os._exit(status)
    os.close(inlet)
    with open(outlet, "rb") as failure:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                if code == 3:
                    return "survived: its function is not found"
                return SURVIVED if code == 0 else f"{KILLED}: {failure.read().decode() or f'exit status {code}'}"
            yield
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return SLOW


def run(items: list[Any]) -> str:
    """Run tests up to the first that fails. Gives its id; an empty text if all pass."""
    failed: list[Any] = []

    class Watch:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                failed.append(report)

    if not items:
        return ""
    manager = items[0].config.pluginmanager
    manager.register(Watch())
    manager.unregister(name="terminalreporter")  # it writes to a copy of the standard output
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if failed:
            return str(failed[0].nodeid)
    return ""


def in_new_process(mutant: Mutant, root: Path, tests: list[str], seconds: float) -> Trial:
    """Run the tests in a new process, in which the mutated file is imported. The outcome names what has failed."""
    if not tests:
        return SURVIVED
    with TemporaryDirectory() as folder:
        source = Path(folder, "src")
        shutil.copytree(root / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / mutant.path).write_text(mutant.source, "utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
        output = Path(folder, "output")
        with output.open("wb") as file:
            process = subprocess.Popen(command, cwd=root, env=environment, stdout=file, stderr=file, process_group=0)
        end = time.monotonic() + seconds
        while process.poll() is None:
            if time.monotonic() > end:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return SLOW
            yield
        if process.returncode in (0, 5):
            return SURVIVED
        lines = output.read_text("utf-8", "replace").splitlines()
        told = [line for line in lines if line.startswith(("FAILED ", "ERROR "))] or [line for line in lines if line]
        return f"{KILLED}: {told[0][:200] if told else f'exit status {process.returncode}'}"
