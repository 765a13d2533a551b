"""Limits: ``python -m proof.limits``. Bodies that need one less than a limit, exactly the limit, and one more.

Each body is read in every way of ``tests/contract/limit_apps.py``, by ``def`` and ``async def`` handlers, on WSGI,
asyncio and trio, with a declared length and without. The limit is one that the program sets, or the default. A body
that exceeds it is answered with a 413 that names the limit. The bytes that are read before the 413 are counted: at most
one piece more than the body needs is allowed. A body that ends too early is answered with a 400 that says why, wherever
it ends. The exit status is 1 if one of these rules is broken.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import anyio.lowlevel

from cardan import Limits
from cardan.testing import RequestBuilder
from tests.contract.limit_apps import ASYNC_WAYS, WAYS, app

from .record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["PLACES", "Wrong", "at_the_limits", "truncated"]

PLACES = ("wsgi", "asyncio", "trio")
RAW = "text/plain"
JSON = "application/json"
URL = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
END = b"--B--\r\n"
FIELD = b'\r\nContent-Disposition: form-data; name="a"'
FILE = FIELD + b'; filename="x"'
PIECE = 1000
"""How many bytes come at once of a small body."""

BYTES = "get_data uncached data text stream iter_data iter_data_500"
KEPT = "get_data uncached data text"
PAIRS = "form values data"
PARTS = "form files data iter_parts skip_parts part_data"


def field(value: bytes, head: bytes = FIELD) -> bytes:
    """A part with this value."""
    return b"--B" + head + b"\r\n\r\n" + value + b"\r\n"


def padded(size: int, head: bytes = FIELD) -> bytes:
    """The head of a part, of ``size`` bytes."""
    return head + b"\r\nX: " + b"y" * (size - len(head) - 5)


def total(size: int) -> list[bytes]:
    """Values, none of them large, whose names and values have ``size`` bytes together; each name has one."""
    step = min(400_000, max(1, size // 3))
    sizes = [step] * (size // step)
    if size % step > 1:
        sizes.append(size % step)
    else:
        sizes[-1] += size % step
    return [b"x" * (each - 1) for each in sizes]


class Case(NamedTuple):
    """A limit, a Content-Type, the ways that it applies to, and a body that needs exactly ``n`` of it."""

    limit: str
    content_type: str
    ways: str
    body: Callable[[int], bytes]
    own: int
    """The limit that the program sets, a small one."""


CASES = [
    Case("max_content_length", RAW, BYTES, lambda n: b"x" * n, 300),
    Case("max_content_length", JSON, "json", lambda n: b'"' + b"x" * (n - 2) + b'"', 300),
    Case("max_content_length", URL, PAIRS, lambda n: b"a=" + b"x" * (n - 2), 300),
    Case("max_content_length", MULTIPART, PARTS, lambda n: field(b"x" * (n - len(field(b"") + END))) + END, 300),
    Case("max_data_memory", RAW, KEPT, lambda n: b"x" * n, 300),
    Case("max_data_memory", JSON, "json", lambda n: b'"' + b"x" * (n - 2) + b'"', 300),
    Case("max_data_memory", MULTIPART, "iter_parts", lambda n: field(b"x" * n, FILE) + END, 300),
    Case("max_form_memory_size", URL, PAIRS, lambda n: b"a=" + b"x" * n, 300),
    Case("max_form_memory_size", MULTIPART, PARTS, lambda n: field(b"x" * n) + END, 300),
    Case("max_form_memory_total", URL, PAIRS, lambda n: b"&".join(b"a=" + v for v in total(n)), 300),
    Case("max_form_memory_total", MULTIPART, PARTS, lambda n: b"".join(map(field, total(n))) + END, 300),
    Case("max_form_parts", URL, PAIRS, lambda n: b"&".join([b"a=1"] * n), 7),
    Case("max_form_parts", MULTIPART, PARTS, lambda n: field(b"1") * n + END, 7),
    Case("max_files", MULTIPART, PARTS, lambda n: field(b"1", FILE) * n + END, 7),
    Case("max_file_size", MULTIPART, PARTS, lambda n: field(b"x" * n, FILE) + END, 300),
    Case("max_part_header_size", MULTIPART, PARTS, lambda n: field(b"1", padded(n)) + END, 300),
    Case("max_part_headers", MULTIPART, PARTS, lambda n: field(b"1", FIELD + b"\r\nX: y" * (n - 1)) + END, 4),
]


class Wrong(NamedTuple):
    """A request whose answer breaks a rule."""

    place: str
    path: str
    what: str


class Answer(NamedTuple):
    """The answer, and how many bytes of the body were asked for before it began."""

    status: int
    text: str
    taken: int


def piece_of(body: bytes) -> int:
    """How many bytes come at once: a large body comes in some hundred pieces."""
    return PIECE if len(body) < 300_000 else len(body) // 300


class Source:
    """A ``wsgi.input`` that gives a piece for each read, and counts the bytes."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.piece = piece_of(body)
        self.at = 0

    def read(self, size: int = -1) -> bytes:
        """At most one piece."""
        size = min(size, self.piece) if size >= 0 else self.piece
        data = self.body[self.at : self.at + size]
        self.at += len(data)
        return data


def on_wsgi(path: str, query: str, kind: str, body: bytes, declared: int | None) -> Answer:
    """The answer of a WSGI application."""
    source = Source(body)
    environ = RequestBuilder(path, method="POST", query_string=query).environ()
    environ.pop("CONTENT_LENGTH", None)
    environ |= {"wsgi.input": source, "CONTENT_TYPE": kind}
    if declared is None:
        environ |= {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    else:
        environ["CONTENT_LENGTH"] = str(declared)
    heads: list[tuple[int, int]] = []
    chunks = app.wsgi_app(environ, lambda status, headers, exc_info=None: heads.append((int(status[:3]), source.at)))
    try:
        text = b"".join(chunks).decode()
    finally:
        getattr(chunks, "close", int)()
    return Answer(heads[0][0], text, heads[0][1])


async def on_asgi(path: str, query: str, kind: str, body: bytes, declared: int | None, ends: bool = True) -> Answer:
    """The answer of an ASGI application. If the body does not end, the client leaves."""
    scope = dict(RequestBuilder(path, method="POST", query_string=query).scope())
    framing = (b"transfer-encoding", b"chunked") if declared is None else (b"content-length", b"%d" % declared)
    scope["headers"] = [(b"content-type", kind.encode()), framing]
    taken, status, before, text = 0, 0, 0, b""
    over = anyio.Event()
    piece = piece_of(body)

    async def receive() -> Any:
        nonlocal taken
        if taken < len(body) or (ends and not body):
            data = body[taken : taken + piece]
            taken += len(data)
            return {"type": "http.request", "body": data, "more_body": not ends or taken < len(body)}
        if ends:
            await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status, before, text
        if message["type"] == "http.response.start":
            status, before = message["status"], taken
        else:
            text += message.get("body", b"")
            if not message.get("more_body"):
                over.set()

    with anyio.fail_after(60):
        await app.asgi_app(scope, receive, send)
    return Answer(status, text.decode(), before)


def paths(ways: str) -> Iterator[str]:
    """The paths of some ways, sync and async."""
    for way in ways.split():
        for handler, known in (("def", WAYS), ("async", ASYNC_WAYS)):
            if way in known:
                yield f"/{handler}/{way}"


def at_the_limits(
    place: str, cases: list[Case], *, own: bool = True, defaults: bool = True
) -> tuple[Counter[str], list[Wrong]]:
    """The number of requests by their kind, and the requests whose answer breaks a rule."""
    tried: Counter[str] = Counter()
    wrong: list[Wrong] = []

    async def one(case: Case, path: str, allowed: int, *, own: bool) -> None:
        for size in (allowed - 1, allowed, allowed + 1):
            body = case.body(size)
            query = f"{case.limit}={allowed}" if own else ""
            for declared in (len(body), None):
                tried["own limits" if own else "default limits"] += 1
                arguments = path, query, case.content_type, body, declared
                answer = on_wsgi(*arguments) if place == "wsgi" else await on_asgi(*arguments)
                fits = size <= allowed
                refused = answer.status == 413 and case.limit in answer.text
                if (answer.status == 200) != fits or refused == fits:
                    wrong.append(Wrong(place, path, f"{case.limit} {allowed}, size {size}, {declared}: {answer}"[:300]))
        if own:
            tried["refusals that read no further"] += 1
            body = case.body(allowed + 1).removesuffix(END)
            more = body + b"x" * 100_000
            arguments = path, query, case.content_type, more, None
            answer = on_wsgi(*arguments) if place == "wsgi" else await on_asgi(*arguments)
            if answer.status != 413 or answer.taken > len(body) + PIECE:
                wrong.append(Wrong(place, path, f"{case.limit} {allowed}: read {answer.taken}, expected {len(body)}"))

    async def every() -> None:
        for case in cases:
            for path in paths(case.ways):
                if own:
                    await one(case, path, case.own, own=True)
                default = getattr(Limits(), case.limit)
                if defaults and default is not None:
                    await one(case, path, default, own=False)

    anyio.run(every, backend="trio" if place == "trio" else "asyncio")
    return tried, wrong


BROKEN = [
    (RAW, BYTES, b"0123456789" * 3),
    (JSON, "json", b'{"a": [1, 2, "three"]}'),
    (URL, PAIRS, b"a=1&b=%41%42&c=%C3%A9"),
    (MULTIPART, PARTS, field(b"1") + field(b"some data", FILE) + END),
]


def truncated(place: str, step: int = 1) -> tuple[int, list[Wrong]]:
    """The number of bodies that end too early, and those that are not answered by a 400 that says so."""
    tried = 0
    wrong: list[Wrong] = []

    async def every() -> None:
        nonlocal tried
        for kind, ways, body in BROKEN:
            end = len(body) - 2 if kind == MULTIPART else len(body)  # the CRLF after the last boundary is not needed
            for path in paths(ways):
                for offset in range(0, end, step):
                    for declared in (len(body), None):
                        reason, part = "the client disconnected", body[:offset]
                        if place == "wsgi" and declared is None:
                            if kind != MULTIPART or not part:
                                continue  # a server ends a chunked body that breaks off by an error
                            reason = "expected the closing boundary"
                        tried += 1
                        if place == "wsgi":
                            answer = on_wsgi(path, "", kind, part, declared)
                        else:
                            answer = await on_asgi(path, "", kind, part, declared, ends=False)
                        if answer.status != 400 or reason not in answer.text:
                            wrong.append(Wrong(place, path, f"{kind} cut at {offset}, {declared}: {answer}"))

    anyio.run(every, backend="trio" if place == "trio" else "asyncio")
    return tried, wrong


def at(place: str) -> tuple[str, Counter[str], list[Wrong], int, list[Wrong]]:
    """All limits and all offsets at one place."""
    tried, wrong = at_the_limits(place, CASES)
    return place, tried, wrong, *truncated(place)


def main() -> int:
    """Try all limits and all offsets, each place in a process of its own, and write how many there were."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows: list[dict[str, object]] = []
    failed = False
    print(f"{', '.join(PLACES)}, all at the same time: this takes some minutes", flush=True)
    with multiprocessing.get_context("spawn").Pool(len(PLACES)) as pool:
        for place, tried, wrong, cut, unrefused in pool.imap(at, PLACES):
            for one in [*wrong, *unrefused][:40]:
                print(*one)
            failed = failed or bool(wrong or unrefused)
            print(
                f"{place}: {dict(tried)}, {len(wrong)} wrong; {cut} bodies cut off, {len(unrefused)} wrong", flush=True
            )
            rows.append({"what": f"limits on {place}", "trials": sum(tried.values()), "differences": len(wrong)})
            rows.append({"what": f"bodies that end too early on {place}", "trials": cut, "differences": len(unrefused)})
    record("limits", "python -m proof.limits", rows)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
