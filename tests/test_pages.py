"""The pages of the manual: their examples are run (conftest.py at the root)."""

from __future__ import annotations

import subprocess
import sys

from tests.house import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_page_is_run() -> None:
    """pytest collects every page that has Python, in whatever folder of docs/ it is."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "docs", "README.md"]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    found = {line.partition("::")[0] for line in collected.splitlines() if "::" in line}
    with_python = {
        str(page.relative_to(ROOT))
        for page in PAGES
        if "_build" not in page.parts and "```python\n" in page.read_text("utf-8")
    }
    assert with_python - found == set()
