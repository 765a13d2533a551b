"""Copies of responses: pickle, copy, deepcopy, force_type."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from cardan.core import BaseResponse, Response
from cardan.core._response.outgoing import closers_of


def test_pickle_after_freeze() -> None:
    """Picklable after freeze(), close hooks stay behind."""
    response = Response(iter(["a", "b"]), 201, {"X-A": "1"})
    response.call_on_close(lambda: None)
    response.set_cookie("a", "1")
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        twin = pickle.loads(pickle.dumps(response.freeze(), protocol))
        assert type(twin) is Response
        assert twin.outgoing("GET") == response.outgoing("GET")
        assert (twin.status, closers_of(twin)) == ("201 Created", [])


@pytest.mark.parametrize("how", [pickle.dumps, copy.deepcopy])
def test_a_stream_cannot_be_pickled(how: Any) -> None:
    """The error for copying or pickling a streamed body says to call ``freeze()`` first."""
    with pytest.raises(TypeError, match=r"got a streamed body, expected a buffered one to \w+: call freeze\(\) first"):
        how(Response(iter("a")))


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_copies_are_independent(how: Any) -> None:
    """Header fields, hooks and status of a copy are its own; a deep copy's body too."""
    response = Response(["a"], headers={"X-A": "1"})
    response.call_on_close(lambda: None)
    twin = how(response)
    twin.headers["X-A"] = "2"
    twin.status_code = 404
    twin.call_on_close(lambda: None)
    assert (response.headers["X-A"], response.status_code, len(closers_of(response))) == ("1", 200, 1)
    if how is copy.deepcopy:
        twin.response.append(b"b")
        assert response.data == b"a"


def test_stream_of_a_copy() -> None:
    """The copy's stream writes to the copy."""
    response = Response("a")
    response.stream.write("b")
    twin = copy.deepcopy(response)
    twin.stream.write("c")
    assert (response.data, twin.data) == (b"ab", b"abc")


def test_force_type() -> None:
    """Row force_type: an object of the class; the other keeps its class, and shares what it has."""

    class Mine(Response):
        pass

    response = BaseResponse("x", 404)
    forced = Mine.force_type(response)
    assert (type(forced), type(response), forced.status_code) == (Mine, BaseResponse, 404)
    forced.headers["X-A"] = "1"
    assert response.headers["X-A"] == "1"
    assert Mine.force_type(forced) is forced
    with pytest.raises(TypeError, match="got str, expected a response"):
        Mine.force_type("x")


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda response: pickle.loads(pickle.dumps(response))])
def test_what_was_made_by_reading_is_not_shared(how: Any) -> None:
    """Each response has its own file, header fields and trailer fields, although those of the first were used before.
    The file writes to the body of its own response; only a shallow copy shares the list of a body.
    """
    response = Response("a")
    response.stream.write("b")
    response.headers["X"] = "1"
    response.trailers["X-Sum"] = "1"
    twin = how(response)
    twin.stream.write("c")
    twin.headers["X"] = "2"
    twin.trailers["X-Sum"] = "2"
    assert twin.stream.response is twin
    assert response.data == (b"abc" if how is copy.copy else b"ab")
    assert (response.headers["X"], dict(response.trailers)) == ("1", {"X-Sum": "1"})
    assert (twin.data, twin.headers["X"], dict(twin.trailers)) == (b"abc", "2", {"X-Sum": "2"})
