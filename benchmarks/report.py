"""Runs all benchmarks, and writes the tables and plots of README.md. ``make bench`` runs it.

    python benchmarks/report.py [--quick] [--only request_response,scaling] [--name 3.11-debian]

The results of each interpreter are kept in ``results/``, so that README.md shows several of them. They are stored under
the version of the interpreter, or under ``--name``, because two builds of one version differ in speed. Only the text
between two marks in README.md is replaced, and that between two marks in the README.md at the root.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from goals import form_table, front_table, goal_table

HERE = Path(__file__).parent
RESULTS, README, FRONT_PAGE = HERE / "results", HERE / "README.md", HERE.parent / "README.md"
MARKS = "<!-- {}: written by report.py -->", "<!-- end of {} -->"
SCRIPTS = {
    "request_response": "Request and response",
    "bare": "Bare classes",
    "static_files": "Static files",
    "wrappers": "Compression and CORS",
    "def_endpoints": "def handlers on ASGI",
    "events": "Server-sent events",
    "forms": "Forms",
    "hostile": "Hostile bodies",
    "fields": "Header fields",
    "structures": "Containers",
    "scaling": "Scaling",
    "memory": "Memory and fairness",
    "import_time": "Import time",
    "servers": "Servers over loopback",
    "bridges": "Bridges",
}
PALETTE = ("#9a9a9a", "#c8502d", "#3b6ea5", "#5b8f5b", "#8a6fae", "#b08d3c", "#4a9a9a")


def run(script: str, quick: bool) -> dict[str, Any]:
    """The output of a benchmark, and its numbers if it writes any."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = Path(folder) / "numbers.json"
        command = [sys.executable, str(HERE / f"{script}.py"), *(["--quick"] if quick else [])]
        if (
            "--json" in (HERE / f"{script}.py").read_text()
            or "arguments(__doc__)" in (HERE / f"{script}.py").read_text()
        ):
            command += ["--json", str(numbers)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{script} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        print(done.stdout)
        return {"text": done.stdout.strip(), "numbers": json.loads(numbers.read_text()) if numbers.exists() else {}}


def bars(title: str, rows: dict[str, dict[str, float]], skip: tuple[str, ...] = ("floor",)) -> str:
    """A bar chart with a logarithmic scale as SVG: microseconds per request, with a group for each scenario."""
    from math import log10

    names = [name for name in next(iter(rows.values())) if name not in skip]
    top = max(value for row in rows.values() for value in row.values())
    width, height, left, base = 14 * (len(names) + 2) * len(rows) + 60, 260, 50, 220
    scale = 180 / log10(max(top, 10) / 0.3)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 110}" height="{height}" font-family="sans-serif">'
    ]
    parts.append(f'<text x="{left}" y="16" font-size="13">{title}</text>')
    for tick in (1, 10, 100, 1000):
        if tick <= top:
            y = base - scale * log10(tick / 0.3)
            parts.append(f'<path d="M{left} {y:.0f}H{width}" stroke="#ddd"/>')
            parts.append(f'<text x="{left - 6}" y="{y + 4:.0f}" font-size="10" text-anchor="end">{tick} us</text>')
    for group, (scenario, row) in enumerate(rows.items()):
        x = left + 10 + group * 14 * (len(names) + 2)
        parts.append(f'<text x="{x}" y="{base + 16}" font-size="11">{scenario}</text>')
        for at, name in enumerate(names):
            tall = scale * log10(max(row[name], 0.3) / 0.3)
            colour = PALETTE[at % len(PALETTE)]
            place = f'x="{x + 14 * at}" y="{base - tall:.0f}" width="12" height="{tall:.0f}"'
            parts.append(f'<rect {place} fill="{colour}"><title>{name}: {row[name]:.1f} us</title></rect>')
    for at, name in enumerate(names):
        colour = PALETTE[at % len(PALETTE)]
        parts.append(f'<rect x="{width + 8}" y="{30 + 16 * at}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{width + 22}" y="{39 + 16 * at}" font-size="11">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def tables(kept: dict[str, dict[str, Any]]) -> str:
    """The generated part of README.md: the output of each benchmark for each interpreter."""
    parts = []
    for script, title in SCRIPTS.items():
        found = {python: result[script] for python, result in sorted(kept.items()) if script in result}
        if not found:
            continue
        parts.append(f"\n## {title}\n")
        for python, result in found.items():
            parts += [f"Python {python}:\n", f"```text\n{result['text']}\n```\n"]
            if script == "request_response":
                parts += [f"![{name}](results/{name}-{python}.svg)\n" for name in ("wsgi", "asgi")]
    return "\n".join(parts)


def write(name: str, text: str, page: Path = README) -> None:
    """Replace the text between the marks with this name in a page."""
    begin, end = (mark.format(name) for mark in MARKS)
    before, found, rest = page.read_text().partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise SystemExit(f"got no {begin} and {end} in {page}, expected both")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the short form of each")
    parser.add_argument("--only", default=",".join(SCRIPTS), help="benchmarks, separated by commas")
    version = ".".join(platform.python_version_tuple()[:2])
    parser.add_argument("--name", default=version, help="what the results of this interpreter are kept under")
    options = parser.parse_args()
    python = options.name
    RESULTS.mkdir(exist_ok=True)
    record = RESULTS / f"{python}.json"
    result = json.loads(record.read_text()) if record.exists() else {}
    for script in options.only.split(","):
        if (HERE / f"{script}.py").exists():
            result[script] = run(script, options.quick)
    record.write_text(json.dumps(result, indent=1) + "\n")
    numbers = result.get("request_response", {}).get("numbers", {})
    for protocol in ("wsgi", "asgi"):
        if protocol in numbers:
            rows = {
                name: {k: v for k, v in row.items() if k != "cardan def"} for name, row in numbers[protocol].items()
            }
            plot = bars(f"{protocol.upper()}, Python {python}: us per request (logarithmic)", rows)
            (RESULTS / f"{protocol}-{python}.svg").write_text(plot)
    kept = {path.stem: json.loads(path.read_text()) for path in RESULTS.glob("*.json")}
    write("tables", tables(kept))
    write("goals", goal_table(kept))
    write("forms", form_table(kept))
    write("front", front_table(kept), FRONT_PAGE)


if __name__ == "__main__":
    main()
