"""Programs that were written before the library existed run unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

USERCODE = Path(os.environ.get("CARDAN_USERCODE") or Path(__file__).parents[2] / "shared" / "usercode2")


@pytest.mark.skipif(not USERCODE.is_dir(), reason="corpus of users' code is absent (set CARDAN_USERCODE)")
def test_usercode(tmp_path: Path) -> None:
    """Sixteen programs: hello to middleware, proxies, a framework on core, and one that was written for Werkzeug."""
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            str(USERCODE),
            "--rootdir",
            tmp_path,
        ],
        cwd=USERCODE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=50,  # shorter than the hang guard, so that the output is shown
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
