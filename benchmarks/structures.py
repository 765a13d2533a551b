"""Containers of headers and of several values per key, beside those of Werkzeug and Starlette.

    python benchmarks/structures.py

Prints the best of several runs in nanoseconds; a peer that is not installed is left out. The request is one of ten
headers and four query values. Construction from decoded pairs is what a request pays before the first look-up.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from importlib import import_module
from timeit import repeat
from typing import Any

from cardan.datastructures import EnvironHeaders, Headers, ImmutableMultiDict, ScopeHeaders

RAW = [
    (b"host", b"example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"),
    (b"accept-language", b"de,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"cookie", b"a=b; c=d"),
    (b"connection", b"keep-alive"),
    (b"content-type", b"text/plain"),
    (b"content-length", b"12"),
    (b"cache-control", b"max-age=0"),
]
ENVIRON: dict[str, Any] = {f"HTTP_{name.decode().upper().replace('-', '_')}": value.decode() for name, value in RAW}
PAIRS = [("page", "2"), ("q", "hello"), ("sort", "name"), ("dir", "asc")]
FIELDS = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "12"), ("ETag", '"a"'), ("Vary", "Accept")]

Call = Callable[[], object]


def peer(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def once(call: Call) -> float:
    """Nanoseconds of one call, minus those of an empty call."""
    number = 20_000
    best, empty = (min(repeat(what, number=number, repeat=7)) for what in (call, lambda: None))
    return (best - empty) / number * 1e9


def add(headers: Any) -> object:
    return headers.add("Content-Type", "text/html; charset=utf-8")


def five(headers: Any) -> object:
    return [headers.get(name) for name in ("host", "cookie", "accept", "content-type", "x-none")]


def rows() -> dict[str, dict[str, Call | None]]:
    environ, scope = EnvironHeaders(ENVIRON), ScopeHeaders(RAW)
    args, fields = ImmutableMultiDict(PAIRS), Headers(FIELDS)
    table: dict[str, dict[str, Call | None]] = {
        "empty headers": {"cardan": Headers},
        "add a field to empty headers": {"cardan": lambda: add(Headers())},
        "headers: set one of four": {"cardan": lambda: fields.set("Vary", "Accept")},
        "environ: get": {"cardan": lambda: environ.get("Accept")},
        "environ: as a dict": {"cardan": lambda: dict(environ)},
        "scope: first get": {"cardan": lambda: ScopeHeaders(RAW).get("Accept")},
        "scope: five gets": {"cardan": lambda: five(ScopeHeaders(RAW))},
        "scope: get": {"cardan": lambda: scope.get("accept")},
        "args: from four pairs": {"cardan": lambda: ImmutableMultiDict._from_pairs(PAIRS)},
        "args: item": {"cardan": lambda: args["q"]},
        "args: get": {"cardan": lambda: args.get("q")},
        "args: get, as int": {"cardan": lambda: args.get("page", 1, type=int)},
        "args: getlist": {"cardan": lambda: args.getlist("q")},
    }
    if werkzeug := peer("werkzeug.datastructures"):
        w_environ, w_args = werkzeug.EnvironHeaders(ENVIRON), werkzeug.ImmutableMultiDict(PAIRS)
        w_fields = werkzeug.Headers(FIELDS)
        table["empty headers"]["werkzeug"] = werkzeug.Headers
        table["add a field to empty headers"]["werkzeug"] = lambda: add(werkzeug.Headers())
        table["headers: set one of four"]["werkzeug"] = lambda: w_fields.set("Vary", "Accept")
        table["environ: get"]["werkzeug"] = lambda: w_environ.get("Accept")
        table["environ: as a dict"]["werkzeug"] = lambda: dict(w_environ)
        table["args: from four pairs"]["werkzeug"] = lambda: werkzeug.ImmutableMultiDict(PAIRS)
        table["args: item"]["werkzeug"] = lambda: w_args["q"]
        table["args: get"]["werkzeug"] = lambda: w_args.get("q")
        table["args: get, as int"]["werkzeug"] = lambda: w_args.get("page", 1, type=int)
        table["args: getlist"]["werkzeug"] = lambda: w_args.getlist("q")
    if starlette := peer("starlette.datastructures"):
        s_scope, s_args = starlette.Headers(raw=RAW), starlette.QueryParams(PAIRS)
        table["scope: first get"]["starlette"] = lambda: starlette.Headers(raw=RAW).get("accept")
        table["scope: five gets"]["starlette"] = lambda: five(starlette.Headers(raw=RAW))
        table["scope: get"]["starlette"] = lambda: s_scope.get("accept")
        table["args: from four pairs"]["starlette"] = lambda: starlette.QueryParams(PAIRS)
        table["args: item"]["starlette"] = lambda: s_args["q"]
        table["args: get"]["starlette"] = lambda: s_args.get("q")
        table["args: getlist"]["starlette"] = lambda: s_args.getlist("q")
    return table


def main() -> None:
    argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0]).parse_args()
    names = ("cardan", "werkzeug", "starlette")
    print(f"structures, ns per call, {platform.python_implementation()} {platform.python_version()}")
    print(f"{'':32}" + "".join(f"{name:>12}" for name in names))
    for row, calls in rows().items():
        cells = [calls.get(name) for name in names]
        print(f"{row:32}" + "".join(f"{once(call):12.0f}" if call else f"{'':12}" for call in cells))


if __name__ == "__main__":
    main()
