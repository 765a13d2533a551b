"""Bodies that stream: out of generators, sync and async, to the end, or until the client leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from .test_basics import ended

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def clean(client: httpx.Client) -> None:
    """Forget what ended in earlier tests."""
    client.get("/def/ended")


@pytest.mark.parametrize(("name", "noted"), [("chunks", ["body", "hook 1", "hook 2"]), ("achunks", ["abody", "hook"])])
@pytest.mark.parametrize("n", [0, 1, 5])
def test_generators(client: httpx.Client, kind: str, name: str, noted: list[str], n: int) -> None:
    """A generator's chunks arrive in order; then it has ended once, and the hooks ran once, in order."""
    response = client.get(f"/{kind}/{name}?n={n}")
    assert response.text == "".join(f"chunk {number}\n" for number in range(n))
    assert "content-length" not in response.headers
    assert ended(client, noted) == noted


@pytest.mark.parametrize(("name", "noted"), [("chunks", ["hook 1", "hook 2"]), ("achunks", ["hook"])])
def test_head_of_a_generator(client: httpx.Client, kind: str, name: str, noted: list[str]) -> None:
    """HEAD does not run the body, but closes it and runs the hooks."""
    response = client.head(f"/{kind}/{name}?n=3")
    assert (response.status_code, response.content) == (200, b"")
    assert ended(client, noted) == noted


def test_events(client: httpx.Client, kind: str) -> None:
    """Events arrive as they happen; when the client leaves, the generator's cleanup runs to its end, once."""
    with client.stream("GET", f"/{kind}/events", headers={"Last-Event-ID": "7"}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert next(lines) == "id: 8"
        assert next(lines) == 'data: {"n":8}'
    assert ended(client, ["events"]) == ["events"]


@pytest.mark.parametrize("name", ["chunks", "achunks"])
def test_client_leaves(client: httpx.Client, kind: str, name: str) -> None:
    """A client that leaves in the middle ends the body and runs the hooks."""
    with client.stream("GET", f"/{kind}/{name}?n=1000000") as response:
        assert next(response.iter_lines()) == "chunk 0"
    noted = ["body", "hook 1", "hook 2"] if name == "chunks" else ["abody", "hook"]
    assert ended(client, noted) == noted


def test_body_breaks_before_the_start(client: httpx.Client, kind: str, transport: str) -> None:
    """A body that fails before its first chunk is the server's 500; hooks run."""
    assert client.get(f"/{kind}/broken?when=before").status_code == 500
    assert ended(client, ["broken closed"]) == ["broken closed"]


def test_body_breaks_after_the_start(
    serve: Callable[..., httpx.Client], client: httpx.Client, kind: str, transport: str
) -> None:
    """A body that fails after its first chunk ends the connection: the client sees that it is not complete."""
    with pytest.raises((httpx.RemoteProtocolError, RuntimeError)):
        serve().get(f"/{kind}/broken?when=after")
    assert ended(client, ["broken closed"]) == ["broken closed"]


def test_response_reads_the_request(client: httpx.Client, kind: str) -> None:
    """A response's body may read the request's body while it is sent."""
    body = b"abc" * 50_000
    assert client.post(f"/{kind}/late", content=iter([body[:1000], body[1000:]])).content == body.upper()
