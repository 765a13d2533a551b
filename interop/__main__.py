"""Asks the site on every server by every client, and writes the page: ``make interop``.

    python -m interop [--only "uvicorn h11; curl; stream"] [--resume] [--page]

``--only`` picks servers, clients and rows by their names; the other results stay as they are. ``--resume`` leaves out
the servers that have results from today. ``--page`` only writes the page anew. Servers and clients that are not
installed are named on the page with the reason.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from interop import page
from interop.cells import Cell, fill
from interop.clients import CLIENTS, Client, Exchange
from interop.rows import ROWS, Row
from interop.servers import SERVERS, ServerKind
from tests.servers import start

ROOT = Path(__file__).parents[1]
#: how often the raw application is asked where the site showed something else than was expected
TRIES = 5
Cells = dict[str, dict[str, Cell]]
"""by client and row"""
RESULTS = Path(__file__).with_name("results.json")


class Clients:
    """The clients that are running. One that hangs is started again."""

    def __init__(self, names: list[str], folder: Path) -> None:
        self.missing = {name: reason for name in names if (reason := CLIENTS[name].missing())}
        self.clients = [CLIENTS[name] for name in names if name not in self.missing]
        self._folder = folder
        self._running: dict[str, tuple[ExitStack, Exchange]] = {}

    def get(self, client: Client) -> Exchange:
        """The function that sends; the client is started if it is not running."""
        if client.name not in self._running:
            stack = ExitStack()
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            self._running[client.name] = stack, stack.enter_context(client.open(folder))
        return self._running[client.name][1]

    def lose(self, client: Client, error: Exception) -> None:
        """Go on without a client that does not start."""
        self.missing[client.name] = f"does not start: {str(error).strip().partition(chr(10))[0] or repr(error)}"
        self.clients.remove(client)

    def drop(self, client: Client) -> None:
        """End this client."""
        if client.name in self._running:
            self._running.pop(client.name)[0].close()

    def close(self) -> None:
        """End all clients."""
        for client in self.clients:
            self.drop(client)


def fill_all(
    asked: ServerKind, target: str, clients: Clients, rows: list[Row], folder: Path, known: Cells | None = None
) -> Cells:
    """Start the server once, and fill its cells. See :func:`fill_row` for ``known``."""
    prefix = "def" if asked.kind.protocol == "wsgi" else "async"
    server = start(asked.kind, target, app_dir=ROOT, log_dir=folder, INTEROP_FOLDER=str(folder))
    url = f"{asked.scheme}{server.url.removeprefix('http')}/{prefix}/"
    found: Cells = {}
    try:
        for client in [one for one in clients.clients if asked.scheme == "https" or not one.only_https]:
            sent = [row for row in rows if not row.needs & client.cannot]
            of_client = known.get(client.name, {}) if known else {}
            try:
                found[client.name] = {
                    row.name: fill_row(row, client, clients, url, folder, of_client.get(row.name)) for row in sent
                }
            except Exception as error:
                clients.lose(client, error)
            if client.name == "Chromium":  # it would keep connections to a server that serves one at a time
                clients.drop(client)
    finally:
        server.stop()
    return found


def fill_row(row: Row, client: Client, clients: Clients, url: str, folder: Path, known: Cell | None) -> Cell:
    """Fill one cell. Raises any exception if the client does not start.

    If ``known`` has a difference, the row is sent up to ``TRIES`` times until the same is seen: some things happen only
    sometimes.
    """
    sought = set(known.differences if known else [])
    for _ in range(TRIES):
        cell = fill(row, clients.get(client), url, folder)
        if cell.hangs:
            clients.drop(client)
        if sought <= set(cell.differences):
            break
    return cell


def compare(asked: ServerKind, clients: Clients, rows: list[Row], folder: Path) -> dict[str, Any]:
    """What the clients saw of the site and of the raw application on this server."""
    ours = fill_all(asked, "interop.site:app", clients, rows, folder)
    raw = fill_all(asked, f"interop.raw:{asked.kind.protocol}", clients, rows, folder, ours)
    cells = {
        client: {
            row: {"cardan": cell.differences, "raw": raw[client][row].differences, "detail": cell.detail}
            for row, cell in of.items()
        }
        for client, of in ours.items()
        if client in raw
    }
    return {"versions": asked.versions(), "date": str(datetime.date.today()), "cells": cells}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", help="servers, clients and rows, separated by semicolons")
    parser.add_argument("--resume", action="store_true", help="leave out servers that have results from today")
    parser.add_argument("--page", action="store_true", help="only write the page anew")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"servers": {}, "clients": {}}
    if not options.page:
        only = [name.strip() for name in options.only.split(";") if name.strip()]
        if unknown := set(only) - {*SERVERS, *CLIENTS, *ROWS}:
            sys.exit(f"got {sorted(unknown)}, expected names of {[*SERVERS, *CLIENTS, *ROWS]}")

        def chosen(table: Iterable[str]) -> list[str]:
            return [name for name in table if name in only or not set(table) & set(only)]

        run(results, chosen(SERVERS), chosen(CLIENTS), [ROWS[name] for name in chosen(ROWS)], options.resume)
    page.write(results)


def run(results: dict[str, Any], places: list[str], names: list[str], rows: list[Row], resume: bool) -> None:
    """Fill the cells, and keep them after each server."""
    folder = Path(tempfile.mkdtemp(prefix="interop-"))
    folder.chmod(0o777)  # Apache serves as another user
    clients = Clients(names, folder)
    results["python"] = platform.python_version()
    try:
        for name in places:
            known = results["servers"].get(name, {})
            if resume and known.get("date") == str(datetime.date.today()):
                continue
            found = ask(SERVERS[name], clients, rows, folder)
            for client, cells in known.get("cells", {}).items():  # what was not asked again stays
                if "cells" in found and client not in clients.missing:
                    found["cells"][client] = {**cells, **found["cells"].get(client, {})}
            servers = {**results["servers"], name: found}
            results["servers"] = {one: servers[one] for one in SERVERS if one in servers}
            print(f"{name}: {found.get('missing') or page.summary(found)}", flush=True)
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    finally:
        clients.close()
        shutil.rmtree(folder, ignore_errors=True)
    for name in names:
        missing = clients.missing.get(name)
        results["clients"][name] = {"missing": missing} if missing else {"version": CLIENTS[name].version()}
        print(f"{name}: {missing or CLIENTS[name].version() or 'ran'}", flush=True)
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def ask(asked: ServerKind, clients: Clients, rows: list[Row], folder: Path) -> dict[str, Any]:
    """The results of one server, or the reason why there are none."""
    if missing := asked.missing():
        return {"missing": missing}
    try:
        return compare(asked, clients, rows, folder)
    except AssertionError as error:
        return {"missing": f"does not start: {str(error).strip().splitlines()[-1]}"}


if __name__ == "__main__":
    main()
