"""Streamed bodies: sync and async generators that run to their end, or until the client disconnects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from .test_basics import ended

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def clean(client: httpx.Client) -> None:
    """Forget what has ended in earlier tests."""
    client.get("/def/ended")


@pytest.mark.parametrize(("name", "noted"), [("chunks", ["body", "hook 1", "hook 2"]), ("achunks", ["abody", "hook"])])
@pytest.mark.parametrize("n", [0, 1, 5])
def test_generators(client: httpx.Client, kind: str, name: str, noted: list[str], n: int) -> None:
    """The chunks of a generator arrive in order. Then it has ended once, and the hooks have run once, in order."""
    response = client.get(f"/{kind}/{name}?n={n}")
    assert response.text == "".join(f"chunk {number}\n" for number in range(n))
    assert "content-length" not in response.headers
    assert ended(client, noted) == noted


@pytest.mark.parametrize(("name", "noted"), [("chunks", ["hook 1", "hook 2"]), ("achunks", ["hook"])])
def test_head_of_a_generator(client: httpx.Client, kind: str, name: str, noted: list[str]) -> None:
    """The generator of a body does not run for HEAD, but the hooks do."""
    response = client.head(f"/{kind}/{name}?n=3")
    assert (response.status_code, response.content) == (200, b"")
    assert ended(client, noted) == noted


def test_events(client: httpx.Client, kind: str) -> None:
    """Events arrive at once. When the client disconnects, the generator's cleanup runs to its end, once."""
    with client.stream("GET", f"/{kind}/events", headers={"Last-Event-ID": "7"}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert next(lines) == "id: 8"
        assert next(lines) == 'data: {"n":8}'
    assert ended(client, ["events"]) == ["events"]


@pytest.mark.parametrize("name", ["chunks", "achunks"])
def test_client_leaves(client: httpx.Client, kind: str, name: str) -> None:
    """If the client disconnects in the middle, the body ends and the hooks run."""
    with client.stream("GET", f"/{kind}/{name}?n=1000000") as response:
        assert next(response.iter_lines()) == "chunk 0"
    noted = ["body", "hook 1", "hook 2"] if name == "chunks" else ["abody", "hook"]
    assert ended(client, noted) == noted


def test_body_breaks_before_the_start(client: httpx.Client, kind: str, transport: str) -> None:
    """A body that fails before its first chunk gives the server's 500, and the hooks run."""
    assert client.get(f"/{kind}/broken?when=before").status_code == 500
    assert ended(client, ["broken closed"]) == ["broken closed"]


def test_body_breaks_after_the_start(
    serve: Callable[..., httpx.Client], client: httpx.Client, kind: str, transport: str
) -> None:
    """If a body fails after its first chunk, the client can see that the answer is incomplete."""
    with pytest.raises((httpx.RemoteProtocolError, RuntimeError)):
        serve().get(f"/{kind}/broken?when=after")
    assert ended(client, ["broken closed"]) == ["broken closed"]


def test_response_reads_the_request(client: httpx.Client, kind: str) -> None:
    """The body of a response may read the body of the request while it is sent."""
    body = b"abc" * 50_000
    assert client.post(f"/{kind}/late", content=iter([body[:1000], body[1000:]])).content == body.upper()
