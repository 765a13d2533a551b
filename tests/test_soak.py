"""The parts of `make soak` work: a little load on real servers keeps those bounds that do not depend on the machine."""

from __future__ import annotations

import asyncio

import pytest

from soak.__main__ import rows_of
from soak.parts import PARTS, QUICK


@pytest.mark.real_server
@pytest.mark.parametrize("name", PARTS)
def test_a_part(name: str) -> None:
    """No request is lost, every answer is expected, and no descriptor, task or stream is left."""
    rows = asyncio.run(rows_of(name, QUICK))
    assert len(rows) >= 2
    assert [row for row in rows if not row.timed and not row.holds] == []
