"""A body compared with the tables of the manual: its names in any order, by several request objects, in both modes.

``test_body_states.py`` uses two names, one after the other. Here there are as many as Hypothesis likes.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cardan import Request
from cardan.testing import RequestBuilder

from .request_apps import aask, ask
from .test_body_states import BODIES, COLUMNS, GIVES, READERS, STATE_AFTER, expected, without_args

objects = st.integers(0, 2)


class BodyMachine(RuleBasedStateMachine):
    """Three request objects over one request. The model is one word: the state of the body."""

    kind: ClassVar[str]

    @initialize(content=st.sampled_from(sorted(BODIES)), chunk=st.integers(1, 40))
    def begin(self, content: str, chunk: int) -> None:
        self.content = content
        self.state = "unread"
        self.has_read: set[int] = set()
        """The object whose ``stream`` has consumed the body. If the body is kept, each access gives a new file."""
        content_type, body = BODIES[content]
        builder = RequestBuilder("/?first=&then=", method="POST", data=body, content_type=content_type)
        self.requests = self.make(builder, [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""])

    def make(self, builder: RequestBuilder, pieces: list[bytes]) -> list[Request]:
        raise NotImplementedError

    def ask(self, request: Request, name: str) -> list[Any]:
        raise NotImplementedError

    @rule(which=objects, name=st.sampled_from(READERS))
    def use(self, which: int, name: str) -> None:
        found = without_args(self.ask(self.requests[which], name))
        wanted = expected(self.state, name, self.content, self.kind)
        if name == "stream" and which in self.has_read:
            wanted = ["ok", ""]  # one file for each request object, at its end now
        assert found == wanted, (self.state, name, self.content)
        if self.state == "unread" and found[0] == "ok" and name == "stream":
            self.has_read.add(which)
        refused = self.kind == "async" and GIVES[name]["unread, in async code"] in ("BodyNotLoaded", "WrongMode")
        if self.state == "unread" and not refused:
            self.state = STATE_AFTER[name][COLUMNS[self.content]]

    def teardown(self) -> None:
        for request in getattr(self, "requests", ()):
            request.close()


class SyncBodyMachine(BodyMachine):
    """On WSGI, in sync code."""

    kind = "def"

    def make(self, builder: RequestBuilder, pieces: list[bytes]) -> list[Request]:
        environ = builder.environ()
        return [Request(environ) for _ in range(3)]

    def ask(self, request: Request, name: str) -> list[Any]:
        return ask(request, name)


class AsyncBodyMachine(BodyMachine):
    """On ASGI, in async code, which loads the body or does not."""

    kind = "async"

    def make(self, builder: RequestBuilder, pieces: list[bytes]) -> list[Request]:
        messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        messages[-1]["more_body"] = False

        async def receive() -> Any:
            return messages.pop(0)

        self.runner = asyncio.Runner()
        scope = builder.scope()
        return [Request(scope, receive) for _ in range(3)]

    def ask(self, request: Request, name: str) -> list[Any]:
        return self.runner.run(aask(request, name))

    @rule(which=objects, form=st.booleans())
    def load(self, which: int, form: bool) -> None:
        if self.state in ("unread", "kept"):
            self.runner.run(self.loaded(self.requests[which], form))
        if self.state == "unread":
            self.state = STATE_AFTER["load" if form else "load(form=False)"][COLUMNS[self.content]]

    async def loaded(self, request: Request, form: bool) -> None:
        assert await request.load(form=form) is not None

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "runner"):
            self.runner.close()


MACHINES = (SyncBodyMachine, AsyncBodyMachine)
for machine in MACHINES:
    machine.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
TestSyncBodyMachine = SyncBodyMachine.TestCase
TestAsyncBodyMachine = AsyncBodyMachine.TestCase
