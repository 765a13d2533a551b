"""Summaries of the results: how far the goals are met, the forms in one table, and the table of the README at the root.

The functions take the results of :mod:`report` for each interpreter, and give Markdown. A ratio is the time of the
fastest other library, divided by cardan's: above 1 cardan is faster, and within 10 % is a tie.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["form_table", "front_table", "goal_table"]

Results = dict[str, dict[str, Any]]
Row = dict[str, float]

OURS = ("raw", "floor", "cardan", "cardan def")
#: parsers that leave files unread or values undecoded do less than the others
UNFINISHED = ("unread", "undecoded")


def _best(row: Row) -> float:
    return min(time for name, time in row.items() if name not in OURS)


def _ahead(row: Row, times: float) -> str:
    """True if cardan is this many times as fast as the fastest other library. 10 % of noise are allowed for a tie."""
    ratio = _best(row) / row["cardan"]
    return f"yes, {ratio:.2f} times" if ratio >= times else f"**no**, {ratio:.2f}"


def _above_floor(row: Row) -> str:
    more = (row["cardan"] - row["floor"]) - (_best(row) - row["floor"])
    return f"yes, {-more:.1f} us less" if more <= 0 else f"**no**, {more:.1f} us more"


def _beside_raw(row: Row, most: float) -> str:
    ratio = row["cardan"] / row["raw"]
    return f"yes, {ratio:.1f}" if ratio <= most else f"**no**, {ratio:.1f}"


GOALS: dict[str, Callable[[str, dict[str, Row]], str]] = {
    "hello: ahead of the best peer": lambda protocol, rows: _ahead(rows["hello"], 1),
    "hello: at most 2.5 (WSGI), 2 times (ASGI) the raw protocol": lambda protocol, rows: _beside_raw(
        rows["hello"], 2.5 if protocol == "wsgi" else 2.0
    ),
    "page: 1.5 times as fast as the best": lambda protocol, rows: _ahead(rows["page"], 1.5),
    "form: ahead of the compiled parser": lambda protocol, rows: _ahead(rows["form"], 1),
    "upload: 1.5 times as fast as the best": lambda protocol, rows: _ahead(rows["upload"], 1.5),
    "json: no more above its floor than the best": lambda protocol, rows: _above_floor(rows["json"]),
}


def _tie(row: Row) -> str:
    return _ahead(row, 0.9)


def _at_most(row: Row, peer: str, times: float) -> str:
    ratio = row["cardan"] / row[peer]
    return f"yes, {ratio:.2f}" if ratio <= times else f"**no**, {ratio:.2f}"


def _event_ratio(rows: dict[str, Row], unit: str) -> str:
    return _at_most({name: row[unit] for name, row in rows.items()}, "starlette", 1.2)


#: goals of other benchmarks: the script, the key of its numbers or "" for the protocol, and the judge of these numbers
MORE_GOALS: dict[str, tuple[str, str, Callable[[str, dict[str, Row]], str]]] = {
    **{
        f"bare classes, {name}: ahead of the best peer's or a tie": (
            "bare",
            "",
            lambda protocol, rows, name=name: _tie(rows[name]),  # type: ignore[misc]
        )
        for name in ("hello", "page", "form", "upload", "json")
    },
    "static file of 27 KB: at most twice WhiteNoise's time (WSGI), ahead of Starlette and Falcon (ASGI)": (
        "static_files",
        "",
        lambda protocol, rows: (
            _at_most(rows["27 KB"], "whitenoise", 2)
            if protocol == "wsgi"
            else _ahead({name: rows["27 KB"][name] for name in ("cardan", "starlette", "falcon")}, 1)
        ),
    ),
    "`def` handler, hello: no slower than the peers'": (
        "def_endpoints",
        "asgi",
        lambda protocol, rows: _tie(rows["hello"]),
    ),
    "an event: at most 1.2 times Starlette's processor time": (
        "events",
        "events",
        lambda protocol, rows: _event_ratio(rows, "us per event"),
    ),
    "a client that listens: at most 1.2 times Starlette's memory": (
        "events",
        "events",
        lambda protocol, rows: _event_ratio(rows, "KiB per client"),
    ),
}


def _judge_more(result: dict[str, Any], protocol: str, goal: str) -> str:
    """How far a goal of :data:`MORE_GOALS` is met; empty if it was not measured, or not on this protocol."""
    script, key, judge = MORE_GOALS[goal]
    numbers = result.get(script, {}).get("numbers", {})
    if script in ("def_endpoints", "events") and protocol == "wsgi":
        return ""
    rows = numbers.get(key or protocol)
    try:
        return judge(protocol, rows) if rows else ""
    except KeyError:  # a peer that was not installed
        return ""


def goal_table(kept: Results) -> str:
    """A table with a row for each goal, and a column for each protocol and interpreter."""
    numbers = {
        python: result["request_response"]["numbers"]
        for python, result in sorted(kept.items())
        if "request_response" in result
    }
    columns = [(protocol, python) for protocol in ("wsgi", "asgi") for python in numbers]
    head = ["goal", *(f"{protocol.upper()}, {python}" for protocol, python in columns)]
    lines = [[goal, *(judge(p, numbers[python][p]) for p, python in columns)] for goal, judge in GOALS.items()]
    opening = [
        f"{'yes' if (t := numbers[python]['opening'][p]) <= 0.5 else '**no**'}, {t:.2f}" for p, python in columns
    ]
    lines.append(["`Request(...)`: at most 0.5 us beyond an empty class", *opening])
    lines += [[goal, *(_judge_more(kept[python], p, goal) for p, python in columns)] for goal in MORE_GOALS]
    return _markdown(head, lines)


def form_table(kept: Results) -> str:
    """A row for each body: cardan's time, the best other time, the ratio, and the same for ``multipart``."""
    rows = {python: result["forms"]["numbers"]["rows"] for python, result in sorted(kept.items()) if "forms" in result}
    head = ["row"]
    for python in rows:
        head += [f"cardan, {python}", "best peer", "ratio", "`multipart` by cardan"]
    lines = []
    for title in next(iter(rows.values())):
        line = [title]
        for found in rows.values():
            size, seconds = found[title]["bytes"], found[title]["seconds"]
            ours = seconds[next(name for name in seconds if name.startswith("cardan"))]  # that of the peers' kind
            peers = {name: time for name, time in seconds.items() if not name.startswith("cardan")}
            peers = {name: time for name, time in peers.items() if not any(word in name for word in UNFINISHED)}
            best = min(peers, key=peers.__getitem__)
            other = f"{seconds['multipart'] / ours:.1f}" if "multipart" in seconds else ""
            line += [_amount(ours, size), f"{best}: {_amount(peers[best], size)}", f"{peers[best] / ours:.2f}", other]
        lines.append(line)
    return _markdown(head, lines)


def _amount(seconds: float, size: int) -> str:
    return f"{seconds * 1e6:.1f} us" if size < 200_000 else f"{size / seconds / 1e6:,.0f} MB/s"


def _markdown(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


#: the interpreter and the libraries in the README at the root
FRONT = "3.11"
FRONT_PEERS = {"wsgi": ("cardan", "werkzeug", "falcon"), "asgi": ("cardan", "starlette", "falcon")}


def front_table(results: Results) -> str:
    """The table of the README at the root: microseconds for one request, on one interpreter."""
    found = results[FRONT]["request_response"]
    numbers = found["numbers"]
    titles = [f"{peer}, {protocol.upper()}" for protocol, peers in FRONT_PEERS.items() for peer in peers]
    lines = [f"| | {' | '.join(titles)} |", f"|---|{'---|' * len(titles)}"]
    for row in numbers["wsgi"]:
        times = [f"{numbers[protocol][row][peer]:.1f}" for protocol, peers in FRONT_PEERS.items() for peer in peers]
        lines.append(f"| {row} | {' | '.join(times)} |")
    return "\n".join([*lines, "", f"({', '.join(found['text'].partition(chr(10))[0].split(', '))})"])
