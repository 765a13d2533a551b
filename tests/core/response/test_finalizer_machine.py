"""The finalizer of a response compared with a plain model, which counts bytes."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cardan.core import Chunk, End, Head, ResponseFinalizer

WITHOUT_BODY = (204, 205, 304)
chunks = st.one_of(
    st.binary(max_size=4),
    st.text("aé€", max_size=3),
    st.binary(max_size=4).map(bytearray),
    st.binary(max_size=4).map(memoryview),
)


class FinalizerMachine(RuleBasedStateMachine):
    """Chunks, wrong chunks and ends in any order."""

    @initialize(
        method=st.sampled_from(["GET", "HEAD", "POST"]),
        status=st.sampled_from([200, 404, 500, *WITHOUT_BODY]),
        declared=st.none() | st.integers(0, 9),
    )
    def begin(self, method: str, status: int, declared: int | None) -> None:
        fields = [("X-A", "b")]
        if declared is not None and status not in WITHOUT_BODY:
            fields.append(("Content-Length", str(declared)))
        self.finalizer = ResponseFinalizer(method, status, fields)
        self.status = status
        self.has_body = method != "HEAD" and status not in WITHOUT_BODY
        self.declared = declared if status not in WITHOUT_BODY else None
        self.given: list[Any] = []
        """All events."""
        self.sent = b""
        """The bytes that may be on the wire."""
        self.state = "head"
        self.has_ended = False

    def attempt(self, call: Any) -> str:
        """Make a call; the name of its error, or an empty text."""
        try:
            self.given += call()
        except Exception as error:
            return type(error).__name__
        return ""

    @rule(chunk=chunks)
    def feed(self, chunk: Any) -> None:
        data = chunk.encode() if isinstance(chunk, str) else bytes(chunk)
        error = self.attempt(lambda: self.finalizer.feed(chunk))
        if self.state.startswith("failed"):
            assert error == self.state.partition(" ")[2]
        elif self.state == "done":
            assert error == "MachineStateError"
        elif self.has_body and self.declared is not None and len(self.sent) + len(data) > self.declared:
            assert error == "ContentLengthError"
            self.state = "failed ContentLengthError"
        else:
            assert error == ""
            self.state = "body"
            self.sent += data if self.has_body else b""

    @rule(wrong=st.sampled_from([None, 5, ["a"], "\ud800"]))
    def feed_something_wrong(self, wrong: Any) -> None:
        error = self.attempt(lambda: self.finalizer.feed(wrong))
        expected = "UnicodeEncodeError" if isinstance(wrong, str) else "TypeError"
        if self.state.startswith("failed"):
            expected = self.state.partition(" ")[2]
        assert error in (expected, "ValueError" if expected == "UnicodeEncodeError" else expected)
        self.state = f"failed {error}"

    @rule()
    def close(self) -> None:
        error = self.attempt(self.finalizer.close)
        if self.state.startswith("failed"):
            assert error == self.state.partition(" ")[2]
        elif self.state != "done" and self.has_body and self.declared is not None and len(self.sent) < self.declared:
            assert error == "ContentLengthError"
            self.state = "failed ContentLengthError"
        else:
            assert error == ""
            self.state = "done"
            self.has_ended = True

    @rule()
    def drop_trailers(self) -> None:
        self.finalizer.drop_trailers()

    @invariant()
    def gives_what_the_model_gives(self) -> None:
        if not hasattr(self, "state"):
            return
        assert self.finalizer.state == self.state.partition(" ")[0]
        heads = [event for event in self.given if type(event) is Head]
        assert [head.status for head in heads] == [self.status] * (len(self.given) > 0)
        if self.given:
            assert type(self.given[0]) is Head
        assert b"".join(event.data for event in self.given if type(event) is Chunk) == self.sent
        assert all(event.data for event in self.given if type(event) is Chunk)
        ends = [at for at, event in enumerate(self.given) if type(event) is End]
        assert ends == ([len(self.given) - 1] if self.has_ended else [])
        complete = self.state == "done" or not self.has_body or self.declared == len(self.sent)
        if not self.state.startswith("failed"):
            assert self.finalizer.has_all is complete


FinalizerMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=12, deadline=None)
TestFinalizerMachine = FinalizerMachine.TestCase
