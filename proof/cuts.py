"""Cuts: ``python -m proof.cuts [--chunkings 100000]``. Bodies of forms, cut into chunks at random places.

A chunking is one way to cut a body into chunks. Each body is first read in one piece, by a WSGI request. Every chunking
must give the same form, or the same error: on WSGI, on ASGI with asyncio, and on ASGI with trio. The exit status is 1
if one differs.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
from collections import Counter
from typing import Any, NamedTuple

import anyio

from cardan import Request
from tests.contract.form_requests import on_asgi, on_wsgi
from tests.corpora import ROOT

from .cuts_bodies import Sent, all_bodies
from .record import record

__all__ = ["Difference", "compare"]

LOOPS = ("asyncio", "trio")
AT_ONCE = 2000
"""How many chunkings one run of an event loop takes."""


class OnDisk(Request):
    """Files go to the disk at once."""

    max_file_memory = 3


CLASSES = (Request, OnDisk)


class Difference(NamedTuple):
    """A chunking that gave something else than the whole body."""

    place: str
    sent: Sent
    sizes: list[int]
    expected: Any
    found: Any


class Chunks(io.RawIOBase):
    """A ``wsgi.input`` that gives one chunk for each read."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = [*chunks]

    def read(self, size: int | None = -1, /) -> bytes:
        """The next chunk, or as much of it as is asked for."""
        while self.chunks:
            chunk = self.chunks[0]
            if size is None or size < 0 or len(chunk) <= size:
                del self.chunks[0]
            else:
                chunk, self.chunks[0] = chunk[:size], chunk[size:]
            if chunk:
                return chunk
        return b""


def chunked(body: bytes, rand: random.Random) -> list[bytes]:
    """``body`` in chunks: a few large ones or many small ones, some of them empty."""
    most = max(1, min(len(body), rand.choice([1, 2, 3, 5, 10, 60, 300])))
    marks = sorted(rand.choices(range(len(body) + 1), k=rand.randrange(most + 1)))
    return [body[start:stop] for start, stop in zip([0, *marks], [*marks, len(body)], strict=True)]


def compare(bodies: list[Sent], chunkings: int, seed: int = 1) -> tuple[Counter[str], list[Difference]]:
    """How many of ``chunkings`` were tried at each place, and those whose form differs from that of the whole body."""
    rand = random.Random(seed)
    tried: Counter[str] = Counter()
    found: list[Difference] = []
    whole: dict[tuple[int, type[Request]], Any] = {}

    def jobs() -> Any:
        for number in range(chunkings):
            at = number % len(bodies)
            sent, cls = bodies[at], CLASSES[rand.random() < 0.3]
            if (at, cls) not in whole:
                whole[at, cls] = on_wsgi(cls, sent.content_type, sent.body, Chunks([sent.body]), declared=True)
            yield sent, cls, chunked(sent.body, rand), rand.random() < 0.5, whole[at, cls]

    def judge(place: str, sent: Sent, chunks: list[bytes], expected: Any, got: Any) -> None:
        tried[place] += 1
        if got != expected:
            found.append(Difference(place, sent, [len(chunk) for chunk in chunks], expected, got))

    async def on_loop(place: str, batch: list[Any]) -> None:
        for sent, cls, chunks, declared, expected in batch:
            judge(
                place,
                sent,
                chunks,
                expected,
                await on_asgi(cls, sent.content_type, sent.body, chunks, declared=declared),
            )

    batch: list[Any] = []

    def flush() -> None:
        for place in LOOPS:
            anyio.run(on_loop, place, batch, backend=place)
        batch.clear()

    for job in jobs():
        sent, cls, chunks, declared, expected = job
        judge(
            "WSGI",
            sent,
            chunks,
            expected,
            on_wsgi(cls, sent.content_type, sent.body, Chunks(chunks), declared=declared),
        )
        batch.append(job)
        if len(batch) >= AT_ONCE:
            flush()
    flush()
    return tried, found


def main() -> int:
    """Try the chunkings, and write their number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunkings", type=int, default=100_000, help="how many in all (default: %(default)s)")
    parser.add_argument("--generated", type=int, default=5000, help="how many bodies are made (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another one gives other chunkings")
    options = parser.parse_args()
    bodies = all_bodies(options.generated)
    kinds = Counter(sent.origin for sent in bodies)
    print("bodies:", ", ".join(f"{count} of {origin}" for origin, count in kinds.items()))
    if kinds.keys() <= {"odd forms", "generated"}:
        print(f"no bodies of other projects: there is no folder {ROOT} (CARDAN_CORPORA names it)")
    print(f"{options.chunkings:,} chunkings, each of them on WSGI, asyncio and trio", flush=True)
    tried, found = compare(bodies, options.chunkings, options.seed)
    for one in found[:20]:
        print(f"{one.place}: {one.sent}\n  sizes {one.sizes[:40]}\n  expected {one.expected}\n  got      {one.found}")
    print(f"{dict(tried)}: {len(found)} chunkings give another form")
    rows: list[dict[str, object]] = [
        {"what": f"{len(bodies)} bodies on {place}", "trials": count,
         "differences": sum(one.place == place for one in found)}
        for place, count in tried.items()
    ]  # fmt: skip
    if options.chunkings >= 100_000:
        record("cuts", f"python -m proof.cuts --chunkings {options.chunkings}", rows)
    else:
        print("not written: fewer than 100,000 chunkings")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
