"""The two drivers run one generator in the same way: by calling, and by awaiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from cardan.core.drive import Read, arun, run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Drive = Callable[[Generator[Any, Any, Any], Callable[[Any], Any]], Any]


def by_awaiting(steps: Generator[Any, Any, Any], perform: Callable[[Any], Any]) -> Any:
    async def awaited(step: Any) -> Any:
        await asyncio.sleep(0)
        return perform(step)

    return asyncio.run(arun(steps, awaited))


@pytest.fixture(params=[run, by_awaiting], ids=["run", "arun"])
def drive(request: pytest.FixtureRequest) -> Drive:
    found: Drive = request.param
    return found


def test_each_step_is_answered(drive: Drive) -> None:
    """What a step is performed to is sent to the generator; what the generator returns is the result."""

    def steps() -> Generator[Read, bytes, list[bytes]]:
        return [(yield Read(1)), (yield Read(2))]

    assert drive(steps(), lambda step: b"x" * step.size) == [b"x", b"xx"]


def test_a_generator_without_steps(drive: Drive) -> None:
    """Nothing is performed, and the result is returned."""

    def steps() -> Generator[Read, bytes, int]:
        return 3
        yield

    assert drive(steps(), lambda step: 1 / 0) == 3


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()], ids=lambda error: type(error).__name__)
def test_an_error_is_raised_at_the_yield(drive: Drive, error: BaseException) -> None:
    """The generator can clean up with further steps, and what it raises then is raised by the driver."""
    performed = []

    def perform(step: Any) -> Any:
        performed.append(step)
        if step == "fails":
            raise error

    def steps() -> Generator[str, None, None]:
        try:
            yield "fails"
        finally:
            yield "cleanup"

    with pytest.raises(type(error)) as caught:
        drive(steps(), perform)
    assert (caught.value, performed) == (error, ["fails", "cleanup"])


def test_the_generator_may_go_on_after_an_error(drive: Drive) -> None:
    """An error that the generator handles is no error of the driver."""

    def perform(step: Any) -> Any:
        raise ValueError(step)

    def steps() -> Generator[str, None, str]:
        try:
            yield "first"
        except ValueError as error:
            return str(error)
        return "nothing was raised"

    assert drive(steps(), perform) == "first"
