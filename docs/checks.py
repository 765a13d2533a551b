"""Sphinx extension: looks at what was built, and fails the build.

Every public name leads to one entry, and every public attribute of a class to one. Each attribute and constant has a
type, and each entry a description. No page shows an address of memory or a path of the machine that built it. No two
pages have the same title. Lines of code fit a window.
"""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from enum import EnumType
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from entries import all_members, public_names, value_of
from sphinx import addnodes
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

log = logging.getLogger(__name__)

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
WIDE = ("doors", "framework.py", "h11_server.py", "h2_server.py", "notes_site.py", "upload")
"""Examples that are shown with lines of up to 120 characters."""

SIGNATURE = re.compile(r'<dt class="sig .*?</dt>', re.DOTALL)
OF_A_MACHINE = re.compile(r"/(?:home|root|tmp|work|usr)/\w|\b0x[0-9a-f]{6,}|functools\.partial\(|&lt;(?!locals)\w+")
"""What no signature shows: paths, addresses, and what Python prints of an object that has no text of its own."""


def check_entries(app: Sphinx, tree: nodes.document) -> None:
    """Each attribute, property and constant of the reference has a type, and each entry a description."""
    for entry in tree.findall(addnodes.desc):
        signature, content = entry[0], entry[-1]
        name = signature["ids"][0] if signature["ids"] else signature.astext()
        typed = any(note.astext().startswith(":") for note in signature.findall(addnodes.desc_annotation))
        if entry["objtype"] in ("attribute", "property", "data") and not typed:
            log.warning("%s has no type", name, location=entry)
        if not content.astext().strip() and not is_choice(name):
            log.warning("%s has no description", name, location=entry)


def is_choice(path: str) -> bool:
    """Whether it is a member of an enumeration, whose value says all."""
    owner = path.rpartition(".")[0]
    return owner in public_names() and isinstance(value_of(owner), EnumType)


def check_names(app: Sphinx, env: BuildEnvironment) -> None:
    """Every public name, and every attribute of a class, leads to an entry, and only one entry describes it."""
    objects = env.domains.python_domain.objects
    entries = [path for path, entry in objects.items() if not entry.aliased and entry.objtype != "module"]
    for group in {id(group): group for group in public_names().values()}.values():
        found = [path for path in group if path in entries]
        if len(found) != 1:
            log.warning("%s has %d entries, expected one: %s", group[0], len(found), found)
    for path in public_names():
        if inspect.isclass(value_of(path)):
            missing = [name for name in all_members(value_of(path)) if f"{path}.{name}" not in objects]
            if missing:
                log.warning("these attributes of %s have no entry: %s", path, missing)
    for path in entries:
        if not {path, path.rpartition(".")[0]} & set(public_names()):
            log.warning("%s has an entry, and is no public name", path)


def check_lines(app: Sphinx, tree: nodes.document) -> None:
    """The lines of code fit a window of 1280 pixels, which has room for 88 characters.

    The examples on the core have lines of up to 120. The pages that show them are wider: see _static/wide.css.
    """
    for block in tree.findall(nodes.literal_block):
        shown = Path(block.get("source") or "").relative_to(EXAMPLES) if "source" in block else None
        if shown is None or shown.parts[0] not in WIDE:
            width = 89 if block.get("language") == "diff" else 88
            for line in block.astext().splitlines():
                if len(line) > width:
                    log.warning("got a line of %d characters, expected %d: %s", len(line), width, line, location=block)


def check_titles(app: Sphinx, env: BuildEnvironment) -> None:
    """No two pages have the same title."""
    pages = defaultdict(list)
    for page, title in env.titles.items():
        pages[title.astext()].append(page)
    for title, same in pages.items():
        if len(same) > 1:
            log.warning("several pages have the title %r: %s", title, same)


def check_signatures(app: Sphinx, error: Exception | None) -> None:
    """No signature shows a path or an address."""
    for page in sorted(Path(app.outdir).rglob("*.html")) if error is None else []:
        for signature in SIGNATURE.findall(page.read_text("utf-8")):
            text = re.sub(r"<[^>]*>", "", signature)
            if OF_A_MACHINE.search(text):
                log.warning("%s: a signature shows what only this machine knows: %s", page.name, text)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", check_entries)
    app.connect("doctree-read", check_lines)
    app.connect("env-check-consistency", check_names)
    app.connect("env-check-consistency", check_titles)
    app.connect("build-finished", check_signatures)
    return {"parallel_read_safe": True}
