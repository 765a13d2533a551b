"""Interruptible code: it ends early with the error of the interruption, once, and not if it has ended by itself."""

from __future__ import annotations

import anyio
import pytest

from cardan._crossing import Interruptible

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both loops."""
    return str(request.param)


class Code:
    """An async function that waits for ever, or returns at once, and then cleans up, awaiting."""

    def __init__(self, *, waits: bool) -> None:
        self.log: list[str] = []
        self._waits = waits

    async def __call__(self) -> None:
        try:
            if self._waits:
                await anyio.sleep(3600)
            self.log.append("returns")
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.001)
            self.log.append("clean")


async def run(kind: str, run: Interruptible, code: Code) -> None:
    """Run the code in one of the three ways."""
    if kind == "block":
        async with run:
            await code()
    elif kind == "here":
        await run.run_here(code)
    else:
        await run.run_apart(code, code)


@pytest.mark.parametrize("kind", ["block", "here", "apart"])
async def test_the_first_interruption_counts(kind: str) -> None:
    """Before the code begins or while it waits, by the watching or by a call: its cleanup ends, the error is raised."""

    async def watch() -> None:
        await anyio.sleep(0.001)

    by_watching = Interruptible(watch, lambda: LookupError("watched"))
    code = Code(waits=True)
    with pytest.raises(LookupError, match="watched"):
        await run(kind, by_watching, code)
    assert code.log == ["clean"]

    before = Interruptible(anyio.sleep_forever, LookupError)
    before.interrupt(KeyError("first"))
    before.interrupt(KeyError("second"))
    code = Code(waits=True)
    with pytest.raises(KeyError, match="first"):
        await run(kind, before, code)
    assert code.log == ["clean"]


@pytest.mark.parametrize("kind", ["block", "here", "apart"])
async def test_an_error_of_the_watching(kind: str) -> None:
    """It interrupts the code, and is raised as it is."""

    async def watch() -> None:
        raise ValueError("of the watching")

    code = Code(waits=True)
    with pytest.raises(ValueError, match="of the watching"):
        await run(kind, Interruptible(watch), code)
    assert code.log == ["clean"]


@pytest.mark.parametrize("kind", ["block", "here", "apart"])
async def test_code_that_ends_by_itself(kind: str) -> None:
    """The watching ends with it."""
    code = Code(waits=False)
    with anyio.fail_after(20):
        await run(kind, Interruptible(anyio.sleep_forever), code)
    assert code.log == ["returns", "clean"]
