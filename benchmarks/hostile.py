"""Hostile bodies: how long the worst known bodies take, and how soon a body that exceeds a limit is refused.

    python benchmarks/hostile.py [--quick] [--smoke] [--json FILE]

The first table has bodies that are accepted. Each shape is pushed through the decoder in chunks of 64 KiB and of 1 KiB
(GB for each second), and parsed as a whole form, compared with random bytes of the same size (files are stored as in a
request). Each has two sizes; four times the size must take four times as long. The last table has bodies that exceed a
limit by far: milliseconds until the error, and the number of bytes that were read. Every result is checked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from spooling import spool
from timing import arguments, calls, interleave, machine, print_table, write_json

from cardan.core import Limits
from cardan.core.forms import FileEnd, MultipartDecoder, parse_form
from cardan.exceptions import RequestEntityTooLarge

MB = 1_000_000
BOUNDARY = "-" * 29 + "735323031399963166993862150"  # Firefox's kind
#: a boundary made for a search: as long as RFC 2046 allows, and nearly its own beginning all over
WORST = "-" * 40 + "x" + "-" * 28 + "y"
URL = "application/x-www-form-urlencoded"
LIMITS = Limits()

FILE = b'Content-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
FIELD = b'Content-Disposition: form-data; name="a"\r\n\r\n1'


def repeated(block: bytes, size: int) -> bytes:
    return (block * (size // len(block) + 1))[:size]


def noise(size: int) -> bytes:
    from random import Random

    return Random(1).randbytes(size)


def as_file(data: bytes, boundary: str) -> bytes:
    dash = b"--" + boundary.encode()
    return dash + b"\r\n" + FILE + data + b"\r\n" + dash + b"--\r\n"


def around(data: bytes, boundary: str) -> bytes:
    """Half of the data before a form with one empty file, the other half after it."""
    half = len(data) // 2
    return data[:half] + b"\r\n" + as_file(b"", boundary) + data[half:]


Shape = tuple[str, Callable[[int], bytes], Callable[[bytes, str], bytes]]
SHAPES: dict[str, Shape] = {
    "random bytes": (BOUNDARY, noise, as_file),
    "CR, then letters": (BOUNDARY, lambda size: b"\r" + repeated(b"a", size - 1), as_file),
    "CR": (BOUNDARY, lambda size: repeated(b"\r", size), as_file),
    "CRLF": (BOUNDARY, lambda size: repeated(b"\r\n", size), as_file),
    "hyphens": (BOUNDARY, lambda size: repeated(b"-", size), as_file),
    "near boundaries": (BOUNDARY, lambda size: repeated(f"\r\n--{BOUNDARY[:-1]}!".encode(), size), as_file),
    "boundaries within a line": (BOUNDARY, lambda size: repeated(f" --{BOUNDARY}".encode(), size), as_file),
    "made for the boundary": (WORST, lambda size: repeated(f"\r\n--{WORST[:-1]}".encode(), size), as_file),
    "letters around": (BOUNDARY, lambda size: repeated(b"a", size), around),
    "CRLF around": (BOUNDARY, lambda size: repeated(b"\r\n", size), around),
    "hyphens around": (BOUNDARY, lambda size: repeated(b"-", size), around),
    "made for the boundary, around": (WORST, lambda size: repeated(WORST[:-1].encode(), size), around),
}
"""Name -> boundary, data of a size, and where these stand in the body."""


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def push(boundary: str, chunks: list[bytes]) -> None:
    decoder = MultipartDecoder(boundary)
    files = 0
    for chunk in chunks:
        for event in decoder.feed(chunk):
            files += type(event) is FileEnd
    decoder.close()
    assert files == 1


def whole(boundary: str, chunks: list[bytes]) -> None:
    assert spool(f"multipart/form-data; boundary={boundary}", chunks) == 1


class Endless:
    """An endless body that counts the bytes that were read."""

    def __init__(self, first: bytes, chunk: bytes) -> None:
        self.first, self.chunk, self.read = first, chunk, 0

    def __iter__(self) -> Iterator[bytes]:
        self.read = len(self.first)
        yield self.first
        while True:
            self.read += len(self.chunk)
            yield self.chunk


DASH = f"--{BOUNDARY}\r\n".encode()
REFUSED: dict[str, tuple[str, str, bytes, bytes]] = {
    "a million parts": ("max_form_parts", "", DASH + FIELD + b"\r\n", (DASH + FIELD + b"\r\n") * 500),
    "a million files": ("max_files", "", DASH + FILE + b"\r\n", (DASH + FILE + b"\r\n") * 500),
    "a field of 50 MB": ("max_form_memory_size", "", DASH + FIELD, b"x" * 65_536),
    "a header of 50 MB": ("max_part_header_size", "", DASH + b"X: ", b"b" * 65_536),
    "a million headers": ("max_part_header_size", "", DASH + b"X: y", b"\r\nX: y" * 10_000),
    "a million pairs": ("max_form_parts", URL, b"a=b", b"&a=b" * 16_000),
    "a value of 50 MB": ("max_form_memory_size", URL, b"a=", b"x" * 65_536),
    "a value of 50 MB of escapes": ("max_form_memory_size", URL, b"a=", b"%41" * 20_000),
}
"""Name -> the limit, the Content-Type, how the body begins and how it goes on."""


def refuse(limit: str, content_type: str, first: bytes, chunk: bytes) -> int:
    """The number of bytes that were read until the error."""
    body, refused = Endless(first, chunk), None
    try:
        parse_form(content_type or f"multipart/form-data; boundary={BOUNDARY}", body)
    except RequestEntityTooLarge as error:
        refused = error.limit
    assert refused == limit, f"got {refused}, expected {limit}"
    return body.read


def measure_shapes(size: int, rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Seconds for each shape: in large and in small chunks, and as a whole form."""
    bodies = {name: (boundary, place(make(size), boundary)) for name, (boundary, make, place) in SHAPES.items()}
    rows: dict[str, dict[str, float]] = {name: {"bytes": len(body)} for name, (_, body) in bodies.items()}
    for kind, job, chunk in (("push", push, 65_536), ("push, 1 KiB", push, 1024), ("whole", whole, 65_536)):
        turns = {name: calls(partial(job, boundary, cut(body, chunk))) for name, (boundary, body) in bodies.items()}
        for name, time in interleave(turns, rounds=rounds, seconds=seconds).items():
            rows[name][kind] = time
    return rows


def main() -> None:
    options = arguments(__doc__)
    rounds, seconds = (1, 0.0) if options.smoke else (5, 0.01) if options.quick else (9, 0.05)
    sizes = (MB // 4, MB) if options.smoke else (MB, 4 * MB) if options.quick else (4 * MB, 16 * MB)
    print(", ".join(machine().values()))
    few, many = (measure_shapes(size, rounds, seconds) for size in sizes)
    print(f"\nbodies that pass, {sizes[1] // MB or sizes[1] / MB} MB")
    random = many["random bytes"]["whole"]
    table = []
    for name, row in many.items():
        speeds = [f"{row['bytes'] / row[kind] / 1e9:.2f}" for kind in ("push", "push, 1 KiB")]
        growth = row["whole"] / few[name]["whole"] * few[name]["bytes"] / row["bytes"]
        table.append([name, *speeds, f"{row['whole'] * 1e3:.1f}", f"{row['whole'] / random:.2f}", f"{growth:.2f}"])
    head = ["", "push, GB/s", "in 1 KiB", "whole form, ms", "by random bytes", "a byte, by a quarter"]
    print_table(head, table)
    print("\nbodies past a limit")
    times = interleave(
        {name: calls(partial(refuse, *row)) for name, row in REFUSED.items()},
        rounds=rounds,
        seconds=seconds,
    )
    refused = {name: {"seconds": times[name], "bytes": refuse(*row)} for name, row in REFUSED.items()}
    rows = [[name, f"{row['seconds'] * 1e3:.2f}", f"{row['bytes']:,}"] for name, row in refused.items()]
    print_table(["", "ms until refused", "bytes read"], rows)
    write_json(options.json, {"pass": many, "refused": refused})


if __name__ == "__main__":
    main()
