"""User-Agent."""

from __future__ import annotations

import copy
import pickle

import pytest

from cardan.core.fields._user_agent import UserAgent


@pytest.mark.parametrize("text", ["curl/8.5.0", "", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0)", "\xff"])
def test_it_is_text(text: str) -> None:
    """The text is given, and written, as it was sent."""
    agent = UserAgent.from_header(text)
    assert agent == agent.string == agent.to_header() == str(agent) == text
    assert type(agent.string) is str
    assert repr(agent) == f"UserAgent({text!r})"
    for twin in (copy.copy(agent), copy.deepcopy(agent), pickle.loads(pickle.dumps(agent))):
        assert twin == agent


def test_without_a_field() -> None:
    """A missing field gives an empty text, which is false."""
    assert not UserAgent.from_header(None)
    assert UserAgent.from_header(None).to_header() == ""
