"""Headers compared with a simple model, a list of pairs."""

from __future__ import annotations

import copy
import pickle
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cardan.core.structures import Headers

Pair = tuple[str, str]
names = st.sampled_from(["a", "A", "b", "B", "X-c", "x-C", "Set-Cookie", "cookie"])
values = st.sampled_from(["", "1", "2", "x, y"])
pairs = st.lists(st.tuples(names, values), max_size=5)


def same(first: str, second: str) -> bool:
    return first.lower() == second.lower()


class HeadersMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.headers = Headers()
        self.model: list[Pair] = []

    def having(self, name: str) -> list[str]:
        return [value for key, value in self.model if same(key, name)]

    def model_setlist(self, name: str, several: list[str]) -> None:
        at = next((at for at, (key, _) in enumerate(self.model) if same(key, name)), len(self.model))
        before = self.model[:at]
        after = [pair for pair in self.model[at:] if not same(pair[0], name)]
        self.model = before + [(name, value) for value in several[:1]] + after
        self.model += [(name, value) for value in several[1:]]

    @rule(name=names, value=values)
    def add(self, name: str, value: str) -> None:
        self.headers.add(name, value)
        self.model.append((name, value))

    @rule(name=names, value=values)
    def set_item(self, name: str, value: str) -> None:
        self.headers[name] = value
        self.model_setlist(name, [value])

    @rule(name=names, several=st.lists(values, max_size=3))
    def setlist(self, name: str, several: list[str]) -> None:
        self.headers.setlist(name, several)
        self.model_setlist(name, several)

    @rule(name=names, value=values)
    def setdefault(self, name: str, value: str) -> None:
        self.headers.setdefault(name, value)
        if not self.having(name):
            self.model.append((name, value))

    @rule(added=pairs)
    def extend(self, added: list[Pair]) -> None:
        self.headers.extend(added)
        self.model += added

    @rule(added=pairs)
    def update(self, added: list[Pair]) -> None:
        self.headers.update(added)
        for name, value in added:
            self.model_setlist(name, [value])

    @rule(name=names)
    def pop(self, name: str) -> None:
        there = self.having(name)
        popped = self.headers.pop(name, None)
        assert (popped is None) is (not there)
        self.model_setlist(name, [])

    @rule(name=names)
    def delete(self, name: str) -> None:
        del self.headers[name]
        self.model_setlist(name, [])

    @rule()
    def popitem(self) -> None:
        if self.model:
            assert self.headers.popitem() == self.model.pop()

    @rule(how=st.sampled_from([copy.copy, copy.deepcopy, Headers, lambda h: pickle.loads(pickle.dumps(h))]))
    def go_on_with_a_copy(self, how: Any) -> None:
        self.headers = how(self.headers)

    @invariant()
    def says_what_the_model_says(self) -> None:
        assert list(self.headers.items()) == self.headers.to_wsgi_list() == self.model
        assert list(self.headers) == [name for name, _ in self.model]
        assert len(self.headers) == len(self.model)
        assert self.headers == Headers(self.model)
        for name in ("a", "B", "x-c", "set-cookie", "Cookie", "d"):
            several = self.having(name)
            assert self.headers.getlist(name) == several
            assert (name in self.headers) is bool(several)
            joined = several[:1] if name == "set-cookie" else several
            expected = ("; " if name == "Cookie" else ", ").join(joined) if several else None
            assert self.headers.get(name) == expected


HeadersMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestHeadersMachine = HeadersMachine.TestCase
