"""Writes docs/explanation/interop.md from the results: what stands between the two marks there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interop.clients import CLIENTS
from interop.notes import explanation, meaning
from interop.rows import ROWS
from interop.servers import SERVERS

__all__ = ["render", "side", "summary", "write"]

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "interop.md"
MARKS = "<!-- interop: written by make interop -->", "<!-- end of interop -->"
Cells = dict[str, dict[str, dict[str, Any]]]
"""by client and row: what of the site was not as expected, what of the raw application, and the error of the client"""


def side(cells: Cells, client: str, row: str, difference: str) -> str:
    """What a difference depends on: ``"cardan"``, ``"server"`` or ``"client"``.

    It depends on cardan if the raw application does not show the same, to this client or to another. Of the clients
    that speak the same version of HTTP, those count that see the same of either application: if the socket does, or
    more than one and at least half of them, the difference depends on the server; else on the client.
    """
    asked = {name: of[row] for name, of in cells.items() if row in of}
    if not any(difference in cell["raw"] for cell in asked.values()):
        return "cardan"
    version = CLIENTS[client].http2
    alike = [name for name in asked if "httpx h2" not in cells or CLIENTS[name].http2 is version]
    seeing = [name for name in alike if difference in (*asked[name]["cardan"], *asked[name]["raw"])]
    return "server" if "socket" in seeing or 1 < len(seeing) >= len(alike) / 2 else "client"


@dataclass
class Note:
    """One difference, with all servers and clients that show it."""

    row: str
    difference: str
    side: str
    servers: list[str] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The note on the page."""
        who = {"server": self.servers, "client": self.clients, "cardan": ["cardan"]}[self.side]
        raw = {
            "server": "The raw application shows the same.",
            "client": "The raw application shows the same to these clients; other clients see what the table says.",
            "cardan": "**The raw application does not show it.**",
        }[self.side]
        why = explanation(self.row, self.difference, who)
        seen = f"**{self.row}**, on {', '.join(self.servers)}: {meaning(self.difference)}"
        parts = [seen + f" (seen by {', '.join(self.clients)}).", raw, why]
        return " ".join(filter(None, parts))


def notes_of(servers: dict[str, Any]) -> dict[tuple[str, str, str], Note]:
    """All notes, by row, difference and side, in the order of the rows."""
    found: dict[tuple[str, str, str], Note] = {}
    for row in ROWS:
        for server, cells in with_cells(servers):
            for client in ordered(cells, CLIENTS):
                for difference in cells[client].get(row, {}).get("cardan", []):
                    key = (row, difference, side(cells, client, row, difference))
                    note = found.setdefault(key, Note(*key))
                    note.servers += [server] if server not in note.servers else []
                    note.clients += [client] if client not in note.clients else []
    return found


def with_cells(servers: dict[str, Any]) -> Iterator[tuple[str, Cells]]:
    """The servers that ran, with their cells."""
    for name in ordered(servers, SERVERS):
        if "cells" in servers[name]:
            yield name, servers[name]["cells"]


def ordered(names: Any, table: Any) -> list[str]:
    """The ``names`` that are in ``table``, in its order."""
    return [name for name in table if name in names]


def render(results: dict[str, Any]) -> str:
    """The part of the page between the marks."""
    servers, clients = results["servers"], results["clients"]
    notes = notes_of(servers)
    numbers = {key: str(number) for number, key in enumerate(notes, 1)}
    ran = dict(with_cells(servers))
    marked = marks(ran, numbers)
    known = [name for name in ordered(clients, CLIENTS) if "version" in clients[name]]
    begin = (
        f"Written {max(of['date'] for of in servers.values() if 'date' in of)}, with Python {results['python']}. "
        f"{counts(ran)} `ok`: every client saw what the first table says. A number: at least one did not, see the note."
    )
    lines = [
        begin,
        "",
        *table("server", list(ran), marked),
        "",
        "What depends on the client, with every server; `–`: the client cannot send this.",
        "",
        *table("client", known, marked),
        "",
        *(f"{number}. {notes[key].text()}" for key, number in numbers.items()),
        "",
        *made_good(ran),
        "",
        "Versions: " + "; ".join(versions(servers, clients)) + ".",
    ]
    absent = {**missing(servers, SERVERS), **missing(clients, CLIENTS)}
    lines += ["", "Not run: " + ("; ".join(f"{name} ({why})" for name, why in absent.items()) or "none") + "."]
    return "\n".join(lines)


def counts(ran: dict[str, Cells]) -> str:
    """How many answers were as expected, and how many of the others the raw application gives as well."""
    total, others = 0, dict.fromkeys(("server", "client", "cardan"), 0)
    for cells in ran.values():
        for client, rows in cells.items():
            total += len(rows)
            for row, cell in rows.items():
                for one in {side(cells, client, row, difference) for difference in cell["cardan"]}:
                    others[one] += 1
    return (
        f"A client has sent a row to a server {total} times. {sum(others.values())} times it saw something else than "
        f"the first table says: {others['server']} times this depends on the server, {others['client']} times on the "
        f"client, and {others['cardan']} times on cardan."
    )


def marks(ran: dict[str, Cells], numbers: dict[tuple[str, str, str], str]) -> dict[tuple[str, str], set[str]]:
    """The numbers of the notes for each server and row, and for each client and row that was sent.

    Those of a client are about what depends on the client, or on cardan.
    """
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for server, cells in ran.items():
        for client, rows in cells.items():
            for row, cell in rows.items():
                of_server, of_client = found[server, row], found[client, row]
                for difference in cell["cardan"]:
                    one = side(cells, client, row, difference)
                    number = numbers[row, difference, one]
                    of_server.add(number)
                    if one != "server":
                        of_client.add(number)
    return found


def table(title: str, names: list[str], marked: dict[tuple[str, str], set[str]]) -> Iterator[str]:
    """The lines of a table with a column for each row of the matrix."""

    def cell(name: str, row: str) -> str:
        return ", ".join(sorted(marked[name, row], key=int)) or "ok" if (name, row) in marked else "–"

    yield f"| {title} | {' | '.join(ROWS)} |"
    yield f"|---|{'---|' * len(ROWS)}"
    for name in names:
        yield f"| {name} | {' | '.join(cell(name, row) for row in ROWS)} |"


def made_good(ran: dict[str, Cells]) -> Iterator[str]:
    """Where the raw application shows a difference, and the site does not."""
    found: dict[str, list[str]] = defaultdict(list)
    for server, cells in ran.items():
        for rows in cells.values():
            for row, cell in rows.items():
                if cell["raw"] and not cell["cardan"] and server not in found[row]:
                    found[row].append(server)
    if found:
        yield (
            "Where some client sees a difference with the raw application, and none with the site "
            "(cardan [discards the rest of a request](../guides/early-answers.md) that nobody has read):"
        )
        yield ""
        for row in ordered(found, ROWS):
            yield f"- **{row}**: {', '.join(found[row])}"


def versions(servers: dict[str, Any], clients: dict[str, Any]) -> list[str]:
    """Name and version of all that took part, each once."""
    found: dict[str, str] = {}
    for name in ordered(servers, SERVERS):
        found.update(servers[name].get("versions", {}))
    for name in ordered(clients, CLIENTS):
        if version := clients[name].get("version"):
            found.setdefault(name.split(" h2")[0], version)
    return [f"{name} {version}" for name, version in found.items() if name != "Python"]


def missing(results: dict[str, Any], table: Any) -> dict[str, str]:
    """The reason for each that did not run."""
    reasons = {name: results.get(name, {"missing": "not asked"}).get("missing", "") for name in table}
    return {name: reason for name, reason in reasons.items() if reason}


def summary(found: dict[str, Any]) -> str:
    """What the command prints of one server."""
    lines = [
        f"  {client}, {row}: {difference} ({side(found['cells'], client, row, difference)}) {cell['detail']}"[:150]
        for client, rows in found["cells"].items()
        for row, cell in rows.items()
        for difference in cell["cardan"]
    ]
    return "\n".join([f"{sum(map(len, found['cells'].values()))} cells", *lines])


def write(results: dict[str, Any]) -> None:
    """Write the part between the marks."""
    text = PAGE.read_text()
    before, _, rest = text.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{render(results)}\n\n{MARKS[1]}{after}")
