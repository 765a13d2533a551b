"""The event loop of a process for its WSGI requests: how it starts, and how it ends."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio

from cardan import _crossing as crossing
from cardan._crossing import portals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def refuse(*args: Any) -> None:
    raise RuntimeError("can't start new thread")


def test_an_interpreter_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what needs the thread, and what needs none."""
    monkeypatch.setattr(threading.Thread, "start", refuse)
    expected = r"needs a thread, which could not be started \(can't start new thread\); def handlers need none"
    with pytest.raises(RuntimeError, match=expected):
        crossing.Portal("asyncio")


@backends
def test_an_interpreter_without_daemons(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread is an ordinary one. It is ended before the interpreter waits for all ordinary threads."""
    ends: list[Callable[[], None]] = []
    monkeypatch.setattr(portals._thread, "daemon_threads_allowed", lambda: False, raising=False)
    monkeypatch.setattr(portals.threading, "_register_atexit", ends.append)
    portal = crossing.Portal(backend)
    assert not portal._thread.daemon
    assert portal._thread.is_alive()
    [end] = ends
    end()
    assert not portal._thread.is_alive()
    end()  # more than once does no harm


@pytest.mark.parametrize("answer", [True, None])
def test_an_interpreter_with_daemons(answer: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread is a daemon where the interpreter allows daemons, or does not tell."""
    if answer is None:
        monkeypatch.delattr(portals._thread, "daemon_threads_allowed", raising=False)
    else:
        monkeypatch.setattr(portals._thread, "daemon_threads_allowed", lambda: answer, raising=False)
    portal = crossing.Portal("asyncio")
    assert portal._thread.daemon
    portal.stop()


def test_a_loop_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a loop that does not start is raised where the portal is made, and the next call tries again."""
    monkeypatch.setattr(portals, "_portals", {})
    for _ in range(2):
        with pytest.raises(LookupError, match="nonsense"):
            crossing.portal("nonsense")
    assert portals._portals == {}


@backends
def test_without_sniffio(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release of anyio that does without sniffio finds out by itself which loop runs."""
    monkeypatch.setitem(sys.modules, "sniffio", None)
    portals._name_library(backend)
    assert sys.modules["sniffio"] is None


def test_two_threads_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """If two threads ask for the portal at the same time, one makes it, and both get the same."""
    found: list[crossing.Portal] = []
    made: list[str] = []
    waits = threading.Event()

    class Watched(dict[Any, Any]):
        def get(self, key: Any, default: Any = None) -> Any:
            value = super().get(key, default)
            waits.set()
            return value

    class Fake:
        def __init__(self, backend: str) -> None:
            made.append(backend)

        def stop(self) -> None:
            """Nothing runs."""

    lock = threading.Lock()
    monkeypatch.setattr(portals, "_portals", Watched())
    monkeypatch.setattr(portals, "_locks", {os.getpid(): lock})
    monkeypatch.setattr(portals, "Portal", Fake)
    thread = threading.Thread(target=lambda: found.append(crossing.portal("asyncio")))
    with lock:
        thread.start()
        assert waits.wait(100)
        other = portals._portals[os.getpid(), "asyncio"] = Fake("asyncio")
    thread.join(100)
    assert found == [other]
    assert made == ["asyncio"]


def test_the_end_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The portals of this process are stopped. Those that a fork has taken over have no thread in it, and are left."""
    stopped: list[str] = []

    class Fake:
        def __init__(self, name: str) -> None:
            self.name = name

        def stop(self) -> None:
            stopped.append(self.name)

    here = os.getpid()
    entries = {(here, "asyncio"): Fake("a"), (here + 1, "asyncio"): Fake("b"), (here, "trio"): Fake("c")}
    monkeypatch.setattr(portals, "_portals", entries)
    portals._stop_portals()
    assert stopped == ["a", "c"]


@backends
def test_a_task_that_comes_too_late(backend: str) -> None:
    """A loop that is about to end starts no task. The thread that waits for the task is told so, and does not hang."""
    portal = crossing.Portal(backend)
    conversation = crossing.Conversation(portal)

    async def late() -> AsyncIterator[None]:
        try:
            yield
        finally:  # at the end of the loop, which has no tasks then
            task = conversation.start(anyio.sleep, 0)
            tasks.append(task)
            for _ in range(100):
                if not task.ended:
                    await (asyncio.sleep(0) if backend == "asyncio" else trio.lowlevel.cancel_shielded_checkpoint())

    async def begin() -> None:
        generators.append(late())
        await anext(generators[0])

    generators: list[Any] = []
    tasks: list[crossing.ConversationTask] = []
    conversation.call(begin)
    portal.stop()
    [task] = tasks
    assert conversation.listen(20) is task
    with pytest.raises(RuntimeError, match="not active"):
        task.outcome()
