"""The real `groundswell` script, run to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(sys.executable).with_name("groundswell")


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell in a folder of its own with a database of its own."""

    home: Path
    database_url: str

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs the command to its end."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDSWELL_")}
        return subprocess.run(
            [str(SCRIPT), *arguments],
            cwd=self.home,
            env={**ours, "HOME": str(self.home), "GROUNDSWELL_DATABASE_URL": self.database_url, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def json(self, *arguments: str, **environment: str) -> Any:
        """What it prints as JSON when all goes well."""
        done = self.run(*arguments, "-o", "json", **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def complaint(self, *arguments: str, code: int = 1, **environment: str) -> str:
        """What it complains of: an error in one line, its cure in another, and no traceback."""
        done = self.run(*arguments, **environment)
        assert done.returncode == code, done.stdout + done.stderr
        lines = done.stderr.strip().splitlines()
        assert len(lines) <= 2, done.stderr
        assert lines[0].startswith("error: ")
        assert "Traceback" not in done.stderr
        return " ".join(done.stderr.split())


def as_newcomer(home: Path, *arguments: str, columns: int) -> str:
    """What `python -m groundswell_server` says in an empty home, as one line, when all goes well."""
    done = subprocess.run(
        [sys.executable, "-m", "groundswell_server", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "COLUMNS": str(columns)},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())
