"""MultiDict compared with a simple model, a list of pairs."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cardan.core.structures import (
    CombinedMultiDict,
    ImmutableMultiDict,
    ImmutableOrderedMultiDict,
    MultiDict,
    OrderedMultiDict,
)

Pair = tuple[str, int]
KEYS = "abcd"
keys = st.sampled_from(KEYS)
values = st.integers(0, 3)
pairs = st.lists(st.tuples(keys, values), max_size=6)


class MultiDictMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.dict: MultiDict[str, int] = MultiDict()
        self.model: list[Pair] = []

    def having(self, key: str) -> list[int]:
        return [value for other, value in self.model if other == key]

    def model_setlist(self, key: str, several: list[int]) -> None:
        at = next((at for at, (other, _) in enumerate(self.model) if other == key), len(self.model))
        after = [pair for pair in self.model[at:] if pair[0] != key]
        self.model = self.model[:at] + [(key, value) for value in several[:1]] + after
        self.model += [(key, value) for value in several[1:]]

    @rule(key=keys, value=values)
    def add(self, key: str, value: int) -> None:
        self.dict.add(key, value)
        self.model.append((key, value))

    @rule(key=keys, value=values)
    def set_item(self, key: str, value: int) -> None:
        self.dict[key] = value
        self.model_setlist(key, [value])

    @rule(key=keys, several=st.lists(values, max_size=3))
    def setlist(self, key: str, several: list[int]) -> None:
        self.dict.setlist(key, several)
        self.model_setlist(key, several)

    @rule(key=keys, value=values)
    def setdefault(self, key: str, value: int) -> None:
        assert self.dict.setdefault(key, value) == [*self.having(key), value][0]
        if not self.having(key):
            self.model.append((key, value))

    @rule(added=pairs)
    def update(self, added: list[Pair]) -> None:
        self.dict.update(added)
        self.model += added

    @rule(key=keys)
    def poplist(self, key: str) -> None:
        assert self.dict.poplist(key) == self.having(key)
        self.model_setlist(key, [])

    @rule(key=keys)
    def pop(self, key: str) -> None:
        assert self.dict.pop(key, -1) == [*self.having(key), -1][0]
        self.model_setlist(key, [])

    @rule(key=keys)
    def delete(self, key: str) -> None:
        if self.having(key):
            del self.dict[key]
            self.model_setlist(key, [])
        else:
            with pytest.raises(KeyError):
                del self.dict[key]

    @rule()
    def popitemlist(self) -> None:
        if self.model:
            last = list(dict(self.model))[-1]
            assert self.dict.popitemlist() == (last, self.having(last))
            self.model_setlist(last, [])

    @rule()
    def clear(self) -> None:
        self.dict.clear()
        self.model.clear()

    @rule(how=st.sampled_from([copy.copy, copy.deepcopy, MultiDict, lambda d: pickle.loads(pickle.dumps(d))]))
    def go_on_with_a_copy(self, how: Any) -> None:
        self.dict = how(self.dict)

    @invariant()
    def says_what_the_model_says(self) -> None:
        lists = {key: self.having(key) for key, _ in self.model}
        assert list(self.dict.items(multi=True)) == self.model
        assert self.dict.lists() == list(lists.items())
        assert list(self.dict.items()) == [(key, several[0]) for key, several in lists.items()]
        for key in KEYS:
            assert self.dict.getlist(key) == lists.get(key, [])
            assert self.dict.get(key) == next(iter(lists.get(key, [])), None)

    @invariant()
    def equals_what_was_made_at_once(self) -> None:
        for kind in (MultiDict, OrderedMultiDict, ImmutableMultiDict, ImmutableOrderedMultiDict):
            for made in (kind(self.model), kind._from_pairs(list(self.model))):
                assert made == self.dict
                assert list(made.items(multi=True)) == self.model
        half = len(self.model) // 2
        combined = CombinedMultiDict([MultiDict(self.model[:half]), MultiDict(self.model[half:])])
        assert combined == self.dict
        assert combined.lists() == self.dict.lists()
        assert dict(combined) == dict(self.dict)


MultiDictMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestMultiDictMachine = MultiDictMachine.TestCase
