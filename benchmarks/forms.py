"""Forms, compared with all other parsers of forms for Python that can be installed, compiled ones included.

    python benchmarks/forms.py [--quick] [--smoke] [--json FILE]

The parsers take turns in one process, and the medians are compared. Small forms are shown in microseconds for each
form, large ones in MB for each second. The last column is the time of each parser, divided by cardan's: above 1
cardan is faster, and within 10 % it is a tie. A parser that does not find all fields and files of a body is not in the
row. The rows "push" take bytes and give events. The rows "whole form" store files as each library does by default:
cardan's core in memory (in rows marked "spooled" on disk, as for a request), and Falcon not at all.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent))
os.environ.pop("RUST_BACKTRACE", None)  # it makes a Rust parser's errors ten times slower: not fair

from _form_peers import BOUNDARY, PUSH, URLENCODED, WHOLE, Parse
from timing import arguments, calls, interleave, machine, print_table, versions, write_json

PACKAGES = (
    "multipart", "python-multipart", "werkzeug", "streaming-form-data", "baize", "emmett-core", "starlette", "django",
    "falcon",
)  # fmt: skip
MB = 1_000_000
SLOW = 1.5
"""Seconds a form after which a parser is left out of a row, and said to be."""


def fields(count: int, size: int, name: str = "field%d") -> bytes:
    """A form of text fields, without its end."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=".encode()
    rand = random.Random(1)
    value = bytes(rand.choices(b"abcdefghijklmnopqrstuvwxyz ", k=size))
    return b"".join([head + b'"%b"\r\n\r\n%b\r\n' % ((name % index).encode(), value) for index in range(count)])


def end(body: bytes) -> bytes:
    """The closing boundary."""
    return body + f"--{BOUNDARY}--\r\n".encode()


def file(data: bytes, name: str = "field9") -> bytes:
    """A part with a file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.bin"\r\n'
    return head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n"


def cut(body: bytes, size: int = 65_536) -> list[bytes]:
    """The body in chunks."""
    return [body[start : start + size] for start in range(0, len(body), size)]


def printable(size: int) -> bytes:
    """Random text without line ends."""
    block = bytes(random.Random(2).choices(b"abcdefghijklmnopqrstuvwxyz0123456789", k=99_991))
    return (block * (size // len(block) + 1))[:size]


def noise(size: int) -> bytes:
    """Random bytes."""
    return random.Random(3).randbytes(size)


def hostile(size: int) -> bytes:
    """Lines that are almost the boundary: the worst known input for a search."""
    line = f"\r\n--{BOUNDARY[:-1]}!".encode()
    return (line * (size // len(line) + 1))[:size]


UPLOAD = end(fields(3, 20) + file(noise(10_240)))
ESCAPES = b"&".join([b"name%d=%s" % (index, b"%D0%BF%D1%80%D0%B8 " * 2) for index in range(23_000)]).replace(b" ", b"+")
TYPICAL = b"&".join([b"field%d=some+value+%%28%d%%29%%21" % (index, index) for index in range(10)])

Case = tuple[str, dict[str, Parse], list[bytes], int]


def cases(big: int) -> list[Case]:
    """For each case: its name, the parsers, the chunks, and the number of fields and files."""
    upload, text = end(file(noise(big))), end(file(printable(big)))
    junk = printable(5 * MB)
    return [
        ("push, 2 small fields", PUSH, cut(end(fields(2, 20))), 2),
        ("push, 10 small fields", PUSH, cut(end(fields(10, 20))), 10),
        ("push, 100 small fields", PUSH, cut(end(fields(100, 60))), 100),
        ("push, 100 small fields, 1400 bytes a chunk", PUSH, cut(end(fields(100, 60)), 1400), 100),
        ("push, 900 distinct fields", PUSH, cut(end(fields(900, 30, "name-of-%d"))), 900),
        ("push, random file, 64 KiB a chunk", PUSH, cut(upload), 1),
        ("push, random file, 1 MiB a chunk", PUSH, cut(upload, 1 << 20), 1),
        ("push, text file, 64 KiB a chunk", PUSH, cut(text), 1),
        ("push, 1 MB of CRLF", PUSH, cut(end(file(b"\r\n" * 500_000))), 1),
        ("push, 1 MB of near boundaries", PUSH, cut(end(file(hostile(MB)))), 1),
        ("push, 10 MB of junk around", PUSH, cut(junk + b"\r\n" + end(fields(2, 20)) + b"\r\n" + junk), 2),
        ("whole form, 2 small fields", WHOLE, cut(end(fields(2, 20))), 2),
        ("whole form, 100 small fields", WHOLE, cut(end(fields(100, 60))), 100),
        ("whole form, 3 fields and 10 KB", WHOLE, cut(UPLOAD), 4),
        ("whole form, large file", WHOLE, cut(upload), 1),
        ("urlencoded, 2 fields", URLENCODED, [b"user=some.one%40example.org&password=correct+horse"], 2),
        ("urlencoded, 10 fields", URLENCODED, [TYPICAL], 10),
        ("urlencoded, 100 fields", URLENCODED, [b"&".join([TYPICAL] * 10)], 100),
        ("urlencoded, 1 MB of escapes", URLENCODED, cut(ESCAPES), 23_000),
        ("urlencoded, 1 MB in one field", URLENCODED, cut(b"a=" + b"%7B%22key%22%3A+1%7D" * 50_000), 1),
    ]  # fmt: skip


def contestants(parsers: dict[str, Parse], chunks: list[bytes], count: int) -> dict[str, Callable[[], object]]:
    """The parsers that find all fields and files. cardan must be among them."""
    found = {}
    spooled = sum(map(len, chunks)) > 8_000_000
    for name, parse in parsers.items():
        if name.startswith("cardan") and parsers is WHOLE and (name == "cardan (spooled)") != spooled:
            continue
        start = perf_counter()
        try:
            right = parse(chunks) == count
        except Exception:
            if name.startswith("cardan"):
                raise
            right = False
        if right and perf_counter() - start > SLOW:
            print(f"({name} takes {perf_counter() - start:.1f} s: it would hold up the others)")
        elif right:
            found[name] = lambda parse=parse: parse(chunks)
        elif name.startswith("cardan"):
            raise AssertionError(f"{name} got {parse(chunks)}, expected {count}")
    return found


def main() -> None:
    options = arguments(__doc__)
    big = 2 * MB * 4 + 999 if options.quick or options.smoke else 32 * MB
    rounds, seconds = (1, 0.0) if options.smoke else (7, 0.005) if options.quick else (15, 0.02)
    results = {}
    info = machine()
    print(f"{info['date']}, {info['python']}, {info['machine']}")
    for title, parsers, chunks, count in cases(big):
        size = sum(map(len, chunks))
        runners = contestants(parsers, chunks, count)
        times = interleave({name: calls(run) for name, run in runners.items()}, rounds=rounds, seconds=seconds)
        ours = times[next(name for name in times if name.startswith("cardan"))]  # that of the peers' kind
        results[title] = {"bytes": size, "seconds": times}
        rows = [
            [name, f"{time * 1e6:.1f} us", f"{size / time / MB:.0f} MB/s", f"{time / ours:.2f}"]
            for name, time in sorted(times.items(), key=lambda item: item[1])
        ]
        print()
        print_table([f"{title} ({size:,} bytes)", "a form", "", "by cardan"], rows)
    write_json(options.json, {"versions": versions(PACKAGES), "rows": results})


if __name__ == "__main__":
    main()
