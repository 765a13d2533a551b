"""Runs test suites of other projects, first with Werkzeug and then with cardan in its place: ``make interop-suites``.

    python -m tests.suites --group GROUP [NAME ...] [--show TEST]

``suites.toml`` has the suites: the source distribution that pip downloads, its tests, the lines that are changed for
cardan, and the tests that are known to fail with it, each with the reason. The command fails if another test is lost,
and if one of these is not. ``--group`` names the dependency group that is installed. Suites that need another one are
left out.
``--show`` runs one test with cardan and prints what pytest says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from tests.suites.verdict import Explanation, Outcomes, Verdict

HERE = Path(__file__).parent
SUITES: dict[str, Any] = tomllib.loads((HERE / "suites.toml").read_text("utf-8"))
#: Each suite has its tests here.
FOLDER = "tests/"
#: A suite that takes longer than this, in seconds, hangs.
LONGEST = 600


def fetch(requirement: str, sha256: str, folder: Path) -> Path:
    """Download a source distribution and unpack it into ``folder``. The result is its root."""
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "download", "--no-deps"]
    subprocess.run([*pip, "--no-binary", ":all:", "--dest", str(folder), requirement], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise SystemExit(f"got {archive.name} with the SHA-256 {found}, expected {sha256}")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    (root,) = (path for path in folder.iterdir() if path.is_dir())
    return root


def run(root: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run pytest in ``root``, whose own ``src`` is imported. No plugin is loaded that is not named."""
    path = os.pathsep.join([str(root / "src"), str(HERE)])
    environ = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=root, env=environ, timeout=LONGEST, text=True, capture_output=True, check=False)


def outcomes(root: Path, suite: dict[str, Any], options: list[str]) -> Outcomes:
    """The outcome of each test. Its name begins with that of its file in ``tests``."""
    path = root / "outcomes.json"
    path.unlink(missing_ok=True)
    files = [FOLDER + file for file in suite["files"]] or [FOLDER]
    done = run(root, ["-q", "-p", "outcomes", f"--outcomes={path}", *options, *suite["options"], *files])
    if not path.exists():
        raise SystemExit(f"pytest has not run:\n{done.stdout}{done.stderr}")
    found: Outcomes = json.loads(path.read_text("utf-8"))
    return {test.removeprefix(FOLDER): how for test, how in found.items()}


def rewrite(root: Path, suite: dict[str, Any]) -> None:
    """Change the lines that a program has to change, or that keep every test of a file from running."""
    for entry in suite.get("rewritten", ()):
        path = root / entry["folder"] / entry["file"]
        text = path.read_text("utf-8")
        if text.count(f"{entry['line']}\n") != 1:
            raise SystemExit(f"got no line {entry['line']!r} in {entry['file']}, expected one")
        path.write_text(text.replace(f"{entry['line']}\n", f"{entry['instead']}\n"), "utf-8")


def main() -> bool:
    """Run the suites. Returns whether each one shows what is explained."""
    parser = argparse.ArgumentParser(prog="make interop-suites", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(SUITES)}; all without a name")
    parser.add_argument("--group", required=True, help="the suites that need this group are run")
    parser.add_argument("--show", metavar="TEST", help="run one test with cardan and print the output of pytest")
    given = parser.parse_args()
    holds = True
    for name in given.names or SUITES:
        suite = SUITES[name]
        if suite["group"] != given.group:
            continue
        with tempfile.TemporaryDirectory() as folder:
            root = fetch(suite["requirement"], suite["sha256"], Path(folder))
            if given.show:
                rewrite(root, suite)
                print(run(root, ["-p", "shim", *suite["options"], FOLDER + given.show]).stdout)
                continue
            before = outcomes(root, suite, [])
            rewrite(root, suite)
            after = outcomes(root, suite, ["-p", "shim"])
        explained = [Explanation(**entry) for entry in suite["explained"]]
        verdict = Verdict(before, after, explained, suite["at_most"])
        print("\n".join(verdict.lines(suite["requirement"])), flush=True)
        holds = holds and verdict.holds
    return holds


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
