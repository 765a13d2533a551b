"""Sphinx extension: the words of other frameworks lead to the page that is about the same thing here.

The tables of ``words.md`` say which page that is. Each of their words is an entry of the index at that page, which the
search ranks above all else. When the manual is built, its search is asked for each word: the first result is the page.
"""

from __future__ import annotations

import json
import posixpath
import re
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from py_mini_racer import MiniRacer
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

log = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("words.md")
ROW = re.compile(r"^\| (`.+?`) \| .+ \| \[.+?\]\((.+?)\.md(?:#(.+))?\) \|$", re.MULTILINE)

BROWSER = """
var SPHINX_HIGHLIGHT_ENABLED = false;
var document = {getElementById: () => null};
var window = globalThis;
var _ready = () => null;
var _ = text => text;
"""
"""What the script of the search uses of a browser, for everything but showing the results."""


@cache
def words() -> dict[str, tuple[str, str]]:
    """Each word, with the page and the section that is about it."""
    rows = ROW.findall(PAGE.read_text("utf-8"))
    found = {word: (page, section) for cell, page, section in rows for word in re.findall("`(.+?)`", cell)}
    return {other: place for word, place in found.items() for other in spellings(word)} | found


def spellings(word: str) -> list[str]:
    """Plural and words of their own: ``before_request`` is found as "before request", and blueprint as "blueprints"."""
    plural = [f"{word}s"] if word.isalpha() and word.islower() and not word.endswith("s") else []
    return [word, word.replace("_", " "), *plural]


class WordsInIndex(SphinxTransform):
    """Adds the words of a page to its index entries, before Sphinx collects these."""

    default_priority = 800

    def apply(self, **_: Any) -> None:
        page = self.env.current_document.docname
        for word, (target, slug) in words().items():
            if target == page:
                self.env.note_dependency(str(PAGE))
                self.add(word, slug)

    def add(self, word: str, slug: str) -> None:
        sections = list(self.document.findall(nodes.section))
        found = next((each for each in sections if not slug or each.get("slug") == slug), None)
        if found is None:
            log.warning("words.md leads to a section that is not there: %s", slug, location=self.document)
            return
        found.insert(1, addnodes.index(entries=[("single", word, found["ids"][0], "main", None)]))


def check_search(app: Sphinx, error: Exception | None) -> None:
    """The first result of the search for each word is on its page."""
    folder = Path(app.outdir)
    if error is not None or app.builder.name != "html":
        return
    known = {posixpath.normpath(page) for page, _ in words().values()} - set(app.env.found_docs)
    for page in sorted(known):
        log.warning("words.md leads to a page that is not there: %s", page)
    with closing(MiniRacer()) as engine:
        engine.eval(BROWSER)
        for script in ("_static/searchtools.js", "_static/language_data.js", "searchindex.js"):
            engine.eval((folder / script).read_text("utf-8"))
        for word, (page, _) in words().items():
            found = first_result(engine, word)
            if found != page:
                log.warning("the search for %r finds %s first, expected %s", word, found, page)


def first_result(engine: Any, query: str) -> str | None:
    """The page that the search shows first."""
    asked = f"Search._performSearch(...Search._parseQuery({json.dumps(query)}))"
    results = json.loads(engine.eval(f"JSON.stringify({asked})"))
    return results[-1][0] if results else None


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_transform(WordsInIndex)
    app.connect("build-finished", check_search)
    return {"parallel_read_safe": True}
